//! What the forms of all pages have in common: who may send one, what is read of it, the nonce that proves which page it
//! came from, and how it becomes a message.

use super::confirm::hour;
use super::{Reader, is_cross_site};
use crate::runner::door::NoAnswer;
use crate::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use crate::web::body;
use crate::web::guard::Deadline;
use crate::web::peer::client_of;
use crate::web::state::{Site, WebState};
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::envelope::Envelope;
use rescind_jobs::model::Evidence;
use rescind_jobs::protection::new_id;
use rescind_jobs::refusal::Refusal;
use subtle::{Choice, ConstantTimeEq};
use url::form_urlencoded;

/// Hours after the one it was shown in during which a page can be sent.
const NONCE_HOURS: i64 = 24;
/// Characters of a user agent that are kept.
const LONGEST_USER_AGENT: usize = 512;

/// Ends in the page that says so.
pub(super) struct Trouble(pub(super) StatusCode, pub(super) Option<u32>);

impl Trouble {
    pub(super) const fn unavailable(seconds: u32) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, Some(seconds))
    }
}

/// What a form sent.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the form of a page of ours, of at most `largest` bytes.
    pub(super) async fn take(
        site: &Site,
        parts: &Parts,
        body: Body,
        largest: usize,
    ) -> Result<Self, Trouble> {
        if is_cross_site(site, &parts.uri, &parts.headers) {
            return Err(Trouble(StatusCode::FORBIDDEN, None));
        }
        let client = client_of(&parts.extensions, &parts.headers, &site.web.config.http);
        if client.is_some_and(|client| !site.posts.count(client)) {
            return Err(Trouble(StatusCode::TOO_MANY_REQUESTS, Some(60)));
        }
        if body::media_type(&parts.headers) != "application/x-www-form-urlencoded" {
            return Err(Trouble(StatusCode::UNSUPPORTED_MEDIA_TYPE, None));
        }
        let body = body::read(parts, body, largest).await.map_err(|problem| Trouble(problem.status, None))?;
        let fields = form_urlencoded::parse(&body);
        Ok(Self(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// A field, if the form has it, even empty.
    pub(super) fn sent(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A field: the first of its name that holds something, empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(n, value)| n == name && !value.is_empty());
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// What proves who sent a form.
pub(super) fn evidence(site: &Site, parts: &Parts, form: Option<&str>) -> Evidence {
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Evidence {
        ip: client_of(&parts.extensions, &parts.headers, &site.web.config.http),
        user_agent: user_agent.map(|text| text.chars().take(LONGEST_USER_AGENT).collect()),
        form: form.map(str::to_owned),
    }
}

/// To the page that shows the answer. Relative, so that it holds below any path the service is published under.
pub(super) fn back(token: &str, reader: &Reader<'_>) -> Response {
    let place = match reader.chosen {
        Some(locale) => format!("{token}?lang={locale}"),
        None => token.to_owned(),
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// Whether a page of this link that was shown in this hour or the 24 before it carried this nonce.
pub(super) fn is_nonce(web: &WebState, token: &str, nonce: &str) -> bool {
    let now = hour(web.clock.now());
    let shown = |age| web.vault.page_nonce(token, now - age);
    let none = Choice::from(0);
    (0..=NONCE_HOURS).fold(none, |found, age| found | shown(age).as_bytes().ct_eq(nonce.as_bytes())).into()
}

/// Hands in what somebody did on a page as a message of our own, and waits until it is decided and committed. `Ok(Err)`:
/// it was refused.
pub(super) async fn hand_in<J: serde::Serialize>(
    site: &Site,
    kind: &str,
    job: &J,
    traceparent: Option<String>,
    parts: &Parts,
) -> Result<Result<(), Refusal>, Trouble> {
    let now = site.web.clock.now();
    let mut rng = site.web.randomness.generator().map_err(|_| Trouble::unavailable(5))?;
    let envelope = Envelope {
        specversion: "1.0".to_owned(),
        id: new_id(now, &mut rng).to_string(),
        source: INTERNAL_SOURCE.to_owned(),
        kind: kind.to_owned(),
        time: now,
        data: serde_json::to_value(job).map_err(|_| Trouble(StatusCode::INTERNAL_SERVER_ERROR, None))?,
        traceparent,
        correlationid: None,
        replyto: None,
    };
    let message = Incoming {
        body: envelope.to_json(),
        sender: Sender::Internal,
        on_refusal: OnRefusal::Tell,
        redelivered: false,
        answer: Answering::default(),
    };
    let submitted = site.web.door.submit_one(message);
    let decided = tokio::time::timeout_at(Deadline::of(&parts.extensions), submitted).await;
    match decided.map_err(|_| Trouble::unavailable(5))? {
        Ok(Outcome::Done | Outcome::Duplicate) => Ok(Ok(())),
        Ok(Outcome::Refused(refusal)) => Ok(Err(refusal)),
        Ok(Outcome::Postponed) => Err(Trouble::unavailable(15)),
        Err(NoAnswer::Full) => Err(Trouble::unavailable(1)),
        Err(NoAnswer::Unavailable | NoAnswer::Stopping) => Err(Trouble::unavailable(5)),
    }
}

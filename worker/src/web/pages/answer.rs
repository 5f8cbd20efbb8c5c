//! `POST /c/TOKEN`: the answer. It counts only with the nonce of a page that was shown within the last day, and a yes
//! only with the box ticked: scripts that submit forms do neither tick boxes nor read what they agree to. It is then a
//! message like any other, and the reader is told only after its commit.

use super::confirm::{hour, question, wording};
use super::link::{Opened, open};
use super::{Reader, invalid, is_cross_site, trouble};
use crate::runner::door::NoAnswer;
use crate::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use crate::web::body;
use crate::web::guard::Deadline;
use crate::web::peer::client_of;
use crate::web::state::{Site, WebState};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::envelope::Envelope;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::AnswerConsent;
use rescind_jobs::model::{Answer, ConsentRequest, Evidence};
use rescind_jobs::protection::new_id;
use rescind_jobs::refusal::RefusalCode;
use std::net::IpAddr;
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};
use url::form_urlencoded;

/// The form has three short fields.
const LARGEST: usize = 4096;
/// Hours after the one it was shown in during which a page can be sent.
const NONCE_HOURS: i64 = 24;
/// Characters of a user agent that are kept.
const LONGEST_USER_AGENT: usize = 512;

pub(in crate::web) async fn take(
    State(site): State<Arc<Site>>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match answer(&site, &token, &parts, body, &reader).await {
        Ok(response) => response,
        Err(Trouble(status, retry_after)) => trouble(&site, &reader, status, retry_after),
    }
}

/// Ends in the page that says so.
pub(super) struct Trouble(pub(super) StatusCode, pub(super) Option<u32>);

impl Trouble {
    pub(super) const fn unavailable(seconds: u32) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, Some(seconds))
    }
}

async fn answer(
    site: &Site,
    token: &str,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
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
    let form = body::read(parts, body, LARGEST).await.map_err(|problem| Trouble(problem.status, None))?;
    let form = Form::of(&form);
    let request = match look_up(site, token).await? {
        Opened::Open(request) => request,
        Opened::Answered(_) => return Ok(back(token, reader)),
        Opened::Nothing => return Ok(invalid(site, reader)),
    };
    let fresh = is_nonce(&site.web, token, &form.nonce);
    let answer = match (form.answer.as_str(), form.agree == "yes") {
        ("refused", _) => Some(Answer::Disagree),
        ("granted", true) => Some(Answer::Agree),
        _ => None,
    };
    let (true, Some(answer)) = (fresh, answer) else {
        let missing = form.answer != "refused";
        let again = question(site, &request, reader, token, StatusCode::UNPROCESSABLE_ENTITY, missing);
        return Ok(again.unwrap_or_else(|| invalid(site, reader)));
    };
    let job = job(site, &request, answer, reader, parts, client)?;
    match hand_in(site, AnswerConsent::KIND, &job, request.traceparent.clone(), parts).await? {
        Ok(Outcome::Done | Outcome::Duplicate) => Ok(back(token, reader)),
        Ok(Outcome::Refused(refusal)) if refusal.code == RefusalCode::LinkInvalid => {
            // answered in another window, expired, or voided since the page was shown
            Ok(match look_up(site, token).await? {
                Opened::Answered(_) => back(token, reader),
                Opened::Open(_) | Opened::Nothing => invalid(site, reader),
            })
        }
        Ok(Outcome::Refused(refusal)) => {
            tracing::warn!(code = %refusal.code, "an answer to a request for consent was refused");
            Ok(invalid(site, reader))
        }
        Ok(Outcome::Postponed) => Err(Trouble::unavailable(15)),
        Err(NoAnswer::Full) => Err(Trouble::unavailable(1)),
        Err(NoAnswer::Unavailable | NoAnswer::Stopping) => Err(Trouble::unavailable(5)),
    }
}

async fn look_up(site: &Site, token: &str) -> Result<Opened, Trouble> {
    open(site, token).await.map_err(|error| {
        tracing::warn!(%error, "a link cannot be looked up");
        Trouble::unavailable(5)
    })
}

/// To the page that shows the answer. Relative, so that it holds below any path the service is published under.
pub(super) fn back(token: &str, reader: &Reader<'_>) -> Response {
    let place = match reader.chosen {
        Some(locale) => format!("{token}?lang={locale}"),
        None => token.to_owned(),
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// What the form sent; the first of each field, empty where there is none.
#[derive(Default)]
struct Form {
    nonce: String,
    answer: String,
    agree: String,
}

impl Form {
    fn of(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match name.as_ref() {
                "nonce" => &mut form.nonce,
                "answer" => &mut form.answer,
                "agree" => &mut form.agree,
                _ => continue,
            };
            if field.is_empty() {
                *field = value.into_owned();
            }
        }
        form
    }
}

/// Whether a page of this link that was shown in this hour or the 24 before it carried this nonce.
pub(super) fn is_nonce(web: &WebState, token: &str, nonce: &str) -> bool {
    let now = hour(web.clock.now());
    let shown = |age| web.vault.page_nonce(token, now - age);
    let none = Choice::from(0);
    (0..=NONCE_HOURS).fold(none, |found, age| found | shown(age).as_bytes().ct_eq(nonce.as_bytes())).into()
}

/// The answer as a job.
fn job(
    site: &Site,
    request: &ConsentRequest,
    answer: Answer,
    reader: &Reader<'_>,
    parts: &Parts,
    client: Option<IpAddr>,
) -> Result<AnswerConsent, Trouble> {
    let ours = || Trouble(StatusCode::INTERNAL_SERVER_ERROR, None);
    let (_, version) = wording(site, request).ok_or_else(ours)?;
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Ok(AnswerConsent {
        request: request.id,
        answer,
        locale: version.text.get(reader.of_request(request.locale)).0,
        evidence: Some(Evidence {
            ip: client,
            user_agent: user_agent.map(|text| text.chars().take(LONGEST_USER_AGENT).collect()),
            form: None,
        }),
    })
}

/// Hands in what somebody did on a page as a message of our own, and waits until it is decided and committed.
pub(super) async fn hand_in<J: serde::Serialize>(
    site: &Site,
    kind: &str,
    job: &J,
    traceparent: Option<String>,
    parts: &Parts,
) -> Result<Result<Outcome, NoAnswer>, Trouble> {
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
    tokio::time::timeout_at(Deadline::of(&parts.extensions), submitted)
        .await
        .map_err(|_| Trouble::unavailable(5))
}

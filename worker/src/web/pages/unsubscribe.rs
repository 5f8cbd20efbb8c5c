//! `/u/TOKEN`: ends mailings to one subject under one purpose. Opening it asks and changes nothing. A POST of
//! `List-Unsubscribe=One-Click` ends them at once (RFC 8058): mail programs send it on their reader's behalf, from
//! anywhere, without cookies and without having seen the page, so there is no nonce and no redirect; our own form sends
//! the same. What could be brought about that way only ever stops a use of data.

use super::form::{Trouble, hand_in};
use super::link::is_token;
use super::{Reader, controller, invalid, page, trouble};
use crate::render::UnsubscribePage;
use crate::store::Result as Stored;
use crate::store::outbox::mailings::{Unsubscribing, by_token_hash};
use crate::web::body;
use crate::web::peer::client_of;
use crate::web::state::Site;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::{ObjectToUse, Objected, Purposes, WithdrawConsent};
use rescind_jobs::model::{ConsentState, Evidence, SubjectState};
use rescind_jobs::policy::{LawfulBasis, Purpose};
use rescind_jobs::protection::token_hash;
use rescind_jobs::subject_ref::SubjectRef;
use std::sync::Arc;
use url::form_urlencoded;

/// One short field, in whichever form it is sent.
const LARGEST: usize = 4096;
/// What the record of such a withdrawal says of where it came from.
const FORM: &str = "one-click";

pub(in crate::web) async fn show(
    State(site): State<Arc<Site>>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let found = find(&site, &token.map(|Path(token)| token).unwrap_or_default(), &parts).await;
    match found {
        Ok(Some((ending, purpose))) => shown(&site, &reader, &ending, purpose, StatusCode::OK),
        Ok(None) => invalid(&site, &reader),
        Err(Trouble(status, retry_after)) => trouble(&site, &reader, status, retry_after),
    }
}

pub(in crate::web) async fn take(
    State(site): State<Arc<Site>>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match end(&site, &token, &parts, body, &reader).await {
        Ok(response) => response,
        Err(Trouble(status, retry_after)) => trouble(&site, &reader, status, retry_after),
    }
}

async fn end(
    site: &Site,
    token: &str,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let body = body::read(parts, body, LARGEST).await.map_err(|problem| Trouble(problem.status, None))?;
    let Some((mut ending, purpose)) = find(site, token, parts).await? else {
        return Ok(invalid(site, reader));
    };
    if !is_one_click(&body::media_type(&parts.headers), &body) {
        return Ok(shown(site, reader, &ending, purpose, StatusCode::UNPROCESSABLE_ENTITY));
    }
    if !has_ended(&ending, purpose) {
        let subject = SubjectRef::known(ending.subject);
        // who sends it is the mail program's service as often as the reader: its address proves nothing
        let evidence = Some(Evidence { form: Some(FORM.to_owned()), ..Evidence::default() });
        let these = vec![purpose.id.clone()];
        let outcome = if purpose.basis == LawfulBasis::Consent {
            let purposes = Purposes::These(these);
            let (reason, source, withdrawn_at, staff) = (None, None, None, None);
            let unclear = false;
            let job =
                WithdrawConsent { subject, purposes, unclear, reason, source, withdrawn_at, staff, evidence };
            hand_in(site, WithdrawConsent::KIND, &job, None, parts).await?
        } else {
            let purposes = Objected::These(these);
            let (objected_at, source, note, staff) = (None, None, None, None);
            let job = ObjectToUse { subject, purposes, objected_at, source, note, staff, evidence };
            hand_in(site, ObjectToUse::KIND, &job, None, parts).await?
        };
        if let Err(refusal) = outcome {
            tracing::warn!(code = %refusal.code, "an end of mailings was refused");
            return Ok(invalid(site, reader));
        }
        (ending.consent, ending.objected) = (Some(ConsentState::Withdrawn), true);
    }
    Ok(shown(site, reader, &ending, purpose, StatusCode::OK))
}

/// What the link ends; nothing if it is unknown, or its subject or purpose is gone. Unknown ones are counted, and have to
/// wait when they are too many. Services that send what their readers click come from few addresses, so a link that is
/// known never waits: it is looked up first.
async fn find<'s>(
    site: &'s Site,
    token: &str,
    parts: &Parts,
) -> Result<Option<(Unsubscribing, &'s Purpose)>, Trouble> {
    let client = client_of(&parts.extensions, &parts.headers, &site.web.config.http);
    let found = look_up(site, token).await.map_err(|error| {
        tracing::warn!(%error, "a link cannot be looked up");
        Trouble::unavailable(5)
    })?;
    let found = found.filter(|ending| !matches!(ending.state, SubjectState::Erasing | SubjectState::Erased));
    let Some(ending) = found else {
        if let Some(client) = client {
            // not counted any further: one address must not use up what there is for all
            if site.misses.is_exhausted(client) {
                return Err(Trouble(StatusCode::TOO_MANY_REQUESTS, Some(60)));
            }
            site.misses.count(client);
        }
        return Ok(None);
    };
    let purpose = site.web.policy.purposes.get(&ending.purpose);
    Ok(purpose.map(|purpose| (ending, purpose)))
}

async fn look_up(site: &Site, token: &str) -> Stored<Option<Unsubscribing>> {
    if !is_token(token) {
        return Ok(None);
    }
    by_token_hash(&site.web.pool, &token_hash(token)).await
}

fn has_ended(ending: &Unsubscribing, purpose: &Purpose) -> bool {
    if purpose.basis == LawfulBasis::Consent {
        matches!(ending.consent, Some(ConsentState::Withdrawn | ConsentState::Refused))
    } else {
        ending.objected
    }
}

fn shown(
    site: &Site,
    reader: &Reader<'_>,
    ending: &Unsubscribing,
    purpose: &Purpose,
    status: StatusCode,
) -> Response {
    let locale = reader.of_request(ending.locale.unwrap_or(site.web.policy.default_locale));
    let parameters = UnsubscribePage {
        controller: controller(site),
        purpose_title: purpose.title.get(locale).1.to_owned(),
        done: has_ended(ending, purpose),
    };
    page(site, status, &parameters, locale)
}

/// Whether a body says `List-Unsubscribe=One-Click`, in either form that RFC 8058 (3.1) allows.
fn is_one_click(media_type: &str, body: &[u8]) -> bool {
    const NAME: &str = "List-Unsubscribe";
    const VALUE: &str = "One-Click";
    match media_type {
        "application/x-www-form-urlencoded" => {
            form_urlencoded::parse(body).any(|(name, value)| name == NAME && value == VALUE)
        }
        "multipart/form-data" => {
            // one part, whose head names the field and whose body is the value
            let text = String::from_utf8_lossy(body);
            let (head, value) = text.split_once("\r\n\r\n").unwrap_or_default();
            head.contains(&format!("name=\"{NAME}\"")) && value.lines().next() == Some(VALUE)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_one_click;

    #[test]
    fn both_forms_of_the_one_click_are_read() {
        let form = "application/x-www-form-urlencoded";
        assert!(is_one_click(form, b"List-Unsubscribe=One-Click"));
        let parts =
            "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
        assert!(is_one_click("multipart/form-data", parts.as_bytes()));
        for other in ["", "List-Unsubscribe=", "List-Unsubscribe=One-Click-x", "One-Click"] {
            assert!(!is_one_click(form, other.as_bytes()), "{other}");
            assert!(!is_one_click("multipart/form-data", other.as_bytes()), "{other}");
        }
        assert!(!is_one_click("text/plain", b"List-Unsubscribe=One-Click"));
    }
}

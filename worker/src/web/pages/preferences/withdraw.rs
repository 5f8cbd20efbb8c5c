//! `/p/TOKEN/withdraw` and `/p/TOKEN/withdraw/PURPOSE`: consent is taken back, and soft opt-in objected to, by two clicks and
//! the link alone (Art. 7(3), 21(2)): one that asks, and one that does it. Scanners of mail open links, so only the form withdraws.

use super::{endable, language, nonce, stands, suffix, visit};
use crate::render::WithdrawPage;
use crate::web::pages::form::{Form, Trouble, evidence, hand_in, is_nonce};
use crate::web::pages::{Reader, controller, invalid, page, trouble};
use crate::web::state::Site;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rescind_jobs::code::{EntryCode, PurposeId};
use rescind_jobs::job::Job;
use rescind_jobs::jobs::{PREFERENCE_PAGE, Purposes, Several, WithdrawConsent};
use rescind_jobs::model::Subject;
use rescind_jobs::subject_ref::SubjectRef;
use std::sync::Arc;

/// The form has one short field.
const LARGEST: usize = 1024;

/// What is to be withdrawn: one purpose, or all of them.
type What = Option<PurposeId>;

type Place = std::result::Result<Path<(String, String)>, PathRejection>;

/// Of an address, the token and the purpose; a purpose that cannot be one is nobody's.
fn of(place: Place) -> (String, Option<PurposeId>) {
    let (token, purpose) = place.map(|Path(place)| place).unwrap_or_default();
    (token, PurposeId::new(&purpose))
}

pub(in crate::web) async fn ask_all(
    State(site): State<Arc<Site>>,
    token: std::result::Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let token = token.map(|Path(token)| token).unwrap_or_default();
    ask(&site, &token, Some(None), request).await
}

pub(in crate::web) async fn ask_one(
    State(site): State<Arc<Site>>,
    place: Place,
    request: Request,
) -> Response {
    let (token, purpose) = of(place);
    ask(&site, &token, purpose.map(Some), request).await
}

pub(in crate::web) async fn take_all(
    State(site): State<Arc<Site>>,
    token: std::result::Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let token = token.map(|Path(token)| token).unwrap_or_default();
    take(&site, &token, Some(None), request).await
}

pub(in crate::web) async fn take_one(
    State(site): State<Arc<Site>>,
    place: Place,
    request: Request,
) -> Response {
    let (token, purpose) = of(place);
    take(&site, &token, purpose.map(Some), request).await
}

async fn ask(site: &Site, token: &str, what: Option<What>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let subject = match visit(site, token, &parts, &reader).await {
        Ok(subject) => subject,
        Err(answer) => return answer,
    };
    what.and_then(|what| question(site, &subject, token, &what, &reader, StatusCode::OK))
        .unwrap_or_else(|| invalid(site, &reader))
}

/// Asks once more; none if the policy has no such purpose, or it is none that ends here.
fn question(
    site: &Site,
    subject: &Subject,
    token: &str,
    what: &What,
    reader: &Reader<'_>,
    status: StatusCode,
) -> Option<Response> {
    let locale = language(site, subject, reader);
    let now = site.web.clock.now();
    let meant = endable(site).filter(|purpose| match what {
        Some(one) => purpose.id == *one,
        None => stands(purpose, subject, now),
    });
    let meant: Vec<_> = meant.collect();
    let purposes: Vec<String> = meant.iter().map(|purpose| purpose.title.get(locale).1.to_owned()).collect();
    if purposes.is_empty() && what.is_some() {
        return None;
    }
    let parameters = WithdrawPage {
        controller: controller(site),
        objection: !meant.is_empty() && meant.iter().all(|purpose| purpose.basis.is_soft_opt_in()),
        purposes,
        nonce: nonce(site, token),
        back_url: format!("{}{token}{}", up(what), suffix(reader)),
    };
    Some(page(site, status, &parameters, locale))
}

/// From the place of a question to that of the subject's page. Relative, so that it holds below any path the service is
/// published under.
const fn up(what: &What) -> &'static str {
    match what {
        Some(_) => "../../",
        None => "../",
    }
}

async fn take(site: &Site, token: &str, what: Option<What>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    match withdraw(site, token, what, &parts, body, &reader).await {
        Ok(response) => response,
        Err(Trouble(status, retry_after)) => trouble(site, &reader, status, retry_after),
    }
}

async fn withdraw(
    site: &Site,
    token: &str,
    what: Option<What>,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let form = Form::take(site, parts, body, LARGEST).await?;
    let subject = match visit(site, token, parts, reader).await {
        Ok(subject) => subject,
        Err(answer) => return Ok(answer),
    };
    let Some(what) = what else { return Ok(invalid(site, reader)) };
    if !is_nonce(&site.web, token, form.get("nonce")) {
        let again = question(site, &subject, token, &what, reader, StatusCode::UNPROCESSABLE_ENTITY);
        return Ok(again.unwrap_or_else(|| invalid(site, reader)));
    }
    if what.as_ref().is_some_and(|one| !endable(site).any(|purpose| purpose.id == *one)) {
        return Ok(invalid(site, reader));
    }
    let sources = &site.web.policy.dictionaries.withdrawal_sources.entries;
    let job = WithdrawConsent {
        subject: SubjectRef::known(subject.id),
        purposes: match &what {
            Some(one) => Purposes::These(vec![one.clone()]),
            None => Purposes::Several(Several::All),
        },
        unclear: false,
        reason: None,
        source: EntryCode::new(PREFERENCE_PAGE).filter(|source| sources.contains_key(source)),
        withdrawn_at: None,
        staff: None,
        evidence: Some(evidence(site, parts, Some(PREFERENCE_PAGE))),
    };
    if let Err(refusal) = hand_in(site, WithdrawConsent::KIND, &job, None, parts).await? {
        tracing::warn!(code = %refusal.code, "a withdrawal on a subject's page was refused");
        return Ok(invalid(site, reader));
    }
    let language = reader.chosen.map_or_else(String::new, |locale| format!("&lang={locale}"));
    let place = format!("{}{token}?done=1{language}", up(&what));
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response())
}

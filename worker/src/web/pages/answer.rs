//! `POST /c/TOKEN`: the answer. It counts only with the nonce of a page that was shown within the last day, and a yes
//! only with the box ticked: scripts that submit forms do neither tick boxes nor read what they agree to. It is then a
//! message like any other, and the reader is told only after its commit.

use super::confirm::{question, wording};
use super::form::{Form, Trouble, back, evidence, hand_in, is_nonce};
use super::link::{Opened, open};
use super::{Reader, invalid, trouble};
use crate::web::state::Site;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::AnswerConsent;
use rescind_jobs::model::{Answer, ConsentRequest};
use rescind_jobs::refusal::RefusalCode;
use std::sync::Arc;

/// The form has three short fields.
const LARGEST: usize = 4096;

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

async fn answer(
    site: &Site,
    token: &str,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let form = Form::take(site, parts, body, LARGEST).await?;
    let request = match look_up(site, token).await? {
        Opened::Open(request) => request,
        Opened::Answered(..) => return Ok(back(token, reader)),
        Opened::Nothing => return Ok(invalid(site, reader)),
    };
    let fresh = is_nonce(&site.web, token, form.get("nonce"));
    let answer = match (form.get("answer"), form.get("agree") == "yes") {
        ("refused", _) => Some(Answer::Disagree),
        ("granted", true) => Some(Answer::Agree),
        _ => None,
    };
    let (true, Some(answer)) = (fresh, answer) else {
        let missing = form.get("answer") != "refused";
        let again = question(site, &request, reader, token, StatusCode::UNPROCESSABLE_ENTITY, missing);
        return Ok(again.unwrap_or_else(|| invalid(site, reader)));
    };
    let job = job(site, &request, answer, reader, parts)?;
    match hand_in(site, AnswerConsent::KIND, &job, request.traceparent.clone(), parts).await? {
        Ok(()) => Ok(back(token, reader)),
        Err(refusal) if refusal.code == RefusalCode::LinkInvalid => {
            // answered in another window, expired, or voided since the page was shown
            Ok(match look_up(site, token).await? {
                Opened::Answered(..) => back(token, reader),
                Opened::Open(_) | Opened::Nothing => invalid(site, reader),
            })
        }
        Err(refusal) => {
            tracing::warn!(code = %refusal.code, "an answer to a request for consent was refused");
            Ok(invalid(site, reader))
        }
    }
}

async fn look_up(site: &Site, token: &str) -> Result<Opened, Trouble> {
    open(site, token).await.map_err(|error| {
        tracing::warn!(%error, "a link cannot be looked up");
        Trouble::unavailable(5)
    })
}

/// The answer as a job.
fn job(
    site: &Site,
    request: &ConsentRequest,
    answer: Answer,
    reader: &Reader<'_>,
    parts: &Parts,
) -> Result<AnswerConsent, Trouble> {
    let ours = || Trouble(StatusCode::INTERNAL_SERVER_ERROR, None);
    let (_, version) = wording(site, request).ok_or_else(ours)?;
    Ok(AnswerConsent {
        request: request.id,
        answer,
        locale: version.text.get(reader.of_request(request.locale)).0,
        evidence: Some(evidence(site, parts, None)),
    })
}

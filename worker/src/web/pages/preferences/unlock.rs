//! `/p/TOKEN/change`, `code` and `unlock`: what the address alone does not allow takes a code that is mailed to the known
//! address. Whoever entered it holds a pass for a while, in a hidden field of the page; there is no login and no cookie.

use super::{edit, language, nonce, suffix, visit};
use crate::render::UnlockPage as Parameters;
use crate::web::pages::form::{Form, Trouble, hand_in, is_nonce};
use crate::web::pages::{Reader, controller, invalid, page, trouble};
use crate::web::state::Site;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rescind_jobs::job::Job;
use rescind_jobs::jobs::{MailPageCode, UnlockPage};
use rescind_jobs::model::{PageCode, Subject};
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::time::{Span, Timestamp};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// The forms have two short fields.
const LARGEST: usize = 1024;
/// How long a page stays unlocked.
const PASS_PERIOD: Span = Span::minutes(30);

type Token = std::result::Result<Path<String>, PathRejection>;

/// Asks whether a code is to be sent.
pub(in crate::web) async fn ask(State(site): State<Arc<Site>>, token: Token, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match visit(&site, &token, &parts, &reader).await {
        Ok(subject) => shown(&site, &subject, &token, &reader, "ask", None),
        Err(answer) => answer,
    }
}

/// Shows whoever opens the address of a form where a code can be entered, if one is open; else leads back to where it
/// begins.
pub(in crate::web) async fn begin(State(site): State<Arc<Site>>, token: Token, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match visit(&site, &token, &parts, &reader).await {
        Ok(subject) if has_open_code(&site, &subject) => {
            shown(&site, &subject, &token, &reader, "enter", None)
        }
        Ok(_) => {
            let place = format!("change{}", suffix(&reader));
            (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
        }
        Err(answer) => answer,
    }
}

fn has_open_code(site: &Site, subject: &Subject) -> bool {
    let code = subject.page.as_ref().and_then(|page| page.code.as_ref());
    code.is_some_and(|code| code.is_open(site.web.clock.now()))
}

/// Has a code sent.
pub(in crate::web) async fn send(State(site): State<Arc<Site>>, token: Token, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    mail_code(&site, &token, &parts, body, &reader)
        .await
        .unwrap_or_else(|Trouble(status, retry_after)| trouble(&site, &reader, status, retry_after))
}

async fn mail_code(
    site: &Site,
    token: &str,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let form = Form::take(site, parts, body, LARGEST).await?;
    let subject = match visit(site, token, parts, reader).await {
        Ok(subject) => subject,
        Err(answer) => return Ok(answer),
    };
    if !is_nonce(&site.web, token, form.get("nonce")) {
        return Ok(shown(site, &subject, token, reader, "ask", Some("stale")));
    }
    let job = MailPageCode { subject: subject.id };
    Ok(match hand_in(site, MailPageCode::KIND, &job, None, parts).await? {
        Ok(()) => shown(site, &subject, token, reader, "enter", None),
        Err(refusal) => match refusal.code {
            RefusalCode::LimitReached => shown(site, &subject, token, reader, "ask", Some("many")),
            RefusalCode::SubjectUnreachable => {
                shown(site, &subject, token, reader, "ask", Some("unreachable"))
            }
            RefusalCode::SubjectClosed => shown(site, &subject, token, reader, "ask", Some("closed")),
            code => {
                tracing::warn!(%code, "a code for a subject's page was refused");
                invalid(site, reader)
            }
        },
    })
}

/// Takes the code.
pub(in crate::web) async fn enter(State(site): State<Arc<Site>>, token: Token, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    unlock(&site, &token, &parts, body, &reader)
        .await
        .unwrap_or_else(|Trouble(status, retry_after)| trouble(&site, &reader, status, retry_after))
}

async fn unlock(
    site: &Site,
    token: &str,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let form = Form::take(site, parts, body, LARGEST).await?;
    let subject = match visit(site, token, parts, reader).await {
        Ok(subject) => subject,
        Err(answer) => return Ok(answer),
    };
    if !is_nonce(&site.web, token, form.get("nonce")) {
        return Ok(shown(site, &subject, token, reader, "ask", Some("stale")));
    }
    let wrong = || shown(site, &subject, token, reader, "enter", Some("wrong"));
    let now = site.web.clock.now();
    let code = subject.page.as_ref().and_then(|page| page.code.as_ref());
    let Some(code) = code.filter(|code| code.is_open(now)) else { return Ok(wrong()) };
    let entered: String = form.get("code").chars().filter(char::is_ascii_digit).take(16).collect();
    let right: bool = site.web.vault.page_code(code.id).as_bytes().ct_eq(entered.as_bytes()).into();
    let job = UnlockPage { subject: subject.id, code: code.id, right };
    let counted = hand_in(site, UnlockPage::KIND, &job, None, parts).await?;
    if counted.is_err() || !right {
        return Ok(wrong());
    }
    let pass = site.web.vault.page_pass(token, code.id, now.plus(PASS_PERIOD));
    Ok(edit::unlocked(site, &subject, token, reader, &pass, &edit::State::default()))
}

/// Whether a pass was given for this page, and still holds.
pub(super) fn holds(site: &Site, token: &str, pass: &str) -> bool {
    let mut parts = pass.splitn(3, '.');
    let (Some(code), Some(until)) = (parts.next(), parts.next()) else { return false };
    let code = Uuid::try_parse(code).ok();
    let until = until.parse().ok().and_then(Timestamp::from_micros);
    let (Some(code), Some(until)) = (code, until) else { return false };
    until > site.web.clock.now()
        && bool::from(site.web.vault.page_pass(token, code, until).as_bytes().ct_eq(pass.as_bytes()))
}

/// The page that asks for a code, or whether one is to be sent.
pub(super) fn shown(
    site: &Site,
    subject: &Subject,
    token: &str,
    reader: &Reader<'_>,
    step: &'static str,
    problem: Option<&'static str>,
) -> Response {
    let locale = language(site, subject, reader);
    let parameters = Parameters {
        controller: controller(site),
        step,
        problem,
        minutes: PageCode::PERIOD.as_micros() / 60_000_000,
        nonce: nonce(site, token),
        suffix: suffix(reader),
        back_url: format!("../{token}{}", suffix(reader)),
    };
    let status = match problem {
        None => StatusCode::OK,
        Some("many") => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    page(site, status, &parameters, locale)
}

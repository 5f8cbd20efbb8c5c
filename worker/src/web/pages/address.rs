//! `/a/TOKEN`: a new email address. The link went there, so whoever presses the button reads its mail. Opening it changes
//! nothing, since scanners of mail open every link.

use super::confirm::hour;
use super::form::{Form, Trouble, hand_in, is_nonce};
use super::link::{guarded, is_token};
use super::{Reader, controller, invalid, page, trouble};
use crate::render::AddressPage;
use crate::store::{pages, registers};
use crate::web::state::Site;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::ConfirmAddress;
use rescind_jobs::model::{NewAddress, Subject};
use rescind_jobs::protection::token_hash;
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::subject_ref::SubjectRef;
use std::sync::Arc;

/// The form has one short field.
const LARGEST: usize = 1024;

/// What came of pressing the button.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    NotYet,
    Done,
    Taken,
}

pub(in crate::web) async fn show(
    State(site): State<Arc<Site>>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match find(&site, &token, &parts).await {
        Ok(Some((subject, _))) => shown(&site, &reader, &subject, &token, Came::NotYet),
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
    confirm(&site, &token, &parts, body, &reader)
        .await
        .unwrap_or_else(|Trouble(status, retry_after)| trouble(&site, &reader, status, retry_after))
}

async fn confirm(
    site: &Site,
    token: &str,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let form = Form::take(site, parts, body, LARGEST).await?;
    let Some((subject, waiting)) = find(site, token, parts).await? else { return Ok(invalid(site, reader)) };
    if !is_nonce(&site.web, token, form.get("nonce")) {
        return Ok(shown(site, reader, &subject, token, Came::NotYet));
    }
    let place = subject.place("personal_page", "address_sealed");
    let opened = subject.contact_key(&site.web.vault).and_then(|key| key.open_text(place, &waiting.sealed));
    let email = opened.map_err(|error| {
        tracing::error!(%error, "a new address cannot be opened");
        Trouble::unavailable(5)
    })?;
    let named = SubjectRef { email: Some(email), ..SubjectRef::known(subject.id) };
    let job = ConfirmAddress { subject: named, address: waiting.id };
    let came = match hand_in(site, ConfirmAddress::KIND, &job, None, parts).await? {
        Ok(()) => Came::Done,
        Err(refusal) if refusal.code == RefusalCode::ConflictingIdentities => Came::Taken,
        Err(refusal) => {
            tracing::info!(code = %refusal.code, "a new address was not confirmed");
            return Ok(invalid(site, reader));
        }
    };
    Ok(shown(site, reader, &subject, token, came))
}

/// Whose the address becomes; nothing if the link opens nothing (any more).
async fn find(site: &Site, token: &str, parts: &Parts) -> Result<Option<(Subject, NewAddress)>, Trouble> {
    guarded(site, parts, look_up(site, token)).await
}

async fn look_up(site: &Site, token: &str) -> crate::store::Result<Option<(Subject, NewAddress)>> {
    if !is_token(token) {
        return Ok(None);
    }
    let (pool, hash) = (&site.web.pool, token_hash(token));
    let Some(id) = pages::by_address_token(pool, &hash, site.web.clock.now()).await? else { return Ok(None) };
    let Some(subject) = registers::subject(pool, id).await? else { return Ok(None) };
    let waiting = subject.page.as_ref().and_then(|page| page.address.clone());
    Ok(waiting.filter(|waiting| waiting.token_hash == hash).map(|waiting| (subject, waiting)))
}

fn shown(site: &Site, reader: &Reader<'_>, subject: &Subject, token: &str, came: Came) -> Response {
    let locale = reader.of_request(subject.locale.unwrap_or(site.web.policy.default_locale));
    let parameters = AddressPage {
        controller: controller(site),
        done: came == Came::Done,
        taken: came == Came::Taken,
        nonce: site.web.vault.page_nonce(token, hour(site.web.clock.now())),
    };
    let status = if came == Came::Taken { StatusCode::CONFLICT } else { StatusCode::OK };
    page(site, status, &parameters, locale)
}

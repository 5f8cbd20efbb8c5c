//! `/s/TOKEN`: a notice to a member of staff. Scanners of mail open every link, so showing it changes nothing; only its
//! form, with the nonce of a page that was shown, acknowledges it.

use super::confirm::hour;
use super::form::{Form, Trouble, back, hand_in, is_nonce};
use super::link::is_token;
use super::{Reader, invalid, page, trouble};
use crate::render::NoticePage;
use crate::staff_notice::{Person, Words};
use crate::store::{Result, registers, rights};
use crate::web::peer::client_of;
use crate::web::state::Site;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use rescind_jobs::code::FieldId;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::AcknowledgeNotice;
use rescind_jobs::model::{StaffNotice, SubjectId};
use rescind_jobs::protection::{Sealed, token_hash};
use std::sync::Arc;

/// The form has one short field.
const LARGEST: usize = 1024;

pub(in crate::web) async fn show(
    State(site): State<Arc<Site>>,
    token: std::result::Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let reader = Reader::of(request.uri(), request.headers());
    let client = client_of(request.extensions(), request.headers(), &site.web.config.http);
    if client.is_some_and(|client| site.misses.is_exhausted(client)) {
        return trouble(&site, &reader, StatusCode::TOO_MANY_REQUESTS, Some(60));
    }
    let token = token.map(|Path(token)| token).unwrap_or_default();
    let shown = match find(&site, &token).await {
        Ok(Some((subject, notice))) => notice_page(&site, subject, &notice, &reader, &token).await,
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    match shown {
        Ok(Some(shown)) => shown,
        Ok(None) => {
            if let Some(client) = client {
                site.misses.count(client);
            }
            invalid(&site, &reader)
        }
        Err(error) => {
            tracing::warn!(%error, "a link cannot be looked up");
            trouble(&site, &reader, StatusCode::SERVICE_UNAVAILABLE, Some(5))
        }
    }
}

pub(in crate::web) async fn take(
    State(site): State<Arc<Site>>,
    token: std::result::Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match acknowledge(&site, &token, &parts, body, &reader).await {
        Ok(response) => response,
        Err(Trouble(status, retry_after)) => trouble(&site, &reader, status, retry_after),
    }
}

async fn acknowledge(
    site: &Site,
    token: &str,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> std::result::Result<Response, Trouble> {
    let form = Form::take(site, parts, body, LARGEST).await?;
    let found = find(site, token).await.map_err(|error| {
        tracing::warn!(%error, "a link cannot be looked up");
        Trouble::unavailable(5)
    })?;
    let Some((subject, notice)) = found else { return Ok(invalid(site, reader)) };
    if notice.acknowledged_at.is_some() {
        return Ok(back(token, reader));
    }
    if !is_nonce(&site.web, token, form.get("nonce")) {
        let again = notice_page(site, subject, &notice, reader, token).await;
        return Ok(again.ok().flatten().unwrap_or_else(|| invalid(site, reader)));
    }
    let job = AcknowledgeNotice { subject, cause: notice.cause, notice: notice.id };
    match hand_in(site, AcknowledgeNotice::KIND, &job, None, parts).await? {
        Ok(()) => Ok(back(token, reader)),
        Err(_) => Ok(invalid(site, reader)),
    }
}

async fn find(site: &Site, token: &str) -> Result<Option<(SubjectId, StaffNotice)>> {
    if !is_token(token) {
        return Ok(None);
    }
    rights::notice_by_token(&site.web.pool, &token_hash(token)).await
}

/// The page; none if the subject is gone, or the person no longer belongs to the staff.
async fn notice_page(
    site: &Site,
    subject: SubjectId,
    notice: &StaffNotice,
    reader: &Reader<'_>,
    token: &str,
) -> Result<Option<Response>> {
    let web = &site.web;
    let Some(member) = web.policy.staff.get(&notice.staff) else { return Ok(None) };
    let Some(known) = registers::subject(&web.pool, subject).await? else { return Ok(None) };
    let locale = reader.of_request(member.locale);
    let fields: Vec<(FieldId, Sealed)> = known.fields.clone().into_iter().collect();
    let person = Person {
        id: subject,
        key: known.keys.contact.as_ref(),
        key_version: known.keys.version,
        identities: &known.identities,
        fields: &fields,
    };
    let words =
        Words { config: &web.config, policy: &web.policy, vault: &web.vault, renderer: &web.renderer };
    let parameters = NoticePage {
        notice_kind: notice.kind.as_str(),
        notice: words.notice(notice, &person, member, locale),
        nonce: web.vault.page_nonce(token, hour(web.clock.now())),
        acknowledged_at: notice.acknowledged_at.map(|at| words.date(at, locale)),
    };
    Ok(Some(page(site, StatusCode::OK, &parameters, locale)))
}

//! `/p/TOKEN/topics/PURPOSE/TOPIC`: a topic is left by two clicks and the link alone, as consent is withdrawn. To choose it
//! again takes the mailed code.

use super::{endable, language, nonce, suffix, visit};
use crate::render::LeavePage;
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
use rescind_jobs::jobs::ChooseTopic;
use rescind_jobs::model::Subject;
use rescind_jobs::policy::{Purpose, Topic};
use std::sync::Arc;

/// The form has one short field.
const LARGEST: usize = 1024;

type Place = std::result::Result<Path<(String, String, String)>, PathRejection>;

pub(in crate::web) async fn ask(State(site): State<Arc<Site>>, place: Place, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let (token, purpose, topic) = place.map(|Path(place)| place).unwrap_or_default();
    match visit(&site, &token, &parts, &reader).await {
        Ok(subject) => match find(&site, &purpose, &topic) {
            Some(found) => question(&site, &subject, &token, found, &reader, StatusCode::OK),
            None => invalid(&site, &reader),
        },
        Err(answer) => answer,
    }
}

pub(in crate::web) async fn take(State(site): State<Arc<Site>>, place: Place, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let place = place.map(|Path(place)| place).unwrap_or_default();
    leave(&site, &place, &parts, body, &reader)
        .await
        .unwrap_or_else(|Trouble(status, retry_after)| trouble(&site, &reader, status, retry_after))
}

/// A topic of a purpose that rests on consent or soft opt-in.
pub(super) fn find<'s>(site: &'s Site, purpose: &str, topic: &str) -> Option<(&'s Purpose, &'s Topic)> {
    let purpose = endable(site).find(|p| p.id.as_str() == purpose && p.topics.contains(topic))?;
    Some((purpose, site.web.policy.topics.get(topic)?))
}

fn question(
    site: &Site,
    subject: &Subject,
    token: &str,
    (purpose, topic): (&Purpose, &Topic),
    reader: &Reader<'_>,
    status: StatusCode,
) -> Response {
    let locale = language(site, subject, reader);
    let parameters = LeavePage {
        controller: controller(site),
        topic: topic.title.get(locale).1.to_owned(),
        purpose: purpose.title.get(locale).1.to_owned(),
        nonce: nonce(site, token),
        back_url: format!("../../../{token}{}", suffix(reader)),
    };
    page(site, status, &parameters, locale)
}

async fn leave(
    site: &Site,
    (token, purpose, topic): &(String, String, String),
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let form = Form::take(site, parts, body, LARGEST).await?;
    let subject = match visit(site, token, parts, reader).await {
        Ok(subject) => subject,
        Err(answer) => return Ok(answer),
    };
    let Some(found) = find(site, purpose, topic) else { return Ok(invalid(site, reader)) };
    if !is_nonce(&site.web, token, form.get("nonce")) {
        return Ok(question(site, &subject, token, found, reader, StatusCode::UNPROCESSABLE_ENTITY));
    }
    let (purpose, topic) = (found.0.id.clone(), found.1.id.clone());
    let job = ChooseTopic { subject: subject.id, purpose, topic, subscribed: false };
    if let Err(refusal) = hand_in(site, ChooseTopic::KIND, &job, None, parts).await? {
        tracing::warn!(code = %refusal.code, "leaving a topic on a subject's page was refused");
        return Ok(invalid(site, reader));
    }
    let language = reader.chosen.map_or_else(String::new, |locale| format!("&lang={locale}"));
    let place = format!("../../../{token}?done=1{language}");
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response())
}

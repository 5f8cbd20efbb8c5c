//! `GET /v1/snapshot`: whom a purpose may be processed for, page by page, so that an app can keep a copy of its own and
//! go on with the events. Each entry has the number of the last event about its subject: events up to it are in the
//! entry already.

use super::gate::{at_root, switched_on, unreadable};
use crate::outbox::naming;
use crate::store::snapshot::{Entry, page};
use crate::store::{Result as Stored, outbox::events};
use crate::web::auth::caller;
use crate::web::guard::{Deadline, late};
use crate::web::problem::{Problem, json_response};
use crate::web::state::{Site, WebState};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rescind_jobs::code::PurposeId;
use rescind_jobs::gate::{GateQuestion, answer};
use rescind_jobs::model::SubjectId;
use rescind_jobs::refusal::{Refusal, RefusalCode};
use rescind_jobs::registry;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use url::form_urlencoded;

/// Subjects that a page walks through, unless asked otherwise and at most.
const USUAL: i64 = 500;
const MOST: i64 = 1000;

/// Which page.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The purpose.
    purpose: PurposeId,
    /// The subject after which the page begins: `next` of the page before.
    after: Option<SubjectId>,
    /// How many subjects it walks through, 1 to 1000.
    limit: Option<String>,
}

pub(in crate::web) async fn show(State(site): State<Arc<Site>>, request: Request) -> Response {
    answer_page(&site, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer_page(site: &Site, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let web = &site.web;
    if !caller(&parts, &web.policy)?.may_read_snapshot() {
        let refusal = Refusal::new(RefusalCode::NotAllowed, "This source may not read the snapshot.");
        return Err(refusal.into());
    }
    switched_on(web)?;
    let query: Map<String, Value> = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let wanted: Wanted = registry::read(&Value::Object(query)).map_err(at_root)?;
    let limit = wanted.limit.as_deref().map_or(Some(USUAL), |text| text.parse().ok());
    let limit = limit.filter(|limit| (1..=MOST).contains(limit));
    let limit =
        limit.ok_or_else(|| Refusal::invalid("limit", format!("must be a number from 1 to {MOST}")))?;
    // what the gate would say of an unknown purpose
    answer(&GateQuestion::about(wanted.purpose.clone()), &web.policy, None, web.clock.now())?;
    let read = read(web, &wanted, limit);
    let read = tokio::time::timeout_at(Deadline::of(&parts.extensions), read).await;
    let (entries, material) = read.map_err(|_| late())?.map_err(|error| unreadable(&error))?;
    let next = entries.last().filter(|_| i64::try_from(entries.len()).is_ok_and(|count| count == limit));
    let next = next.map(|entry| entry.subject);
    let subjects = told(web, &wanted.purpose, &entries, &material)?;
    let mut body = json!({"purpose": wanted.purpose, "at": web.clock.now(), "subjects": subjects});
    if let Some(next) = next {
        body["next"] = json!(next);
    }
    Ok(json_response(StatusCode::OK, "application/json", &body))
}

async fn read(web: &WebState, wanted: &Wanted, limit: i64) -> Stored<(Vec<Entry>, events::Material)> {
    let purpose = web.policy.purposes.get(&wanted.purpose);
    let basis = purpose.map(|purpose| &purpose.basis);
    let entries = page(&web.pool, &wanted.purpose, basis, wanted.after, limit).await?;
    let material =
        events::of_subjects(&web.pool, entries.iter().map(|entry| entry.subject.0).collect()).await?;
    Ok((entries, material))
}

/// Of a page those whom the gate would say yes to, named as events name them.
fn told(
    web: &WebState,
    purpose: &PurposeId,
    entries: &[Entry],
    material: &events::Material,
) -> Result<Vec<Value>, Problem> {
    let (question, now) = (GateQuestion::about(purpose.clone()), web.clock.now());
    let mut subjects = Vec::with_capacity(entries.len());
    for entry in entries {
        let answer = answer(&question, &web.policy, Some(&entry.known), now)?;
        if !answer.allowed {
            continue;
        }
        if naming::lacks_a_key(&web.vault, entry.subject, material) {
            let detail = "This replica lacks a key; another one, or this one later, can answer.";
            return Err(Problem::unavailable("unavailable", detail, 15));
        }
        subjects.push(json!({
            "subject": naming::subject(&web.vault, entry.subject, material),
            "sequence": format!("{:020}", entry.sequence),
            "reason": answer.reason,
            "basis": answer.basis,
            "since": answer.since,
        }));
    }
    Ok(subjects)
}

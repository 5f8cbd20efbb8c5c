//! `POST /v1/gate`: may this purpose be processed for this subject now?

use crate::store::gate::known;
use crate::web::auth::caller;
use crate::web::body;
use crate::web::guard::{Deadline, late};
use crate::web::problem::{Problem, json_response};
use crate::web::state::Site;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rescind_jobs::code::{ChannelId, PurposeId, TopicId};
use rescind_jobs::gate::{GateAnswer, GateQuestion, answer_for_all};
use rescind_jobs::policy::Feature;
use rescind_jobs::refusal::{FieldProblem, Refusal, RefusalCode};
use rescind_jobs::registry;
use rescind_jobs::subject_ref::SubjectRef;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// A question is small, whatever the limit of bodies is.
const LARGEST: usize = 64 * 1024;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    subject: SubjectRef,
    purpose: PurposeId,
    topic: Option<TopicId>,
    channel: Option<ChannelId>,
    recipient: Option<String>,
}

pub(in crate::web) async fn ask(State(site): State<Arc<Site>>, request: Request) -> Response {
    match answer(&site, request).await {
        Ok(answer) => match serde_json::to_value(answer) {
            Ok(answer) => json_response(StatusCode::OK, "application/json", &answer),
            Err(_) => Problem::internal().into_response(),
        },
        Err(problem) => problem.into_response(),
    }
}

async fn answer(site: &Site, request: Request) -> Result<GateAnswer, Problem> {
    let (parts, body) = request.into_parts();
    let web = &site.web;
    if !caller(&parts, &web.policy)?.may_ask() {
        let refusal = Refusal::new(RefusalCode::NotAllowed, "This source may not ask the gate.");
        return Err(refusal.into());
    }
    if body::media_type(&parts.headers) != "application/json" {
        return Err(Problem::media_type("application/json"));
    }
    if !web.policy.features.contains(&Feature::Gate) {
        let refusal = Refusal::new(RefusalCode::FeatureDisabled, "The policy does not switch the gate on.");
        return Err(Problem { status: StatusCode::FORBIDDEN, ..refusal.into() });
    }
    let limit = LARGEST.min(web.config.http.body_limit);
    let bytes = body::read(&parts, body, limit).await?;
    let Question { subject, purpose, topic, channel, recipient } = parse(&bytes)?;
    let identities = subject.identities().map_err(at_root)?;
    let question = GateQuestion { purpose, topic, channel, recipient };
    let indexes: Vec<_> = identities.iter().map(|identity| web.vault.blind_index(identity)).collect();
    let reading = known(&web.pool, &question.purpose, &indexes, subject.id);
    let known = tokio::time::timeout_at(Deadline::of(&parts.extensions), reading)
        .await
        .map_err(|_| late())?
        .map_err(|error| {
            tracing::warn!(%error, "the gate cannot read the store");
            if error.is_transient() {
                Problem::unavailable("unavailable", "The store is unavailable; ask again later.", 5)
            } else {
                Problem::internal()
            }
        })?;
    Ok(answer_for_all(&question, &web.policy, &known, web.clock.now())?)
}

fn parse(bytes: &[u8]) -> Result<Question, Refusal> {
    let body: Value = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
    registry::read(&body).map_err(at_root)
}

fn malformed(error: &serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    Refusal::new(RefusalCode::MalformedJson, format!("The body is not JSON: line {line}, column {column}."))
}

/// A refusal of a message's field, for a body that has no `data` around its fields.
fn at_root(refusal: Refusal) -> Refusal {
    let fields: Vec<_> = refusal
        .fields
        .into_iter()
        .map(|FieldProblem { field, problem }| {
            let field = match field.strip_prefix("data.") {
                Some(rest) => rest.to_owned(),
                None if field == "data" => "(body)".to_owned(),
                None => field,
            };
            FieldProblem { field, problem }
        })
        .collect();
    let detail = fields.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
    Refusal { code: refusal.code, detail, fields }
}

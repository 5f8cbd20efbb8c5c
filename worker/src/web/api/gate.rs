//! `POST /v1/gate`: may this purpose be processed for this subject now? One question, or a JSON array of them: all of a
//! call are looked up together, and each is answered on its own.

use super::batch;
use crate::store::StoreError;
use crate::store::gate::{Asked, known};
use crate::web::auth::caller;
use crate::web::body;
use crate::web::guard::{Deadline, late};
use crate::web::problem::{Problem, json_response};
use crate::web::state::{Site, WebState};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use rescind_jobs::gate::{GateAnswer, answer_for_all};
use rescind_jobs::jobs::CheckGate;
use rescind_jobs::policy::Feature;
use rescind_jobs::protection::BlindIndex;
use rescind_jobs::refusal::{FieldProblem, Refusal, RefusalCode};
use rescind_jobs::registry;
use serde_json::{Value, json};
use std::sync::Arc;

pub(in crate::web) async fn ask(State(site): State<Arc<Site>>, request: Request) -> Response {
    answer(&site, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(site: &Site, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let web = &site.web;
    if !caller(&parts, &web.policy)?.may_ask() {
        let refusal = Refusal::new(RefusalCode::NotAllowed, "This source may not ask the gate.");
        return Err(refusal.into());
    }
    if body::media_type(&parts.headers) != "application/json" {
        return Err(Problem::media_type("application/json"));
    }
    switched_on(web)?;
    let bytes = body::read(&parts, body, web.config.http.body_limit).await?;
    let many = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let questions: Vec<_> = if many {
        let limit = web.config.http.batch_limit;
        let bodies = batch::split(&bytes, limit).map_err(|error| malformed(&error))?;
        let bodies = bodies.ok_or_else(|| {
            Refusal::new(RefusalCode::TooLarge, format!("A call holds at most {limit} questions."))
        })?;
        bodies.into_iter().map(|body| Question::read(body.get().as_bytes(), web)).collect()
    } else {
        vec![Question::read(&bytes, web)]
    };
    let mut answers = decide(web, questions, &parts).await?;
    if many {
        return Ok(each(&answers));
    }
    let answer = answers.pop().ok_or_else(Problem::internal)??;
    Ok(json_response(StatusCode::OK, "application/json", &json!(answer)))
}

/// Refuses while the policy does not switch the gate on.
pub(super) fn switched_on(web: &WebState) -> Result<(), Problem> {
    if web.policy.features.contains(&Feature::Gate) {
        return Ok(());
    }
    let refusal = Refusal::new(RefusalCode::FeatureDisabled, "The policy does not switch the gate on.");
    Err(Problem { status: StatusCode::FORBIDDEN, ..refusal.into() })
}

/// A question as it was asked, and by what its subject is found.
struct Question {
    check: CheckGate,
    indexes: Vec<BlindIndex>,
}

impl Question {
    fn read(bytes: &[u8], web: &WebState) -> Result<Self, Refusal> {
        let body: Value = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
        let check: CheckGate = registry::read(&body).map_err(at_root)?;
        let identities = check.subject.identities().map_err(at_root)?;
        let indexes = identities.iter().map(|identity| web.vault.blind_index(identity)).collect();
        Ok(Self { check, indexes })
    }
}

type Answered = Result<GateAnswer, Refusal>;

/// Answers every question by one look-up.
async fn decide(
    web: &WebState,
    questions: Vec<Result<Question, Refusal>>,
    parts: &Parts,
) -> Result<Vec<Answered>, Problem> {
    let asked: Vec<_> = questions.iter().flatten().map(Question::asked).collect();
    let reading = known(&web.pool, &asked);
    let found = tokio::time::timeout_at(Deadline::of(&parts.extensions), reading).await;
    let found = found.map_err(|_| late())?.map_err(|error| unreadable(&error))?;
    drop(asked);
    let (mut found, now) = (found.into_iter(), web.clock.now());
    let answers = questions.into_iter().map(|question| {
        let question = question?;
        let known = found.next().unwrap_or_default();
        answer_for_all(&question.check.question(), &web.policy, &known, now)
    });
    Ok(answers.collect())
}

impl Question {
    fn asked(&self) -> Asked<'_> {
        Asked { indexes: &self.indexes, id: self.check.subject.id, purpose: &self.check.purpose }
    }
}

/// The store does not answer, or something in it cannot be read.
pub(super) fn unreadable(error: &StoreError) -> Problem {
    tracing::warn!(%error, "the gate cannot read the store");
    if error.is_transient() {
        Problem::unavailable("unavailable", "The store is unavailable; ask again later.", 5)
    } else {
        Problem::internal()
    }
}

/// Answers in the order of the questions, each an answer or a problem.
fn each(answers: &[Answered]) -> Response {
    let good = answers.iter().all(Result::is_ok);
    let status = if good { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    let items = answers.iter().map(|answer| match answer {
        Ok(answer) => json!(answer),
        Err(refusal) => json!({"problem": Problem::from(refusal.clone()).to_json()}),
    });
    json_response(status, "application/json", &Value::Array(items.collect()))
}

fn malformed(error: &serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    Refusal::new(RefusalCode::MalformedJson, format!("The body is not JSON: line {line}, column {column}."))
}

/// A refusal of a message's field, for a body that has no `data` around its fields.
pub(super) fn at_root(refusal: Refusal) -> Refusal {
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

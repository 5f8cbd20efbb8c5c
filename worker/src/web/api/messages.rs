//! `POST /v1/messages`: one message, or a JSON array of them, answered after the commit, each on its own. The bytes
//! are handed in as they came; what is wrong with a message is for the runner to say, as on every other way in.

use super::batch;
use crate::runner::door::NoAnswer;
use crate::runner::message::{Answering, Incoming, OnRefusal, Outcome};
use crate::web::auth::caller;
use crate::web::body;
use crate::web::guard::{Deadline, late};
use crate::web::problem::{Problem, json_response};
use crate::web::state::Site;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rescind_jobs::envelope::LONGEST_ATTRIBUTE;
use rescind_jobs::refusal::{Refusal, RefusalCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const BATCH: &str = "application/cloudevents-batch+json";
const EXPECTED: &str = "application/json, application/cloudevents+json or application/cloudevents-batch+json";

pub(in crate::web) async fn take(State(site): State<Arc<Site>>, request: Request) -> Response {
    match answer(&site, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer(site: &Site, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let web = &site.web;
    let sender = caller(&parts, &web.policy)?.sender();
    let media_type = body::media_type(&parts.headers);
    if !matches!(media_type.as_str(), "application/json" | "application/cloudevents+json" | BATCH) {
        return Err(Problem::media_type(EXPECTED));
    }
    let bytes = body::read(&parts, body, web.config.http.body_limit).await?;
    let incoming = |message: &[u8]| Incoming {
        body: message.to_vec(),
        sender: sender.clone(),
        on_refusal: OnRefusal::Tell,
        redelivered: false,
        answer: Answering::default(),
    };
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_batch = media_type == BATCH || (media_type == "application/json" && first == Some(&b'['));
    let messages = if is_batch { split(&bytes, web.config.http.batch_limit)? } else { vec![&bytes[..]] };
    let submitted = web.door.submit(messages.iter().map(|message| incoming(message)).collect());
    let outcomes =
        tokio::time::timeout_at(Deadline::of(&parts.extensions), submitted).await.map_err(|_| late())?;
    let mut results = messages.iter().zip(outcomes).map(|(message, outcome)| (Head::of(message), outcome));
    Ok(if is_batch { many(results.collect()) } else { one(results.next())? })
}

fn split(bytes: &[u8], limit: usize) -> Result<Vec<&[u8]>, Problem> {
    let messages = batch::split(bytes, limit).map_err(|e| {
        let detail = format!("The body is not a JSON array: line {}, column {}.", e.line(), e.column());
        Refusal::new(RefusalCode::MalformedJson, detail)
    })?;
    let Some(messages) = messages else {
        let detail = format!("A batch holds at most {limit} messages.");
        return Err(Refusal::new(RefusalCode::TooLarge, detail).into());
    };
    if messages.is_empty() {
        return Err(Refusal::new(RefusalCode::InvalidEnvelope, "The batch holds no message.").into());
    }
    Ok(messages.into_iter().map(|message| message.get().as_bytes()).collect())
}

/// By what a sender tells its messages apart, as far as it can be read.
#[derive(Default, Deserialize)]
struct Head {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    source: Value,
}

impl Head {
    fn of(message: &[u8]) -> Self {
        // a message that cannot be read was refused for it
        serde_json::from_slice(message).unwrap_or_default()
    }

    fn into_answer(self, status: &str) -> Map<String, Value> {
        let mut answer = Map::new();
        for (name, value) in [("id", self.id), ("source", self.source)] {
            if value.as_str().is_some_and(|text| (1..=LONGEST_ATTRIBUTE).contains(&text.len())) {
                answer.insert(name.to_owned(), value);
            }
        }
        answer.insert("status".to_owned(), json!(status));
        answer
    }
}

type Answered = (Head, Result<Outcome, NoAnswer>);

/// What is told of one message: its status, and the problem if there is one.
fn told(outcome: Result<Outcome, NoAnswer>) -> (&'static str, Option<Problem>) {
    match outcome {
        Ok(Outcome::Done) => ("accepted", None),
        Ok(Outcome::Duplicate) => ("duplicate", None),
        Ok(Outcome::Postponed) => {
            let detail =
                "Another replica has published contents that this one does not know yet; send it again.";
            ("not_decided", Some(Problem::unavailable("policy_behind", detail, 15)))
        }
        Ok(Outcome::Refused(refusal)) => ("refused", Some(refusal.into())),
        Err(why) => ("not_decided", Some(no_answer(why))),
    }
}

pub(in crate::web) fn no_answer(why: NoAnswer) -> Problem {
    let (code, seconds) = match why {
        NoAnswer::Full => ("busy", 1),
        NoAnswer::Unavailable => ("unavailable", 5),
        NoAnswer::Stopping => ("stopping", 5),
    };
    let detail = why.to_string();
    let mut letters = detail.chars();
    let sentence = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
    Problem::unavailable(code, format!("{}.", sentence.unwrap_or_default()), seconds)
}

fn one(answered: Option<Answered>) -> Result<Response, Problem> {
    let (head, outcome) = answered.ok_or_else(Problem::internal)?;
    match told(outcome) {
        (_, Some(problem)) => Err(problem),
        (status, None) => Ok(json_response(
            StatusCode::ACCEPTED,
            "application/json",
            &Value::Object(head.into_answer(status)),
        )),
    }
}

fn many(answered: Vec<Answered>) -> Response {
    let all: Vec<_> = answered.into_iter().map(|(head, outcome)| (head, told(outcome))).collect();
    let undecided = all.iter().all(|(_, (status, _))| *status == "not_decided");
    if let (true, Some((_, (_, Some(problem))))) = (undecided, all.first()) {
        return problem.clone().into_response();
    }
    let good = all.iter().all(|(_, (_, problem))| problem.is_none());
    let status = if good { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS };
    let items = all.into_iter().map(|(head, (status, problem))| {
        let mut item = head.into_answer(status);
        if let Some(problem) = problem {
            item.insert("problem".to_owned(), problem.to_json());
        }
        Value::Object(item)
    });
    json_response(status, "application/json", &Value::Array(items.collect()))
}

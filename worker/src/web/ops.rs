//! The listener for operators: is it alive, is it ready, what does it count. Keep it off the internet.

use super::guard::{Guard, guard};
use super::problem::{Problem, json_response};
use super::state::{Health, PartState};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Writes all metrics in the text format of Prometheus.
pub type Metrics = Arc<dyn Fn() -> BoxFuture<'static, String> + Send + Sync>;

#[derive(Clone)]
struct Ops {
    health: Health,
    metrics: Metrics,
}

/// The routes for operators: `/livez`, `/readyz`, `/metrics`.
pub fn ops_router(health: Health, metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(count))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(from_fn_with_state(Guard::of_operations(), guard))
        .with_state(Ops { health, metrics })
}

async fn alive() -> Response {
    json_response(StatusCode::OK, "application/json", &json!({"alive": true}))
}

async fn ready(State(ops): State<Ops>) -> Response {
    let report = (ops.health)();
    let part = |state: &PartState| match state {
        PartState::Ready => json!({"state": "ready"}),
        PartState::Degraded(reason) => json!({"state": "degraded", "reason": reason}),
        PartState::Down(reason) => json!({"state": "down", "reason": reason}),
    };
    let parts: Map<String, Value> =
        report.parts.iter().map(|p| (p.name.to_owned(), part(&p.state))).collect();
    let ready = report.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut answer = json!({"ready": ready, "parts": parts});
    if let Some(policy) = report.policy {
        let outcome = if policy.reload_refused { "refused" } else { "applied" };
        let reload = policy.reloaded_at.map(|at| json!({"at": at, "outcome": outcome}));
        answer["policy"] = json!({"hash": policy.hash, "last_reload": reload});
    }
    json_response(status, "application/json", &answer)
}

async fn count(State(ops): State<Ops>) -> Response {
    let text = (ops.metrics)().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

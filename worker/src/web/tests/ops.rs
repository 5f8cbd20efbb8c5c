//! The listener for operators.

use super::stand::*;
use crate::web::{HealthReport, PartHealth, PartState, ops_router};
use axum::Router;
use serde_json::json;
use std::sync::Arc;

type Part = (&'static str, fn() -> PartState);

fn router(states: &'static [Part]) -> Router {
    let report = || HealthReport {
        parts: states.iter().map(|(name, state)| PartHealth { name, state: state() }).collect(),
        policy: None,
    };
    ops_router(Arc::new(report), Arc::new(|| Box::pin(async { "rescind_parked 0\n".to_owned() })))
}

#[tokio::test]
async fn ready_means_no_part_is_down() {
    let good = send(
        &router(&[("store", || PartState::Ready), ("broker", || PartState::Degraded("slow".into()))]),
        ask("GET", "/readyz"),
    )
    .await;
    assert_eq!(good.status, 200);
    assert_eq!(
        good.json(),
        json!({"ready": true, "parts": {"store": {"state": "ready"}, "broker": {"state": "degraded", "reason": "slow"}}})
    );
    let bad =
        send(&router(&[("store", || PartState::Down("no connection".into()))]), ask("GET", "/readyz")).await;
    assert_eq!(bad.status, 503);
    assert_eq!(bad.json()["parts"]["store"], json!({"state": "down", "reason": "no connection"}));
}

#[tokio::test]
async fn alive_and_counting() {
    let router = router(&[("store", || PartState::Down("no connection".into()))]);
    assert_eq!(send(&router, ask("GET", "/livez")).await.status, 200, "waiting is no reason to be restarted");
    let metrics = send(&router, ask("GET", "/metrics")).await;
    assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(metrics.body, "rescind_parked 0\n");
    assert_eq!(send(&router, ask("GET", "/")).await.problem().0, 404);
    assert_eq!(send(&router, ask("POST", "/livez")).await.problem().0, 405);
}

//! A message that no client library can read must not stand in the way of others for ever.

use std::sync::Arc;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use rescind_worker::amqp::Trouble;

use super::engine::Engine;
use super::proxy::rabbitmqctl;
use super::raw;
use super::rig::{Rig, Running, until, url};

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_message_uses_up_its_own_deliveries_only() {
    uses_up_its_own_deliveries_only("poison", async |rig| {
        raw::publish(&url(), &rig.names.exchange, b"caf\xe9").await;
    })
    .await;
}

/// Bodies are cut to the size of the frames that were agreed on, and headers are not.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_headers_too_large_for_a_frame_uses_up_its_own_deliveries_only() {
    uses_up_its_own_deliveries_only("large-headers", async |rig| {
        let mut headers = FieldTable::default();
        headers.insert("note".into(), AMQPValue::LongString("x".repeat(40_000).into()));
        rig.publish_with(BasicProperties::default().with_headers(headers), b"{}").await;
    })
    .await;
}

async fn uses_up_its_own_deliveries_only(name: &str, publish_bad: impl AsyncFnOnce(&Rig)) {
    let rig = Rig::new(name).await;
    let policy = rig.names.queue.clone();
    let pattern = format!("^{}$", rig.names.queue.replace('.', "\\."));
    let limit = [
        "-q",
        "set_policy",
        "--apply-to",
        "queues",
        policy.as_str(),
        pattern.as_str(),
        r#"{"delivery-limit":3}"#,
    ];
    assert!(
        rabbitmqctl(&limit).is_some(),
        "the broker's command line must be at hand: rabbitmqctl as its own user, or a private broker of scripts/test"
    );
    let engine = Arc::new(Engine::new());
    let first = Running::start(rig.settings(&url()), &engine);
    first.consuming().await;
    first.end().await;
    rig.publish_many(0..20).await;
    publish_bad(&rig).await;
    rig.publish_many(20..40).await;

    let running = Running::start(rig.settings(&url()), &engine);
    running.until("noticed", |s| s.last_error_kind == Some(Trouble::Undecodable)).await;
    until("all others decided", async || engine.decided() == 40).await;
    // what was given back goes before what is new: when this one is decided, the bad one is gone
    rig.publish("last").await;
    until("the last decided", async || engine.decided() == 41).await;
    running.consuming().await;
    running.end().await;
    until("an empty queue", async || rig.waiting().await == Some(0)).await;
    assert!(rabbitmqctl(&["-q", "clear_policy", &policy]).is_some());
    rig.clean().await;
}

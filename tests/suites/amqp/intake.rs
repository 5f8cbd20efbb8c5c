//! The intake while broker and store are well.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};

use super::engine::Engine;
use super::rig::{Rig, Running, until, url};

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_messages_are_decided_once_each() {
    let rig = Rig::new("many").await;
    let engine = Arc::new(Engine::new());
    let running = Running::start(rig.settings(&url()), &engine);
    running.consuming().await;
    rig.publish_many(0..2000).await;
    until("2,000 decided", async || engine.decided() == 2000).await;
    running.end().await;
    assert!(engine.decided_once_each());
    assert_eq!(engine.handed_over.load(Ordering::SeqCst), 2000);
    assert!(engine.largest.load(Ordering::SeqCst) <= 50);
    until("an empty queue", async || rig.waiting().await == Some(0)).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_before_it_is_decided() {
    let rig = Rig::new("kill").await;
    let stuck = Arc::new(Engine::gated());
    let running = Running::start(rig.settings(&url()), &stuck);
    running.consuming().await;
    rig.publish("1").await;
    until("handed over", async || stuck.handed_over.load(Ordering::SeqCst) == 1).await;
    running.kill().await;

    let engine = Arc::new(Engine::new());
    let running = Running::start(rig.settings(&url()), &engine);
    until("decided after all", async || engine.decided() == 1).await;
    assert_eq!(*engine.redelivered.lock().unwrap(), ["1"]);
    assert_eq!(stuck.decided(), 0);
    running.end().await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_finishes_what_runs_and_leaves_the_rest() {
    let rig = Rig::new("drain").await;
    let engine = Arc::new(Engine::gated());
    let mut settings = rig.settings(&url());
    (settings.channels, settings.batch_size) = (1, 10);
    // the queue has to hold them all before the first batch is taken
    let first = Running::start(settings.clone(), &engine);
    first.consuming().await;
    first.end().await;
    rig.publish_many(0..100).await;

    let running = Running::start(settings, &engine);
    until("a batch runs", async || engine.batches.load(Ordering::SeqCst) == 1).await;
    running.stop.cancel();
    engine.gate.add_permits(1);
    running.end().await;
    let decided = engine.decided();
    assert!((1..=10).contains(&decided), "{decided} decided");
    assert_eq!(engine.batches.load(Ordering::SeqCst), 1);
    until("the rest in the queue", async || rig.waiting().await == u32::try_from(100 - decided).ok()).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_beyond_the_grace_period_is_given_back() {
    let rig = Rig::new("grace").await;
    let engine = Arc::new(Engine::gated());
    let mut settings = rig.settings(&url());
    settings.grace = std::time::Duration::from_millis(100);
    let running = Running::start(settings, &engine);
    running.consuming().await;
    rig.publish("1").await;
    until("handed over", async || engine.handed_over.load(Ordering::SeqCst) == 1).await;
    running.end().await;
    until("back in the queue", async || rig.waiting().await == Some(1)).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn takes_the_binary_form_and_the_user_that_the_broker_vouches_for() {
    let rig = Rig::new("binary").await;
    let engine = Arc::new(Engine::new());
    let running = Running::start(rig.settings(&url()), &engine);
    running.consuming().await;
    let mut headers = FieldTable::default();
    for (name, value) in [
        ("specversion", "1.0"),
        ("id", "b-1"),
        ("source", "shop"),
        ("type", "consent.withdraw.v1"),
        ("time", "2026-11-22T09:00:00Z"),
    ] {
        headers.insert(format!("cloudEvents:{name}").into(), AMQPValue::LongString(value.into()));
    }
    let user = url().split("://").nth(1).and_then(|u| u.split(':').next()).expect("a user").to_owned();
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_headers(headers)
        .with_user_id(user.as_str().into())
        .with_reply_to("shop.replies".into());
    rig.publish_with(properties, br#"{"a":1}"#).await;
    // refused by the engine, and the next one is none the worse for it
    rig.publish_with(BasicProperties::default(), b"\xff not JSON").await;
    rig.publish("s-1").await;
    until("both decided", async || engine.decided() == 2).await;
    running.end().await;
    {
        let envelopes = engine.envelopes.lock().unwrap();
        let binary = envelopes.iter().find(|e| e.id == "b-1").expect("the binary one");
        assert_eq!(
            (binary.kind.as_str(), binary.replyto.as_deref()),
            ("consent.withdraw.v1", Some("shop.replies"))
        );
        assert_eq!(binary.data["a"], 1);
        assert_eq!(*engine.users.lock().unwrap(), [Some(user), None, None]);
    }
    until("an empty queue", async || rig.waiting().await == Some(0)).await;
    rig.clean().await;
}

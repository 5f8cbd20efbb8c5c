//! The intake while the broker, the store or the engine fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use rescind_worker::amqp::Trouble;

use super::engine::Engine;
use super::proxy::Proxy;
use super::rig::{Rig, Running, until, url};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_stops_consuming_and_makes_no_loop() {
    let rig = Rig::new("store").await;
    let engine = Arc::new(Engine::new());
    let running = Running::start(rig.settings(&url()), &engine);
    running.consuming().await;
    engine.store_fails.store(true, Ordering::SeqCst);
    engine.store_is_ready.store(false, Ordering::SeqCst);
    rig.publish_many(0..60).await;

    // down and says so: each lane fails once at most, then nothing is consumed however long it lasts
    until("asked often", async || engine.asked_ready.load(Ordering::SeqCst) >= 8).await;
    let batches = engine.batches.load(Ordering::SeqCst);
    assert!((1..=2).contains(&batches), "{batches} batches");
    let health = running.health.snapshot();
    assert!(health.connected && !health.consuming);
    assert_eq!(health.last_error_kind, Some(Trouble::StoreUnavailable));
    until("all back in the queue", async || rig.waiting().await == Some(60)).await;

    // says it is well but cannot commit: one message a try
    let before = engine.handed_over.load(Ordering::SeqCst);
    engine.store_is_ready.store(true, Ordering::SeqCst);
    until("tried again", async || engine.batches.load(Ordering::SeqCst) >= batches + 4).await;
    let tries = engine.batches.load(Ordering::SeqCst) - batches;
    let handed_over = engine.handed_over.load(Ordering::SeqCst) - before;
    assert!(handed_over <= tries + 1, "{handed_over} messages in {tries} tries");

    engine.store_fails.store(false, Ordering::SeqCst);
    until("all decided", async || engine.decided() == 60).await;
    running.consuming().await;
    running.end().await;
    assert!(engine.decided_once_each());
    until("an empty queue", async || rig.waiting().await == Some(0)).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_queue_is_declared_again() {
    let rig = Rig::new("deleted").await;
    let engine = Arc::new(Engine::new());
    let running = Running::start(rig.settings(&url()), &engine);
    running.consuming().await;
    rig.delete_queue().await;
    running.until("noticed", |s| s.last_error_kind == Some(Trouble::ConsumerCancelled)).await;
    running.consuming().await;
    rig.publish("1").await;
    until("decided", async || engine.decided() == 1).await;
    running.end().await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_anew() {
    let rig = Rig::new("lost").await;
    let proxy = Proxy::new().await;
    let engine = Arc::new(Engine::new());
    let running = Running::start(rig.settings(&proxy.url), &engine);
    running.consuming().await;
    rig.publish("1").await;
    until("the first", async || engine.decided() == 1).await;

    proxy.cut();
    running.until("noticed", |s| s.last_error_kind == Some(Trouble::ConnectionLost)).await;
    running.consuming().await;
    rig.publish("2").await;
    until("the second", async || engine.decided() == 2).await;

    let mut changes = running.health.subscribe();
    changes.mark_unchanged();
    if proxy.close_at_the_broker().await {
        tokio::time::timeout(super::rig::BOUND, changes.changed()).await.expect("noticed").expect("alive");
    }
    running.consuming().await;
    rig.publish("3").await;
    until("the third", async || engine.decided() == 3).await;
    running.end().await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_while_a_batch_runs_brings_it_back() {
    let rig = Rig::new("midway").await;
    let proxy = Proxy::new().await;
    let engine = Arc::new(Engine::gated());
    let running = Running::start(rig.settings(&proxy.url), &engine);
    running.consuming().await;
    rig.publish("1").await;
    until("handed over", async || engine.handed_over.load(Ordering::SeqCst) == 1).await;
    proxy.cut();
    until("given back", async || rig.waiting().await == Some(1)).await;
    engine.gate.add_permits(2);
    until("handed over again", async || engine.handed_over.load(Ordering::SeqCst) == 2).await;
    until("decided twice, for the inbox to tell", async || engine.decided.lock().unwrap()["1"] == 2).await;
    assert_eq!(*engine.redelivered.lock().unwrap(), ["1"]);
    running.end().await;
    until("an empty queue", async || rig.waiting().await == Some(0)).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_of_another_type_is_named_and_waited_for() {
    let rig = Rig::new("mismatch").await;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    rig.channel
        .queue_declare(rig.names.queue.as_str().into(), durable, FieldTable::default())
        .await
        .expect("a classic queue");
    let engine = Arc::new(Engine::new());
    let running = Running::start(rig.settings(&url()), &engine);
    running.until("named", |s| s.last_error_kind == Some(Trouble::TopologyMismatch)).await;
    assert!(!running.health.snapshot().consuming);
    rig.delete_queue().await;
    running.consuming().await;
    running.end().await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_named_without_being_told() {
    let rig = Rig::new("login").await;
    let engine = Arc::new(Engine::new());
    let wrong = url().replacen("://", "://nobody:hunter2@", 1);
    let (start, host) = wrong.rsplit_once('@').expect("a host");
    let wrong = format!("{}@{host}", start.rsplit_once('@').map_or(start, |(start, _)| start));
    let running = Running::start(rig.settings(&wrong), &engine);
    running.until("named", |s| s.last_error_kind == Some(Trouble::Credentials)).await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_engine_costs_one_redelivery() {
    let rig = Rig::new("panic").await;
    let engine = Arc::new(Engine::new());
    engine.panic_once.store(true, Ordering::SeqCst);
    let running = Running::start(rig.settings(&url()), &engine);
    running.consuming().await;
    rig.publish("1").await;
    until("decided", async || engine.decided() == 1).await;
    assert_eq!(*engine.redelivered.lock().unwrap(), ["1"]);
    // another lane may have decided it before the panic of this one was noticed
    running.until("noticed", |s| s.last_error_kind == Some(Trouble::Engine)).await;
    running.end().await;
    rig.clean().await;
}

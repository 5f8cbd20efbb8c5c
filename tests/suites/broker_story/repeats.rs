//! The broker delivers at least once; a message acts once.

use super::{Rig, SOURCES};
use rescind_tests::app::eventually;
use rescind_tests::broker::{TestBroker, amqp_url};
use rescind_tests::database::TestDatabase;
use rescind_tests::relay::Relay;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_published_twice_acts_once() {
    let rig = Rig::postgres().await;
    let message = rig.request("m-1", json!({"email": "ana@example.org"}));
    rig.broker.publish(&[], &[message.clone(), message.clone()]);
    rig.expect_outcomes("outcome=\"duplicate\",code=\"\"", 1).await;
    rig.sink.wait_for(1).await;
    rig.broker.publish(&[], &[message]);
    rig.expect_outcomes("outcome=\"duplicate\",code=\"\"", 2).await;
    rig.app.quiet().await;
    assert_eq!(rig.app.count("select count(*) from consent_request").await, 1);
    assert_eq!(rig.sink.mails().len(), 1);
    assert!(rig.parked().await.is_empty());
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_decided_but_not_acknowledged_acts_once() {
    let (relay, url) = Relay::before(&amqp_url()).await;
    let rig = Rig::new(TestDatabase::postgres().await, TestBroker::at(&url), SOURCES).await;
    // the broker no longer hears the worker, but the worker hears the broker
    relay.mute();
    let messages: Vec<_> = (0..5)
        .map(|n| rig.request(&format!("m-{n}"), json!({"email": format!("ana{n}@example.org")})))
        .collect();
    rig.broker.publish_by(&amqp_url(), &messages);
    rig.sink.wait_for(5).await;
    rig.expect_outcomes("outcome=\"done\",code=\"\"", 5).await;

    relay.cut();
    rig.expect_outcomes("outcome=\"duplicate\",code=\"\"", 5).await;
    rig.app.ready().await;
    rig.app.quiet().await;
    assert_eq!(rig.app.count("select count(*) from consent_request").await, 5);
    assert_eq!(
        rig.app.count("select count(*) from flight").await,
        0,
        "none is taken for one that kills workers"
    );
    assert_eq!(rig.sink.mails().len(), 5);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_used_for_another_message_is_parked() {
    let rig = Rig::postgres().await;
    rig.broker.publish(&[], &[rig.request("m-1", json!({"email": "ana@example.org"}))]);
    rig.sink.wait_for(1).await;
    let other = rig.request("m-1", json!({"email": "eve@example.org"}));
    rig.broker.publish(&[], &[other]);
    rig.expect_outcomes("outcome=\"refused\",code=\"id_reused\"", 1).await;
    eventually("it is parked", async || rig.parked().await == ["id_reused"]).await;
    assert_eq!(rig.app.count("select count(*) from subject").await, 1, "the other message did nothing");
    rig.app.quiet().await;
    assert_eq!(rig.sink.mails().len(), 1);
    rig.end().await;
}

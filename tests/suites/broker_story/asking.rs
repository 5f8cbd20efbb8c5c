//! The gate asked over the broker: the answer comes to where it was asked to, under the caller's correlation id.

use super::{Rig, SOURCES};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::pika::Reader;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_answers_by_the_broker_on_postgres() {
    answered(Rig::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_answers_by_the_broker_on_sqlite() {
    answered(Rig::new(TestDatabase::sqlite().await, TestBroker::shared(), SOURCES).await).await;
}

async fn answered(rig: Rig) {
    let queue = format!("{}.replies", rig.broker.queue);
    let replies = Reader::new(&rig.broker.url, &queue, &[], 2, Duration::from_secs(25));
    rig.app.send("subject.upsert.v1", json!({"subject": {"ids": {"shop": "4711"}}})).await;
    let check = |id: &str, shop: &str| {
        json!({"specversion": "1.0", "id": id, "source": "shop", "type": "gate.check.v1",
               "time": rig.app.clock.now(),
               "data": {"subject": {"ids": {"shop": shop}}, "purpose": "order", "collected_for": "order"}})
    };
    // as callers of remote procedures do: by the properties of the message
    let asks = ["--routing-key", "gate.check.v1", "--reply-to", &queue, "--correlation-id", "call-1"];
    rig.broker.publish_lines(&asks, &[check("g-1", "4711").to_string(), check("g-2", "none").to_string()]);
    let mut told = replies.messages();
    told.sort_by_key(|message| message["body"]["data"]["check"].to_string());
    for (message, allowed) in told.iter().zip([true, false]) {
        assert_eq!(message["properties"]["correlation_id"], "call-1");
        assert_eq!(
            (&message["body"]["type"], &message["body"]["subject"]),
            (&json!("gate.answered.v1"), &json!(null))
        );
        assert_eq!(message["body"]["data"]["allowed"], allowed, "{message}");
    }
    assert_eq!(rig.app.count("select count(*) from subject").await, 1, "nobody is made by being asked about");
    rig.end().await;
}

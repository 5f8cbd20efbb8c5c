//! What cannot be carried out: parked with its reason, answered where an answer was asked for, and no harm to others.

use super::{Rig, SOURCES};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::pika::Reader;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_parked_and_answered() {
    let rig = Rig::postgres().await;
    let queue = format!("{}.replies", rig.broker.queue);
    let replies = Reader::new(&rig.broker.url, &queue, &[], 1, Duration::from_secs(25));
    let mut message = rig.request("m-1", json!({"email": "ana@example.org"}));
    message["data"]["contents"] = json!(["no-such-content"]);
    message["replyto"] = json!(queue);
    message["correlationid"] = json!("signup-17");
    rig.broker.publish(&[], &[message.clone()]);

    let told = replies.messages().remove(0);
    assert_eq!(told["properties"]["correlation_id"], "signup-17");
    let event = &told["body"];
    assert_eq!((&event["type"], &event["source"]), (&json!("message.refused.v1"), &json!("rescind")));
    assert_eq!(event["correlationid"], "signup-17");
    assert_eq!(event["subject"], json!(null), "a refusal is about nobody");
    let data = &event["data"];
    assert_eq!((&data["id"], &data["source"]), (&json!("m-1"), &json!("shop")));
    assert_eq!(data["code"], "unknown_content");
    assert_eq!(data["fields"][0]["field"], "data.contents[0]");
    assert!(!told.to_string().contains("ana@"), "{told}");
    assert_eq!(rig.parked().await, ["unknown_content"]);
    assert_eq!(rig.app.count("select count(*) from subject").await, 0, "nothing else is left of it");

    // mended, it may come again under its own id
    message["data"]["contents"] = json!(["newsletter"]);
    rig.broker.publish(&[], &[message]);
    rig.sink.wait_for(1).await;
    rig.end().await;
}

/// Whoever asked for an answer learns also of what cannot even be read as an envelope.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_answered_too() {
    let rig = Rig::postgres().await;
    let queue = format!("{}.replies", rig.broker.queue);
    let replies = Reader::new(&rig.broker.url, &queue, &[], 4, Duration::from_secs(25));
    let mut timeless = rig.request("m-1", json!({"email": "ana@example.org"}));
    timeless.as_object_mut().expect("an object").remove("time");
    let mut nul = rig.request("m-2", json!({"email": "ana@example.org", "name": "A\0"}));
    nul["replyto"] = json!(queue);
    let large = "x".repeat(1_200_000);
    let asks = ["--routing-key", "any", "--reply-to", &queue, "--correlation-id", "call-1"];
    rig.broker.publish_lines(&asks, &["{not JSON".to_owned(), timeless.to_string(), large]);
    rig.broker.publish(&[], &[nul]);

    let told = replies.messages();
    let mut codes: Vec<_> =
        told.iter().map(|m| (&m["body"]["data"]["code"], &m["body"]["data"]["id"])).collect();
    codes.sort_by_key(|(code, _)| code.to_string());
    let (timeless, nul, none) = (json!("m-1"), json!("m-2"), json!(""));
    let expected = [
        (json!("invalid_envelope"), &timeless),
        (json!("malformed_json"), &none),
        (json!("nul_character"), &nul),
        (json!("too_large"), &none),
    ];
    assert_eq!(codes, expected.iter().map(|(code, id)| (code, *id)).collect::<Vec<_>>());
    let by_call = told.iter().filter(|m| m["properties"]["correlation_id"] == "call-1");
    assert_eq!(by_call.count(), 3, "{told:?}");
    assert_eq!(rig.parked().await.len(), 4);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_harms_no_other() {
    let mut rig = Rig::postgres().await;
    // all of them wait in the queue, so that they come as one batch
    rig.app.stop().await;
    let good = |n: usize| {
        rig.request(&format!("m-{n}"), json!({"email": format!("ana{n}@example.org")})).to_string()
    };
    let mut future = rig.request("m-8", json!({"email": "eve@example.org"}));
    future["time"] = json!("2027-01-01T00:00:00Z");
    let mut version = rig.request("m-9", json!({"email": "eve@example.org"}));
    version["type"] = json!("consent.request.v9");
    let lines = [
        good(0),
        "this is not JSON".to_owned(),
        good(1),
        "[]".to_owned(),
        rig.request("m-7", json!({"email": "no address"})).to_string(),
        future.to_string(),
        version.to_string(),
        "\u{feff}{\"specversion\": ".to_owned(),
        good(2),
    ];
    rig.broker.publish_lines(&["--routing-key", "consent.request.v1"], &lines);
    assert_eq!(rig.broker.waiting().await, 9);
    rig.app.start().await;

    let mut to: Vec<_> = rig.sink.wait_for(3).await.into_iter().map(|mail| mail.rcpt_to).collect();
    to.sort();
    assert_eq!(to, ["ana0@example.org", "ana1@example.org", "ana2@example.org"]);
    let mut parked = rig.parked().await;
    parked.sort();
    assert_eq!(
        parked,
        [
            "future_time",
            "invalid_envelope",
            "invalid_field",
            "malformed_json",
            "malformed_json",
            "unknown_type"
        ]
    );
    assert_eq!(rig.app.count("select count(*) from subject").await, 3);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brokers_user_names_the_source_and_its_rights() {
    let broker = TestBroker::shared();
    let user = broker.user().to_owned();
    let sources = SOURCES.replacen("gate = true", &format!("gate = true\namqp_user = \"{user}\""), 1);
    let rig = Rig::new(TestDatabase::postgres().await, broker, &sources).await;
    let vouched = ["--user-id", user.as_str()];
    rig.broker.publish(&vouched, &[rig.request("m-1", json!({"email": "ana@example.org"}))]);
    rig.sink.wait_for(1).await;
    assert_eq!(rig.app.column("select told_by from consent_request").await, ["shop"]);

    // a type that the source may not send
    let changed = json!({"specversion": "1.0", "id": "m-2", "source": "shop", "type": "purpose.changed.v1",
                         "time": rig.app.clock.now(), "data": {"purpose": "newsletter"}});
    rig.broker.publish(&vouched, &[changed]);
    rig.expect_outcomes("outcome=\"refused\",code=\"not_allowed\"", 1).await;
    // another one's name
    let mut other = rig.request("m-3", json!({"email": "eve@example.org"}));
    other["source"] = json!("crm");
    rig.broker.publish(&vouched, &[other]);
    rig.expect_outcomes("outcome=\"refused\",code=\"not_allowed\"", 2).await;
    // Rescind's own name, by whoever
    let mut ours = rig.request("m-4", json!({"email": "eve@example.org"}));
    ours["source"] = json!("rescind");
    rig.broker.publish(&[], &[ours]);
    rig.expect_outcomes("outcome=\"refused\",code=\"not_allowed\"", 3).await;
    assert_eq!(rig.parked().await, ["not_allowed"; 3]);

    // an unnamed sender takes no id of the app, whatever it calls itself
    rig.broker.publish(&[], &[rig.request("m-1", json!({"email": "ben@example.org"}))]);
    rig.sink.wait_for(2).await;
    assert_eq!(rig.parked().await.len(), 3);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rights_the_broker_may_send_nothing() {
    let (shop, _) = SOURCES.split_once("[sources.broker]").expect("the section is there");
    let rig = Rig::new(TestDatabase::postgres().await, TestBroker::shared(), shop).await;
    rig.broker.publish(&[], &[rig.request("m-1", json!({"email": "ana@example.org"}))]);
    rig.expect_outcomes("outcome=\"refused\",code=\"not_allowed\"", 1).await;
    assert_eq!(rig.parked().await, ["not_allowed"]);
    rig.app.quiet().await;
    assert!(rig.sink.mails().is_empty());
    rig.end().await;
}

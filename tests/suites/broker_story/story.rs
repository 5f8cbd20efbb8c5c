//! The whole story, from the app's message to the event that it reads.

use super::{Rig, SOURCES};
use rescind_tests::app::link_in;
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_becomes_a_confirmed_consent_on_postgres() {
    told_by_an_app(Rig::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_becomes_a_confirmed_consent_on_sqlite() {
    let database = TestDatabase::sqlite().await;
    told_by_an_app(Rig::new(database, TestBroker::shared(), SOURCES).await).await;
}

async fn told_by_an_app(rig: Rig) {
    let events = rig.broker.read_events(1);
    let mut message = rig.request(
        "m-1",
        json!({"email": "ana@example.org", "name": "Ana", "locale": "de", "ids": {"shop": "4711"}}),
    );
    message["correlationid"] = json!("signup-17");
    rig.broker.publish(&[], &[message]);

    let mail = rig.sink.wait_for(1).await.remove(0);
    assert_eq!((mail.rcpt_to.as_str(), mail.mail_from.as_str()), ("ana@example.org", "consent@example.org"));
    assert!(!rig.app.allowed("ana@example.org").await, "asking is not consent");
    rig.app.agree(&link_in(&mail.text)).await;
    assert!(rig.app.allowed("ana@example.org").await);

    let told = events.messages().remove(0);
    assert_eq!(told["routing_key"], "consent.granted.v1");
    let (properties, event) = (&told["properties"], &told["body"]);
    assert_eq!(properties["content_type"], "application/cloudevents+json");
    assert_eq!(properties["correlation_id"], "signup-17");
    assert_eq!(properties["message_id"], event["id"]);
    assert_eq!(properties["type"], "consent.granted.v1");
    assert_eq!(properties["delivery_mode"], 2);
    assert_eq!(
        without(event, &["id", "subject", "data"]),
        json!({"specversion": "1.0", "source": "rescind", "type": "consent.granted.v1",
               "time": rig.app.clock.now(), "datacontenttype": "application/json",
               "sequence": "00000000000000000001", "correlationid": "signup-17"})
    );
    // the app knows its customer by its own id; the address is not for everybody who listens
    assert_eq!(event["data"]["subject"], json!({"id": event["subject"], "ids": {"shop": "4711"}}));
    assert!(!told.to_string().contains('@'));
    assert_eq!(
        without(&event["data"], &["subject", "consent"]),
        json!({"purpose": "newsletter", "content": "newsletter", "version": 1, "locale": "de",
               "opt_in": "double", "granted_at": rig.app.clock.now()})
    );
    let consent = event["data"]["consent"].as_str().expect("the consent id");
    assert!(consent.parse::<uuid::Uuid>().is_ok(), "{consent}");
    assert_eq!(rig.app.count("select count(*) from consent_record").await, 1);
    assert_eq!(rig.app.acts().await.last().map(String::as_str), Some("consent_granted"));
    assert_eq!(rig.sink.mails().len(), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_form_tells_the_same() {
    let rig = Rig::postgres().await;
    let events = rig.broker.read_events(2);
    for (n, prefix) in ["cloudEvents:", "cloudEvents_"].into_iter().enumerate() {
        let mut message = rig.request(&format!("m-{n}"), json!({"email": format!("ana{n}@example.org")}));
        message["correlationid"] = json!(format!("signup-{n}"));
        rig.broker.publish(&["--binary", "--prefix", prefix], &[message]);
        let mail = rig.sink.wait_for(n + 1).await.remove(n);
        assert_eq!(mail.rcpt_to, format!("ana{n}@example.org"));
        rig.app.agree(&link_in(&mail.text)).await;
    }
    for (n, told) in events.messages().into_iter().enumerate() {
        let event = &told["body"];
        assert_eq!(told["properties"]["correlation_id"], format!("signup-{n}"));
        // no app gave it an id of its own, so the address is all that tells who is meant
        let subject = json!({"id": event["subject"], "email": format!("ana{n}@example.org")});
        assert_eq!(event["data"]["subject"], subject);
    }
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subjects_events_leave_in_their_order() {
    let rig = Rig::postgres().await;
    let events = rig.broker.read_events(9);
    let subject = json!({"ids": {"shop": "4711"}});
    for (n, granted) in [true, false, true, false, true, false].into_iter().enumerate() {
        let (kind, data) = if granted {
            let answer =
                json!([{"category": "personalisation", "content": "recommendations", "answer": "agree"}]);
            ("consent.record.v1", json!({"subject": subject, "consents": answer}))
        } else {
            ("consent.withdraw.v1", json!({"subject": subject, "purposes": ["recommendations"]}))
        };
        rig.app.advance(rescind_jobs::time::Span::minutes(1));
        let message = json!({"specversion": "1.0", "id": format!("m-{n}"), "source": "shop", "type": kind,
                             "time": rig.app.clock.now(), "data": data});
        // one after the other: what two of them did is told by their times, not by who came first
        rig.broker.publish(&[], &[message]);
        rig.expect_outcomes("outcome=\"done\",code=\"\"", u32::try_from(n).expect("few") + 1).await;
    }
    let told = events.messages();
    let numbers: Vec<_> =
        told.iter().filter_map(|t| t["body"]["sequence"].as_str()?.parse::<u64>().ok()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let keys: Vec<_> = told.iter().filter_map(|t| t["routing_key"].as_str()).collect();
    assert_eq!(keys, ["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1"].repeat(3));
    rig.end().await;
}

/// An object without some of its fields, which must be there.
fn without(object: &Value, names: &[&str]) -> Value {
    let mut map = object.as_object().expect("an object").clone();
    for name in names {
        assert!(map.remove(*name).is_some(), "{name} is missing in {object}");
    }
    Value::Object(map)
}

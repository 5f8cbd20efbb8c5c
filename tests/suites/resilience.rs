//! What one message, one row or one record that is wrong may not do to the others (M4, M5), and what follows from
//! acts that are told late or many at a time.

use rescind_jobs::audit::Actor;
use rescind_jobs::model::IdentityValue;
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::time::Span;
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::parts::Parts;
use rescind_worker::operator::Operator;
use rescind_worker::runner::message::{Incoming, OnRefusal, Outcome, Sender};
use rescind_worker::store::dialect::Json;
use rescind_worker::store::outbox::{events, mails};
use rescind_worker::store::queue::{Origin, follow_up_body};
use rescind_worker::store::tables::{EventRow, JobRow, MailRow};
use rescind_worker::store::{Ts, inbox, parked};
use serde_json::{Value, json};
use uuid::Uuid;

on_both_databases! {
    an_id_stays_taken_whatever_comes_under_it,
    what_is_told_to_every_match_waits_sealed,
    a_withdrawal_that_was_parked_waits_sealed,
}

async fn new(database: TestDatabase) -> Parts {
    Parts::new(database, None).await
}

fn envelope(parts: &Parts, id: &str, kind: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "shop", "type": kind, "time": parts.now(), "data": data})
}

async fn handle(parts: &Parts, messages: &[Value], on_refusal: OnRefusal) -> Vec<Outcome> {
    let incoming = |m: &Value| Incoming {
        body: m.to_string().into_bytes(),
        sender: Sender::Local,
        on_refusal,
        redelivered: false,
    };
    parts.engine.handle(messages.iter().map(incoming).collect()).await.expect("the store answers")
}

fn code(outcome: &Outcome) -> Option<RefusalCode> {
    match outcome {
        Outcome::Refused(refusal) => Some(refusal.code),
        _ => None,
    }
}

fn answer(answer: &str) -> Value {
    json!([{"category": "marketing", "content": "newsletter", "answer": answer}])
}

fn upsert(email: &str) -> Value {
    json!({"subject": {"email": email}})
}

async fn an_id_stays_taken_whatever_comes_under_it(database: TestDatabase) {
    let parts = new(database).await;
    let good = envelope(&parts, "1", "subject.upsert.v1", &upsert("ana@example.org"));
    assert_eq!(handle(&parts, std::slice::from_ref(&good), OnRefusal::Park).await, [Outcome::Done]);
    let bad = envelope(&parts, "1", "no.such.type.v1", &json!({}));
    let refused = handle(&parts, &[bad], OnRefusal::Park).await;
    assert_eq!(code(&refused[0]), Some(RefusalCode::UnknownType));
    assert_eq!(handle(&parts, &[good], OnRefusal::Park).await, [Outcome::Duplicate], "the first was decided");
}

fn job(parts: &Parts, n: u128, origin: i16, day: Option<i32>, body: Vec<u8>) -> JobRow {
    JobRow {
        id: Uuid::from_u128(n),
        subject_id: None,
        source: "shop".to_owned(),
        origin,
        kind: None,
        body,
        day,
        due_at: Ts(parts.now()),
        lane: 0,
        attempt: 0,
        schedule: None,
        created_at: Ts(parts.now()),
        correlation: None,
        traceparent: None,
    }
}

/// A withdrawal that names two subjects at once, with evidence.
async fn withdraw_from_two(parts: &Parts) {
    parts.send("1", "subject.upsert.v1", upsert("ana@example.org")).await;
    parts.send("2", "subject.upsert.v1", json!({"subject": {"ids": {"shop": "2"}}})).await;
    let data = json!({"subject": {"email": "ana@example.org", "ids": {"shop": "2"}}, "purposes": ["newsletter"],
        "evidence": {"ip": "203.0.113.7", "user_agent": "Marker/1"}, "staff": "Marker Person"});
    parts.send("3", "consent.withdraw.v1", data).await;
}

async fn what_is_told_to_every_match_waits_sealed(database: TestDatabase) {
    let parts = new(database).await;
    withdraw_from_two(&parts).await;
    assert_eq!(parts.count("select count(*) from job where kind = 'consent.withdraw.v1'").await, 2);
    assert_eq!(parts.count("select count(*) from job where day is null").await, 0, "IP and name are sealed");
    assert_eq!(parts.work().await, 2);
    assert_eq!(parts.count("select count(*) from consent where state = 3").await, 2);
    assert_eq!(parts.count("select count(*) from consent_record where told_by = 'shop'").await, 2);
    assert_eq!(
        parts.count("select count(*) from consent_record where network_evidence is not null").await,
        2
    );
}

async fn a_withdrawal_that_was_parked_waits_sealed(database: TestDatabase) {
    let parts = new(database).await;
    withdraw_from_two(&parts).await;
    parts.execute("update job set attempt = 5").await;
    assert_eq!(parts.work().await, 2);
    let list = parked::list(parts.pool(), None, 10).await.unwrap();
    assert_eq!(list.iter().map(|p| p.source.as_str()).collect::<Vec<_>>(), ["shop", "shop"]);
    for parked in list {
        Operator::new(&parts.opened, Actor::LocalOperator).retry(parked.id).await.unwrap();
    }
    assert_eq!(parts.count("select count(*) from job where day is null").await, 0);
    assert_eq!(parts.work().await, 2);
    assert_eq!(parts.count("select count(*) from consent_record where told_by = 'shop'").await, 2);
}


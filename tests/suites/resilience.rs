//! What one message, one row or one record that is wrong may not do to the others (M4, M5), and what follows from
//! acts that are told late or many at a time.

use rescind_jobs::audit::Actor;
use rescind_jobs::effects::Lane;
use rescind_jobs::model::{IdentityValue, Recipient};
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::time::Span;
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::parts::Parts;
use rescind_worker::operator::Operator;
use rescind_worker::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use rescind_worker::store::dialect::Json;
use rescind_worker::store::outbox::{events, mails};
use rescind_worker::store::queue::{Origin, follow_up_body};
use rescind_worker::store::tables::{EventRow, JobRow, MailRow};
use rescind_worker::store::{Ts, inbox, parked};
use serde_json::{Value, json};
use uuid::Uuid;

on_both_databases! {
    an_id_stays_taken_whatever_comes_under_it,
    a_row_that_cannot_be_opened_holds_nobody_up,
    a_subject_that_cannot_be_read_holds_nobody_up,
    an_identity_without_its_subject_holds_nobody_up,
    mails_and_events_that_cannot_be_read_hold_nobody_up,
    what_is_told_to_every_match_waits_sealed,
    a_withdrawal_that_was_parked_waits_sealed,
    caps_spread_what_a_changed_purpose_asks,
    a_late_no_takes_nothing_back,
    the_same_no_is_proven_once,
    a_consent_is_limited_to_one_thing,
    a_frozen_subject_learns_nothing,
    the_first_address_is_the_primary_one,
    what_was_asked_in_vain_waits_anew_when_asked_again,
    staff_may_retry_what_is_too_old,
    an_attempt_is_called_off_when_the_store_was_away,
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
        answer: Answering::default(),
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

async fn a_row_that_cannot_be_opened_holds_nobody_up(database: TestDatabase) {
    let parts = new(database).await;
    let good =
        envelope(&parts, "1", "subject.upsert.v1", &upsert("ana@example.org")).to_string().into_bytes();
    parts
        .put(&[
            // the key of its day is gone
            job(&parts, 1, Origin::Operator as i16, Some(7), vec![1; 60]),
            // of a version to come
            job(&parts, 2, 99, None, follow_up_body(parts.now(), &json!({}))),
            job(&parts, 3, Origin::Operator as i16, None, good),
        ])
        .await;
    assert_eq!(parts.work().await, 3);
    assert_eq!(parts.count("select count(*) from job").await, 0);
    assert_eq!(parts.count("select count(*) from parked").await, 2);
    assert_eq!(parts.count("select count(*) from parked where code = 'internal_error'").await, 1);
    assert_eq!(parts.count("select count(*) from subject").await, 1);
}

async fn a_subject_that_cannot_be_read_holds_nobody_up(database: TestDatabase) {
    let parts = new(database).await;
    parts.send("1", "subject.upsert.v1", upsert("ana@example.org")).await;
    parts.execute("update subject set state = 9").await;
    let messages = [
        envelope(&parts, "2", "subject.upsert.v1", &upsert("ana@example.org")),
        envelope(&parts, "3", "subject.upsert.v1", &upsert("bob@example.org")),
    ];
    let outcomes = handle(&parts, &messages, OnRefusal::Park).await;
    assert_eq!(code(&outcomes[0]), Some(RefusalCode::InternalError));
    assert_eq!(outcomes[1], Outcome::Done);
    assert_eq!(parts.count("select count(*) from parked").await, 1);
    // and the same from the job table
    for n in [4, 5] {
        let data = upsert(if n == 4 { "ana@example.org" } else { "eve@example.org" });
        let body = envelope(&parts, &n.to_string(), "subject.upsert.v1", &data).to_string().into_bytes();
        parts.put(&[job(&parts, n, Origin::Operator as i16, None, body)]).await;
    }
    assert_eq!(parts.work().await, 2);
    assert_eq!(parts.count("select count(*) from parked").await, 2);
    assert_eq!(parts.count("select count(*) from subject").await, 3);
}

async fn an_identity_without_its_subject_holds_nobody_up(database: TestDatabase) {
    let parts = new(database).await;
    parts.send("1", "subject.upsert.v1", upsert("ana@example.org")).await;
    parts.execute("delete from subject").await;
    let messages = [
        envelope(&parts, "2", "subject.upsert.v1", &upsert("ana@example.org")),
        envelope(&parts, "3", "subject.upsert.v1", &upsert("bob@example.org")),
    ];
    let outcomes = handle(&parts, &messages, OnRefusal::Park).await;
    assert_eq!(code(&outcomes[0]), Some(RefusalCode::InternalError));
    assert_eq!(outcomes[1], Outcome::Done);
}

async fn mails_and_events_that_cannot_be_read_hold_nobody_up(database: TestDatabase) {
    let parts = new(database).await;
    let (now, holder) = (parts.now(), Uuid::from_u128(1));
    let mail = |n, params: Value| MailRow {
        id: Uuid::from_u128(n),
        subject_id: Some(Uuid::from_u128(9)),
        request_id: None,
        notice_id: None,
        purpose: None,
        template: "confirm_consent".to_owned(),
        params: Json(params.to_string()),
        address: Some(vec![0; 32]),
        staff: None,
        answers_subject: 0,
        state: 0,
        lane: 0,
        due_at: Ts(now),
        attempt: 0,
        trouble: None,
        created_at: Ts(now),
        settled_at: None,
        gated: 0,
        topic: None,
        sealed: None,
        channel: None,
        correlation: None,
        traceparent: None,
    };
    let readable = json!({"template": "confirm_consent", "request": Uuid::from_u128(5)});
    parts.put(&[mail(1, json!({"template": "of a version to come"})), mail(2, readable)]).await;
    let claimed =
        mails::claim(parts.pool(), Lane::Request, now, 10, now.plus(Span::minutes(1)), holder).await.unwrap();
    assert_eq!(claimed.iter().map(|m| m.id).collect::<Vec<_>>(), [Uuid::from_u128(2)]);
    assert_eq!(parts.count("select count(*) from mail where state = 5").await, 1, "failed, to be seen");
    let event = |n, data: Value| EventRow {
        id: Uuid::from_u128(n),
        subject_id: None,
        sequence: 0,
        kind: "consent.expired.v1".to_owned(),
        data: Json(data.to_string()),
        reply_to: None,
        at: Ts(now),
        state: 0,
        lane: 0,
        due_at: Ts(now),
        attempt: 0,
        correlation: None,
        traceparent: None,
    };
    let readable =
        json!({"type": "consent.expired.v1", "data": {"purpose": "newsletter", "expired_at": now}});
    parts.put(&[event(1, json!({"type": "of.a.version.to.come.v1"})), event(2, readable)]).await;
    let claimed = events::claim(parts.pool(), now, 10, now.plus(Span::minutes(1)), holder).await.unwrap();
    assert_eq!(claimed.iter().map(|e| e.id).collect::<Vec<_>>(), [Uuid::from_u128(2)]);
    assert_eq!(parts.count("select count(*) from event where state = 3").await, 1, "kept, to be seen");
    assert_eq!(mails::counts(parts.pool()).await.unwrap(), (0, None, 0));
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

async fn caps_spread_what_a_changed_purpose_asks(database: TestDatabase) {
    let parts = new(database).await;
    for n in 0..25 {
        let data = json!({"subject": {"email": format!("user{n}@example.org")}, "consents": answer("agree")});
        parts.send(&n.to_string(), "consent.record.v1", data).await;
    }
    let data = json!({"purpose": "newsletter", "content": "newsletter"});
    parts.send("changed", "purpose.changed.v1", data).await;
    parts.work().await;
    assert_eq!(parts.count("select count(*) from consent_request").await, 20, "a domain's cap an hour");
    assert_eq!(parts.count("select count(*) from parked").await, 0);
    parts.clock.advance(Span::hours(2));
    parts.work().await;
    assert_eq!(
        parts.count("select count(*) from consent_request").await,
        25,
        "everybody is asked in the end"
    );
    assert_eq!(parts.count("select count(*) from parked").await, 0);
}

async fn a_late_no_takes_nothing_back(database: TestDatabase) {
    let parts = new(database).await;
    let subject = json!({"email": "ana@example.org"});
    parts.send("1", "consent.record.v1", json!({"subject": subject, "consents": answer("agree")})).await;
    let earlier = parts.now().minus(Span::hours(1));
    let no = json!({"subject": subject, "consents": answer("disagree"), "given_at": earlier});
    parts.send("2", "consent.record.v1", no).await;
    assert_eq!(parts.count("select count(*) from consent where state = 1").await, 1);
    assert_eq!(parts.count("select count(*) from consent where withdrawn_at is not null").await, 0);
    assert_eq!(parts.count("select count(*) from consent_record where expression = 2").await, 1, "refused");
    assert_eq!(parts.count("select count(*) from consent_record where expression = 3").await, 0);
}

async fn the_same_no_is_proven_once(database: TestDatabase) {
    let parts = new(database).await;
    let subject = json!({"email": "ana@example.org"});
    parts.send("1", "consent.record.v1", json!({"subject": subject, "consents": answer("agree")})).await;
    parts.clock.advance(Span::hours(1));
    let no = json!({"subject": subject, "consents": answer("disagree"), "given_at": parts.now()});
    parts.send("2", "consent.record.v1", no.clone()).await;
    parts.send("3", "consent.record.v1", no).await;
    assert_eq!(parts.count("select count(*) from consent where state = 3").await, 1, "withdrawn");
    assert_eq!(parts.count("select count(*) from consent_record").await, 2);
}

async fn a_consent_is_limited_to_one_thing(database: TestDatabase) {
    let parts = new(database).await;
    let mut consents = answer("agree");
    consents[0]["address"] = json!({"email": "ana@example.org"});
    consents[0]["contact"] = json!("office");
    let data = json!({"subject": {"email": "ana@example.org"}, "consents": consents});
    let message = envelope(&parts, "1", "consent.record.v1", &data);
    let outcomes = handle(&parts, &[message], OnRefusal::Tell).await;
    let Outcome::Refused(refusal) = &outcomes[0] else { panic!("taken: {outcomes:?}") };
    assert_eq!(refusal.fields[0].field, "data.consents[0].contact");
}

async fn a_frozen_subject_learns_nothing(database: TestDatabase) {
    let parts = new(database).await;
    parts.send("1", "subject.upsert.v1", upsert("ana@example.org")).await;
    parts.execute("update subject set state = 1").await;
    let subject = json!({"email": "ana@example.org", "name": "Mallory", "ids": {"shop": "1"}});
    parts.send("2", "consent.withdraw.v1", json!({"subject": subject, "purposes": ["newsletter"]})).await;
    assert_eq!(parts.count("select count(*) from consent where state = 3").await, 1, "it counts");
    assert_eq!(parts.count("select count(*) from identity").await, 1);
    assert_eq!(parts.count("select count(*) from subject_field").await, 0);
}

async fn the_first_address_is_the_primary_one(database: TestDatabase) {
    let parts = new(database).await;
    let mut messages = Vec::new();
    for n in 0..8 {
        for which in ["first", "second"] {
            let subject =
                json!({"ids": {"shop": n.to_string()}, "email": format!("{which}@host{n}.example")});
            let data = json!({"subject": subject});
            messages.push(envelope(&parts, &format!("{n}-{which}"), "subject.upsert.v1", &data));
        }
    }
    assert!(handle(&parts, &messages, OnRefusal::Park).await.iter().all(|o| *o == Outcome::Done));
    for n in 0..8 {
        let data = json!({"subject": {"ids": {"shop": n.to_string()}}, "contents": ["newsletter"]});
        parts.send(&format!("{n}"), "consent.request.v1", data).await;
    }
    let now = parts.now();
    let lease = now.plus(Span::minutes(1));
    let claimed =
        mails::claim(parts.pool(), Lane::Request, now, 10, lease, Uuid::from_u128(1)).await.unwrap();
    let mut addressed: Vec<_> = claimed
        .iter()
        .map(|m| match &m.to {
            Recipient::Address(index) => *index,
            Recipient::Staff(_) => panic!("nobody of the staff was written to"),
        })
        .collect();
    let index = |n| {
        let email = IdentityValue::email(&format!("first@host{n}.example")).expect("an address");
        parts.opened.vault.blind_index(&email)
    };
    let mut expected: Vec<_> = (0..8).map(index).collect();
    addressed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(addressed, expected);
    assert_eq!(parts.count("select count(*) from identity where is_primary = 1 and kind = 'email'").await, 8);
}

async fn what_was_asked_in_vain_waits_anew_when_asked_again(database: TestDatabase) {
    let parts = new(database).await;
    let data = json!({"subject": {"email": "ana@example.org"}, "contents": ["newsletter"]});
    parts.send("1", "consent.request.v1", data.clone()).await;
    parts.clock.advance(Span::days(60));
    parts.work().await;
    assert_eq!(parts.count("select count(*) from consent where state = 4").await, 1, "expired");
    parts.send("2", "consent.request.v1", data).await;
    assert_eq!(parts.count("select count(*) from consent where state = 0").await, 1, "requested");
}

async fn staff_may_retry_what_is_too_old(database: TestDatabase) {
    let parts = new(database).await;
    let mut message = envelope(&parts, "1", "subject.upsert.v1", &upsert("ana@example.org"));
    message["time"] = json!(parts.now().minus(Span::days(40)));
    let outcomes = handle(&parts, &[message], OnRefusal::Park).await;
    assert_eq!(code(&outcomes[0]), Some(RefusalCode::TooOld));
    let list = parked::list(parts.pool(), None, 10).await.unwrap();
    Operator::new(&parts.opened, Actor::LocalOperator).retry(list[0].id).await.unwrap();
    assert_eq!(parts.work().await, 1);
    assert_eq!(parts.count("select count(*) from parked").await, 0);
    assert_eq!(parts.count("select count(*) from subject").await, 1);
}

async fn an_attempt_is_called_off_when_the_store_was_away(database: TestDatabase) {
    let parts = new(database).await;
    let key = ("shop".to_owned(), "1".to_owned());
    let mut tx = parts.pool().begin().await.unwrap();
    for expected in [1, 2] {
        assert_eq!(inbox::take_off(&mut tx, &key, Ts(parts.now())).await.unwrap(), expected);
    }
    inbox::call_off(&mut tx, &key).await.unwrap();
    assert_eq!(inbox::take_off(&mut tx, &key, Ts(parts.now())).await.unwrap(), 2);
    tx.commit().await.unwrap();
}

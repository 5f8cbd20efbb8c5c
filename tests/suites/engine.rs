//! The engine, seen from outside: what it takes once, what it refuses, what it parks, and in which order (M4, M5).

use rescind_jobs::audit::Actor;
use rescind_jobs::effects::Lane;
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::on_both;
use rescind_worker::operator::Operator;
use rescind_worker::runner::flights::Flights;
use rescind_worker::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use rescind_worker::store::{parked, queue};
use serde_json::{Value, json};

on_both! {
    a_message_twice_acts_once,
    the_same_id_with_another_body_is_refused,
    a_refused_message_may_be_mended_under_its_id,
    one_bad_message_harms_no_other,
    refused_messages_are_parked_and_can_be_tried_again,
    malformed_messages_are_parked_once,
    conflicting_identities_are_parked,
    a_withdrawal_reaches_every_match,
    identities_are_learnt,
    concurrent_first_contacts_make_one_subject,
    a_refused_naming_joins_nobody,
    an_old_message_is_refused,
    a_purpose_that_changed_asks_everybody_anew,
    a_row_that_was_in_flight_is_tried_alone_and_parked_in_the_end,
    a_redelivered_message_is_tried_a_limited_number_of_times,
    refusals_leave_no_trace,
}

fn incoming(message: &Value, on_refusal: OnRefusal) -> Incoming {
    Incoming {
        body: message.to_string().into_bytes(),
        sender: Sender::Local,
        on_refusal,
        redelivered: false,
        answer: Answering::default(),
    }
}

async fn handle(app: &TestApp, messages: &[Value], on_refusal: OnRefusal) -> Vec<Outcome> {
    let messages = messages.iter().map(|m| incoming(m, on_refusal)).collect();
    app.worker().engine.handle(messages).await.expect("the store is there")
}

fn code(outcome: &Outcome) -> Option<RefusalCode> {
    match outcome {
        Outcome::Refused(refusal) => Some(refusal.code),
        _ => None,
    }
}

fn request(email: &str) -> Value {
    json!({"subject": {"email": email}, "contents": ["newsletter"]})
}

async fn a_message_twice_acts_once(app: TestApp) {
    let message = app.message("consent.request.v1", request("ana@example.org"));
    let (status, first) = app.post(&message).await;
    assert_eq!((status, &first["status"]), (202, &json!("accepted")));
    let (status, again) = app.post(&message).await;
    assert_eq!((status, &again["status"]), (202, &json!("duplicate")));
    let twins = handle(&app, &[message.clone(), message], OnRefusal::Tell).await;
    assert_eq!(twins, [Outcome::Duplicate, Outcome::Duplicate]);
    app.quiet().await;
    assert_eq!(app.letters().len(), 1);
    assert_eq!(app.count("select count(*) from consent_request").await, 1);
}

async fn the_same_id_with_another_body_is_refused(app: TestApp) {
    let mut message = app.message("consent.request.v1", request("ana@example.org"));
    app.post(&message).await;
    message["data"] = request("bob@example.org");
    let (status, problem) = app.post(&message).await;
    assert_eq!((status, &problem["code"]), (422, &json!("id_reused")));
    let parked = handle(&app, &[message], OnRefusal::Park).await;
    assert_eq!(code(&parked[0]), Some(RefusalCode::IdReused));
    assert_eq!(app.count("select count(*) from parked").await, 1);
    assert_eq!(app.count("select count(*) from subject").await, 1);
}

async fn a_refused_message_may_be_mended_under_its_id(app: TestApp) {
    let mut message = app.message(
        "consent.request.v1",
        json!({"subject": {"email": "ana@example.org"}, "contents": ["nothing"]}),
    );
    assert_eq!(app.post(&message).await.0, 422);
    message["data"]["contents"] = json!(["newsletter"]);
    assert_eq!(app.post(&message).await.0, 202);
}

async fn one_bad_message_harms_no_other(app: TestApp) {
    let good = |n: usize| app.message("consent.request.v1", request(&format!("user{n}@host{n}.example")));
    let mut messages: Vec<Value> = (0..20).map(good).collect();
    messages.insert(
        3,
        app.message(
            "consent.request.v1",
            json!({"subject": {"email": "not an address"}, "contents": ["newsletter"]}),
        ),
    );
    messages.insert(7, app.message("no.such.type.v1", json!({})));
    messages.insert(9, json!({"specversion": "1.0"}));
    messages.insert(
        11,
        app.message(
            "consent.request.v1",
            json!({"subject": {"email": "a\u{0}b@example.org"}, "contents": ["newsletter"]}),
        ),
    );
    let outcomes = handle(&app, &messages, OnRefusal::Park).await;
    let done = outcomes.iter().filter(|o| **o == Outcome::Done).count();
    assert_eq!(done, 20);
    assert_eq!(code(&outcomes[3]), Some(RefusalCode::InvalidField));
    assert_eq!(code(&outcomes[7]), Some(RefusalCode::UnknownType));
    assert_eq!(code(&outcomes[9]), Some(RefusalCode::InvalidEnvelope));
    assert_eq!(code(&outcomes[11]), Some(RefusalCode::NulCharacter));
    app.quiet().await;
    assert_eq!(app.letters().len(), 20);
    assert_eq!(app.count("select count(*) from parked").await, 4);
}

async fn refused_messages_are_parked_and_can_be_tried_again(app: TestApp) {
    let message = app.message("consent.record.v1", json!({
        "subject": {"email": "ana@example.org"}, "consents": [{"category": "marketing", "content": "newsletter", "answer": "agree"}],
        "given_at": "2026-11-23T09:00:00Z"}));
    let outcomes = handle(&app, &[message], OnRefusal::Park).await;
    assert_eq!(code(&outcomes[0]), Some(RefusalCode::FutureTime));
    let pool = app.worker().engine.pool();
    let list = parked::list(pool, None, 10).await.unwrap();
    assert_eq!((list[0].code.as_str(), list[0].fields[0].field.as_str()), ("future_time", "data.given_at"));
    // a day later it is no longer the future
    app.advance(Span::days(2));
    let opened = app.open().await;
    Operator::new(&opened, Actor::LocalOperator).retry(list[0].id).await.unwrap();
    eventually("the grant", async || app.count("select count(*) from consent where state = 1").await == 1)
        .await;
    assert_eq!(app.count("select count(*) from parked").await, 0);
}

async fn malformed_messages_are_parked_once(app: TestApp) {
    let bad = || Incoming {
        body: b"{not json".to_vec(),
        sender: Sender::Broker,
        on_refusal: OnRefusal::Park,
        redelivered: false,
        answer: Answering::default(),
    };
    for _ in 0..3 {
        let outcomes = app.worker().engine.handle(vec![bad(), bad()]).await.unwrap();
        assert_eq!(code(&outcomes[0]), Some(RefusalCode::MalformedJson));
    }
    assert_eq!(app.count("select count(*) from parked").await, 1);
    assert_eq!(app.count("select count(*) from inbox").await, 0);
}

async fn conflicting_identities_are_parked(app: TestApp) {
    app.send("subject.upsert.v1", json!({"subject": {"email": "ana@example.org"}})).await;
    app.send("subject.upsert.v1", json!({"subject": {"ids": {"shop": "2"}}})).await;
    let problem = app
        .refused(
            "consent.request.v1",
            json!({
        "subject": {"email": "ana@example.org", "ids": {"shop": "2"}}, "contents": ["newsletter"]}),
        )
        .await;
    assert_eq!(problem["code"], "conflicting_identities");
    assert_eq!(app.count("select count(*) from subject").await, 2);
    // also when both are brought in by the very batch that joins them
    let messages = [
        app.message("subject.upsert.v1", json!({"subject": {"email": "bob@example.org"}})),
        app.message("subject.upsert.v1", json!({"subject": {"ids": {"shop": "3"}}})),
        app.message(
            "subject.upsert.v1",
            json!({"subject": {"email": "bob@example.org", "ids": {"shop": "3"}}}),
        ),
    ];
    let outcomes = handle(&app, &messages, OnRefusal::Park).await;
    assert_eq!(outcomes[..2], [Outcome::Done, Outcome::Done]);
    assert_eq!(code(&outcomes[2]), Some(RefusalCode::ConflictingIdentities));
}

async fn a_withdrawal_reaches_every_match(app: TestApp) {
    let agree = json!([{"category": "marketing", "content": "newsletter", "answer": "agree"}]);
    for subject in [json!({"email": "ana@example.org"}), json!({"ids": {"shop": "2"}})] {
        app.send("consent.record.v1", json!({"subject": subject, "consents": agree})).await;
    }
    app.advance(Span::minutes(1));
    app.send(
        "consent.withdraw.v1",
        json!({"subject": {"email": "ana@example.org", "ids": {"shop": "2"}}, "purposes": "all"}),
    )
    .await;
    eventually("both withdrawn", async || {
        app.count("select count(*) from consent where purpose = 'newsletter' and state = 3").await == 2
    })
    .await;
    let told_by = app.column("select distinct told_by from consent_record").await;
    assert_eq!(told_by, ["shop"], "the withdrawal is told by who sent it");
}

async fn identities_are_learnt(app: TestApp) {
    app.send("subject.upsert.v1", json!({"subject": {"ids": {"shop": "1"}}})).await;
    app.send(
        "subject.upsert.v1",
        json!({"subject": {"ids": {"shop": "1", "crm": "x"}, "email": "ana@example.org"}}),
    )
    .await;
    app.send("consent.request.v1", json!({"subject": {"ids": {"crm": "x"}}, "contents": ["newsletter"]}))
        .await;
    assert_eq!(app.letter(1).await.to, "ana@example.org");
    assert_eq!(app.count("select count(*) from subject").await, 1);
    assert_eq!(app.count("select count(*) from identity").await, 3);
}

async fn concurrent_first_contacts_make_one_subject(app: TestApp) {
    let engine = app.worker().engine.clone();
    let mut tasks = Vec::new();
    for n in 0..8 {
        let messages: Vec<Incoming> = (0..25)
            .map(|m| {
                let email = format!("user{}@example.org", (m * 7 + n) % 25);
                let subject = if m % 3 == 0 {
                    json!({"email": email, "ids": {"shop": format!("{}", (m * 7 + n) % 25)}})
                } else {
                    json!({"email": email})
                };
                incoming(&app.message("subject.upsert.v1", json!({"subject": subject})), OnRefusal::Park)
            })
            .collect();
        let engine = engine.clone();
        tasks.push(tokio::spawn(async move { engine.handle(messages).await.expect("the store is there") }));
    }
    for task in tasks {
        assert!(task.await.unwrap().iter().all(|o| *o == Outcome::Done));
    }
    assert_eq!(app.count("select count(*) from subject").await, 25);
    assert_eq!(app.count("select count(*) from identity where kind = 'email'").await, 25);
    let versions = app.count("select cast(sum(version) as bigint) from subject").await;
    assert_eq!(versions, 200, "every decision counted once");
}

async fn a_refused_naming_joins_nobody(app: TestApp) {
    let messages = [
        // refused: unknown content; but it names both
        app.message(
            "consent.request.v1",
            json!({"subject": {"email": "ana@example.org", "ids": {"shop": "9"}}, "contents": ["nothing"]}),
        ),
        app.message("subject.upsert.v1", json!({"subject": {"email": "ana@example.org"}})),
        app.message("subject.upsert.v1", json!({"subject": {"ids": {"shop": "9"}}})),
    ];
    let outcomes = handle(&app, &messages, OnRefusal::Park).await;
    assert_eq!(code(&outcomes[0]), Some(RefusalCode::UnknownContent));
    assert_eq!(outcomes[1..], [Outcome::Done, Outcome::Done]);
    assert_eq!(
        app.count("select count(*) from subject").await,
        2,
        "they are two people as far as anybody knows"
    );
}

async fn an_old_message_is_refused(app: TestApp) {
    let mut message = app.message("consent.request.v1", request("ana@example.org"));
    message["time"] = json!("2026-10-01T00:00:00Z");
    let (status, problem) = app.post(&message).await;
    assert_eq!((status, &problem["code"]), (422, &json!("too_old")));
}

async fn a_purpose_that_changed_asks_everybody_anew(app: TestApp) {
    let agree = json!([{"category": "marketing", "content": "newsletter", "answer": "agree"}]);
    let messages: Vec<Value> = (0..30)
        .map(|n| {
            let subject = json!({"email": format!("user{n}@host{n}.example")});
            app.message("consent.record.v1", json!({"subject": subject, "consents": agree}))
        })
        .collect();
    handle(&app, &messages, OnRefusal::Park).await;
    app.send("purpose.changed.v1", json!({"purpose": "newsletter", "content": "newsletter"})).await;
    app.letter(30).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 30, "each was asked once");
    assert_eq!(
        app.count("select count(*) from consent where state = 1 and purpose = 'newsletter'").await,
        30,
        "and stands until answered"
    );
    let problem =
        app.refused("purpose.changed.v1", json!({"purpose": "nothing", "content": "newsletter"})).await;
    assert_eq!(problem["errors"][0]["field"], "data.purpose");
}

async fn a_row_that_was_in_flight_is_tried_alone_and_parked_in_the_end(mut app: TestApp) {
    app.request("ana@example.org").await;
    app.letter(1).await;
    // the notes of a worker that died with this row in flight, as often as it takes
    let row = app.column("select cast(kind as text) from job where kind = 'consent.remind.v1'").await;
    assert_eq!(row.len(), 1);
    let ids = rescind_worker::store::queue::ids(app.worker().engine.pool()).await.unwrap();
    for _ in 0..5 {
        app.stop().await;
        let folder = app.folder.path().join("data/in-flight");
        Flights::new(&folder, "request").unwrap().take_off(&ids).unwrap();
        app.start().await;
    }
    app.advance(Span::days(8));
    eventually("parked", async || app.count("select count(*) from parked where code = 'crashed'").await == 2)
        .await;
    // a schedule may have fired meanwhile, so its row may be there for a moment
    eventually("nothing is left", async || {
        queue::depth(app.worker().engine.pool(), app.clock.now()).await.unwrap().0 == 0
    })
    .await;
}

async fn a_redelivered_message_is_tried_a_limited_number_of_times(app: TestApp) {
    let message = app.message("consent.request.v1", request("ana@example.org"));
    let mut redelivered = incoming(&message, OnRefusal::Park);
    redelivered.redelivered = true;
    let outcomes = app.worker().engine.handle(vec![redelivered.clone()]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Done]);
    assert_eq!(app.count("select count(*) from flight").await, 0, "landed");
    let outcomes = app.worker().engine.handle(vec![redelivered]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Duplicate]);
}

async fn refusals_leave_no_trace(app: TestApp) {
    app.refused(
        "consent.request.v1",
        json!({"subject": {"email": "ana@example.org"}, "contents": ["nothing"]}),
    )
    .await;
    for table in [
        "select count(*) from subject",
        "select count(*) from identity",
        "select count(*) from inbox",
        "select count(*) from audit",
        "select count(*) from parked",
    ] {
        assert_eq!(app.count(table).await, 0, "{table}");
    }
    let flights = Flights::new(&app.folder.path().join("notes"), "test").unwrap();
    assert_eq!(app.worker().engine.work(Lane::Request, &flights).await.unwrap(), 0);
}

//! The gate beyond a single question: many in one call, asked by a message, and the snapshot with which an app's own copy
//! begins (A8, M8).

use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::on_both;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both! {
    many_questions_are_answered_each_on_its_own,
    a_question_by_message_is_answered_and_changes_nothing,
    a_snapshot_and_the_events_after_it_make_a_copy,
    a_snapshot_of_another_basis_holds_everybody_it_allows,
}

async fn ask(app: &TestApp, body: &Value) -> (u16, Value) {
    let response = app.http.post(app.url("/v1/gate")).json(body).send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

async fn snapshot(app: &TestApp, query: &str) -> Value {
    let response = app.http.get(app.url(&format!("/v1/snapshot?{query}"))).send().await.expect("an answer");
    let (status, body) = (response.status().as_u16(), response.json().await.expect("JSON"));
    assert_eq!(status, 200, "{body}");
    body
}

/// Somebody with a consent to recommendations, known to the shop by a number.
async fn granted(app: &TestApp, number: usize) {
    let subject = json!({"email": format!("ana{number}@example.org"), "ids": {"shop": number.to_string()}});
    let yes = json!({"category": "personalisation", "content": "recommendations", "answer": "agree"});
    app.send("consent.record.v1", json!({"subject": subject, "consents": [yes]})).await;
}

async fn many_questions_are_answered_each_on_its_own(app: TestApp) {
    for number in 0..3 {
        granted(&app, number).await;
    }
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", json!({"subject": {"ids": {"shop": "1"}}, "purposes": "all"})).await;
    app.send(
        "subject.object.v1",
        json!({"subject": {"ids": {"shop": "2"}}, "purposes": ["fraud_prevention"]}),
    )
    .await;
    let about = |subject: Value, purpose: &str| json!({"subject": subject, "purpose": purpose});
    let (status, answers) = ask(
        &app,
        &json!([
            about(json!({"email": "ana0@example.org"}), "recommendations"),
            about(json!({"ids": {"shop": "0"}}), "recommendations"),
            about(json!({"ids": {"shop": "0"}}), "newsletter"),
            about(json!({"email": "ana1@example.org"}), "recommendations"),
            about(json!({"email": "ana2@example.org"}), "fraud_prevention"),
            about(json!({"email": "nobody@example.org"}), "recommendations"),
            about(json!({"email": "ana0@example.org"}), "order"),
        ]),
    )
    .await;
    assert_eq!(status, 200, "{answers}");
    let reasons: Vec<_> = answers.as_array().expect("a list").iter().map(|a| a["reason"].clone()).collect();
    assert_eq!(
        reasons,
        [
            "consent_granted",
            "consent_granted",
            "no_consent",
            "consent_withdrawn",
            "subject_restricted",
            "unknown_subject",
            "lawful_basis"
        ]
    );
    // what cannot be answered costs the others nothing
    let wrong = json!([
        about(json!({"email": "ana0@example.org"}), "nothing"),
        about(json!({"email": "no address"}), "order"),
        7,
        about(json!({"email": "ana0@example.org"}), "order"),
    ]);
    let (status, answers) = ask(&app, &wrong).await;
    assert_eq!(status, 207, "{answers}");
    let codes: Vec<_> = (0..4).map(|n| answers[n]["problem"]["code"].clone()).collect();
    assert_eq!(
        codes,
        [json!("unknown_purpose"), json!("invalid_field"), json!("invalid_field"), Value::Null]
    );
    assert_eq!(answers[1]["problem"]["errors"][0]["field"], "subject.email");
    assert_eq!(answers[3]["allowed"], true);
    let many = Value::Array(vec![about(json!({"email": "ana0@example.org"}), "order"); 1001]);
    assert_eq!(ask(&app, &many).await.0, 413);
    assert_eq!(ask(&app, &json!([])).await, (200, json!([])));
}

async fn a_question_by_message_is_answered_and_changes_nothing(app: TestApp) {
    granted(&app, 0).await;
    app.quiet().await;
    let before = app.column("select cast(version as text) from subject").await;
    for (subject, allowed) in [
        (json!({"ids": {"shop": "0"}, "email": "another@example.org"}), true),
        (json!({"email": "nobody@example.org"}), false),
    ] {
        let data = json!({"subject": subject, "purpose": "recommendations"});
        let mut message = app.message("gate.check.v1", data);
        message["correlationid"] = json!("call-7");
        message["replyto"] = json!("shop.answers");
        let (status, answer) = app.post(&message).await;
        assert_eq!(status, 202, "{answer}");
        // told again, it is answered once
        assert_eq!(app.post(&message).await.1["status"], "duplicate");
        let answered =
            "select data || '' from event where kind = 'gate.answered.v1' order by at desc, id desc limit 1";
        let told = if app.worker().engine.pool().is_postgres() {
            "select cast(data as text) from event where kind = 'gate.answered.v1' order by at desc, id desc limit 1"
        } else {
            answered
        };
        let told: Value = serde_json::from_str(&app.column(told).await[0]).expect("JSON");
        assert_eq!((&told["data"]["allowed"], &told["data"]["check"]), (&json!(allowed), &message["id"]));
        assert_eq!(told["data"]["source"], "shop");
        app.advance(Span::seconds(1));
    }
    let sent = "select reply_to || ' ' || correlation from event where kind = 'gate.answered.v1'";
    assert_eq!(app.column(sent).await, ["shop.answers call-7"; 2]);
    assert_eq!(
        app.column("select cast(version as text) from subject").await,
        before,
        "nobody was changed or made"
    );
    assert_eq!(app.count("select count(*) from identity").await, 2, "and nothing was learnt");
    let unknown = json!({"subject": {"ids": {"shop": "0"}}, "purpose": "nothing"});
    let problem = app.refused("gate.check.v1", unknown).await;
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["field"]),
        (&json!("unknown_purpose"), &json!("data.purpose"))
    );
}

/// An app's own copy: by subject the number of the last event, and whether it may.
type Copy = BTreeMap<String, (String, bool)>;

/// Walks through the whole snapshot.
async fn copy(app: &TestApp, purpose: &str, limit: usize) -> (Copy, usize) {
    let (mut copy, mut after, mut pages) = (Copy::new(), String::new(), 0);
    loop {
        let page = snapshot(app, &format!("purpose={purpose}&limit={limit}{after}")).await;
        pages += 1;
        for entry in page["subjects"].as_array().expect("a list") {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            copy.insert(text(&entry["subject"]["id"]), (text(&entry["sequence"]), true));
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return (copy, pages),
        }
    }
}

async fn a_snapshot_and_the_events_after_it_make_a_copy(app: TestApp) {
    for number in 0..5 {
        granted(&app, number).await;
    }
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", json!({"subject": {"ids": {"shop": "4"}}, "purposes": "all"})).await;
    let (mut copy, pages) = copy(&app, "recommendations", 2).await;
    assert_eq!((copy.len(), pages), (4, 3), "two a page, and one that says that it is over");
    let first = snapshot(&app, "purpose=recommendations&limit=1").await;
    let entry = &first["subjects"][0];
    assert_eq!((&entry["reason"], &entry["basis"]), (&json!("consent_granted"), &json!("consent")));
    assert!(
        entry["subject"]["ids"]["shop"].is_string() && entry["subject"].get("email").is_none(),
        "{entry}"
    );

    // what happens while and after it is read
    app.send(
        "consent.withdraw.v1",
        json!({"subject": {"ids": {"shop": "0"}}, "purposes": ["recommendations"]}),
    )
    .await;
    granted(&app, 5).await;
    app.quiet().await;
    let events = "select cast(subject_id as text) || ' ' || kind || ' ' || cast(sequence as text) from event \
                  where subject_id is not null order by subject_id, sequence";
    let events = if app.worker().engine.pool().is_postgres() {
        events
    } else {
        "select lower(hex(subject_id)) || ' ' || kind || ' ' || sequence from event \
         where subject_id is not null order by subject_id, sequence"
    };
    // every event that was ever told, the old ones too: the numbers say which are in the copy already
    for line in app.column(events).await {
        let mut parts = line.split(' ');
        let mut next = || parts.next().expect("a part").to_owned();
        let (id, kind, number) = (next(), next(), next());
        let id = id.parse::<uuid::Uuid>().expect("an id").to_string();
        let number = format!("{:020}", number.parse::<i64>().expect("a number"));
        if copy.get(&id).is_some_and(|(known, _)| *known >= number) {
            continue;
        }
        match kind.as_str() {
            "consent.granted.v1" => drop(copy.insert(id, (number, true))),
            "consent.withdrawn.v1" => drop(copy.insert(id, (number, false))),
            _ => {}
        }
    }
    let allowed = copy.values().filter(|(_, allowed)| *allowed).count();
    assert_eq!(allowed, 4, "{copy:?}");
    for (number, expected) in [(0, false), (1, true), (4, false), (5, true)] {
        let answer = app.gate(&format!("ana{number}@example.org"), "recommendations").await;
        assert_eq!(answer["allowed"], expected, "{number}");
    }
    for (query, field) in [
        ("limit=5", "purpose"),
        ("purpose=nothing", "purpose"),
        ("purpose=newsletter&limit=0", "limit"),
        ("purpose=newsletter&after=x", "after"),
        ("purpose=newsletter&since=1", "since"),
    ] {
        let response =
            app.http.get(app.url(&format!("/v1/snapshot?{query}"))).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 422, "{query}");
        let problem: Value = response.json().await.expect("JSON");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
    eventually("everything is told", async || {
        app.count("select count(*) from event where state < 2").await == 0
    })
    .await;
}

async fn a_snapshot_of_another_basis_holds_everybody_it_allows(app: TestApp) {
    for number in 0..3 {
        granted(&app, number).await;
    }
    let restricted = json!({"subject": {"ids": {"shop": "0"}}, "ground": "legal_claims"});
    app.send("subject.restrict.v1", restricted).await;
    let (orders, _) = copy(&app, "order", 500).await;
    assert_eq!(orders.len(), 2, "a restricted one is left out");
    let (accounts, _) = copy(&app, "accounting", 500).await;
    assert_eq!(accounts.len(), 3, "which goes on meanwhile");
}

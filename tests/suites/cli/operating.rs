//! What operators do with what is parked, stuck or due by the clock.

use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::on_both;
use serde_json::{Value, json};

on_both! {
    a_parked_message_is_looked_at_and_tried_again,
    all_are_tried_again_once,
    a_parked_message_is_dropped,
    a_follow_up_is_tried_again,
    a_mail_is_sent_again,
    a_kept_event_is_queued_again,
    schedules_are_paused_resumed_and_run,
}

/// Parks a message whose time has not come yet.
async fn park_early(app: &TestApp, id: &str) {
    let requested_at = app.clock.now().plus(Span::minutes(10));
    let subject = json!({"email": "ana@example.org"});
    let data =
        json!({"subject": subject, "contents": ["newsletter"], "requested_at": requested_at}).to_string();
    let arguments = ["send", "--type", "consent.request.v1", "--data", &data, "--id", id, "--wait", "60"];
    let ran = app.rescind(&arguments).await;
    assert!(ran.out.contains("future_time"), "{}", ran.out);
}

async fn parked(app: &TestApp) -> Vec<Value> {
    let list = app.rescind(&["parked", "list", "--json"]).await.json();
    list.as_array().expect("an array").clone()
}

async fn acts_of(app: &TestApp, beginning: &str) -> Vec<Value> {
    let details = app.column("select detail from audit order by id").await;
    let details = details.iter().map(|d| serde_json::from_str::<Value>(d).expect("JSON"));
    details.filter(|d| d["act"].as_str().expect("an act").starts_with(beginning)).collect()
}

async fn a_parked_message_is_looked_at_and_tried_again(app: TestApp) {
    park_early(&app, "p-1").await;
    let list = parked(&app).await;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["code"], "future_time");
    assert_eq!(list[0]["message_id"], "p-1");
    let id = list[0]["id"].as_str().expect("an id");

    let shown = app.rescind(&["parked", "show", id]).await.done();
    assert!(shown.contains("future_time") && !shown.contains("ana@"), "{shown}");
    assert_eq!(acts_of(&app, "parked").await.len(), 0, "a look at the reason is no reveal");

    let shown = app.rescind(&["parked", "show", id, "--reveal-body"]).await.done();
    assert!(shown.contains("ana@example.org"), "{shown}");
    let acts = acts_of(&app, "parked").await;
    assert_eq!(acts.len(), 1);
    assert_eq!((&acts[0]["act"], &acts[0]["parked"]), (&json!("parked_revealed"), &json!(id)));
    assert_eq!((&acts[0]["actor"], &acts[0]["source"]), (&json!("local operator"), &json!("local operator")));

    // too early still: parked once more
    app.rescind(&["parked", "retry", id]).await.done();
    eventually("it is parked again", async || parked(&app).await.iter().any(|p| p["id"] != *id)).await;
    let again = parked(&app).await;
    assert_eq!(again.len(), 1);

    app.advance(Span::minutes(11));
    app.rescind(&["parked", "retry", again[0]["id"].as_str().expect("an id")]).await.done();
    assert_eq!(app.letter(1).await.to, "ana@example.org");
    assert_eq!(parked(&app).await.len(), 0);
    assert_eq!(acts_of(&app, "parked_retried").await.len(), 2);
    let told = app.rescind(&["parked", "retry", id]).await.failed();
    assert!(told.contains("there is none with the id"), "{told}");
    app.rescind(&["parked", "show", id]).await.failed();
}

async fn all_are_tried_again_once(app: TestApp) {
    for id in ["p-1", "p-2", "p-3"] {
        park_early(&app, id).await;
    }
    // a page at a time
    let first = app.rescind(&["parked", "list", "--limit", "2", "--json"]).await.json();
    let last = first[1]["id"].as_str().expect("an id");
    let second = app.rescind(&["parked", "list", "--after", last, "--json"]).await.json();
    assert_eq!((first.as_array().unwrap().len(), second.as_array().unwrap().len()), (2, 1));

    app.advance(Span::minutes(11));
    assert_eq!(app.rescind(&["parked", "retry", "--all"]).await.done(), "3 queued again\n");
    app.quiet().await;
    assert_eq!(parked(&app).await.len(), 0);
    assert_eq!(app.letters().len(), 1, "three requests for the same consent are one mail");
    app.rescind(&["parked", "retry"]).await.wrong();
}

async fn a_parked_message_is_dropped(app: TestApp) {
    park_early(&app, "p-1").await;
    let id = parked(&app).await[0]["id"].as_str().expect("an id").to_owned();
    app.rescind(&["parked", "drop", &id]).await.done();
    assert_eq!(parked(&app).await.len(), 0);
    assert_eq!(acts_of(&app, "parked_dropped").await.len(), 1);
    assert!(app.rescind(&["parked", "list"]).await.done().contains("Nothing is parked."));
    app.rescind(&["parked", "drop", &id]).await.failed();
}

/// A message of Rescind to itself that was parked comes back as what it was.
async fn a_follow_up_is_tried_again(mut app: TestApp) {
    app.request("ana@example.org").await;
    app.letter(1).await;
    // it is said to have brought the worker down again and again
    app.stop().await;
    let opened = app.open().await;
    let sql: &'static _ =
        Box::leak(Box::new(rescind_worker::store::dialect::sql("update job set attempt = 100")));
    assert!(opened.pool.write(sql, vec![]).await.expect("written") > 0, "a reminder waits");
    opened.pool.close().await;
    app.advance(Span::days(60));
    app.start().await;
    eventually("it is parked", async || !parked(&app).await.is_empty()).await;
    app.quiet().await;
    let list = parked(&app).await;
    assert_eq!(list.len(), 2, "reminder and expiry say the same of the same request, and are two messages");
    assert!(list.iter().all(|p| p["code"] == "crashed" && p["source"] == "rescind"), "{list:?}");
    assert_eq!(app.events().await, Vec::<String>::new(), "the request has not ended");
    app.rescind(&["parked", "retry", "--all"]).await.done();
    app.expect_events(&["consent.request_expired.v1"]).await;
    assert_eq!(parked(&app).await.len(), 0);
}

async fn a_mail_is_sent_again(app: TestApp) {
    app.request("ana@example.org").await;
    app.letter(1).await;
    app.quiet().await;
    let sent = app.rescind(&["outbox", "list", "--state", "sent", "--json"]).await.json();
    assert_eq!((&sent[0]["kind"], &sent[0]["template"]), (&json!("mail"), &json!("confirm_consent")));
    let id = sent[0]["id"].as_str().expect("an id");
    let told = app.rescind(&["outbox", "retry", id]).await.failed();
    assert!(told.contains("is sent"), "{told}");

    write(&app, "update mail set state = 6, trouble = 'the worker died while it was handed over'").await;
    let list = app.rescind(&["outbox", "list"]).await.done();
    assert!(list.contains("uncertain") && list.contains("the worker died") && !list.contains('@'), "{list}");
    assert!(app.rescind(&["outbox", "retry", id]).await.done().contains("mail"));
    eventually("it is sent", async || app.count("select count(*) from mail where state = 3").await == 1)
        .await;
    let acts = acts_of(&app, "mail_retried").await;
    assert_eq!(acts[0]["mail"], *id);
    let told = app.rescind(&["outbox", "list", "--state", "lost"]).await.wrong();
    assert!(told.contains("expected one of queued"), "{told}");
    app.rescind(&["outbox", "retry", "0192d7a0-0000-7000-8000-000000000001"]).await.failed();
}

async fn a_kept_event_is_queued_again(app: TestApp) {
    app.request("ana@example.org").await;
    let link = app.letter(1).await.link();
    app.agree(&link).await;
    app.expect_events(&["consent.granted.v1"]).await;
    let events = app.rescind(&["events", "list", "--json"]).await.json();
    assert_eq!((&events[0]["type"], &events[0]["state"]), (&json!("consent.granted.v1"), &json!("kept")));
    let id = events[0]["id"].as_str().expect("an id");
    assert!(app.rescind(&["outbox", "retry", id]).await.done().contains("event"));
    app.quiet().await;
    assert_eq!(app.events().await, ["consent.granted.v1"]);
    assert!(
        app.rescind(&["outbox", "list", "--kind", "event"]).await.done().contains("nothing in the outbox")
    );
}

async fn schedules_are_paused_resumed_and_run(app: TestApp) {
    let state = async || app.rescind(&["schedule", "list", "--json"]).await.json()[0].clone();
    assert_eq!(state().await["name"], "housekeeping");
    assert_eq!(app.rescind(&["schedule", "pause", "housekeeping"]).await.done(), "housekeeping is paused\n");
    assert!(app.rescind(&["schedule", "pause", "housekeeping"]).await.done().contains("already"));
    assert_eq!(state().await["paused"], true);
    assert!(app.rescind(&["schedule", "resume", "housekeeping"]).await.done().contains("goes on"));
    assert_eq!(state().await["paused"], false);

    app.rescind(&["schedule", "run", "housekeeping"]).await.done();
    eventually("it ran", async || app.count("select count(*) from sweep_run").await == 1).await;
    let told = app.rescind(&["schedule", "run", "housekeping"]).await.wrong();
    assert!(told.contains("it has housekeeping"), "{told}");
    let table = app.rescind(&["schedule", "list"]).await.done();
    assert!(table.contains("0 3 * * *") && table.contains("Europe/Berlin"), "{table}");
}

/// Changes what the worker wrote.
async fn write(app: &TestApp, sql: &'static str) {
    let sql: &'static _ = Box::leak(Box::new(rescind_worker::store::dialect::sql(sql)));
    app.worker().engine.pool().write(sql, vec![]).await.expect("written");
}

//! Art. 18.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::eventually;
use rescind_tests::on_both;
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};

on_both! {
    a_frozen_subject_is_neither_changed_nor_mailed,
    what_was_queued_no_longer_leaves,
    withdrawal_and_objection_always_work,
    staff_are_told_how_to_recognise_it,
    it_ends_once_the_subject_was_told,
    who_cannot_be_told_by_mail_is_told_otherwise,
    without_an_address_somebody_must_say_how_it_was_told,
    one_ground_at_a_time,
    what_was_withdrawn_meanwhile_is_erased_afterwards,
}

async fn restrict(app: &TestApp) {
    app.send("subject.restrict.v1", json!({"subject": ana(), "ground": "accuracy_contested"})).await;
}

async fn a_frozen_subject_is_neither_changed_nor_mailed(app: TestApp) {
    consented(&app).await;
    restrict(&app).await;
    assert_eq!(reason(&app, "recommendations").await, "subject_restricted");
    assert_eq!(reason(&app, "order").await, "subject_restricted");
    assert_eq!(reason(&app, "accounting").await, "lawful_basis", "Art. 18(2)");
    for (kind, data) in [
        ("subject.upsert.v1", json!({"subject": ana(), "fields": {"company": "Example Ltd"}})),
        ("consent.request.v1", json!({"subject": ana(), "contents": ["newsletter"]})),
        (
            "consent.record.v1",
            json!({"subject": ana(), "consents": [{"category": "marketing", "content": "newsletter", "answer": "agree"}]}),
        ),
    ] {
        let problem = app.refused(kind, data).await;
        assert_eq!(problem["code"], "subject_closed", "{kind}: {problem}");
    }
    // naming it teaches nothing either
    let named = json!({"email": ANA, "phone": "+49 30 1234567", "name": "Somebody Else"});
    app.send("consent.withdraw.v1", json!({"subject": named, "purposes": ["newsletter"]})).await;
    assert_eq!(app.count("select count(*) from identity where kind = 'phone'").await, 0);
    eventually("the answer to her request", async || mails(&app) == ["The use of your data is restricted"])
        .await;
    // told again, nothing happens twice
    restrict(&app).await;
    app.quiet().await;
    assert_eq!(mails(&app).len(), 1);
    let events = app.events().await;
    assert_eq!(events.iter().filter(|e| *e == "subject.restricted.v1").count(), 1, "{events:?}");
    assert!(events.contains(&"processing.stop.v1".to_owned()));
    let problem = app
        .refused(
            "subject.restrict.v1",
            json!({"subject": {"email": "x@example.org"}, "ground": "legal_claims"}),
        )
        .await;
    assert_eq!(problem["code"], "unknown_subject");
}

async fn what_was_queued_no_longer_leaves(mut app: TestApp) {
    let mut sink = SmtpSink::start(SinkOptions::default()).await;
    app.mail_to(sink.port).await;
    sink.stop().await;
    app.request(ANA).await;
    let waits = "select count(*) from mail where state = 0 and attempt = 1";
    eventually("it waits for its next attempt", async || app.count(waits).await == 1).await;
    restrict(&app).await;
    let suppressed = "select count(*) from mail where state = 7 and trouble = 'processing is restricted'";
    assert_eq!(app.count(suppressed).await, 1, "in that very transaction");
    let sink = SmtpSink::start(SinkOptions { port: sink.port, ..SinkOptions::default() }).await;
    app.advance(Span::minutes(5));
    eventually("the answer leaves", async || sink.mails().iter().any(|m| m.rcpt_to == ANA)).await;
    app.advance(Span::days(4));
    app.quiet().await;
    assert_eq!(sink.mails().iter().filter(|m| m.rcpt_to == ANA).count(), 1, "no question, no reminder");
}

async fn withdrawal_and_objection_always_work(app: TestApp) {
    consented(&app).await;
    restrict(&app).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", json!({"subject": ana(), "purposes": ["recommendations"]})).await;
    assert_eq!(app.count("select count(*) from consent where state = 3").await, 1);
    app.send("subject.object.v1", json!({"subject": ana(), "purposes": "marketing"})).await;
    assert_eq!(app.count("select count(*) from objection where state = 1").await, 2);
    let no = json!([{"category": "marketing", "content": "newsletter", "answer": "disagree"}]);
    app.send("consent.record.v1", json!({"subject": ana(), "consents": no})).await;
    assert_eq!(state(&app).await, 1);
}

async fn staff_are_told_how_to_recognise_it(app: TestApp) {
    consented(&app).await;
    restrict(&app).await;
    app.staff_letter(2).await;
    let carl = app.staff_letters().into_iter().find(|l| l.to.starts_with("carl")).expect("Carl is told");
    assert_eq!(carl.subject, "Do not use: restricted data");
    assert!(carl.text.contains("subject_restricted") && carl.text.contains("rescind subjects show"));
    let shown = app.rescind(&["subjects", "show", &format!("email:{ANA}")]).await.done();
    assert!(shown.contains("restricted") && shown.contains("accuracy_contested"), "{shown}");
}

async fn it_ends_once_the_subject_was_told(mut app: TestApp) {
    let mut sink = SmtpSink::start(SinkOptions::default()).await;
    app.mail_to(sink.port).await;
    consented(&app).await;
    restrict(&app).await;
    eventually("it is confirmed", async || sink.mails().iter().any(|m| m.rcpt_to == ANA)).await;
    app.quiet().await;
    sink.stop().await;
    app.advance(Span::days(3));
    app.send("subject.unrestrict.v1", json!({"subject": ana()})).await;
    app.send("subject.unrestrict.v1", json!({"subject": ana()})).await;
    assert_eq!(app.count("select count(*) from mail where template = 'restriction_ending'").await, 1);
    assert_eq!(state(&app).await, 1, "not before the mail has left");
    assert_eq!(reason(&app, "recommendations").await, "subject_restricted");
    let _sink = SmtpSink::start(SinkOptions { port: sink.port, ..SinkOptions::default() }).await;
    app.advance(Span::minutes(5));
    eventually("it is lifted", async || state(&app).await == 0).await;
    assert_eq!(reason(&app, "recommendations").await, "consent_granted");
    app.quiet().await;
    assert_eq!(app.events().await.last().map(String::as_str), Some("subject.unrestricted.v1"));
    let problem = app.refused("subject.unrestrict.v1", json!({"subject": ana()})).await;
    assert_eq!(problem["code"], "not_restricted");
}

async fn who_cannot_be_told_by_mail_is_told_otherwise(mut app: TestApp) {
    let sink = SmtpSink::start(SinkOptions::default()).await;
    app.mail_to(sink.port).await;
    let subject = json!({"email": "reject-rcpt@example.org", "ids": {"shop": "4711"}});
    app.send("subject.upsert.v1", json!({"subject": subject})).await;
    let quiet = json!({"subject": subject, "ground": "legal_claims", "confirm": false});
    app.send("subject.restrict.v1", quiet).await;
    app.send("subject.unrestrict.v1", json!({"subject": subject})).await;
    eventually("staff are told", async || {
        app.count("select count(*) from staff_notice where kind = 4").await == 1
    })
    .await;
    assert_eq!(state(&app).await, 1, "it stays in force");
    let unreachable = app.refused("subject.unrestrict.v1", json!({"subject": subject})).await;
    assert_eq!(unreachable["code"], "subject_unreachable", "{unreachable}");
    app.send("subject.unrestrict.v1", json!({"subject": subject, "told": {"how": "letter"}})).await;
    assert_eq!(state(&app).await, 0);
}

async fn without_an_address_somebody_must_say_how_it_was_told(app: TestApp) {
    let subject = json!({"ids": {"shop": "4711"}});
    app.send("subject.upsert.v1", json!({"subject": subject})).await;
    app.send("subject.restrict.v1", json!({"subject": subject, "ground": "unlawful_processing"})).await;
    let problem = app.refused("subject.unrestrict.v1", json!({"subject": subject})).await;
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["field"]),
        (&json!("subject_unreachable"), &json!("data.told"))
    );
    let blank = json!({"subject": subject, "told": {"how": " "}});
    assert_eq!(app.refused("subject.unrestrict.v1", blank).await["errors"][0]["field"], "data.told.how");
    app.send("subject.unrestrict.v1", json!({"subject": subject, "told": {"how": "phone"}})).await;
    assert_eq!(state(&app).await, 0);
}

async fn one_ground_at_a_time(app: TestApp) {
    consented(&app).await;
    restrict(&app).await;
    app.send("subject.restrict.v1", json!({"subject": ana(), "ground": "legal_claims"})).await;
    let told = json!({"subject": ana(), "ground": "legal_claims", "told": {"how": "phone"}});
    app.send("subject.unrestrict.v1", told).await;
    assert_eq!(state(&app).await, 1, "the other ground holds");
    app.send("subject.unrestrict.v1", json!({"subject": ana(), "told": {"how": "phone"}})).await;
    assert_eq!(state(&app).await, 0);
    let problem =
        app.refused("subject.restrict.v1", json!({"subject": ana(), "ground": "objection_pending"})).await;
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("subject.object.v1")), "{problem}");
}

async fn what_was_withdrawn_meanwhile_is_erased_afterwards(app: TestApp) {
    consented(&app).await;
    app.send("subject.upsert.v1", json!({"subject": ana(), "fields": {"birthday": "1990-12-31"}})).await;
    restrict(&app).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", json!({"subject": ana(), "purposes": ["recommendations"]})).await;
    let birthdays = "select count(*) from subject_field where field = 'birthday'";
    assert_eq!(app.count(birthdays).await, 1, "what is frozen is not erased");
    app.send("subject.unrestrict.v1", json!({"subject": ana(), "told": {"how": "phone"}})).await;
    assert_eq!(app.count(birthdays).await, 0);
    app.quiet().await;
    assert_eq!(app.events().await.last().map(String::as_str), Some("subject.fields_erased.v1"));
}

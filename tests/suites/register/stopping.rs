//! What follows a withdrawal at once: nothing queued leaves, apps are told to stop, values that rested on it go (E5, E7).

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::eventually;
use rescind_tests::on_both;
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};

on_both! {
    everything_queued_under_the_purpose_is_suppressed_at_once,
    the_current_consents_are_withdrawn_and_no_others,
    values_that_rested_on_it_are_erased,
    values_that_another_purpose_needs_stay,
    a_no_after_a_yes_stops_just_as_well,
}

fn withdrawal(purposes: Value) -> Value {
    json!({"subject": {"email": ANA}, "purposes": purposes})
}

async fn everything_queued_under_the_purpose_is_suppressed_at_once(mut app: TestApp) {
    let mut sink = SmtpSink::start(SinkOptions::default()).await;
    app.mail_to(sink.port).await;
    sink.stop().await;
    let subject = json!({"email": ANA});
    let contents = json!(["newsletter", "recommendations"]);
    app.send("consent.request.v1", json!({"subject": subject, "contents": contents})).await;
    let waits = "select count(*) from mail where state = 0 and attempt = 1";
    eventually("both wait for their next attempt", async || app.count(waits).await == 2).await;
    app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    let queued = "select count(*) from mail where purpose = 'recommendations' and state in (0, 1)";
    let suppressed = "select count(*) from mail where purpose = 'newsletter' and state = 7";
    assert_eq!(app.count(suppressed).await, 1, "in that very transaction");
    assert_eq!(app.count(queued).await, 1, "the other waits");
    let sink = SmtpSink::start(SinkOptions { port: sink.port, ..SinkOptions::default() }).await;
    app.advance(Span::minutes(5));
    eventually("the other leaves", async || sink.mails().iter().any(|m| m.rcpt_to == ANA)).await;
    app.quiet().await;
    assert_eq!(sink.mails().iter().filter(|m| m.rcpt_to == ANA).count(), 1);
}

async fn the_current_consents_are_withdrawn_and_no_others(app: TestApp) {
    app.send("consent.record.v1", of_ana(&[agree("personalisation", "recommendations")])).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", withdrawal(json!("current"))).await;
    assert_eq!(gate(&app, json!({"email": ANA}), "recommendations").await.1, "consent_withdrawn");
    assert_eq!(gate(&app, json!({"email": ANA}), "newsletter").await.1, "no_consent");
    // nothing is current any more
    app.send("consent.withdraw.v1", withdrawal(json!("current"))).await;
    app.expect_events(&["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1"]).await;
    assert_eq!(app.count("select count(*) from consent_record where expression = 3").await, 1);
}

async fn values_that_rested_on_it_are_erased(app: TestApp) {
    app.send("consent.record.v1", of_ana(&[agree("personalisation", "recommendations")])).await;
    let fields = json!({"birthday": "1990-12-31", "company": "Example Ltd"});
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}, "fields": fields})).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", withdrawal(json!("all"))).await;
    assert_eq!(app.column("select field from subject_field order by field").await, ["company"]);
    app.quiet().await;
    assert_eq!(app.events().await.last().map(String::as_str), Some("subject.fields_erased.v1"));
    assert!(app.acts().await.contains(&"fields_erased".to_owned()));
}

async fn values_that_another_purpose_needs_stay(app: TestApp) {
    let needed = "[purposes.order]\nfields = [\"birthday\"]\n";
    let app = under(app, &EXAMPLE.replace("[purposes.order]\n", needed)).await;
    app.send("consent.record.v1", of_ana(&[agree("personalisation", "recommendations")])).await;
    let fields = json!({"birthday": "1990-12-31"});
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}, "fields": fields})).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", withdrawal(json!("all"))).await;
    assert_eq!(app.column("select field from subject_field").await, ["birthday"]);
}

async fn a_no_after_a_yes_stops_just_as_well(app: TestApp) {
    app.send("consent.record.v1", of_ana(&[agree("marketing", "newsletter")])).await;
    app.advance(Span::hours(1));
    app.send("consent.record.v1", of_ana(&[disagree("marketing", "newsletter")])).await;
    app.expect_events(&["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1"]).await;
    app.staff_letter(1).await;
}

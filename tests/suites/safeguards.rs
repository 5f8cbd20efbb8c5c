//! What must not slip through: revived consents, renamed people, notices told twice, events held back.

use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::on_both;
use serde_json::{Value, json};

on_both! {
    an_import_that_tells_when_revives_nothing,
    withdrawn_once_more_is_told_once,
    a_refusal_elsewhere_voids_the_link,
    a_request_renames_nobody,
    an_address_told_anew_is_tried_anew,
    a_source_is_a_name,
    many_are_entered_in_the_trail,
}

const ANA: &str = "ana@example.org";

fn agree() -> Value {
    json!([{"category": "marketing", "content": "newsletter", "answer": "agree"}])
}

async fn an_import_that_tells_when_revives_nothing(app: TestApp) {
    app.send("consent.record.v1", json!({"subject": {"email": ANA}, "consents": agree()})).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["newsletter"]})).await;
    app.advance(Span::days(1));
    let old = json!({"subject": {"email": ANA}, "consents": agree(), "given_at": "2026-11-22T09:30:00Z"});
    app.send("consent.record.v1", old).await;
    assert_eq!(app.count("select count(*) from consent where state = 1").await, 0);
}

async fn withdrawn_once_more_is_told_once(app: TestApp) {
    app.send("consent.record.v1", json!({"subject": {"email": ANA}, "consents": agree()})).await;
    for _ in 0..3 {
        app.advance(Span::hours(1));
        app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["newsletter"]})).await;
    }
    app.quiet().await;
    app.expect_events(&["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1"]).await;
    assert_eq!(
        app.count("select count(*) from consent_record where expression = 3").await,
        3,
        "each is proven"
    );
    assert_eq!(app.gate(ANA, "newsletter").await["since"], "2026-11-22T12:00:00Z", "the latest counts");
}

async fn a_refusal_elsewhere_voids_the_link(app: TestApp) {
    app.request(ANA).await;
    let link = app.letter(1).await.link();
    app.advance(Span::minutes(1));
    let no = json!([{"category": "marketing", "content": "newsletter", "answer": "disagree"}]);
    app.send("consent.record.v1", json!({"subject": {"email": ANA}, "consents": no})).await;
    assert_eq!(app.get(&link).await.0, 404);
    assert!(!app.allowed(ANA).await);
}

async fn a_request_renames_nobody(app: TestApp) {
    let named = |name: &str| json!({"email": ANA, "name": name});
    let ask = |name: &str| json!({"subject": named(name), "contents": ["recommendations"]});
    app.send("subject.upsert.v1", json!({"subject": named("Ana")})).await;
    app.send("consent.request.v1", ask("Somebody Else")).await;
    let mail = app.letter(1).await;
    assert!(mail.text.contains("Ana") && !mail.text.contains("Somebody Else"), "{}", mail.text);
    app.send("subject.upsert.v1", json!({"subject": named("Ana Maria")})).await;
    app.advance(Span::days(2));
    let ask = json!({"subject": named("Else"), "contents": ["newsletter"]});
    app.send("consent.request.v1", ask).await;
    assert!(app.letter(2).await.text.contains("Ana Maria"));
}

async fn an_address_told_anew_is_tried_anew(app: TestApp) {
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}})).await;
    let query = rescind_worker::store::dialect::sql(
        "update identity set undeliverable_at = (select created_at from subject where id = identity.subject_id)",
    );
    app.worker().engine.pool().write(Box::leak(Box::new(query)), vec![]).await.unwrap();
    app.request(ANA).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 0);
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}})).await;
    app.advance(Span::days(1));
    app.request(ANA).await;
    assert_eq!(app.letter(1).await.to, ANA);
}

async fn a_source_is_a_name(app: TestApp) {
    let mut message = app.message("subject.upsert.v1", json!({"subject": {"email": ANA}}));
    message["source"] = json!("ana@example.org");
    let (status, problem) = app.post(&message).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("source")));
}

async fn many_are_entered_in_the_trail(app: TestApp) {
    app.send("consent.record.v1", json!({"subject": {"email": ANA}, "consents": agree()})).await;
    app.send("purpose.changed.v1", json!({"purpose": "newsletter", "content": "newsletter"})).await;
    let mail = app.letter(1).await;
    app.agree(&mail.link()).await;
    eventually("the trail", async || {
        let all = app.column("select detail from audit where subject_id is null").await;
        all.iter().any(|d| d.contains("\"act\":\"expanded\"") && d.contains("consent.ask_again.v1"))
    })
    .await;
}

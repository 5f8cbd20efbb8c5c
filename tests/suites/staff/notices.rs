//! What staff are told, and how often.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::eventually;
use rescind_tests::on_both;
use rescind_tests::operations::example_policy;

on_both! {
    whoever_handles_the_purpose_is_told_to_stop,
    the_caretaker_is_always_told,
    one_notice_however_often_it_is_delivered,
    acknowledged_by_a_link_that_opening_does_not_use_up,
    who_has_not_acknowledged_is_reminded_and_then_escalated,
    who_has_acknowledged_is_left_in_peace,
    a_digest_tells_several_at_once,
    notices_lie_sealed_in_the_store,
    a_purpose_that_nobody_handles_goes_to_the_administrators,
}

async fn whoever_handles_the_purpose_is_told_to_stop(app: TestApp) {
    consented(&app).await;
    app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    let letter = app.staff_letter(1).await;
    assert_eq!(letter.to, "bea.meyer@staff.example.org");
    assert_eq!(letter.subject, "Bitte stoppen: Newsletter", "in the reader's language");
    for part in [&letter.text, &letter.html] {
        // the name and the shop's id are shown as they are, the address is masked
        assert!(part.contains("Ana Lindqvist") && part.contains("4711"), "{part}");
        assert!(part.contains("a••@e••••••.org") && !part.contains(ANA), "{part}");
        assert!(part.contains("Zu viele Nachrichten") && part.contains("/s/"), "{part}");
    }
    app.quiet().await;
    assert_eq!(app.staff_letters().len(), 1, "the administrators handle something else");
    assert_eq!(notices(&app, &[]).await, ["bea withdrawal open"]);
}

async fn the_caretaker_is_always_told(app: TestApp) {
    consented(&app).await;
    let caretaker = json!({"subject": {"email": ANA}, "caretaker": "carl"});
    app.send("subject.upsert.v1", caretaker).await;
    app.send("consent.withdraw.v1", withdrawal(json!("current"))).await;
    app.staff_letter(2).await;
    assert_eq!(notices(&app, &[]).await, ["bea withdrawal open", "carl withdrawal open"]);
    let carl = app.staff_letters().into_iter().find(|l| l.to.starts_with("carl")).expect("Carl is told");
    assert_eq!(carl.subject, "Please stop: Newsletter, Personal recommendations");

    let problem =
        app.refused("subject.upsert.v1", json!({"subject": {"email": ANA}, "caretaker": "eve"})).await;
    assert_eq!(problem["errors"][0]["field"], "data.caretaker", "{problem}");
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}, "caretaker": ""})).await;
    assert_eq!(app.count("select count(*) from subject where caretaker is not null").await, 0);
}

async fn one_notice_however_often_it_is_delivered(app: TestApp) {
    consented(&app).await;
    let message = app.message("consent.withdraw.v1", withdrawal(json!("all")));
    for _ in 0..3 {
        assert_eq!(app.post(&message).await.0, 202);
    }
    // the same act, told by another message
    let mut again = withdrawal(json!("all"));
    again["withdrawn_at"] = message["time"].clone();
    app.send("consent.withdraw.v1", again).await;
    app.staff_letter(1).await;
    app.quiet().await;
    assert_eq!(app.staff_letters().len(), 1);
    assert_eq!(app.count("select count(*) from staff_notice").await, 1);
    // another withdrawal is another notice
    app.advance(Span::hours(1));
    let yes = json!([{"category": "personalisation", "content": "recommendations", "answer": "agree"}]);
    app.send("consent.record.v1", json!({"subject": {"email": ANA}, "consents": yes})).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", withdrawal(json!(["recommendations"]))).await;
    app.staff_letter(2).await;
    assert_eq!(app.count("select count(*) from staff_notice").await, 2);
}

async fn acknowledged_by_a_link_that_opening_does_not_use_up(app: TestApp) {
    consented(&app).await;
    app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    let link = app.staff_letter(1).await.link();
    for _ in 0..2 {
        let (status, page) = app.get(&link).await;
        assert_eq!(status, 200);
        assert!(page.contains("Ana Lindqvist") && page.contains("Gelesen und erledigt"), "{page}");
    }
    // a form without the page's nonce does nothing
    let sent = app.http.post(&link).form(&[("nonce", "made-up")]).send().await.expect("an answer");
    assert_eq!(sent.status().as_u16(), 200);
    assert_eq!(notices(&app, &["--open"]).await, ["bea withdrawal open"]);

    let page = app.acknowledge(&link).await;
    assert!(page.contains("Bestätigt") && !page.contains("name=\"nonce\""), "{page}");
    assert_eq!(notices(&app, &["--open"]).await, Vec::<String>::new());
    assert_eq!(notices(&app, &[]).await, ["bea withdrawal acknowledged"]);
    assert!(app.acts().await.contains(&"notice_acknowledged".to_owned()));
    let (status, _) = app.get(&app.url(&format!("/s/{}", "a".repeat(32)))).await;
    assert_eq!(status, 404);
}

async fn who_has_not_acknowledged_is_reminded_and_then_escalated(app: TestApp) {
    consented(&app).await;
    app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    app.staff_letter(1).await;
    app.advance(Span::hours(23));
    app.quiet().await;
    assert_eq!(app.staff_letters().len(), 1);
    app.advance(Span::hours(1));
    let reminder = app.staff_letter(2).await;
    assert_eq!(reminder.subject, "Erinnerung – Bitte stoppen: Newsletter");
    assert_eq!(reminder.link(), app.staff_letters()[0].link(), "the same notice");
    app.advance(Span::hours(48));
    let escalation = app.staff_letter(3).await;
    assert_eq!(escalation.to, "carl.novak@staff.example.org");
    assert_eq!(escalation.subject, "Not acknowledged: Bea Meyer");
    assert!(escalation.text.contains("Ana Lindqvist"), "{}", escalation.text);
    // once each
    app.advance(Span::days(10));
    app.quiet().await;
    assert_eq!(app.staff_letters().len(), 3);
    app.acknowledge(&escalation.link()).await;
    assert_eq!(notices(&app, &[]).await, ["bea withdrawal open", "carl escalation acknowledged"]);
}

async fn who_has_acknowledged_is_left_in_peace(app: TestApp) {
    consented(&app).await;
    app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    app.acknowledge(&app.staff_letter(1).await.link()).await;
    app.advance(Span::days(4));
    app.quiet().await;
    assert_eq!(app.staff_letters().len(), 1);
}

async fn a_digest_tells_several_at_once(mut app: TestApp) {
    app.restart_with_policy(&example_policy(DORA)).await;
    consented(&app).await;
    app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    app.send("consent.withdraw.v1", withdrawal(json!(["recommendations"]))).await;
    app.staff_letter(2).await;
    assert!(app.staff_letters().iter().all(|l| l.to.starts_with("bea")), "Dora waits for her digest");
    assert_eq!(notices(&app, &["--open"]).await.len(), 4);
    app.advance(Span::hours(15));
    eventually("Dora's digest", async || app.staff_letters().iter().any(|l| l.to.starts_with("dora"))).await;
    app.quiet().await;
    let digests: Vec<_> = app.staff_letters().into_iter().filter(|l| l.to.starts_with("dora")).collect();
    assert_eq!(digests.len(), 1);
    assert_eq!(digests[0].subject, "Open notices: 2");
    assert_eq!(digests[0].text.matches("/s/").count(), 2, "{}", digests[0].text);
}

async fn notices_lie_sealed_in_the_store(app: TestApp) {
    consented(&app).await;
    app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    app.staff_letter(1).await;
    let sealed = app.column("select cast(length(sealed) as text) from staff_notice").await;
    assert_eq!(sealed.len(), 1);
    for query in [
        "select params || '' from mail where staff is not null",
        "select detail from audit where detail like '%staff%'",
    ] {
        for text in app.column(query_of(query, &app)).await {
            assert!(!text.contains("Ana") && !text.contains("4711") && !text.contains("ana@"), "{text}");
        }
    }
    // whose key is gone is no longer told of
    app.advance(Span::hours(1));
    app.worker().engine.pool().write(forget(), Vec::new()).await.expect("a statement");
    let (status, page) = app.get(&app.staff_letters()[0].link()).await;
    assert_eq!(status, 200);
    assert!(page.contains("wurden inzwischen gelöscht") && !page.contains("Ana"), "{page}");
}

fn query_of(query: &'static str, app: &TestApp) -> &'static str {
    match (query.starts_with("select params"), app.worker().engine.pool().is_postgres()) {
        (true, true) => "select params::text from mail where staff is not null",
        _ => query,
    }
}

fn forget() -> &'static rescind_worker::store::dialect::Sql {
    Box::leak(Box::new(rescind_worker::store::dialect::sql("update subject set contact_key = null")))
}

async fn a_purpose_that_nobody_handles_goes_to_the_administrators(mut app: TestApp) {
    let policy = example_policy("")
        .replace("purposes = [\"newsletter\", \"recommendations\", \"similar_products\"]", "purposes = []");
    app.restart_with_policy(&policy).await;
    consented(&app).await;
    app.send("consent.withdraw.v1", withdrawal(json!("all"))).await;
    assert_eq!(app.staff_letter(1).await.to, "carl.novak@staff.example.org");
}

//! Double opt-in, from the app's message to the register (D1–D3, D8, C1, C2, B9).

use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, nonce};
use rescind_tests::on_both;
use serde_json::json;

on_both! {
    a_confirmed_request_grants,
    a_visit_grants_nothing,
    disagreeing_is_recorded,
    a_second_visit_shows_the_same,
    unknown_and_expired_links_answer_alike,
    one_request_a_day_and_one_reminder,
    an_unanswered_request_expires,
    a_repeated_request_demotes_nothing,
    a_later_withdrawal_voids_the_link,
    every_language_has_its_mail_and_page,
    without_an_address_nothing_fails,
    caps_hold,
}

async fn a_confirmed_request_grants(app: TestApp) {
    app.request("ana@example.org").await;
    assert!(!app.allowed("ana@example.org").await, "asking is not consent");
    let mail = app.letter(1).await;
    assert_eq!(mail.to, "ana@example.org");
    app.agree(&mail.link()).await;
    assert!(app.allowed("ana@example.org").await);
    app.expect_events(&["consent.granted.v1"]).await;
    assert_eq!(
        app.acts().await,
        ["subject_created", "identity_added", "consent_requested", "consent_granted"]
    );
    let proof = app
        .column("select purpose || ' ' || content || ' ' || content_version || ' ' || locale || ' ' || told_by from consent_record")
        .await;
    assert_eq!(proof, ["newsletter newsletter 1 de subject"]);
    assert_eq!(
        app.count(
            "select count(*) from consent_record where evidence is not null and network_evidence is not null"
        )
        .await,
        1
    );
    app.quiet().await;
    assert_eq!(app.letters().len(), 1);
}

async fn a_visit_grants_nothing(app: TestApp) {
    app.request("ana@example.org").await;
    let link = app.letter(1).await.link();
    for _ in 0..3 {
        let (status, page) = app.get(&link).await;
        assert_eq!(status, 200);
        assert!(page.contains("type=\"checkbox\"") && !page.contains(" checked"), "nothing is pre-ticked");
        assert_eq!(app.http.head(&link).send().await.unwrap().status(), 200);
        let prefetch = app.http.get(&link).header("Purpose", "prefetch").header("Sec-Purpose", "prefetch");
        prefetch.send().await.unwrap();
    }
    // a scanner that submits the form by script ticks no box
    let (_, page) = app.get(&link).await;
    let nonce = nonce(&page);
    let no_box = [("nonce", nonce.as_str()), ("answer", "granted")];
    assert_eq!(app.http.post(&link).form(&no_box).send().await.unwrap().status(), 422);
    let no_nonce = [("answer", "granted"), ("agree", "yes")];
    assert!(app.http.post(&link).form(&no_nonce).send().await.unwrap().status().is_client_error());
    let wrong_nonce = [("nonce", "abcdefghijklmnop"), ("answer", "granted"), ("agree", "yes")];
    assert!(app.http.post(&link).form(&wrong_nonce).send().await.unwrap().status().is_client_error());
    let other_site = app.http.post(&link).header("Origin", "https://scanner.example");
    let form = [("nonce", nonce.as_str()), ("answer", "granted"), ("agree", "yes")];
    assert!(other_site.form(&form).send().await.unwrap().status().is_client_error());
    assert!(!app.allowed("ana@example.org").await);
    assert_eq!(app.count("select count(*) from consent_record").await, 0);
}

async fn disagreeing_is_recorded(app: TestApp) {
    app.request("ana@example.org").await;
    let link = app.letter(1).await.link();
    assert_eq!(app.answer(&link, "refused", false).await, 200);
    assert!(!app.allowed("ana@example.org").await);
    app.expect_events(&["consent.refused.v1"]).await;
    assert_eq!(app.count("select count(*) from consent_record where expression = 2").await, 1);
    let gate = app.gate("ana@example.org", "newsletter").await;
    assert_eq!(gate["reason"], "consent_refused");
}

async fn a_second_visit_shows_the_same(app: TestApp) {
    app.request("ana@example.org").await;
    let link = app.letter(1).await.link();
    let (_, form) = app.get(&link).await;
    app.agree(&link).await;
    let (status, first) = app.get(&link).await;
    assert_eq!(status, 200);
    let (_, second) = app.get(&link).await;
    assert_eq!(first, second);
    // a double click sends the same form once more
    let again = [("nonce", nonce(&form)), ("answer", "granted".into()), ("agree", "yes".into())];
    assert_eq!(app.http.post(&link).form(&again).send().await.unwrap().status(), 303);
    assert_eq!(app.count("select count(*) from consent_record").await, 1);
}

async fn unknown_and_expired_links_answer_alike(app: TestApp) {
    app.request("ana@example.org").await;
    let link = app.letter(1).await.link();
    let (_, form) = app.get(&link).await;
    app.advance(Span::days(8));
    let expired = app.get(&link).await;
    let unknown = app.get(&app.url("/c/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")).await;
    assert_eq!(expired.0, 404);
    assert_eq!(expired.0, unknown.0);
    let late = [("nonce", nonce(&form)), ("answer", "granted".into()), ("agree", "yes".into())];
    assert!(app.http.post(&link).form(&late).send().await.unwrap().status().is_client_error());
    assert!(!app.allowed("ana@example.org").await);
}

async fn one_request_a_day_and_one_reminder(app: TestApp) {
    app.request("ana@example.org").await;
    app.letter(1).await;
    app.request("ana@example.org").await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 1, "one request for a subject and purpose in 24 hours");
    app.advance(Span::days(3));
    let reminder = app.letter(2).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 2);
    app.agree(&reminder.link()).await;
    assert!(app.allowed("ana@example.org").await);
    app.advance(Span::days(30));
    app.quiet().await;
    assert_eq!(app.letters().len(), 2, "nothing more after the answer");
    app.expect_events(&["consent.granted.v1"]).await;
}

async fn an_unanswered_request_expires(app: TestApp) {
    app.request("ana@example.org").await;
    app.letter(1).await;
    app.advance(Span::days(3));
    app.letter(2).await;
    app.advance(Span::days(5));
    app.expect_events(&["consent.request_expired.v1"]).await;
    assert_eq!(app.gate("ana@example.org", "newsletter").await["reason"], "consent_expired");
    app.request("ana@example.org").await;
    app.letter(3).await;
}

async fn a_repeated_request_demotes_nothing(app: TestApp) {
    app.request("ana@example.org").await;
    let link = app.letter(1).await.link();
    app.agree(&link).await;
    app.advance(Span::days(2));
    app.request("ana@example.org").await;
    app.quiet().await;
    assert!(app.allowed("ana@example.org").await);
    assert_eq!(app.letters().len(), 1, "who has confirmed is not asked again");
}

async fn a_later_withdrawal_voids_the_link(app: TestApp) {
    app.request("ana@example.org").await;
    let link = app.letter(1).await.link();
    app.advance(Span::minutes(10));
    let withdrawal = json!({"subject": {"email": "ana@example.org"}, "purposes": ["newsletter"]});
    app.send("consent.withdraw.v1", withdrawal).await;
    assert_eq!(app.get(&link).await.0, 404);
    assert!(!app.allowed("ana@example.org").await);
    app.advance(Span::days(7));
    app.quiet().await;
    assert_eq!(app.letters().len(), 1, "no reminder of what was withdrawn");
}

async fn every_language_has_its_mail_and_page(app: TestApp) {
    for (n, locale) in ["en", "de", "fr", "pl", "bg", "ru", "uk"].into_iter().enumerate() {
        let subject = json!({"email": format!("ana{n}@example.org"), "locale": locale});
        app.send("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]})).await;
        let mail = app.letter(n + 1).await;
        assert!(mail.html.contains(&format!("lang=\"{locale}\"")), "{locale}");
        let (_, page) = app.get(&mail.link()).await;
        assert!(page.contains(&format!("<html lang=\"{locale}\"")), "{locale}: {page}");
        app.agree(&mail.link()).await;
    }
    let locales = app.column("select locale from consent_record order by locale").await;
    assert_eq!(locales, ["bg", "de", "en", "fr", "pl", "ru", "uk"]);
}

async fn without_an_address_nothing_fails(app: TestApp) {
    let subject = json!({"ids": {"shop": "4711"}});
    app.send("subject.upsert.v1", json!({"subject": subject})).await;
    app.send("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]})).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 0);
    assert!(app.acts().await.contains(&"consent_request_skipped".to_owned()));
}

async fn caps_hold(app: TestApp) {
    let request = |n: usize| {
        let subject = json!({"email": format!("user{n}@small.example")});
        app.message("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]}))
    };
    let batch: Vec<_> = (0..30).map(request).collect();
    let (_, answer) = app.post(&json!(batch)).await;
    let items =
        answer.as_array().cloned().unwrap_or_else(|| answer["items"].as_array().cloned().unwrap_or_default());
    let accepted = items.iter().filter(|i| i["status"] == "accepted").count();
    assert_eq!(accepted, 20, "twenty an hour for one domain: {answer}");
    let (status, problem) = app.post(&request(99)).await;
    assert_eq!(status, 429, "{problem}");
    app.advance(Span::hours(1));
    assert_eq!(app.post(&request(99)).await.0, 202);
}

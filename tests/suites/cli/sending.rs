//! `rescind send`: checked before anything is written, decided by the worker.

use rescind_jobs::time::Span;
use rescind_tests::app::TestApp;
use rescind_tests::on_both;
use serde_json::{Value, json};

on_both! {
    a_message_is_sent_and_decided,
    many_are_read_from_standard_input,
    what_is_refused_is_not_sent,
    what_is_parked_is_told,
    without_a_worker_it_waits,
}

/// Asks this address for consent to a content.
fn asking(email: &str, content: &str) -> String {
    json!({"subject": {"email": email}, "contents": [content]}).to_string()
}

async fn a_message_is_sent_and_decided(app: TestApp) {
    let data = asking("ana@example.org", "newsletter");
    let arguments = ["send", "--type", "consent.request.v1", "--data", &data, "--id", "c-1", "--wait", "60"];
    let told = app.rescind(&arguments).await.done();
    assert!(told.contains("c-1  decided"), "{told}");
    assert_eq!(app.letter(1).await.to, "ana@example.org");
    // the same again is the same message, and changes nothing
    let told = app.rescind(&arguments).await.done();
    assert!(told.contains("c-1  decided"), "{told}");
    app.quiet().await;
    assert_eq!(app.letters().len(), 1);
}

async fn many_are_read_from_standard_input(app: TestApp) {
    let messages: Vec<Value> = ["a@example.org", "b@example.org", "c@example.org"]
        .map(|email| {
            let data = serde_json::from_str(&asking(email, "newsletter")).expect("JSON");
            app.message("consent.request.v1", data)
        })
        .into();
    let lines = format!("{}\n\n{}\n", messages[0], json!([messages[1], messages[2]]));
    let ids = app.rescind_reading(&lines, &["send", "-"]).await.done();
    assert_eq!(ids.lines().collect::<Vec<_>>(), ["m-1", "m-2", "m-3"]);
    app.letter(3).await;
}

async fn what_is_refused_is_not_sent(app: TestApp) {
    let good = app.message(
        "consent.request.v1",
        json!({"subject": {"email": "ana@example.org"}, "contents": ["newsletter"]}),
    );
    let wrong_field = app
        .message("consent.request.v1", json!({"subject": {"email": "secret"}, "contents": ["newsletter"]}));
    let wrong_type = app.message("consent.ask.v1", json!({}));
    let input = format!("{good}\n{wrong_field}\n{wrong_type}");
    let told = app.rescind_reading(&input, &["send", "-"]).await.failed();
    assert!(told.contains("nothing was sent"), "{told}");
    assert!(told.contains("message 2: invalid_field: data.subject.email"), "{told}");
    assert!(told.contains("message 3: unknown_type: type"), "{told}");
    assert!(!told.contains("secret"), "{told}");
    let told = app.rescind_reading("{\"a\": ", &["send", "-"]).await.failed();
    assert!(told.contains("-: not JSON: line 1"), "{told}");
    app.rescind_reading("", &["send", "-"]).await.failed();
    app.rescind(&["send", "no-such-file.json"]).await.failed();
    app.rescind(&["send"]).await.wrong();
    app.rescind(&["send", "--type", "consent.request.v1", "--data", "{"]).await.wrong();
    app.quiet().await;
    assert_eq!(app.letters().len(), 0);
    assert_eq!(app.count("select count(*) from inbox").await, 0);
}

async fn what_is_parked_is_told(app: TestApp) {
    let data = asking("ana@example.org", "no-such-content");
    let ran = app.rescind(&["send", "--type", "consent.request.v1", "--data", &data, "--wait", "60"]).await;
    assert!(ran.out.contains("parked as ") && ran.out.contains("unknown_content"), "{}", ran.out);
    assert!(ran.failed().contains("1 of 1 messages were not decided"));
}

async fn without_a_worker_it_waits(mut app: TestApp) {
    app.stop().await;
    let data = asking("ana@example.org", "newsletter");
    let ran = app.rescind(&["send", "--type", "consent.request.v1", "--data", &data, "--wait", "1"]).await;
    assert!(ran.out.contains("still waiting"), "{}", ran.out);
    ran.failed();
    app.advance(Span::minutes(1));
    app.start().await;
    assert_eq!(app.letter(1).await.to, "ana@example.org");
}

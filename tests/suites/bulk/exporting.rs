//! `rescind consents export`.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::on_both;

on_both! {
    the_register_is_written_masked,
    it_is_written_page_by_page,
    it_is_revealed_for_a_reason_and_the_trail_tells,
    it_takes_the_role_export,
}

async fn the_register_is_written_masked(app: TestApp) {
    consented(&app).await;
    app.advance(Span::hours(1));
    let bob = json!({"subject": {"email": "bob@example.org"},
        "consents": [{"category": "personalisation", "content": "recommendations", "answer": "disagree"}]});
    app.send("consent.record.v1", bob).await;

    let csv = app.rescind(&["consents", "export"]).await.done();
    // acts of one moment have no order
    app.advance(Span::seconds(1));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(lines[0].starts_with("subject,email,phone,purpose,state,opt_in,since"), "{csv}");
    assert!(csv.contains(",a••@e••••••.org,'+49••••••67,newsletter,granted,single_form,"), "{csv}");
    assert!(!csv.contains("ana@") && !csv.contains("1234567"), "{csv}");

    let json = app.rescind(&["consents", "export", "--format", "ndjson", "--state", "refused"]).await.done();
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["purpose"], &lines[0]["email"]),
        (&json!("recommendations"), &json!("b••@e••••••.org"))
    );
    app.advance(Span::seconds(1));
    let of = ["consents", "export", "--subject", "email:ana@example.org", "--purpose", "newsletter"];
    assert_eq!(app.rescind(&of).await.done().lines().count(), 2);
    let trail = acts(&app, "register_exported").await;
    assert_eq!(trail.len(), 3);
    assert_eq!((&trail[1]["state"], &trail[1]["revealed"]), (&json!("refused"), &json!(false)));
    assert_eq!((&trail[2]["purpose"], &trail[2]["actor"]), (&json!("newsletter"), &json!("local operator")));
}

async fn it_is_written_page_by_page(app: TestApp) {
    let lines: String = (0..1_203).map(|n| format!("p{n}@example.org,newsletter,2026-03-01\n")).collect();
    let (_, list) = file(&app, "list.csv", &format!("email,content,given_at\n{lines}"));
    app.rescind(&["consents", "import", &list]).await.done();
    let out = app.folder.path().join("register.ndjson");
    let path = out.to_str().expect("a path");
    let told = app.rescind(&["consents", "export", "--format", "ndjson", "--out", path]).await.done();
    assert!(told.contains("1203 consents"), "{told}");
    let text = std::fs::read_to_string(&out).expect("a file");
    let mut subjects: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["subject"].to_string())
        .collect();
    subjects.dedup();
    assert_eq!(subjects.len(), 1_203, "each once");
    // a file that is there is not written over
    app.rescind(&["consents", "export", "--out", path]).await.failed();
}

async fn it_is_revealed_for_a_reason_and_the_trail_tells(app: TestApp) {
    consented(&app).await;
    app.rescind(&["consents", "export", "--reveal"]).await.wrong();
    for reason in ["", "for ana@example.org", "number 0301234567"] {
        let told = app.rescind(&["consents", "export", "--reveal", "--reason", reason]).await.wrong();
        assert!(told.contains("--reason"), "{told}");
    }
    assert_eq!(acts(&app, "register_exported").await.len(), 0);
    let csv = app.rescind(&["consents", "export", "--reveal", "--reason", "letter campaign"]).await.done();
    assert!(csv.contains(",ana@example.org,'+49301234567,newsletter,"), "a formula is none: {csv}");
    let trail = acts(&app, "register_exported").await;
    assert_eq!((&trail[0]["revealed"], &trail[0]["reason"]), (&json!(true), &json!("letter campaign")));
}

async fn it_takes_the_role_export(app: TestApp) {
    consented(&app).await;
    let carl = token(&app, "carl", None).await;
    let bea = token(&app, "bea", Some(&carl)).await;
    let told = run(&app, &["consents", "export"], Some(&bea)).await.failed();
    assert!(told.contains("\"export\""), "{told}");
    run(&app, &["consents", "export"], Some(&carl)).await.done();
    assert_eq!(acts(&app, "register_exported").await[0]["actor"], "staff/carl");
}

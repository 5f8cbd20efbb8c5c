//! Whose consent does not count, and what is not stored: each refusal says in plain words what is wrong and what to do
//! (A5, C3, C7).

use super::*;
use rescind_tests::on_both;

on_both! {
    a_child_consents_through_a_guardian_only,
    a_child_is_known_by_its_birthday_too,
    a_child_that_was_asked_before_cannot_agree,
    special_categories_take_explicit_consent,
    criminal_records_are_off_unless_switched_on,
    one_answer_to_several_purposes_is_refused,
    terms_cannot_grant_marketing,
}

const HEALTH: &str = r#"
[purposes.health]
title.en = "Health advice"
basis = "consent"
special_category = true
fields = ["allergies"]

[contents.health]
purpose = "health"
category = "personalisation"

[[contents.health.versions]]
version = 1
valid_from = "2026-01-01"
title.en = "Health advice"
text.en = "I expressly agree that you use what I tell you about my health."

[fields.allergies]
title.en = "Allergies"
kind = "text"
identifying = false
sensitive = true
data = "special"

[fields.convictions]
title.en = "Convictions"
kind = "text"
identifying = false
sensitive = true
data = "criminal"
"#;

/// The code and the sentence of a refusal.
fn told(problem: &Value) -> (&str, &str) {
    (problem["code"].as_str().unwrap_or_default(), problem["detail"].as_str().unwrap_or_default())
}

async fn a_child_consents_through_a_guardian_only(app: TestApp) {
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}, "child": true})).await;
    let asked = app
        .refused("consent.request.v1", json!({"subject": {"email": ANA}, "contents": ["newsletter"]}))
        .await;
    assert!(
        matches!(told(&asked), ("guardian_required", text) if text.contains("parent or guardian")),
        "{asked}"
    );
    let yes = of_ana(&[agree("personalisation", "recommendations")]);
    let recorded = app.refused("consent.record.v1", yes.clone()).await;
    assert!(
        matches!(told(&recorded), ("guardian_required", text) if text.contains("under 16")),
        "{recorded}"
    );
    assert_eq!(fields(&recorded), ["data.guardian"]);
    let nobody = and(yes.clone(), json!({"guardian": {"name": "", "how": "signature"}}));
    assert_eq!(fields(&app.refused("consent.record.v1", nobody).await), ["data.guardian"]);

    let guardian = json!({"guardian": {"name": "Eva Lindqvist", "how": "signed form, called back"}});
    app.send("consent.record.v1", and(yes, guardian)).await;
    assert_eq!(gate(&app, json!({"email": ANA}), "recommendations").await.1, "consent_granted");
    assert_eq!(proof(&app).await.0["guardian"], "Eva Lindqvist (signed form, called back)");
    // a no needs nobody
    app.advance(rescind_jobs::time::Span::hours(1));
    app.send("consent.record.v1", of_ana(&[disagree("personalisation", "recommendations")])).await;
    assert_eq!(gate(&app, json!({"email": ANA}), "recommendations").await.1, "consent_withdrawn");
}

async fn a_child_is_known_by_its_birthday_too(app: TestApp) {
    // it is the 22nd of November 2026
    for (birthday, child) in [("2010-11-23", true), ("2010-11-22", false), ("2015-01-01", true)] {
        let fields = json!({"birthday": birthday});
        app.send("subject.upsert.v1", json!({"subject": {"email": ANA}, "fields": fields})).await;
        let yes = of_ana(&[agree("marketing", "newsletter")]);
        let (status, answer) = app.post(&app.message("consent.record.v1", yes)).await;
        assert_eq!(status == 202, !child, "{birthday}: {answer}");
    }
}

async fn a_child_that_was_asked_before_cannot_agree(app: TestApp) {
    app.request(ANA).await;
    let link = app.letter(1).await.link();
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}, "child": true})).await;
    assert_eq!(app.answer(&link, "granted", true).await, 404);
    assert!(!app.allowed(ANA).await);
    assert_eq!(app.answer(&link, "refused", false).await, 200, "a no needs nobody");
}

async fn special_categories_take_explicit_consent(app: TestApp) {
    let app = under(app, &format!("{EXAMPLE}\n{HEALTH}")).await;
    let allergies = json!({"subject": {"email": ANA}, "fields": {"allergies": "nuts"}});
    let problem = app.refused("subject.upsert.v1", allergies.clone()).await;
    assert!(
        matches!(told(&problem), ("explicit_consent_required", text) if text.contains("specially protected")),
        "{problem}"
    );
    assert_eq!(fields(&problem), ["data.fields.allergies"]);
    let yes = of_ana(&[agree("personalisation", "health")]);
    let problem = app.refused("consent.record.v1", yes.clone()).await;
    assert!(
        matches!(told(&problem), ("explicit_consent_required", text) if text.contains("express")),
        "{problem}"
    );
    assert_eq!(fields(&problem), ["data.consents[0].content"]);

    app.send("consent.record.v1", and(yes, json!({"explicit": true}))).await;
    assert_eq!(proof(&app).await.0["explicit"], json!(true));
    app.send("subject.upsert.v1", allergies.clone()).await;
    app.advance(rescind_jobs::time::Span::hours(1));
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["health"]})).await;
    assert_eq!(app.refused("subject.upsert.v1", allergies).await["code"], "explicit_consent_required");
}

async fn criminal_records_are_off_unless_switched_on(app: TestApp) {
    let app = under(app, &format!("{EXAMPLE}\n{HEALTH}")).await;
    let convictions = json!({"subject": {"email": ANA}, "fields": {"convictions": "none"}});
    let problem = app.refused("subject.upsert.v1", convictions.clone()).await;
    assert!(
        matches!(told(&problem), ("feature_disabled", text) if text.contains("criminal convictions")),
        "{problem}"
    );
    assert_eq!(app.count("select count(*) from subject_field").await, 0);
    let on = EXAMPLE.replace("# \"criminal_records\"", "\"criminal_records\"");
    let app = under(app, &format!("{on}\n{HEALTH}")).await;
    app.send("subject.upsert.v1", convictions).await;
}

async fn one_answer_to_several_purposes_is_refused(app: TestApp) {
    let merged =
        json!({"category": "marketing", "content": ["newsletter", "recommendations"], "answer": "agree"});
    let problem = app.refused("consent.record.v1", of_ana(&[merged])).await;
    assert!(
        matches!(told(&problem), ("merged_purposes", text) if text.contains("say yes to one and no to another")),
        "{problem}"
    );
    assert_eq!(fields(&problem), ["data.consents[0].content"]);
    assert_eq!(app.count("select count(*) from subject").await, 0);
}

async fn terms_cannot_grant_marketing(app: TestApp) {
    let problem = app.refused("consent.record.v1", of_ana(&[agree("terms", "terms")])).await;
    assert!(
        matches!(told(&problem), ("unusable_content", text) if text.contains("terms of use")),
        "{problem}"
    );
    // nor can the policy let them
    let policy = EXAMPLE
        .replace("[contents.terms]\npurpose = \"order\"", "[contents.terms]\npurpose = \"newsletter\"");
    std::fs::write(app.folder.path().join("other.toml"), policy).expect("a file");
    let mut environment = app.environment();
    environment
        .push(("RESCIND_POLICY".to_owned(), app.folder.path().join("other.toml").display().to_string()));
    let checked = rescind_tests::command::rescind(&["check"], environment, b"", app.clock.clone()).await;
    assert!(checked.wrong().contains("consent never rides on terms"));
}

//! What staff see of values, and how they come to see them whole.

use super::*;
use rescind_tests::on_both;
use rescind_tests::operations::example_policy;

on_both! {
    values_are_shown_by_the_class_of_their_field,
    a_value_is_revealed_for_a_reason_and_the_trail_tells_before,
    without_role_or_reason_nothing_is_revealed,
}

const FIELDS: &str = r#"
[fields.diet]
title.en = "Diet"
kind = "text"
identifying = false
sensitive = true

[fields.shoe_size]
title.en = "Shoe size"
kind = "text"
identifying = false
sensitive = false
"#;

/// The example, with fields of every class, and more and less shown of them.
fn policy() -> String {
    let policy = example_policy(FIELDS);
    policy
        .replace("\nordinary = \"masked\"\n", "\nordinary = \"open\"\n")
        .replace("\nvisible = 1\n", "\nvisible = 2\n")
}

async fn with_fields(app: &mut TestApp) {
    app.restart_with_policy(&policy()).await;
    let subject =
        json!({"email": ANA, "name": "Ana Lindqvist", "phone": "+49 30 1234567", "ids": {"shop": "C-4711"}});
    let fields = json!({"diet": "no sugar at all", "shoe_size": "39 wide"});
    let addresses = json!([{"name": "home", "value": "Street 1, Town"}]);
    let data = json!({"subject": subject, "fields": fields, "addresses": addresses});
    app.send("subject.upsert.v1", data).await;
}

async fn values_are_shown_by_the_class_of_their_field(mut app: TestApp) {
    with_fields(&mut app).await;
    let shown = app.rescind(&["subjects", "show", ANA, "--json"]).await.json();
    assert_eq!(shown[0]["fields"], json!({"diet": "••••", "name": "An••••", "shoe_size": "39 wide"}));
    let values: Vec<&str> = shown[0]["identities"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|identity| identity["value"].as_str())
        .collect();
    let mut values = values;
    values.sort_unstable();
    assert_eq!(values, ["+49••••••567", "an••@ex••••••.org", "••••"]);
    assert_eq!(shown[0]["links"][0]["value"], "St••••");
}

async fn a_value_is_revealed_for_a_reason_and_the_trail_tells_before(mut app: TestApp) {
    with_fields(&mut app).await;
    let reason = "Ana Lindqvist asked by phone what we have";
    let arguments =
        ["subjects", "reveal", ANA, "--field", "email,diet", "--field", "ids", "--reason", reason];
    let out = app.rescind(&[&arguments[..], &["--json"]].concat()).await.json();
    let values: Vec<(&str, &str)> = out
        .as_array()
        .expect("a list")
        .iter()
        .map(|v| (v["field"].as_str().expect("a field"), v["value"].as_str().expect("a value")))
        .collect();
    assert!(values.contains(&("email", ANA)) && values.contains(&("id:shop", "C-4711")), "{values:?}");
    assert!(values.contains(&("diet", "no sugar at all")) && values.len() == 3, "{values:?}");

    let trail = acts(&app, "subject_revealed").await;
    assert_eq!(trail.len(), 1);
    assert_eq!(trail[0]["fields"], json!(["diet", "email", "ids"]));
    assert_eq!(trail[0]["actor"], "local operator");
    assert!(!trail[0]["subject"].is_null());
    let kept = app.column("select detail from audit").await.join("\n");
    for personal in [ANA, "Lindqvist", "phone what", "sugar", "4711"] {
        assert!(!kept.contains(personal), "{personal} in {kept}");
    }
    let told = app.rescind(&["subjects", "trail", ANA]).await.done();
    assert!(told.contains("subject_revealed") && told.contains(reason), "{told}");
    let told = app.rescind(&["subjects", "trail", ANA, "--json"]).await.json();
    let mut acts = told.as_array().expect("a list").iter();
    let revealed = acts.find(|act| act["act"] == "subject_revealed").expect("an act");
    assert_eq!(revealed["reason"], reason);
}

async fn without_role_or_reason_nothing_is_revealed(mut app: TestApp) {
    with_fields(&mut app).await;
    let reveal = |field: &'static str, reason: &'static str| {
        ["subjects", "reveal", ANA, "--field", field, "--reason", reason]
    };
    assert!(app.rescind(&reveal("email", " - ")).await.wrong().contains("--reason"));
    app.rescind(&["subjects", "reveal", ANA, "--field", "email"]).await.wrong();
    let told = app.rescind(&reveal("hat", "a good reason")).await.wrong();
    assert!(told.contains("one of email, phone") && told.contains("diet") && !told.contains("hat"), "{told}");
    let stranger = ["subjects", "reveal", "eve@example.org", "--field", "email", "--reason", "a good reason"];
    app.rescind(&stranger).await.failed();

    let carl = token(&app, "carl", None).await;
    let bea = token(&app, "bea", Some(&carl)).await;
    assert!(
        run(&app, &reveal("email", "a good reason"), None).await.failed().contains("RESCIND_STAFF_TOKEN")
    );
    // Bea may look up, and what is restricted takes more than that
    let told = run(&app, &reveal("diet", "a good reason"), Some(&bea)).await.failed();
    assert!(told.contains("\"manage\""), "{told}");
    assert_eq!(acts(&app, "subject_revealed").await.len(), 0);
    let told = run(&app, &reveal("email", "a good reason"), Some(&bea)).await.done();
    assert!(told.contains(ANA), "{told}");
    let told = run(&app, &reveal("diet", "a good reason"), Some(&carl)).await.done();
    assert!(told.contains("sugar"), "{told}");
    let actors: Vec<Value> =
        acts(&app, "subject_revealed").await.into_iter().map(|act| act["actor"].clone()).collect();
    assert_eq!(actors.len(), 2);
    assert!(actors.contains(&json!("staff/bea")) && actors.contains(&json!("staff/carl")));
}

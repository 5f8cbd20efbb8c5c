//! Who acts at the command line: by a personal token and the role it brings, or as local operator where there is none.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::command::rescind;
use rescind_tests::on_both;

on_both! {
    without_tokens_the_local_operator_acts,
    a_token_names_who_acts_and_roles_say_what,
    tokens_expire_and_are_revoked,
    staff_are_listed,
}

/// Parks a message, and returns its id.
async fn parked(app: &TestApp) -> String {
    let at = app.clock.now().plus(Span::minutes(10));
    let data = json!({"subject": {"email": ANA}, "contents": ["newsletter"], "requested_at": at}).to_string();
    let sent = app.rescind(&["send", "--type", "consent.request.v1", "--data", &data, "--wait", "60"]).await;
    assert!(sent.out.contains("parked as"), "{}{}", sent.out, sent.err);
    let list = app.rescind(&["parked", "list", "--json"]).await.json();
    list[0]["id"].as_str().expect("an id").to_owned()
}

/// Makes a token under another, or under none.
async fn token(app: &TestApp, name: &str, under: Option<&str>) -> String {
    let out = run(app, &["staff", "token", name], under).await.done();
    let line = out.lines().find(|l| l.starts_with("token")).expect("a token");
    line.split_whitespace().last().expect("a token").to_owned()
}

async fn run(app: &TestApp, arguments: &[&str], token: Option<&str>) -> rescind_tests::command::Ran {
    // acts of one moment have no order
    app.advance(Span::seconds(1));
    let mut environment = app.environment();
    environment.extend(token.map(|t| ("RESCIND_STAFF_TOKEN".to_owned(), t.to_owned())));
    rescind(arguments, environment, b"", app.clock.clone()).await
}

/// The last act of the trail that names somebody.
async fn last_actor(app: &TestApp) -> (String, String) {
    let details = app.column("select detail from audit order by id").await;
    let mut last = details
        .iter()
        .filter_map(|d| serde_json::from_str::<Value>(d).ok())
        .filter(|d| !d["actor"].is_null());
    let last = last.next_back().expect("an act");
    (last["act"].as_str().expect("an act").to_owned(), last["actor"].as_str().expect("an actor").to_owned())
}

async fn without_tokens_the_local_operator_acts(app: TestApp) {
    let id = parked(&app).await;
    app.rescind(&["parked", "show", &id, "--reveal-body"]).await.done();
    assert_eq!(last_actor(&app).await, ("parked_revealed".to_owned(), "local operator".to_owned()));
}

async fn a_token_names_who_acts_and_roles_say_what(app: TestApp) {
    let id = parked(&app).await;
    let carl = token(&app, "carl", None).await;
    assert_eq!(last_actor(&app).await, ("staff_token_made".to_owned(), "local operator".to_owned()));
    // from now on nobody acts without one
    let told = run(&app, &["parked", "drop", &id], None).await.failed();
    assert!(told.contains("RESCIND_STAFF_TOKEN"), "{told}");
    let told = run(&app, &["staff", "token", "bea"], None).await.failed();
    assert!(told.contains("RESCIND_STAFF_TOKEN"), "{told}");
    let bea = token(&app, "bea", Some(&carl)).await;
    assert_eq!(last_actor(&app).await, ("staff_token_made".to_owned(), "staff/carl".to_owned()));

    // Bea may look, and not decide
    run(&app, &["parked", "show", &id, "--reveal-body"], Some(&bea)).await.done();
    assert_eq!(last_actor(&app).await, ("parked_revealed".to_owned(), "staff/bea".to_owned()));
    let told = run(&app, &["parked", "drop", &id], Some(&bea)).await.failed();
    assert!(told.contains("bea lacks the role \"manage\""), "{told}");
    run(&app, &["parked", "drop", &id], Some(&carl)).await.done();
    assert_eq!(last_actor(&app).await, ("parked_dropped".to_owned(), "staff/carl".to_owned()));

    let told = run(&app, &["staff", "token", "eve"], Some(&carl)).await.wrong();
    assert!(told.contains("nobody called \"eve\""), "{told}");
    // the store has no token, only hashes
    assert_eq!(app.count("select count(*) from staff_token where length(token_hash) = 32").await, 2);
    let told = run(&app, &["staff", "tokens"], Some(&bea)).await.done();
    assert!(!told.contains(&carl) && !told.contains(&bea), "{told}");
}

async fn tokens_expire_and_are_revoked(app: TestApp) {
    let id = parked(&app).await;
    let carl = token(&app, "carl", None).await;
    let bea = token(&app, "bea", Some(&carl)).await;
    let list = run(&app, &["staff", "tokens", "--json"], None).await.json();
    let of_bea =
        list.as_array().expect("an array").iter().find(|t| t["staff"] == "bea").expect("hers").clone();
    let told =
        run(&app, &["staff", "revoke", of_bea["id"].as_str().expect("an id")], Some(&bea)).await.failed();
    assert!(told.contains("administer"), "{told}");
    run(&app, &["staff", "revoke", of_bea["id"].as_str().expect("an id")], Some(&carl)).await.done();
    let told = run(&app, &["parked", "show", &id, "--reveal-body"], Some(&bea)).await.failed();
    assert!(told.contains("not valid"), "{told}");

    app.advance(Span::days(91));
    let told = run(&app, &["parked", "drop", &id], Some(&carl)).await.failed();
    assert!(told.contains("not valid"), "{told}");
    // nobody can administer any more: whoever has keys and store may make a token, and nothing else
    let told = run(&app, &["parked", "drop", &id], None).await.failed();
    assert!(told.contains("RESCIND_STAFF_TOKEN"), "{told}");
    let carl = token(&app, "carl", None).await;
    assert_eq!(last_actor(&app).await, ("staff_token_made".to_owned(), "local operator".to_owned()));
    run(&app, &["parked", "drop", &id], Some(&carl)).await.done();
}

async fn staff_are_listed(app: TestApp) {
    let list = app.rescind(&["staff", "list", "--json"]).await.json();
    assert_eq!((&list[0]["id"], &list[0]["locale"]), (&json!("bea"), &json!("de")));
    assert_eq!(list[0]["purposes"], json!(["newsletter", "recommendations", "similar_products"]));
    assert_eq!(list[1]["roles"], json!(["view", "manage", "anonymise", "export", "administer"]));
    let table = app.rescind(&["staff", "list"]).await.done();
    assert!(table.contains("Bea Meyer") && table.contains("marketing"), "{table}");
}

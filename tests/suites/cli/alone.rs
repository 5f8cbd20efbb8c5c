//! Commands that need no worker, and what becomes of wrong usage and configuration.

use rescind_tests::app::{TestApp, beginning};
use rescind_tests::command::{Ran, rescind};
use rescind_tests::temp_folder::TempFolder;
use rescind_worker::clock::Clock;
use std::fs;

/// Runs a command whose data would be in `folder`.
async fn run(folder: &TempFolder, arguments: &[&str]) -> Ran {
    let data = folder.path().join("data").display().to_string();
    let environment = vec![("RESCIND_DATA_DIR".to_owned(), data)];
    rescind(arguments, environment, b"", Clock::set_to(beginning())).await
}

#[tokio::test]
async fn help_is_no_mistake_and_mistakes_are() {
    let folder = TempFolder::new("cli-usage");
    assert!(run(&folder, &["--help"]).await.done().contains("Exit codes: 0 done, 1 failed, 2 wrong usage"));
    assert!(run(&folder, &["--version"]).await.done().starts_with("rescind "));
    for arguments in
        [&["fly"][..], &["parked", "show", "no-id"], &["consents"], &["schedule", "next", "-n", "0"]]
    {
        let told = run(&folder, arguments).await.wrong();
        assert!(!told.contains("error: error:"), "{told}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[tokio::test]
async fn looking_something_up_makes_no_installation() {
    let folder = TempFolder::new("cli-absent");
    for arguments in
        [&["parked", "list"][..], &["consents", "list"], &["outbox", "list"], &["events", "list"]]
    {
        let told = run(&folder, arguments).await.failed();
        assert!(told.contains("there is no database"), "{told}");
    }
    assert!(!folder.path().join("data").exists());
}

#[tokio::test]
async fn check_tells_what_is_there_and_what_is_wrong() {
    let folder = TempFolder::new("cli-check");
    let told = run(&folder, &["check"]).await.done();
    for part in [
        "(built-in defaults)",
        "(built-in example)",
        "newsletter",
        "SQLite",
        "7 languages",
        "Nothing is wrong.",
    ] {
        assert!(told.contains(part), "{part} missing in\n{told}");
    }
    assert!(!folder.path().join("data").exists(), "check makes nothing");

    let file = folder.path().join("rescind.toml");
    let named = file.display().to_string();
    fs::write(&file, "[http]\nlisten = \"nowhere\"\n").expect("written");
    let told = run(&folder, &["check", "--config", &named]).await.wrong();
    assert!(told.contains("rescind.toml:2:") && told.contains("http.listen"), "{told}");

    // both are told at once: the policy's mistake, and the template's
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, "[controller]\nnam = \"x\"\n").expect("written");
    let templates = folder.path().join("templates");
    fs::create_dir(&templates).expect("made");
    fs::write(templates.join("misspelt.hbs"), "x").expect("written");
    let text = format!("policy = {policy:?}\ntemplates = {templates:?}\n");
    fs::write(&file, text).expect("written");
    let told = run(&folder, &["--config", &named, "check"]).await.wrong();
    assert!(told.contains("policy.toml:2:1: controller.nam"), "{told}");
    assert!(told.contains("misspelt.hbs"), "{told}");

    let environment = vec![("RESCIND_CONFIG".to_owned(), named)];
    let told = rescind(&["check"], environment, b"", Clock::set_to(beginning())).await.wrong();
    assert!(told.contains("misspelt.hbs"), "the variable names the file too: {told}");
    run(&folder, &["check", "--config", "no-such-file.toml"]).await.wrong();
}

#[tokio::test]
async fn templates_are_listed_and_rendered() {
    let folder = TempFolder::new("cli-templates");
    let list = run(&folder, &["templates", "list", "--json"]).await.json();
    assert!(list.as_array().expect("an array").iter().any(|t| t["name"] == "confirm_consent"), "{list}");
    let shown = run(&folder, &["templates", "render", "confirm_consent", "--locale", "de-AT"]).await.done();
    assert!(shown.contains("── confirm_consent.de.txt") && shown.contains("<html lang=\"de\""), "{shown}");

    let out = folder.path().join("rendered").display().to_string();
    let files = run(&folder, &["templates", "render", "confirm", "--out", &out]).await.done();
    assert!(files.contains("confirm.en.html") && files.contains("confirm-2.en.html"), "{files}");
    assert!(files.lines().all(|file| fs::metadata(file).is_ok()), "{files}");

    run(&folder, &["templates", "render", "no_such"]).await.wrong();
    let told = run(&folder, &["templates", "render", "confirm", "--locale", "tlh"]).await.wrong();
    assert!(told.contains("expected one of en, de"), "{told}");
}

#[tokio::test]
async fn a_token_fits_the_line_for_the_policy() {
    let folder = TempFolder::new("cli-token");
    let told = run(&folder, &["source", "token", "shop"]).await.done();
    let token = told.lines().next().and_then(|l| l.strip_prefix("token")).expect("a token").trim();
    let policy = &told[told.find("[sources.shop]").expect("the lines for the policy")..];
    assert!(token.len() >= 43 && !policy.contains(token));
    let other = run(&folder, &["source", "token", "shop"]).await.done();
    assert_ne!(told, other);

    // with it in the policy the policy holds
    let example = include_str!("../../../config/policy/example.toml");
    let file = folder.path().join("policy.toml");
    fs::write(&file, format!("{example}\n{policy}types = [\"consent.*\"]\n")).expect("written");
    let environment = vec![("RESCIND_POLICY".to_owned(), file.display().to_string())];
    let told = rescind(&["check"], environment, b"", Clock::set_to(beginning())).await.done();
    assert!(told.contains("shop"), "{told}");
    for name in ["Shop!", "rescind", "broker"] {
        run(&folder, &["source", "token", name]).await.wrong();
    }
}

#[tokio::test]
async fn due_times_follow_from_the_policy_alone() {
    let folder = TempFolder::new("cli-due");
    let due = run(&folder, &["schedule", "next", "housekeeping", "-n", "2", "--json"]).await.json();
    assert_eq!(due[0]["due_at"], "2026-11-23T02:00:00Z");
    assert_eq!(due[1]["local"], "Tue 2026-11-24 03:00 Europe/Berlin");
    assert!(run(&folder, &["schedule", "next"]).await.done().contains("housekeeping"));
    assert!(!folder.path().join("data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_what_the_worker_says() {
    let app = TestApp::sqlite().await;
    let mut environment = app.environment();
    environment.retain(|(name, _)| name != "RESCIND_OPS__LISTEN");
    environment.push(("RESCIND_OPS__LISTEN".to_owned(), format!("0.0.0.0:{}", app.worker().ops.port())));
    rescind_tests::app::eventually("it is ready", async || {
        let ran = rescind(&["health"], environment.clone(), b"", app.clock.clone()).await;
        ran.out == "ready\n"
    })
    .await;
    let mut app = app;
    app.stop().await;
    let told = rescind(&["health"], environment, b"", app.clock.clone()).await.failed();
    assert!(told.contains("does not answer"), "{told}");
}

#[tokio::test]
async fn schemas_are_printed_and_written() {
    let folder = TempFolder::new("cli-schema");
    let all = run(&folder, &["schema"]).await.json();
    assert!(all["messages"]["consent.request.v1"]["properties"]["data"].is_object());
    assert!(
        all["events"]["consent.granted.v1"].is_object()
            && all["config"].is_object()
            && all["policy"].is_object()
    );
    let one = run(&folder, &["schema", "consent.request.v1"]).await.json();
    assert_eq!(one, all["messages"]["consent.request.v1"]);
    assert_eq!(run(&folder, &["schema", "policy"]).await.json(), all["policy"]);
    assert_eq!(run(&folder, &["schema", "events"]).await.json(), all["events"]);
    let out = folder.path().join("schemas").display().to_string();
    let files = run(&folder, &["schema", "messages", "--out", &out]).await.done();
    assert!(files.contains("messages/consent.request.v1.json"), "{files}");
    let told = run(&folder, &["schema", "mesages"]).await.wrong();
    assert!(told.contains("consent.request.v1"), "{told}");
}

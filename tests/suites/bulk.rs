//! Much at once: lists that are imported, the register taken out, values shown for a reason (B11, D8, I1, I3–I5).

mod exporting;
mod importing;
mod killed;
mod revealing;
mod updating;

use rescind_tests::app::TestApp;
use rescind_tests::command::{Ran, rescind};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Who most of it is about.
const ANA: &str = "ana@example.org";

/// Runs a command under a personal token, or under none.
async fn run(app: &TestApp, arguments: &[&str], token: Option<&str>) -> Ran {
    let mut environment = app.environment();
    environment.extend(token.map(|t| ("RESCIND_STAFF_TOKEN".to_owned(), t.to_owned())));
    rescind(arguments, environment, b"", app.clock.clone()).await
}

/// Makes a token under another, or under none.
async fn token(app: &TestApp, name: &str, under: Option<&str>) -> String {
    let out = run(app, &["staff", "token", name], under).await.done();
    let line = out.lines().find(|line| line.starts_with("token")).expect("a token");
    line.split_whitespace().last().expect("a token").to_owned()
}

/// A file in the test's folder.
fn file(app: &TestApp, name: &str, text: &str) -> (PathBuf, String) {
    let path = app.folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    let shown = path.to_str().expect("a path").to_owned();
    (path, shown)
}

/// The acts that are about nobody in particular and name an actor, oldest first.
async fn acts(app: &TestApp, name: &str) -> Vec<Value> {
    let details = app.column("select detail from audit order by at, id").await;
    details
        .iter()
        .filter_map(|detail| serde_json::from_str::<Value>(detail).ok())
        .filter(|detail| detail["act"] == name)
        .collect()
}

/// The consents of the register: state and opt-in of each, by purpose.
async fn consents(app: &TestApp, subject: &str) -> Vec<String> {
    let list = app.rescind(&["consents", "list", "--subject", subject, "--json"]).await.json();
    let line = |consent: &Value| {
        let text = |name: &str| consent[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("purpose"), text("state"), text("opt_in"))
    };
    list.as_array().expect("an array").iter().map(line).collect()
}

/// Records Ana's consent to the newsletter.
async fn consented(app: &TestApp) {
    let subject = json!({"email": ANA, "name": "Ana Lindqvist", "phone": "+49 30 1234567",
        "ids": {"shop": "C-4711"}, "locale": "de"});
    let yes = json!({"category": "marketing", "content": "newsletter", "answer": "agree"});
    app.send("consent.record.v1", json!({"subject": subject, "consents": [yes]})).await;
}

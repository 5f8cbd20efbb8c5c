//! Restriction and objection: a frozen subject is neither changed nor mailed, by any path, and still heard (E8, G8). And
//! whose data came from elsewhere is told so (C6).

mod informing;
mod objecting;
mod restricting;

use rescind_tests::app::TestApp;
use serde_json::{Value, json};

/// Who it is about.
const ANA: &str = "ana@example.org";

fn ana() -> Value {
    json!({"email": ANA})
}

/// Ana has consented to recommendations.
async fn consented(app: &TestApp) {
    let yes = json!([{"category": "personalisation", "content": "recommendations", "answer": "agree"}]);
    let subject = json!({"email": ANA, "name": "Ana", "ids": {"shop": "4711"}});
    app.send("consent.record.v1", json!({"subject": subject, "consents": yes})).await;
}

async fn reason(app: &TestApp, purpose: &str) -> String {
    app.gate(ANA, purpose).await["reason"].as_str().expect("a reason").to_owned()
}

/// Where Ana's data stand: 0 in use, 1 restricted.
async fn state(app: &TestApp) -> i64 {
    app.count("select cast(max(state) as bigint) from subject").await
}

/// Subjects of the mails to Ana so far.
fn mails(app: &TestApp) -> Vec<String> {
    app.letters().into_iter().map(|l| l.subject).collect()
}

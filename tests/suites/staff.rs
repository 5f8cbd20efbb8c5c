//! The controller's people: who is told to stop, once; who says so; who is reminded; who may do what (E5, E6, I5).

mod channels;
mod notices;
mod tokens;

use rescind_tests::app::TestApp;
use serde_json::{Value, json};

/// Who the notices are about.
const ANA: &str = "ana@example.org";

/// A second person in marketing, who wants notices together.
const DORA: &str = r#"
[staff.dora]
name = "Dora Simon"
email = "dora.simon@staff.example.org"
groups = ["marketing"]
notices = "digest"
"#;

/// Ana has consented to both purposes, and is known to the shop.
async fn consented(app: &TestApp) {
    let subject = json!({"email": ANA, "name": "Ana Lindqvist", "ids": {"shop": "4711"}, "locale": "de"});
    let yes =
        |category: &str, content: &str| json!({"category": category, "content": content, "answer": "agree"});
    let consents = [yes("marketing", "newsletter"), yes("personalisation", "recommendations")];
    app.send("consent.record.v1", json!({"subject": subject, "consents": consents})).await;
    app.advance(rescind_jobs::time::Span::hours(1));
}

fn withdrawal(purposes: Value) -> Value {
    json!({"subject": {"email": ANA}, "purposes": purposes, "reason": "too-many"})
}

/// The notices as the command line lists them: person, kind and state of each, oldest first.
async fn notices(app: &TestApp, arguments: &[&str]) -> Vec<String> {
    let arguments: Vec<&str> =
        ["staff", "notices", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    let list = app.rescind(&arguments).await.json();
    let mut lines: Vec<String> = list
        .as_array()
        .expect("an array")
        .iter()
        .map(|n| {
            let text = |name: &str| n[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("staff"), text("kind"), text("state"))
        })
        .collect();
    lines.sort();
    lines
}

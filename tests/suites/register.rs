//! The register of consents and what fills it beside double opt-in: consent recorded elsewhere, opt-in states,
//! withdrawals, and what the policy lays down for all of them (A1–A7, B1–B10, B12, B13, C1–C8, D9, E2–E4).

mod guards;
mod opting_in;
mod policy;
mod recording;
mod stopping;
mod withdrawing;

use rescind_jobs::protection::{Place, Sealed, WrappedKey};
use rescind_tests::app::TestApp;
use rescind_worker::store::Arg;
use rescind_worker::store::dialect::{Row, Sql, sql};
use serde_json::{Value, json};
use uuid::Uuid;

/// Who most of it is about.
const ANA: &str = "ana@example.org";

/// The example policy, as shipped.
const EXAMPLE: &str = include_str!("../../config/policy/example.toml");

/// Purposes and contents that the example has no use for: linked to addresses, contacts and a regulation; for staff
/// alone; not valid yet.
const MORE: &str = r#"
[purposes.visits]
title.en = "Visits"
basis = "consent"

[contents.visits]
purpose = "visits"
category = "personalisation"

[[contents.visits.versions]]
version = 1
valid_from = "2026-01-01"
concerns = ["addresses", "contacts"]
regulation = "rules.txt"
title.en = "Visits"
text.en = "I agree that you visit me."

[purposes.calls]
title.en = "Calls"
basis = "consent"
allowed_by = ["single_staff"]

[contents.calls]
purpose = "calls"

[[contents.calls.versions]]
version = 1
valid_from = "2026-01-01"
channels = ["phone"]
title.en = "Calls"
text.en = "I agree that you call me."

[purposes.surveys]
title.en = "Surveys"
basis = "consent"

[contents.surveys]
purpose = "surveys"

[[contents.surveys.versions]]
version = 1
valid_from = "2027-01-01"
title.en = "Surveys"
text.en = "I agree that you ask me."
"#;

/// The worker once more, under the example and [`MORE`].
async fn with_more(app: TestApp) -> TestApp {
    std::fs::write(app.folder.path().join("rules.txt"), "The rules of visits.").expect("a file");
    under(app, &format!("{EXAMPLE}\n{MORE}")).await
}

/// The worker once more, under another policy.
async fn under(mut app: TestApp, policy: &str) -> TestApp {
    app.stop().await;
    app.lay_down(policy);
    app.start().await;
    app
}

/// A yes to a content.
fn agree(category: &str, content: &str) -> Value {
    json!({"category": category, "content": content, "answer": "agree"})
}

/// A no to a content.
fn disagree(category: &str, content: &str) -> Value {
    json!({"category": category, "content": content, "answer": "disagree"})
}

/// What a message records: these answers of Ana.
fn of_ana(consents: &[Value]) -> Value {
    json!({"subject": {"email": ANA}, "consents": consents})
}

/// `value` with further members.
fn and(mut value: Value, more: Value) -> Value {
    let (Value::Object(map), Value::Object(more)) = (&mut value, more) else { panic!("two objects") };
    map.extend(more);
    value
}

/// The fields that a problem names.
fn fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|e| e["field"].as_str().expect("a field")).collect()
}

/// Answer and reason of the gate.
async fn gate(app: &TestApp, subject: Value, purpose: &str) -> (bool, String) {
    let question = json!({"subject": subject, "purpose": purpose});
    let answer = app.http.post(app.url("/v1/gate")).json(&question).send().await.expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    (answer["allowed"] == json!(true), answer["reason"].as_str().unwrap_or_default().to_owned())
}

/// The register, oldest first: purpose, expression (1 granted, 2 refused, 3 withdrawn) and source of each record.
async fn register(app: &TestApp) -> Vec<String> {
    app.column(
        "select purpose || ' ' || expression || ' ' || source from consent_record order by recorded_at, purpose",
    )
    .await
}

async fn rows(app: &TestApp, query: &'static str) -> Vec<Row> {
    let query: &'static Sql = Box::leak(Box::new(sql(query)));
    app.worker().engine.pool().read(query, Vec::<Arg>::new()).await.expect("a query")
}

/// What the newest record proves, opened with the keys of the installation: how it came about, and the network's
/// traces.
async fn proof(app: &TestApp) -> (Value, Value) {
    let query = "select s.id, s.evidence_key, r.evidence, r.network_evidence from consent_record r \
                 join subject s on s.id = r.subject_id order by r.recorded_at desc limit 1";
    let row = rows(app, query).await.pop().expect("a record");
    let owner: Uuid = row.get(0).expect("an id");
    let place = |table, column| Place { table, column, owner, key_version: 1 };
    let wrapped = WrappedKey(row.get(1).expect("a key"));
    let key =
        app.worker().engine.vault().unwrap(&wrapped, place("subject", "evidence_key")).expect("it opens");
    let open = |sealed: Option<Vec<u8>>, column| match sealed {
        Some(sealed) => {
            let plain = key.open(place("consent_record", column), &Sealed(sealed)).expect("it opens");
            serde_json::from_slice(&plain).expect("JSON")
        }
        None => Value::Null,
    };
    (open(row.get(2).expect("a column"), "evidence"), open(row.get(3).expect("a column"), "network_evidence"))
}

//! The documentation names everything that can come over the wire, and leads nowhere that is not there.

use crate::layout::root;
use rescind_jobs::event::Event;
use rescind_jobs::policy::Feature;
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::registry;
use rescind_tests::app::TestApp;
use rescind_worker::metrics::Metrics;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn page(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("{path} is there"))
}

/// The pages for people: those at the top, and all of `docs`.
fn pages() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from).into();
    for entry in std::fs::read_dir(root().join("docs")).expect("docs/ is there") {
        let name = entry.expect("an entry").file_name();
        if Path::new(&name).extension().is_some_and(|e| e == "md") {
            found.push(Path::new("docs").join(name));
        }
    }
    found
}

#[test]
fn every_type_event_and_refusal_is_explained() {
    let messages = page("docs/messages.md");
    let names = registry::public_names()
        .chain(Event::KINDS)
        .chain(RefusalCode::ALL.iter().map(|c| c.as_str()))
        .chain(Feature::ALL.iter().map(|f| f.as_str()));
    let missing: Vec<_> = names.filter(|name| !messages.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/messages.md does not explain {missing:?}");
}

#[test]
fn every_metric_is_explained() {
    let (operations, text) = (page("docs/operations.md"), Metrics::default().text());
    let names = text.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.split(' ').next());
    let missing: Vec<_> = names.filter(|name| !operations.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/operations.md does not explain {missing:?}");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut broken = Vec::new();
    for file in pages() {
        let text = page(&file.to_string_lossy());
        let folder = file.parent().expect("a folder");
        // what stands between `](` and `)`; code in backticks holds no link in these pages
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:") || path.is_empty();
            if !elsewhere && !root().join(folder).join(path).exists() {
                broken.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The examples of `docs/messages.md`: whole messages, events, and data under the heading of their type.
pub(crate) fn examples() -> Vec<Value> {
    let (text, mut kind, mut found) = (page("docs/messages.md"), None, Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("### `") {
            kind = heading.strip_suffix('`');
        } else if line == "```json" {
            let body: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            let value: Value =
                serde_json::from_str(&body.join("\n")).unwrap_or_else(|e| panic!("{e}: {body:?}"));
            found.push(if value.get("type").is_some() {
                value
            } else {
                json!({"type": kind, "data": value})
            });
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_messages_are_accepted() {
    let app = TestApp::sqlite().await;
    let mut shown = BTreeSet::new();
    for example in examples() {
        let Some(name) = registry::public_names().find(|name| example["type"] == *name) else { continue };
        shown.insert(name);
        let message =
            if example.get("id").is_some() { example } else { app.message(name, example["data"].clone()) };
        let (status, answer) = app.post(&message).await;
        assert_eq!(status, 202, "{message}: {answer}");
    }
    let missing: Vec<_> = registry::public_names().filter(|name| !shown.contains(name)).collect();
    assert!(missing.is_empty(), "docs/messages.md has no example of {missing:?}");
}

#[test]
fn the_examples_of_events_are_as_they_are_sent() {
    let mut shown = BTreeSet::new();
    for mut example in examples() {
        let Some(kind) = Event::KINDS.into_iter().find(|kind| example["type"] == *kind) else { continue };
        shown.insert(kind);
        if let Some(data) = example["data"].as_object_mut() {
            // joined to what the event says when it leaves
            let answers = ["gate.answered.v1", "message.refused.v1"];
            assert_eq!(data.remove("subject").is_none(), answers.contains(&kind), "{kind}");
        }
        let told = json!({"type": kind, "data": example["data"]});
        let event: Event = serde_json::from_value(told.clone()).unwrap_or_else(|e| panic!("{kind}: {e}"));
        assert_eq!(serde_json::to_value(&event).expect("JSON"), told);
    }
    assert_eq!(shown.len(), Event::KINDS.len(), "docs/messages.md shows {shown:?} alone");
}

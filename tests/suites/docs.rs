//! The documentation names everything that can come over the wire, and leads nowhere that is not there.

use crate::layout::root;
use rescind_jobs::event::Event;
use rescind_jobs::policy::Feature;
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::registry;
use rescind_worker::metrics::Metrics;
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

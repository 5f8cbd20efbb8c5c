//! What every sample looks like, recorded in `tests/snapshots/templates`, so that a change of a template shows in the diff.

use std::fs;
use std::path::Path;

use super::*;

#[test]
fn samples_look_as_recorded() {
    let renderer = renderer();
    let update = std::env::var_os("RESCIND_UPDATE_SNAPSHOTS").is_some();
    let mut differing = Vec::new();
    for TemplateInfo { name, kind, .. } in renderer.list() {
        for locale in LOCALES {
            let samples = renderer.render_sample(name, locale).expect("renders");
            // The fullest sample in every locale, the variants in English.
            let shown = if locale == FALLBACK { samples.len() } else { 1 };
            for (number, sample) in samples.into_iter().take(shown).enumerate() {
                let variant = if number == 0 { String::new() } else { format!("-{}", number + 1) };
                let (folder, parts) = match sample {
                    Rendered::Mail(mail) => (
                        "mail",
                        vec![("subject", mail.subject + "\n"), ("txt", mail.text), ("html", mail.html)],
                    ),
                    Rendered::Page(page) => ("page", vec![("html", page)]),
                };
                assert_eq!(folder == "mail", kind == TemplateKind::Mail);
                for (part, text) in parts {
                    let file = format!("{folder}/{name}{variant}.{locale}.{part}");
                    if !matches_snapshot(&file, &text, update) {
                        differing.push(file);
                    }
                }
            }
        }
    }
    assert!(
        differing.is_empty(),
        "these differ from tests/snapshots/templates; look at them with RESCIND_UPDATE_SNAPSHOTS=1 and git diff: {differing:#?}"
    );
}

fn matches_snapshot(file: &str, text: &str, update: bool) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/snapshots/templates").join(file);
    if update {
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        fs::write(&path, text).expect("snapshot");
    }
    fs::read_to_string(&path).is_ok_and(|recorded| recorded == text)
}

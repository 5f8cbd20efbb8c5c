//! The operator's folder: what it changes, and what is refused.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder of its own for one test's overrides.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("rescind-templates-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folder");
        fs::write(path, text).expect("file");
    }
    folder
}

pub(super) fn load_with(name: &str, files: &[(&str, &str)]) -> Result<Renderer, RenderError> {
    let folder = folder(name, files);
    let renderer = Renderer::load(Some(&folder));
    fs::remove_dir_all(folder).expect("clean up");
    renderer
}

fn refused(name: &str, files: &[(&str, &str)]) -> String {
    load_with(name, files).map(drop).expect_err("refused").to_string()
}

#[test]
fn an_operator_overrides_files_and_single_texts() {
    let files = [
        ("locales/de/mails.ftl", "mail-greeting-name = Moin { $name },\n"),
        ("pages/home.hbs", "<h1>Hallo</h1>"),
        (".gitkeep", ""),
    ];
    let renderer = load_with("good", &files).expect("loads");
    let mail = renderer.mail(&ConfirmConsent::samples("de").remove(0), "de").expect("renders");
    assert!(mail.text.contains("Moin Ana Lindqvist,") && mail.text.contains("30. November 2026"));
    assert_eq!(renderer.page(&HomePage {}, "de").expect("renders"), "<h1>Hallo</h1>");
    let of = |name| renderer.list().into_iter().find(|info| info.name == name).expect("known").overridden;
    assert_eq!(of("remind_consent"), ["locales/de/mails.ftl"]);
    assert_eq!(of("home"), ["pages/home.hbs"]);
    assert_eq!(of("trouble"), [""; 0]);
}

#[test]
fn a_wrong_override_is_refused_by_name() {
    let refusals = [
        ("pages/hom.hbs", "x", "pages/hom.hbs is not the name of a template file"),
        (
            "emails/confirm_consent/a/b.hbs",
            "x",
            "emails/confirm_consent/a is not the name of a template file",
        ),
        ("pages/home.hbs", "\n{{#if}", "pages/home.hbs: line 2"),
        (
            "pages/home.hbs",
            "\n{{nobody}}",
            "pages/home.hbs: line 2: Failed to access variable in strict mode",
        ),
        (
            "pages/home.hbs",
            "{{t \"no-such\"}}",
            "pages/home.hbs uses the text \"no-such\", which locale en lacks",
        ),
        ("pages/home.hbs", "{{t locale}}", "the key of a text has to be written out"),
        ("pages/home.hbs", "{{t \"page-close\" a=locale}}", "gives \"page-close\" the values [a]"),
        ("locales/pl/pages.ftl", "page-close = { $a }\n", "but its text in pl names [a]"),
        ("locales/pl/pages.ftl", "\n= x\n", "locales/pl/pages.ftl: line 2"),
        ("locales/pl/pages.ftl", "page-clos = x\n", "defines the text \"page-clos\", which no template uses"),
    ];
    for (number, (file, text, expected)) in refusals.into_iter().enumerate() {
        let error = refused(&format!("bad-{number}"), &[(file, text)]);
        assert!(error.contains(expected), "{error}\n  instead of\n{expected}");
    }
}

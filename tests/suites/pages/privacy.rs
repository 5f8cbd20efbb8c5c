//! The privacy notice (C6, Art. 13, 14).

use super::*;
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both;

on_both! {
    the_notice_says_what_the_policy_says,
}

async fn the_notice_says_what_the_policy_says(app: TestApp) {
    let (status, page) = app.get(&app.url("/privacy?lang=en")).await;
    assert_eq!(status, 200);
    for told in [
        "Example Shop GmbH",
        "privacy@example.org",
        "officer@example.org",
        "Newsletter",
        "Accounting",
        "Art. 6(1)(a)",
        "Art. 6(1)(b)",
        "Art. 6(1)(c)",
        "Art. 6(1)(f)",
        "in other people",
        "Until you withdraw your consent.",
        "The carrier that delivers an order",
        "No data leave the European Economic Area",
        "Art. 15",
        "Art. 21",
        "Art. 77",
        "Berlin Commissioner",
        "without them it cannot be carried out",
        "Art. 22",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    for locale in ["en", "de", "fr", "pl", "bg", "ru", "uk"] {
        let (status, page) = app.get(&app.url(&format!("/privacy?lang={locale}"))).await;
        assert!(status == 200 && page.contains(&format!("<html lang=\"{locale}\"")), "{page}");
        // a text that the policy has in another language says so
        let language = if locale == "de" { "de" } else { "en" };
        assert!(page.contains(&format!("<div lang=\"{language}\"")), "{locale}: {page}");
    }
}

#[tokio::test]
async fn what_is_missing_is_a_warning() {
    let example = include_str!("../../../config/policy/example.toml");
    let (before, rest) = example.split_once("transfers = ").expect("the notice tells it");
    let without = format!("{before}{}", rest.split_once('\n').expect("a line").1);
    let app = TestApp::with(TestDatabase::sqlite().await, Some(&without), &[]).await;
    let told = app.rescind(&["check"]).await;
    let told = format!("{}{}", told.out, told.err);
    assert!(told.contains("no `transfers`"), "{told}");
    let (_, page) = app.get(&app.url("/privacy?lang=en")).await;
    assert!(!page.contains("European Economic Area"), "{page}");
}

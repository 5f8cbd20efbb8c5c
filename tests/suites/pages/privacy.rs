//! The privacy notice (C6, Art. 13, 14).

use super::*;
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both;

on_both! {
    the_notice_says_what_the_policy_says,
    it_names_who_receives_data_for_what_and_where_data_come_from,
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

async fn it_names_who_receives_data_for_what_and_where_data_come_from(mut app: TestApp) {
    let (_, page) = app.get(&app.url("/privacy?lang=de")).await;
    let (before, order) = page.split_once("<h3>Abwicklung von Bestellungen</h3>").expect("the purpose");
    let order = order.split_once("</section>").expect("its end").0;
    let carrier = "<li lang=\"de\">Der Paketdienst, der die Bestellung zustellt</li>";
    assert!(order.contains(carrier) && !before.contains(carrier), "{page}");
    assert!(page.contains("Die Besucherliste einer Messe"), "{page}");
    // a policy of before has names alone
    let example = include_str!("../../../config/policy/example.toml");
    let (before, rest) = example.split_once("[recipients.carrier]").expect("a title");
    app.restart_with_policy(&format!("{before}{}", rest.split_once("\n\n").expect("its end").1)).await;
    let (_, page) = app.get(&app.url("/privacy?lang=de")).await;
    assert!(page.contains("<li lang=\"de\">carrier</li>"), "{page}");
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

//! The pages in a real browser: usable without scripts, by everybody (WCAG 2.2 AA), on a desk and on a phone.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::browser::{Browser, Screen, Scripts};
use rescind_tests::on_both;

on_both! {
    pages_have_no_barriers,
    everything_works_without_scripts,
}

/// Looks at the page that is open with both screens, and tells what is wrong with it.
async fn look(browser: &Browser, name: &str, wrong: &mut Vec<String>) {
    for screen in [Screen::Desk, Screen::Phone] {
        browser.look_with(screen).await;
        let found = browser.barriers(screen).await;
        wrong.extend(found.into_iter().map(|barrier| format!("{name}, {screen:?}: {barrier}")));
        browser.picture(&format!("{name}-{screen:?}")).await;
    }
    browser.look_with(Screen::Desk).await;
}

/// The code in the n-th mail to subjects.
async fn code(app: &TestApp, n: usize) -> String {
    let letter = app.letter(n).await;
    let is_code = |line: &&str| line.len() == 9 && line.chars().all(|c| c.is_ascii_digit() || c == ' ');
    letter.text.lines().map(str::trim).find(is_code).expect("a code").to_owned()
}

async fn pages_have_no_barriers(app: TestApp) {
    consented(&app).await;
    let address = address(&app).await;
    let browser = Browser::start(Scripts::On).await;
    let mut wrong = Vec::new();
    let mut mails = 0;
    for locale in ["de", "uk"] {
        let subject = json!({"email": format!("{locale}@example.net"), "locale": locale});
        app.send("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]})).await;
        mails += 1;
        let confirm = app.letter(mails).await.link();
        browser.open(&confirm).await;
        look(&browser, &format!("confirm-{locale}"), &mut wrong).await;
        app.agree(&confirm).await;
        browser.open(&confirm).await;
        look(&browser, &format!("answered-{locale}"), &mut wrong).await;

        browser.open(&format!("{address}?lang={locale}")).await;
        look(&browser, &format!("preferences-{locale}"), &mut wrong).await;
        browser.press("summary").await;
        look(&browser, &format!("preferences-wording-{locale}"), &mut wrong).await;
        browser.press("a[href*='withdraw/newsletter']").await;
        look(&browser, &format!("withdraw-{locale}"), &mut wrong).await;
        browser.press("button").await;
        look(&browser, &format!("withdrawn-{locale}"), &mut wrong).await;
        // acts of one moment have no order
        app.advance(Span::minutes(1));

        browser.press("a[href*='/change']").await;
        look(&browser, &format!("unlock-{locale}"), &mut wrong).await;
        browser.press("button").await;
        look(&browser, &format!("code-{locale}"), &mut wrong).await;
        browser.write("#code", "no").await;
        browser.press("button").await;
        look(&browser, &format!("code-wrong-{locale}"), &mut wrong).await;
        mails += 1;
        browser.write("#code", &code(&app, mails).await).await;
        browser.press("button").await;
        look(&browser, &format!("edit-{locale}"), &mut wrong).await;
        browser.press("#agree-newsletter").await;
        browser.press("form:has(#agree-newsletter) button").await;
        look(&browser, &format!("given-{locale}"), &mut wrong).await;
        browser.write("#email", &format!("new-{locale}@example.net")).await;
        browser.press("form:has(#email) button").await;
        look(&browser, &format!("address-given-{locale}"), &mut wrong).await;
        mails += 1;
        let letter = app.letter(mails).await;
        let link = letter.text.lines().map(str::trim).find(|line| line.contains("/a/")).expect("a link");
        browser.open(&format!("{link}?lang={locale}")).await;
        look(&browser, &format!("address-{locale}"), &mut wrong).await;
        browser.press("button").await;
        look(&browser, &format!("address-confirmed-{locale}"), &mut wrong).await;
        browser.open(&app.url(&format!("/form/sign-up?lang={locale}"))).await;
        look(&browser, &format!("form-{locale}"), &mut wrong).await;
        browser.press("#agree-newsletter").await;
        browser.press("#disagree-recommendations").await;
        browser.write("#email", &format!("form-{locale}@example.net")).await;
        browser.press("button").await;
        look(&browser, &format!("form-sent-{locale}"), &mut wrong).await;
        mails += 1;
        app.letter(mails).await;
        browser.open(&app.url(&format!("/privacy?lang={locale}"))).await;
        look(&browser, &format!("privacy-{locale}"), &mut wrong).await;
        browser.open(&app.url(&format!("/p/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?lang={locale}"))).await;
        look(&browser, &format!("invalid-{locale}"), &mut wrong).await;
        app.advance(Span::minutes(5));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn everything_works_without_scripts(app: TestApp) {
    consented(&app).await;
    let address = address(&app).await;
    let browser = Browser::start(Scripts::Off).await;
    browser.look_with(Screen::Phone).await;
    browser.open(&address).await;
    assert!(browser.text().await.contains("Ihre Einwilligungen"));
    browser.press("a[hreflang='en']").await;
    assert!(browser.text().await.contains("Your consents"), "another language");
    browser.press("a[href*='withdraw/newsletter']").await;
    browser.press("button").await;
    let text = browser.text().await;
    assert!(text.contains("Your choice is recorded") && text.contains("You withdrew your consent"), "{text}");
    assert!(browser.url().await.ends_with("lang=en"));
    assert!(!stands(&app, "newsletter").await && stands(&app, "recommendations").await);
    // acts of one moment have no order
    app.advance(Span::minutes(1));

    browser.press("a[href*='/change']").await;
    browser.press("button").await;
    browser.write("#code", &code(&app, 1).await).await;
    browser.press("button").await;
    // the browser itself asks for the box
    browser.press("form:has(#agree-newsletter) button").await;
    assert!(!stands(&app, "newsletter").await);
    browser.press("#agree-newsletter").await;
    browser.press("form:has(#agree-newsletter) button").await;
    assert!(browser.text().await.contains("Your choice is recorded"));
    assert!(app.allowed(ANA).await);
    browser.write("#field-first_name", "Anna").await;
    browser.press("form:has(#field-first_name) button").await;
    browser.press("form:has(#field-first_name) + p a, main > p a.button").await;
    assert!(browser.text().await.contains("You have agreed, since 22 November 2026"));
    let changed = "select count(*) from audit where detail like '%\"fields_changed\"%'                    and detail like '%first_name%' and detail not like '%birthday%'";
    assert_eq!(app.count(changed).await, 1);
}

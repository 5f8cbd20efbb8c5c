//! Changing the email address on one's own page: it counts once it was confirmed there (B13, G7).

use super::changing::{hidden, unlocked};
use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::Letter;
use rescind_tests::on_both;

on_both! {
    a_new_address_counts_once_it_is_confirmed_there,
    a_new_address_is_asked_once_and_for_a_day,
    nobody_learns_on_the_page_whose_an_address_is,
}

const NEW: &str = "ana@strand.example";

/// Ana has confirmed the newsletter on her page. Returns its address and the page as it is now.
async fn confirmed(app: &TestApp) -> (String, String) {
    consented(app).await;
    let address = address(app).await;
    let page = unlocked(app, &address, app.letters().len() + 1).await;
    let own = [("nonce", hidden(&page, "nonce")), ("pass", hidden(&page, "pass"))];
    let give = [("give", "newsletter"), ("version", "1"), ("agree", "yes")].map(|(n, v)| (n, v.to_owned()));
    let form: Vec<_> = own.into_iter().chain(give).collect();
    let response = app.http.post(format!("{address}/edit")).form(&form).send().await.expect("an answer");
    assert!(app.allowed(ANA).await);
    (address, response.text().await.expect("a page"))
}

async fn enter(app: &TestApp, address: &str, page: &str, email: &str) -> (u16, String) {
    let form =
        [("nonce", hidden(page, "nonce")), ("pass", hidden(page, "pass")), ("email", email.to_owned())];
    let response = app.http.post(format!("{address}/edit")).form(&form).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a page"))
}

/// The link of the mail that asks at a new address.
fn link(letter: &Letter) -> String {
    let found = letter.text.lines().map(str::trim).find(|line| line.contains("/a/"));
    found.expect("a link").to_owned()
}

async fn press(app: &TestApp, link: &str) -> (u16, String) {
    let (status, page) = app.get(link).await;
    assert_eq!(status, 200, "{page}");
    let form = [("nonce", nonce(&page))];
    let response = app.http.post(link).form(&form).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a page"))
}

async fn a_new_address_counts_once_it_is_confirmed_there(app: TestApp) {
    let (address, page) = confirmed(&app).await;
    let before = app.letters().len();
    assert!(page.contains(ANA), "the address as it is: {page}");
    let (status, page) = enter(&app, &address, &page, "ana@").await;
    assert!(status == 422 && page.contains("id=\"wrong-email\""), "{page}");
    let (status, page) = enter(&app, &address, &page, NEW).await;
    assert!(status == 200 && page.contains("role=\"status\""), "{page}");
    let letter = app.letter(before + 1).await;
    assert_eq!(letter.to, NEW);
    assert!(PERSONAL.iter().all(|text| !letter.text.contains(text)), "it names nobody: {}", letter.text);
    let link = link(&letter);
    let (status, _) = app.get(&link).await;
    assert_eq!(status, 200);
    assert!(app.allowed(ANA).await, "a scanner's visit changes nothing");
    assert_eq!(app.gate(NEW, "newsletter").await["reason"], "unknown_subject");

    let (status, page) = press(&app, &link).await;
    assert!(status == 200 && page.contains("role=\"status\""), "{page}");
    assert_eq!(app.column("select cast(count(*) as text) from subject").await, ["1"]);
    assert!(!app.allowed(NEW).await, "confirmed at the old address only");
    assert!(!app.allowed(ANA).await);
    let acts = app.acts().await;
    for act in ["address_given", "primary_email_changed", "opt_in_reset"] {
        assert!(acts.iter().any(|known| known == act), "{act}: {acts:?}");
    }
    let (status, _) = app.get(&link).await;
    assert_eq!(status, 404, "it serves once");
    // what goes out now goes there
    app.advance(Span::minutes(2));
    let (_, page) = app.get(&format!("{address}/change")).await;
    let form = [("nonce", nonce(&page))];
    app.http.post(format!("{address}/code")).form(&form).send().await.expect("an answer");
    assert_eq!(app.letter(before + 2).await.to, NEW);
    // and she can confirm there what she had agreed to
    let page = app.get(&address).await.1;
    assert!(page.contains("class=\"state unconfirmed\""), "{page}");
}

async fn a_new_address_is_asked_once_and_for_a_day(app: TestApp) {
    let (address, page) = confirmed(&app).await;
    let before = app.letters().len();
    enter(&app, &address, &page, NEW).await;
    enter(&app, &address, &page, NEW).await;
    let first = link(&app.letter(before + 1).await);
    app.quiet().await;
    assert_eq!(app.letters().len(), before + 1, "pressed twice, asked once");
    enter(&app, &address, &page, "ana@quay.example").await;
    let second = link(&app.letter(before + 2).await);
    assert_eq!(app.get(&first).await.0, 404, "the last one counts");
    app.advance(Span::hours(25));
    assert_eq!(app.get(&second).await.0, 404, "it is too old");
    assert!(app.allowed(ANA).await);
}

async fn nobody_learns_on_the_page_whose_an_address_is(app: TestApp) {
    let (address, page) = confirmed(&app).await;
    app.send("subject.upsert.v1", json!({"subject": {"email": NEW, "name": "Bob"}})).await;
    let before = app.letters().len();
    let (status, page) = enter(&app, &address, &page, NEW).await;
    assert!(status == 200 && page.contains("role=\"status\""), "as for any other: {page}");
    let (status, page) = press(&app, &link(&app.letter(before + 1).await)).await;
    assert!(status == 409 && page.contains("role=\"alert\""), "{page}");
    assert!(app.allowed(ANA).await, "nothing has changed");
    assert_eq!(app.column("select cast(count(*) as text) from subject").await, ["2"]);
}

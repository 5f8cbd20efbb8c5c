//! The pages that people see: their own page at its permanent address (D6, E1, G7), and the privacy notice (C6).

mod address;
mod browser;
mod changing;
mod forms;
mod preferences;
mod privacy;

use rescind_tests::app::{TestApp, nonce};
use rescind_tests::command::rescind;
use serde_json::{Value, json};

/// Whose page it is.
const ANA: &str = "ana@example.org";
/// What tells who she is.
const PERSONAL: [&str; 4] = ["ana@", "Lindqvist", "4711", "1990"];

/// Ana is known by name and number, and has consented to both purposes.
async fn consented(app: &TestApp) {
    let subject = json!({"email": ANA, "name": "Ana Lindqvist", "ids": {"shop": "4711"}, "locale": "de"});
    let yes =
        |category: &str, content: &str| json!({"category": category, "content": content, "answer": "agree"});
    let consents = [yes("marketing", "newsletter"), yes("personalisation", "recommendations")];
    app.send("consent.record.v1", json!({"subject": subject, "consents": consents})).await;
    let fields = json!({"birthday": "1990-12-31", "first_name": "Ana"});
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}, "fields": fields})).await;
    app.advance(rescind_jobs::time::Span::hours(1));
}

/// The address of her page, as staff look it up.
async fn address(app: &TestApp) -> String {
    let out = link(app, &[]).await;
    out.trim().to_owned()
}

async fn link(app: &TestApp, options: &[&str]) -> String {
    let of_ana = format!("email:{ANA}");
    let arguments: Vec<&str> =
        ["subjects", "link", of_ana.as_str()].into_iter().chain(options.iter().copied()).collect();
    let out = rescind(&arguments, public(app), b"", app.clock.clone()).await.done();
    // acts of one moment have no order
    app.advance(rescind_jobs::time::Span::seconds(1));
    out
}

/// The environment of a command that knows where the worker listens.
fn public(app: &TestApp) -> Vec<(String, String)> {
    let mut environment = app.environment();
    environment.push(("RESCIND_HTTP__PUBLIC_URL".to_owned(), app.url("")));
    environment
}

/// Sends the form of a page with its nonce and these fields; returns where it leads, and the page that is found there.
async fn submit(app: &TestApp, url: &str, fields: &[(&str, &str)]) -> (String, String) {
    let (status, page) = app.get(url).await;
    assert_eq!(status, 200, "{page}");
    let nonce = nonce(&page);
    let form: Vec<(&str, &str)> =
        std::iter::once(("nonce", nonce.as_str())).chain(fields.iter().copied()).collect();
    let response = app.http.post(url).form(&form).send().await.expect("an answer");
    assert_eq!(response.status().as_u16(), 303);
    let to = response.headers()["location"].to_str().expect("a location").to_owned();
    let to = reqwest::Url::parse(url).and_then(|url| url.join(&to)).expect("a URL").to_string();
    let (status, page) = app.get(&to).await;
    assert_eq!(status, 200, "{page}");
    (to, page)
}

/// The address that a link of a page leads to, found by a part of it.
fn follow(url: &str, page: &str, part: &str) -> String {
    let href = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .find(|href| href.contains(part))
        .unwrap_or_else(|| panic!("no link with {part}: {page}"));
    reqwest::Url::parse(url).and_then(|url| url.join(&plain(href))).expect("a URL").to_string()
}

/// Whether her consent to this purpose stands.
async fn stands(app: &TestApp, purpose: &str) -> bool {
    let gate = app.gate(ANA, purpose).await;
    match gate["reason"].as_str().expect("a reason") {
        // recorded by staff, which does not do for every purpose
        "consent_granted" | "opt_in_insufficient" => true,
        "consent_withdrawn" => false,
        other => panic!("{other}"),
    }
}

/// An attribute of a page as browsers read it.
fn plain(attribute: &str) -> String {
    attribute.replace("&#x3D;", "=").replace("&amp;", "&")
}

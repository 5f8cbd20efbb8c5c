//! The pages behind links in mails.

use super::stand::*;
use crate::runner::door::NoAnswer;
use crate::runner::message::{Outcome, Sender};
use rescind_jobs::model::{RequestState, SubjectState};
use rescind_jobs::refusal::{Refusal, RefusalCode};
use rescind_jobs::time::Span;
use serde_json::{Value, json};
use std::sync::Arc;

const UNKNOWN: &str = "/c/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

async fn open_request() -> (Stand, String) {
    let stand = stand().await;
    let link = stand.request(RequestState::Open, SubjectState::Active).await;
    (stand, link)
}

async fn nonce(stand: &Stand, link: &str) -> String {
    stand.send(ask("GET", link)).await.nonce()
}

#[tokio::test]
async fn the_page_asks_in_the_language_of_the_request() {
    let (stand, link) = open_request().await;
    let got = stand.send(ask("GET", &link).header("accept-language", "fr")).await;
    assert_eq!((got.status.as_u16(), got.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(got.body.contains("lang=\"de\"") && got.body.contains("Newsletter per E-Mail"), "{}", got.body);
    assert!(got.body.contains("29. November 2026") && got.body.contains("Example Shop GmbH"));
    assert!(!got.body.contains("checked"), "the box is not ticked beforehand");
    let got = stand.send(ask("GET", format!("{link}?lang=pl"))).await;
    assert!(got.body.contains("<html lang=\"pl\"") && got.body.contains("Newsletter pocztą"), "{}", got.body);
}

#[tokio::test]
async fn a_yes_is_handed_in_and_leads_back_to_the_page() {
    let (stand, link) = open_request().await;
    let form = format!("nonce={}&answer=granted&agree=yes", nonce(&stand, &link).await);
    let click = Ask { peer: "192.0.2.1:4711", ..ask("POST", format!("{link}?lang=fr")).form(form) }
        .header("user-agent", "Browser/1")
        .header("origin", "null")
        .header("sec-fetch-site", "same-origin");
    let got = stand.send(click).await;
    let token = link.strip_prefix("/c/").expect("a link");
    assert_eq!((got.status.as_u16(), got.header("location")), (303, format!("{token}?lang=fr").as_str()));

    let [(body, sender)] = &stand.handed_in()[..] else { panic!("one message") };
    let message: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(*sender, Sender::Internal);
    assert_eq!((&message["type"], &message["source"]), (&json!("consent.answer.v1"), &json!("rescind")));
    assert_eq!(
        message["data"],
        json!({"request": "00000000-0000-0000-0000-00000000002a", "answer": "agree", "locale": "fr",
               "evidence": {"ip": "192.0.2.1", "user_agent": "Browser/1"}})
    );
}

#[tokio::test]
async fn a_no_needs_no_box() {
    let (stand, link) = open_request().await;
    let form = format!("nonce={}&answer=refused", nonce(&stand, &link).await);
    let got = stand.send(ask("POST", &link).form(form)).await;
    assert_eq!((got.status.as_u16(), got.header("location")), (303, &link[3..]));
    assert!(stand.handed_in()[0].0.contains(r#""answer":"disagree""#));
}

#[tokio::test]
async fn scanners_change_nothing() {
    let (stand, link) = open_request().await;
    for method in ["GET", "HEAD"] {
        let prefetch = ask(method, &link).header("sec-purpose", "prefetch").header("purpose", "prefetch");
        assert_eq!(stand.send(prefetch).await.status, 200);
    }
    let good = nonce(&stand, &link).await;
    let of_another = stand.state.vault.page_nonce("another", 0);
    for form in [
        String::new(),
        "answer=granted&agree=yes".to_owned(),
        "nonce=&answer=granted&agree=yes".to_owned(),
        format!("nonce={of_another}&answer=granted&agree=yes"),
        format!("nonce={good}"),
        format!("nonce={good}&answer=granted"),
        format!("nonce={good}&answer=granted&agree="),
        format!("nonce={good}&answer=granted&agree=no"),
        format!("nonce={good}&answer=maybe&agree=yes"),
        "answer=refused".to_owned(),
    ] {
        let got = stand.send(ask("POST", &link).form(form.clone())).await;
        assert_eq!(got.status, 422, "{form}");
        assert_eq!(got.nonce(), good, "the page is shown again");
        let hint = got.body.contains("id=\"missing\"");
        assert_eq!(hint, !form.contains("refused"), "{form}");
    }
    let json = ask("POST", &link).json(format!(r#"{{"nonce":"{good}","answer":"granted","agree":"yes"}}"#));
    assert_eq!(stand.send(json).await.status, 415);
    assert!(stand.handed_in().is_empty());
}

#[tokio::test]
async fn a_page_can_be_sent_for_a_day() {
    let (stand, link) = open_request().await;
    let form = format!("nonce={}&answer=granted&agree=yes", nonce(&stand, &link).await);
    stand.state.clock.advance(Span::hours(24));
    assert_eq!(stand.send(ask("POST", &link).form(form.clone())).await.status, 303);
    stand.state.clock.advance(Span::hours(1));
    assert_eq!(stand.send(ask("POST", &link).form(form)).await.status, 422);
    assert_eq!(stand.handed_in().len(), 1);
}

#[tokio::test]
async fn links_that_open_nothing_are_all_alike() {
    let mut answers = Vec::new();
    for (state, subject, later) in [
        (RequestState::Open, SubjectState::Active, 7),
        (RequestState::Expired, SubjectState::Active, 0),
        (RequestState::Voided, SubjectState::Active, 0),
        (RequestState::Open, SubjectState::Erased, 0),
        (RequestState::Confirmed, SubjectState::Erasing, 0),
    ] {
        let stand = stand().await;
        let link = stand.request(state, subject).await;
        stand.state.clock.advance(Span::days(later));
        for path in [link.as_str(), UNKNOWN, "/c/x", "/c/%ff", "/c/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            answers.push(stand.send(ask("GET", path)).await);
            let form = "nonce=x&answer=granted&agree=yes";
            answers.push(stand.send(ask("POST", path).form(form)).await);
        }
        assert!(stand.handed_in().is_empty());
    }
    for got in &answers {
        assert_eq!((got.status.as_u16(), &got.body), (404, &answers[0].body));
        assert_eq!(got.headers, answers[0].headers);
    }
}

#[tokio::test]
async fn a_second_visit_shows_the_same() {
    for (state, lead) in [(RequestState::Confirmed, "page-granted"), (RequestState::Refused, "page-refused")]
    {
        let stand = stand().await;
        let link = stand.request(state, SubjectState::Active).await;
        stand.state.clock.advance(Span::days(30));
        let first = stand.send(ask("GET", &link)).await;
        assert_eq!(first.status, 200, "{lead}");
        assert!(!first.body.contains("<form") && first.body.contains("Newsletter per E-Mail"));
        assert_eq!(stand.send(ask("GET", &link)).await.body, first.body);
        let again = stand.send(ask("POST", &link).form("answer=granted")).await;
        assert_eq!(again.status, 303);
        assert!(stand.handed_in().is_empty());
    }
}

#[tokio::test]
async fn forms_of_other_sites_are_not_taken() {
    let (stand, link) = open_request().await;
    let form = format!("nonce={}&answer=granted&agree=yes", nonce(&stand, &link).await);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:8080.evil.example"),
    ] {
        let got = stand.send(ask("POST", &link).form(form.clone()).header(name, value)).await;
        assert_eq!((got.status.as_u16(), got.header("content-type")), (403, "text/html; charset=utf-8"));
    }
    assert!(stand.handed_in().is_empty());
    for origin in ["null", "http://127.0.0.1:8080"] {
        let got = stand.send(ask("POST", &link).form(form.clone()).header("origin", origin)).await;
        assert_eq!(got.status, 303, "{origin}");
    }
}

#[tokio::test]
async fn trouble_of_ours_is_told_as_such() {
    let refused = |code| Ok(Outcome::Refused(Refusal::new(code, "No.")));
    for (answer, status, retry) in [
        (Err(NoAnswer::Full), 503, "1"),
        (Err(NoAnswer::Unavailable), 503, "5"),
        (Err(NoAnswer::Stopping), 503, "5"),
        (refused(RefusalCode::LinkInvalid), 404, ""),
        (refused(RefusalCode::SubjectClosed), 404, ""),
    ] {
        let answers: Answers = Arc::new(move |_: &str| answer.clone());
        let stand = stand_with(Setup { answers, ..Setup::default() }).await;
        let link = stand.request(RequestState::Open, SubjectState::Active).await;
        let form = format!("nonce={}&answer=granted&agree=yes", nonce(&stand, &link).await);
        let got = stand.send(ask("POST", &link).form(form)).await;
        assert_eq!((got.status.as_u16(), got.header("retry-after")), (status, retry));
    }
    let (stand, link) = open_request().await;
    stand.state.pool.close().await;
    assert_eq!(stand.send(ask("GET", &link)).await.status, 503);
    assert_eq!(stand.send(ask("POST", &link).form("answer=refused")).await.status, 503);
}

#[tokio::test]
async fn floods_are_turned_away_before_the_store_is_asked() {
    let (stand, link) = open_request().await;
    let from_afar = |ask| Ask { peer: "192.0.2.1:4711", ..ask };
    for _ in 0..60 {
        assert_eq!(stand.send(from_afar(ask("GET", UNKNOWN))).await.status, 404);
    }
    for path in [UNKNOWN, link.as_str()] {
        let got = stand.send(from_afar(ask("GET", path))).await;
        assert_eq!((got.status.as_u16(), got.header("retry-after")), (429, "60"));
    }
    assert_eq!(stand.send(ask("GET", &link)).await.status, 200, "others are not affected");
    for _ in 0..30 {
        assert_eq!(stand.send(from_afar(ask("POST", UNKNOWN).form(""))).await.status, 404);
    }
    assert_eq!(stand.send(from_afar(ask("POST", UNKNOWN).form(""))).await.status, 429);
}

#[tokio::test]
async fn a_form_is_small() {
    let (stand, link) = open_request().await;
    assert_eq!(stand.send(ask("POST", &link).form("x".repeat(4097))).await.status, 413);
}

#[tokio::test]
async fn the_small_pages() {
    let stand = stand().await;
    let home = stand.send(ask("GET", "/").header("accept-language", "uk, en;q=0.5")).await;
    assert!(home.status == 200 && home.body.contains("<html lang=\"uk\""));
    assert_eq!(stand.send(ask("GET", "/style.css")).await.header("content-type"), "text/css; charset=utf-8");
    assert!(stand.send(ask("GET", "/robots.txt")).await.body.contains("Disallow: /"));
    assert_eq!(stand.send(ask("GET", "/favicon.ico")).await.status, 204);
    assert!(!home.headers.contains_key("strict-transport-security"), "not over http");
    assert!(home.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(home.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn https_is_kept() {
    let variables = vec![("RESCIND_HTTP__PUBLIC_URL", "https://privacy.example.org/p")];
    let stand = stand_with(Setup { variables, ..Setup::default() }).await;
    let got = stand.send(ask("GET", "/")).await;
    assert!(got.header("strict-transport-security").starts_with("max-age="));
    let link = stand.request(RequestState::Open, SubjectState::Active).await;
    let own = ask("POST", &link).form("").header("origin", "https://privacy.example.org");
    assert_eq!(stand.send(own).await.status, 422, "behind a proxy the origin is that of public_url");
}

//! What an attacker learns from pages and answers: nothing from their headers, nor from the work they cost.

use super::stand::*;
use crate::store::dialect::STATEMENTS;
use rescind_jobs::model::{RequestState, SubjectState};

const UNKNOWN: &str = "/c/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[tokio::test]
async fn no_answer_sets_a_cookie_and_every_answer_has_its_headers() {
    let stand = stand().await;
    let link = stand.request(RequestState::Open, SubjectState::Active).await;
    let paths = [
        "/",
        "/style.css",
        "/robots.txt",
        "/favicon.ico",
        &link,
        UNKNOWN,
        "/d/00/a.pdf",
        "/v1/gate",
        "/nowhere",
    ];
    for path in paths {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
            let got = stand.send(ask(method, path)).await;
            assert!(!got.headers.contains_key("set-cookie"), "{method} {path}");
            assert!(!got.headers.contains_key("server") && !got.headers.contains_key("x-powered-by"));
            assert!(!got.headers.contains_key("access-control-allow-origin"), "{method} {path}");
            let exact = [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("x-frame-options", "DENY"),
                ("cache-control", "no-store"),
                ("cross-origin-resource-policy", "same-origin"),
            ];
            for (name, value) in exact {
                assert_eq!(got.header(name), value, "{name} of {method} {path}");
            }
            let policy = got.header("content-security-policy");
            for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
                assert!(policy.contains(part), "{policy}");
            }
            for weak in ["unsafe", "*", "data:", "http:", "https:", "script-src"] {
                assert!(!policy.contains(weak), "{weak} in {policy}");
            }
            if !matches!(method, "GET" | "HEAD" | "POST") {
                let expected = if path == "/nowhere" { 404 } else { 405 };
                assert_eq!(got.status, expected, "{method} {path}");
            }
        }
    }
    assert!(stand.handed_in().is_empty());
}

/// The token stands in the path of its page, and nothing on that page takes it along: no link to elsewhere without
/// `no-referrer`, nothing loaded from elsewhere, and no copy of it in the page.
#[tokio::test]
async fn no_page_leads_the_token_elsewhere() {
    for state in [RequestState::Open, RequestState::Confirmed, RequestState::Refused, RequestState::Voided] {
        let stand = stand().await;
        let link = stand.request(state, SubjectState::Active).await;
        let token = link.strip_prefix("/c/").expect("a token");
        let got = stand.send(ask("GET", &link)).await;
        assert!(!got.body.contains(token), "the page repeats its token");
        assert_eq!(got.header("referrer-policy"), "no-referrer");
        let loads: Vec<_> = got.body.split("src=").skip(1).collect();
        assert!(loads.is_empty(), "something is loaded");
        for linked in got.body.split("<link ").skip(1).filter_map(|rest| rest.split('>').next()) {
            assert!(linked.contains("href=\"/") || !linked.contains("href=\"http"), "{linked}");
        }
    }
}

/// Statements that a request costs.
async fn cost(stand: &Stand, ask: Ask) -> (u16, u64) {
    let before = STATEMENTS.get();
    let got = stand.send(ask).await;
    (got.status.as_u16(), STATEMENTS.get() - before)
}

#[tokio::test]
async fn known_and_unknown_links_cost_the_same_statements() {
    let states = [RequestState::Open, RequestState::Confirmed, RequestState::Expired, RequestState::Voided];
    for state in states {
        let stand = stand().await;
        let link = stand.request(state, SubjectState::Active).await;
        for path in [link.as_str(), UNKNOWN] {
            assert_eq!(cost(&stand, ask("GET", path)).await.1, 1, "{state:?} {path}");
            // without the page's nonce, which only who has the link can know
            assert_eq!(
                cost(&stand, ask("POST", path).form("nonce=x&answer=refused")).await.1,
                1,
                "{state:?} {path}"
            );
        }
    }
}

/// By structure: times are no assertion. What is secret is compared by `subtle`, and by nothing else.
#[test]
fn secrets_are_compared_in_constant_time() {
    let auth = include_str!("../auth.rs");
    let form = include_str!("../pages/form.rs");
    let unlock = include_str!("../pages/preferences/unlock.rs");
    assert!(auth.contains("known.ct_eq(&hash)"), "hashes of bearer tokens");
    assert!(form.contains(".ct_eq(nonce.as_bytes())"), "nonces of pages");
    assert!(unlock.contains(".ct_eq(entered.as_bytes())"), "mailed codes");
    assert!(unlock.contains(".ct_eq(pass.as_bytes())"), "the pass of an unlocked page");
    for (name, source) in [("auth.rs", auth), ("form.rs", form), ("unlock.rs", unlock)] {
        for line in source.lines().filter(|line| line.contains("==") || line.contains("!=")) {
            assert!(
                !["nonce", "hash", "token", "pass", "code."].iter().any(|secret| line.contains(secret)),
                "{name}: {line}"
            );
        }
    }
}

//! `POST /v1/messages`.

use super::stand::*;
use crate::runner::door::NoAnswer;
use crate::runner::message::{Outcome, Sender};
use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use rescind_jobs::code::SourceId;
use rescind_jobs::refusal::{Refusal, RefusalCode};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;

const MESSAGE: &str = r#"{"specversion":"1.0","id":"m1","source":"shop","type":"consent.request.v1"}"#;

fn message(id: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "shop"})
}

fn post(body: &str) -> Ask {
    ask("POST", "/v1/messages").json(body.to_owned())
}

/// Answers by the id of the message.
fn by_id() -> Setup {
    let refused = |code| Ok(Outcome::Refused(Refusal::field(code, "data.x", "is wrong")));
    let answers: Answers = Arc::new(move |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        match body["id"].as_str().unwrap_or_default() {
            "duplicate" => Ok(Outcome::Duplicate),
            "full" => Err(NoAnswer::Full),
            "unavailable" => Err(NoAnswer::Unavailable),
            "stopping" => Err(NoAnswer::Stopping),
            code => RefusalCode::from_text(code).map_or(Ok(Outcome::Done), refused),
        }
    });
    Setup { answers, ..Setup::default() }
}

#[tokio::test]
async fn a_message_is_handed_in_as_it_came_and_accepted() {
    let stand = stand().await;
    let got = stand.send(post(MESSAGE)).await;
    assert_eq!(got.status, 202);
    assert_eq!(got.json(), json!({"id": "m1", "source": "shop", "status": "accepted"}));
    assert_eq!(stand.handed_in(), [(MESSAGE.to_owned(), Sender::Local)]);
}

#[tokio::test]
async fn each_refusal_has_its_status() {
    let stand = stand_with(by_id()).await;
    for (id, status) in [
        ("malformed_json", 400),
        ("invalid_envelope", 400),
        ("not_allowed", 403),
        ("too_large", 413),
        ("unknown_content", 422),
        ("id_reused", 422),
        ("limit_reached", 429),
        ("internal_error", 500),
    ] {
        let got = stand.send(post(&message(id).to_string())).await;
        assert_eq!(got.problem(), (status, id.to_owned()));
        assert_eq!(got.json()["errors"], json!([{"field": "data.x", "problem": "is wrong"}]));
    }
    let got = stand.send(post(&message("duplicate").to_string())).await;
    assert_eq!((got.status.as_u16(), &got.json()["status"]), (202, &json!("duplicate")));
}

#[tokio::test]
async fn no_answer_asks_to_try_again() {
    let stand = stand_with(by_id()).await;
    for (id, code, seconds) in
        [("full", "busy", "1"), ("unavailable", "unavailable", "5"), ("stopping", "stopping", "5")]
    {
        for body in [message(id).to_string(), json!([message(id), message(id)]).to_string()] {
            let got = stand.send(post(&body)).await;
            assert_eq!(got.problem(), (503, code.to_owned()));
            assert_eq!(got.header("retry-after"), seconds);
        }
    }
}

#[tokio::test]
async fn a_batch_is_answered_item_by_item() {
    let stand = stand_with(by_id()).await;
    let good = json!([message("a"), message("duplicate")]);
    let got = stand.send(post(&format!(" \n{good}"))).await;
    assert_eq!(got.status, 202);
    assert_eq!(got.json()[1], json!({"id": "duplicate", "source": "shop", "status": "duplicate"}));

    let mixed = json!([message("a"), message("unknown_type"), message("full"), 7]);
    let got = stand.send(post(&mixed.to_string())).await;
    assert_eq!(got.status, 207);
    let items = got.json();
    let statuses: Vec<_> = (0..4).map(|i| items[i]["status"].as_str().expect("a status")).collect();
    assert_eq!(statuses, ["accepted", "refused", "not_decided", "accepted"]);
    assert_eq!(items[1]["problem"]["code"], "unknown_type");
    assert_eq!(items[2]["problem"]["status"], 503);
    assert_eq!(stand.handed_in().len(), 6, "each message on its own");
}

#[tokio::test]
async fn a_batch_has_limits() {
    let variables = vec![("RESCIND_HTTP__BATCH_LIMIT", "2")];
    let stand = stand_with(Setup { variables, ..Setup::default() }).await;
    for (body, status, code) in
        [("[]", 400, "invalid_envelope"), ("[{}", 400, "malformed_json"), ("[{},{},{}]", 413, "too_large")]
    {
        assert_eq!(stand.send(post(body)).await.problem(), (status, code.to_owned()), "{body}");
    }
    let batch = Ask { body: MESSAGE.into(), ..ask("POST", "/v1/messages") };
    let got = stand.send(batch.header("content-type", "application/cloudevents-batch+json")).await;
    assert_eq!(got.problem(), (400, "malformed_json".to_owned()));
    assert!(stand.handed_in().is_empty());
}

#[tokio::test]
async fn only_json_is_taken() {
    let stand = stand().await;
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"] {
        let wrong = Ask { body: MESSAGE.into(), ..ask("POST", "/v1/messages") };
        let got = stand.send(wrong.header("content-type", media_type)).await;
        assert_eq!(got.problem(), (415, "unsupported_media_type".to_owned()), "{media_type}");
    }
    let none = Ask { body: MESSAGE.into(), ..ask("POST", "/v1/messages") };
    assert_eq!(stand.send(none).await.status, 415);
    assert!(stand.handed_in().is_empty());
    let event = Ask { body: MESSAGE.into(), ..ask("POST", "/v1/messages") };
    let got = stand.send(event.header("content-type", "application/CloudEvents+json; charset=UTF-8")).await;
    assert_eq!(got.status, 202);
}

#[tokio::test]
async fn without_sources_only_this_machine_is_heard() {
    let stand = stand().await;
    let foreign: [(&str, Ask); 7] = [
        ("peer", Ask { peer: "192.0.2.1:4711", ..post(MESSAGE) }),
        ("host", Ask { host: Some("evil.example"), ..post(MESSAGE) }),
        ("no host", Ask { host: None, ..post(MESSAGE) }),
        ("origin", post(MESSAGE).header("origin", "https://evil.example")),
        ("forwarded", post(MESSAGE).header("x-forwarded-for", "127.0.0.1")),
        ("via", post(MESSAGE).header("via", "1.1 proxy")),
        ("fetch", post(MESSAGE).header("sec-fetch-site", "cross-site")),
    ];
    for (what, ask) in foreign {
        let got = stand.send(ask).await;
        assert_eq!(got.problem(), (401, "not_authenticated".to_owned()), "{what}");
        assert!(got.header("www-authenticate").starts_with("Bearer"), "{what}");
    }
    assert!(stand.handed_in().is_empty());
    let own = post(MESSAGE).header("origin", format!("http://{HOST}"));
    assert_eq!(stand.send(own).await.status, 202);
}

#[tokio::test]
async fn with_sources_only_their_tokens_are_heard() {
    let stand = stand_with(Setup { sources: true, ..Setup::default() }).await;
    for wrong in ["Bearer wrong", "Bearer ", "Basic c2hvcDp0b2tlbg==", "token-of-the-shop", "Bearer"] {
        let got = stand.send(post(MESSAGE).header("authorization", wrong)).await;
        assert_eq!(got.problem(), (401, "not_authenticated".to_owned()), "{wrong}");
        assert!(got.header("www-authenticate").contains("invalid_token"));
        assert!(!got.body.contains("wrong"), "no token is repeated");
    }
    assert_eq!(stand.send(post(MESSAGE)).await.problem().0, 401, "loopback is not trust");
    assert!(stand.handed_in().is_empty());

    let far = Ask { peer: "192.0.2.1:4711", host: Some("privacy.example.org"), ..post(MESSAGE) };
    let got = stand.send(far.header("authorization", format!("bearer {TOKEN}"))).await;
    assert_eq!(got.status, 202);
    let shop = Sender::Authenticated(SourceId::new("shop").expect("a name"));
    assert_eq!(stand.handed_in(), [(MESSAGE.to_owned(), shop)]);
}

#[tokio::test]
async fn a_body_may_be_neither_large_nor_slow_nor_cut_off() {
    let variables =
        vec![("RESCIND_HTTP__BODY_LIMIT_BYTES", "1024"), ("RESCIND_HTTP__REQUEST_TIMEOUT_SECONDS", "1")];
    let stand = stand_with(Setup { variables, ..Setup::default() }).await;
    let large = "x".repeat(1025);
    assert_eq!(stand.send(post(&large)).await.problem(), (413, "too_large".to_owned()));
    let announced = post(MESSAGE).header("content-length", "1025");
    assert_eq!(stand.send(announced).await.problem().0, 413);
    let chunk = || Ok::<_, Infallible>(Bytes::from(vec![b' '; 600]));
    let chunked = Body::from_stream(stream::iter([chunk(), chunk()]));
    assert_eq!(stand.send(ask("POST", "/v1/messages").json(chunked)).await.problem().0, 413);

    let slow = Body::from_stream(stream::iter([chunk()]).chain(stream::pending()));
    let got = stand.send(ask("POST", "/v1/messages").json(slow)).await;
    assert_eq!(got.problem(), (408, "too_slow".to_owned()));
    let cut = Body::from_stream(stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]));
    let got = stand.send(ask("POST", "/v1/messages").json(cut)).await;
    assert_eq!(got.problem(), (400, "incomplete".to_owned()));
    assert!(stand.handed_in().is_empty());
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let stand = stand().await;
    for path in ["/v2/messages", "/c", "/c/", "/dev/mailbox", "/livez", "/%ff"] {
        assert_eq!(stand.send(ask("GET", path)).await.problem(), (404, "not_found".to_owned()), "{path}");
    }
    for (method, path, allow) in [
        ("GET", "/v1/messages", "POST"),
        ("OPTIONS", "/v1/gate", "POST"),
        ("DELETE", "/c/x", "GET,HEAD,POST"),
    ] {
        let got = stand.send(ask(method, path)).await;
        assert_eq!(got.problem(), (405, "method_not_allowed".to_owned()), "{path}");
        assert_eq!(got.header("allow"), allow);
    }
}

#[tokio::test]
async fn a_problem_repeats_nothing_of_the_body() {
    let stand = stand_with(by_id()).await;
    let body = json!({"id": "unknown_content", "data": {"email": EMAIL}}).to_string();
    let got = stand.send(post(&body)).await;
    assert_eq!(got.status, 422);
    assert!(!got.body.contains(EMAIL));
    let broken = format!("[{{\"email\": \"{EMAIL}\" \"x\"]");
    let got = stand.send(post(&broken)).await;
    assert_eq!((got.status.as_u16(), got.body.contains(EMAIL)), (400, false));
}

//! `POST /v1/gate`.

use super::stand::*;
use rescind_jobs::model::{ConsentState, SubjectState};
use rescind_jobs::policy::Feature;
use serde_json::json;

fn question(body: serde_json::Value) -> Ask {
    ask("POST", "/v1/gate").json(body.to_string())
}

fn about(purpose: &str) -> Ask {
    question(json!({"subject": {"email": " Ana@Example.ORG"}, "purpose": purpose}))
}

#[tokio::test]
async fn nobody_known_is_no() {
    let got = stand().await.send(about("newsletter")).await;
    assert_eq!(
        (got.status.as_u16(), got.json()),
        (200, json!({"allowed": false, "reason": "unknown_subject"}))
    );
}

#[tokio::test]
async fn a_granted_consent_is_yes() {
    let stand = stand().await;
    stand.consent(ConsentState::Granted, SubjectState::Active).await;
    let got = stand.send(about("newsletter")).await;
    assert_eq!(
        got.json(),
        json!({"allowed": true, "reason": "consent_granted", "basis": "consent", "since": "2026-11-22T09:00:00Z"})
    );
    let other = stand.send(about("recommendations")).await.json();
    assert_eq!((&other["allowed"], &other["reason"]), (&json!(false), &json!("no_consent")));
    let order = stand.send(about("order")).await.json();
    assert_eq!((&order["allowed"], &order["basis"]), (&json!(true), &json!("contract")));
}

#[tokio::test]
async fn a_subject_in_the_way_is_no() {
    let stand = stand().await;
    stand.consent(ConsentState::Granted, SubjectState::Restricted).await;
    for purpose in ["newsletter", "order"] {
        let answer = stand.send(about(purpose)).await.json();
        assert_eq!(answer, json!({"allowed": false, "reason": "subject_restricted"}));
    }
}

#[tokio::test]
async fn a_subject_is_found_by_its_own_id() {
    let stand = stand().await;
    let mut id = None;
    stand.subject(|subject| id = Some(subject.id)).await;
    let body = json!({"subject": {"id": id, "email": EMAIL}, "purpose": "order"});
    assert_eq!(stand.send(question(body)).await.json()["allowed"], true);
}

#[tokio::test]
async fn wrong_questions_are_told_field_by_field() {
    let stand = stand().await;
    let email = json!({"email": EMAIL});
    for (body, code, field) in [
        (json!({"subject": email, "purpose": "nothing"}), "unknown_purpose", "purpose"),
        (json!({"subject": email, "purpose": "No Name"}), "invalid_field", "purpose"),
        (json!({"subject": email}), "invalid_field", "purpose"),
        (json!("order"), "invalid_field", "(body)"),
        (json!({"subject": {"zoe@example.org": 1}, "purpose": "order"}), "invalid_field", "subject.(a name)"),
        (json!({"subject": email, "purpose": "order", "extra": 1}), "invalid_field", "extra"),
        (json!({"subject": {}, "purpose": "order"}), "invalid_field", "subject"),
        (json!({"subject": {"email": "zoe"}, "purpose": "order"}), "invalid_field", "subject.email"),
        (json!({"subject": {"email": 7}, "purpose": "order"}), "invalid_field", "subject.email"),
        (json!({"subject": email, "purpose": "order", "topic": "offers"}), "invalid_field", "topic"),
        (json!({"subject": email, "purpose": "order", "channel": "smoke"}), "invalid_field", "channel"),
        (json!({"subject": email, "purpose": "order", "recipient": "x"}), "invalid_field", "recipient"),
    ] {
        let got = stand.send(question(body.clone())).await;
        assert_eq!(got.problem(), (422, code.to_owned()), "{body}");
        assert_eq!(got.json()["errors"][0]["field"], field, "{body}");
        assert!(!got.body.contains("zoe"), "{}", got.body);
    }
    // all that is wrong is told at once
    let got = stand.send(question(json!({"subject": 1, "topic": 2, "zoe@example.org": 3}))).await;
    let fields: Vec<_> =
        got.json()["errors"].as_array().expect("a list").iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["purpose", "subject", "topic", "(a name)"]);
    for broken in ["", "{", "{} x"] {
        let got = stand.send(ask("POST", "/v1/gate").json(broken)).await;
        assert!(matches!(got.problem().0, 400 | 422), "{broken}");
    }
}

#[tokio::test]
async fn it_asks_for_a_right_and_a_feature() {
    let stand = stand_with(Setup { sources: true, ..Setup::default() }).await;
    assert_eq!(stand.send(about("order")).await.problem().0, 401);
    let till = about("order").header("authorization", "Bearer token-of-the-till");
    assert_eq!(stand.send(till).await.problem(), (403, "not_allowed".to_owned()));
    let shop = about("order").header("authorization", format!("Bearer {TOKEN}"));
    assert_eq!(stand.send(shop).await.status, 200);

    let policy: fn(&mut rescind_jobs::policy::Policy) = |policy| {
        policy.features.remove(&Feature::Gate);
    };
    let off = stand_with(Setup { policy, ..Setup::default() }).await;
    assert_eq!(off.send(about("order")).await.problem(), (403, "feature_disabled".to_owned()));
    let text = Ask { body: "{}".into(), ..ask("POST", "/v1/gate") };
    assert_eq!(off.send(text).await.problem().0, 415);
}

#[tokio::test]
async fn the_snapshot_asks_for_a_right_of_its_own() {
    let stand = stand_with(Setup { sources: true, ..Setup::default() }).await;
    stand.consent(ConsentState::Granted, SubjectState::Active).await;
    let of = |token: &str| {
        ask("GET", "/v1/snapshot?purpose=newsletter").header("authorization", format!("Bearer {token}"))
    };
    assert_eq!(stand.send(ask("GET", "/v1/snapshot?purpose=newsletter")).await.problem().0, 401);
    assert_eq!(stand.send(of("token-of-the-till")).await.problem(), (403, "not_allowed".to_owned()));
    let got = stand.send(of(TOKEN)).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let page = got.json();
    assert_eq!(page["subjects"][0]["subject"]["email"], EMAIL, "no app has given it an id");
    assert!(page.get("next").is_none());
}

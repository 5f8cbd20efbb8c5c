//! Withdrawal, as far as it goes: state, order by time, events (E2–E4 without what staff are told).

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::on_both;

on_both! {
    one_purpose_is_withdrawn_and_the_others_stay,
    all_purposes_are_withdrawn_at_once,
    date_reason_and_source_are_recorded,
    a_withdrawal_lies_between_the_consent_and_now,
    a_grant_told_late_revives_nothing,
    a_withdrawal_told_twice_is_one,
}

/// Ana has said yes to both purposes that rest on consent.
async fn both_granted(app: &TestApp) {
    let yes = [agree("marketing", "newsletter"), agree("personalisation", "recommendations")];
    app.send("consent.record.v1", of_ana(&yes)).await;
}

fn withdrawal(purposes: Value) -> Value {
    json!({"subject": {"email": ANA}, "purposes": purposes})
}

async fn reason(app: &TestApp, purpose: &str) -> String {
    gate(app, json!({"email": ANA}), purpose).await.1
}

async fn one_purpose_is_withdrawn_and_the_others_stay(app: TestApp) {
    both_granted(&app).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    assert_eq!(reason(&app, "newsletter").await, "consent_withdrawn");
    assert_eq!(reason(&app, "recommendations").await, "consent_granted");
    assert_eq!(reason(&app, "order").await, "lawful_basis", "running orders are untouched");
    app.expect_events(&[
        "consent.granted.v1",
        "consent.granted.v1",
        "consent.withdrawn.v1",
        "processing.stop.v1",
    ])
    .await;
    let problem =
        app.refused("consent.withdraw.v1", withdrawal(json!(["newsletter", "no-such-purpose"]))).await;
    assert_eq!(
        (problem["code"].as_str(), fields(&problem)),
        (Some("unknown_purpose"), vec!["data.purposes[1]"])
    );
}

async fn all_purposes_are_withdrawn_at_once(app: TestApp) {
    both_granted(&app).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", withdrawal(json!("all"))).await;
    for purpose in ["newsletter", "recommendations"] {
        assert_eq!(reason(&app, purpose).await, "consent_withdrawn");
    }
    assert_eq!(reason(&app, "order").await, "lawful_basis");
    assert_eq!(app.count("select count(*) from consent_record where expression = 3").await, 2);
}

async fn date_reason_and_source_are_recorded(app: TestApp) {
    both_granted(&app).await;
    app.advance(Span::days(3));
    let told = json!({"withdrawn_at": "2026-11-24T08:00:00Z", "reason": "too-many", "source": "letter"});
    app.send("consent.withdraw.v1", and(withdrawal(json!(["newsletter"])), told)).await;
    app.advance(Span::minutes(1));
    app.send("consent.withdraw.v1", withdrawal(json!(["recommendations"]))).await;
    let recorded = "select purpose || ' ' || reason || ' ' || source from consent_record where expression = 3 \
                    order by purpose";
    assert_eq!(
        app.column(recorded).await,
        ["newsletter too-many letter", "recommendations not-stated unsubscribe-link"],
        "as given, else the defaults of the dictionaries"
    );
    let question = json!({"subject": {"email": ANA}, "purpose": "newsletter"});
    let answer = app.http.post(app.url("/v1/gate")).json(&question).send().await.expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["since"], "2026-11-24T08:00:00Z", "the day it was withdrawn, not the day it was told");
    for (field, wrong) in [("reason", json!({"reason": "weather"})), ("source", json!({"source": "pigeon"}))]
    {
        let problem = app.refused("consent.withdraw.v1", and(withdrawal(json!("all")), wrong)).await;
        assert_eq!(
            (problem["code"].as_str(), fields(&problem)),
            (Some("unknown_code"), vec![&*format!("data.{field}")])
        );
    }
}

async fn a_withdrawal_lies_between_the_consent_and_now(app: TestApp) {
    let given = json!({"given_at": "2026-11-20T08:00:00Z"});
    let yes = [agree("marketing", "newsletter"), agree("personalisation", "recommendations")];
    app.send("consent.record.v1", and(of_ana(&yes), given)).await;
    let at = |purpose: &str, time: &str| and(withdrawal(json!([purpose])), json!({"withdrawn_at": time}));

    // a moment before the consent: recorded, but the consent is the later word
    app.send("consent.withdraw.v1", at("newsletter", "2026-11-20T07:59:59Z")).await;
    assert_eq!(reason(&app, "newsletter").await, "opt_in_insufficient", "granted still, by a form");
    assert_eq!(app.count("select count(*) from consent_record where expression = 3").await, 1);
    // the very moment of the consent
    app.send("consent.withdraw.v1", at("newsletter", "2026-11-20T08:00:00Z")).await;
    assert_eq!(reason(&app, "newsletter").await, "consent_withdrawn");
    // now
    let now = app.clock.now();
    let late =
        and(withdrawal(json!(["recommendations"])), json!({"withdrawn_at": now.plus(Span::minutes(3))}));
    let problem = app.refused("consent.withdraw.v1", late).await;
    assert_eq!(
        (problem["code"].as_str(), fields(&problem)),
        (Some("future_time"), vec!["data.withdrawn_at"])
    );
    assert_eq!(reason(&app, "recommendations").await, "consent_granted");
    let just = and(withdrawal(json!(["recommendations"])), json!({"withdrawn_at": now}));
    app.send("consent.withdraw.v1", just).await;
    assert_eq!(reason(&app, "recommendations").await, "consent_withdrawn");
}

async fn a_grant_told_late_revives_nothing(app: TestApp) {
    both_granted(&app).await;
    app.advance(Span::days(2));
    app.send("consent.withdraw.v1", withdrawal(json!("all"))).await;
    app.advance(Span::days(1));
    // an import brings what was given before the withdrawal
    let import = and(
        of_ana(&[agree("personalisation", "recommendations")]),
        json!({"given_at": "2026-11-23T12:00:00Z", "source": "import"}),
    );
    app.send("consent.record.v1", import).await;
    assert_eq!(reason(&app, "recommendations").await, "consent_withdrawn");
    assert_eq!(
        register(&app).await.last().map(String::as_str),
        Some("recommendations 1 import"),
        "yet it is kept"
    );
    // staff may be reminded meanwhile, so it need not be the last
    assert_eq!(app.acts().await.iter().filter(|act| *act == "statement_without_effect").count(), 1);
    // what is given afterwards counts
    app.advance(Span::minutes(1));
    app.send("consent.record.v1", of_ana(&[agree("personalisation", "recommendations")])).await;
    assert_eq!(reason(&app, "recommendations").await, "consent_granted");
}

async fn a_withdrawal_told_twice_is_one(app: TestApp) {
    both_granted(&app).await;
    app.advance(Span::hours(1));
    let told = and(withdrawal(json!(["newsletter"])), json!({"withdrawn_at": app.clock.now()}));
    app.send("consent.withdraw.v1", told.clone()).await;
    app.advance(Span::hours(1));
    // the same act under another id, as a second app would tell it
    app.send("consent.withdraw.v1", told).await;
    assert_eq!(app.count("select count(*) from consent_record where expression = 3").await, 1);
    app.expect_events(&[
        "consent.granted.v1",
        "consent.granted.v1",
        "consent.withdrawn.v1",
        "processing.stop.v1",
    ])
    .await;
}

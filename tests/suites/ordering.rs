//! What happened is ordered by the time of the act, not by arrival: a grant that comes after a later withdrawal
//! changes nothing (M4, D8, Art. 7(3)).

use rescind_jobs::time::Span;
use rescind_tests::app::TestApp;
use rescind_tests::on_both;
use serde_json::{Value, json};

on_both! {
    a_grant_that_arrives_after_a_later_withdrawal_changes_nothing,
    a_withdrawal_that_arrives_after_a_later_grant_changes_nothing,
    a_tie_goes_to_the_withdrawal,
    within_two_minutes_of_another_source_the_withdrawal_counts,
    what_lies_in_the_future_is_refused,
    a_withdrawal_may_come_before_the_consent,
    a_withdrawal_leaves_other_purposes_alone,
    a_withdrawal_of_all_takes_every_purpose,
    a_confirmation_asked_for_after_the_withdrawal_grants,
    a_request_made_before_the_withdrawal_sends_nothing,
    a_confirmation_that_was_open_at_the_withdrawal_grants_nothing,
    the_same_act_told_again_changes_nothing,
    every_order_of_arrival_ends_the_same,
}

const ANA: &str = "ana@example.org";

/// Minutes before now, as a message tells them.
fn minutes_ago(app: &TestApp, minutes: i64) -> Value {
    json!(app.clock.now().minus(Span::minutes(minutes)))
}

/// Consent to recommendations, given so many minutes ago.
fn grant(app: &TestApp, minutes: i64) -> Value {
    let answer = json!({"category": "personalisation", "content": "recommendations", "answer": "agree"});
    let data =
        json!({"subject": {"email": ANA}, "consents": [answer], "given_at": minutes_ago(app, minutes)});
    app.message("consent.record.v1", data)
}

/// The withdrawal of consent to recommendations, so many minutes ago.
fn withdrawal(app: &TestApp, minutes: i64) -> Value {
    let data = json!({"subject": {"email": ANA}, "purposes": ["recommendations"],
                      "withdrawn_at": minutes_ago(app, minutes)});
    app.message("consent.withdraw.v1", data)
}

fn from(source: &str, mut message: Value) -> Value {
    message["source"] = json!(source);
    message
}

async fn tell(app: &TestApp, message: Value) {
    let (status, answer) = app.post(&message).await;
    assert_eq!(status, 202, "{answer}");
}

/// What the gate says about recommendations.
async fn reason(app: &TestApp) -> String {
    let gate = app.gate(ANA, "recommendations").await;
    assert_eq!(gate["allowed"] == json!(true), gate["reason"] == json!("consent_granted"), "{gate}");
    gate["reason"].as_str().expect("a reason").to_owned()
}

async fn a_grant_that_arrives_after_a_later_withdrawal_changes_nothing(app: TestApp) {
    tell(&app, grant(&app, 60)).await;
    assert_eq!(reason(&app).await, "consent_granted");
    tell(&app, withdrawal(&app, 30)).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
    tell(&app, grant(&app, 40)).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
    app.expect_events(&["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1"]).await;
    // what was said is kept all the same, as said
    assert_eq!(app.count("select count(*) from consent_record where expression = 1").await, 2);
    assert_eq!(app.acts().await.iter().filter(|act| *act == "statement_without_effect").count(), 1);
    // given anew, it counts
    tell(&app, grant(&app, 20)).await;
    assert_eq!(reason(&app).await, "consent_granted");
}

async fn a_withdrawal_that_arrives_after_a_later_grant_changes_nothing(app: TestApp) {
    tell(&app, grant(&app, 30)).await;
    tell(&app, withdrawal(&app, 60)).await;
    assert_eq!(reason(&app).await, "consent_granted");
    app.expect_events(&["consent.granted.v1"]).await;
    assert_eq!(app.count("select count(*) from consent_record").await, 2, "both are proven");
}

async fn a_tie_goes_to_the_withdrawal(app: TestApp) {
    tell(&app, grant(&app, 30)).await;
    tell(&app, withdrawal(&app, 30)).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
    tell(&app, grant(&app, 30)).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
}

async fn within_two_minutes_of_another_source_the_withdrawal_counts(app: TestApp) {
    tell(&app, from("crm", withdrawal(&app, 60))).await;
    tell(&app, from("shop", grant(&app, 58))).await;
    assert_eq!(reason(&app).await, "consent_withdrawn", "the clocks of two senders may differ");
    tell(&app, from("crm", grant(&app, 59))).await;
    assert_eq!(reason(&app).await, "consent_granted", "one sender's clock agrees with itself");
    tell(&app, from("shop", withdrawal(&app, 61))).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
    tell(&app, from("crm", grant(&app, 50))).await;
    assert_eq!(reason(&app).await, "consent_granted");
}

async fn what_lies_in_the_future_is_refused(app: TestApp) {
    for message in [grant(&app, -3), withdrawal(&app, -3)] {
        let (status, problem) = app.post(&message).await;
        assert_eq!((status, &problem["code"]), (422, &json!("future_time")), "{problem}");
    }
    assert_eq!(reason(&app).await, "unknown_subject");
    // up to two minutes ahead a sender's clock may be; it counts as now
    tell(&app, grant(&app, -2)).await;
    assert_eq!(app.gate(ANA, "recommendations").await["since"], json!(app.clock.now()));
    tell(&app, withdrawal(&app, 0)).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
}

async fn a_withdrawal_may_come_before_the_consent(app: TestApp) {
    tell(&app, withdrawal(&app, 10)).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
    tell(&app, grant(&app, 20)).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
    tell(&app, grant(&app, 5)).await;
    assert_eq!(reason(&app).await, "consent_granted");
}

async fn a_withdrawal_leaves_other_purposes_alone(app: TestApp) {
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    tell(&app, grant(&app, 0)).await;
    app.advance(Span::minutes(5));
    tell(&app, withdrawal(&app, 0)).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
    assert!(app.allowed(ANA).await, "the newsletter was not meant");
    assert_eq!(app.gate(ANA, "order").await["allowed"], json!(true), "a contract needs no consent");
}

async fn a_withdrawal_of_all_takes_every_purpose(app: TestApp) {
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    tell(&app, grant(&app, 0)).await;
    app.advance(Span::minutes(5));
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": "all"})).await;
    assert_eq!(reason(&app).await, "consent_withdrawn");
    assert!(!app.allowed(ANA).await);
    assert_eq!(app.gate(ANA, "order").await["allowed"], json!(true), "a contract needs no consent");
}

async fn a_confirmation_asked_for_after_the_withdrawal_grants(app: TestApp) {
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["newsletter"]})).await;
    app.advance(Span::minutes(1));
    app.request(ANA).await;
    let link = app.letter(1).await.link();
    assert!(!app.allowed(ANA).await);
    // at once: the tolerance between clocks does not hold against the subject's own click
    app.agree(&link).await;
    assert!(app.allowed(ANA).await);
    app.expect_events(&["consent.withdrawn.v1", "processing.stop.v1", "consent.granted.v1"]).await;
}

async fn a_request_made_before_the_withdrawal_sends_nothing(app: TestApp) {
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["newsletter"]})).await;
    let data =
        json!({"subject": {"email": ANA}, "contents": ["newsletter"], "requested_at": minutes_ago(&app, 5)});
    app.send("consent.request.v1", data).await;
    app.quiet().await;
    assert!(app.letters().is_empty());
    assert_eq!(app.gate(ANA, "newsletter").await["reason"], "consent_withdrawn");
}

async fn a_confirmation_that_was_open_at_the_withdrawal_grants_nothing(app: TestApp) {
    app.request(ANA).await;
    let link = app.letter(1).await.link();
    let (_, page) = app.get(&link).await;
    app.advance(Span::minutes(10));
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": "all"})).await;
    // the page was open in a browser all the time
    let form =
        [("nonce", rescind_tests::app::nonce(&page)), ("answer", "granted".into()), ("agree", "yes".into())];
    let answer = app.http.post(&link).form(&form).send().await.expect("an answer");
    assert!(answer.status().is_client_error(), "{}", answer.status());
    assert!(!app.allowed(ANA).await);
    assert_eq!(app.count("select count(*) from consent_record where expression = 1").await, 0);
}

async fn the_same_act_told_again_changes_nothing(app: TestApp) {
    tell(&app, grant(&app, 60)).await;
    tell(&app, withdrawal(&app, 30)).await;
    for _ in 0..2 {
        // messages of their own, each with its own id, about one and the same act
        tell(&app, withdrawal(&app, 30)).await;
        tell(&app, grant(&app, 60)).await;
    }
    assert_eq!(reason(&app).await, "consent_withdrawn");
    app.expect_events(&["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1"]).await;
    assert_eq!(app.count("select count(*) from consent_record where expression = 3").await, 1);
}

async fn every_order_of_arrival_ends_the_same(app: TestApp) {
    // given, withdrawn, given again, withdrawn again
    let acts = [40, 30, 20, 10];
    for (n, order) in permutations(acts.len()).into_iter().enumerate() {
        let email = format!("ana{n}@example.org");
        for act in order {
            let mut message = if act % 2 == 0 { grant(&app, acts[act]) } else { withdrawal(&app, acts[act]) };
            message["data"]["subject"]["email"] = json!(email);
            tell(&app, message).await;
        }
        let gate = app.gate(&email, "recommendations").await;
        assert_eq!(gate["reason"], "consent_withdrawn", "order {n}");
        assert_eq!(gate["since"], minutes_ago(&app, 10), "order {n}");
    }
}

/// Every order of the numbers below `count`.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for number in 0..count {
        all = all
            .into_iter()
            .flat_map(|order| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, number);
                    longer
                })
            })
            .collect();
    }
    all
}

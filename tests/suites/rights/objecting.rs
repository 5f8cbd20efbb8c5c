//! Art. 21.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::eventually;
use rescind_tests::on_both;

on_both! {
    an_objection_to_marketing_is_immediate_and_absolute,
    a_later_consent_is_the_later_word,
    an_objection_to_other_uses_restricts_and_is_then_decided,
    an_objection_that_is_overridden_is_answered_with_reasons,
    what_nobody_can_object_to_is_refused,
    an_objection_may_come_before_anything_is_known,
    who_several_could_be_is_believed_for_each,
    an_unclear_withdrawal_stops_marketing_and_goes_to_staff,
}

async fn an_unclear_withdrawal_stops_marketing_and_goes_to_staff(app: TestApp) {
    consented(&app).await;
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    app.advance(rescind_jobs::time::Span::hours(1));
    let later = app.clock.now().plus(rescind_jobs::time::Span::hours(2));
    let mailing = |purpose: &str| json!({"subject": ana(), "purpose": purpose, "title": "New", "text": "For you.", "not_before": later});
    app.send("mail.send.v1", mailing("newsletter")).await;
    app.send("mail.send.v1", mailing("recommendations")).await;
    let unclear = json!({"subject": ana(), "purposes": "all", "unclear": true});
    let message = app.message("consent.withdraw.v1", unclear);
    for _ in 0..3 {
        assert_eq!(app.post(&message).await.0, 202);
    }
    assert_eq!(reason(&app, "newsletter").await, "objected");
    assert_eq!(reason(&app, "recommendations").await, "consent_granted", "which is no marketing");
    assert_eq!(app.count("select count(*) from consent where state = 1").await, 2, "both consents stand");
    assert_eq!(state(&app).await, 0, "nothing is restricted");
    let told = app.staff_letter(1).await;
    assert_eq!(told.subject, "Bitte klären: vielleicht ein Widerruf");
    assert!(told.text.contains("consent.withdraw.v1"), "{}", told.text);
    app.advance(rescind_jobs::time::Span::hours(3));
    app.quiet().await;
    assert_eq!(mails(&app).len(), 2, "the request for consent, and the one mailing that is no marketing");
    assert_eq!(app.count("select count(*) from staff_notice").await, 1, "once");
    // what the subject says later counts
    app.request(ANA).await;
    app.quiet().await;
}

async fn object(app: &TestApp, purposes: Value) {
    app.send("subject.object.v1", json!({"subject": ana(), "purposes": purposes})).await;
}

/// The mail that tells of the end of the restriction, its lines joined.
async fn ending(app: &TestApp) -> String {
    let is_it =
        |letter: &rescind_tests::app::Letter| letter.subject == "The restriction of your data is ending";
    eventually("the mail about the end", async || app.letters().iter().any(is_it)).await;
    let letter = app.letters().into_iter().find(is_it).expect("it is there");
    letter.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn an_objection_to_marketing_is_immediate_and_absolute(app: TestApp) {
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    app.advance(Span::hours(1));
    object(&app, json!("marketing")).await;
    assert_eq!(reason(&app, "newsletter").await, "consent_withdrawn");
    assert_eq!(reason(&app, "order").await, "lawful_basis", "nothing else is restricted by it");
    assert_eq!(state(&app).await, 0);
    app.staff_letter(1).await;
    object(&app, json!("marketing")).await;
    app.quiet().await;
    assert_eq!(app.staff_letters().len(), 1);
    let told = ["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1", "processing.stop.v1"];
    app.expect_events(&told).await;
    let stops = "select count(*) from event where kind = 'processing.stop.v1'";
    assert_eq!(app.count(stops).await, 2, "the newsletter, and what customers are told of, once each");
}

async fn a_later_consent_is_the_later_word(app: TestApp) {
    object(&app, json!(["newsletter"])).await;
    app.advance(Span::days(2));
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    assert_eq!(reason(&app, "newsletter").await, "consent_granted");
}

async fn an_objection_to_other_uses_restricts_and_is_then_decided(app: TestApp) {
    consented(&app).await;
    object(&app, json!(["fraud_prevention"])).await;
    assert_eq!(state(&app).await, 1);
    assert_eq!(reason(&app, "fraud_prevention").await, "subject_restricted");
    // the administrators decide
    eventually("they are told", async || app.staff_letters().iter().any(|l| l.subject.contains("fraud")))
        .await;
    let letter = app.staff_letters().into_iter().find(|l| l.subject.contains("fraud")).expect("a letter");
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        ("carl.novak@staff.example.org", "Objection to be decided: Prevention of fraud")
    );
    let problem = app.refused("subject.unrestrict.v1", json!({"subject": ana()})).await;
    assert_eq!(problem["errors"][0]["field"], "data.objection", "{problem}");
    app.send("subject.unrestrict.v1", json!({"subject": ana(), "objection": "upheld"})).await;
    eventually("it is lifted", async || state(&app).await == 0).await;
    assert_eq!(reason(&app, "fraud_prevention").await, "objected");
    assert_eq!(reason(&app, "recommendations").await, "consent_granted");
    assert!(ending(&app).await.contains("Your objection is accepted"));
    app.quiet().await;
    assert!(
        app.events()
            .await
            .ends_with(&["processing.stop.v1".to_owned(), "subject.unrestricted.v1".to_owned()])
    );
}

async fn an_objection_that_is_overridden_is_answered_with_reasons(app: TestApp) {
    consented(&app).await;
    object(&app, json!(["fraud_prevention"])).await;
    app.send("subject.unrestrict.v1", json!({"subject": ana(), "objection": "overridden", "note": "case 7"}))
        .await;
    eventually("it is lifted", async || state(&app).await == 0).await;
    assert_eq!(reason(&app, "fraud_prevention").await, "lawful_basis");
    let text = ending(&app).await;
    for part in ["compelling legitimate grounds", "data protection authority", "go to court"] {
        assert!(text.contains(part), "{text}");
    }
}

async fn what_nobody_can_object_to_is_refused(app: TestApp) {
    consented(&app).await;
    let told = json!({"subject": ana(), "purposes": ["order", "nonsense"]});
    let problem = app.refused("subject.object.v1", told).await;
    assert_eq!(problem["code"], "unknown_purpose");
    let problem =
        app.refused("subject.object.v1", json!({"subject": ana(), "purposes": ["accounting"]})).await;
    assert_eq!(problem["code"], "not_objectionable");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("rests on legal_obligation")), "{problem}");
    assert_eq!(state(&app).await, 0);
}

async fn an_objection_may_come_before_anything_is_known(app: TestApp) {
    object(&app, json!("all")).await;
    assert_eq!(reason(&app, "newsletter").await, "subject_restricted", "fraud prevention is to be decided");
    assert_eq!(app.count("select count(*) from objection").await, 3);
}

async fn who_several_could_be_is_believed_for_each(app: TestApp) {
    for (email, id) in [("ana@example.org", "1"), ("ana@work.example", "2")] {
        app.send("subject.upsert.v1", json!({"subject": {"email": email, "ids": {"shop": id}}})).await;
    }
    let both = json!({"email": "ana@example.org", "ids": {"shop": "2"}});
    app.send("subject.object.v1", json!({"subject": both, "purposes": "marketing"})).await;
    let objections = "select count(*) from objection where purpose = 'newsletter'";
    eventually("both", async || app.count(objections).await == 2).await;
}

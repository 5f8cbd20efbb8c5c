//! What the policy lays down, seen at work: wordings, senders, documents, bases, switches.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::on_both;
use rescind_worker::app::{Opened, StartError};
use rescind_worker::clock::Randomness;

on_both! {
    a_published_wording_is_never_edited,
    a_change_is_a_new_version,
    each_purpose_has_its_own_mail,
    other_bases_are_told_and_need_no_consent,
    what_is_switched_off_is_refused,
    terms_grant_nothing,
}

async fn a_published_wording_is_never_edited(mut app: TestApp) {
    app.stop().await;
    app.lay_down(&EXAMPLE.replace("about once a month", "about once a day"));
    match Opened::open(app.config(), app.clock.clone(), Randomness::system()).await {
        Err(StartError::ContentEdited { content, version, locale }) => {
            assert_eq!((content.as_str(), version, locale), ("newsletter", 1, "en"));
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a published wording was changed, and nobody noticed"),
    }
    // as it was published, it starts again
    app.lay_down(EXAMPLE);
    app.start().await;
}

async fn a_change_is_a_new_version(app: TestApp) {
    app.send("consent.record.v1", of_ana(&[agree("marketing", "newsletter")])).await;
    let second = "[[contents.newsletter.versions]]\nversion = 2\nvalid_from = \"2026-11-23\"\n\
                  title.en = \"Newsletter\"\ntext.en = \"I agree to a newsletter every week.\"\n";
    let app = under(app, &format!("{EXAMPLE}\n{second}")).await;
    let versions = "select content_version || '' from consent_record order by recorded_at";

    app.advance(Span::hours(1));
    app.send("consent.record.v1", of_ana(&[agree("marketing", "newsletter")])).await;
    assert_eq!(app.column(versions).await, ["1", "1"], "until its day comes, the one before is in use");
    app.advance(Span::days(1));
    app.send("consent.record.v1", of_ana(&[agree("marketing", "newsletter")])).await;
    assert_eq!(app.column(versions).await, ["1", "1", "2"], "what was recorded keeps naming its version");
}

/// Two purposes with nothing in common but the controller.
const TWO: &str = r#"
features = ["consent_requests"]
[controller]
name = "Two Clubs"
address = "Street 1"
email = "privacy@example.org"
[mail_identities.chess]
name = "Chess Club"
address = "chess@example.org"
[mail_identities.rowing]
name = "Rowing Club"
address = "rowing@example.org"
reply_to = "boat@example.org"
[dictionaries.categories.entries]
clubs = { en = "Clubs" }
[purposes.chess]
title.en = "Chess news"
basis = "consent"
mail_identity = "chess"
[purposes.rowing]
title.en = "Rowing news"
basis = "consent"
mail_identity = "rowing"
document = "boats.txt"
[contents.chess]
purpose = "chess"
category = "clubs"
[[contents.chess.versions]]
version = 1
valid_from = "2026-01-01"
title.en = "Chess by mail"
text.en = "I agree to receive a move a day."
[contents.rowing]
purpose = "rowing"
category = "clubs"
[[contents.rowing.versions]]
version = 1
valid_from = "2026-01-01"
title.en = "Rowing by mail"
text.en = "I agree to receive the plan of boats."
"#;

async fn each_purpose_has_its_own_mail(app: TestApp) {
    std::fs::write(app.folder.path().join("boats.txt"), "Our boats.").expect("a file");
    let app = under(app, TWO).await;
    app.send("consent.request.v1", json!({"subject": {"email": ANA}, "contents": ["chess", "rowing"]})).await;
    app.letter(2).await;

    let mailbox = app.mailbox();
    let mut seen = Vec::new();
    for entry in mailbox.list(10).await.expect("a list") {
        let mail = mailbox.view(&entry.id).await.expect("a mail").expect("it is there");
        let (own, other) = if entry.from.contains("chess@") {
            ("I agree to receive a move a day.", "plan of boats")
        } else {
            ("I agree to receive the plan of boats.", "move a day")
        };
        let text = mail.text.expect("a text").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(own) && !text.contains(other), "{text}");
        seen.push((entry.from, mail.attachments));
    }
    seen.sort();
    assert!(seen[0].0.contains("Chess Club") && seen[0].1.is_empty(), "{seen:?}");
    assert!(seen[1].0.contains("Rowing Club") && seen[1].1 == ["boats.txt"], "{seen:?}");

    // each is answered on its own
    let chess = app.letters().into_iter().find(|l| l.from == "chess@example.org").expect("the mail");
    app.agree(&chess.link()).await;
    assert_eq!(app.column("select purpose from consent where state = 1").await, ["chess"]);
}

async fn other_bases_are_told_and_need_no_consent(app: TestApp) {
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}})).await;
    for (purpose, basis) in [
        ("order", "contract"),
        ("accounting", "legal_obligation"),
        ("fraud_prevention", "legitimate_interest"),
        ("newsletter", "consent"),
    ] {
        let answer = app.gate(ANA, purpose).await;
        assert_eq!(answer["basis"], basis, "{answer}");
        assert_eq!(answer["allowed"], basis != "consent", "{answer}");
    }
    // no consent is asked or recorded for what rests on another basis
    let asked = json!({"subject": {"email": ANA}, "contents": ["terms"]});
    assert_eq!(app.refused("consent.request.v1", asked).await["code"], "unusable_content");
}

async fn what_is_switched_off_is_refused(app: TestApp) {
    let from = EXAMPLE.find("features = [").expect("features");
    let to = from + EXAMPLE[from..].find("\n]").expect("their end") + 2;
    let app = under(app, &format!("{}features = []{}", &EXAMPLE[..from], &EXAMPLE[to..])).await;

    let asked = json!({"subject": {"email": ANA}, "contents": ["newsletter"]});
    assert_eq!(app.refused("consent.request.v1", asked).await["code"], "feature_disabled");
    let recorded = of_ana(&[agree("marketing", "newsletter")]);
    assert_eq!(app.refused("consent.record.v1", recorded).await["code"], "feature_disabled");
    let question = json!({"subject": {"email": ANA}, "purpose": "newsletter"});
    let answer = app.http.post(app.url("/v1/gate")).json(&question).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 403);

    // a withdrawal can never be switched off
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": "all"})).await;
    app.expect_events(&[
        "consent.withdrawn.v1",
        "consent.withdrawn.v1",
        "processing.stop.v1",
        "processing.stop.v1",
        "processing.stop.v1",
    ])
    .await;
}

async fn terms_grant_nothing(app: TestApp) {
    let recorded = of_ana(&[agree("terms", "terms")]);
    let problem = app.refused("consent.record.v1", recorded).await;
    assert_eq!(
        (problem["code"].as_str(), fields(&problem)),
        (Some("unusable_content"), vec!["data.consents[0].content"])
    );
    let text = "[contents.smuggled]\npurpose = \"newsletter\"\ncategory = \"terms\"\nterms = true\n\
                [[contents.smuggled.versions]]\nversion = 1\nvalid_from = \"2026-01-01\"\ntitle.en = \"Terms\"\n\
                text.en = \"I accept the terms and want the newsletter.\"\n";
    let mut app = app;
    app.stop().await;
    app.lay_down(&format!("{EXAMPLE}\n{text}"));
    let opened = Opened::open(app.config(), app.clock.clone(), Randomness::system()).await;
    assert!(matches!(opened, Err(StartError::Policy(_))), "terms never open a purpose that rests on consent");
}

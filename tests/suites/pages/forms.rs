//! Forms that Rescind hosts (C11), and terms apart from every consent (C10).

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::Letter;
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both;

on_both! {
    each_purpose_has_one_mandatory_answer,
    a_yes_is_confirmed_by_mail_and_a_no_counts_with_it,
    the_page_behind_a_form_stays_itself_in_another_language,
    whoever_agrees_to_nothing_leaves_nothing_behind,
    nobody_takes_back_the_consent_of_others,
    the_answer_tells_nothing_of_an_address,
    scanners_and_other_sites_send_nothing,
    forms_are_capped,
    terms_are_accepted_apart_from_consent,
    every_language_has_the_form,
}

const YES: (&str, &str) = ("answer.newsletter", "agree");
const NO: (&str, &str) = ("answer.recommendations", "disagree");

/// Fills in the form, and returns the status and the page that comes of it.
async fn fill(app: &TestApp, form: &str, email: &str, answers: &[(&str, &str)]) -> (u16, String) {
    let url = app.url(&format!("/form/{form}?lang=en"));
    let (status, page) = app.get(&url).await;
    assert_eq!(status, 200, "{page}");
    let nonce = nonce(&page);
    let own = [("nonce", nonce.as_str()), ("email", email)];
    let fields: Vec<(&str, &str)> = own.into_iter().chain(answers.iter().copied()).collect();
    let response = app.http.post(&url).form(&fields).send().await.expect("an answer");
    let status = response.status().as_u16();
    if status != 303 {
        return (status, response.text().await.expect("a page"));
    }
    let to = response.headers()["location"].to_str().expect("a location").to_owned();
    let to = reqwest::Url::parse(&url).and_then(|url| url.join(&to)).expect("a URL");
    (status, app.get(to.as_str()).await.1)
}

async fn each_purpose_has_one_mandatory_answer(app: TestApp) {
    let (status, page) = app.get(&app.url("/form/sign-up?lang=en")).await;
    assert_eq!(status, 200);
    for told in [
        "Example Shop GmbH",
        "Newsletter",
        "Personal recommendations",
        "I agree that Example Shop GmbH sends me",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert_eq!(page.matches("type=\"radio\"").count(), 4, "two answers to two questions");
    assert!(!page.contains(" checked"), "none is given beforehand");
    let (status, page) = fill(&app, "sign-up", ANA, &[YES]).await;
    assert!(status == 422 && page.contains("id=\"missing-recommendations\""), "{page}");
    assert!(!page.contains("missing-newsletter") && page.matches(" checked").count() == 1, "{page}");
    assert!(page.contains(&format!("value=\"{ANA}\"")), "nothing is lost: {page}");
    let (status, page) = fill(&app, "sign-up", "ana@", &[YES, NO]).await;
    assert!(status == 422 && page.contains("id=\"email-wrong\""), "{page}");
    assert_eq!(app.count("select count(*) from subject").await, 0);
    assert_eq!(app.get(&app.url("/form/nothing")).await.0, 404);
}

async fn a_yes_is_confirmed_by_mail_and_a_no_counts_with_it(app: TestApp) {
    let (status, page) = fill(&app, "sign-up", ANA, &[YES, NO]).await;
    assert!(status == 303 && page.contains("Thank you for your answers"), "{page}");
    assert_eq!(app.gate(ANA, "newsletter").await["reason"], "consent_requested");
    assert_eq!(app.count("select count(*) from consent_record").await, 0, "nothing counts yet");
    let letter: Letter = app.letter(1).await;
    assert!(letter.to == ANA && letter.html.contains("lang=\"en\""));
    app.agree(&letter.link()).await;
    assert!(app.allowed(ANA).await);
    assert_eq!(app.gate(ANA, "recommendations").await["reason"], "consent_refused");
    let proof = "select purpose || ' ' || expression || ' ' || told_by || ' ' || source from consent_record \
                 where evidence is not null order by purpose";
    assert_eq!(
        app.column(proof).await,
        ["newsletter 1 subject hosted-form", "recommendations 2 subject hosted-form"]
    );
    app.quiet().await;
    assert_eq!(app.letters().len(), 1);
}

async fn the_page_behind_a_form_stays_itself_in_another_language(app: TestApp) {
    let (_, page) = fill(&app, "sign-up", ANA, &[YES, NO]).await;
    let there = follow(&app.url("/form/sign-up"), &page, "lang=de");
    let (status, page) = app.get(&there).await;
    assert!(
        status == 200 && page.contains("Danke für Ihre Antworten") && !page.contains("type=\"radio\""),
        "{page}"
    );
}

async fn whoever_agrees_to_nothing_leaves_nothing_behind(app: TestApp) {
    let (status, page) = fill(&app, "sign-up", ANA, &[("answer.newsletter", "disagree"), NO]).await;
    assert!(status == 303 && page.contains("nothing was stored"), "{page}");
    app.quiet().await;
    assert_eq!(app.count("select count(*) from subject").await, 0);
    assert_eq!(app.letters().len(), 0);
}

async fn nobody_takes_back_the_consent_of_others(app: TestApp) {
    consented(&app).await;
    // somebody else writes down her address
    fill(&app, "sign-up", ANA, &[YES, NO]).await;
    assert!(stands(&app, "newsletter").await && stands(&app, "recommendations").await);
    // and she confirms what she was asked, without having said no to anything
    app.agree(&app.letter(1).await.link()).await;
    assert!(stands(&app, "newsletter").await && stands(&app, "recommendations").await);
}

async fn the_answer_tells_nothing_of_an_address(app: TestApp) {
    consented(&app).await;
    let child = json!({"email": "kid@example.net"});
    app.send("subject.upsert.v1", json!({"subject": child, "child": true})).await;
    let restricted = json!({"email": "rita@example.net"});
    app.send("subject.upsert.v1", json!({"subject": restricted})).await;
    app.send("subject.restrict.v1", json!({"subject": restricted, "ground": "legal_claims"})).await;
    let mut pages = Vec::new();
    for email in ["new@example.net", ANA, "kid@example.net", "rita@example.net"] {
        pages.push(fill(&app, "sign-up", email, &[YES, NO]).await);
    }
    assert!(pages.iter().all(|page| *page == pages[0] && page.0 == 303), "all are answered alike");
    assert_eq!(
        app.column("select locale from subject where locale is not null order by locale").await,
        ["de", "en"],
        "nobody chooses the language of somebody who is known"
    );
}

async fn scanners_and_other_sites_send_nothing(app: TestApp) {
    let url = app.url("/form/sign-up");
    let (_, page) = app.get(&url).await;
    let good = nonce(&page);
    let fields = |nonce: &str| {
        vec![("nonce", nonce.to_owned()), ("email", ANA.into()), (YES.0, YES.1.into()), (NO.0, NO.1.into())]
    };
    let post = app.http.post(&url).form(&fields("abcdefghijklmnop")).send().await.unwrap();
    assert_eq!(post.status().as_u16(), 422);
    let page = post.text().await.unwrap();
    assert!(page.contains("id=\"problem\"") && page.matches(" checked").count() == 2, "{page}");
    let other = app.http.post(&url).header("Origin", "https://scanner.example").form(&fields(&good));
    assert_eq!(other.send().await.unwrap().status().as_u16(), 403);
    app.advance(Span::hours(26));
    assert_eq!(app.http.post(&url).form(&fields(&good)).send().await.unwrap().status().as_u16(), 422);
    assert_eq!(app.count("select count(*) from subject").await, 0);
}

async fn forms_are_capped(app: TestApp) {
    for n in 0..5 {
        let (status, _) = fill(&app, "sign-up", &format!("ana+{n}@small.example"), &[YES, NO]).await;
        assert_eq!(status, 303);
    }
    // one mailbox: nothing more is sent there, and whoever fills in forms does not learn how often others have
    let capped = fill(&app, "sign-up", "ana+5@small.example", &[YES, NO]).await;
    assert_eq!(capped, fill(&app, "sign-up", "bob@quay.example", &[YES, NO]).await);
    assert_eq!(capped.0, 303);
    app.quiet().await;
    assert_eq!(app.letters().len(), 6);
}

async fn every_language_has_the_form(app: TestApp) {
    for locale in ["en", "de", "fr", "pl", "bg", "ru", "uk"] {
        for place in ["", "&sent=1", "&sent=0"] {
            let (status, page) = app.get(&app.url(&format!("/form/sign-up?lang={locale}{place}"))).await;
            assert!(status == 200 && page.contains(&format!("<html lang=\"{locale}\"")), "{page}");
        }
    }
}

async fn terms_are_accepted_apart_from_consent(app: TestApp) {
    let subject = json!({"email": ANA, "locale": "de"});
    let data = json!({"subject": subject, "content": "terms", "source": "checkout", "evidence": {"form": "checkout/7"}});
    app.send("terms.accept.v1", data).await;
    let kept = "select content || ' ' || content_version || ' ' || locale || ' ' || source || ' ' || told_by from acceptance \
                where evidence is not null";
    assert_eq!(app.column(kept).await, ["terms 1 de checkout shop"]);
    assert_eq!(app.count("select count(*) from consent").await, 0, "terms grant nothing");
    assert_eq!(app.count("select count(*) from consent_record").await, 0);
    for (data, code) in [
        (json!({"subject": subject, "content": "newsletter"}), "unusable_content"),
        (json!({"subject": subject, "content": "nothing"}), "unknown_content"),
        (json!({"subject": subject, "content": "terms", "version": 2}), "unusable_content"),
    ] {
        assert_eq!(app.refused("terms.accept.v1", data).await["code"], code);
    }
}

#[tokio::test]
async fn a_form_can_ask_for_terms_first() {
    let example = include_str!("../../../config/policy/example.toml");
    let policy = example.replace("# terms = \"terms\"", "terms = \"terms\"");
    assert_ne!(policy, example);
    for database in [TestDatabase::sqlite().await, TestDatabase::postgres().await] {
        let app = TestApp::with(database, Some(&policy), &[]).await;
        let (status, page) = fill(&app, "sign-up", ANA, &[YES, NO]).await;
        assert!(status == 422 && page.contains("id=\"terms-missing\""), "{page}");
        assert_eq!(app.count("select count(*) from subject").await, 0, "before anything is taken");
        let (status, _) = fill(&app, "sign-up", ANA, &[YES, NO, ("terms", "1")]).await;
        assert_eq!(status, 303);
        let kept =
            "select content || ' ' || content_version || ' ' || locale || ' ' || source from acceptance";
        assert_eq!(app.column(kept).await, ["terms 1 en hosted-form"]);
        let acts = app.acts().await;
        let place = |act: &str| acts.iter().position(|a| a == act).expect("the act");
        assert!(place("terms_accepted") < place("consent_requested"), "{acts:?}");
        assert_eq!(app.count("select count(*) from consent_record").await, 0);
    }
}

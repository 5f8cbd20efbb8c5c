//! A subject's own page: what it shows, and how consent is taken back there, by the link alone.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::eventually;
use rescind_tests::on_both;
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};

on_both! {
    it_shows_what_was_agreed_and_nothing_of_the_person,
    one_purpose_is_withdrawn_in_two_clicks,
    everything_is_withdrawn_in_two_clicks,
    what_was_queued_does_not_leave,
    scanners_and_other_sites_withdraw_nothing,
    addresses_that_open_nothing_are_all_alike,
    staff_look_the_address_up_replace_and_revoke_it,
    whoever_confirms_is_led_there,
    a_topic_is_left_by_the_link_alone_and_chosen_again_with_a_code,
    every_language_has_it,
}

async fn it_shows_what_was_agreed_and_nothing_of_the_person(app: TestApp) {
    consented(&app).await;
    let address = address(&app).await;
    let (status, page) = app.get(&address).await;
    assert_eq!(status, 200);
    assert!(page.contains("<html lang=\"de\""), "in her language: {page}");
    for shown in ["Newsletter", "Persönliche Empfehlungen", "seit 22. November 2026", "Ich willige ein"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // what rests on another basis is not hers to withdraw
    assert!(!page.contains("Buchhaltung"), "{page}");
    for text in PERSONAL {
        assert!(!page.contains(text), "{text}: {page}");
    }
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["newsletter"]})).await;
    let (_, page) = app.get(&address).await;
    assert!(page.contains("am 22. November 2026 widerrufen"), "{page}");
    assert!(!page.contains("withdraw/newsletter") && page.contains("withdraw/recommendations"), "{page}");
}

async fn one_purpose_is_withdrawn_in_two_clicks(app: TestApp) {
    consented(&app).await;
    let address = format!("{}?lang=en", address(&app).await);
    let (_, page) = app.get(&address).await;
    let question = follow(&address, &page, "withdraw/newsletter");
    let (status, asked) = app.get(&question).await;
    assert!(status == 200 && asked.contains("<html lang=\"en\""), "{asked}");
    assert!(asked.contains("<li>Newsletter</li>") && !asked.contains("recommendations"), "{asked}");
    assert!(stands(&app, "newsletter").await, "asking withdraws nothing");
    let (to, page) = submit(&app, &question, &[]).await;
    assert!(to.ends_with("?done=1&lang=en") && page.contains("role=\"status\""), "{to} {page}");
    assert!(page.contains("You withdrew your consent on 22 November 2026."), "{page}");
    assert!(!stands(&app, "newsletter").await && stands(&app, "recommendations").await);
    // with all that follows from a withdrawal, and the source told
    let proof = "select source || ' ' || told_by from consent_record where expression = 3 and purpose = 'newsletter' \
                 and evidence is not null and network_evidence is not null";
    assert_eq!(app.column(proof).await, ["preference-page subject"]);
    app.expect_events(&[
        "consent.granted.v1",
        "consent.granted.v1",
        "consent.withdrawn.v1",
        "processing.stop.v1",
    ])
    .await;
    assert!(app.staff_letter(1).await.subject.contains("Newsletter"));
    // the second click on the same button
    let (_, again) = submit(&app, &question, &[]).await;
    assert!(again.contains("You withdrew"), "{again}");
    app.quiet().await;
    let told = app.staff_letters().len();
    assert_eq!(app.count("select count(*) from staff_notice").await, told as i64, "each is told once");
    assert_eq!(app.events().await.len(), 4);
}

async fn everything_is_withdrawn_in_two_clicks(app: TestApp) {
    consented(&app).await;
    let address = address(&app).await;
    let (_, page) = app.get(&address).await;
    assert!(page.contains("/withdraw\""), "{page}");
    let all = format!("{address}/withdraw");
    let (_, asked) = app.get(&all).await;
    assert!(asked.contains("<li>Newsletter</li>") && asked.contains("Empfehlungen</li>"), "{asked}");
    let (_, page) = submit(&app, &all, &[]).await;
    assert!(!page.contains("/withdraw"), "nothing is left to withdraw: {page}");
    assert!(!stands(&app, "newsletter").await && !stands(&app, "recommendations").await);
    assert_eq!(app.count("select count(*) from consent_record where expression = 3").await, 2);
    // what rested on it alone is gone
    assert_eq!(app.column("select field from subject_field order by field").await, ["first_name", "name"]);
    let gate = app.gate(ANA, "order").await;
    assert_eq!(gate["allowed"], json!(true), "what needs no consent goes on");
}

async fn what_was_queued_does_not_leave(mut app: TestApp) {
    let mut sink = SmtpSink::start(SinkOptions::default()).await;
    app.mail_to(sink.port).await;
    sink.stop().await;
    consented(&app).await;
    app.send("consent.request.v1", json!({"subject": {"email": ANA}, "contents": ["newsletter"]})).await;
    let waits = "select count(*) from mail where template = 'confirm_consent' and state = 0 and attempt = 1";
    eventually("it waits for its next attempt", async || app.count(waits).await == 1).await;
    let question = format!("{}/withdraw/newsletter", address(&app).await);
    submit(&app, &question, &[]).await;
    let suppressed = "select count(*) from mail where template = 'confirm_consent' and state = 7";
    assert_eq!(app.count(suppressed).await, 1, "in that very transaction");
}

async fn scanners_and_other_sites_withdraw_nothing(app: TestApp) {
    consented(&app).await;
    let address = address(&app).await;
    for place in ["", "/withdraw", "/withdraw/newsletter"] {
        let url = format!("{address}{place}");
        for _ in 0..2 {
            assert_eq!(app.get(&url).await.0, 200);
            assert_eq!(app.http.head(&url).send().await.unwrap().status(), 200);
        }
    }
    let question = format!("{address}/withdraw/newsletter");
    let (_, page) = app.get(&question).await;
    let good = nonce(&page);
    for (form, header, expected) in [
        (vec![], None, 422),
        (vec![("nonce", "abcdefghijklmnop")], None, 422),
        (vec![("nonce", good.as_str())], Some("https://scanner.example"), 403),
    ] {
        let mut post = app.http.post(&question).form(&form);
        if let Some(origin) = header {
            post = post.header("Origin", origin);
        }
        assert_eq!(post.send().await.unwrap().status().as_u16(), expected);
    }
    // a purpose that is none, or needs no consent
    for purpose in ["nothing", "order", "N%20"] {
        let url = format!("{address}/withdraw/{purpose}");
        assert_eq!(app.get(&url).await.0, 404);
        let form = [("nonce", good.as_str())];
        assert_eq!(app.http.post(&url).form(&form).send().await.unwrap().status().as_u16(), 404);
    }
    app.advance(Span::hours(26));
    let late = app.http.post(&question).form(&[("nonce", good.as_str())]).send().await.unwrap();
    assert_eq!(late.status().as_u16(), 422, "a page can be sent for a day");
    assert!(stands(&app, "newsletter").await && stands(&app, "recommendations").await);
}

async fn addresses_that_open_nothing_are_all_alike(app: TestApp) {
    consented(&app).await;
    let replaced = address(&app).await;
    let revoked = link(&app, &["--reissue"]).await.trim().to_owned();
    assert_eq!(app.get(&replaced).await.0, 404, "another one took its place");
    assert_eq!(app.get(&revoked).await.0, 200);
    link(&app, &["--revoke"]).await;
    let unknown = app.url("/p/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let (status, expected) = app.get(&unknown).await;
    assert_eq!(status, 404);
    for address in [replaced, revoked, app.url("/p/x"), app.url("/p/%ff")] {
        for place in ["", "/withdraw", "/withdraw/newsletter"] {
            let url = format!("{address}{place}");
            assert_eq!(app.get(&url).await, (404, expected.clone()), "{url}");
            if !place.is_empty() {
                let posted = app.http.post(&url).form(&[("nonce", "x")]).send().await.unwrap();
                assert_eq!(posted.status().as_u16(), 404);
                assert_eq!(posted.text().await.unwrap(), expected);
            }
        }
    }
    assert!(stands(&app, "newsletter").await);
}

async fn staff_look_the_address_up_replace_and_revoke_it(app: TestApp) {
    consented(&app).await;
    let token = |out: String| {
        let line = out.lines().find(|l| l.starts_with("token")).expect("a token").to_owned();
        line.split_whitespace().last().expect("a token").to_owned()
    };
    let carl = token(app.rescind(&["staff", "token", "carl"]).await.done());
    let run = async |arguments: &[&str], token: Option<&str>| {
        app.advance(Span::seconds(1));
        let mut environment = public(&app);
        environment.extend(token.map(|t| ("RESCIND_STAFF_TOKEN".to_owned(), t.to_owned())));
        rescind(arguments, environment, b"", app.clock.clone()).await
    };
    let bea = token(run(&["staff", "token", "bea"], Some(&carl)).await.done());
    let look = ["subjects", "link", "email:ana@example.org"];
    let told = run(&look, None).await.failed();
    assert!(told.contains("RESCIND_STAFF_TOKEN"), "{told}");
    // Bea may look, and not decide
    let first = run(&look, Some(&bea)).await.done();
    assert_eq!(run(&look, Some(&bea)).await.done(), first, "it is permanent");
    for option in ["--reissue", "--revoke"] {
        let arguments: Vec<&str> = look.into_iter().chain([option]).collect();
        let told = run(&arguments, Some(&bea)).await.failed();
        assert!(told.contains("bea lacks the role \"manage\""), "{told}");
    }
    let arguments: Vec<&str> = look.into_iter().chain(["--reissue"]).collect();
    let second = run(&arguments, Some(&carl)).await.done();
    assert_ne!(first, second);
    let arguments: Vec<&str> = look.into_iter().chain(["--revoke"]).collect();
    let told = run(&arguments, Some(&carl)).await.done();
    assert!(told.contains("is revoked"), "{told}");
    assert!(run(&look, Some(&bea)).await.done().contains("is revoked"), "looking does not bring it back");
    let arguments: Vec<&str> = look.into_iter().chain(["--reissue"]).collect();
    let third = run(&arguments, Some(&carl)).await.done();
    assert!(third != first && third != second, "none comes back");
    assert_eq!(app.get(third.trim()).await.0, 200);

    let acts = app.column("select detail from audit order by id").await;
    let acts: Vec<(String, String)> = acts
        .iter()
        .filter_map(|detail| serde_json::from_str::<Value>(detail).ok())
        .filter(|detail| detail["act"].as_str().is_some_and(|act| act.starts_with("page_link")))
        .map(|d| (d["act"].as_str().unwrap().to_owned(), d["actor"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ("page_link_shown", "staff/bea"),
        ("page_link_shown", "staff/bea"),
        ("page_link_reissued", "staff/carl"),
        ("page_link_revoked", "staff/carl"),
        ("page_link_shown", "staff/bea"),
        ("page_link_reissued", "staff/carl"),
    ];
    assert_eq!(acts, expected.map(|(act, actor)| (act.to_owned(), actor.to_owned())));
    let told = run(&["subjects", "link", "email:nobody@example.org"], Some(&bea)).await.failed();
    assert!(told.contains("no data subject"), "{told}");
    // the store has no address, only its hash
    assert_eq!(app.count("select count(*) from personal_page where length(token_hash) = 32").await, 1);
}

async fn whoever_confirms_is_led_there(app: TestApp) {
    app.request(ANA).await;
    let confirm = app.letter(1).await.link();
    app.agree(&confirm).await;
    let (_, answered) = app.get(&confirm).await;
    let address = follow(&confirm, &answered, "/p/");
    let (status, page) = app.get(&address).await;
    assert!(status == 200 && page.contains("withdraw/newsletter"), "{page}");
    submit(&app, &format!("{address}/withdraw/newsletter"), &[]).await;
    assert!(!stands(&app, "newsletter").await);
    link(&app, &["--revoke"]).await;
    let (_, answered) = app.get(&confirm).await;
    assert!(!answered.contains("/p/"), "{answered}");
}

async fn a_topic_is_left_by_the_link_alone_and_chosen_again_with_a_code(app: TestApp) {
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    let address = address(&app).await;
    let about = async |topic: &str| {
        let question = json!({"subject": {"email": ANA}, "purpose": "newsletter", "topic": topic});
        let response = app.http.post(app.url("/v1/gate")).json(&question).send().await.expect("an answer");
        let answer: Value = response.json().await.expect("JSON");
        (answer["allowed"] == json!(true), answer["reason"].as_str().expect("a reason").to_owned())
    };
    let yes = (true, "consent_granted".to_owned());
    let no = (false, "topic_left".to_owned());
    assert_eq!((about("offers").await, about("events").await), (yes.clone(), yes.clone()));
    let (_, page) = app.get(&format!("{address}?lang=en")).await;
    let question = follow(&address, &page, "topics/newsletter/offers");
    let (_, asked) = app.get(&question).await;
    assert!(asked.contains("Offers") && asked.contains("“Newsletter” stays"), "{asked}");
    assert_eq!(about("offers").await, yes, "asking changes nothing");
    let (to, page) = submit(&app, &question, &[]).await;
    assert!(
        to.ends_with("?done=1&lang=en") && page.contains("Offers: you left this topic on 22 November 2026."),
        "{page}"
    );
    assert_eq!((about("offers").await, about("events").await), (no.clone(), yes.clone()));
    assert!(app.allowed(ANA).await, "the consent stays");
    submit(&app, &question, &[]).await;
    app.expect_events(&["consent.granted.v1", "topic.changed.v1"]).await;
    // a topic that is none, or of another purpose
    for place in ["newsletter/nothing", "recommendations/offers", "order/offers"] {
        assert_eq!(app.get(&format!("{address}/topics/{place}")).await.0, 404);
    }
    let page = crate::pages::changing::unlocked(&app, &address, 2).await;
    let (nonce, pass) = (nonce(&page), crate::pages::changing::hidden(&page, "pass"));
    let form = [("nonce", nonce.as_str()), ("pass", &pass), ("choose", "newsletter"), ("topic", "offers")];
    let response = app.http.post(format!("{address}/edit")).form(&form).send().await.expect("an answer");
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(about("offers").await, yes);
    app.expect_events(&["consent.granted.v1", "topic.changed.v1", "topic.changed.v1"]).await;
}

async fn every_language_has_it(app: TestApp) {
    consented(&app).await;
    let address = address(&app).await;
    for locale in ["en", "de", "fr", "pl", "bg", "ru", "uk"] {
        for place in ["", "/withdraw", "/withdraw/newsletter"] {
            let url = format!("{address}{place}?lang={locale}");
            let (status, page) = app.get(&url).await;
            assert!(status == 200 && page.contains(&format!("<html lang=\"{locale}\"")), "{page}");
            for other in ["en", "de", "fr", "pl", "bg", "ru", "uk"].iter().filter(|l| **l != locale) {
                assert!(page.contains(&format!("href=\"?lang={other}\"")), "{locale} to {other}");
            }
            let back = if place.is_empty() { "/withdraw/newsletter?lang=" } else { "?lang=" };
            assert!(plain(&page).contains(&format!("{back}{locale}\"")), "it stays in its language: {page}");
        }
    }
}

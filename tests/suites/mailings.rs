//! Mailings of apps: gated when they are taken and again as they leave, with every way to end them (D5, D7, E1).

use rescind_jobs::effects::Lane;
use rescind_jobs::mail::Mail;
use rescind_jobs::time::Span;
use rescind_tests::app::{Letter, TestApp, eventually, nonce};
use rescind_tests::on_both;
use rescind_worker::store::outbox::mails;
use serde_json::{Value, json};
use std::collections::HashSet;

on_both! {
    a_mailing_says_how_to_end_it,
    only_whom_the_gate_lets_is_written_to,
    opening_the_link_changes_nothing,
    queued_and_withdrawn_by_message_it_never_leaves,
    queued_and_withdrawn_by_one_click_it_never_leaves,
    queued_and_withdrawn_at_the_command_line_it_never_leaves,
    queued_it_does_not_leave_after_a_restriction_an_objection_or_the_end_of_the_consent,
    queued_under_a_topic_that_is_left_it_does_not_leave,
    claimed_under_a_topic_that_is_left_it_does_not_leave,
    direct_marketing_without_consent_ends_by_an_objection,
    what_becomes_marketing_while_it_waits_can_be_ended,
    a_link_that_is_known_never_waits,
    what_an_app_writes_is_text_and_nothing_else,
    its_words_lie_sealed_and_go_when_it_has_left,
}

const ANA: &str = "ana@example.org";
const BOB: &str = "bob@example.net";

/// The example policy, and direct marketing on another basis than consent.
const POLICY: &str = concat!(
    include_str!("../../config/policy/example.toml"),
    r#"
[purposes.catalogue]
title.en = "Catalogue"
basis = "legitimate_interest"
balancing_test = "file 7"
marketing = true
"#
);

async fn consented(app: &TestApp, email: &str) {
    let yes = json!({"category": "personalisation", "content": "recommendations", "answer": "agree"});
    let subject = json!({"email": email, "locale": "en", "ids": {"shop": email}});
    app.send("consent.record.v1", json!({"subject": subject, "consents": [yes]})).await;
}

fn mailing(email: &str, more: Value) -> Value {
    let mut data = json!({"subject": {"email": email}, "purpose": "recommendations",
                          "title": "New this week", "text": "Hello,\n\ntwo books for you."});
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    data
}

/// The header fields of the newest mail to this address.
async fn headers(app: &TestApp, to: &str) -> Vec<(String, String)> {
    let mailbox = app.mailbox();
    let entry = mailbox.list(50).await.expect("a list").into_iter().find(|entry| entry.to.contains(to));
    mailbox.view(&entry.expect("a mail").id).await.expect("a mail").expect("it is there").headers
}

async fn header(app: &TestApp, to: &str, name: &str) -> String {
    let found = headers(app, to).await.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.split_whitespace().collect()).unwrap_or_default()
}

/// Where a mail program ends the mailings of this mail.
async fn one_click(app: &TestApp, to: &str) -> String {
    let list = header(app, to, "List-Unsubscribe").await;
    list.strip_prefix('<').and_then(|l| l.strip_suffix('>')).expect("an address").to_owned()
}

/// What a mail program sends.
async fn click(app: &TestApp, url: &str) -> (u16, String) {
    let sent = app.http.post(url).header("content-type", "application/x-www-form-urlencoded");
    let response = sent.body("List-Unsubscribe=One-Click").send().await.expect("an answer");
    assert!(response.headers().get("set-cookie").is_none() && response.headers().get("location").is_none());
    (response.status().as_u16(), response.text().await.expect("a body"))
}

fn to(letters: &[Letter], email: &str) -> usize {
    letters.iter().filter(|letter| letter.to == email).count()
}

async fn a_mailing_says_how_to_end_it(app: TestApp) {
    consented(&app, ANA).await;
    let button = json!({"title": "Have a look", "url": "https://shop.example.org/new?week=48&from=mail"});
    app.send("mail.send.v1", mailing(ANA, json!({"button": button, "channel": "email"}))).await;
    let letter = app.letter(1).await;
    assert_eq!((letter.to.as_str(), letter.subject.as_str()), (ANA, "New this week"));
    assert!(
        letter.text.contains("two books for you.") && letter.text.contains("Have a look:"),
        "{}",
        letter.text
    );
    assert!(
        letter.html.contains("href=\"https://shop.example.org/new?week&#x3D;48&amp;from&#x3D;mail\""),
        "{}",
        letter.html
    );
    assert!(!letter.html.contains("<img"), "nothing is loaded, nothing is counted");
    let link = one_click(&app, ANA).await;
    assert!(letter.text.contains(&link) && letter.html.contains(&link), "in the mail as in its head");
    assert_eq!(header(&app, ANA, "List-Unsubscribe-Post").await, "List-Unsubscribe=One-Click");
    assert_eq!(app.acts().await.last().map(String::as_str), Some("mailing_ordered"));

    // a mail that asks for consent is no mailing
    app.request("eve@example.org").await;
    app.letter(2).await;
    assert_eq!(header(&app, "eve@example.org", "List-Unsubscribe").await, "");
}

async fn only_whom_the_gate_lets_is_written_to(app: TestApp) {
    consented(&app, ANA).await;
    app.send("subject.upsert.v1", json!({"subject": {"email": BOB}})).await;
    app.send("subject.upsert.v1", json!({"subject": {"ids": {"shop": "9"}}})).await;
    app.send("mail.send.v1", mailing(BOB, json!({}))).await;
    app.send("mail.send.v1", mailing(ANA, json!({"purpose": "newsletter"}))).await;
    let silent = json!({"subject": {"ids": {"shop": "9"}}, "purpose": "order", "title": "T", "text": "t"});
    app.send("mail.send.v1", silent).await;
    app.send("mail.send.v1", mailing(ANA, json!({}))).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 1);
    let told = app.events().await;
    assert_eq!(told.iter().filter(|kind| *kind == "mail.suppressed.v1").count(), 3, "{told:?}");
    assert_eq!(app.acts().await.iter().filter(|act| *act == "mailing_not_sent").count(), 3);
    for (data, code, field) in [
        (mailing(ANA, json!({"purpose": "nothing"})), "unknown_purpose", "data.purpose"),
        (mailing(ANA, json!({"topic": "offers"})), "invalid_field", "data.topic"),
        (mailing(ANA, json!({"channel": "phone"})), "invalid_field", "data.channel"),
        (mailing(ANA, json!({"title": "two\nlines"})), "invalid_field", "data.title"),
        (mailing(ANA, json!({"text": " "})), "invalid_field", "data.text"),
        (
            mailing(ANA, json!({"button": {"title": "x", "url": "http://example.org"}})),
            "invalid_field",
            "data.button.url",
        ),
        (mailing(ANA, json!({"not_before": "2027-06-01T00:00:00Z"})), "invalid_field", "data.not_before"),
        (mailing("nobody@example.org", json!({})), "unknown_subject", "data.subject"),
    ] {
        let problem = app.refused("mail.send.v1", data).await;
        assert_eq!(
            (problem["code"].as_str(), problem["errors"][0]["field"].as_str()),
            (Some(code), Some(field))
        );
    }
}

async fn opening_the_link_changes_nothing(app: TestApp) {
    consented(&app, ANA).await;
    app.send("mail.send.v1", mailing(ANA, json!({}))).await;
    app.letter(1).await;
    let link = one_click(&app, ANA).await;
    for _ in 0..2 {
        let (status, page) = app.get(&link).await;
        assert!(status == 200 && page.contains("Stop these emails?"), "{status} {page}");
    }
    let (_, page) = app.get(&format!("{link}?lang=de")).await;
    assert!(page.contains("Diese E-Mails beenden?"), "{page}");
    let other = app.http.post(&link).form(&[("nonce", "x")]).send().await.expect("an answer");
    assert_eq!(other.status().as_u16(), 422, "a form that says something else");
    assert_eq!(app.gate(ANA, "recommendations").await["allowed"], true);
    let (status, _) = click(&app, &app.url(&format!("/u/{}", "a".repeat(32)))).await;
    assert_eq!(status, 404);

    let (status, page) = click(&app, &link).await;
    assert!(status == 200 && page.contains("have been stopped"), "{status} {page}");
    assert_eq!(app.gate(ANA, "recommendations").await["reason"], "consent_withdrawn");
    assert_eq!(click(&app, &link).await.0, 200, "once more is the same");
    assert!(app.get(&link).await.1.contains("have been stopped"));
    assert_eq!(app.count("select count(*) from consent_record where expression = 3").await, 1);
}

/// Mailings to Ana and Bob wait for their hour; Ana withdraws in the meantime, and again, and a replica looks on.
async fn queued_then(app: TestApp, withdraw: impl AsyncFn(&TestApp)) {
    consented(&app, ANA).await;
    consented(&app, BOB).await;
    // the first leaves: the link in it ends what comes later too
    app.send("mail.send.v1", mailing(ANA, json!({}))).await;
    app.letter(1).await;
    app.quiet().await;
    let later = json!({"not_before": app.clock.now().plus(Span::hours(2))});
    app.send("mail.send.v1", mailing(ANA, later.clone())).await;
    app.send("mail.send.v1", mailing(BOB, later)).await;
    assert_eq!(app.count("select count(*) from mail where state = 0 and gated = 1").await, 2);
    app.advance(Span::hours(1));
    let replica = if app.worker().engine.pool().is_postgres() { Some(app.replica().await) } else { None };
    for _ in 0..3 {
        withdraw(&app).await;
    }
    assert_eq!(app.count("select count(*) from mail where state = 7 and sealed is null").await, 1, "at once");
    // what is under way when the clock jumps would look like left behind
    let under_way = "select count(*) from mail where state in (1, 2) or (staff is not null and state = 0)";
    eventually("staff are told", async || app.count(under_way).await == 0).await;
    app.advance(Span::hours(2));
    app.quiet().await;
    let letters = app.letters();
    let of_replica = replica.as_ref().map_or_else(Vec::new, TestApp::letters);
    assert_eq!((to(&letters, ANA), to(&of_replica, ANA)), (1, 0), "only what left before");
    assert_eq!(to(&letters, BOB) + to(&of_replica, BOB), 1, "the other leaves");
    let told = app.staff_letters().len() + replica.as_ref().map_or(0, |r| r.staff_letters().len());
    assert_eq!(app.count("select count(*) from staff_notice").await, told as i64, "each is told once");
    assert_eq!(
        app.count(
            "select count(*) from (select staff from staff_notice group by staff having count(*) > 1) t"
        )
        .await,
        0
    );
    assert!(told >= 1, "somebody is told");
    let stops = app.events().await.into_iter().filter(|kind| kind == "processing.stop.v1").count();
    assert_eq!(stops, 1);
    if let Some(mut replica) = replica {
        replica.stop().await;
    }
}

async fn queued_and_withdrawn_by_message_it_never_leaves(app: TestApp) {
    queued_then(app, async |app| {
        let message = json!({"specversion": "1.0", "id": "w-1", "source": "shop", "type": "consent.withdraw.v1",
                             "time": app.clock.now(),
                             "data": {"subject": {"email": ANA}, "purposes": ["recommendations"]}});
        assert_eq!(app.post(&message).await.0, 202);
    })
    .await;
}

async fn queued_and_withdrawn_by_one_click_it_never_leaves(app: TestApp) {
    queued_then(app, async |app| {
        let link = one_click(app, ANA).await;
        assert_eq!(click(app, &link).await.0, 200);
    })
    .await;
}

async fn queued_and_withdrawn_at_the_command_line_it_never_leaves(app: TestApp) {
    queued_then(app, async |app| {
        let data = json!({"subject": {"email": ANA}, "purposes": ["recommendations"]}).to_string();
        let arguments = ["send", "--type", "consent.withdraw.v1", "--data", &data, "--wait", "60"];
        app.rescind(&arguments).await.done();
    })
    .await;
}

async fn queued_it_does_not_leave_after_a_restriction_an_objection_or_the_end_of_the_consent(app: TestApp) {
    let people = ["restricted@example.org", "objects@example.org", "ends@example.org"];
    for person in people {
        consented(&app, person).await;
        let later = json!({"not_before": app.clock.now().plus(Span::hours(2))});
        app.send("mail.send.v1", mailing(person, later)).await;
    }
    app.advance(Span::hours(1));
    let restrict = json!({"subject": {"email": people[0]}, "ground": "legal_claims", "confirm": false});
    app.send("subject.restrict.v1", restrict).await;
    app.send("subject.object.v1", json!({"subject": {"email": people[1]}, "purposes": ["recommendations"]}))
        .await;
    // a consent that ends without a job having said so: the gate is read in the statement that lets it leave
    let ends = "update consent set state = 4 where subject_id = (select subject_id from mail where gated = 1 and state = 0)";
    app.execute(ends).await;
    app.advance(Span::hours(2));
    app.quiet().await;
    assert_eq!(app.letters().len(), 0, "{:?}", app.letters().iter().map(|l| &l.to).collect::<Vec<_>>());
    assert_eq!(app.count("select count(*) from mail where gated = 1 and state = 7").await, 3);
}

/// Consent to the newsletter, which has topics, confirmed by its mail; then a first mailing, for the way to the person's page.
async fn subscribed(app: &TestApp, email: &str) -> String {
    app.request(email).await;
    let asked = |letter: &Letter| letter.to == email && letter.text.contains("/c/");
    eventually("the request", async || app.letters().iter().any(asked)).await;
    app.agree(&app.letters().iter().find(|letter| asked(letter)).expect("a request").link()).await;
    app.send("mail.send.v1", mailing(email, json!({"purpose": "newsletter", "topic": "offers"}))).await;
    let sent = |letter: &Letter| letter.to == email && letter.text.contains("/p/");
    eventually("the mailing", async || app.letters().iter().any(sent)).await;
    let letters = app.letters();
    let text = &letters.iter().find(|letter| sent(letter)).expect("a mailing").text;
    text[text.find("/p/").expect("a page")..].split_whitespace().next().expect("a page").to_owned()
}

/// Two clicks on the person's own page.
async fn leave(app: &TestApp, page: &str, topic: &str) {
    let question = app.url(&format!("{page}/topics/newsletter/{topic}"));
    let (_, asked) = app.get(&question).await;
    let form = [("nonce", nonce(&asked))];
    let answer = app.http.post(&question).form(&form).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 303);
    assert_eq!(app.gate(ANA, "newsletter").await["allowed"], true, "the consent stays");
}

async fn queued_under_a_topic_that_is_left_it_does_not_leave(app: TestApp) {
    let page = subscribed(&app, ANA).await;
    subscribed(&app, BOB).await;
    app.quiet().await;
    let before = app.letters().len();
    let later = app.clock.now().plus(Span::hours(2));
    for (person, topic) in [(ANA, "offers"), (ANA, "events"), (BOB, "offers")] {
        let more = json!({"purpose": "newsletter", "topic": topic, "title": topic, "not_before": later});
        app.send("mail.send.v1", mailing(person, more)).await;
    }
    leave(&app, &page, "offers").await;
    // handed in afterwards, it is not even queued
    app.send("mail.send.v1", mailing(ANA, json!({"purpose": "newsletter", "topic": "offers"}))).await;
    app.advance(Span::hours(3));
    app.quiet().await;
    let mut left: Vec<_> =
        app.letters().split_off(before).into_iter().map(|l| format!("{} {}", l.to, l.subject)).collect();
    left.sort();
    assert_eq!(left, [format!("{ANA} events"), format!("{BOB} offers")]);
    assert_eq!(app.count("select count(*) from mail where topic = 'offers' and state = 7").await, 1);
    assert_eq!(app.acts().await.iter().filter(|act| *act == "mailing_not_sent").count(), 1);
}

/// The gate is read once more in the very statement that lets a mail leave, after it was claimed and written.
async fn claimed_under_a_topic_that_is_left_it_does_not_leave(app: TestApp) {
    let page = subscribed(&app, ANA).await;
    app.quiet().await;
    let later = app.clock.now().plus(Span::hours(2));
    for topic in ["offers", "events"] {
        let more = json!({"purpose": "newsletter", "topic": topic, "not_before": later});
        app.send("mail.send.v1", mailing(ANA, more)).await;
    }
    app.send("mail.send.v1", mailing(ANA, json!({"purpose": "newsletter", "not_before": later}))).await;
    let (pool, holder, lease) =
        (app.worker().engine.pool(), uuid::Uuid::from_u128(7), later.plus(Span::hours(1)));
    let claimed = mails::claim(pool, Lane::Background, later, 10, lease, holder).await.expect("the store");
    assert_eq!(claimed.len(), 3);
    leave(&app, &page, "offers").await;
    let ids = claimed.iter().map(|mail| mail.id).collect();
    let leaving = mails::sending(pool, ids, holder, later, lease).await.expect("the store");
    let topic = |id: &uuid::Uuid| match &claimed.iter().find(|mail| mail.id == *id).expect("claimed").mail {
        Mail::Mailing(mailing) => mailing.topic.as_ref().map(ToString::to_string),
        other => panic!("{other:?}"),
    };
    let mut topics: Vec<_> = leaving.iter().map(topic).collect();
    topics.sort();
    assert_eq!(topics, [None, Some("events".to_owned())]);
    // what did not leave is still this worker's to settle, until another one has taken it over
    let held: Vec<_> = claimed.iter().map(|mail| mail.id).filter(|id| !leaving.contains(id)).collect();
    let ours = mails::still_claimed(pool, held.clone(), holder).await.expect("the store");
    assert_eq!(ours, HashSet::from_iter(held.clone()));
    let over = lease.plus(Span::seconds(1));
    mails::recover(pool, over, false).await.expect("the store");
    let other = uuid::Uuid::from_u128(8);
    mails::claim(pool, Lane::Background, over, 10, over.plus(Span::hours(1)), other)
        .await
        .expect("the store");
    assert!(mails::still_claimed(pool, held.clone(), holder).await.expect("the store").is_empty());
    assert_eq!(mails::still_claimed(pool, held.clone(), other).await.expect("the store").len(), held.len());
}

async fn direct_marketing_without_consent_ends_by_an_objection(mut app: TestApp) {
    app.stop().await;
    app.lay_down(POLICY);
    app.start().await;
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA, "locale": "en"}})).await;
    app.send("mail.send.v1", mailing(ANA, json!({"purpose": "catalogue"}))).await;
    app.letter(1).await;
    let link = one_click(&app, ANA).await;
    assert_eq!(click(&app, &link).await.0, 200);
    assert_eq!(app.gate(ANA, "catalogue").await["reason"], "objected");
    app.send("mail.send.v1", mailing(ANA, json!({"purpose": "catalogue"}))).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 1);
    // what a contract asks for cannot be ended by a click
    app.send("mail.send.v1", mailing(ANA, json!({"purpose": "order"}))).await;
    app.letter(2).await;
    assert_eq!(header(&app, ANA, "List-Unsubscribe").await, "");
}

async fn what_becomes_marketing_while_it_waits_can_be_ended(mut app: TestApp) {
    app.restart_with_policy(
        &POLICY.replace("balancing_test = \"file 7\"\nmarketing = true", "balancing_test = \"file 7\""),
    )
    .await;
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA, "locale": "en"}})).await;
    let later = json!({"purpose": "catalogue", "not_before": app.clock.now().plus(Span::hours(2))});
    app.send("mail.send.v1", mailing(ANA, later)).await;
    app.restart_with_policy(POLICY).await;
    app.advance(Span::hours(2));
    app.letter(1).await;
    // the worker's port is another one by now, and so is the link's
    let link = one_click(&app, ANA).await;
    assert_eq!(click(&app, &link).await.0, 200);
    assert_eq!(app.gate(ANA, "catalogue").await["reason"], "objected");
}

async fn a_link_that_is_known_never_waits(mut app: TestApp) {
    app.restart_with(&[("RESCIND_HTTP__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    consented(&app, ANA).await;
    app.send("mail.send.v1", mailing(ANA, json!({}))).await;
    app.letter(1).await;
    let link = one_click(&app, ANA).await;
    // the service of a mail program, from which many click
    let from_there = async |url: &str| {
        let sent = app.http.post(url).header("x-forwarded-for", "198.51.100.7");
        let sent = sent.header("content-type", "application/x-www-form-urlencoded");
        let answer = sent.body("List-Unsubscribe=One-Click").send().await.expect("an answer");
        answer.status().as_u16()
    };
    let unknown = app.url(&format!("/u/{}", "a".repeat(link.rsplit('/').next().expect("a token").len())));
    let mut answers = Vec::new();
    for _ in 0..70 {
        answers.push(from_there(&unknown).await);
    }
    assert_eq!((answers[0], answers[69]), (404, 429));
    assert_eq!(from_there(&link).await, 200);
    assert_eq!(app.gate(ANA, "recommendations").await["reason"], "consent_withdrawn");
}

async fn what_an_app_writes_is_text_and_nothing_else(app: TestApp) {
    consented(&app, ANA).await;
    let text = "<script>alert(1)</script>\n\n<img src=https://track.example.org/1.gif> {{controller.email}}";
    let hostile = json!({"title": "<b>Offer</b> {{title}}", "text": text});
    app.send("mail.send.v1", mailing(ANA, hostile)).await;
    let letter = app.letter(1).await;
    assert_eq!(letter.subject, "<b>Offer</b> {{title}}");
    assert!(letter.html.contains("&lt;script&gt;") && !letter.html.contains("<script"), "{}", letter.html);
    assert!(!letter.html.contains("<img") && letter.html.contains("{{controller.email}}"), "{}", letter.html);
}

async fn its_words_lie_sealed_and_go_when_it_has_left(app: TestApp) {
    consented(&app, ANA).await;
    let later = json!({"not_before": app.clock.now().plus(Span::hours(2)), "text": "canary-of-the-words"});
    app.send("mail.send.v1", mailing(ANA, later)).await;
    assert_eq!(app.count("select count(*) from mail where sealed is not null").await, 1);
    for query in ["select cast(params as text) from mail", "select detail from audit"] {
        assert!(!app.column(query).await.join("").contains("canary"));
    }
    app.advance(Span::hours(2));
    assert!(app.letter(1).await.text.contains("canary-of-the-words"));
    app.quiet().await;
    assert_eq!(app.count("select count(*) from mail where sealed is not null").await, 0);
}

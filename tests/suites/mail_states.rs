//! What becomes of a mail on its way out, as the whole worker sees it: later, never, nobody knows, no longer allowed
//! (M6, A6).

use mail_parser::{MessageParser, MimeHeaders};
use rescind_jobs::effects::Lane;
use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::on_both;
use rescind_tests::operations::example_policy;
use rescind_tests::smtp_script::{Act, Script, SmtpScript};
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};
use rescind_worker::store::outbox::MailState;
use rescind_worker::store::outbox::mails::next_due;
use serde_json::{Value, json};

on_both! {
    refused_for_the_time_being_it_is_sent_later,
    what_never_leaves_fails_in_the_end,
    a_bad_address_bounces_and_is_not_used_again,
    a_wrong_password_pauses_and_says_so,
    without_a_reply_after_the_dot_it_is_uncertain_and_not_sent_again,
    what_is_uncertain_is_sent_again_by_an_operator,
    a_withdrawal_before_it_leaves_suppresses_it,
    every_attempt_is_the_same_mail,
    it_comes_from_the_purposes_mail_identity,
    it_brings_the_purposes_document,
    no_more_is_held_in_memory_than_a_group_may_weigh,
    it_brings_the_linked_regulation_which_the_page_shows_too,
    while_one_group_waits_the_next_ones_leave,
}

/// Waits until the mails, oldest first, stand so.
async fn expect(app: &TestApp, states: &[&str]) {
    eventually(&format!("mails are {states:?}"), async || {
        let numbers =
            app.column("select cast(state as text) from mail where staff is null order by id").await;
        numbers.iter().map(|n| name(n)).eq(states.iter().copied())
    })
    .await;
}

fn name(number: &str) -> &'static str {
    let number = number.parse().expect("a number");
    MailState::from_i16(number).expect("a state").as_str()
}

/// Waits until the one mail is back in the queue after so many attempts.
async fn expect_queued_after(app: &TestApp, attempts: usize) {
    eventually(&format!("queued after {attempts} attempts"), async || {
        app.column("select cast(attempt as text) from mail where state = 0").await == [attempts.to_string()]
    })
    .await;
}

/// How long the next mail waits.
async fn wait_of(app: &TestApp) -> Span {
    let due = next_due(app.worker().engine.pool(), Lane::Request)
        .await
        .expect("a query")
        .expect("a mail is queued");
    due.since(app.clock.now())
}

async fn troubles(app: &TestApp) -> Vec<String> {
    app.column("select coalesce(trouble, '') from mail order by id").await
}

async fn sink() -> SmtpSink {
    SmtpSink::start(SinkOptions::default()).await
}

async fn refused_for_the_time_being_it_is_sent_later(mut app: TestApp) {
    let sink = sink().await;
    app.mail_to(sink.port).await;
    app.request("once-rcpt@example.org").await;
    expect_queued_after(&app, 1).await;
    assert_eq!(troubles(&app).await, ["reply during rcpt: 450 4.2.1"], "no word of the server's");
    let wait = wait_of(&app).await;
    assert!(wait >= Span::seconds(15) && wait <= Span::seconds(30), "{wait:?}");
    assert_eq!(app.part("mail").await, "ready", "the server is there");
    assert!(sink.mails().is_empty());

    app.advance(wait);
    let mail = sink.wait_for(1).await.remove(0);
    assert_eq!(mail.rcpt_to, "once-rcpt@example.org");
    expect(&app, &["sent"]).await;
    app.agree(&rescind_tests::app::link_in(&mail.text)).await;
    assert!(app.allowed("once-rcpt@example.org").await);
}

async fn what_never_leaves_fails_in_the_end(mut app: TestApp) {
    let sink = sink().await;
    app.restart_with(&[("RESCIND_MAIL__RETRY_GIVE_UP_HOURS", "1")]).await;
    app.mail_to(sink.port).await;
    app.request("tempfail-data@example.org").await;
    for (attempt, longest) in [(1, 30), (2, 60), (3, 120)] {
        expect_queued_after(&app, attempt).await;
        let wait = wait_of(&app).await;
        assert!(wait >= Span::seconds(longest / 2) && wait <= Span::seconds(longest), "{attempt}: {wait:?}");
        app.advance(wait);
    }
    expect_queued_after(&app, 4).await;
    app.advance(Span::hours(1));
    expect(&app, &["failed"]).await;
    app.advance(Span::hours(2));
    app.quiet().await;
    assert!(sink.mails().is_empty());
    assert!(!app.acts().await.contains(&"address_undeliverable".to_owned()), "the address is not to blame");
}

async fn a_bad_address_bounces_and_is_not_used_again(mut app: TestApp) {
    let sink = sink().await;
    app.mail_to(sink.port).await;
    app.request("reject-rcpt@example.org").await;
    expect(&app, &["bounced"]).await;
    assert_eq!(troubles(&app).await, ["550 5.1.1"]);
    eventually("the address is marked", async || {
        app.acts().await.last().map(String::as_str) == Some("address_undeliverable")
    })
    .await;

    app.advance(Span::hours(25));
    app.request("reject-rcpt@example.org").await;
    let of_subjects =
        "select detail from audit where subject_id is not null order by subject_id, sequence, ordinal";
    let skipped = app.column(of_subjects).await;
    let last: Value = serde_json::from_str(skipped.last().expect("an act")).expect("JSON");
    assert_eq!((&last["act"], &last["why"]), (&json!("consent_request_skipped"), &json!("no_address")));
    // the reminder of the first request does not leave either
    app.advance(Span::days(2));
    expect(&app, &["bounced", "suppressed"]).await;
    app.quiet().await;
    assert!(sink.mails().is_empty());
}

async fn a_wrong_password_pauses_and_says_so(mut app: TestApp) {
    let refuses = Script::friendly().offer("AUTH PLAIN").on("AUTH", Act::Reply("535 5.7.8 wrong"));
    let server = SmtpScript::start(vec![refuses, Script::friendly().offer("AUTH PLAIN")]).await;
    // the dispatcher pauses for as long as the first wait between attempts
    app.restart_with(&[("RESCIND_MAIL__RETRY_INITIAL_SECONDS", "1")]).await;
    app.mail_by(&format!("smtp://rescind:hunter2@127.0.0.1:{}", server.port)).await;
    app.request("ana@example.org").await;
    app.expect_part("mail", "degraded").await;
    let (status, report) = app.readyz().await;
    assert_eq!((status, &report["ready"]), (200, &json!(true)), "messages are taken all the same");
    assert_eq!(report["parts"]["mail"]["reason"], "reply during auth: 535 5.7.8");
    expect_queued_after(&app, 1).await;
    assert!(server.taken().is_empty());

    app.advance(Span::seconds(1));
    expect(&app, &["sent"]).await;
    app.expect_part("mail", "ready").await;
    assert_eq!(server.taken().len(), 1);
}

async fn without_a_reply_after_the_dot_it_is_uncertain_and_not_sent_again(mut app: TestApp) {
    let sink = sink().await;
    app.mail_to(sink.port).await;
    app.request("drop-after-dot@example.org").await;
    expect(&app, &["uncertain"]).await;
    assert!(app.metric("rescind_mails_uncertain").await > 0.5);
    for _ in 0..4 {
        app.advance(Span::hours(12));
        app.quiet().await;
    }
    app.restart_with(&[]).await;
    app.quiet().await;
    expect(&app, &["uncertain"]).await;
    // this one had arrived
    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    app.mail_to(sink.port).await;
    let link = rescind_tests::app::link_in(&mails[0].text);
    let path = link.split_once("/c/").map(|(_, token)| format!("/c/{token}")).expect("a link");
    app.agree(&app.url(&path)).await;
    assert!(app.allowed("drop-after-dot@example.org").await);
}

async fn what_is_uncertain_is_sent_again_by_an_operator(mut app: TestApp) {
    let silent = Script::friendly().on(".", Act::Close);
    let server = SmtpScript::start(vec![silent, Script::friendly()]).await;
    app.mail_to(server.port).await;
    app.request("ana@example.org").await;
    expect(&app, &["uncertain"]).await;
    let list = app.rescind(&["outbox", "list", "--state", "uncertain", "--json"]).await.json();
    assert_eq!(list[0]["trouble"], "no reply after end");
    app.rescind(&["outbox", "retry", list[0]["id"].as_str().expect("an id")]).await.done();
    expect(&app, &["sent"]).await;
    let offered = server.offered();
    assert_eq!(offered.len(), 2);
    assert_eq!(offered[0].body, offered[1].body, "whoever got it twice can tell by its id");
}

async fn a_withdrawal_before_it_leaves_suppresses_it(mut app: TestApp) {
    let mut sink = sink().await;
    app.mail_to(sink.port).await;
    sink.stop().await;
    app.request("ana@example.org").await;
    expect_queued_after(&app, 1).await;
    app.expect_part("mail", "degraded").await;
    app.advance(Span::seconds(5));
    let withdrawal = json!({"subject": {"email": "ana@example.org"}, "purposes": ["newsletter"]});
    app.send("consent.withdraw.v1", withdrawal).await;
    // in that very transaction, long before its next attempt
    let suppressed = "select count(*) from mail where state = 7 and trouble = 'consent was withdrawn'";
    assert_eq!(app.count(suppressed).await, 1);

    let sink = SmtpSink::start(SinkOptions { port: sink.port, ..SinkOptions::default() }).await;
    app.advance(Span::minutes(1));
    expect(&app, &["suppressed"]).await;
    app.request("ben@example.org").await;
    let to_subjects = || sink.mails().into_iter().filter(|m| !m.rcpt_to.ends_with("@staff.example.org"));
    eventually("Ben is asked", async || to_subjects().next().is_some()).await;
    assert_eq!(to_subjects().next().map(|m| m.rcpt_to).as_deref(), Some("ben@example.org"));
    expect(&app, &["suppressed", "sent"]).await;
    app.expect_part("mail", "ready").await;
    app.advance(Span::hours(1));
    app.quiet().await;
    assert_eq!(to_subjects().count(), 1, "nothing leaves for whoever has withdrawn");
}

async fn every_attempt_is_the_same_mail(mut app: TestApp) {
    let later = Script::friendly().on(".", Act::Reply("451 4.3.0 later"));
    let server = SmtpScript::start(vec![later.clone(), later, Script::friendly()]).await;
    app.mail_to(server.port).await;
    app.request("ana@example.org").await;
    expect_queued_after(&app, 1).await;
    // whoever sends it next, and whenever
    app.mail_to(server.port).await;
    app.advance(Span::minutes(5));
    expect_queued_after(&app, 2).await;
    app.mail_to(server.port).await;
    app.advance(Span::minutes(5));
    expect(&app, &["sent"]).await;
    let offered = server.offered();
    assert_eq!((offered.len(), server.taken().len()), (3, 1));
    // the links name the port, which every start chooses anew
    let ids: Vec<_> = offered.iter().map(|mail| header(&mail.body, "Message-ID")).collect();
    assert!(ids[0].ends_with("@example.org>") && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let dates: Vec<_> = offered.iter().map(|mail| header(&mail.body, "Date")).collect();
    assert!(dates.iter().all(|date| *date == dates[0]), "{dates:?}");
}

fn header<'m>(mail: &'m str, name: &str) -> &'m str {
    let found =
        mail.lines().find(|line| line.split(':').next().is_some_and(|n| n.eq_ignore_ascii_case(name)));
    found.and_then(|line| line.split_once(": ")).map(|(_, value)| value).expect("the header is there")
}

async fn it_comes_from_the_purposes_mail_identity(mut app: TestApp) {
    let more = "[mail_identities.advice]\nname = \"Beratung Süd\"\naddress = \"advice@shop.example\"\n";
    let mut policy = example_policy(more);
    for (purpose, identity) in [
        ("recommendations", "advice"),
        ("order", "consent"),
        ("accounting", "consent"),
        ("fraud_prevention", "consent"),
        ("similar_products", "consent"),
    ] {
        let section = format!("[purposes.{purpose}]\n");
        policy = policy.replace(&section, &format!("{section}mail_identity = \"{identity}\"\n"));
    }
    app.restart_with_policy(&policy).await;
    let sink = sink().await;
    app.mail_to(sink.port).await;
    let subject = json!({"email": "ana@example.org", "name": "Ana Łysoń", "locale": "de"});
    for (n, content) in ["newsletter", "recommendations"].into_iter().enumerate() {
        app.send("consent.request.v1", json!({"subject": subject, "contents": [content]})).await;
        sink.wait_for(n + 1).await;
    }
    let mails = sink.mails();
    let (letter, advice) = (&mails[0], &mails[1]);
    assert_eq!(
        (letter.mail_from.as_str(), advice.mail_from.as_str()),
        ("consent@example.org", "advice@shop.example")
    );
    let party = |mail: &rescind_tests::smtp_sink::SinkMail, field: &str| {
        let parsed = MessageParser::default().parse(&mail.raw).expect("a mail");
        let address = parsed.header(field).and_then(|h| h.as_address()).and_then(|a| a.first()).cloned();
        address.map(|a| format!("{}|{}", a.name().unwrap_or_default(), a.address().unwrap_or_default()))
    };
    assert_eq!(party(letter, "From").as_deref(), Some("Example Shop|consent@example.org"));
    assert_eq!(party(advice, "From").as_deref(), Some("Beratung Süd|advice@shop.example"));
    assert_eq!(party(letter, "Reply-To").as_deref(), Some("|privacy@example.org"));
    assert_eq!(party(advice, "Reply-To"), None);
    for mail in &mails {
        assert_eq!(party(mail, "To").as_deref(), Some("Ana Łysoń|ana@example.org"));
        assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
        assert_eq!(mail.header("X-Auto-Response-Suppress"), Some("All"));
        assert!(!mail.text.is_empty() && mail.html.contains("<html"));
    }
}

async fn it_brings_the_purposes_document(mut app: TestApp) {
    let document = b"%PDF-1.4 what the newsletter is about".as_slice();
    std::fs::write(app.folder.path().join("about.pdf"), document).expect("it can be written");
    let policy = example_policy("")
        .replace("[purposes.newsletter]\n", "[purposes.newsletter]\ndocument = \"about.pdf\"\n");
    app.restart_with_policy(&policy).await;
    let sink = sink().await;
    app.mail_to(sink.port).await;
    let subject = json!({"email": "ana@example.org"});
    app.send("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]})).await;
    let mail = sink.wait_for(1).await.remove(0);
    let parsed = MessageParser::default().parse(&mail.raw).expect("a mail");
    let attachments: Vec<_> = parsed.attachments().collect();
    assert_eq!(attachments.len(), 1);
    assert_eq!(attachments[0].attachment_name(), Some("about.pdf"));
    let kind = attachments[0].content_type().map(|t| (t.ctype(), t.subtype()));
    assert_eq!(kind, Some(("application", Some("pdf"))));
    assert_eq!(attachments[0].contents(), document);
    app.agree(&rescind_tests::app::link_in(&mail.text)).await;
    assert!(app.allowed("ana@example.org").await);
}

async fn it_brings_the_linked_regulation_which_the_page_shows_too(mut app: TestApp) {
    let rules = b"%PDF-1.4 the rules of the newsletter".as_slice();
    std::fs::write(app.folder.path().join("rules of 2026.pdf"), rules).expect("it can be written");
    let version = "[[contents.newsletter.versions]]\n";
    let policy =
        example_policy("").replace(version, &format!("{version}regulation = \"rules of 2026.pdf\"\n"));
    app.restart_with_policy(&policy).await;
    let sink = sink().await;
    app.mail_to(sink.port).await;
    let subject = json!({"email": "ana@example.org"});
    app.send("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]})).await;
    let mail = sink.wait_for(1).await.remove(0);
    let parsed = MessageParser::default().parse(&mail.raw).expect("a mail");
    let names: Vec<_> =
        parsed.attachments().map(|a| a.attachment_name().expect("a name").to_owned()).collect();
    assert_eq!(names, ["rules of 2026.pdf"]);
    let link = rescind_tests::app::link_in(&mail.text);
    let (_, page) = app.get(&link).await;
    let at = page.find("/d/").expect("the page links the regulation");
    let path = page[at..].split('"').next().expect("a link").replace("&#x3D;", "=");
    let answer = app.http.get(app.url(&path)).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert!(answer.headers().contains_key("content-security-policy"));
    assert_eq!(answer.bytes().await.expect("a body"), rules);
    assert_eq!(app.get(&app.url("/d/00/rules.pdf")).await.0, 404);
    app.agree(&link).await;
    let proof = app.column("select regulation from consent_record").await;
    assert!(proof[0].starts_with("sha256:") && proof[0].ends_with("rules of 2026.pdf"), "{proof:?}");
}

/// Orders nine mails, of which none leaves until the worker is told of a server that takes them.
async fn order_nine_before_one_leaves(app: &mut TestApp) {
    let closed = SmtpScript::start(vec![Script::friendly().on("GREETING", Act::Hang)]).await;
    app.mail_to(closed.port).await;
    app.request("first@example.org").await;
    expect(app, &["sending"]).await;
    for n in 0..8 {
        app.request(&format!("ana{n}@example.org")).await;
    }
}

async fn no_more_is_held_in_memory_than_a_group_may_weigh(mut app: TestApp) {
    std::fs::write(app.folder.path().join("about.pdf"), vec![b'x'; 9 << 20]).expect("it can be written");
    let policy = example_policy("")
        .replace("[purposes.newsletter]\n", "[purposes.newsletter]\ndocument = \"about.pdf\"\n");
    app.restart_with_policy(&policy).await;
    order_nine_before_one_leaves(&mut app).await;
    // the first never does
    let hangs = SmtpScript::start(vec![Script::friendly().on("MAIL", Act::Hang)]).await;
    app.mail_to(hangs.port).await;
    app.advance(Span::minutes(2));
    // 9 MiB are 12 in base64: three of them reach 32
    eventually("a group is under way", async || {
        app.count("select count(*) from mail where state = 2").await > 0
    })
    .await;
    assert_eq!(app.count("select count(*) from mail where state = 2").await, 3);
    assert_eq!(
        app.count("select count(*) from mail where state = 0").await,
        6,
        "the others wait in the store"
    );
    drop(hangs);
}

async fn while_one_group_waits_the_next_ones_leave(mut app: TestApp) {
    order_nine_before_one_leaves(&mut app).await;
    let hangs = SmtpScript::start(vec![Script::friendly().on("MAIL", Act::Hang), Script::friendly()]).await;
    app.restart_with(&[
        ("RESCIND_MAIL__SMTP__URL", &format!("smtp://127.0.0.1:{}", hangs.port)),
        ("RESCIND_MAIL__SMTP__CONNECTIONS", "4"),
        ("RESCIND_MAIL__GROUP_SIZE", "2"),
    ])
    .await;
    app.advance(Span::minutes(2));
    eventually("all groups but one have left", async || {
        app.count("select count(*) from mail where state = 3").await == 7
    })
    .await;
    assert_eq!(
        app.count("select count(*) from mail where state = 2").await,
        2,
        "the group of the one that hangs"
    );
    assert_eq!(hangs.taken().len(), 8, "each once, and the one that hangs not at all");
    drop(hangs);
}

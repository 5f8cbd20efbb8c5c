//! Art. 14: whose data came from elsewhere is told so, by one mail.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::eventually;
use rescind_tests::on_both;
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};

on_both! {
    one_mail_tells_everything_however_often_a_message_comes,
    an_import_tells_each_person_once_in_the_background,
    who_has_the_information_already_is_not_told,
    without_an_address_it_is_recorded_as_not_possible,
    a_restriction_holds_it_back_and_a_withdrawal_does_not,
    what_bounces_is_not_recorded_as_told,
    what_cannot_be_told_is_refused_by_name,
}

fn from_the_fair(subject: &Value) -> Value {
    json!({"subject": subject, "obtained_from": "trade-fair"})
}

/// What the trail and the register say of the notices, oldest first.
async fn notices(app: &TestApp) -> Vec<String> {
    let details = app.column("select detail from audit order by at, subject_id, sequence, ordinal").await;
    let details = details.iter().map(|detail| serde_json::from_str::<Value>(detail).expect("JSON"));
    let notices = details.filter(|detail| detail["act"] == "source_notice");
    notices.map(|notice| notice["state"].as_str().expect("a state").to_owned()).collect()
}

async fn registered(app: &TestApp) -> i64 {
    app.count("select cast(max(state) as bigint) from data_origin").await
}

async fn one_mail_tells_everything_however_often_a_message_comes(app: TestApp) {
    let subject = json!({"email": ANA, "name": "Ana Lindqvist", "locale": "en"});
    let message = app.message("subject.upsert.v1", from_the_fair(&subject));
    for _ in 0..3 {
        assert_eq!(app.post(&message).await.0, 202);
    }
    app.send("subject.upsert.v1", from_the_fair(&subject)).await;
    let yes = json!([{"category": "marketing", "content": "newsletter", "answer": "agree"}]);
    let consent = json!({"subject": subject, "obtained_from": "trade-fair", "consents": yes});
    app.send("consent.record.v1", consent).await;
    let letter = app.letter(1).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 1, "one source, one mail");
    assert_eq!((letter.to.as_str(), letter.subject.as_str()), (ANA, "Where we have data about you from"));
    for part in [&letter.text, &letter.html] {
        for told in [
            "Hello Ana Lindqvist",
            "Art. 14",
            "list of a trade fair",
            "not publicly accessible",
            "company, email address",
            "Carrying out orders",
            "Art. 6(1)(b)",
            "Three years after the end",
            "The carrier that delivers the order",
            "European Economic Area",
            "Art. 15",
            "Art. 21",
            "Art. 77",
            "Berlin Commissioner",
            "Art. 22",
            "officer@example.org",
            "Example Street 1",
            "https://www.example.org/privacy",
        ] {
            // lines of the text part are wrapped
            let words: Vec<&str> = part.split_whitespace().collect();
            assert!(words.join(" ").contains(told), "{told}: {part}");
        }
        assert!(!part.contains("Accounting"), "only what the data are used for: {part}");
    }
    let page = letter.text.lines().find(|line| line.contains("/p/")).expect("her own page").trim();
    assert_eq!(app.get(&app.url(&page[page.find("/p/").expect("a path")..])).await.0, 200);
    assert_eq!(app.count("select count(*) from mail where template = 'source_notice' and lane = 1").await, 1);
    eventually("it is recorded as sent", async || registered(&app).await == 1).await;
    assert_eq!(notices(&app).await, ["ordered", "sent"]);
    let shown = app.rescind(&["subjects", "show", &format!("email:{ANA}"), "--json"]).await.json();
    assert_eq!(shown[0]["data_sources"]["trade-fair"]["notice"], "sent");
}

async fn an_import_tells_each_person_once_in_the_background(app: TestApp) {
    let list = "email,locale,content,given_at,already_informed\nana@example.org,de,newsletter,2026-03-01,\n\
                bob@example.org,,newsletter,2026-03-02,\ncleo@example.org,,newsletter,2026-03-03,yes\n";
    let path = app.folder.path().join("fair.csv");
    std::fs::write(&path, list).expect("a file");
    let list = path.to_str().expect("a path");
    let import = ["consents", "import", list, "--obtained-from", "trade-fair"];
    app.rescind(&[&import[..], &["--dry-run"]].concat()).await.done();
    assert_eq!(app.count("select count(*) from data_origin").await, 0, "a rehearsal tells nobody");
    for _ in 0..3 {
        app.rescind(&import).await.done();
    }
    // told by a message too, it is the same source
    app.send("subject.upsert.v1", from_the_fair(&ana())).await;
    app.letter(2).await;
    app.quiet().await;
    let mut told: Vec<_> = app.letters().into_iter().map(|l| format!("{} {}", l.to, l.subject)).collect();
    told.sort();
    let wanted = [
        "ana@example.org Woher wir Daten über Sie haben",
        "bob@example.org Where we have data about you from",
    ];
    assert_eq!(told, wanted);
    assert_eq!(app.count("select count(*) from mail where lane = 1").await, 2, "in the background");
    let settled = "select count(*) from data_origin where state in (1, 2) and told_by = 'import'";
    eventually("all is settled", async || app.count(settled).await == 3).await;
    let told = app.rescind(&["consents", "import", list, "--obtained-from", "fair"]).await.wrong();
    assert!(told.contains("--obtained-from") && told.contains("trade-fair"), "{told}");
}

async fn who_has_the_information_already_is_not_told(app: TestApp) {
    let informed = json!({"subject": ana(), "obtained_from": "trade-fair", "already_informed": true});
    app.send("subject.upsert.v1", informed).await;
    app.send("subject.upsert.v1", from_the_fair(&ana())).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 0);
    assert_eq!(notices(&app).await, ["already_informed"]);
}

async fn without_an_address_it_is_recorded_as_not_possible(app: TestApp) {
    let nameless = json!({"ids": {"shop": "4711"}});
    app.send("subject.upsert.v1", from_the_fair(&nameless)).await;
    app.send("subject.upsert.v1", from_the_fair(&nameless)).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 0);
    assert_eq!(notices(&app).await, ["not_possible"], "once");
    // now there is one
    app.advance(Span::hours(1));
    app.send("subject.upsert.v1", from_the_fair(&json!({"ids": {"shop": "4711"}, "email": ANA}))).await;
    assert_eq!(app.letter(1).await.to, ANA);
    eventually("it is recorded as sent", async || registered(&app).await == 1).await;
}

async fn a_restriction_holds_it_back_and_a_withdrawal_does_not(mut app: TestApp) {
    let mut sink = SmtpSink::start(SinkOptions::default()).await;
    app.mail_to(sink.port).await;
    sink.stop().await;
    let bob = json!({"email": "bob@example.org"});
    let yes = json!([{"category": "personalisation", "content": "recommendations", "answer": "agree"}]);
    let consent = json!({"subject": bob, "obtained_from": "trade-fair", "consents": yes});
    app.send("consent.record.v1", consent).await;
    app.send("subject.upsert.v1", from_the_fair(&ana())).await;
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", json!({"subject": bob, "purposes": "all"})).await;
    let frozen = json!({"subject": ana(), "ground": "accuracy_contested", "confirm": false});
    app.send("subject.restrict.v1", frozen).await;
    assert_eq!(registered(&app).await, 4, "hers waits");
    let sink = SmtpSink::start(SinkOptions { port: sink.port, ..SinkOptions::default() }).await;
    app.advance(Span::minutes(10));
    let to = |address: &str| sink.mails().iter().filter(|m| m.rcpt_to == address).count();
    eventually("his leaves", async || to("bob@example.org") == 1).await;
    app.quiet().await;
    assert_eq!(to(ANA), 0, "hers does not");
    let told = json!({"subject": ana(), "told": {"how": "letter"}});
    app.send("subject.unrestrict.v1", told).await;
    eventually("hers leaves", async || to(ANA) == 1).await;
    let sent = "select count(*) from data_origin where state = 1";
    eventually("both are recorded as sent", async || app.count(sent).await == 2).await;
    app.quiet().await;
    assert_eq!((to("bob@example.org"), to(ANA)), (1, 1));
    assert_eq!(notices(&app).await.iter().filter(|state| *state == "held").count(), 1);
}

async fn what_bounces_is_not_recorded_as_told(mut app: TestApp) {
    let sink = SmtpSink::start(SinkOptions::default()).await;
    app.mail_to(sink.port).await;
    let gone = json!({"email": "reject-rcpt@example.org"});
    app.send("subject.upsert.v1", from_the_fair(&gone)).await;
    eventually("it is not possible", async || registered(&app).await == 3).await;
    assert_eq!(notices(&app).await, ["ordered", "not_possible"]);
}

async fn what_cannot_be_told_is_refused_by_name(mut app: TestApp) {
    let unknown = json!({"subject": ana(), "obtained_from": "fair"});
    let problem = app.refused("subject.upsert.v1", unknown).await;
    assert_eq!(problem["code"], "unknown_code");
    assert!(problem["detail"].as_str().expect("a text").contains("trade-fair"), "{problem}");
    let alone = json!({"subject": ana(), "already_informed": true});
    let problem = app.refused("subject.upsert.v1", alone).await;
    assert_eq!(problem["errors"][0]["field"], "data.already_informed", "{problem}");
    let example = include_str!("../../../config/policy/example.toml");
    let off = example.lines().filter(|line| !line.trim_start().starts_with("\"source_notices\""));
    app.restart_with_policy(&off.collect::<Vec<_>>().join("\n")).await;
    let problem = app.refused("subject.upsert.v1", from_the_fair(&ana())).await;
    assert_eq!(problem["code"], "feature_disabled");
    assert_eq!(problem["errors"][0]["field"], "data.obtained_from", "{problem}");
    assert_eq!(app.count("select count(*) from subject").await, 0);
}

//! A mail server in every trouble that it can have: each mail leaves once, and at once when it is over.

use super::requests;
use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::certificate::Certificate;
use rescind_tests::on_both;
use rescind_tests::report::{Figures, outage};
use rescind_tests::smtp_script::{Act, Script, SmtpScript};
use rescind_tests::smtp_sink::{SinkOptions, SinkTls, SmtpSink};
use rescind_tests::temp_folder::TempFolder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

on_both! {
    a_server_that_is_away_wears_out_no_mail,
    what_hangs_is_found_well_by_the_next_knock,
}

async fn reason(app: &TestApp) -> String {
    app.expect_part("mail", "degraded").await;
    let (status, report) = app.readyz().await;
    assert_eq!(status, 200, "messages are taken all the same");
    let reason = report["parts"]["mail"]["reason"].as_str().unwrap_or_default().to_owned();
    let (_, metrics) = app.get(&format!("http://{}/metrics", app.worker().ops)).await;
    assert!(metrics.contains("rescind_part_trouble{part=\"mail\",reason=\""), "{metrics}");
    reason
}

/// Every recipient got one mail.
fn all_once(what: &str, count: usize, to: &[String]) {
    let distinct: BTreeSet<_> = to.iter().collect();
    let (lost, mailed_twice) = (count - distinct.len().min(count), to.len() - distinct.len());
    let figures = Figures { messages: count, lost, mailed_twice, ..Figures::default() };
    outage(what, figures);
    assert_eq!(figures, Figures { messages: count, ..Figures::default() });
}

async fn a_server_that_is_away_wears_out_no_mail(mut app: TestApp) {
    let mut sink = SmtpSink::start(SinkOptions::default()).await;
    app.mail_by(&format!("smtp://127.0.0.1:{}", sink.port)).await;
    sink.stop().await;
    for part in 0..3 {
        let messages = requests(&app, part * 50..(part + 1) * 50);
        let (status, answer) = app.post(&Value::Array(messages)).await;
        assert!(status < 300, "{answer}");
    }
    let why = reason(&app).await;
    assert!(why.contains("during connect"), "{why}");
    // however long it lasts, and however often it is looked at
    for _ in 0..20 {
        app.advance(Span::minutes(10));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(app.count("select count(*) from mail where state = 0").await, 150, "all wait");
    let tried = app.count("select coalesce(sum(attempt), 0) from mail").await;
    assert!(tried <= 2 * 64, "no more than a group of each loop was tried: {tried}");

    // and when it is back, nothing waits for an hour of its own
    let sink = SmtpSink::start(SinkOptions { port: sink.port, ..SinkOptions::default() }).await;
    let mails = sink.wait_for(150).await;
    app.quiet().await;
    app.expect_part("mail", "ready").await;
    let to: Vec<_> = mails.into_iter().map(|mail| mail.rcpt_to).collect();
    all_once("SMTP: down", 150, &to);
}

async fn what_hangs_is_found_well_by_the_next_knock(mut app: TestApp) {
    // the first connections say nothing for a minute; timeouts are longer than this test
    let hangs = || Script::friendly().on("GREETING", Act::Hang);
    let server =
        SmtpScript::start(vec![Script::friendly().on("EHLO", Act::Close), hangs(), Script::friendly()]).await;
    app.mail_to(server.port).await;
    for message in requests(&app, 0..5) {
        assert_eq!(app.post(&message).await.0, 202);
    }
    eventually("they leave", async || server.taken().len() == 5).await;
    app.quiet().await;
    let to: Vec<_> = server.taken().into_iter().map(|mail| mail.rcpt).collect();
    all_once("SMTP: hangs", 5, &to);
}

/// What becomes of the mail that met the trouble, by the number of its state.
const SENT: i64 = 3;
const BOUNCED: i64 = 4;
const FAILED: i64 = 5;
const UNCERTAIN: i64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_server_does_once_no_mail_is_lost_or_doubled() {
    let mut app = TestApp::sqlite().await;
    app.restart_with(&[
        ("RESCIND_MAIL__RETRY_INITIAL_SECONDS", "1"),
        ("RESCIND_MAIL__SMTP__COMMAND_TIMEOUT_SECONDS", "1"),
        ("RESCIND_MAIL__SMTP__DATA_TIMEOUT_SECONDS", "1"),
    ])
    .await;
    let slow = Duration::from_millis(700);
    let table = [
        ("GREETING", Act::Reply("421 busy"), SENT),
        ("GREETING", Act::Reply("554 no"), SENT),
        ("GREETING", Act::Close, SENT),
        ("GREETING", Act::Hang, SENT),
        ("GREETING", Act::Late(slow, "220 slow"), SENT),
        ("EHLO", Act::Reply("421 busy"), SENT),
        ("EHLO", Act::Reply("550 no"), SENT),
        ("EHLO", Act::Close, SENT),
        ("AUTH", Act::Reply("454 later"), SENT),
        ("AUTH", Act::Reply("535 5.7.8 no"), SENT),
        ("AUTH", Act::Close, SENT),
        ("MAIL", Act::Reply("451 later"), SENT),
        ("MAIL", Act::Reply("550 who are you"), SENT),
        ("MAIL", Act::Reply("hello"), SENT),
        ("MAIL", Act::Close, SENT),
        ("MAIL", Act::Hang, SENT),
        ("RCPT", Act::Reply("450 4.2.1 greylisted"), SENT),
        ("RCPT", Act::ReplyAndClose("421 going down"), SENT),
        ("RCPT", Act::Reply("550 5.1.1 nobody"), BOUNCED),
        ("RCPT", Act::Close, SENT),
        ("DATA", Act::Reply("451 later"), SENT),
        ("DATA", Act::Reply("554 no"), FAILED),
        ("DATA", Act::Close, SENT),
        (".", Act::Reply("452 full"), SENT),
        (".", Act::Reply("554 content"), FAILED),
        (".", Act::OrdinaryAnd("550 5.7.1 about the mail before"), SENT),
        (".", Act::OrdinaryThenLate(Duration::from_millis(20), "354 go ahead"), SENT),
        (".", Act::Late(slow, "250 slow"), SENT),
        (".", Act::Close, UNCERTAIN),
        (".", Act::Hang, UNCERTAIN),
    ];
    let (rows, mut n) = (table.len(), 0);
    let mut figures = Figures::default();
    for (verb, act, end) in table {
        let what = format!("{verb} {act:?}");
        let friendly = || Script::friendly().offer("AUTH PLAIN");
        let server = SmtpScript::start(vec![friendly().on(verb, act), friendly()]).await;
        app.mail_by(&format!("smtp://rescind:secret@127.0.0.1:{}", server.port)).await;
        for message in requests(&app, n..n + 3) {
            assert_eq!(app.post(&message).await.0, 202);
        }
        n += 3;
        eventually(&format!("all are settled: {what}"), async || {
            // what the server put off is due again at once
            app.advance(Span::seconds(1));
            app.count("select count(*) from mail where state in (0, 1, 2)").await == 0
        })
        .await;
        let taken: Vec<_> = server.taken().into_iter().map(|mail| mail.rcpt).collect();
        let distinct: BTreeSet<_> = taken.iter().collect();
        let states = app.column("select cast(state as text) from mail order by id desc limit 3").await;
        let sent = states.iter().filter(|state| **state == SENT.to_string()).count();
        let expected = if end == SENT { 3 } else { 2 };
        assert_eq!(sent, expected, "{what}: {states:?}");
        assert!(end == SENT || states.contains(&end.to_string()), "{what}: {states:?}");
        // one that is uncertain has arrived here
        let arrived = if end == UNCERTAIN { 3 } else { sent };
        assert_eq!((distinct.len(), taken.len()), (arrived, arrived), "{what}");
        figures.messages += 3;
        figures.uncertain += usize::from(end == UNCERTAIN);
        figures.mailed_twice += taken.len() - distinct.len();
        figures.lost += sent - distinct.len().min(sent);
    }
    outage("SMTP: 4xx, 5xx, silence and noise at each phase", figures);
    assert_eq!(figures, Figures { messages: rows * 3, uncertain: 2, ..Figures::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_mended_lets_mail_flow_again() {
    let folder = TempFolder::new("certificates");
    let (wrong, right) = (folder.path().join("wrong"), folder.path().join("right"));
    for path in [&wrong, &right] {
        std::fs::create_dir_all(path).expect("a folder");
    }
    let (wrong, right) = (Certificate::self_signed(&wrong), Certificate::self_signed(&right));
    let options = |certificate: &Certificate, port| SinkOptions {
        tls: SinkTls::StartTls(certificate.clone()),
        port,
        ..SinkOptions::default()
    };
    let mut sink = SmtpSink::start(options(&wrong, 0)).await;
    let mut app = TestApp::sqlite().await;
    let trusted = right.certificate.display().to_string();
    app.restart_with(&[
        ("RESCIND_MAIL__RETRY_INITIAL_SECONDS", "1"),
        ("RESCIND_MAIL__SMTP__ROOT_CERTIFICATE_FILE", &trusted),
    ])
    .await;
    app.mail_by(&format!("smtp://localhost:{}?tls=required", sink.port)).await;
    for message in requests(&app, 0..5) {
        assert_eq!(app.post(&message).await.0, 202);
    }
    let reason = reason(&app).await;
    assert!(reason.contains("tls during starttls"), "{reason}");
    assert!(sink.mails().is_empty());
    sink.stop().await;
    let sink = SmtpSink::start(options(&right, sink.port)).await;
    let mails = sink.wait_for(5).await;
    app.quiet().await;
    app.expect_part("mail", "ready").await;
    assert!(mails.iter().all(|mail| mail.tls));
    let to: Vec<_> = mails.into_iter().map(|mail| mail.rcpt_to).collect();
    all_once("SMTP: TLS fails", 5, &to);
    // whoever reads the register sees the same
    assert_eq!(app.rescind(&["outbox", "list", "--state", "queued", "--json"]).await.json(), json!([]));
}

//! Staff told by a channel: a signed webhook or a chat, once each, and by mail where the channel fails (E5, E6).

use super::*;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rescind_jobs::time::Span;
use rescind_tests::app::{eventually, link_in};
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::operations::example_policy;
use rescind_tests::temp_folder::TempFolder;
use rescind_tests::web_server::{Served, WebServer};
use sha2::Sha256;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ALLOWED: (&str, &str) = ("RESCIND_EGRESS__ALLOWED_NETWORKS", "127.0.0.0/8");

on_both_databases! {
    a_withdrawal_that_comes_three_times_is_posted_once_and_signed,
    a_chat_gets_a_few_lines_that_call_nobody,
    what_a_channel_does_not_take_in_time_goes_by_mail,
    what_a_channel_refuses_goes_by_mail_at_once,
    besides_mail_nothing_goes_twice,
    what_a_worker_left_is_sent_again_under_the_same_id,
}

/// A worker whose Bea is told by the channel `duty`, and what that answers.
struct Rig {
    app: TestApp,
    server: WebServer,
    status: Arc<AtomicU16>,
    _folder: TempFolder,
}

impl Rig {
    async fn new(database: TestDatabase, kind: &str, person: &str, more: &[(&str, &str)]) -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let answers = Arc::clone(&status);
        let server = WebServer::start(move |_| {
            let status = answers.load(Ordering::SeqCst);
            Served::text(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"))
        })
        .await;
        let folder = TempFolder::new("channels");
        let (file, url) = (folder.path().join("channels.toml"), folder.path().join("url"));
        std::fs::write(&url, format!("{}\n", server.url("/hook"))).expect("a file");
        let text = format!("[duty]\n{kind}\nurl_file = \"{}\"\n", url.display());
        std::fs::write(&file, text).expect("a file");
        let file = file.display().to_string();
        let mut settings =
            vec![("RESCIND_STAFF_CHANNELS__FILE", file.as_str()), ("RESCIND_EGRESS__SCHEMES", "any")];
        settings.extend(more);
        let app = TestApp::with(database, Some(&policy(person)), &settings).await;
        consented(&app).await;
        Self { app, server, status, _folder: folder }
    }

    async fn webhook(database: TestDatabase) -> Self {
        let kind = format!("kind = \"webhook\"\nsecret = \"whsec_{KEY}\"");
        Self::new(database, &kind, "channel = \"duty\"", &[ALLOWED]).await
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    async fn withdraw(&self) {
        self.app.send("consent.withdraw.v1", withdrawal(json!(["newsletter"]))).await;
    }

    /// Header and body of what was sent so far.
    fn sent(&self) -> Vec<(String, Value)> {
        let seen = self.server.seen();
        seen.iter()
            .map(|request| {
                let (head, body) = request.split_once("\r\n\r\n").expect("a request");
                (head.to_owned(), serde_json::from_str(body).expect("JSON"))
            })
            .collect()
    }

    async fn posted(&self, n: usize) {
        eventually(&format!("message {n} of the channel"), async || self.sent().len() >= n).await;
    }

    /// Waits until the channel has not taken `n` messages, and it is known: when one is tried again follows from then.
    async fn put_off(&self, n: usize) {
        self.posted(n).await;
        let retried = "rescind_staff_channels_total{outcome=\"retried\"}";
        eventually("it is put off", async || self.app.metric(retried).await as usize >= n).await;
    }
}

/// The example policy in which Bea is told like this.
fn policy(person: &str) -> String {
    let policy = example_policy("");
    assert!(policy.contains("\nchannel = \"mail\"\n"));
    let policy = policy.replace("\nalso_by_mail = false\n", "\n");
    policy.replace("\nchannel = \"mail\"\n", &format!("\n{person}\n"))
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name}: {head}"))
}

async fn a_withdrawal_that_comes_three_times_is_posted_once_and_signed(database: TestDatabase) {
    let rig = Rig::webhook(database).await;
    let message = rig.app.message("consent.withdraw.v1", withdrawal(json!(["newsletter"])));
    for _ in 0..3 {
        assert_eq!(rig.app.post(&message).await.0, 202);
    }
    // the same act, told by another message
    let mut again = withdrawal(json!(["newsletter"]));
    again["withdrawn_at"] = message["time"].clone();
    rig.app.send("consent.withdraw.v1", again).await;
    rig.posted(1).await;
    rig.app.quiet().await;
    let sent = rig.sent();
    assert_eq!(sent.len(), 1);
    let (head, body) = &sent[0];
    assert_eq!(header(head, "webhook-id"), body["id"].as_str().expect("an id"));
    // as a receiver verifies it, over the bytes that came
    let raw = rig.server.seen().swap_remove(0);
    let raw_body = raw.split_once("\r\n\r\n").expect("a request").1;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&BASE64.decode(KEY.as_bytes()).expect("base64")).expect("a key");
    let signed = format!("{}.{}.{raw_body}", header(head, "webhook-id"), header(head, "webhook-timestamp"));
    mac.update(signed.as_bytes());
    assert_eq!(
        header(head, "webhook-signature"),
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    );

    let data = &body["data"];
    assert_eq!((&body["type"], &data["kind"]), (&json!("staff.notice.v1"), &json!("withdrawal")));
    assert_eq!((&data["staff"], &data["title"]), (&json!("bea"), &json!("Bitte stoppen: Newsletter")));
    let shown = data["person"].to_string();
    assert!(
        shown.contains("Ana Lindqvist") && shown.contains("a••@e••••••.org"),
        "as the mail shows it: {shown}"
    );
    assert!(!body.to_string().contains(ANA));
    assert!(rig.app.staff_letters().is_empty(), "in place of mail");

    rig.app.acknowledge(data["url"].as_str().expect("a link")).await;
    assert_eq!(notices(&rig.app, &[]).await, ["bea withdrawal acknowledged"]);
    rig.app.advance(Span::days(4));
    rig.app.quiet().await;
    assert_eq!(rig.sent().len(), 1, "no reminder");
    assert!(rig.app.staff_letters().is_empty(), "and nobody else is told");
    assert!(rig.app.metric("rescind_staff_channels_total{outcome=\"delivered\"}").await >= 1.0);
}

async fn a_chat_gets_a_few_lines_that_call_nobody(database: TestDatabase) {
    let rig = Rig::new(database, "kind = \"chat\"", "channel = \"duty\"", &[ALLOWED]).await;
    let name = json!({"subject": {"email": ANA, "name": "Ana <!channel> `x`"}});
    rig.app.send("subject.upsert.v1", name).await;
    rig.withdraw().await;
    rig.posted(1).await;
    let (head, body) = rig.sent().swap_remove(0);
    assert!(!head.contains("webhook-signature") && head.contains("content-type: application/json"), "{head}");
    let text = body["text"].as_str().expect("a text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Bea Meyer: Bitte stoppen: Newsletter");
    assert!(lines[1].starts_with("`Ana ‹!channel› ’x’` · `a••@e••••••.org`"), "{text}");
    assert!(lines[2].starts_with("Lesen und bestätigen: http") && lines.len() == 3, "{text}");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));

    // who has not acknowledged is reminded there, and others are told by what they are told by
    rig.app.advance(Span::hours(24));
    rig.posted(2).await;
    let reminder = rig.sent().swap_remove(1).1["text"].as_str().expect("a text").to_owned();
    assert!(reminder.starts_with("Bea Meyer: Erinnerung – Bitte stoppen"), "{reminder}");
    rig.app.advance(Span::hours(48));
    assert_eq!(rig.app.staff_letter(1).await.subject, "Not acknowledged: Bea Meyer");
    rig.app.acknowledge(&link_in(&reminder)).await;
    rig.app.quiet().await;
    assert_eq!((rig.sent().len(), rig.app.staff_letters().len()), (2, 1));
    let tried = rig.app.rescind(&["staff", "test-channel", "duty"]).await.done();
    assert!(tried.contains("duty has taken it (200)") && rig.sent().len() == 3, "{tried}");
}

async fn what_a_channel_does_not_take_in_time_goes_by_mail(database: TestDatabase) {
    let rig = Rig::webhook(database).await;
    rig.answer(503);
    rig.withdraw().await;
    rig.put_off(1).await;
    rig.app.advance(Span::minutes(5));
    rig.put_off(2).await;
    assert!(rig.app.staff_letters().is_empty(), "it is waited for");
    let ids: std::collections::BTreeSet<_> =
        rig.sent().iter().map(|(head, _)| header(head, "webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 1, "whatever is sent again has the same id");
    rig.app.advance(Span::minutes(11));
    let letter = rig.app.staff_letter(1).await;
    assert_eq!(letter.to, "bea.meyer@staff.example.org");
    rig.app.quiet().await;
    let posted = rig.sent().len();
    rig.app.advance(Span::hours(2));
    rig.app.quiet().await;
    assert_eq!((rig.sent().len(), rig.app.staff_letters().len()), (posted, 1), "once");
    rig.app.acknowledge(&letter.link()).await;
    assert_eq!(notices(&rig.app, &[]).await, ["bea withdrawal acknowledged"]);
}

async fn what_a_channel_refuses_goes_by_mail_at_once(database: TestDatabase) {
    let rig = Rig::webhook(database).await;
    rig.answer(410);
    rig.withdraw().await;
    assert!(rig.app.staff_letter(1).await.subject.contains("Newsletter"));
    rig.app.quiet().await;
    assert_eq!((rig.sent().len(), rig.app.staff_letters().len()), (1, 1));
}

async fn besides_mail_nothing_goes_twice(database: TestDatabase) {
    let person = "channel = \"duty\"\nalso_by_mail = true";
    let rig = Rig::new(database, "kind = \"chat\"\nformat = \"teams\"", person, &[ALLOWED]).await;
    rig.withdraw().await;
    rig.posted(1).await;
    rig.app.staff_letter(1).await;
    let card = rig.sent().swap_remove(0).1["attachments"][0]["content"].clone();
    assert_eq!(card["body"][0]["inlines"][0]["text"], "Bea Meyer: Bitte stoppen: Newsletter");
    assert!(card["actions"][0]["url"].as_str().is_some_and(|url| url.contains("/s/")), "{card}");
    rig.answer(400);
    rig.app.send("consent.withdraw.v1", withdrawal(json!(["recommendations"]))).await;
    rig.posted(2).await;
    rig.app.staff_letter(2).await;
    rig.app.quiet().await;
    assert_eq!((rig.sent().len(), rig.app.staff_letters().len()), (2, 2), "there was a mail anyway");
    assert_eq!(rig.app.count("select count(*) from mail where channel = 'duty' and state = 5").await, 1);
}

async fn what_a_worker_left_is_sent_again_under_the_same_id(database: TestDatabase) {
    let rig = Rig::webhook(database).await;
    rig.withdraw().await;
    rig.posted(1).await;
    rig.app.quiet().await;
    // as if it had died before it could record that the channel has taken it
    rig.app
        .execute("update mail set state = 2, settled_at = null, lease_until = due_at where channel = 'duty'")
        .await;
    rig.app.advance(Span::minutes(1));
    rig.posted(2).await;
    rig.app.quiet().await;
    let sent = rig.sent();
    assert_eq!(header(&sent[0].0, "webhook-id"), header(&sent[1].0, "webhook-id"));
    assert_eq!((sent.len(), rig.app.staff_letters().len()), (2, 0));
    // what waits for a channel that was taken out of the file goes by mail
    rig.app
        .execute("update mail set state = 0, settled_at = null, channel = 'gone' where channel = 'duty'")
        .await;
    rig.app.advance(Span::minutes(1));
    rig.app.staff_letter(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_inside_are_refused_unless_allowed() {
    let rig = Rig::new(TestDatabase::sqlite().await, "kind = \"chat\"", "channel = \"duty\"", &[]).await;
    rig.withdraw().await;
    eventually("it is told why", async || {
        let ready = rig.app.http.get(format!("http://{}/readyz", rig.app.worker().ops)).send().await;
        let ready: Value = ready.expect("an answer").json().await.expect("JSON");
        ready["parts"]["webhooks"].to_string().contains("not a public one")
    })
    .await;
    rig.app.advance(Span::minutes(16));
    rig.app.staff_letter(1).await;
    assert_eq!(rig.server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_not_there_is_told_before_the_start() {
    let mut app = TestApp::with(TestDatabase::sqlite().await, Some(&example_policy("")), &[]).await;
    app.lay_down(&policy("channel = \"duty\""));
    let told = app.rescind(&["check"]).await.wrong();
    assert!(told.contains("staff.bea.channel") && told.contains("staff_channels.file"), "{told}");
    assert!(!app.worker().reload().await, "nor is it put in force");
}

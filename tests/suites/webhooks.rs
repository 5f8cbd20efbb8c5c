//! Events as webhooks over real connections: signed, in order, again until they are taken, and what becomes of an endpoint
//! that does not take them (M7).

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::database::TestDatabase;
use rescind_tests::temp_folder::TempFolder;
use rescind_tests::web_server::{Served, WebServer};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A worker with one endpoint, and what that answers.
struct Rig {
    app: TestApp,
    server: WebServer,
    status: Arc<AtomicU16>,
    _folder: TempFolder,
}

impl Rig {
    async fn new(database: TestDatabase, events: &str) -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let answers = Arc::clone(&status);
        let server = WebServer::start(move |_| {
            let status = answers.load(Ordering::SeqCst);
            Served::text(format!(
                "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nlocation: http://127.0.0.1/\r\n\r\n"
            ))
        })
        .await;
        let folder = TempFolder::new("webhooks");
        let file = folder.path().join("webhooks.toml");
        let url = server.url("/hook");
        let text = format!("[shop]\nurl = \"{url}\"\nsecret = \"whsec_{KEY}\"\nevents = {events}\n");
        std::fs::write(&file, text).expect("a file");
        let file = file.display().to_string();
        let settings = [
            ("RESCIND_WEBHOOKS__FILE", file.as_str()),
            ("RESCIND_EGRESS__SCHEMES", "any"),
            ("RESCIND_EGRESS__ALLOWED_NETWORKS", "127.0.0.0/8"),
        ];
        let app = TestApp::with(database, None, &settings).await;
        Self { app, server, status, _folder: folder }
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    async fn consent(&self, number: usize) {
        let subject =
            json!({"email": format!("ana{number}@example.org"), "ids": {"shop": number.to_string()}});
        let yes = json!({"category": "personalisation", "content": "recommendations", "answer": "agree"});
        self.app.send("consent.record.v1", json!({"subject": subject, "consents": [yes]})).await;
    }

    async fn withdraw(&self, number: usize) {
        let subject = json!({"ids": {"shop": number.to_string()}});
        self.app
            .send("consent.withdraw.v1", json!({"subject": subject, "purposes": ["recommendations"]}))
            .await;
    }

    /// Header and body of what was sent so far.
    fn sent(&self) -> Vec<(String, Value)> {
        let seen = self.server.seen();
        seen.iter()
            .map(|request| {
                let (head, body) = request.split_once("\r\n\r\n").expect("a request");
                (head.to_ascii_lowercase(), serde_json::from_str(body).expect("JSON"))
            })
            .collect()
    }

    async fn list(&self) -> Value {
        self.app.rescind(&["webhooks", "list", "--json"]).await.json()[0].clone()
    }
}

macro_rules! both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$name(rescind_tests::database::TestDatabase::sqlite().await).await;
            }
            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$name(rescind_tests::database::TestDatabase::postgres().await).await;
            }
        }
    )+};
}

both! {
    events_are_signed_named_and_in_order,
    an_endpoint_that_is_away_is_waited_for_then_paused_and_resumed,
    a_refused_event_holds_back_no_other,
    an_endpoint_that_is_gone_gets_nothing,
    two_replicas_send_each_event_once,
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name}: {head}"))
}

async fn events_are_signed_named_and_in_order(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    rig.consent(1).await;
    rig.app.advance(Span::hours(1));
    rig.withdraw(1).await;
    eventually("both are sent", async || rig.sent().len() == 2).await;
    let kinds: Vec<_> = rig.sent().iter().map(|(_, body)| body["type"].clone()).collect();
    assert_eq!(kinds, ["consent.granted.v1", "consent.withdrawn.v1"], "in order, and no processing.stop.v1");
    let raw = rig.server.seen();
    for ((head, body), raw) in rig.sent().iter().zip(&raw) {
        assert_eq!(header(head, "webhook-id"), body["id"].as_str().expect("an id"));
        assert_eq!(body["data"]["subject"]["ids"], json!({"shop": "1"}));
        assert!(!body.to_string().contains('@'), "as events have it: no address where an app gave an id");
        let time = header(head, "webhook-timestamp");
        assert!(time.parse::<i64>().is_ok(), "{time}");
        // as a receiver verifies it, over the bytes that came
        let raw_body = raw.split_once("\r\n\r\n").expect("a request").1;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&BASE64.decode(KEY.as_bytes()).expect("base64")).expect("a key");
        mac.update(format!("{}.{time}.{raw_body}", header(head, "webhook-id")).as_bytes());
        let expected = format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()));
        assert!(raw.contains(&expected), "{raw}");
    }
    let waiting = "select count(*) from webhook_delivery";
    eventually("nothing waits any more", async || rig.app.count(waiting).await == 0).await;
    assert!(rig.app.metric("rescind_webhooks_total{outcome=\"delivered\"}").await >= 2.0);
    let tested = rig.app.rescind(&["webhooks", "test", "shop"]).await.done();
    assert!(tested.contains("has taken it (200)"), "{tested}");
}

async fn an_endpoint_that_is_away_is_waited_for_then_paused_and_resumed(database: TestDatabase) {
    let rig = Rig::new(database, "[\"*\"]").await;
    rig.answer(503);
    rig.consent(1).await;
    rig.consent(2).await;
    eventually("it was tried", async || !rig.sent().is_empty()).await;
    eventually("it is known to be away", async || rig.list().await["failing_since"].is_string()).await;
    let before = rig.sent().len();
    assert!(before <= 2, "the endpoint as a whole is waited for");
    rig.app.advance(Span::hours(1));
    eventually("it is tried again", async || rig.sent().len() > before).await;
    rig.app.advance(Span::hours(25));
    eventually("it is paused", async || rig.list().await["state"] == "paused").await;
    let administrators = rig.app.count("select count(*) from mail where template = 'staff_webhook'").await;
    assert!(administrators >= 1, "the administrators are told");
    let letter = rig.app.staff_letter(1).await;
    assert!(letter.text.contains("rescind webhooks resume shop"), "{}", letter.text);
    let paused = rig.sent().len();
    rig.app.advance(Span::hours(2));
    rig.consent(3).await;
    rig.app.quiet().await;
    assert_eq!(rig.sent().len(), paused, "nothing is sent, and what happens waits");
    assert_eq!(rig.list().await["waiting"], 3);

    rig.answer(200);
    rig.app.rescind(&["webhooks", "resume", "shop"]).await.done();
    eventually("all are sent", async || rig.list().await["waiting"] == 0).await;
    let ids: std::collections::BTreeSet<_> =
        rig.sent().iter().map(|(_, body)| body["id"].to_string()).collect();
    assert_eq!(ids.len(), 3, "each under its own id, however often");
    assert_eq!(
        rig.app.count("select count(*) from mail where template = 'staff_webhook'").await,
        administrators
    );
    rig.app.rescind(&["webhooks", "resume", "crm"]).await.wrong();
}

async fn a_refused_event_holds_back_no_other(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    // a redirect is not followed: it counts as a refusal
    rig.answer(302);
    rig.consent(1).await;
    eventually("it was refused", async || rig.sent().len() == 1).await;
    rig.answer(200);
    rig.consent(2).await;
    eventually("the other is taken", async || rig.sent().len() == 2).await;
    assert_eq!(rig.list().await["waiting"], 1);
    rig.answer(400);
    for _ in 0..6 {
        let before = rig.sent().len();
        rig.app.advance(Span::hours(1));
        eventually("it is tried again, or left out", async || {
            rig.sent().len() > before || rig.list().await["waiting"] == 0
        })
        .await;
    }
    eventually("it is left out", async || rig.list().await["waiting"] == 0).await;
    assert_eq!(rig.list().await["state"], "active");
    assert_eq!(rig.server.connections(), rig.sent().len(), "nobody followed the redirect");
}

async fn an_endpoint_that_is_gone_gets_nothing(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    rig.answer(410);
    rig.consent(1).await;
    eventually("it is gone", async || rig.list().await["state"] == "gone").await;
    let letter = rig.app.staff_letter(1).await;
    assert!(letter.text.contains("410"), "{}", letter.text);
    let sent = rig.sent().len();
    rig.consent(2).await;
    rig.app.quiet().await;
    assert_eq!(rig.sent().len(), sent);
}

async fn two_replicas_send_each_event_once(database: TestDatabase) {
    if !database.url().starts_with("postgres") {
        return;
    }
    let rig = Rig::new(database, "[\"consent.granted.v1\"]").await;
    let mut replica = rig.app.replica().await;
    let sent = AtomicUsize::new(0);
    for number in 0..20 {
        let app = if number % 2 == 0 { &rig.app } else { &replica };
        let subject = json!({"email": format!("ana{number}@example.org")});
        let yes = json!({"category": "personalisation", "content": "recommendations", "answer": "agree"});
        let mut message = app.message("consent.record.v1", json!({"subject": subject, "consents": [yes]}));
        message["id"] = json!(format!("r-{}", sent.fetch_add(1, Ordering::SeqCst)));
        assert_eq!(app.post(&message).await.0, 202);
    }
    eventually("all are sent", async || rig.sent().len() >= 20).await;
    rig.app.quiet().await;
    eventually("nothing waits", async || rig.app.count("select count(*) from webhook_delivery").await == 0)
        .await;
    assert_eq!(rig.sent().len(), 20, "each once");
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_inside_are_refused_unless_allowed() {
    let server = WebServer::start(|_| Served::text("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let folder = TempFolder::new("webhooks");
    let file = folder.path().join("webhooks.toml");
    let url = server.url("/hook");
    let text = format!("[shop]\nurl = \"{url}\"\nsecret = \"whsec_{KEY}\"\nevents = [\"*\"]\n");
    std::fs::write(&file, text).expect("a file");
    let file = file.display().to_string();
    let settings = [("RESCIND_WEBHOOKS__FILE", file.as_str()), ("RESCIND_EGRESS__SCHEMES", "any")];
    let app = TestApp::with(TestDatabase::sqlite().await, None, &settings).await;
    let told = app.rescind(&["webhooks", "test", "shop"]).await.failed();
    assert!(told.contains("egress.allowed_networks"), "{told}");
    app.send("subject.upsert.v1", json!({"subject": {"email": "ana@example.org"}})).await;
    let subject = json!({"email": "ana@example.org"});
    app.send("subject.restrict.v1", json!({"subject": subject, "ground": "legal_claims"})).await;
    eventually("it is told why", async || {
        let list = app.rescind(&["webhooks", "list", "--json"]).await.json();
        list[0]["trouble"].as_str().is_some_and(|trouble| trouble.contains("not a public one"))
    })
    .await;
    assert_eq!(server.connections(), 0);
    let ready = app.http.get(format!("http://{}/readyz", app.worker().ops)).send().await.expect("an answer");
    let ready: Value = ready.json().await.expect("JSON");
    assert_eq!(ready["parts"]["webhooks"]["state"], "degraded", "{ready}");
}

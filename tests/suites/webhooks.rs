//! Events as webhooks over real connections: signed, in order, again until they are taken, and what becomes of an endpoint
//! that does not take them (M7).

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rescind_jobs::time::{Span, Timestamp};
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::database::TestDatabase;
use rescind_tests::temp_folder::TempFolder;
use rescind_tests::web_server::{Served, WebServer};
use rescind_worker::store::webhooks::{self, Settlement, Standing};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// Stands for a 200 whose body never ends.
const ENDLESS: u16 = 0;

const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A worker with one endpoint, and what that answers.
struct Rig {
    app: TestApp,
    server: WebServer,
    status: Arc<AtomicU16>,
    /// What it answers to bodies with this in them.
    poison: Arc<Mutex<Option<(&'static str, u16)>>>,
    folder: TempFolder,
}

impl Rig {
    async fn new(database: TestDatabase, events: &str) -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let poison = Arc::new(Mutex::new(None::<(&'static str, u16)>));
        let (answers, poisoned) = (Arc::clone(&status), Arc::clone(&poison));
        let server = WebServer::start(move |request| {
            let poison = poisoned.lock().expect("no panic").filter(|(part, _)| request.contains(part));
            let status = poison.map_or_else(|| answers.load(Ordering::SeqCst), |(_, status)| status);
            if status == ENDLESS {
                let head = "HTTP/1.1 200 X\r\ncontent-type: text/html\r\n\r\n";
                return Served::text(head).again("not what was asked for".repeat(100));
            }
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
        Self { app, server, status, poison, folder }
    }

    fn poison(&self, poison: Option<(&'static str, u16)>) {
        *self.poison.lock().expect("no panic") = poison;
    }

    /// A failure is known, and nothing is sent before time passes.
    async fn failed(&self) {
        eventually("it is known to be away", async || self.list().await["failing_since"].is_string()).await;
    }

    /// Time passes, an hour at a time, until so many events are left out.
    async fn until_left_out(&self, wanted: i64) {
        for _ in 0..8 {
            self.judged().await;
            let before = self.sent().len();
            self.app.advance(Span::hours(1));
            eventually("it is tried again, or left out", async || {
                self.sent().len() > before || self.list().await["left_out"] == wanted
            })
            .await;
        }
        eventually("it is left out", async || self.list().await["left_out"] == wanted).await;
    }

    /// Waits until what came of everything that was sent is known: when it is tried again follows from then.
    async fn judged(&self) {
        eventually("what came of it is known", async || {
            let mut known = 0.0;
            for outcome in ["delivered", "retried", "refused"] {
                known += self.app.metric(&format!("rescind_webhooks_total{{outcome=\"{outcome}\"}}")).await;
            }
            known as usize >= self.sent().len()
        })
        .await;
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
    a_refused_event_holds_back_no_other_and_is_kept,
    an_app_that_has_moved_is_away,
    whatever_follows_a_success_it_is_taken,
    an_event_that_brings_the_receiver_down_holds_back_no_other,
    an_event_that_cannot_be_read_holds_back_no_other,
    what_another_replica_has_mended_is_no_trouble_here,
    an_endpoint_that_the_file_no_longer_names_can_be_forgotten,
    who_ends_gives_back_its_own_endpoint_alone,
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

async fn a_refused_event_holds_back_no_other_and_is_kept(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    rig.answer(400);
    rig.consent(1).await;
    eventually("it was refused", async || rig.list().await["trouble"] == "it answers 400").await;
    assert_eq!(rig.list().await["state"], "active");
    rig.app.expect_part("webhooks", "degraded").await;
    rig.answer(200);
    rig.consent(2).await;
    eventually("the other is taken", async || rig.sent().len() == 2).await;
    rig.app.expect_part("webhooks", "not there").await;
    assert_eq!(rig.list().await["waiting"], 1);

    rig.answer(400);
    rig.until_left_out(1).await;
    assert_eq!(rig.list().await["waiting"], 0);
    rig.app.expect_part("webhooks", "degraded").await;
    assert!((rig.app.metric("rescind_webhooks_left_out").await - 1.0).abs() < 0.5);
    let letter = rig.app.staff_letter(1).await;
    let words = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("fifth time") && words.contains("rescind webhooks resume shop"), "{words}");
    let told = "select count(*) from mail where template = 'staff_webhook'";
    let administrators = rig.app.count(told).await;
    // a later event of the same subject goes out all the same: it may be a withdrawal
    rig.answer(200);
    rig.withdraw(1).await;
    eventually("it is taken", async || rig.list().await["waiting"] == 0).await;
    assert_eq!(rig.sent().last().expect("one").1["type"], "consent.withdrawn.v1");
    rig.answer(400);
    rig.consent(3).await;
    rig.until_left_out(2).await;
    assert_eq!(rig.app.count(told).await, administrators, "told once");

    rig.answer(200);
    let said = rig.app.rescind(&["webhooks", "resume", "shop"]).await.done();
    assert!(said.contains("2 that were left out"), "{said}");
    eventually("they are taken", async || rig.app.count("select count(*) from webhook_delivery").await == 0)
        .await;
    rig.app.expect_part("webhooks", "not there").await;
    let ids: std::collections::BTreeSet<_> =
        rig.sent().iter().map(|(_, body)| body["id"].to_string()).collect();
    assert_eq!(ids.len(), 4, "none is lost");
}

async fn an_app_that_has_moved_is_away(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    rig.answer(308);
    rig.consent(1).await;
    for (status, next) in [(308, 301), (301, 405), (405, 200)] {
        let trouble = format!("it answers {status}");
        eventually(&trouble, async || rig.list().await["trouble"] == trouble.as_str()).await;
        assert!(rig.list().await["failing_since"].is_string());
        rig.answer(next);
        rig.app.advance(Span::hours(1));
    }
    eventually("it is taken", async || rig.list().await["waiting"] == 0).await;
    assert_eq!(rig.app.count("select count(*) from webhook_delivery").await, 0);
    assert_eq!(rig.server.connections(), rig.sent().len(), "nobody followed a redirect");
}

async fn whatever_follows_a_success_it_is_taken(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    rig.answer(ENDLESS);
    rig.consent(1).await;
    eventually("it is taken", async || !rig.sent().is_empty() && rig.list().await["waiting"] == 0).await;
    assert_eq!(rig.sent().len(), 1);
    let tested = rig.app.rescind(&["webhooks", "test", "shop"]).await.done();
    assert!(tested.contains("has taken it (200)"), "{tested}");
}

async fn an_event_that_brings_the_receiver_down_holds_back_no_other(database: TestDatabase) {
    const FIRST: &str = "\"shop\":\"1\"";
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    rig.poison(Some((FIRST, 500)));
    for number in 1..=3 {
        rig.consent(number).await;
    }
    for number in 4..=6 {
        rig.failed().await;
        rig.app.advance(Span::minutes(11));
        // what has come since goes before what has failed
        eventually("the others are taken", async || rig.list().await["waiting"] == 1).await;
        assert_eq!(rig.list().await["state"], "active");
        rig.failed().await;
        rig.consent(number).await;
    }
    rig.withdraw(1).await;
    rig.app.advance(Span::minutes(11));
    eventually("all but its own are taken", async || rig.list().await["waiting"] == 2).await;
    let of_the_first = |rig: &Rig| {
        let sent = rig.sent().into_iter().map(|(_, body)| body);
        let its = sent.filter(|body| body["data"]["subject"]["ids"]["shop"] == "1");
        its.map(|body| body["type"].as_str().expect("a type").to_owned()).collect::<Vec<_>>()
    };
    assert!(of_the_first(&rig).iter().all(|kind| kind == "consent.granted.v1"), "its order stands");
    rig.failed().await;
    rig.poison(None);
    rig.app.advance(Span::minutes(11));
    eventually("all are taken", async || rig.list().await["waiting"] == 0).await;
    let its = of_the_first(&rig);
    assert_eq!(its.last().map(String::as_str), Some("consent.withdrawn.v1"), "{its:?}");
    assert_eq!(rig.app.count("select count(*) from webhook_delivery").await, 0, "none was given up");
}

async fn an_event_that_cannot_be_read_holds_back_no_other(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.granted.v1\"]").await;
    rig.answer(503);
    rig.consent(1).await;
    eventually("it was tried", async || rig.list().await["failing_since"].is_string()).await;
    rig.app.execute("update event set data = '{\"type\": \"of.another.version.v9\"}' where state >= 2").await;
    rig.consent(2).await;
    rig.answer(200);
    rig.app.advance(Span::hours(1));
    eventually("the other is taken", async || rig.list().await["waiting"] == 1).await;
    rig.app.expect_part("webhooks", "degraded").await;
    let free = "select count(*) from webhook_endpoint where lease_until is null";
    eventually("another replica may try", async || rig.app.count(free).await == 1).await;
    assert_eq!(rig.app.count("select count(*) from webhook_delivery where attempt = 0").await, 1);
}

async fn what_another_replica_has_mended_is_no_trouble_here(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    rig.answer(503);
    rig.consent(1).await;
    rig.app.expect_part("webhooks", "degraded").await;
    rig.app.execute("delete from webhook_delivery").await;
    rig.app
        .execute(
            "update webhook_endpoint set failures = 0, failing_since = null, next_at = null, trouble = null",
        )
        .await;
    rig.app.expect_part("webhooks", "not there").await;
}

async fn an_endpoint_that_the_file_no_longer_names_can_be_forgotten(database: TestDatabase) {
    let mut rig = Rig::new(database, "[\"consent.*\"]").await;
    rig.answer(503);
    rig.consent(1).await;
    eventually("it waits", async || rig.list().await["waiting"] == 1).await;
    let refused = rig.app.rescind(&["webhooks", "forget", "shop"]).await.wrong();
    assert!(refused.contains("webhooks.file names \"shop\""), "{refused}");
    let file = rig.folder.path().join("webhooks.toml");
    let text = std::fs::read_to_string(&file).expect("a file");
    std::fs::write(&file, text.replace("[shop]", "[crm]")).expect("a file");
    rig.app.restart_with(&[]).await;
    let list = rig.app.rescind(&["webhooks", "list", "--json"]).await.json();
    let states: Vec<_> = list.as_array().expect("a list").iter().map(|line| line["state"].clone()).collect();
    assert_eq!(states, ["active", "unused"], "{list}");
    assert!(rig.app.metric("rescind_webhooks_waiting").await < 0.5, "it waits for nobody");
    assert!(rig.app.metric("rescind_webhook_age_seconds").await < 0.5);
    let said = rig.app.rescind(&["webhooks", "forget", "shop"]).await.done();
    assert!(said.contains("1 events"), "{said}");
    assert_eq!(rig.app.count("select count(*) from webhook_delivery").await, 0);
    assert_eq!(rig.list().await["name"], "crm");
    rig.app.rescind(&["webhooks", "forget", "shop"]).await.failed();
}

async fn who_ends_gives_back_its_own_endpoint_alone(database: TestDatabase) {
    let rig = Rig::new(database, "[\"consent.*\"]").await;
    let pool = rig.app.worker().engine.pool().clone();
    let insert = "insert into webhook_endpoint (name, state, failures) values ('a', 0, 0), ('b', 0, 0)";
    rig.app.execute(insert).await;
    let now: Timestamp = rig.app.clock.now();
    let until = now.plus(Span::minutes(1));
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let lease = async |name: &str, holder: Uuid| {
        webhooks::lease(&pool, name, holder, now, until).await.expect("an answer").is_some()
    };
    assert!(lease("a", one).await && lease("b", one).await);
    webhooks::release(&pool, "a", one).await.expect("released");
    assert!(lease("a", other).await && !lease("b", other).await);
    // what the first still has to say of the endpoint that it has lost does not count
    let standing = Some(Standing { failures: 7, ..Standing::default() });
    let settlement = Settlement { standing, ..Settlement::default() };
    webhooks::settle(&pool, "a", one, &settlement, now).await.expect("settled");
    assert_eq!(rig.app.count("select count(*) from webhook_endpoint where failures = 7").await, 0);
    webhooks::settle(&pool, "b", one, &settlement, now).await.expect("settled");
    assert_eq!(rig.app.count("select count(*) from webhook_endpoint where failures = 7").await, 1);
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

//! Killed at any moment of the story and started again, the worker ends in the same state, with one mail (M4, M6).

use rescind_tests::app::{client, eventually, nonce};
use rescind_tests::database::TestDatabase;
use rescind_tests::otlp::Collector;
use rescind_tests::program::{Program, settings};
use rescind_tests::temp_folder::TempFolder;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const ANA: &str = "ana@example.org";

/// What the story has come to, seen from outside.
async fn gate(http: &reqwest::Client, base: &str) -> Option<Value> {
    let question = json!({"subject": {"email": ANA}, "purpose": "newsletter"});
    http.post(format!("http://{base}/v1/gate")).json(&question).send().await.ok()?.json().await.ok()
}

async fn send(http: &reqwest::Client, base: &str, message: &Value) -> bool {
    let answer = http.post(format!("http://{base}/v1/messages")).json(message).send().await;
    matches!(answer, Ok(answer) if answer.status() == 202)
}

fn mails(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("mailbox")).into_iter().flatten().filter_map(Result::ok);
    let mails = files.filter(|f| f.path().extension().is_some_and(|x| x == "eml"));
    mails.map(|f| std::fs::read_to_string(f.path()).expect("a mail")).collect()
}

fn link(mail: &str, base: &str) -> String {
    let body = mail_parser::MessageParser::default().parse(mail.as_bytes()).expect("a mail");
    let text = body.body_text(0).expect("text").into_owned();
    let path =
        text[text.find("/c/").expect("a link")..].split_whitespace().next().expect("a link").to_owned();
    // the port is another one after every start
    format!("http://{base}{path}")
}

async fn confirm(http: &reqwest::Client, link: &str) -> bool {
    let Ok(page) = http.get(link).send().await else { return false };
    let Ok(page) = page.text().await else { return false };
    if !page.contains("name=\"nonce\"") {
        return false;
    }
    let form = [("nonce", nonce(&page)), ("answer", "granted".to_owned()), ("agree", "yes".to_owned())];
    matches!(http.post(link).form(&form).send().await, Ok(answer) if answer.status() == 303)
}

async fn mails_settled(database: &TestDatabase) -> bool {
    let pool = rescind_worker::store::Pool::open(&database.database(), 4).await.expect("the store");
    let sql: &'static _ =
        Box::leak(Box::new(rescind_worker::store::dialect::sql("select count(*) from mail where state < 3")));
    let open = pool.read(sql, vec![]).await.expect("a query")[0].get::<i64>(0).expect("a number");
    pool.close().await;
    open == 0
}

/// Plays the story on a worker that is killed after `delays` of growing length, again and again.
async fn story(database: TestDatabase, seed: u64) {
    let folder = TempFolder::new("kill");
    let data = folder.path().join("data");
    let settings = settings(&data, &database.url());
    let http = client();
    let now = chrono::DateTime::from_timestamp_micros(rescind_worker::clock::Clock::system().now().micros())
        .unwrap();
    let message = json!({"specversion": "1.0", "id": format!("kill-{seed}"), "source": "shop",
        "type": "consent.request.v1", "time": now.to_rfc3339(),
        "data": {"subject": {"email": ANA}, "contents": ["newsletter"]}});
    let mut random = seed;
    let mut delay = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros((random >> 33) % 40_000)
    };
    // the request, by an app that repeats what was not answered
    let (mut kills, mut program) = (0, Program::start(&settings));
    while kills < 4 {
        let base = program.http.clone();
        let sending = tokio::spawn({
            let (http, message) = (http.clone(), message.clone());
            async move { send(&http, &base, &message).await }
        });
        tokio::time::sleep(delay()).await;
        program.kill();
        kills += 1;
        let _ = sending.await;
        program = Program::start(&settings);
    }
    let base = program.http.clone();
    eventually("the message is accepted", async || send(&http, &base, &message).await).await;
    eventually("the mail", async || !mails(&data).is_empty()).await;
    // the answer, by a person who clicks again when the page did not come
    for _ in 0..4 {
        let target = link(&mails(&data)[0], &program.http);
        let clicking = tokio::spawn({
            let http = http.clone();
            async move { confirm(&http, &target).await }
        });
        tokio::time::sleep(delay()).await;
        program.kill();
        let _ = clicking.await;
        program = Program::start(&settings);
    }
    let target = link(&mails(&data)[0], &program.http);
    let base = program.http.clone();
    eventually("the grant", async || {
        confirm(&http, &target).await;
        gate(&http, &base).await.is_some_and(|g| g["allowed"] == json!(true))
    })
    .await;
    let ops = program.ops.clone();
    eventually("all has left", async || {
        let text = http.get(format!("http://{ops}/metrics")).send().await.unwrap().text().await.unwrap();
        mails_settled(&database).await && text.contains("rescind_events_queued 0")
    })
    .await;
    assert_eq!(program.terminate(), Some(0), "it stops in order");
    assert_eq!(mails(&data).len(), 1, "one mail, whatever happened");
    let pool = rescind_worker::store::Pool::open(&database.database(), 4).await.unwrap();
    for (query, wanted) in [
        ("select count(*) from subject", 1),
        ("select count(*) from consent_request", 1),
        ("select count(*) from consent_record", 1),
        ("select count(*) from event", 1),
        ("select count(*) from mail", 1),
        // sent, or, answered before the worker could settle it, uncertain: never suppressed, because it left
        ("select count(*) from mail where state in (3, 6)", 1),
        ("select count(*) from audit where detail like '%\"act\":\"consent_granted\"%'", 1),
        ("select count(*) from parked", 0),
    ] {
        let sql: &'static _ = Box::leak(Box::new(rescind_worker::store::dialect::sql(query)));
        let rows = pool.read(sql, vec![]).await.unwrap();
        assert_eq!(rows[0].get::<i64>(0).unwrap(), wanted, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_on_sqlite() {
    for seed in 1..=3 {
        story(TestDatabase::sqlite().await, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_on_postgres() {
    story(TestDatabase::postgres().await, 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_reaches_the_log() {
    let database = TestDatabase::sqlite().await;
    let folder = TempFolder::new("canary");
    let data = folder.path().join("data");
    let mut settings = settings(&data, &database.url());
    let collector = Collector::start().await;
    settings.extend([
        ("RESCIND_LOG__FILTER", "trace".to_owned()),
        ("RESCIND_TELEMETRY__OTLP_URL", collector.url.clone()),
        ("RESCIND_TELEMETRY__METRICS_INTERVAL_SECONDS", "1".to_owned()),
    ]);
    let program = Program::start(&settings);
    let (http, base) = (client(), program.http.clone());
    let marks = [
        "canary-ana",
        "Canarina",
        "canary-4711",
        "203.0.113.99",
        "CanaryBrowser",
        "canary-form",
        "+4930998877",
    ];
    let message = |id: &str, kind: &str, data: Value| {
        json!({"specversion": "1.0", "id": id, "source": "shop", "type": kind,
               "time": rescind_worker::clock::Clock::system().now(), "data": data})
    };
    let subject = json!({"email": "canary-ana@example.org", "name": "Canarina", "phone": "+4930998877",
                         "ids": {"shop": "canary-4711"}});
    let evidence = json!({"ip": "203.0.113.99", "user_agent": "CanaryBrowser", "form": "canary-form"});
    let data_of = json!({"subject": subject, "contents": ["newsletter"], "evidence": evidence});
    assert!(send(&http, &base, &message("1", "consent.request.v1", data_of)).await);
    // wrong in every way that quotes a value
    for (n, wrong) in [
        json!({"subject": {"email": ["canary-ana@example.org"]}, "contents": ["newsletter"]}),
        json!({"subject": {"email": "canary-ana@@example.org"}, "contents": ["newsletter"]}),
        json!({"subject": {"email": "canary-ana@example.org", "kind": "Canarina"}, "contents": ["newsletter"]}),
        json!({"subject": {"email": "canary-ana@example.org", "locale": "Canarina"}, "contents": ["newsletter"]}),
        json!({"subject": {"email": "canary-ana@example.org"}, "contents": ["Canarina"]}),
        json!({"subject": {"email": "canary-ana@example.org"}, "contents": ["canarina-x"], "requested_at": "Canarina"}),
    ]
    .into_iter()
    .enumerate()
    {
        let wrong = message(&format!("w{n}"), "consent.request.v1", wrong);
        let answer = http.post(format!("http://{base}/v1/messages")).json(&wrong).send().await.unwrap();
        assert!(answer.status().is_client_error());
        let text = answer.text().await.unwrap();
        for mark in marks {
            assert!(!text.contains(mark), "the problem quotes {mark}: {text}");
        }
    }
    eventually("the mail", async || !mails(&data).is_empty()).await;
    let target = link(&mails(&data)[0], &base);
    assert!(confirm(&http, &target).await);
    let token = target.rsplit('/').next().unwrap().to_owned();
    let metrics =
        http.get(format!("http://{}/metrics", program.ops)).send().await.unwrap().text().await.unwrap();
    let ready =
        http.get(format!("http://{}/readyz", program.ops)).send().await.unwrap().text().await.unwrap();
    let log = program.log().join("\n");
    assert_eq!(program.terminate(), Some(0));
    assert!(log.contains("the worker runs"), "the log was on");
    // what was told last leaves before the program ends
    let told = collector.text();
    assert!(told.contains("process consent.answer.v1") && told.contains("rescind_messages"), "{told}");
    let pool = rescind_worker::store::Pool::open(&database.database(), 4).await.unwrap();
    let sql: &'static _ =
        Box::leak(Box::new(rescind_worker::store::dialect::sql("select detail from audit")));
    let audit: Vec<String> =
        pool.read(sql, vec![]).await.unwrap().iter().map(|r| r.get(0).unwrap()).collect();
    for mark in marks.into_iter().chain([token.as_str()]) {
        for (place, text) in [
            ("log", &log),
            ("metrics", &metrics),
            ("readyz", &ready),
            ("telemetry", &told),
            ("audit", &audit.join("\n")),
        ] {
            assert!(!text.contains(mark), "{mark} in the {place}");
        }
    }
    pool.close().await;
    // nor the database's own files: a stolen copy yields no address
    for entry in std::fs::read_dir(database.file().unwrap().parent().unwrap()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for mark in marks {
            let found = bytes.windows(mark.len()).any(|w| w == mark.as_bytes());
            assert!(!found, "{mark} in the database");
        }
    }
}

//! What a worker holds while services are away: what is bounded stays bounded, however much waits outside.

use super::SOURCES;
use rescind_tests::app::{client, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::{TestDatabase, end_sessions};
use rescind_tests::operations::example_policy;
use rescind_tests::program::{Program, settings};
use rescind_tests::report::{is_whole, note};
use rescind_tests::temp_folder::TempFolder;
use serde_json::{Value, json};
use std::time::Duration;

/// What memory may grow by, in KiB: prefetched messages, a batch being decided, and what the allocator keeps of it.
const MOST: u64 = 48 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_flat_while_a_backlog_grows() {
    let many = if is_whole() { 60_000 } else { 6_000 };
    let (folder, database, broker) =
        (TempFolder::new("memory"), TestDatabase::postgres().await, TestBroker::shared());
    let data = folder.path().join("data");
    let policy = folder.path().join("policy.toml");
    // the caps against mail bombing would stop the whole of it
    let text = ["requests_per_source_per_hour = 10000\n", "requests_per_hour = 50000\n"]
        .into_iter()
        .fold(example_policy(SOURCES), |text, cap| text.replace(cap, &cap.replace("0\n", "000\n")));
    std::fs::write(&policy, text).expect("the policy can be written");
    let mut settings = settings(&data, &database.url());
    let names = broker.settings();
    settings.extend([
        ("RESCIND_POLICY", policy.display().to_string()),
        // nobody listens there
        ("RESCIND_MAIL__TRANSPORT", "smtp".to_owned()),
        ("RESCIND_MAIL__SMTP__URL", "smtp://127.0.0.1:9".to_owned()),
    ]);
    let names: Vec<(&'static str, String)> =
        names.into_iter().map(|(name, value)| (&*name.to_owned().leak(), value.to_owned())).collect();
    settings.extend(names);
    let program = Program::start(&settings);
    let http = client();
    let metric = async |name: &str| {
        let answer = http.get(format!("http://{}/metrics", program.ops)).send().await;
        let text = answer.expect("an answer").text().await.expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse::<f64>().expect("a number"))
    };
    let padding = "x".repeat(100);
    let message = |n: usize| {
        let subject = json!({"email": format!("ana@d{n}.example"), "name": padding});
        json!({"specversion": "1.0", "id": format!("b-{n}"), "source": "shop", "type": "consent.request.v1",
               "time": rescind_worker::clock::Clock::system().now(),
               "data": {"subject": subject, "contents": ["newsletter"]}})
    };
    let publish = async |numbers: std::ops::Range<usize>| {
        let messages: Vec<Value> = numbers.map(message).collect();
        tokio::task::block_in_place(|| broker.publish(&[], &messages));
    };

    // warm: mails wait for their server from the beginning
    eventually("it consumes", async || metric("rescind_part_ready{part=\"broker_intake\"}").await > 0.5)
        .await;
    publish(0..1000).await;
    eventually("the first are decided", async || metric("rescind_mails_queued").await >= 1000.0).await;
    let before = program.memory();

    // the database is away while the backlog grows
    let server = rescind_tests::database::postgres_server();
    end_sessions(&server, &database.url(), false).await;
    publish(1000..many).await;
    let mut most = before;
    eventually("it says so", async || {
        most = most.max(program.memory());
        metric("rescind_part_ready{part=\"store\"}").await < 0.5
    })
    .await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(program.memory());
    }
    end_sessions(&server, &database.url(), true).await;
    let wanted = f64::from(u32::try_from(many).unwrap());
    let mut last = 0.0;
    while last < wanted {
        // patience for each step forwards, however long the whole takes
        let reached = last;
        eventually("it goes on", async || {
            most = most.max(program.memory());
            last = metric("rescind_mails_queued").await;
            last > reached
        })
        .await;
    }
    assert!(metric("rescind_part_ready{part=\"mail\"}").await < 0.5, "the mail server is away all the while");
    note(&format!(
        "memory with {many} messages waiting, database and mail server away: {} MiB before, {} MiB at the most",
        before / 1024,
        most / 1024
    ));
    assert!(most < before + MOST, "{before} KiB before, {most} KiB at the most");
    assert_eq!(program.terminate(), Some(0));
    assert_eq!(broker.waiting().await, 0);
}

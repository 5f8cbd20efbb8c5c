//! What OpenTelemetry is told, where it is switched on: one double opt-in is one trace, and nobody is in it (I6, M11).

use rescind_tests::app::{TestApp, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::operations::example_policy;
use rescind_tests::otlp::{Collector, Span};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both_databases! {
    one_double_opt_in_is_one_trace_from_the_message_to_the_event,
    without_a_trace_of_the_sender_one_begins_here,
    metrics_are_told_and_a_collector_that_is_away_stops_nothing,
}

const SOURCES: &str = include_str!("../../config/sources.toml");
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SENDER: &str = "b7ad6b7169203331";

async fn app(database: TestDatabase, broker: &TestBroker, collector: &str) -> TestApp {
    let mut settings = broker.settings();
    settings.extend([
        ("RESCIND_TELEMETRY__OTLP_URL", collector),
        ("RESCIND_TELEMETRY__METRICS_INTERVAL_SECONDS", "1"),
    ]);
    let mut app = TestApp::with(database, Some(&example_policy(SOURCES)), &settings).await;
    app.token = Some("rescind-development-token");
    app.ready().await;
    app
}

fn message(app: &TestApp) -> Value {
    let subject =
        json!({"email": "canary-ana@example.org", "name": "Canarina", "ids": {"shop": "canary-4711"}});
    app.message("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]}))
}

/// Plays it, and returns the event's `traceparent`.
async fn opt_in(app: &TestApp, broker: &TestBroker, message: &Value) -> String {
    let events = broker.read_events(1);
    assert_eq!(app.post(message).await.0, 202);
    let letter = app.letter(1).await;
    app.agree(&letter.link()).await;
    let told = events.messages().remove(0);
    told["body"]["traceparent"].as_str().expect("a trace context").to_owned()
}

/// The spans of the story, once they are all there.
async fn story(collector: &Collector) -> Vec<Span> {
    let names = [
        "process consent.answer.v1",
        "process consent.request.v1",
        "send confirm_consent",
        "send consent.granted.v1",
    ];
    let found =
        || collector.spans().into_iter().filter(|s| names.contains(&s.name.as_str())).collect::<Vec<_>>();
    eventually("every step was told", async || {
        found().iter().map(|s| s.name.clone()).collect::<BTreeSet<_>>().len() == names.len()
    })
    .await;
    let mut spans = found();
    spans.sort();
    assert_eq!(spans.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), names, "each is told once");
    spans
}

async fn one_double_opt_in_is_one_trace_from_the_message_to_the_event(database: TestDatabase) {
    let (collector, broker) = (Collector::start().await, TestBroker::shared());
    let mut app = app(database, &broker, &collector.url).await;
    let mut message = message(&app);
    message["traceparent"] = json!(format!("00-{TRACE}-{SENDER}-01"));
    let event = opt_in(&app, &broker, &message).await;
    let spans = story(&collector).await;
    let [answer, request, mail, published] = &spans[..] else { panic!("{spans:?}") };
    assert!(spans.iter().all(|s| s.trace == TRACE), "one trace: {spans:?}");
    assert_eq!(request.parent, SENDER);
    assert_eq!((&mail.parent, &answer.parent), (&request.id, &request.id));
    assert_eq!(published.parent, answer.id);
    assert_eq!(event, format!("00-{TRACE}-{}-01", published.id), "whoever takes the event goes on with it");
    app.quiet().await;
    app.stop().await;

    // what a person gets names no trace, and what is told names no person
    for entry in std::fs::read_dir(app.folder.path().join("data/mailbox")).expect("the mailbox") {
        let path = entry.expect("an entry").path();
        let text = if path.is_file() { std::fs::read(&path).expect("a file") } else { continue };
        assert!(!String::from_utf8_lossy(&text).contains(TRACE), "{}", path.display());
    }
    let text = collector.text();
    for mark in ["canary-ana", "Canarina", "canary-4711", "@example.org"] {
        assert!(!text.contains(mark), "{mark} was told");
    }
}

async fn without_a_trace_of_the_sender_one_begins_here(database: TestDatabase) {
    let (collector, broker) = (Collector::start().await, TestBroker::shared());
    let mut app = app(database, &broker, &collector.url).await;
    let mut message = message(&app);
    message["traceparent"] = json!("canary-ana@example.org");
    opt_in(&app, &broker, &message).await;
    let spans = story(&collector).await;
    let [answer, request, mail, published] = &spans[..] else { panic!("{spans:?}") };
    assert!(spans.iter().all(|s| s.trace == request.trace), "one trace: {spans:?}");
    assert_eq!(request.parent, "", "it begins with the message");
    assert_eq!((&mail.parent, &answer.parent, &published.parent), (&request.id, &request.id, &answer.id));
    assert!(!collector.text().contains("canary"), "what cannot be read is not repeated");
    app.quiet().await;
    app.stop().await;
}

async fn metrics_are_told_and_a_collector_that_is_away_stops_nothing(database: TestDatabase) {
    let (collector, broker) = (Collector::start().await, TestBroker::shared());
    let mut app = app(database, &broker, &collector.url).await;
    opt_in(&app, &broker, &message(&app)).await;
    eventually("the metrics are told", async || {
        let metrics = collector.metrics();
        let sent = metrics.iter().filter(|m| m["name"] == "rescind_mails");
        sent.flat_map(|m| m["sum"]["dataPoints"].as_array().expect("points").clone())
            .any(|point| point["asDouble"] == 1.0 && point["attributes"][0]["value"]["stringValue"] == "sent")
    })
    .await;
    drop(collector);
    app.send(
        "consent.request.v1",
        json!({"subject": {"email": "ben@example.org"}, "contents": ["newsletter"]}),
    )
    .await;
    app.letter(2).await;
    app.quiet().await;
    app.stop().await;
}

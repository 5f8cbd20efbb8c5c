//! Services that stop and come back while the worker runs: nothing is lost, nothing goes round in circles, the worker
//! says how it stands and resumes by itself (M2, M5).

mod memory;
mod postgres;
mod rabbitmq;
mod smtp;
mod sqlite;

use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::operations::example_policy;
use rescind_tests::pika::Reader;
use rescind_tests::service::{Kind, Service};
use rescind_tests::temp_folder::TempFolder;
use serde_json::{Value, json};
use std::time::Duration;

/// Everything for the broker's unnamed senders, and an app with the token of the development environment.
const SOURCES: &str = include_str!("../../config/sources.toml");
const TOKEN: &str = "rescind-development-token";

async fn worker(database: TestDatabase, broker: &TestBroker) -> TestApp {
    let mut app = TestApp::with(database, Some(&example_policy(SOURCES)), &broker.settings()).await;
    app.token = Some(TOKEN);
    app.ready().await;
    app
}

fn requests(app: &TestApp, numbers: std::ops::Range<usize>) -> Vec<Value> {
    let request = |n| {
        let subject = json!({"email": format!("ana@d{n}.example")});
        json!({"specversion": "1.0", "id": format!("b-{n}"), "source": "shop", "type": "consent.request.v1",
               "time": app.clock.now(), "data": {"subject": subject, "contents": ["newsletter"]}})
    };
    numbers.map(request).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stops_and_starts_loses_nothing() {
    let folder = TempFolder::new("outage");
    let mut postgres = Service::start(Kind::Postgres, folder.path().join("postgres"));
    let broker = TestBroker::shared();
    let mut app = worker(TestDatabase::at(postgres.url()), &broker).await;
    broker.publish(&[], &requests(&app, 0..5));
    app.letter(5).await;

    postgres.stop();
    broker.publish(&[], &requests(&app, 5..35));
    let subject = json!({"email": "ben@example.org"});
    let posted = app.message("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]}));
    let (said_so, (status, problem)) = tokio::join!(
        async {
            app.expect_part("store", "down").await;
            app.readyz().await.0
        },
        app.post(&posted)
    );
    assert_eq!(said_so, 503);
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")), "{problem}");
    assert_eq!(
        app.get(&format!("http://{}/livez", app.worker().ops)).await.0,
        200,
        "it waits, it is not dead"
    );
    // given back once, and not taken again as long as the store is away
    app.expect_part("broker_intake", "down").await;
    eventually("all are back in the queue", async || broker.waiting().await == 30).await;

    postgres.start_again();
    app.ready().await;
    app.letter(35).await;
    let (status, answer) = app.post(&posted).await;
    assert_eq!(
        (status, &answer["status"]),
        (202, &json!("accepted")),
        "what was not decided may be sent again"
    );
    app.letter(36).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 36);
    assert_eq!(app.count("select count(*) from consent_request").await, 36);
    assert_eq!(app.count("select count(*) from parked").await, 0);
    app.stop().await;
    assert_eq!(broker.waiting().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stops_and_starts_gets_every_event_in_order() {
    let folder = TempFolder::new("outage");
    let mut service = Service::start(Kind::RabbitMq, folder.path().join("rabbitmq"));
    let broker = TestBroker::at(service.url());
    // a queue that survives the broker, left behind by its reader
    let (queue, bind) = (format!("{}.kept", broker.events), format!("{}:#", broker.events));
    let at_once = Duration::from_millis(100);
    Reader::with_options(&broker.url, &queue, &[&bind], 1, at_once, &["--keep"]).messages();
    let mut app = worker(TestDatabase::sqlite().await, &broker).await;

    service.stop();
    app.expect_part("broker_intake", "down").await;
    app.expect_part("broker_events", "degraded").await;
    assert_eq!(app.readyz().await.0, 503);
    // whoever sends by HTTP notices nothing
    let subject = json!({"ids": {"shop": "4711"}});
    for _ in 0..3 {
        app.advance(Span::minutes(1));
        let answer =
            json!([{"category": "personalisation", "content": "recommendations", "answer": "agree"}]);
        app.send("consent.record.v1", json!({"subject": subject, "consents": answer})).await;
        app.advance(Span::minutes(1));
        app.send("consent.withdraw.v1", json!({"subject": subject, "purposes": ["recommendations"]})).await;
    }
    assert_eq!(app.count("select count(*) from event where state in (0, 1)").await, 9, "they wait");
    assert_eq!(app.count("select max(attempt) from event").await, 0, "and use up no attempt");

    service.start_again();
    app.ready().await;
    let told = Reader::new(&broker.url, &queue, &[], 9, Duration::from_secs(20)).messages();
    let numbers: Vec<_> =
        told.iter().filter_map(|t| t["body"]["sequence"].as_str()?.parse::<u64>().ok()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let keys: Vec<_> = told.iter().filter_map(|t| t["routing_key"].as_str()).collect();
    assert_eq!(keys, ["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1"].repeat(3));
    // and the queue is read again
    broker.publish(&[], &requests(&app, 0..1));
    app.letter(1).await;
    app.quiet().await;
    app.stop().await;
    assert_eq!(broker.waiting().await, 0);
}

//! RabbitMQ in every trouble that it can have, one after another at a node of the test's own.

use super::{requests, worker};
use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::pika::Reader;
use rescind_tests::report::{Figures, outage};
use rescind_tests::service::{Kind, Service};
use rescind_tests::temp_folder::TempFolder;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// Everything published so far was decided once, and mailed once.
async fn all_once(app: &TestApp, what: &str, count: usize) {
    app.ready().await;
    app.letter(count).await;
    app.quiet().await;
    let letters = app.letters();
    let to: BTreeSet<_> = letters.iter().map(|letter| letter.to.clone()).collect();
    let decided = usize::try_from(app.count("select count(*) from consent_request").await).unwrap();
    let figures = Figures {
        messages: count,
        lost: count - to.len().min(decided).min(count),
        decided_twice: decided.saturating_sub(count),
        mailed_twice: letters.len() - to.len(),
        uncertain: 0,
    };
    outage(what, figures);
    assert_eq!(figures, Figures { messages: count, ..Figures::default() });
    assert_eq!(app.count("select count(*) from parked").await, 0);
}

async fn reason(app: &TestApp, part: &str) -> String {
    let (_, report) = app.readyz().await;
    report["parts"][part]["reason"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_the_broker_nothing_is_lost_or_doubled() {
    let folder = TempFolder::new("broker");
    let mut service = Service::start(Kind::RabbitMq, folder.path().join("rabbitmq"));
    let broker = TestBroker::at(service.url());
    let (queue, bind) = (format!("{}.kept", broker.events), format!("{}:#", broker.events));
    let at_once = Duration::from_millis(100);
    Reader::with_options(&broker.url, &queue, &[&bind], 1, at_once, &["--keep"]).messages();
    let mut app = worker(TestDatabase::postgres().await, &broker).await;

    // the broker ends every connection
    broker.publish(&[], &requests(&app, 0..30));
    service.ctl(&["-q", "close_all_connections", "for the test"]);
    broker.publish(&[], &requests(&app, 30..60));
    all_once(&app, "RabbitMQ: connections closed", 60).await;

    // the queue is deleted, which cancels the consumer; its bindings go with it
    service.ctl(&["-q", "delete_queue", &broker.queue]);
    eventually("the queue is there again", async || {
        app.part("broker_intake").await == "ready" && broker.try_waiting().await == Some(0)
    })
    .await;
    broker.publish(&[], &requests(&app, 60..80));
    all_once(&app, "RabbitMQ: queue deleted, consumer cancelled", 80).await;

    // a memory alarm: nobody may publish, and consuming goes on
    service.ctl(&["-q", "set_vm_memory_high_watermark", "0"]);
    let subject = json!({"ids": {"shop": "4711"}});
    for _ in 0..3 {
        app.advance(Span::minutes(1));
        let answer =
            json!([{"category": "personalisation", "content": "recommendations", "answer": "agree"}]);
        app.send("consent.record.v1", json!({"subject": subject, "consents": answer})).await;
        app.advance(Span::minutes(1));
        app.send("consent.withdraw.v1", json!({"subject": subject, "purposes": ["recommendations"]})).await;
    }
    app.expect_part("broker_events", "degraded").await;
    let why = reason(&app, "broker_events").await;
    assert!(why.contains("alarm"), "{why}");
    assert_eq!(app.part("broker_intake").await, "ready");
    assert_eq!(app.readyz().await.0, 200);
    let unsent = app.count("select count(*) from event where state in (0, 1)").await;
    // a withdrawal is told twice: to whoever keeps consents, and to whoever has to stop
    assert_eq!(unsent, 9, "they wait");
    service.ctl(&["-q", "set_vm_memory_high_watermark", "0.6"]);
    app.quiet().await;
    app.ready().await;
    let told = Reader::new(&broker.url, &queue, &[], 9, Duration::from_secs(20)).messages();
    let numbers: Vec<_> =
        told.iter().filter_map(|event| event["body"]["sequence"].as_str()?.parse::<u64>().ok()).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<u64>>(), "in order, and once");
    broker.publish(&[], &requests(&app, 80..90));
    all_once(&app, "RabbitMQ: memory alarm", 90).await;

    // the application stops within its node, and starts again
    service.ctl(&["-q", "stop_app"]);
    app.expect_part("broker_intake", "down").await;
    service.ctl(&["-q", "start_app"]);
    app.ready().await;
    broker.publish(&[], &requests(&app, 90..100));
    all_once(&app, "RabbitMQ: restarted", 100).await;

    // the node dies hard with messages on the way
    broker.publish(&[], &requests(&app, 100..200));
    service.crash();
    app.expect_part("broker_intake", "down").await;
    service.start_again();
    all_once(&app, "RabbitMQ: crashed", 200).await;
    app.stop().await;
    assert_eq!(broker.waiting().await, 0);
}

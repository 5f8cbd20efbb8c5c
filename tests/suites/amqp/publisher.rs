//! Events out.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use rescind_worker::amqp::{Health, OutgoingEvent, Published, Publisher, PublisherSettings};
use uuid::Uuid;

use super::proxy::Proxy;
use super::rig::{Rig, broker, until, url};

fn publisher(rig: &Rig, url: &str) -> Publisher {
    let settings = PublisherSettings {
        broker: broker(url),
        events_exchange: rig.names.events_exchange.clone(),
        confirm_timeout: Duration::from_secs(20),
        jitter_seed: 1,
    };
    Publisher::new(settings, Arc::new(Health::new("publisher")))
}

fn event(n: u128, exchange: &str, routing_key: &str) -> OutgoingEvent {
    OutgoingEvent {
        id: Uuid::from_u128(n),
        exchange: exchange.to_owned(),
        routing_key: routing_key.to_owned(),
        body: format!("{{\"n\":{n}}}").into_bytes(),
        correlation_id: Some("c-1".to_owned()),
        kind: "consent.granted.v1".to_owned(),
    }
}

/// The rig's queue takes events whose type begins with `consent.`.
async fn subscribe(rig: &Rig) {
    rig.declare_events_exchange().await;
    rig.channel
        .exchange_declare(
            rig.names.exchange.as_str().into(),
            lapin::ExchangeKind::Topic,
            Default::default(),
            FieldTable::default(),
        )
        .await
        .expect("declared");
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    rig.channel.queue_declare(rig.names.queue.as_str().into(), durable, arguments).await.expect("declared");
    rig.channel
        .queue_bind(
            rig.names.queue.as_str().into(),
            rig.names.events_exchange.as_str().into(),
            "consent.#".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .expect("bound");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_confirmed_and_carries_its_properties() {
    let rig = Rig::new("confirm").await;
    subscribe(&rig).await;
    let publisher = publisher(&rig, &url());
    let id = Uuid::from_u128(7);
    let results = publisher.publish(vec![event(7, &rig.names.events_exchange, "consent.granted.v1")]).await;
    assert_eq!(results, [(id, Published::Confirmed)]);
    let message = rig
        .channel
        .basic_get(rig.names.queue.as_str().into(), BasicGetOptions { no_ack: true })
        .await
        .expect("asked")
        .expect("a message");
    let properties = &message.properties;
    assert_eq!(properties.message_id().as_ref().map(|t| t.as_str()), Some(id.to_string().as_str()));
    assert_eq!(properties.content_type().as_ref().map(|t| t.as_str()), Some("application/cloudevents+json"));
    assert_eq!(properties.correlation_id().as_ref().map(|t| t.as_str()), Some("c-1"));
    assert_eq!(properties.kind().as_ref().map(|t| t.as_str()), Some("consent.granted.v1"));
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert_eq!(message.data, br#"{"n":7}"#);
    publisher.close(Duration::from_secs(5)).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unroutable_events_are_told_apart_within_a_group() {
    let rig = Rig::new("unroutable").await;
    subscribe(&rig).await;
    let publisher = publisher(&rig, &url());
    let exchange = &rig.names.events_exchange;
    let long = "x".repeat(300);
    for round in 0..5_u128 {
        let group: Vec<_> = (0..300)
            .map(|n| match n % 5 {
                0 => event(round * 1000 + n, exchange, "nobody.wants.v1"),
                1 => event(round * 1000 + n, "", "test.queue.that.is.gone"),
                2 => event(round * 1000 + n, "", &rig.names.queue),
                3 if n % 2 == 0 => event(round * 1000 + n, "", &long),
                _ => event(round * 1000 + n, exchange, "consent.granted.v1"),
            })
            .collect();
        let results = publisher.publish(group).await;
        assert_eq!(results.len(), 300);
        for (id, published) in results {
            let n = id.as_u128() % 1000;
            let expected = if n % 5 < 2 || (n % 5 == 3 && n % 2 == 0) {
                Published::Unroutable
            } else {
                Published::Confirmed
            };
            assert_eq!(published, expected, "event {n} of round {round}");
        }
    }
    publisher.close(Duration::from_secs(5)).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_is_gone_fails_the_group_and_not_the_publisher() {
    let rig = Rig::new("noexchange").await;
    subscribe(&rig).await;
    let publisher = publisher(&rig, &url());
    assert!(publisher.ready().await);
    rig.channel
        .exchange_delete(rig.names.events_exchange.as_str().into(), Default::default())
        .await
        .expect("deleted");
    let results = publisher.publish(vec![event(1, &rig.names.events_exchange, "consent.granted.v1")]).await;
    assert_eq!(results[0].1, Published::Failed);
    // declared again, though nobody is bound to it
    until("taken again", async || {
        let results =
            publisher.publish(vec![event(1, &rig.names.events_exchange, "consent.granted.v1")]).await;
        results[0].1 == Published::Unroutable
    })
    .await;
    publisher.close(Duration::from_secs(5)).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_fails_what_is_undecided_and_comes_back() {
    let rig = Rig::new("relink").await;
    subscribe(&rig).await;
    let proxy = Proxy::new().await;
    let publisher = publisher(&rig, &proxy.url);
    let exchange = rig.names.events_exchange.clone();
    let first = publisher.publish(vec![event(1, &exchange, "consent.granted.v1")]).await;
    assert_eq!(first[0].1, Published::Confirmed);
    for round in 0..3 {
        proxy.cut();
        let mut attempts = 0;
        until("confirmed after all", async || {
            attempts += 1;
            let results = publisher.publish(vec![event(2 + round, &exchange, "consent.granted.v1")]).await;
            assert_ne!(results[0].1, Published::Unroutable);
            results[0].1 == Published::Confirmed
        })
        .await;
        assert!(attempts < 100, "{attempts} attempts");
    }
    publisher.close(Duration::from_secs(5)).await;
    assert!(publisher.ready().await, "opens again when needed");
    publisher.close(Duration::from_secs(5)).await;
    rig.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_fails_everything_at_once() {
    let rig = Rig::new("away").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let publisher = publisher(&rig, &format!("amqp://guest:guest@127.0.0.1:{port}/%2f"));
    assert!(!publisher.ready().await);
    let results = publisher.publish((0..10).map(|n| event(n, "", "q")).collect()).await;
    assert_eq!(results.len(), 10);
    assert!(results.iter().all(|(_, published)| *published == Published::Failed));
}

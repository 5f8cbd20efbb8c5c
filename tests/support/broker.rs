//! Names of a test's own at the broker, as a worker is configured with them, and a client that is not ours.

use crate::pika::{Reader, publish};
use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use serde_json::Value;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The longest wait for messages of the broker.
const PATIENCE: Duration = Duration::from_secs(25);

/// The broker that tests share.
pub fn amqp_url() -> String {
    std::env::var("RESCIND_TEST_AMQP_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

/// Queue and exchanges of one test; deleted when it is over.
#[derive(Debug)]
pub struct TestBroker {
    /// Where the broker is.
    pub url: String,
    /// The queue that messages are taken from.
    pub queue: String,
    /// The exchange that messages are published to.
    pub exchange: String,
    /// The queue for what nobody waits for.
    pub bulk_queue: String,
    /// The exchange of that one.
    pub bulk_exchange: String,
    /// The exchange that events come from.
    pub events: String,
}

impl TestBroker {
    /// At the broker that tests share.
    pub fn shared() -> Self {
        Self::at(&amqp_url())
    }

    /// At this broker.
    pub fn at(url: &str) -> Self {
        let mark = format!("{}.{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self {
            url: url.to_owned(),
            queue: format!("test.jobs.story.{mark}"),
            exchange: format!("test.in.story.{mark}"),
            bulk_queue: format!("test.bulk.story.{mark}"),
            bulk_exchange: format!("test.inbulk.story.{mark}"),
            events: format!("test.out.story.{mark}"),
        }
    }

    /// The user that the broker knows us by.
    pub fn user(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split([':', '@']).next().unwrap_or_default()
    }

    /// The settings of a worker.
    pub fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("RESCIND_INTAKE__AMQP__URL", &self.url),
            ("RESCIND_INTAKE__AMQP__QUEUE", &self.queue),
            ("RESCIND_INTAKE__AMQP__EXCHANGE", &self.exchange),
            ("RESCIND_INTAKE__AMQP__BULK_QUEUE", &self.bulk_queue),
            ("RESCIND_INTAKE__AMQP__BULK_EXCHANGE", &self.bulk_exchange),
            ("RESCIND_INTAKE__AMQP__EVENTS_EXCHANGE", &self.events),
        ]
    }

    /// Publishes messages through pika, each confirmed by the broker. `options` are those of `publish.py`.
    pub fn publish(&self, options: &[&str], messages: &[Value]) {
        self.publish_lines(options, &messages.iter().map(Value::to_string).collect::<Vec<_>>());
    }

    /// The same, for what may be no message at all.
    pub fn publish_lines(&self, options: &[&str], lines: &[String]) {
        self.send(&self.url, options, lines);
    }

    /// The same, by another way to the broker than the worker's.
    pub fn publish_by(&self, url: &str, messages: &[Value]) {
        self.send(url, &[], &messages.iter().map(Value::to_string).collect::<Vec<_>>());
    }

    /// Publishes messages that nobody waits for.
    pub fn publish_in_bulk(&self, messages: &[Value]) {
        let lines: Vec<_> = messages.iter().map(Value::to_string).collect();
        self.send_to(&self.bulk_exchange, &self.url, &[], &lines);
    }

    fn send(&self, url: &str, options: &[&str], lines: &[String]) {
        self.send_to(&self.exchange, url, options, lines);
    }

    fn send_to(&self, exchange: &str, url: &str, options: &[&str], lines: &[String]) {
        let exchange = ["--exchange", exchange];
        let options: Vec<&str> = exchange.into_iter().chain(options.iter().copied()).collect();
        for answer in publish(url, &options, lines) {
            assert_eq!(answer["confirmed"], true, "{answer}");
        }
    }

    /// Begins to read `count` events through pika.
    pub fn read_events(&self, count: usize) -> Reader {
        let queue = format!("{}.read.{}", self.events, NEXT.fetch_add(1, Ordering::Relaxed));
        Reader::new(&self.url, &queue, &[&format!("{}:#", self.events)], count, PATIENCE)
    }

    /// How many messages wait in the worker's queue. Those that a worker holds are not among them.
    pub async fn waiting(&self) -> u32 {
        self.try_waiting().await.expect("the broker answers, and the queue is there")
    }

    /// The same; none while there is no such queue.
    pub async fn try_waiting(&self) -> Option<u32> {
        self.waiting_in(&self.queue).await
    }

    /// The same of another queue.
    pub async fn waiting_in(&self, queue: &str) -> Option<u32> {
        let (_connection, channel) = open(&self.url).await.ok()?;
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        queue.ok().map(|queue| queue.message_count())
    }
}

async fn open(url: &str) -> lapin::Result<(Connection, Channel)> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    Ok((connection, channel))
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        let url = self.url.clone();
        let queues = [self.queue.clone(), self.bulk_queue.clone()];
        let exchanges = [self.exchange.clone(), self.bulk_exchange.clone(), self.events.clone()];
        // the test's own runtime may be going down
        let deleting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                // what cannot be deleted is a leftover of the test's broker
                let Ok((connection, channel)) = open(&url).await else { return };
                for queue in &queues {
                    let _ = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await;
                }
                for exchange in &exchanges {
                    let _ = channel
                        .exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default())
                        .await;
                }
                let _ = connection.close(200, "OK".into()).await;
            });
        });
        let _ = deleting.join();
    }
}

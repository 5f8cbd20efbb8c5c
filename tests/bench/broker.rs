//! Our side of the broker: queues of one run each, filled before the run begins.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);
/// Publishes that wait for their confirmation at the same time.
const UNDERWAY: usize = 1000;

/// A quorum queue of one run.
pub(crate) struct RunQueue {
    pub(crate) name: String,
    channel: Channel,
    _connection: Connection,
}

/// A message, and the properties it is published with.
pub(crate) type Publication = (Vec<u8>, BasicProperties);

/// A durable message of ours.
pub(crate) fn plain(body: Vec<u8>) -> Publication {
    let properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type("application/cloudevents+json".into());
    (body, properties)
}

async fn channel(url: &str) -> (Connection, Channel) {
    let connection =
        Connection::connect(url, ConnectionProperties::default()).await.expect("the private broker answers");
    let channel = connection.create_channel().await.expect("a channel");
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
    (connection, channel)
}

/// A quorum queue, as Rescind declares it.
pub(crate) async fn declare(channel: &Channel, name: &str) {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.into(), options, arguments).await.expect("a queue of a run");
}

impl RunQueue {
    /// An empty one.
    pub(crate) async fn new(url: &str) -> Self {
        let (connection, channel) = channel(url).await;
        let name = format!("bench.{}.{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        declare(&channel, &name).await;
        Self { name, channel, _connection: connection }
    }

    /// Publishes messages, each confirmed.
    pub(crate) async fn publish(&self, messages: impl IntoIterator<Item = Publication>) {
        let mut underway = FuturesUnordered::new();
        for (body, properties) in messages {
            let options = BasicPublishOptions::default();
            let sent =
                self.channel.basic_publish("".into(), self.name.as_str().into(), options, &body, properties);
            underway.push(sent.await.expect("the broker takes messages"));
            if underway.len() >= UNDERWAY {
                confirmed(underway.next().await);
            }
        }
        while !underway.is_empty() {
            confirmed(underway.next().await);
        }
    }

    /// How many messages wait; those that a consumer holds are not among them.
    pub(crate) async fn waiting(&self) -> u32 {
        state(&self.channel, &self.name).await.0
    }

    /// Waits until somebody consumes.
    pub(crate) fn consumed(&self) -> impl Future<Output = ()> + Send + use<> {
        let (channel, name) = (self.channel.clone(), self.name.clone());
        async move {
            while state(&channel, &name).await.1 == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        }
    }

    /// Removes it.
    pub(crate) async fn delete(self) {
        let name = self.name.as_str();
        let _ = self.channel.queue_purge(name.into(), QueuePurgeOptions::default()).await;
        self.channel.queue_delete(name.into(), QueueDeleteOptions::default()).await.expect("the queue goes");
    }
}

/// How many messages wait, and how many consume.
async fn state(channel: &Channel, name: &str) -> (u32, u32) {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(name.into(), options, FieldTable::default()).await;
    let queue = queue.expect("the queue is there");
    (queue.message_count(), queue.consumer_count())
}

fn confirmed(confirmation: Option<lapin::Result<lapin::Confirmation>>) {
    let confirmation = confirmation.expect("one is under way").expect("the broker confirms");
    assert!(confirmation.is_ack(), "the broker took the message");
}

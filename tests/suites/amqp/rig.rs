//! Names of one test at the broker, a client to publish and to look, and an intake to start and stop.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use rescind_worker::amqp::{Broker, Health, IntakeSettings, Names, Pace, Snapshot, intake};
use rescind_worker::config::Secret;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::engine::Engine;

/// The longest a test waits for anything.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

pub(crate) fn url() -> String {
    std::env::var("RESCIND_TEST_AMQP_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

pub(crate) fn broker(url: &str) -> Broker {
    let mut broker = Broker::new(Secret::new(url.to_owned()), Duration::from_secs(10));
    broker.pace = Pace {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(100),
        slow: Duration::from_millis(200),
    };
    broker
}

/// Polls until `is_so`, or fails after [`BOUND`].
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let mut ticks = interval(Duration::from_millis(10));
    let end = Instant::now() + BOUND;
    while !is_so().await {
        assert!(Instant::now() < end, "not in time: {what}");
        ticks.tick().await;
    }
}

pub(crate) struct Rig {
    pub(crate) names: Names,
    pub(crate) channel: Channel,
    connection: Connection,
}

impl Rig {
    pub(crate) async fn new(test: &str) -> Self {
        let mark = format!("{test}.{}", std::process::id());
        let names = Names {
            queue: format!("test.jobs.{mark}"),
            exchange: format!("test.in.{mark}"),
            events_exchange: format!("test.out.{mark}"),
        };
        let connection = Connection::connect(&url(), ConnectionProperties::default())
            .await
            .expect("a broker to test with");
        let channel = Self::confirming(&connection).await;
        Self { names, channel, connection }
    }

    async fn confirming(connection: &Connection) -> Channel {
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        channel
    }

    /// A channel that may be lost to a refused question.
    pub(crate) async fn spare(&self) -> Channel {
        Self::confirming(&self.connection).await
    }

    pub(crate) fn settings(&self, url: &str) -> IntakeSettings {
        IntakeSettings {
            broker: broker(url),
            names: self.names.clone(),
            prefetch: 100,
            channels: 2,
            batch_size: 50,
            grace: Duration::from_secs(10),
            jitter_seed: 1,
        }
    }

    pub(crate) async fn publish(&self, id: &str) {
        let body = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"consent.request.v1",
                "time":"2026-11-22T09:00:00Z","data":{{}}}}"#
        );
        self.publish_with(BasicProperties::default(), body.as_bytes()).await;
    }

    pub(crate) async fn publish_with(&self, properties: BasicProperties, body: &[u8]) {
        let confirmation = self
            .channel
            .basic_publish(
                self.names.exchange.as_str().into(),
                "consent.request.v1".into(),
                BasicPublishOptions { mandatory: true, immediate: false },
                body,
                properties,
            )
            .await
            .expect("sent")
            .await
            .expect("settled");
        assert!(confirmation.is_ack() && confirmation.take_message().is_none(), "routed and stored");
    }

    /// Publishes what `ids` names, before or while an intake runs.
    pub(crate) async fn publish_many(&self, ids: std::ops::Range<usize>) {
        for id in ids {
            self.publish(&id.to_string()).await;
        }
    }

    /// How many messages wait in the queue; `None` while it does not exist.
    pub(crate) async fn waiting(&self) -> Option<u32> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let channel = self.spare().await;
        let queue =
            channel.queue_declare(self.names.queue.as_str().into(), options, FieldTable::default()).await;
        queue.ok().map(|queue| queue.message_count())
    }

    pub(crate) async fn delete_queue(&self) {
        self.channel
            .queue_delete(self.names.queue.as_str().into(), QueueDeleteOptions::default())
            .await
            .expect("deleted");
    }

    pub(crate) async fn declare_events_exchange(&self) {
        self.channel
            .exchange_declare(
                self.names.events_exchange.as_str().into(),
                ExchangeKind::Topic,
                ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() },
                FieldTable::default(),
            )
            .await
            .expect("declared");
    }

    /// Deletes what the test made.
    pub(crate) async fn clean(self) {
        self.delete_queue().await;
        for exchange in [&self.names.exchange, &self.names.events_exchange] {
            self.channel
                .exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default())
                .await
                .expect("deleted");
        }
        self.connection.close(200, "OK".into()).await.expect("closed");
    }
}

/// An intake that runs.
pub(crate) struct Running {
    pub(crate) health: Arc<Health>,
    pub(crate) stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(settings: IntakeSettings, engine: &Arc<Engine>) -> Self {
        let health = Arc::new(Health::new("intake"));
        let stop = CancellationToken::new();
        let task = tokio::spawn(intake::run(settings, Arc::clone(engine), stop.clone(), Arc::clone(&health)));
        Self { health, stop, task }
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl FnMut(&Snapshot) -> bool) {
        let mut changes = self.health.subscribe();
        timeout(BOUND, changes.wait_for(is_so)).await.expect(what).expect("a health that lives");
    }

    pub(crate) async fn consuming(&self) {
        self.until("consuming", |s| s.connected && s.consuming).await;
    }

    /// Stops it the orderly way.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        timeout(BOUND, self.task).await.expect("it stops").expect("without a panic");
        let last = self.health.snapshot();
        assert!(!last.connected && !last.consuming);
    }

    /// Drops it where it stands, as a crash would.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.expect_err("killed").is_cancelled());
    }
}

//! The floor: the same I/O as Rescind's, written by hand for this one message and nothing else. Nothing is loaded,
//! checked or gated, no policy is read, no duplicate is told from a clash, no failure is handled. What a worker could
//! reach at best with these drivers on this machine.

mod mail;
pub(crate) mod rows;
mod smtp;

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use rows::{Depth, Keys};
use serde_json::Value;
use smtp::{Sender, Way};
use sqlx::{Connection as _, PgConnection};
use std::sync::Arc;
use tokio::sync::Notify;

/// Messages in a transaction, and mails claimed together.
pub(crate) const BATCH: usize = 256;
/// Connections to the relay, as many as Rescind's default.
const CONNECTIONS: usize = 8;

fn variable(name: &str) -> String {
    std::env::var(format!("RESCIND_BENCH_FLOOR_{name}")).unwrap_or_else(|_| panic!("{name} is set"))
}

/// A message, as far as this one needs it.
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads one.
    pub(crate) fn read(body: Vec<u8>) -> Self {
        let message: Value = serde_json::from_slice(&body).expect("a message of the benchmark");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self { id: text(&message["id"]), email: text(&message["data"]["subject"]["email"]), body }
    }
}

/// Works until it is killed. `way` is how it speaks SMTP: `lettre` or `pipelined`.
pub(crate) async fn run(way: &str) {
    let way = match way {
        "lettre" => Way::Lettre,
        "pipelined" => Way::Pipelined,
        other => panic!("{other:?} is no way to send"),
    };
    let (keys, written) = (Arc::new(Keys::new()), Arc::new(Notify::new()));
    let port = variable("SMTP_PORT").parse().expect("a port");
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        senders.push(Sender::connect(port, way).await);
    }
    let sending = send(Arc::clone(&keys), senders, Arc::clone(&written));
    tokio::join!(tokio::spawn(sending), tokio::spawn(write(keys, written))).1.expect("the floor works");
}

/// Takes messages from the queue and writes their rows, a transaction a batch, then acknowledges.
async fn write(keys: Arc<Keys>, written: Arc<Notify>) {
    let mut database = rows::connect(&variable("DATABASE")).await;
    let connection =
        Connection::connect(&variable("AMQP"), ConnectionProperties::default()).await.expect("the broker");
    let channel = connection.create_channel().await.expect("a channel");
    channel.basic_qos(2 * BATCH as u16, BasicQosOptions::default()).await.expect("a prefetch");
    let queue = variable("QUEUE");
    let consumer = channel
        .basic_consume(
            queue.as_str().into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
        .expect("a consumer");
    let mut deliveries = consumer.ready_chunks(BATCH);
    while let Some(batch) = deliveries.next().await {
        let batch: Vec<_> = batch.into_iter().map(|d| d.expect("a delivery")).collect();
        let last = batch.last().expect("chunks are not empty").acker.clone();
        let requests: Vec<Request> = batch.into_iter().map(|d| Request::read(d.data)).collect();
        let mut tx = database.begin().await.expect("a transaction");
        rows::insert(&mut tx, &keys, &requests, Depth::Whole).await;
        tx.commit().await.expect("a commit");
        last.ack(BasicAckOptions { multiple: true }).await.expect("an acknowledgement");
        written.notify_one();
    }
}

/// Claims mails, renders and sends them, and settles them.
async fn send(keys: Arc<Keys>, mut senders: Vec<Sender>, written: Arc<Notify>) {
    let mut database = rows::connect(&variable("DATABASE")).await;
    let writer = mail::Writer::new();
    loop {
        let claimed = rows::claim(&mut database).await;
        if claimed.is_empty() {
            written.notified().await;
            continue;
        }
        let ids = claimed.iter().map(|c| c.id).collect();
        let mails: Vec<mail::Letter> = claimed.iter().map(|c| writer.write(c, &keys)).collect();
        let share = mails.len().div_ceil(CONNECTIONS);
        let mut mails = mails.into_iter();
        let shares: Vec<Vec<mail::Letter>> =
            (0..CONNECTIONS).map(|_| mails.by_ref().take(share).collect()).collect();
        let sending = senders.iter_mut().zip(shares).map(|(sender, share)| sender.send(share));
        futures_util::future::join_all(sending).await;
        settle(&mut database, ids).await;
    }
}

async fn settle(database: &mut PgConnection, ids: Vec<uuid::Uuid>) {
    let settle = "update mail set state = 3, settled_at = now(), lease_until = null, claimed_by = null \
                  where id = any($1::uuid[])";
    sqlx::query(settle).bind(ids).execute(database).await.expect("mails are settled");
}

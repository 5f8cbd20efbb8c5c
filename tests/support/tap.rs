//! A client of the broker that stays connected: publishes to a worker, and hears its events.

use crate::broker::TestBroker;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::Value;

/// The connected client.
pub struct Tap {
    channel: Channel,
    exchange: String,
    queue: String,
    // ends with the client
    _connection: Connection,
}

impl Tap {
    /// At the queue and exchanges of a test, which a worker has declared by now. Its own queue ends with it.
    pub async fn new(names: &TestBroker) -> Self {
        let connected = Connection::connect(&names.url, ConnectionProperties::default()).await;
        let connection = connected.expect("the broker answers");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.expect("a queue");
        let queue = queue.name().to_string();
        let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
        let bound = channel.queue_bind(
            queue.as_str().into(),
            names.events.as_str().into(),
            "#".into(),
            options,
            arguments,
        );
        bound.await.expect("a binding");
        Self { channel, exchange: names.exchange.clone(), queue, _connection: connection }
    }

    /// Publishes messages, and waits until the broker has confirmed each.
    ///
    /// # Panics
    /// If it does not take one, or no queue is bound for it.
    pub async fn publish(&self, messages: &[Value]) {
        let mut confirms = Vec::with_capacity(messages.len());
        for message in messages {
            let kind = message["type"].as_str().expect("a type");
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let properties = BasicProperties::default()
                .with_content_type("application/cloudevents+json".into())
                .with_delivery_mode(2);
            let body = message.to_string().into_bytes();
            let exchange = self.exchange.as_str().into();
            let sent = self.channel.basic_publish(exchange, kind.into(), options, &body, properties).await;
            confirms.push(sent.expect("published"));
        }
        for confirm in confirms {
            let confirm = confirm.await.expect("an answer");
            assert!(confirm.is_ack() && confirm.take_message().is_none(), "the broker did not take it");
        }
    }

    /// The events that have come since the last call, by their ids.
    pub async fn heard(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(event) =
            self.channel.basic_get(self.queue.as_str().into(), options).await.expect("an answer")
        {
            let event: Value = serde_json::from_slice(&event.data).expect("JSON");
            ids.push(event["id"].as_str().expect("an id").to_owned());
        }
        ids
    }
}

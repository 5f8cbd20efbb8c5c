//! The AsyncAPI document: which messages and events travel over RabbitMQ, and where. Drawn from the same lists as the
//! schemas, to whose files it refers.

use super::SchemaFile;
use serde_json::{Map, Value, json};

/// AsyncAPI 3.0, for these schemas of messages and events.
pub(super) fn document(files: &[SchemaFile]) -> Value {
    let of = |group: &'static str| files.iter().filter(move |file| file.group == group);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rescind",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Messages to Rescind and events of it, as CloudEvents 1.0 in JSON over RabbitMQ. Message \
                            types carry their own version: a change that senders could notice is a new one.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "jobs": channel("privacy.jobs", "What applications tell Rescind; routed by type.", of("messages")),
            "events": channel("privacy.events", "What Rescind tells applications; routed by type.", of("events")),
        },
        "operations": {
            "takeMessage": {
                "action": "receive",
                "channel": {"$ref": "#/channels/jobs"},
                "summary": "Rescind takes a message and acts on it once, however often it is delivered.",
                "reply": {
                    "address": {
                        "location": "$message.header#/reply_to",
                        "description": "Where a refusal, or what the message asks, is answered.",
                    },
                },
            },
            "publishEvent": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "Rescind publishes an event, each subject's in the order of their numbers.",
            },
        },
        "components": {"messages": components(of("messages").chain(of("events")))},
    })
}

fn channel<'f>(exchange: &str, description: &str, files: impl Iterator<Item = &'f SchemaFile>) -> Value {
    let messages: Map<String, Value> = files
        .map(|file| {
            let reference = format!("#/components/messages/{}", file.name);
            (file.name.to_owned(), json!({"$ref": reference}))
        })
        .collect();
    json!({
        "address": exchange,
        "description": description,
        "messages": messages,
        "bindings": {"amqp": {
            "is": "routingKey",
            "exchange": {"name": exchange, "type": "topic", "durable": true, "autoDelete": false},
        }},
    })
}

fn components<'f>(files: impl Iterator<Item = &'f SchemaFile>) -> Map<String, Value> {
    files
        .map(|file| {
            let message = json!({
                "name": file.name,
                "summary": file.schema.get("description").cloned().unwrap_or_default(),
                "payload": {"$ref": format!("./{}", file.path())},
            });
            (file.name.to_owned(), message)
        })
        .collect()
}

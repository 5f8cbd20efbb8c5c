//! CloudEvents over AMQP 0-9-1, brought into the one form the engine reads: structured JSON.
//!
//! Structured mode (`application/cloudevents+json`, plain JSON or no content type at all): the body is the envelope.
//! Binary mode (attributes in headers that begin with `cloudEvents:` or `cloudEvents_`, `data` as the body): the
//! envelope is put together here. In both, the AMQP properties `reply_to` and `correlation_id` stand in for `replyto`
//! and `correlationid` where the envelope has none. Rule: nothing is judged here and nothing fails here; what cannot be
//! an envelope is handed on in a shape that the engine refuses by name. So is a body that is too large: only the
//! engine parks.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::runner::message::Answering;

/// Attributes of an envelope, each as JSON text, so that numbers and the order of fields inside stay as they were sent.
type Attributes = BTreeMap<String, Box<RawValue>>;

const PREFIX: &str = "cloudevents";

/// The envelope as JSON text, as far as the message is one.
pub fn structured(properties: &BasicProperties, body: &[u8]) -> Vec<u8> {
    let content_type = text(properties.content_type()).map(media_type).unwrap_or_default();
    let headers = properties.headers().as_ref();
    let says_structured = content_type.starts_with("application/cloudevents");
    match headers.filter(|headers| !says_structured && is_binary(headers)) {
        Some(headers) => from_binary(headers, &content_type, properties, body),
        None => from_structured(properties, body),
    }
}

/// What the properties say of the answer, for a body that cannot be brought into that form.
pub fn answering(properties: &BasicProperties) -> Answering {
    let told = |property| text(property).map(str::to_owned);
    Answering { reply_to: told(properties.reply_to()), correlation: told(properties.correlation_id()) }
}

fn from_structured(properties: &BasicProperties, body: &[u8]) -> Vec<u8> {
    if properties.reply_to().is_none() && properties.correlation_id().is_none() {
        return body.to_vec();
    }
    // Not an object: as it came, for the engine to say so.
    let Ok(mut attributes) = serde_json::from_slice::<Attributes>(body) else {
        return body.to_vec();
    };
    fill_in(&mut attributes, properties);
    to_json(&attributes).unwrap_or_else(|| body.to_vec())
}

fn from_binary(
    headers: &FieldTable,
    content_type: &str,
    properties: &BasicProperties,
    body: &[u8],
) -> Vec<u8> {
    let mut attributes = Attributes::new();
    for (header, value) in headers {
        let Some(name) = attribute(header.as_str()) else { continue };
        if let Some(value) = raw(&attribute_value(value)) {
            attributes.entry(name.to_owned()).or_insert(value);
        }
    }
    fill_in(&mut attributes, properties);
    attributes.remove("data_base64");
    attributes.remove("data");
    if let Some(data) = data(content_type, body) {
        attributes.insert("data".to_owned(), data);
    }
    // Texts, numbers and JSON that was read before cannot fail to be written; an empty body is refused all the same.
    to_json(&attributes).unwrap_or_default()
}

/// The body of binary mode as JSON. What is not JSON becomes a text, which the engine refuses, since `data` is an
/// object. `None` if there is no body.
fn data(content_type: &str, body: &[u8]) -> Option<Box<RawValue>> {
    if body.is_empty() {
        return None;
    }
    let json = content_type.is_empty()
        || content_type == "application/json"
        || content_type == "text/json"
        || content_type.ends_with("+json");
    if json && let Ok(value) = serde_json::from_slice::<Box<RawValue>>(body) {
        return Some(value);
    }
    raw(&Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn fill_in(attributes: &mut Attributes, properties: &BasicProperties) {
    for (name, property) in
        [("replyto", properties.reply_to()), ("correlationid", properties.correlation_id())]
    {
        if let Some(property) = text(property)
            && !attributes.contains_key(name)
            && let Some(value) = raw(&Value::String(property.to_owned()))
        {
            attributes.insert(name.to_owned(), value);
        }
    }
}

fn is_binary(headers: &FieldTable) -> bool {
    headers.inner().keys().any(|header| attribute(header.as_str()).is_some())
}

/// The name behind the prefix. Both separators are in use; the binding lets receivers expect either.
fn attribute(header: &str) -> Option<&str> {
    let (prefix, name) = header.split_at_checked(PREFIX.len())?;
    let name = name.strip_prefix([':', '_'])?;
    (prefix.eq_ignore_ascii_case(PREFIX) && !name.is_empty()).then_some(name)
}

/// A header's value as CloudEvents' JSON form writes it; `null` for what no attribute can be.
fn attribute_value(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::LongString(text) => {
            String::from_utf8(text.as_bytes().to_vec()).map_or(Value::Null, Value::String)
        }
        AMQPValue::ShortString(text) => Value::String(text.as_str().to_owned()),
        AMQPValue::Boolean(value) => Value::Bool(*value),
        AMQPValue::ShortShortInt(value) => (*value).into(),
        AMQPValue::ShortShortUInt(value) => (*value).into(),
        AMQPValue::ShortInt(value) => (*value).into(),
        AMQPValue::ShortUInt(value) => (*value).into(),
        AMQPValue::LongInt(value) => (*value).into(),
        AMQPValue::LongUInt(value) => (*value).into(),
        AMQPValue::LongLongInt(value) => (*value).into(),
        // AMQP's timestamp has whole seconds.
        AMQPValue::Timestamp(seconds) => i64::try_from(*seconds)
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .map_or(Value::Null, |time| Value::String(time.to_rfc3339_opts(SecondsFormat::Secs, true))),
        AMQPValue::Float(_)
        | AMQPValue::Double(_)
        | AMQPValue::DecimalValue(_)
        | AMQPValue::FieldArray(_)
        | AMQPValue::FieldTable(_)
        | AMQPValue::ByteArray(_)
        | AMQPValue::Void => Value::Null,
    }
}

fn text(property: &Option<ShortString>) -> Option<&str> {
    property.as_ref().map(ShortString::as_str)
}

/// `Application/JSON; charset=utf-8` is `application/json`.
fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn raw(value: &Value) -> Option<Box<RawValue>> {
    to_raw_value(value).ok()
}

fn to_json(attributes: &Attributes) -> Option<Vec<u8>> {
    serde_json::to_vec(attributes).ok()
}

#[cfg(test)]
#[path = "binary_tests.rs"]
mod tests;

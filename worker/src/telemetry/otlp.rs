//! OTLP as JSON (opentelemetry-proto 1, "JSON Protobuf Encoding"): ids in hexadecimal digits, 64-bit numbers as text.

use super::CONVENTIONS;
use super::export::Resource;
use super::span::Span;
use rescind_jobs::time::Timestamp;
use serde_json::{Value, json};

const SCOPE: &str = "rescind";

/// A text attribute.
pub(super) fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// Nanoseconds since 1970.
pub(super) fn nanos(time: Timestamp) -> String {
    format!("{}000", time.micros().max(0))
}

fn resource(resource: &Resource) -> Value {
    json!({"attributes": [
        attribute("service.name", &resource.service_name),
        attribute("service.version", env!("CARGO_PKG_VERSION")),
        attribute("service.instance.id", &resource.instance.to_string()),
    ]})
}

/// The body of `/v1/traces`.
pub(super) fn traces(of: &Resource, spans: &[Span]) -> Value {
    let spans: Vec<_> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{
        "resource": resource(of),
        "scopeSpans": [{"scope": {"name": SCOPE}, "spans": spans, "schemaUrl": CONVENTIONS}],
        "schemaUrl": CONVENTIONS,
    }]})
}

/// The body of `/v1/metrics`.
pub(super) fn metrics(of: &Resource, metrics: Vec<Value>) -> Value {
    json!({"resourceMetrics": [{
        "resource": resource(of),
        "scopeMetrics": [{"scope": {"name": SCOPE}, "metrics": metrics, "schemaUrl": CONVENTIONS}],
        "schemaUrl": CONVENTIONS,
    }]})
}

fn span(span: &Span) -> Value {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let mut attributes: Vec<_> =
        span.told.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    attributes.extend(span.told.error.map(|error| attribute("error.type", error)));
    let mut told = json!({
        "traceId": hex(&span.open.trace),
        "spanId": hex(&span.open.span),
        "name": span.told.name,
        "kind": span.told.kind as i32,
        "startTimeUnixNano": nanos(span.open.since),
        "endTimeUnixNano": nanos(span.until.max(span.open.since)),
        "attributes": attributes,
    });
    if let Some(parent) = &span.open.parent {
        told["parentSpanId"] = json!(hex(parent));
    }
    if span.told.error.is_some() {
        told["status"] = json!({"code": 2});
    }
    told
}

use super::*;
use lapin::types::{DecimalValue, FieldArray};
use rescind_jobs::envelope::Envelope;
use serde_json::json;

const BODY: &[u8] = br#"{"specversion":"1.0","id":"1","source":"shop","type":"consent.request.v1",
    "time":"2026-11-22T09:00:00Z","data":{"n":12345678901234567890123,"a":1}}"#;

fn long(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

fn headers(prefix: &str, more: &[(&str, AMQPValue)]) -> BasicProperties {
    let mut table = FieldTable::default();
    let all = [
        ("specversion", long("1.0")),
        ("id", long("1")),
        ("source", long("shop")),
        ("type", long("consent.request.v1")),
        ("time", long("2026-11-22T09:00:00Z")),
    ];
    for (name, value) in all.iter().chain(more) {
        table.insert(format!("{prefix}{name}").into(), value.clone());
    }
    BasicProperties::default().with_headers(table).with_content_type("application/json; charset=utf-8".into())
}

fn value(properties: &BasicProperties, body: &[u8]) -> Value {
    serde_json::from_slice(&structured(properties, body)).expect("JSON")
}

#[test]
fn a_structured_body_stays_as_it_is() {
    for content_type in [None, Some("application/cloudevents+json; charset=UTF-8"), Some("application/json")]
    {
        let mut properties = BasicProperties::default();
        if let Some(content_type) = content_type {
            properties = properties.with_content_type(content_type.into());
        }
        assert_eq!(structured(&properties, BODY), BODY);
    }
}

#[test]
fn structured_wins_over_headers_when_the_content_type_says_so() {
    let properties = headers("cloudEvents:", &[]).with_content_type("application/cloudevents+json".into());
    assert_eq!(structured(&properties, b"{\"id\":\"other\"}"), b"{\"id\":\"other\"}");
}

#[test]
fn properties_fill_in_what_the_envelope_lacks() {
    let properties =
        BasicProperties::default().with_reply_to("shop.replies".into()).with_correlation_id("c-1".into());
    let body = structured(&properties, BODY);
    let filled = Envelope::parse(&body).expect("an envelope");
    assert_eq!(filled.replyto.as_deref(), Some("shop.replies"));
    assert_eq!(filled.correlationid.as_deref(), Some("c-1"));
    // a number keeps digits that no float has
    assert!(String::from_utf8_lossy(&body).contains("12345678901234567890123"));

    let own = json!({"replyto": "own", "correlationid": "mine"}).to_string();
    let kept = value(&properties, own.as_bytes());
    assert_eq!(kept, json!({"replyto": "own", "correlationid": "mine"}));
}

#[test]
fn what_is_no_object_stays_as_it_is() {
    let properties = BasicProperties::default().with_reply_to("shop.replies".into());
    for body in [&b"[1,2]"[..], b"", b"\xff\xfe", b"{\"a\":", b"null"] {
        assert_eq!(structured(&properties, body), body);
    }
}

#[test]
fn reads_binary_mode_with_either_prefix() {
    for prefix in ["cloudEvents:", "cloudEvents_", "cloudevents:"] {
        let trace = long("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        let properties = headers(prefix, &[("traceparent", trace)]).with_reply_to("shop.replies".into());
        let envelope = Envelope::parse(&structured(&properties, br#"{"a":1}"#)).expect("an envelope");
        assert_eq!((envelope.kind.as_str(), envelope.source.as_str()), ("consent.request.v1", "shop"));
        assert_eq!(envelope.data, json!({"a": 1}));
        assert!(envelope.traceparent.is_some());
        assert_eq!(envelope.replyto.as_deref(), Some("shop.replies"));
    }
}

#[test]
fn a_missing_type_is_not_guessed() {
    let mut table = FieldTable::default();
    table.insert("cloudEvents:id".into(), long("1"));
    let properties = BasicProperties::default().with_headers(table).with_type("consent.request.v1".into());
    let refusal = Envelope::parse(&structured(&properties, b"{}")).expect_err("no type");
    assert!(refusal.fields.iter().any(|f| f.field == "type" && f.problem.contains("missing")));
}

#[test]
fn odd_headers_are_refused_by_name_and_never_panic() {
    let odd = [
        AMQPValue::Float(f32::NAN),
        AMQPValue::Double(1.5),
        AMQPValue::DecimalValue(DecimalValue { scale: 2, value: 1 }),
        AMQPValue::FieldArray(FieldArray::default()),
        AMQPValue::FieldTable(FieldTable::default()),
        AMQPValue::ByteArray(vec![0, 255].into()),
        AMQPValue::LongString(vec![0xff, 0xfe].into()),
        AMQPValue::Timestamp(u64::MAX),
        AMQPValue::Void,
        AMQPValue::LongLongInt(i64::MIN),
        AMQPValue::Boolean(true),
    ];
    for value in odd {
        let properties = headers("cloudEvents:", &[("id", value.clone())]);
        let refusal = Envelope::parse(&structured(&properties, b"{}")).expect_err("an odd id");
        assert_eq!(refusal.fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["id"], "{value:?}");
    }
}

#[test]
fn a_timestamp_header_is_a_time() {
    let properties = headers("cloudEvents:", &[("time", AMQPValue::Timestamp(1_795_338_000))]);
    assert_eq!(value(&properties, b"{}")["time"], "2026-11-22T09:00:00Z");
}

#[test]
fn data_that_is_not_json_is_refused_as_data() {
    for (content_type, body) in [
        ("application/json", &b"not json"[..]),
        ("application/json", b"\xff\xfe"),
        ("text/plain", b"{}"),
        ("application/json", b""),
    ] {
        let properties = headers("cloudEvents:", &[]).with_content_type(content_type.into());
        let refusal = Envelope::parse(&structured(&properties, body)).expect_err("no data");
        assert_eq!(refusal.fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["data"]);
    }
}

#[test]
fn a_header_cannot_stand_in_for_the_body() {
    let properties = headers("cloudEvents:", &[("data", long("header")), ("data_base64", long("AA=="))]);
    let message = value(&properties, br#"{"a":1}"#);
    assert_eq!(message["data"], json!({"a": 1}));
    assert_eq!(message.get("data_base64"), None);
}

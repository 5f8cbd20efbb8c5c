//! The envelope, in both forms of CloudEvents, and batches of them.

use super::engine::{self, Target};
use super::{assert_repeats_nothing, examples, outcome};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use rescind_jobs::envelope::Envelope;
use rescind_jobs::refusal::RefusalCode;
use rescind_worker::amqp::binary::structured;

fn read(body: &[u8]) -> u64 {
    match Envelope::parse(body) {
        Ok(envelope) => {
            let again = Envelope::parse(&envelope.to_json()).expect("what was read can be read again");
            assert!(again == envelope, "it comes back as it was");
            let attributes = [&envelope.id, &envelope.source, &envelope.kind];
            assert!(attributes.iter().all(|text| (1..=255).contains(&text.len()) && !text.contains('\0')));
            engine::outcome(&(envelope.correlationid.is_some(), envelope.replyto.is_some()))
        }
        Err(refusal) => {
            assert_repeats_nothing(&refusal);
            let whole = matches!(refusal.code, RefusalCode::MalformedJson | RefusalCode::NulCharacter);
            assert!(whole || !refusal.fields.is_empty() || refusal.detail.contains("JSON object"));
            outcome(&refusal)
        }
    }
}

const WORDS: &[&str] = &[
    "specversion",
    "1.0",
    "id",
    "source",
    "type",
    "time",
    "data",
    "data_base64",
    "traceparent",
    "correlationid",
    "replyto",
    "datacontenttype",
];

#[test]
fn structured_envelopes() {
    let seeds = examples();
    engine::run(Target { name: "envelope", seeds, words: WORDS, json: true, inputs: 5_000 }, &mut read);
}

/// An input is a line for each property and header, an empty line, and the body.
#[test]
fn binary_envelopes() {
    let seed = "type: application/json\nreply: answers\ncorrelation: c-1\n\
                cloudEvents:specversion=1.0\ncloudEvents:id=1\ncloudEvents_source=shop\n\
                cloudEvents:type=consent.request.v1\ncloudEvents:time=2026-11-22T09:00:00Z\n\n\
                {\"subject\":{\"email\":\"ana@example.org\"},\"contents\":[\"newsletter\"]}";
    let whole = format!("type: application/cloudevents+json\n\n{}", String::from_utf8_lossy(&examples()[0]));
    let target = Target {
        name: "envelope-binary",
        seeds: vec![seed.into(), whole.into()],
        words: &[WORDS, &["cloudEvents:", "cloudEvents_", "number ", "true ", "time ", "bytes "]].concat(),
        json: false,
        inputs: 5_000,
    };
    engine::run(target, &mut |input| {
        let at = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
        let (head, body) = (String::from_utf8_lossy(&input[..at]), input.get(at + 2..).unwrap_or_default());
        let (mut properties, mut headers) = (BasicProperties::default(), FieldTable::default());
        for line in head.lines() {
            // shorter names and values are all that the protocol can carry
            let short = |text: &str| text.chars().take(60).collect::<String>();
            properties = match line.split_once(": ") {
                Some(("type", value)) => properties.with_content_type(short(value).into()),
                Some(("reply", value)) => properties.with_reply_to(short(value).into()),
                Some(("correlation", value)) => properties.with_correlation_id(short(value).into()),
                _ => properties,
            };
            if let Some((name, value)) = line.split_once('=') {
                let value = match value.split_once(' ') {
                    Some(("number", number)) => AMQPValue::LongLongInt(number.parse().unwrap_or(i64::MIN)),
                    Some(("true", _)) => AMQPValue::Boolean(true),
                    Some(("time", number)) => AMQPValue::Timestamp(number.parse().unwrap_or(u64::MAX)),
                    Some(("bytes", text)) => AMQPValue::ByteArray(text.as_bytes().into()),
                    _ => AMQPValue::LongString(value.into()),
                };
                headers.insert(short(name).into(), value);
            }
        }
        read(&structured(&properties.with_headers(headers), body))
    });
}

#[test]
fn batches() {
    let one = String::from_utf8_lossy(&examples()[0]).into_owned();
    let seeds = vec![format!("[{one}]").into(), format!("[{one},{one}, 7]").into(), b"[]".to_vec()];
    let target = Target { name: "envelope-batch", seeds, words: WORDS, json: true, inputs: 2_000 };
    engine::run(target, &mut |input| match rescind_jobs::envelope::split_batch(input) {
        Ok(messages) => engine::outcome(
            &messages.iter().map(|message| read(message.get().as_bytes())).collect::<Vec<_>>(),
        ),
        Err(refusal) => {
            assert_repeats_nothing(&refusal);
            outcome(&refusal)
        }
    });
}

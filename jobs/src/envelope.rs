//! The envelope: CloudEvents 1.0 in its JSON form. The binary form of AMQP is brought into this shape by the intake.

pub mod head;

use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use crate::schema_check::shown;
use crate::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;

/// A message on its way in. Its `Debug` shows no data.
#[derive(Clone, Serialize, PartialEq)]
pub struct Envelope {
    /// Always `1.0`.
    pub specversion: String,
    /// Unique for the source.
    pub id: String,
    /// Who sends it.
    pub source: String,
    /// Its type, such as `consent.request.v1`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When what it tells happened.
    pub time: Timestamp,
    /// What it tells.
    pub data: Value,
    /// W3C trace context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Given back with every event that follows from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<String>,
    /// The routing key or queue that a refusal is answered to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replyto: Option<String>,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The longest `id`, `source`, `type`, `correlationid` and `replyto`, in bytes.
pub const LONGEST_ATTRIBUTE: usize = 255;

impl Envelope {
    /// Reads an envelope from JSON text. The refusal names every wrong attribute, and no value.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_slice(body).map_err(|e| malformed(&e))?;
        Self::from_value(value)
    }

    /// Reads an envelope from a JSON value.
    pub fn from_value(value: Value) -> Result<Self, Refusal> {
        let Value::Object(mut map) = value else {
            return Err(Refusal::new(
                RefusalCode::InvalidEnvelope,
                "A message is a JSON object with specversion, id, source, type, time and data.",
            ));
        };
        if contains_nul(&map) {
            return Err(Refusal::new(
                RefusalCode::NulCharacter,
                "A text holds the character U+0000; leave it out, not every database can store it.",
            ));
        }
        let mut problems = Vec::new();
        let specversion = required(&mut map, "specversion", &mut problems);
        let id = required(&mut map, "id", &mut problems);
        let source = required(&mut map, "source", &mut problems);
        let kind = required(&mut map, "type", &mut problems);
        let time = required(&mut map, "time", &mut problems);
        let traceparent = optional(&mut map, "traceparent", &mut problems);
        let correlationid = optional(&mut map, "correlationid", &mut problems);
        let replyto = optional(&mut map, "replyto", &mut problems);
        if source.as_deref().is_some_and(|s| !is_label(s)) {
            problems.push(problem(
                "source",
                "must name the sending app, in letters, digits and . _ ~ : / - only",
            ));
        }
        if specversion.as_deref().is_some_and(|v| v != "1.0") {
            problems.push(problem("specversion", "must be \"1.0\""));
        }
        let time = time.and_then(|t| {
            let parsed = Timestamp::parse_rfc3339(&t);
            if parsed.is_none() {
                problems.push(problem("time", "must be RFC 3339 with an offset, like 2026-11-22T09:00:00Z"));
            }
            parsed
        });
        let data = match map.remove("data") {
            Some(data @ Value::Object(_)) => Some(data),
            Some(_) => {
                problems.push(problem("data", "must be a JSON object"));
                None
            }
            None => {
                problems.push(problem("data", "is missing"));
                None
            }
        };
        match (specversion, id, source, kind, time, data) {
            (Some(specversion), Some(id), Some(source), Some(kind), Some(time), Some(data))
                if problems.is_empty() =>
            {
                Ok(Self { specversion, id, source, kind, time, data, traceparent, correlationid, replyto })
            }
            _ => Err(Refusal {
                code: RefusalCode::InvalidEnvelope,
                detail: problems
                    .iter()
                    .map(|p| format!("{}: {}", p.field, p.problem))
                    .collect::<Vec<_>>()
                    .join("; "),
                fields: problems,
            }),
        }
    }

    /// The envelope as JSON text.
    pub fn to_json(&self) -> Vec<u8> {
        // serialising texts, numbers and maps with text keys cannot fail
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Splits a JSON array of messages without giving up on one for the sake of another.
pub fn split_batch(body: &[u8]) -> Result<Vec<Box<RawValue>>, Refusal> {
    serde_json::from_slice::<Vec<Box<RawValue>>>(body).map_err(|e| malformed(&e))
}

/// The field and the problem that a serde error of `data` speaks of, without any value it quotes.
pub fn data_problem(path: &serde_path_to_error::Path, error: &serde_json::Error) -> Refusal {
    Refusal::invalid(path_of(path), redact(&error.to_string()))
}

/// Where in the data reading stopped; a name that the sender made up is not repeated.
pub(crate) fn path_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = "data".to_owned();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("[{index}]")),
            Segment::Map { key } => {
                out.push('.');
                out.push_str(&shown(key));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    out
}

/// serde's messages quote what was found (`invalid type: string "ana@…", expected …`); a quoted value is left out,
/// names of fields stay.
fn redact(message: &str) -> String {
    // the last one is serde's own: what was found may hold the words too
    let (found, expected) = match message.rsplit_once(", expected ") {
        Some((found, expected)) => (found, expected.split(" at line ").next()),
        None => (message.split(" at line ").next().unwrap_or_default(), None),
    };
    let kind = found.split(['"', '`']).next().unwrap_or(found).trim_end();
    let told = match (kind, expected) {
        ("unknown field", _) => {
            let name = found.split_once('`').and_then(|(_, rest)| rest.rsplit_once('`'));
            format!("unknown field `{}`", shown(name.map_or("", |(name, _)| name)))
        }
        ("unknown variant", _) => "unknown value".to_owned(),
        // a text of ours, or the name of a field of ours
        (_, None) => found.to_owned(),
        (kind, Some(_)) => kind.to_owned(),
    };
    expected.map_or(told.clone(), |expected| format!("{told}, expected {expected}"))
}

fn malformed(error: &serde_json::Error) -> Refusal {
    Refusal::new(
        RefusalCode::MalformedJson,
        format!("The body is not JSON: line {}, column {}.", error.line(), error.column()),
    )
}

fn problem(field: &str, problem: &str) -> FieldProblem {
    FieldProblem { field: field.to_owned(), problem: problem.to_owned() }
}

fn required(map: &mut Map<String, Value>, name: &str, problems: &mut Vec<FieldProblem>) -> Option<String> {
    if !map.contains_key(name) {
        problems.push(problem(name, "is missing"));
        return None;
    }
    let text = optional(map, name, problems);
    if text.as_deref() == Some("") {
        problems.push(problem(name, "must not be empty"));
        return None;
    }
    text
}

fn optional(map: &mut Map<String, Value>, name: &str, problems: &mut Vec<FieldProblem>) -> Option<String> {
    match map.remove(name)? {
        Value::String(text) if text.len() <= LONGEST_ATTRIBUTE => Some(text),
        Value::String(_) => {
            problems.push(problem(name, "must not be longer than 255 bytes"));
            None
        }
        _ => {
            problems.push(problem(name, "must be a string"));
            None
        }
    }
}

/// Sources stand in the trail and in registers, so an address must not pass for one.
fn is_label(source: &str) -> bool {
    source.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~:/-".contains(&b))
}

fn contains_nul(map: &Map<String, Value>) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(inside),
            Value::Object(map) => contains_nul(map),
            _ => false,
        }
    }
    map.iter().any(|(name, value)| name.contains('\0') || inside(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message() -> Value {
        json!({"specversion": "1.0", "id": "1", "source": "shop", "type": "consent.request.v1",
               "time": "2026-11-22T09:00:00Z", "data": {"a": 1}, "something": "else"})
    }

    #[test]
    fn reads_an_envelope_and_ignores_unknown_attributes() {
        let envelope = Envelope::from_value(message()).unwrap();
        assert_eq!(envelope.kind, "consent.request.v1");
        assert_eq!(Envelope::parse(&envelope.to_json()).unwrap(), envelope);
    }

    #[test]
    fn names_every_wrong_attribute() {
        let refusal =
            Envelope::from_value(json!({"specversion": "2.0", "id": "", "source": 7, "time": "today"}))
                .unwrap_err();
        let fields: Vec<_> = refusal.fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["id", "source", "type", "specversion", "time", "data"]);
    }

    #[test]
    fn refuses_nul_wherever_it_stands() {
        for place in ["id", "source", "data"] {
            let mut wrong = message();
            wrong[place] = if place == "data" { json!({"x": ["a\0b"]}) } else { json!("a\0b") };
            assert_eq!(Envelope::from_value(wrong).unwrap_err().code, RefusalCode::NulCharacter);
        }
    }

    #[test]
    fn a_problem_quotes_no_value() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "read into, never read")]
        struct Data {
            age: u8,
            ids: std::collections::BTreeMap<String, u8>,
        }
        for wrong in [
            json!({"age": "ana@example.org"}),
            json!({"ids": {"ana@example.org": "x"}}),
            json!({"ana@example.org": 1}),
            json!({"x, expected ana@example.org": 1}),
        ] {
            let error = serde_path_to_error::deserialize::<_, Data>(&wrong).unwrap_err();
            let told = data_problem(error.path(), error.inner()).detail;
            assert!(!told.contains("ana"), "{told}");
        }
    }
}

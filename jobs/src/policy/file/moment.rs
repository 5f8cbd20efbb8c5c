//! Moments as an operator writes them: a day, or a time with its offset; as a string or as TOML's own date.

use crate::time::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use std::borrow::Cow;
use std::fmt;

const EXPECTED: &str =
    "a day such as `2026-01-31` (midnight UTC) or a time with its offset such as `2026-01-31T08:00:00+01:00`";

/// A moment; a day stands for its midnight in UTC.
#[derive(Clone, Copy)]
pub(super) struct RawMoment(pub(super) Timestamp);

fn parse(text: &str) -> Option<Timestamp> {
    match text.len() {
        10 => Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")),
        _ => Timestamp::parse_rfc3339(text),
    }
}

impl<'de> Deserialize<'de> for RawMoment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl<'de> Visitor<'de> for MomentVisitor {
    type Value = RawMoment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawMoment, E> {
        parse(text).map(RawMoment).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    /// TOML's own date-times come as a map of a kind.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawMoment, A::Error> {
        let Ok(time) = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map)) else {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        };
        let text = time.to_string();
        parse(&text).map(RawMoment).ok_or_else(|| A::Error::invalid_value(Unexpected::Other(&text), &self))
    }
}

impl JsonSchema for RawMoment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A day, YYYY-MM-DD (midnight UTC), or a date-time with an offset",
            "type": "string",
            "anyOf": [{"format": "date"}, {"format": "date-time"}],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times() {
        let shown = |text| parse(text).map(|time| time.to_string());
        assert_eq!(shown("2026-01-31").as_deref(), Some("2026-01-31T00:00:00Z"));
        assert_eq!(shown("2026-01-31T08:00:00+01:00").as_deref(), Some("2026-01-31T07:00:00Z"));
        for wrong in ["", "31.01.2026", "2026-02-30", "2026-01-31T08:00:00", "tomorrow"] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }
}

//! Moments and spans. A moment is whole microseconds since 1970-01-01T00:00:00Z, so that both databases, the wire
//! and the arithmetic of deadlines agree to the digit; a finer clock would round differently on each of them.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A moment in UTC, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `micros` microseconds after the Unix epoch, or none outside the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Option<Self> {
        const FIRST: i64 = -62_135_596_800_000_000;
        const LAST: i64 = 253_402_300_799_999_999;
        (FIRST..=LAST).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 date-time with an offset, as CloudEvents 1.0 asks for; finer digits are cut off.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        Self::from_micros(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros())
    }

    /// The same moment for the `chrono` crate.
    pub fn to_chrono(self) -> DateTime<Utc> {
        // every Timestamp lies in the years 1 to 9999, which chrono can hold
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// From the `chrono` crate; finer digits are cut off.
    pub fn from_chrono(time: DateTime<Utc>) -> Option<Self> {
        Self::from_micros(time.timestamp_micros())
    }

    /// The later moment `span` away; stays at the last possible moment instead of overflowing.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0).min(253_402_300_799_999_999))
    }

    /// The earlier moment `span` before; stays at the first possible moment instead of overflowing.
    #[must_use]
    pub fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0).max(-62_135_596_800_000_000))
    }

    /// The span from `earlier` to this moment; negative if `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many digits as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_chrono().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_rfc3339(&text).ok_or_else(|| {
            serde::de::Error::custom("not a time; write RFC 3339 with an offset, like 2026-11-22T09:00:00Z")
        })
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time", "description": "RFC 3339 with an offset"})
    }
}

/// A length of time in microseconds; negative values point to the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `n` microseconds.
    pub const fn micros(n: i64) -> Self {
        Self(n)
    }

    /// `n` seconds.
    pub const fn seconds(n: i64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// `n` minutes.
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n.saturating_mul(60))
    }

    /// `n` hours.
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n.saturating_mul(60))
    }

    /// `n` days of 24 hours.
    pub const fn days(n: i64) -> Self {
        Self::hours(n.saturating_mul(24))
    }

    /// Microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded towards zero.
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc3339() {
        let time = Timestamp::parse_rfc3339("2026-11-22T10:00:00.1234567+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-22T09:00:00.123456Z");
        assert_eq!(Timestamp::parse_rfc3339("2026-11-22T09:00:00"), None);
        assert_eq!(Timestamp::parse_rfc3339("22.11.2026"), None);
    }

    #[test]
    fn never_overflows() {
        let last = Timestamp::from_micros(253_402_300_799_999_999).unwrap();
        assert_eq!(last.plus(Span::days(i64::MAX)), last);
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999999Z");
        assert!(Timestamp::from_micros(i64::MAX).is_none());
    }
}

//! Due times in the operator's own wall-clock time (placeholder until the evaluation lands).

use crate::time::Timestamp;

/// A crontab expression with a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    expression: String,
}

impl Schedule {
    /// Parses a crontab expression and an IANA time zone.
    pub fn parse(expression: &str, _time_zone: &str) -> Result<Self, String> {
        Ok(Self { expression: expression.to_owned() })
    }

    /// The first due time after `after`.
    pub fn next_after(&self, _after: Timestamp) -> Option<Timestamp> {
        None
    }

    /// As it was written.
    pub fn expression(&self) -> &str {
        &self.expression
    }
}

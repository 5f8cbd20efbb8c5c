//! The report of a sweep: what each step did, up to which time, and what went wrong. Stored while the sweep runs, so
//! that a worker that takes over goes on with it; a run with nothing to do and a run that broke look different.

use rescind_jobs::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a sweep did, by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Report {
    /// Steps that were begun.
    pub steps: BTreeMap<String, StepReport>,
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// What is older than this was dealt with; computed once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<Timestamp>,
    /// Rows, or subjects, that were dealt with; orphans that were found.
    pub count: u64,
    /// Nothing was left to do.
    pub done: bool,
    /// What went wrong; holds no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Report {
    /// Reads what is stored; what cannot be read is begun anew, because every step may be repeated.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// For the store.
    pub fn to_json(&self) -> String {
        // texts, numbers and times with text keys
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Whether any step went wrong.
    pub fn is_failed(&self) -> bool {
        self.steps.values().any(|step| step.error.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_survives_the_store() {
        let mut report = Report::read("{}");
        assert!(!report.is_failed());
        let step = StepReport { cut_off: Timestamp::from_micros(0), count: 3, done: false, error: None };
        report.steps.insert("inbox".to_owned(), step);
        assert_eq!(Report::read(&report.to_json()), report);
        assert_eq!(Report::read("not JSON"), Report::default());
    }
}

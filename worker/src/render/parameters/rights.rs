//! The parameters of mails that answer a subject's own requests.

use super::mails::plausible;
use super::samples;
use super::{ControllerBlock, MailParameters};
use serde::Serialize;

/// Processing is restricted, as the subject asked.
#[derive(Clone, Serialize)]
pub struct RestrictionConfirmed {
    /// Who answers.
    pub controller: ControllerBlock,
    /// The name to greet with, if it looks like one.
    #[serde(serialize_with = "plausible")]
    pub recipient_name: Option<String>,
    /// Since when: a date, written out in the locale.
    pub date: String,
}

/// A restriction is about to end.
#[derive(Clone, Serialize)]
pub struct RestrictionEnding {
    /// Who answers.
    pub controller: ControllerBlock,
    /// The name to greet with, if it looks like one.
    #[serde(serialize_with = "plausible")]
    pub recipient_name: Option<String>,
    /// The subject's objection was upheld.
    pub upheld: bool,
    /// The subject's objection was overridden.
    pub overridden: bool,
}

impl MailParameters for RestrictionConfirmed {
    const TEMPLATE: &'static str = "restriction_confirmed";

    fn samples(locale: &'static str) -> Vec<Self> {
        let full = Self {
            controller: samples::controller(),
            recipient_name: Some("Ana Lindqvist".to_owned()),
            date: samples::of(locale).requested_at.to_owned(),
        };
        vec![full.clone(), Self { recipient_name: None, ..full }]
    }
}

impl MailParameters for RestrictionEnding {
    const TEMPLATE: &'static str = "restriction_ending";

    fn samples(_: &'static str) -> Vec<Self> {
        let plain = Self {
            controller: samples::controller(),
            recipient_name: Some("Ana Lindqvist".to_owned()),
            upheld: false,
            overridden: false,
        };
        let overridden = Self { overridden: true, ..plain.clone() };
        vec![overridden, plain.clone(), Self { upheld: true, recipient_name: None, ..plain }]
    }
}

//! The parameters of the privacy notice (Art. 13, 14).

use serde::Serialize;

use super::samples::{self, Sample};
use super::{ControllerBlock, PageParameters};

/// The privacy notice, as the policy has it.
#[derive(Clone, Serialize)]
pub struct PrivacyPage {
    /// Who is responsible.
    pub controller: ControllerBlock,
    /// How the data protection officer is reached, a line each.
    pub officer: Option<String>,
    /// Every purpose.
    pub purposes: Vec<PurposeBlock>,
    /// Who receives data.
    pub recipients: Option<Told>,
    /// Which data go to third countries.
    pub transfers: Option<Told>,
    /// Where data come from that the person has not given, by name.
    pub sources: Vec<Told>,
    /// What else is to be said of that.
    pub origins: Option<Told>,
    /// What follows if data are not provided.
    pub not_providing: Option<Told>,
    /// Automated decisions; `None`: there are none.
    pub automated_decisions: Option<Told>,
    /// The supervisory authority.
    pub authority: Option<Told>,
    /// Some purpose rests on consent.
    pub by_consent: bool,
    /// Some purpose can be objected to.
    pub objectionable: bool,
}

/// A text of the policy, in whatever language it has it.
#[derive(Clone, Serialize)]
pub struct Told {
    /// The text; paragraphs are separated by empty lines.
    pub text: String,
    /// The locale that it is written in, which need not be the page's.
    pub locale: String,
}

/// What is told of one purpose.
#[derive(Clone, Serialize)]
pub struct PurposeBlock {
    /// What it is called.
    pub purpose_title: String,
    /// The lawful basis, as the policy writes it: `consent`, `contract` …
    pub basis: &'static str,
    /// Special categories of data, with explicit consent.
    pub special_category: bool,
    /// Direct marketing, to which one can object at any time.
    pub marketing: bool,
    /// By soft opt-in: what was bought, whose like is told of.
    pub similar_to: Option<String>,
    /// Which data are used.
    pub data: Option<Told>,
    /// The legitimate interests pursued.
    pub interests: Option<Told>,
    /// How long data are kept.
    pub period: Option<Told>,
    /// Who receives data for it.
    pub recipients: Vec<Told>,
}

impl PageParameters for PrivacyPage {
    const TEMPLATE: &'static str = "privacy";

    fn samples(locale: &'static str) -> Vec<Self> {
        let Sample { purpose, text, .. } = samples::of(locale);
        let told = || Some(Told { text: text.to_owned(), locale: locale.to_owned() });
        let named = || {
            let name = |text: &str| Told { text: text.to_owned(), locale: "en".to_owned() };
            vec![name("Quay Couriers"), name("Quay Bank")]
        };
        let bases = [
            "consent",
            "contract",
            "legal_obligation",
            "vital_interests",
            "public_task",
            "legitimate_interest",
            "soft_opt_in",
        ];
        let block = |basis| PurposeBlock {
            purpose_title: purpose.to_owned(),
            basis,
            special_category: basis == "consent",
            marketing: matches!(basis, "legitimate_interest" | "soft_opt_in"),
            similar_to: Some(purpose.to_owned()).filter(|_| basis == "soft_opt_in"),
            data: told().filter(|_| basis == "consent"),
            interests: told().filter(|_| basis == "legitimate_interest"),
            period: told().filter(|_| basis == "consent"),
            recipients: if basis == "contract" { named() } else { Vec::new() },
        };
        let full = Self {
            controller: samples::controller(),
            officer: Some("Ana Lindqvist\nofficer@harbour.example".to_owned()),
            purposes: bases.map(block).into(),
            recipients: told(),
            transfers: told(),
            sources: named(),
            origins: told(),
            not_providing: told(),
            automated_decisions: told(),
            authority: told(),
            by_consent: true,
            objectionable: true,
        };
        let bare = PurposeBlock {
            data: None,
            interests: None,
            period: None,
            recipients: Vec::new(),
            ..block("contract")
        };
        let sparse = Self {
            officer: None,
            purposes: vec![bare],
            recipients: None,
            transfers: None,
            sources: Vec::new(),
            origins: None,
            not_providing: None,
            automated_decisions: None,
            authority: None,
            by_consent: false,
            objectionable: false,
            ..full.clone()
        };
        vec![full, sparse]
    }
}

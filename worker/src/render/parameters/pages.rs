//! The parameters of the pages.

use serde::Serialize;

use super::samples::{self, Sample};
use super::{ControllerBlock, PageParameters};
use crate::render::locale::LOCALES;

/// The page behind the link of a [`ConfirmConsent`](super::ConfirmConsent): asks one question. Its forms post to the
/// page's own address: `nonce`, `answer` (`granted` or `refused`) and, where the box was ticked, `agree=yes`.
/// Only `answer=granted` together with `agree=yes` is a consent.
#[derive(Clone, Serialize)]
pub struct ConfirmPage {
    /// Who asks.
    pub controller: ControllerBlock,
    /// What the data are to be used for.
    pub purpose_title: String,
    /// The title of the wording.
    pub content_title: String,
    /// The wording itself; paragraphs are separated by empty lines.
    pub content_text: String,
    /// The version of the wording.
    pub content_version: String,
    /// The locale that the wording is written in, which need not be the page's.
    pub content_locale: String,
    /// A document that belongs to the wording.
    pub regulation: Option<Regulation>,
    /// What proves that the answer comes from this page.
    pub nonce: String,
    /// Until when an answer is possible: a date, written out in the page's locale.
    pub expires_at: String,
    /// Whether the page is shown again because "I agree" was pressed without the box being ticked.
    pub box_missing: bool,
    /// The locales that the wording exists in.
    #[serde(skip)]
    pub locales: Vec<&'static str>,
}

/// A document that a wording refers to.
#[derive(Clone, Serialize)]
pub struct Regulation {
    /// What it is called.
    pub title: String,
    /// Where it can be read (`https`); `None` where it is only attached to the mail.
    pub url: Option<String>,
}

/// The page after an answer, and at every later visit of the same link.
#[derive(Clone, Serialize)]
pub struct AnsweredPage {
    /// Who asked.
    pub controller: ControllerBlock,
    /// The title of the wording that was answered.
    pub content_title: String,
    /// The answer that stands.
    pub answer: Answer,
    /// The subject's own page, where consent is withdrawn; `None` where its address was revoked.
    pub preferences_url: Option<String>,
}

/// What a person answered.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Agreed.
    Granted,
    /// Did not agree.
    Refused,
}

/// The page for a token that is unknown, expired, or of another kind: one text, so that it tells nobody which.
#[derive(Clone, Serialize)]
pub struct LinkInvalidPage {
    /// Who runs this service.
    pub controller: ControllerBlock,
}

/// The page while something of ours does not work.
#[derive(Clone, Serialize)]
pub struct TroublePage {}

/// The page at the root.
#[derive(Clone, Serialize)]
pub struct HomePage {}

impl PageParameters for ConfirmPage {
    const TEMPLATE: &'static str = "confirm";

    fn samples(locale: &'static str) -> Vec<Self> {
        let Sample { purpose, title, text, expires_at, .. } = samples::of(locale);
        let full = Self {
            controller: samples::controller(),
            purpose_title: purpose.to_owned(),
            content_title: title.to_owned(),
            content_text: text.to_owned(),
            content_version: "3".to_owned(),
            content_locale: locale.to_owned(),
            regulation: Some(Regulation {
                title: "Newsletter 2026/3 (PDF)".to_owned(),
                url: Some("https://harbour.example/privacy/newsletter-3.pdf".to_owned()),
            }),
            nonce: "orsxg5dfmq4tcnzv".to_owned(),
            expires_at: expires_at.to_owned(),
            box_missing: false,
            locales: LOCALES.to_vec(),
        };
        let missing = Self { box_missing: true, ..full.clone() };
        let sparse = Self {
            controller: ControllerBlock { phone: None, privacy_url: None, ..samples::controller() },
            regulation: None,
            locales: vec![locale],
            ..full.clone()
        };
        let attached = Self {
            regulation: full.regulation.clone().map(|regulation| Regulation { url: None, ..regulation }),
            ..full.clone()
        };
        vec![full, missing, sparse, attached]
    }

    fn locales(&self) -> &[&'static str] {
        &self.locales
    }
}

impl PageParameters for AnsweredPage {
    const TEMPLATE: &'static str = "answered";

    fn samples(locale: &'static str) -> Vec<Self> {
        let title = samples::of(locale).title;
        let granted = Self {
            controller: samples::controller(),
            content_title: title.to_owned(),
            answer: Answer::Granted,
            preferences_url: Some("https://rescind.harbour.example/p/mzxw6ytboi".to_owned()),
        };
        let refused = Self { answer: Answer::Refused, ..granted.clone() };
        let revoked = Self { preferences_url: None, ..granted.clone() };
        vec![granted, refused, revoked]
    }
}

impl PageParameters for LinkInvalidPage {
    const TEMPLATE: &'static str = "link_invalid";

    fn samples(_: &'static str) -> Vec<Self> {
        vec![Self { controller: samples::controller() }]
    }
}

impl PageParameters for TroublePage {
    const TEMPLATE: &'static str = "trouble";

    fn samples(_: &'static str) -> Vec<Self> {
        vec![Self {}]
    }
}

impl PageParameters for HomePage {
    const TEMPLATE: &'static str = "home";

    fn samples(_: &'static str) -> Vec<Self> {
        vec![Self {}]
    }
}

//! The parameters of an app's mailing, and of the page that ends such mailings.

use super::samples;
use super::{ControllerBlock, MailParameters, PageParameters};
use serde::Serialize;

/// An app's mailing: its words in a mail of ours.
#[derive(Clone, Serialize)]
pub struct Mailing {
    /// Who writes.
    pub controller: ControllerBlock,
    /// Subject line and heading.
    pub title: String,
    /// Plain text; paragraphs are separated by empty lines.
    pub text: String,
    /// A button below the text.
    pub button: Option<MailingButton>,
    /// What it serves, for people.
    pub purpose_title: String,
    /// Where such mailings are ended.
    pub unsubscribe_url: Option<String>,
    /// The reader's own page.
    pub preferences_url: Option<String>,
}

/// A button.
#[derive(Clone, Serialize)]
pub struct MailingButton {
    /// What stands on it.
    pub title: String,
    /// Where it leads (`https`).
    pub url: String,
}

/// The page that ends mailings under one purpose. Its form posts to the page's own address what mail programs post there
/// too: `List-Unsubscribe=One-Click` (RFC 8058).
#[derive(Clone, Serialize)]
pub struct UnsubscribePage {
    /// Who writes.
    pub controller: ControllerBlock,
    /// What the mailings serve.
    pub purpose_title: String,
    /// They have ended.
    pub done: bool,
}

impl MailParameters for Mailing {
    const TEMPLATE: &'static str = "mailing";

    fn samples(locale: &'static str) -> Vec<Self> {
        let sample = samples::of(locale);
        let full = Self {
            controller: samples::controller(),
            title: sample.title.to_owned(),
            text: sample.text.to_owned(),
            button: Some(MailingButton {
                title: sample.purpose.to_owned(),
                url: "https://harbour.example/new?from=mail&list=1".to_owned(),
            }),
            purpose_title: sample.purpose.to_owned(),
            unsubscribe_url: Some(
                "https://privacy.harbour.example/u/mfrggzdfmztwq2lknnwg23tpobyxe43u".to_owned(),
            ),
            preferences_url: Some(
                "https://privacy.harbour.example/p/orsxg5dfmq4tcnzvmfrggzdfmztwq2lk".to_owned(),
            ),
        };
        let sparse = Self { button: None, unsubscribe_url: None, preferences_url: None, ..full.clone() };
        vec![full, sparse]
    }
}

impl PageParameters for UnsubscribePage {
    const TEMPLATE: &'static str = "unsubscribe";

    fn samples(locale: &'static str) -> Vec<Self> {
        let purpose_title = samples::of(locale).purpose.to_owned();
        let asks = Self { controller: samples::controller(), purpose_title, done: false };
        vec![asks.clone(), Self { done: true, ..asks }]
    }
}

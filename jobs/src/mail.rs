//! Mails that decisions order. An order names a template and what it speaks of, never an address or a text: the mail
//! is rendered, checked once more and addressed when it leaves, so that a withdrawal that arrives in between wins.

use crate::effects::Lane;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An ordered mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Mail {
    /// Asks the subject to confirm (or decline) a request for consent.
    ConfirmConsent {
        /// Which request.
        request: Uuid,
    },
    /// Asks once more before the request ends.
    RemindConsent {
        /// Which request.
        request: Uuid,
    },
}

impl Mail {
    /// The name of the template.
    pub const fn template(&self) -> &'static str {
        match self {
            Self::ConfirmConsent { .. } => "confirm_consent",
            Self::RemindConsent { .. } => "remind_consent",
        }
    }

    /// Whether somebody waits for it. What follows from background work goes in the background anyway.
    pub const fn lane(&self) -> Lane {
        match self {
            Self::ConfirmConsent { .. } => Lane::Request,
            Self::RemindConsent { .. } => Lane::Background,
        }
    }

    /// The request for consent that it belongs to.
    pub const fn request(&self) -> Uuid {
        match self {
            Self::ConfirmConsent { request } | Self::RemindConsent { request } => *request,
        }
    }
}

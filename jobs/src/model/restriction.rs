//! Restriction of processing (Art. 18) and objection (Art. 21).

use crate::protection::Sealed;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why processing is restricted (Art. 18(1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum Ground {
    /// The subject says that its data are not accurate (a).
    AccuracyContested = 0,
    /// Processing is unlawful, and the subject does not want erasure (b).
    UnlawfulProcessing = 1,
    /// The subject needs the data for a legal claim (c).
    LegalClaims = 2,
    /// The subject has objected, and it is not decided yet (d).
    ObjectionPending = 3,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Self; 4] =
        [Self::AccuracyContested, Self::UnlawfulProcessing, Self::LegalClaims, Self::ObjectionPending];

    /// The name as written in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccuracyContested => "accuracy_contested",
            Self::UnlawfulProcessing => "unlawful_processing",
            Self::LegalClaims => "legal_claims",
            Self::ObjectionPending => "objection_pending",
        }
    }

    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|g| *g as i16 == value)
    }
}

/// Where a restriction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum RestrictionState {
    /// In force.
    InForce = 0,
    /// In force, until the subject has been told that it ends (Art. 18(3)).
    Lifting = 1,
    /// Over.
    Lifted = 2,
}

impl RestrictionState {
    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        [Self::InForce, Self::Lifting, Self::Lifted].into_iter().find(|s| *s as i16 == value)
    }
}

/// A restriction of processing on one ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Restriction {
    /// Where it stands.
    pub state: RestrictionState,
    /// Since when it is in force.
    pub since: Timestamp,
    /// The source of the message that asked for it.
    pub told_by: String,
    /// What was noted, under the evidence key.
    pub note: Option<Sealed>,
    /// The mail that tells the subject of its end.
    pub notice_mail: Option<Uuid>,
    /// When it ended.
    pub lifted_at: Option<Timestamp>,
}

impl Restriction {
    /// Whether processing is restricted by it.
    pub fn is_in_force(&self) -> bool {
        self.state != RestrictionState::Lifted
    }
}

/// Where an objection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum ObjectionState {
    /// Raised, not decided: processing is restricted.
    Pending = 0,
    /// In force: the purpose is not processed.
    InForce = 1,
    /// Decided against: compelling legitimate grounds were shown (Art. 21(1)).
    Overridden = 2,
}

impl ObjectionState {
    /// The name as written in registers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InForce => "in_force",
            Self::Overridden => "overridden",
        }
    }

    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        [Self::Pending, Self::InForce, Self::Overridden].into_iter().find(|s| *s as i16 == value)
    }
}

/// An objection to one purpose.
#[derive(Clone, Debug, PartialEq)]
pub struct Objection {
    /// Where it stands.
    pub state: ObjectionState,
    /// When it was raised.
    pub at: Timestamp,
    /// The source of the message.
    pub told_by: String,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

impl Objection {
    /// Whether it stands in the way of a use. Consent that the subject gave afterwards is the later word.
    pub fn blocks(&self, consented_at: Option<Timestamp>) -> bool {
        self.state != ObjectionState::Overridden && consented_at.is_none_or(|at| at <= self.at)
    }
}

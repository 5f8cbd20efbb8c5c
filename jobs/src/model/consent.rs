//! Consents: the current state for each purpose, and the append-only records that prove how it came about.

use super::order::{Statement, StatementKind};
use super::subject::SubjectId;
use crate::code::{CategoryId, ContentId, EntryCode, PurposeId};
use crate::locale::Locale;
use crate::policy::OptIn;
use crate::protection::{BlindIndex, Sealed};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum ConsentState {
    /// Asked for, not answered.
    Requested = 0,
    /// Given.
    Granted = 1,
    /// Answered no.
    Refused = 2,
    /// Taken back (Art. 7(3)).
    Withdrawn = 3,
    /// Its period is over, or nobody answered.
    Expired = 4,
}

impl ConsentState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Requested, Self::Granted, Self::Refused, Self::Withdrawn, Self::Expired];

    /// The name as written in registers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as i16 == value)
    }
}

/// The current state of a subject's consent to one purpose.
#[derive(Clone, Debug, PartialEq)]
pub struct Consent {
    /// Where it stands.
    pub state: ConsentState,
    /// As a marketer sees it (B12).
    pub opt_in: OptIn,
    /// Since when it stands there.
    pub since: Timestamp,
    /// The last act that counted, by which later-told ones are measured.
    pub last_act: Option<Statement>,
    /// The last withdrawal, which voids every request asked before it.
    pub withdrawn_at: Option<Timestamp>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The content and version agreed to.
    pub content: Option<(ContentId, u32)>,
    /// The record that brought it here.
    pub record: Option<Uuid>,
}

impl Consent {
    /// A consent about which nothing is known yet.
    pub const fn none(since: Timestamp) -> Self {
        Self {
            state: ConsentState::Requested,
            opt_in: OptIn::None,
            since,
            last_act: None,
            withdrawn_at: None,
            expires_at: None,
            content: None,
            record: None,
        }
    }

    /// Whether `act` changes anything.
    pub fn yields_to(&self, act: &Statement) -> bool {
        self.last_act.as_ref().is_none_or(|last| act.supersedes(last))
    }

    /// Whether it covers a use at `now`.
    pub fn is_granted(&self, now: Timestamp) -> bool {
        self.state == ConsentState::Granted && self.expires_at.is_none_or(|end| end > now)
    }
}

/// An answer to a request for consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes.
    Agree,
    /// No.
    Disagree,
}

/// What a record proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum Expression {
    /// Consent given.
    Granted = 1,
    /// Consent refused.
    Refused = 2,
    /// Consent withdrawn.
    Withdrawn = 3,
}

impl Expression {
    /// The name as written in registers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// As stored.
    pub const fn from_i16(value: i16) -> Option<Self> {
        match value {
            1 => Some(Self::Granted),
            2 => Some(Self::Refused),
            3 => Some(Self::Withdrawn),
            _ => None,
        }
    }

    /// The record of an act.
    pub const fn of(kind: StatementKind) -> Self {
        match kind {
            StatementKind::Grant => Self::Granted,
            StatementKind::Refusal => Self::Refused,
            StatementKind::Withdrawal => Self::Withdrawn,
        }
    }
}

/// One expression of will, as it will have to be proven (Art. 7(1)): append-only, never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentRecord {
    /// The unique consent id (B3).
    pub id: Uuid,
    /// Whose.
    pub subject: SubjectId,
    /// For which purpose.
    pub purpose: PurposeId,
    /// What was expressed.
    pub expression: Expression,
    /// How it counts as opt-in.
    pub opt_in: OptIn,
    /// Its category; withdrawals have none of their own.
    pub category: Option<CategoryId>,
    /// The exact content, version and language; withdrawals have none of their own.
    pub content: Option<(ContentId, u32, Locale)>,
    /// Where it was expressed; a value of the dictionary, or the operating unit's name.
    pub source: String,
    /// Why it was withdrawn.
    pub reason: Option<EntryCode>,
    /// The linked regulation's SHA-256 and file name.
    pub regulation: Option<String>,
    /// The address or contact it is limited to.
    pub linked: Option<BlindIndex>,
    /// When it was expressed.
    pub expressed_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The source of the message.
    pub told_by: String,
    /// Form, staff member and manner, under the evidence key.
    pub evidence: Option<Sealed>,
    /// IP address and user agent, under the evidence key; with a period of their own.
    pub network_evidence: Option<Sealed>,
    /// When IP address and user agent are erased.
    pub network_evidence_until: Option<Timestamp>,
    /// The policy's hash.
    pub policy: [u8; 32],
}

/// What proves an expression of will beyond its record (B9).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The IP address it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<std::net::IpAddr>,
    /// The browser's user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The form, with its version: `footer/3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evidence")
    }
}

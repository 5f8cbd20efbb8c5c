//! Notices to staff: who has to stop, or to decide, is told once, says so, and is reminded if not (E5, E6).

use crate::code::{EntryCode, PurposeId, StaffId};
use crate::policy::NoticeChannel;
use crate::protection::{BlindIndex, Sealed};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum NoticeKind {
    /// Consent was withdrawn, or somebody objected: stop.
    Withdrawal = 0,
    /// Somebody asks to be erased (Art. 17): see to it.
    ErasureRequest = 1,
    /// Processing is restricted (Art. 18): change nothing, write to nobody.
    Restriction = 2,
    /// Somebody objects to a use (Art. 21(1)): decide.
    Objection = 3,
    /// A restriction is to be lifted, but the subject could not be told: tell it otherwise.
    Unreachable = 4,
    /// Somebody else has not acknowledged a notice.
    Escalation = 5,
    /// Somebody may have withdrawn, and it is not clear: find out.
    Unclear = 6,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Withdrawal,
        Self::ErasureRequest,
        Self::Restriction,
        Self::Objection,
        Self::Unreachable,
        Self::Escalation,
        Self::Unclear,
    ];

    /// The name as written in lists and in the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawal => "withdrawal",
            Self::ErasureRequest => "erasure_request",
            Self::Restriction => "restriction",
            Self::Objection => "objection",
            Self::Unreachable => "unreachable",
            Self::Escalation => "escalation",
            Self::Unclear => "unclear",
        }
    }

    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|k| *k as i16 == value)
    }
}

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum NoticeState {
    /// Not acknowledged yet.
    Open = 0,
    /// Acknowledged.
    Acknowledged = 1,
}

impl NoticeState {
    /// The name as written in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
        }
    }

    /// As stored.
    pub const fn from_i16(value: i16) -> Option<Self> {
        match value {
            0 => Some(Self::Open),
            1 => Some(Self::Acknowledged),
            _ => None,
        }
    }
}

/// One notice to one person.
#[derive(Clone, Debug, PartialEq)]
pub struct StaffNotice {
    /// Its id: derived from cause and person, so that the same is never told twice.
    pub id: Uuid,
    /// What it follows from; everybody concerned is told under the same.
    pub cause: Uuid,
    /// Whom it is for.
    pub staff: StaffId,
    /// What it is about.
    pub kind: NoticeKind,
    /// By what it is told.
    pub channel: NoticeChannel,
    /// Where it stands.
    pub state: NoticeState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is told; the clock of reminder and escalation begins here.
    pub due_at: Timestamp,
    /// When the person was reminded.
    pub reminded_at: Option<Timestamp>,
    /// When others were told that the person has not acknowledged.
    pub escalated_at: Option<Timestamp>,
    /// When the person acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// Generation of its link.
    pub generation: i16,
    /// SHA-256 of the link's token.
    pub token_hash: [u8; 32],
    /// A [`NoticeDetail`], under the subject's contact key.
    pub sealed: Sealed,
}

/// What a notice says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NoticeDetail {
    /// The purposes that it is about; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<PurposeId>,
    /// When it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Why, if told: a value of the dictionary of withdrawal reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EntryCode>,
    /// Who has not acknowledged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<StaffId>,
}

/// To whom a mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// To one of the subject's addresses.
    Address(BlindIndex),
    /// To a member of staff, at the address of the policy.
    Staff(StaffId),
}

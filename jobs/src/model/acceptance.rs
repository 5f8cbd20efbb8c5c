//! Terms that were accepted: a contract, not a consent, and kept apart from every one (C10).

use super::subject::SubjectId;
use crate::code::ContentId;
use crate::locale::Locale;
use crate::protection::Sealed;
use crate::time::Timestamp;
use uuid::Uuid;

/// An acceptance of terms; append-only.
#[derive(Clone, Debug, PartialEq)]
pub struct Acceptance {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub subject: SubjectId,
    /// The terms, in the version and language that were shown.
    pub content: (ContentId, u32, Locale),
    /// Where they were accepted; a value of the dictionary of consent sources, or the operating unit's name.
    pub source: String,
    /// The source of the message.
    pub told_by: String,
    /// When they were accepted.
    pub accepted_at: Timestamp,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// The form, under the evidence key.
    pub evidence: Option<Sealed>,
    /// The policy's hash.
    pub policy: [u8; 32],
}

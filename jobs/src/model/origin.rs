//! Where data of a subject came from, if not from the subject itself, and whether it was told so (Art. 14).

use crate::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// A source of data about a subject. There is one a subject and source, however often it is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataOrigin {
    /// Where the notice to the subject stands.
    pub state: SourceNoticeState,
    /// When it came to this.
    pub since: Timestamp,
    /// The source of the message that first told where the data came from.
    pub told_by: String,
    /// The last mail that was ordered.
    pub mail: Option<Uuid>,
}

/// Where the notice to a subject about a source of data stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum SourceNoticeState {
    /// A mail is on its way.
    Ordered = 0,
    /// The mail has left.
    Sent = 1,
    /// The subject has the information already (Art. 14(5)(a)).
    AlreadyInformed = 2,
    /// No mail reaches the subject.
    NotPossible = 3,
    /// Processing is restricted; it leaves when the restriction ends.
    Held = 4,
}

impl SourceNoticeState {
    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        [Self::Ordered, Self::Sent, Self::AlreadyInformed, Self::NotPossible, Self::Held]
            .into_iter()
            .find(|state| *state as i16 == value)
    }

    /// The name as written in registers and in the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Sent => "sent",
            Self::AlreadyInformed => "already_informed",
            Self::NotPossible => "not_possible",
            Self::Held => "held",
        }
    }
}

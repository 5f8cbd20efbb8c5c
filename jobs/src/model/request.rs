//! Requests for consent: what waits for the subject's own confirmation.

use crate::code::{ContentId, PurposeId};
use crate::locale::Locale;
use crate::protection::{BlindIndex, Sealed};
use crate::time::Timestamp;
use uuid::Uuid;

/// Where a request for consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum RequestState {
    /// Waits for the subject.
    Open = 0,
    /// Confirmed.
    Confirmed = 1,
    /// Answered no.
    Refused = 2,
    /// Nobody answered in time.
    Expired = 3,
    /// A withdrawal came after it was asked, or a newer request took its place.
    Voided = 4,
}

impl RequestState {
    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        [Self::Open, Self::Confirmed, Self::Refused, Self::Expired, Self::Voided]
            .into_iter()
            .find(|s| *s as i16 == value)
    }

    /// The name as written in registers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Voided => "voided",
        }
    }
}

/// A request for consent to one purpose: one mail, one link, one answer (A5).
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentRequest {
    /// Its id, from which the link's token derives.
    pub id: Uuid,
    /// The purpose.
    pub purpose: PurposeId,
    /// The content that is asked about.
    pub content: ContentId,
    /// Its version.
    pub version: u32,
    /// The language it is shown in unless the subject chooses another.
    pub locale: Locale,
    /// The address it goes to.
    pub address: BlindIndex,
    /// Where it stands.
    pub state: RequestState,
    /// When it was opened here.
    pub created_at: Timestamp,
    /// When the subject asked, as the sender tells.
    pub requested_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// Mails ordered for it so far.
    pub mails: i16,
    /// Generation of its link; raising it revokes the link.
    pub generation: i16,
    /// SHA-256 of the link's token.
    pub token_hash: [u8; 32],
    /// Where the subject asked (dictionary of consent sources, or the operating unit).
    pub source: String,
    /// The message's source.
    pub told_by: String,
    /// Form, staff and manner of the first step, under the evidence key.
    pub evidence: Option<Sealed>,
    /// IP address and user agent of the first step, under the evidence key.
    pub network_evidence: Option<Sealed>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// Correlation id of the message, given back with the events.
    pub correlation: Option<String>,
    /// W3C trace context of the message that asked: the answer belongs to the same trace.
    pub traceparent: Option<String>,
}

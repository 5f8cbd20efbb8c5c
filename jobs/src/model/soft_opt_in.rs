//! Soft opt-in (Art. 13(2) of Directive 2002/58/EC): customers who gave their electronic contact details with a sale, were
//! told clearly that they could object, and did not. What ends it is an objection, and nothing revives it.

use crate::policy::ChannelKind;
use crate::protection::{BlindIndex, Sealed};
use crate::time::Timestamp;

/// What is known of a customer as far as one purpose by soft opt-in needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftOptIn {
    /// When the sale was; the latest one that is known.
    pub sold_at: Timestamp,
    /// The email address that was obtained in a sale; no other one is written to.
    pub email: Option<BlindIndex>,
    /// The phone number that was obtained in a sale.
    pub phone: Option<BlindIndex>,
    /// Where the sale was; a value of the dictionary of consent sources, or the operating unit's name.
    pub source: String,
    /// The source of the message.
    pub told_by: String,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// The form in which the customer was told and could object, under the evidence key.
    pub evidence: Option<Sealed>,
    /// The policy's hash.
    pub policy: [u8; 32],
}

impl SoftOptIn {
    /// As far as the gate needs it.
    pub const fn sale(&self) -> Sale {
        Sale { at: self.sold_at, email: self.email.is_some(), phone: self.phone.is_some() }
    }

    /// A sale that is told of besides this one: of the two the later one counts, with whatever contact details only the
    /// other one brought.
    #[must_use]
    pub fn and(self, told: Self) -> Self {
        let (later, earlier) = if told.sold_at > self.sold_at { (told, self) } else { (self, told) };
        Self { email: later.email.or(earlier.email), phone: later.phone.or(earlier.phone), ..later }
    }
}

/// A sale as the gate knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// When it was.
    pub at: Timestamp,
    /// An email address was obtained.
    pub email: bool,
    /// A phone number was obtained.
    pub phone: bool,
}

impl Sale {
    /// Whether contact details for this kind of channel were obtained.
    pub const fn reaches(self, kind: ChannelKind) -> bool {
        match kind {
            ChannelKind::Email => self.email,
            ChannelKind::Phone => self.phone,
            ChannelKind::Post | ChannelKind::Other => false,
        }
    }
}

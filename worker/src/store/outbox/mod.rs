//! The outbox: what decisions ordered, until it has left. A claim spans I/O, so it has a lease and names who holds
//! it; only the holder can settle it.

pub mod channels;
pub mod events;
pub mod mailings;
pub mod mails;

/// Declares the states of a row of the outbox.
macro_rules! states {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal as $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(i16)]
        pub enum $name { $($(#[$doc])* $variant = $number),+ }

        impl $name {
            /// Every state.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as written in lists.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// As stored.
            pub const fn from_i16(value: i16) -> Option<Self> {
                match value { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

states! {
    /// Where a mail stands.
    MailState {
        /// Waits for its time, or its turn.
        Queued = 0 as "queued",
        /// A worker renders it; returns to the queue if that worker dies.
        Claimed = 1 as "claimed",
        /// A worker hands it over.
        Sending = 2 as "sending",
        /// The other side has taken it.
        Sent = 3 as "sent",
        /// Its address does not exist.
        Bounced = 4 as "bounced",
        /// It was refused, or could not leave in time.
        Failed = 5 as "failed",
        /// It may have left, or not.
        Uncertain = 6 as "uncertain",
        /// It was no longer allowed to leave.
        Suppressed = 7 as "suppressed",
    }
}

states! {
    /// Where an event stands.
    EventState {
        /// Waits for its time, or its turn.
        Queued = 0 as "queued",
        /// A worker publishes it; returns to the queue if that worker dies.
        Claimed = 1 as "claimed",
        /// The broker has confirmed it.
        Published = 2 as "published",
        /// No broker is configured; it is kept to be read.
        Kept = 3 as "kept",
    }
}

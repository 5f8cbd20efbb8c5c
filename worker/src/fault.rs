//! Named points at which a test breaks the worker on purpose: ends the process, or has the store fail.
//!
//! The points are part of every build, so that what is broken is what runs in production, and so that a test needs no
//! second build of everything. They do nothing unless the program was given a [`Hook`], as it is given a clock and
//! randomness; `rescind` gives none, and nothing outside of the process can. A point costs one read of memory.

use crate::store::{Result, StoreError};
use std::sync::OnceLock;

/// Decides what happens at a point: it may end the process; at a point of the store (and only there) an error that it
/// returns is what the store says.
pub type Hook = fn(Point) -> Option<StoreError>;

static HOOK: OnceLock<Hook> = OnceLock::new();

/// Declares the points.
macro_rules! points {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// A place in the worker.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Point { $($(#[$doc])* $variant),+ }

        impl Point {
            /// Every point, in the order of a message's way through the worker.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that tests and reports use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The point called `name`.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|point| point.name() == name)
            }
        }
    };
}

points! {
    /// Messages were taken from the broker, and nothing was done about them.
    AfterConsume = "after-consume",
    /// Messages were taken from the door, where their senders wait.
    AfterDoor = "after-door",
    /// Rows of the job table were claimed.
    AfterJobClaim = "after-job-claim",
    /// The attempt at a message that may have brought a worker down was counted.
    AfterAttempt = "after-attempt",
    /// The subjects of a batch were locked and loaded.
    AfterLoad = "after-load",
    /// A batch was decided and written, but not committed.
    BeforeCommit = "before-commit",
    /// A batch was committed; nobody knows yet.
    AfterCommit = "after-commit",
    /// Messages of the broker are decided and not acknowledged.
    BeforeAck = "before-ack",
    /// Messages of the broker were acknowledged.
    AfterAck = "after-ack",
    /// Messages at the door are decided and not answered.
    BeforeAnswer = "before-answer",
    /// Events were claimed.
    AfterEventClaim = "after-event-claim",
    /// The broker has confirmed events, and that is not recorded.
    BeforeEventSettle = "before-event-settle",
    /// Mails were claimed.
    AfterMailClaim = "after-mail-claim",
    /// Mails were marked as being handed over.
    AfterMailSending = "after-mail-sending",
    /// A connection to the mail server is open; nothing was said.
    AfterSmtpConnect = "after-smtp-connect",
    /// The mail server has answered EHLO.
    AfterSmtpHello = "after-smtp-hello",
    /// It has answered MAIL.
    AfterSmtpMail = "after-smtp-mail",
    /// It has answered RCPT.
    AfterSmtpRcpt = "after-smtp-rcpt",
    /// It has answered DATA.
    AfterSmtpData = "after-smtp-data",
    /// A mail has been written to it, with the dot at the end; it has not answered.
    AfterSmtpDot = "after-smtp-dot",
    /// It has taken a mail (250).
    AfterSmtpAccepted = "after-smtp-accepted",
    /// A mail lies in its file, and that file has its name.
    AfterMailFile = "after-mail-file",
    /// The outcomes of a group of mails are known and not recorded.
    BeforeMailSettle = "before-mail-settle",
    /// They are recorded.
    AfterMailSettle = "after-mail-settle",
    /// An endpoint of webhooks was claimed, and the events that wait for it were read.
    AfterWebhookClaim = "after-webhook-claim",
    /// An endpoint has answered about an event, or was given up.
    AfterWebhookPost = "after-webhook-post",
    /// The outcomes of a group of webhooks are known and not recorded.
    BeforeWebhookSettle = "before-webhook-settle",
    /// The worker was told to stop.
    AfterDrainBegan = "after-drain-began",
    /// Nothing more is taken in; what was taken is being finished.
    AfterIntakeEnded = "after-intake-ended",
    /// A transaction is to begin.
    StoreBegin = "store-begin",
    /// A statement is to be run.
    StoreStatement = "store-statement",
    /// A transaction is to be committed.
    StoreCommit = "store-commit",
    /// A transaction was committed, and that is not known yet.
    StoreCommitted = "store-committed",
}

/// Gives the program a hook, once for the life of the process. Returns whether it was the first.
pub fn install(hook: Hook) -> bool {
    HOOK.set(hook).is_ok()
}

/// Passes a point. It may not be left again.
pub(crate) fn at(point: Point) {
    if let Some(hook) = HOOK.get() {
        hook(point);
    }
}

/// Passes a point of the store.
///
/// # Errors
/// What the hook wants.
pub(crate) fn in_store(point: Point) -> Result<()> {
    match HOOK.get().and_then(|hook| hook(point)) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

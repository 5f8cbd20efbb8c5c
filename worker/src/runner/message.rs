//! What comes in, and what became of it.

use rescind_jobs::code::SourceId;
use rescind_jobs::refusal::Refusal;
use std::fmt;

/// A message as an intake took it.
#[derive(Clone)]
pub struct Incoming {
    /// The envelope as it came: JSON text.
    pub body: Vec<u8>,
    /// Who sends it, as far as the transport can vouch for it.
    pub sender: Sender,
    /// What to do with a refusal.
    pub on_refusal: OnRefusal,
    /// It may have been in flight when a worker died.
    pub redelivered: bool,
    /// What the transport says of the answer.
    pub answer: Answering,
}

/// Where a refusal goes and by what its sender knows it, told beside the body: all there is to answer by where the body
/// cannot be read.
#[derive(Clone, Default)]
pub struct Answering {
    /// The queue that a refusal is answered to.
    pub reply_to: Option<String>,
    /// What the answer is correlated by.
    pub correlation: Option<String>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// Who sends a message, as far as the transport can vouch for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A source of the policy, by its token or by the broker's user.
    Authenticated(SourceId),
    /// Whoever may publish to the broker; the envelope's source is a label.
    Broker,
    /// This machine, while no sources are configured; the envelope's source is a label.
    Local,
    /// The operator at the command line; the envelope's source is a label.
    Operator,
    /// A file that the operator imports. Its ids derive from what it says, so that age is no obstacle.
    Import,
    /// Rescind itself: its pages, follow-ups, schedules.
    Internal,
}

/// What to do with a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRefusal {
    /// The sender waits and is told; nothing is stored.
    Tell,
    /// Nobody waits: it is parked with its reason, and answered to `replyto` where one is given.
    Park,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Decided; its effects are committed.
    Done,
    /// Was decided before; nothing happened.
    Duplicate,
    /// Not decided: this replica's policy is behind another's. Who waits may send it again; otherwise it waits here.
    Postponed,
    /// Refused.
    Refused(Refusal),
}

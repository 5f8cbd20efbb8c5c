//! What decisions bring about. Collected for a whole batch and saved in one transaction; the part of a decision that
//! fails in the end is cut off again.

use crate::audit::AuditEvent;
use crate::code::{PurposeId, StaffChannelId};
use crate::event::Event;
use crate::mail::Mail;
use crate::model::{Acceptance, ConsentRecord, Recipient, SubjectId};
use crate::protection::Sealed;
use crate::time::Timestamp;
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// What goes with everything that follows from a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The message's correlation id.
    pub correlation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// A mail to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct MailOrder {
    /// Its id, from which its Message-ID derives.
    pub id: Uuid,
    /// About whom; none for what is about several.
    pub subject: Option<SubjectId>,
    /// To whom.
    pub to: Recipient,
    /// The purpose that it serves, whose end suppresses it.
    pub purpose: Option<PurposeId>,
    /// What it says.
    pub mail: Mail,
    /// Not before.
    pub due_at: Timestamp,
    /// Which mails go first.
    pub lane: Lane,
    /// The channel by which it goes to a member of staff; none: by mail.
    pub channel: Option<StaffChannelId>,
    /// What an app's mailing brings beside.
    pub mailing: Option<SealedMailing>,
    /// What it follows from.
    pub trace: Trace,
}

/// What an app's mailing brings beside its order.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedMailing {
    /// A [`MailingText`](crate::mail::MailingText), under the subject's contact key.
    pub sealed: Sealed,
    /// What it leaves by.
    pub footing: Footing,
    /// SHA-256 of the token of the link that ends such mailings; none where nobody can.
    pub unsubscribe: Option<[u8; 32]>,
}

/// What has to hold in the store when a mailing leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum Footing {
    /// A consent that stands.
    Consent = 1,
    /// Another basis, without an objection.
    Other = 2,
    /// A sale that soft opt-in rests on, and no objection whatever came after it.
    Sale = 3,
}

impl MailOrder {
    /// It leads to the subject's own page: it goes to the subject under a purpose that it has consented to, or that needs no
    /// consent, or it tells where its data came from.
    pub(crate) fn leads_to_page(&self) -> bool {
        let tells_origin = matches!(self.mail, Mail::SourceNotice { .. });
        (self.purpose.is_some() || tells_origin)
            && self.mail.request().is_none()
            && matches!(self.to, Recipient::Address(_))
    }
}

/// An event to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct EventOrder {
    /// Its id, on the wire too.
    pub id: Uuid,
    /// About whom.
    pub subject: Option<SubjectId>,
    /// Its number among the subject's events; they leave in this order.
    pub sequence: i64,
    /// What happened.
    pub event: Event,
    /// Where it goes instead of its type's routing key: the `replyto` of a message.
    pub reply_to: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// Which events go first, as far as the order of a subject's events allows.
    pub lane: Lane,
    /// What it follows from.
    pub trace: Trace,
}

/// What goes first: messages, and the mails and events that they bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub enum Lane {
    /// People or apps wait for it.
    Request = 0,
    /// Sweeps, expansions, reminders, and what follows from them: they never keep the others waiting.
    Background = 1,
}

/// A message to Rescind itself.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowUp {
    /// Its id.
    pub id: Uuid,
    /// Whom it concerns.
    pub subject: Option<SubjectId>,
    /// Who sent the message it follows from.
    pub source: String,
    /// Its type.
    pub kind: &'static str,
    /// Its data. Holds names and references only.
    pub data: Value,
    /// The time of what it tells: an act's if it passes one on, else that of the decision.
    pub time: Timestamp,
    /// Not before.
    pub due_at: Timestamp,
    /// Which messages go first.
    pub lane: Lane,
    /// What it follows from.
    pub trace: Trace,
}

/// Which queued mails no longer leave. Those that may have left already become uncertain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suppression {
    /// Those of a request for consent.
    Request(Uuid),
    /// Those to a subject under a purpose.
    Purpose(SubjectId, PurposeId),
    /// All to a subject that do not answer its own requests.
    Subject(SubjectId),
}

impl Suppression {
    /// Whether it is meant for a mail.
    pub fn covers(&self, order: &MailOrder) -> bool {
        let to_subject = matches!(order.to, Recipient::Address(_));
        match self {
            Self::Request(request) => order.mail.request() == Some(*request),
            Self::Purpose(subject, purpose) => {
                to_subject
                    && order.mail.request().is_none()
                    && order.subject == Some(*subject)
                    && order.purpose.as_ref() == Some(purpose)
            }
            Self::Subject(subject) => {
                to_subject && order.subject == Some(*subject) && !order.mail.answers_subject()
            }
        }
    }

    /// Why those mails no longer leave.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Request(_) => "consent was withdrawn",
            Self::Purpose(..) => "its purpose has ended",
            Self::Subject(_) => "processing is restricted",
        }
    }
}

/// A sweep to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepOrder {
    /// Its id.
    pub id: Uuid,
    /// Which sweep.
    pub name: &'static str,
    /// When it was ordered.
    pub at: Timestamp,
    /// Who ordered it.
    pub source: String,
}

/// A counter over a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter {
    /// Keyed hash of what is counted.
    pub key: [u8; 32],
    /// Start of the window.
    pub window: Timestamp,
}

/// How far counters may go, and how far this batch takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// How much this batch adds.
    pub added: u32,
    /// The highest value allowed.
    pub limit: u32,
}

/// Everything a batch brings about beside the subjects' new states.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// The trail.
    pub audit: Vec<AuditEvent>,
    /// Proofs.
    pub records: Vec<ConsentRecord>,
    /// Terms that were accepted.
    pub acceptances: Vec<Acceptance>,
    /// Mails.
    pub mails: Vec<MailOrder>,
    /// Queued mails that no longer leave, and how many of this batch's mails were ordered before that.
    pub suppressions: Vec<(Suppression, usize)>,
    /// Events.
    pub events: Vec<EventOrder>,
    /// Messages to Rescind itself.
    pub follow_ups: Vec<FollowUp>,
    /// Sweeps.
    pub sweeps: Vec<SweepOrder>,
    /// Counters.
    pub uses: HashMap<Counter, Use>,
    pub(crate) journal: Vec<Counter>,
}

/// How far each list went before a decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    audit: usize,
    records: usize,
    acceptances: usize,
    pub(crate) mails: usize,
    suppressions: usize,
    pub(crate) events: usize,
    follow_ups: usize,
    sweeps: usize,
    journal: usize,
}

impl Effects {
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            audit: self.audit.len(),
            records: self.records.len(),
            acceptances: self.acceptances.len(),
            mails: self.mails.len(),
            suppressions: self.suppressions.len(),
            events: self.events.len(),
            follow_ups: self.follow_ups.len(),
            sweeps: self.sweeps.len(),
            journal: self.journal.len(),
        }
    }

    /// Drops everything since `mark`.
    pub(crate) fn cut(&mut self, mark: Mark) {
        self.audit.truncate(mark.audit);
        self.records.truncate(mark.records);
        self.acceptances.truncate(mark.acceptances);
        self.mails.truncate(mark.mails);
        self.suppressions.truncate(mark.suppressions);
        self.events.truncate(mark.events);
        self.follow_ups.truncate(mark.follow_ups);
        self.sweeps.truncate(mark.sweeps);
        for counter in self.journal.drain(mark.journal..) {
            if let Some(use_) = self.uses.get_mut(&counter) {
                use_.added -= 1;
                if use_.added == 0 {
                    self.uses.remove(&counter);
                }
            }
        }
    }
}

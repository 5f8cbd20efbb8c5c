//! A decision: one message, one subject, no I/O. Everything it may know or bring about is here.

use crate::audit::{Act, AuditEvent, Cause};
use crate::code::{PurposeId, StaffChannelId, StaffId};
use crate::effects::{
    Counter, Effects, EventOrder, FollowUp, Footing, Lane, MailOrder, SealedMailing, Suppression, SweepOrder,
    Trace, Use,
};
use crate::event::Event;
use crate::gate::Known;
use crate::job::{AnyJob, Job};
use crate::mail::{Mail, Mailing, unsubscribe_token};
use crate::model::{Acceptance, ConsentRecord, Identity, Recipient, Subject, SubjectId};
use crate::policy::{LawfulBasis, Policy};
use crate::protection::{BlindIndex, Sealed, Unsealable, Vault, new_id, token_hash};
use crate::refusal::{Refusal, RefusalCode};
use crate::time::{Span, Timestamp};
use rand_core::CryptoRng;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// Times up to this far ahead of ours count as now; a sender's clock may be that wrong.
pub const CLOCK_TOLERANCE: Span = Span::minutes(2);

/// The source of what Rescind sends to itself; no sender may use it.
pub const INTERNAL_SOURCE: &str = "rescind";

/// What is known of the message that is decided.
#[derive(Clone, Debug)]
pub struct MessageContext {
    /// The authenticated source.
    pub source: String,
    /// Its id, by which its sender knows it; senders could put anything into it, so it goes back to them and nowhere
    /// else.
    pub id: String,
    /// Where an answer goes.
    pub reply_to: Option<String>,
    /// Checksum of source and id, for the trail.
    pub message: String,
    /// The envelope's time.
    pub time: Timestamp,
    /// Whether somebody waits for it; what follows from it goes first, or later, as it does.
    pub lane: Lane,
    /// What goes with everything that follows.
    pub trace: Trace,
}

/// What every decision of a batch shares.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The time of the batch.
    pub now: Timestamp,
    /// The policy.
    pub policy: &'a Policy,
    /// The policy's hash in hexadecimal digits.
    pub policy_hex: &'a str,
    /// The keys.
    pub vault: &'a Vault,
    /// How far counters are known to have gone in committed batches.
    pub counters: &'a HashMap<Counter, u32>,
    /// Identities that this batch has claimed and sealed for subjects just heard of.
    pub claimed: &'a HashMap<BlindIndex, Option<Identity>>,
}

/// A mailing to be ordered.
pub(crate) struct MailingOrder {
    /// To which of the subject's addresses.
    pub address: BlindIndex,
    /// Under what.
    pub mailing: Mailing,
    /// Its words.
    pub sealed: Sealed,
    /// Not before.
    pub due_at: Option<Timestamp>,
}

/// Handed to a job: what it may know, and where it puts what it brings about.
pub struct Decision<'a> {
    around: Surroundings<'a>,
    message: &'a MessageContext,
    trace: Trace,
    subject: Option<SubjectId>,
    sequence: i64,
    acts: i16,
    rng: &'a mut dyn CryptoRng,
    out: &'a mut Effects,
}

impl<'a> Decision<'a> {
    /// The time.
    pub const fn now(&self) -> Timestamp {
        self.around.now
    }

    /// The policy.
    pub const fn policy(&self) -> &'a Policy {
        self.around.policy
    }

    /// The keys.
    pub const fn vault(&self) -> &'a Vault {
        self.around.vault
    }

    /// Randomness.
    pub fn rng(&mut self) -> &mut dyn CryptoRng {
        self.rng
    }

    /// What is known of the message.
    pub const fn message(&self) -> &'a MessageContext {
        self.message
    }

    /// Lets everything that follows carry this correlation id, if the message brings none of its own: an answer on a
    /// page belongs to the message that asked for it.
    pub(crate) fn correlate(&mut self, correlation: Option<&str>) {
        if self.trace.correlation.is_none() {
            self.trace.correlation = correlation.map(str::to_owned);
        }
    }

    /// An identity that this batch has claimed and sealed already.
    pub(crate) fn claimed(&self, index: &BlindIndex) -> Option<&'a Identity> {
        self.around.claimed.get(index)?.as_ref()
    }

    /// A fresh id.
    pub fn new_id(&mut self) -> Uuid {
        new_id(self.around.now, self.rng)
    }

    /// The time of an act: as told, else the envelope's. Up to two minutes ahead counts as now.
    ///
    /// # Errors
    /// Refuses a later time, naming `field`.
    pub fn act_time(&self, told: Option<Timestamp>, field: &str) -> Result<Timestamp, Refusal> {
        let (time, field) = told.map_or((self.message.time, "time"), |t| (t, field));
        if time > self.now().plus(CLOCK_TOLERANCE) {
            return Err(Refusal::field(
                RefusalCode::FutureTime,
                field,
                "lies in the future; send the time at which it happened",
            ));
        }
        Ok(time.min(self.now()))
    }

    /// Orders a mail to one of the subject's addresses; `purpose` is the one that it serves. Returns its id.
    pub fn mail(&mut self, address: BlindIndex, purpose: Option<&PurposeId>, mail: Mail) -> Uuid {
        let order = MailOrder {
            id: self.new_id(),
            subject: self.subject,
            to: Recipient::Address(address),
            purpose: purpose.cloned(),
            lane: self.message.lane.max(mail.lane()),
            mail,
            due_at: self.now(),
            channel: None,
            mailing: None,
            trace: self.trace.clone(),
        };
        let id = order.id;
        self.out.mails.push(order);
        id
    }

    /// Orders an app's mailing, not before its time. Returns the id of the mail.
    pub(crate) fn mailing(&mut self, order: MailingOrder) -> Uuid {
        let MailingOrder { address, mailing, sealed, due_at } = order;
        let purpose = mailing.purpose.clone();
        let id = self.mail(address, Some(&purpose), Mail::Mailing(mailing));
        let rules = self.policy().purposes.get(&purpose);
        let footing = match rules.map(|p| &p.basis) {
            Some(LawfulBasis::Consent) => Footing::Consent,
            Some(LawfulBasis::SoftOptIn { .. }) => Footing::Sale,
            _ => Footing::Other,
        };
        // the mail is written by the policy of the moment at which it leaves: its link must be known whichever that is
        let vault = self.vault();
        let token = |subject| token_hash(&unsubscribe_token(vault, subject, &purpose));
        let unsubscribe = self.subject.map(token);
        let now = self.now();
        if let Some(order) = self.out.mails.last_mut() {
            order.due_at = due_at.unwrap_or(now).max(now);
            order.mailing = Some(SealedMailing { sealed, footing, unsubscribe });
        }
        id
    }

    /// Orders a mail to a member of staff, not before `due_at`. A mail of the same id is ordered once.
    pub(crate) fn staff_mail(&mut self, id: Uuid, staff: StaffId, due_at: Timestamp, mail: Mail) {
        // a digest is about several subjects
        let subject = self.subject.filter(|_| mail != Mail::StaffDigest);
        let (to, trace) = (Recipient::Staff(staff), self.trace.clone());
        let lane = self.message.lane.max(mail.lane());
        let (purpose, channel, mailing) = (None, None, None);
        self.out.mails.push(MailOrder {
            id,
            subject,
            to,
            purpose,
            mail,
            due_at,
            lane,
            channel,
            mailing,
            trace,
        });
    }

    /// Orders that a member of staff is told by a channel, at once. It becomes a mail if the channel fails.
    pub(crate) fn staff_message(&mut self, id: Uuid, staff: StaffId, channel: StaffChannelId, mail: Mail) {
        self.staff_mail(id, staff, self.now(), mail);
        if let Some(order) = self.out.mails.last_mut() {
            order.channel = Some(channel);
        }
    }

    /// Keeps queued mails from leaving.
    pub(crate) fn suppress(&mut self, suppression: Suppression) {
        let before = self.out.mails.len();
        self.out.suppressions.push((suppression, before));
    }

    /// Publishes an event to the apps, in the subject's sequence.
    pub fn publish(&mut self, event: Event) {
        let order = EventOrder {
            id: self.new_id(),
            subject: self.subject,
            sequence: 0,
            event,
            reply_to: None,
            at: self.now(),
            lane: self.message.lane,
            trace: self.trace.clone(),
        };
        self.out.events.push(order);
    }

    /// Answers the message: to where it asks for the answer, else under the event's own type.
    pub(crate) fn reply(&mut self, event: Event) {
        let order = EventOrder {
            id: self.new_id(),
            subject: None,
            sequence: 0,
            event,
            reply_to: self.message.reply_to.clone(),
            at: self.now(),
            lane: self.message.lane,
            trace: self.trace.clone(),
        };
        self.out.events.push(order);
    }

    /// Sends a message to Rescind itself, about the same subject. For what is due later nobody waits: it goes in the
    /// background.
    pub fn later<J: Job>(&mut self, due_at: Timestamp, job: &J) {
        let follow_up = FollowUp {
            id: self.new_id(),
            subject: self.subject,
            source: INTERNAL_SOURCE.to_owned(),
            kind: J::KIND,
            // jobs are plain data with text keys
            data: serde_json::to_value(job).unwrap_or_default(),
            time: self.now(),
            due_at,
            lane: if due_at > self.now() { Lane::Background } else { self.message.lane },
            trace: self.trace.clone(),
        };
        self.out.follow_ups.push(follow_up);
    }

    /// Orders a sweep.
    pub fn sweep(&mut self, name: &'static str) {
        let order =
            SweepOrder { id: self.new_id(), name, at: self.now(), source: self.message.source.clone() };
        self.out.sweeps.push(order);
    }

    /// Enters an act in the trail.
    pub fn record(&mut self, act: &Act) {
        let cause = Cause {
            source: &self.message.source,
            message: &self.message.message,
            policy: self.around.policy_hex,
        };
        let place = (self.sequence, self.acts);
        self.acts += 1;
        let event = AuditEvent::new(act, self.subject, place, self.around.now, cause, self.rng);
        self.out.audit.push(event);
    }

    /// Keeps a proof.
    pub fn prove(&mut self, record: ConsentRecord) {
        self.out.records.push(record);
    }

    /// Keeps an acceptance of terms.
    pub(crate) fn accept(&mut self, acceptance: Acceptance) {
        self.out.acceptances.push(acceptance);
    }

    /// Takes `step` as a whole: what it ordered and counted before it refused is dropped again.
    ///
    /// # Errors
    /// The step's refusal; what it did to the subject by then is for the caller to judge.
    pub(crate) fn whole<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mark = self.out.mark();
        step(self).inspect_err(|_| self.out.cut(mark))
    }

    /// Counts one more of `value` within `scope`, if fewer than `limit` were counted in the current window.
    ///
    /// # Errors
    /// Refuses when the limit is reached.
    pub fn count(&mut self, scope: &str, value: &[u8], window: Span, limit: u32) -> Result<(), Refusal> {
        let length = window.as_micros().max(1);
        let start = self.now().micros().div_euclid(length) * length;
        let window = Timestamp::from_micros(start).unwrap_or(self.now());
        let counter = Counter { key: self.vault().counter_key(scope, value), window };
        let known = self.around.counters.get(&counter).copied().unwrap_or(0);
        let use_ = self.out.uses.entry(counter).or_insert(Use { added: 0, limit });
        if known.saturating_add(use_.added) >= limit {
            if use_.added == 0 {
                self.out.uses.remove(&counter);
            }
            return Err(Refusal::new(
                RefusalCode::LimitReached,
                format!(
                    "The limit of {limit} requests for consent per {scope} is reached; send it again later."
                ),
            ));
        }
        use_.added += 1;
        self.out.journal.push(counter);
        Ok(())
    }
}

impl From<Unsealable> for Refusal {
    fn from(error: Unsealable) -> Self {
        Self::new(RefusalCode::InternalError, error.to_string())
    }
}

/// Decides one message about `subject`. The subject and the effects change only if it succeeds; a panic is a refusal.
pub fn decide(
    job: &dyn AnyJob,
    message: &MessageContext,
    around: Surroundings<'_>,
    rng: &mut dyn CryptoRng,
    subject: &mut Subject,
    out: &mut Effects,
) -> Result<(), Refusal> {
    let mark = out.mark();
    let mut draft = subject.clone();
    draft.version += 1;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut cx = Decision {
            around,
            message,
            trace: message.trace.clone(),
            subject: Some(draft.id),
            sequence: draft.version,
            acts: 0,
            rng: &mut *rng,
            out: &mut *out,
        };
        if draft.version == 1 {
            cx.record(&Act::SubjectCreated);
        }
        if let Some(named) = job.named() {
            crate::jobs::naming::learn(named, job.renames(), &mut draft, &mut cx)?;
        }
        job.decide(&mut draft, &mut cx)
    }));
    match outcome.unwrap_or_else(|_| Err(panicked())) {
        Ok(()) => {
            for event in &mut out.events[mark.events..] {
                draft.event_sequence += 1;
                event.sequence = draft.event_sequence;
            }
            if out.mails[mark.mails..].iter().any(MailOrder::leads_to_page) {
                // such a mail leads to the subject's own page
                draft.open_page(around.vault);
            }
            *subject = draft;
            Ok(())
        }
        Err(refusal) => {
            out.cut(mark);
            Err(refusal)
        }
    }
}

/// Decides one message that concerns no subject.
pub fn decide_alone(
    job: &dyn AnyJob,
    message: &MessageContext,
    around: Surroundings<'_>,
    rng: &mut dyn CryptoRng,
    out: &mut Effects,
) -> Result<(), Refusal> {
    without_subject(message, around, rng, out, |cx| job.decide_alone(cx))
}

/// Answers one message that asks about subjects, of whom this is known.
pub fn answer(
    job: &dyn AnyJob,
    known: &[Known],
    message: &MessageContext,
    around: Surroundings<'_>,
    rng: &mut dyn CryptoRng,
    out: &mut Effects,
) -> Result<(), Refusal> {
    without_subject(message, around, rng, out, |cx| job.answer(known, cx))
}

fn without_subject(
    message: &MessageContext,
    around: Surroundings<'_>,
    rng: &mut dyn CryptoRng,
    out: &mut Effects,
    step: impl FnOnce(&mut Decision<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mark = out.mark();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut cx = Decision {
            around,
            message,
            trace: message.trace.clone(),
            subject: None,
            sequence: 0,
            acts: 0,
            rng: &mut *rng,
            out: &mut *out,
        };
        step(&mut cx)
    }));
    outcome.unwrap_or_else(|_| Err(panicked())).inspect_err(|_| out.cut(mark))
}

fn panicked() -> Refusal {
    Refusal::new(
        RefusalCode::InternalError,
        "The decision failed on our side. The operator finds the place in the log; nothing was changed.",
    )
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;

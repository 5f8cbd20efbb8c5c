//! What follows from the outcome of a mail, as messages to ourselves.

use super::mails::MailDispatcher;
use crate::store::Ts;
use crate::store::outbox::MailState;
use crate::store::outbox::mails::Claimed;
use crate::store::queue::{Origin, follow_up_body};
use crate::store::tables::JobRow;
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::{MarkUndeliverable, SettleMail};
use rescind_jobs::mail::Mail;
use rescind_jobs::model::Recipient;
use rescind_jobs::protection::new_id;
use rescind_jobs::time::Timestamp;

impl MailDispatcher {
    pub(super) fn undeliverable(&self, mail: &Claimed, now: Timestamp) -> Option<JobRow> {
        // whether staff can be reached is not a subject's business; the mail stands in the outbox
        let Recipient::Address(address) = &mail.to else { return None };
        let job = MarkUndeliverable { mail: mail.id, address: data_encoding::HEXLOWER.encode(&address.0) };
        self.follow_up(mail, &job, now)
    }

    /// What a decision waits for: the outcome of a mail, as a message.
    pub(super) fn outcome(&self, mail: &Claimed, state: MailState, now: Timestamp) -> Option<JobRow> {
        if !mail.mail.is_awaited() || state == MailState::Queued {
            return None;
        }
        if state == MailState::Uncertain && matches!(mail.mail, Mail::SourceNotice { .. }) {
            // it may have left; told that it had not, somebody would get it twice
            return None;
        }
        self.follow_up(mail, &SettleMail { mail: mail.id, sent: state == MailState::Sent }, now)
    }

    fn follow_up<J: Job>(&self, mail: &Claimed, job: &J, now: Timestamp) -> Option<JobRow> {
        let mut rng = self.randomness.generator().ok()?;
        Some(JobRow {
            id: new_id(now, &mut rng),
            subject_id: Some(mail.subject?.0),
            source: INTERNAL_SOURCE.to_owned(),
            origin: Origin::FollowUp as i16,
            kind: Some(J::KIND.to_owned()),
            body: follow_up_body(now, &serde_json::to_value(job).unwrap_or_default()),
            day: None,
            due_at: Ts(now),
            lane: mail.mail.lane() as i16,
            attempt: 0,
            schedule: None,
            created_at: Ts(now),
            correlation: None,
            traceparent: mail.traceparent.clone(),
        })
    }
}

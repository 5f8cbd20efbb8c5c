//! A restriction ends, after the subject was told (Art. 18(3)).

use super::restricting::{lift, reachable, seal_note};
use super::settle_mail::SettleMail;
use super::stopping::{End, Ended, stop};
use crate::audit::Act;
use crate::decision::Decision;
use crate::event::StopCause;
use crate::job::{Concerns, Job};
use crate::mail::{Decided, Mail};
use crate::model::{Ground, ObjectionState, RestrictionState, Subject};
use crate::refusal::{Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use crate::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `subject.unrestrict.v1`: the subject is told that the restriction ends; it ends once that mail has left.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnrestrictSubject {
    /// Whose data.
    pub subject: SubjectRef,
    /// Which restriction; all of them if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// How the objections were decided, if some are open: `upheld`, or `overridden` by compelling legitimate grounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<Decided>,
    /// The subject was told otherwise already, because mail does not reach it; then the restriction ends at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// What staff should know of it; sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How the subject was told.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// By letter, by phone.
    pub how: String,
}

/// How long the outcome of a mail is waited for; a worker that dies while handing it over tells nothing.
const LONGEST_WAIT: Span = Span::days(7);

impl Job for UnrestrictSubject {
    const KIND: &'static str = "subject.unrestrict.v1";
    const RIGHTS: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let meant = |ground: &Ground| self.ground.is_none_or(|wanted| wanted == *ground);
        let grounds: Vec<Ground> = subject
            .restrictions
            .iter()
            .filter(|(ground, restriction)| meant(ground) && restriction.is_in_force())
            .map(|(ground, _)| *ground)
            .collect();
        if grounds.is_empty() {
            return Err(Refusal::field(
                RefusalCode::NotRestricted,
                "data.subject",
                "is not restricted on this ground, so there is nothing to lift",
            ));
        }
        if self.told.as_ref().is_some_and(|told| told.how.trim().is_empty()) {
            return Err(Refusal::invalid(
                "data.told.how",
                "must say how the subject was told, like \"letter\"",
            ));
        }
        if grounds.contains(&Ground::ObjectionPending) {
            self.decide_objections(subject, cx)?;
        }
        if let Some(note) = &self.note {
            for ground in &grounds {
                let sealed = seal_note(note, subject, cx)?;
                if let Some(restriction) = subject.restrictions.get_mut(ground) {
                    restriction.note = Some(sealed);
                }
            }
        }
        if self.told.is_some() {
            for ground in &grounds {
                cx.record(&Act::RestrictionEnding { ground: *ground, mail: None });
            }
            lift(&grounds, subject, cx);
            return Ok(());
        }
        self.tell(&grounds, subject, cx)
    }
}

impl UnrestrictSubject {
    /// Decides what is open of the subject's objections.
    fn decide_objections(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let now = cx.now();
        let open: Vec<_> = subject
            .objections
            .iter()
            .filter(|(_, objection)| objection.state == ObjectionState::Pending)
            .map(|(purpose, _)| purpose.clone())
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let Some(decided) = self.objection else {
            return Err(Refusal::invalid(
                "data.objection",
                "must say how the objection was decided: \"upheld\" or \"overridden\"",
            ));
        };
        let mut ended = Vec::new();
        for purpose in open {
            if let Some(objection) = subject.objections.get_mut(&purpose) {
                objection.state = match decided {
                    Decided::Upheld => ObjectionState::InForce,
                    Decided::Overridden => ObjectionState::Overridden,
                };
                objection.decided_at = Some(now);
            }
            cx.record(&Act::ObjectionDecided { purpose: purpose.clone(), decided });
            if decided == Decided::Upheld {
                ended.push(Ended { purpose, was_in_use: true });
            }
        }
        stop(&ended, &End { cause: StopCause::Objection, at: now, reason: None }, subject, cx)
    }

    /// Orders the mail that tells the subject; the restriction ends when it has left.
    fn tell(&self, grounds: &[Ground], subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let waits = |restriction: Option<&crate::model::Restriction>| {
            restriction.is_some_and(|r| r.state == RestrictionState::Lifting)
        };
        if grounds.iter().all(|ground| waits(subject.restrictions.get(ground))) {
            // the mail is on its way
            return Ok(());
        }
        let Some(address) = reachable(subject) else {
            return Err(Refusal::field(
                RefusalCode::SubjectUnreachable,
                "data.told",
                "must say how the subject was told, because it has no address that mail reaches; tell it by letter or \
                 phone first",
            ));
        };
        let mail = cx.mail(address.index, None, Mail::RestrictionEnding { objection: self.objection });
        for ground in grounds {
            if let Some(restriction) = subject.restrictions.get_mut(ground) {
                restriction.state = RestrictionState::Lifting;
                restriction.notice_mail = Some(mail);
            }
            cx.record(&Act::RestrictionEnding { ground: *ground, mail: Some(mail) });
        }
        cx.later(cx.now().plus(LONGEST_WAIT), &SettleMail { mail, sent: false });
        Ok(())
    }
}

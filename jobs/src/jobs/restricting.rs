//! Freezing a subject's data (Art. 18) and ending that: shared by the messages that ask for it.

use super::informing;
use super::notifying::notify;
use super::proof;
use super::stopping::erase_fields;
use crate::audit::Act;
use crate::decision::Decision;
use crate::effects::Suppression;
use crate::event::{Event, ProcessingStop, StopCause, SubjectRestricted, SubjectUnrestricted};
use crate::mail::Mail;
use crate::model::{
    Ground, Identity, IdentityKind, NoticeDetail, NoticeKind, Restriction, RestrictionState, Subject,
    SubjectState,
};
use crate::refusal::{Refusal, RefusalCode};
use crate::time::Timestamp;
use uuid::Uuid;

/// A restriction that is asked for.
pub(crate) struct Wanted<'a> {
    pub ground: Ground,
    pub at: Timestamp,
    pub note: Option<&'a str>,
    /// Tell the subject that it is done (Art. 12(3)).
    pub confirm: bool,
}

/// Refuses what concerns data that are erased, or being erased.
pub(crate) fn not_erased(subject: &Subject) -> Result<(), Refusal> {
    match subject.state {
        SubjectState::Active | SubjectState::Restricted => Ok(()),
        SubjectState::Erasing | SubjectState::Erased => Err(Refusal::new(
            RefusalCode::SubjectClosed,
            "The subject's data are erased or being erased; there is nothing left to restrict.",
        )),
    }
}

/// Puts a restriction in force. One that is in force already stays as it is; one that was about to end does not.
pub(crate) fn restrict(
    wanted: &Wanted<'_>,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    let ground = wanted.ground;
    if let Some(known) = subject.restrictions.get_mut(&ground).filter(|r| r.is_in_force()) {
        if known.state == RestrictionState::Lifting && wanted.at > known.since {
            (known.state, known.notice_mail) = (RestrictionState::InForce, None);
            cx.record(&Act::RestrictionKept { ground });
        }
        return Ok(());
    }
    let note = wanted.note.map(|note| seal_note(note, subject, cx)).transpose()?;
    let restriction = Restriction {
        state: RestrictionState::InForce,
        since: wanted.at,
        told_by: cx.message().source.clone(),
        note,
        notice_mail: None,
        lifted_at: None,
    };
    subject.restrictions.insert(ground, restriction);
    subject.provisional = false;
    subject.state = SubjectState::Restricted;
    cx.record(&Act::SubjectRestricted { ground });
    cx.publish(Event::SubjectRestricted(SubjectRestricted { ground, since: wanted.at }));
    cx.publish(Event::ProcessingStop(ProcessingStop {
        purpose: None,
        cause: StopCause::Restriction,
        since: wanted.at,
    }));
    cx.suppress(Suppression::Subject(subject.id));
    informing::hold(subject, cx);
    if ground != Ground::ObjectionPending {
        // an objection tells staff on its own, with what is to be decided
        let policy = cx.policy();
        let mut staff = policy.staff_concerned(policy.purposes.keys(), subject.caretaker.as_ref());
        staff.extend(policy.administrators());
        let detail = NoticeDetail { at: Some(wanted.at), ..NoticeDetail::default() };
        let mark = format!("{}\0{}", ground.as_str(), wanted.at.micros());
        notify(NoticeKind::Restriction, &staff, &mark, &detail, subject, cx)?;
    }
    if wanted.confirm
        && let Some(address) = reachable(subject)
    {
        cx.mail(address.index, None, Mail::RestrictionConfirmed);
    }
    Ok(())
}

/// What staff noted, under the evidence key.
pub(crate) fn seal_note(
    note: &str,
    subject: &Subject,
    cx: &mut Decision<'_>,
) -> Result<crate::protection::Sealed, Refusal> {
    let key = subject.evidence_key(cx.vault())?;
    let note = proof::cut(note);
    Ok(key.seal(subject.place("restriction", "note"), note.as_bytes(), cx.rng()))
}

/// The address at which the subject can be told something, if mail reaches it.
pub(crate) fn reachable(subject: &Subject) -> Option<Identity> {
    let email = subject.primary(&IdentityKind::Email)?;
    (email.active && email.undeliverable_at.is_none()).then(|| email.clone())
}

/// Ends restrictions; with the last of them, the subject's data are in use again.
pub(crate) fn lift(grounds: &[Ground], subject: &mut Subject, cx: &mut Decision<'_>) {
    let now = cx.now();
    for ground in grounds {
        if let Some(restriction) = subject.restrictions.get_mut(ground) {
            restriction.state = RestrictionState::Lifted;
            restriction.lifted_at = Some(now);
            cx.record(&Act::RestrictionLifted { ground: *ground });
        }
    }
    let frozen = subject.restrictions.values().any(Restriction::is_in_force);
    if frozen || subject.state != SubjectState::Restricted {
        return;
    }
    subject.state = SubjectState::Active;
    informing::resume(subject, cx);
    let lifted = SubjectUnrestricted { grounds: grounds.to_vec(), lifted_at: now };
    cx.publish(Event::SubjectUnrestricted(lifted));
    // what was withdrawn meanwhile rested on nothing any more
    erase_fields(subject, cx);
}

/// Keeps restrictions that were about to end, because the subject could not be told, and has staff tell it otherwise.
pub(crate) fn keep(mail: Uuid, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
    let mut kept = Vec::new();
    for (ground, restriction) in &mut subject.restrictions {
        if restriction.notice_mail == Some(mail) && restriction.state == RestrictionState::Lifting {
            (restriction.state, restriction.notice_mail) = (RestrictionState::InForce, None);
            kept.push(*ground);
        }
    }
    for ground in &kept {
        cx.record(&Act::RestrictionKept { ground: *ground });
    }
    if kept.is_empty() {
        return Ok(());
    }
    let mut staff = cx.policy().administrators();
    staff.extend(subject.caretaker.clone());
    let detail = NoticeDetail { at: Some(cx.now()), ..NoticeDetail::default() };
    notify(NoticeKind::Unreachable, &staff, &mail.to_string(), &detail, subject, cx)
}

//! What follows when purposes end for a subject: nothing queued under them leaves, apps and staff are told to stop,
//! and values that rested on them alone are erased (E5, E7).

use super::notifying::notify;
use crate::audit::Act;
use crate::code::{EntryCode, FieldId, PurposeId};
use crate::decision::Decision;
use crate::effects::Suppression;
use crate::event::{Event, FieldsErased, ProcessingStop, StopCause};
use crate::model::{NoticeDetail, NoticeKind, Subject, SubjectState};
use crate::policy::{LawfulBasis, Policy};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// A purpose that has ended for a subject.
pub(crate) struct Ended {
    pub purpose: PurposeId,
    /// It was processed on the subject's word until then, as far as is known here.
    pub was_in_use: bool,
}

/// Why and when purposes ended.
pub(crate) struct End<'a> {
    pub cause: StopCause,
    pub at: Timestamp,
    pub reason: Option<&'a EntryCode>,
}

/// Stops everything under the purposes that have ended.
///
/// # Errors
/// When the subject's key does not open.
pub(crate) fn stop(
    ended: &[Ended],
    end: &End<'_>,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    if ended.is_empty() {
        return Ok(());
    }
    for purpose in ended.iter().map(|e| &e.purpose) {
        let rules = cx.policy().purposes.get(purpose);
        // what ends soft opt-in is an objection, whatever it was called
        let cause = match rules.is_some_and(|p| p.basis.is_soft_opt_in()) {
            true => StopCause::Objection,
            false => end.cause,
        };
        stop_use(purpose, cause, end.at, subject, cx);
    }
    // staff stop what was going on; where nothing is known to have been, they look for all of it
    let mut purposes: Vec<PurposeId> =
        ended.iter().filter(|e| e.was_in_use).map(|e| e.purpose.clone()).collect();
    if purposes.is_empty() {
        purposes = ended.iter().map(|e| e.purpose.clone()).collect();
    }
    purposes.sort();
    let staff = cx.policy().staff_concerned(&purposes, subject.caretaker.as_ref());
    let names: Vec<&str> = purposes.iter().map(PurposeId::as_str).collect();
    let mark = format!("{}\0{}", end.at.micros(), names.join(","));
    let detail = NoticeDetail {
        purposes: purposes.clone(),
        at: Some(end.at),
        reason: end.reason.cloned(),
        silent: Vec::new(),
    };
    notify(NoticeKind::Withdrawal, &staff, &mark, &detail, subject, cx)?;
    erase_fields(subject, cx);
    Ok(())
}

/// Keeps what is queued under a purpose from leaving, and tells apps to stop.
pub(crate) fn stop_use(
    purpose: &PurposeId,
    cause: StopCause,
    since: Timestamp,
    subject: &Subject,
    cx: &mut Decision<'_>,
) {
    cx.suppress(Suppression::Purpose(subject.id, purpose.clone()));
    cx.publish(Event::ProcessingStop(ProcessingStop { purpose: Some(purpose.clone()), cause, since }));
}

/// Erases the values of fields that rested on purposes which have ended, unless another purpose needs them (Art.
/// 17(1)(b)). While processing is restricted nothing is erased (Art. 18); it is made up for when that ends.
pub(crate) fn erase_fields(subject: &mut Subject, cx: &mut Decision<'_>) {
    if subject.state != SubjectState::Active {
        return;
    }
    let policy = cx.policy();
    let (mut fields, mut purposes) = (BTreeSet::new(), Vec::new());
    for purpose in policy.purposes.values().filter(|p| p.erase_on_withdrawal) {
        let withdrawn = subject
            .consents
            .get(&purpose.id)
            .is_some_and(|c| c.withdrawn_at.is_some() && c.state == crate::model::ConsentState::Withdrawn);
        let unneeded = || {
            purpose
                .fields
                .iter()
                .filter(|f| subject.fields.contains_key(*f) && !is_needed(f, subject, policy, cx.now()))
        };
        if withdrawn && unneeded().next().is_some() {
            fields.extend(unneeded().cloned());
            purposes.push(purpose.id.clone());
        }
    }
    if fields.is_empty() {
        return;
    }
    subject.fields.retain(|field, _| !fields.contains(field));
    let fields: Vec<FieldId> = fields.into_iter().collect();
    cx.record(&Act::FieldsErased { fields: fields.clone(), purposes: purposes.clone() });
    cx.publish(Event::FieldsErased(FieldsErased { fields, purposes }));
}

/// Whether a purpose still needs the field: one on another basis than consent, or one whose consent stands. Soft opt-in
/// needs nothing any more once the subject has objected.
fn is_needed(field: &FieldId, subject: &Subject, policy: &Policy, now: Timestamp) -> bool {
    policy.purposes.values().filter(|p| p.fields.contains(field)).any(|p| match p.basis {
        LawfulBasis::Consent => subject.consents.get(&p.id).is_some_and(|c| c.is_granted(now)),
        LawfulBasis::SoftOptIn { .. } => !subject.objections.get(&p.id).is_some_and(|o| o.blocks(None)),
        _ => true,
    })
}

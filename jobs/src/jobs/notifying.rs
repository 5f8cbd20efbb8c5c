//! Telling staff: one notice a person and cause, a mail (or a message by a channel) for it, and the clock of reminder and
//! escalation.

use super::escalate_notices::EscalateNotices;
use super::remind_staff::RemindStaff;
use crate::audit::Act;
use crate::code::StaffId;
use crate::decision::Decision;
use crate::mail::{Mail, StaffMail};
use crate::model::{NoticeDetail, NoticeKind, NoticeState, StaffNotice, Subject};
use crate::policy::{NoticeChannel, Pace, StaffMember};
use crate::protection::{LinkKind, token_hash};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Tells `staff` about the subject, each once. `mark` tells what happened apart from everything else of its kind: the
/// same told again is the same notice.
///
/// # Errors
/// When the subject's key does not open.
pub(crate) fn notify(
    kind: NoticeKind,
    staff: &BTreeSet<StaffId>,
    mark: &str,
    detail: &NoticeDetail,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    let policy = cx.policy();
    let members: Vec<&StaffMember> = staff.iter().filter_map(|id| policy.staff.get(id)).collect();
    // of whom is erased, nothing is left to tell
    if members.is_empty() || subject.keys.contact.is_none() {
        return Ok(());
    }
    let whole = format!("{}\0{}\0{mark}", subject.id, kind.as_str());
    let cause = cx.vault().derived_id("cause", whole.as_bytes());
    let plain = serde_json::to_vec(detail).unwrap_or_default();
    let key = subject.contact_key(cx.vault())?;
    let mut due_times = BTreeSet::new();
    for member in members {
        let id = cx.vault().derived_id("notice", format!("{cause}\0{}", member.id).as_bytes());
        if subject.notices.iter().any(|n| n.id == id) {
            continue;
        }
        let due_at = match member.pace {
            Pace::Immediate => cx.now(),
            Pace::Digest => next_digest(cx),
        };
        due_times.insert(due_at);
        subject.notices.push(StaffNotice {
            id,
            cause,
            staff: member.id.clone(),
            kind,
            channel: member.told_by(),
            state: NoticeState::Open,
            created_at: cx.now(),
            due_at,
            reminded_at: None,
            escalated_at: None,
            acknowledged_at: None,
            generation: 0,
            token_hash: token_hash(&cx.vault().link_token(LinkKind::Notice, id, 0)),
            sealed: key.seal(subject.place("staff_notice", "sealed"), &plain, cx.rng()),
        });
        cx.record(&Act::StaffNotified { notice: id, staff: member.id.clone(), kind });
        tell(member, kind, id, due_at, cx);
    }
    // an escalation is the last word: nobody is reminded of it, and it goes no further
    if kind != NoticeKind::Escalation {
        let rules = &policy.staff_notices;
        for due_at in due_times {
            if let Some(after) = rules.remind_after {
                cx.later(due_at.plus(after), &RemindStaff { cause });
            }
            if let Some(after) = rules.escalate_after {
                cx.later(due_at.plus(after), &EscalateNotices { cause });
            }
        }
    }
    Ok(())
}

/// Orders what carries a notice to its reader. A channel gathers nothing: it is told there at once, whatever the pace.
fn tell(member: &StaffMember, kind: NoticeKind, notice: Uuid, due_at: Timestamp, cx: &mut Decision<'_>) {
    by_channel(member, kind, StaffMail { notice, reminder: false, besides_mail: false }, notice, cx);
    match (member.told_by(), member.pace) {
        (NoticeChannel::Channel, _) => {}
        (_, Pace::Immediate) => {
            let mail = StaffMail { notice, reminder: false, besides_mail: false };
            cx.staff_mail(notice, member.id.clone(), due_at, Mail::of_notice(kind, mail));
        }
        (_, Pace::Digest) => {
            // one mail a person and time, whoever orders it first
            let when = format!("{}\0{}", member.id, due_at.micros());
            let id = cx.vault().derived_id("digest", when.as_bytes());
            cx.staff_mail(id, member.id.clone(), due_at, Mail::StaffDigest);
        }
    }
}

/// Tells a notice once more, at once, to whom has not acknowledged it, by what the person is told by now.
pub(crate) fn tell_again(notice: &StaffNotice, cx: &mut Decision<'_>) {
    let id = cx.vault().derived_id("reminder", notice.id.as_bytes());
    let told = StaffMail { notice: notice.id, reminder: true, besides_mail: false };
    let member = cx.policy().staff.get(&notice.staff);
    if let Some(member) = member {
        by_channel(member, notice.kind, told, id, cx);
    }
    if member.is_none_or(|member| member.told_by() != NoticeChannel::Channel) {
        cx.staff_mail(id, notice.staff.clone(), cx.now(), Mail::of_notice(notice.kind, told));
    }
}

/// Orders what a person's channel brings, if the person has one. What goes by it alone has the id that the mail would
/// have, because it becomes that mail if the channel fails; what goes besides a mail has an id of its own.
fn by_channel(member: &StaffMember, kind: NoticeKind, told: StaffMail, id: Uuid, cx: &mut Decision<'_>) {
    let Some(channel) = &member.channel else { return };
    let besides_mail = member.also_by_mail;
    let id = if besides_mail { cx.vault().derived_id("channel", id.as_bytes()) } else { id };
    let mail = Mail::of_notice(kind, StaffMail { besides_mail, ..told });
    cx.staff_message(id, member.id.clone(), channel.clone(), mail);
}

/// The next time at which digests leave.
fn next_digest(cx: &Decision<'_>) -> Timestamp {
    let every = cx.policy().staff_notices.digest_every.as_micros().max(1);
    let next = (cx.now().micros().div_euclid(every) + 1) * every;
    Timestamp::from_micros(next).unwrap_or(cx.now())
}

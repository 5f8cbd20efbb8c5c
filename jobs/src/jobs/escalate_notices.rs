//! Tells others that staff have not acknowledged (E6).

use super::notifying::notify;
use crate::audit::Act;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{NoticeDetail, NoticeKind, NoticeState, Subject, SubjectId};
use crate::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `staff.escalate.v1`: whoever has not acknowledged by now is told of to others.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalateNotices {
    /// What the notices follow from.
    pub cause: Uuid,
}

impl Job for EscalateNotices {
    const KIND: &'static str = "staff.escalate.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(SubjectId(Uuid::nil()))
    }

    fn notices(&self) -> Option<Uuid> {
        Some(self.cause)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let now = cx.now();
        let Some(after) = cx.policy().staff_notices.escalate_after else { return Ok(()) };
        let mut detail = NoticeDetail::default();
        for notice in subject.notices.iter_mut().filter(|n| n.cause == self.cause) {
            let silent = notice.state == NoticeState::Open && notice.escalated_at.is_none();
            if silent && notice.due_at.plus(after) <= now {
                notice.escalated_at = Some(now);
                detail.silent.push(notice.staff.clone());
                cx.record(&Act::NoticeEscalated { notice: notice.id, staff: notice.staff.clone() });
            }
        }
        if detail.silent.is_empty() {
            return Ok(());
        }
        // what they were told stands in the notice of any of them
        if let Some(first) = subject.notices.iter().find(|n| n.cause == self.cause) {
            let key = subject.contact_key(cx.vault())?;
            let plain = key.open(subject.place("staff_notice", "sealed"), &first.sealed)?;
            if let Ok(told) = serde_json::from_slice::<NoticeDetail>(&plain) {
                detail = NoticeDetail { silent: detail.silent, ..told };
            }
        }
        let staff = cx.policy().escalation();
        let mark = format!("{}\0{}", self.cause, now.micros());
        notify(NoticeKind::Escalation, &staff, &mark, &detail, subject, cx)
    }
}

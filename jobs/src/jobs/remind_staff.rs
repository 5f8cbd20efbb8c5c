//! Reminds staff of notices that they have not acknowledged (E6).

use super::notifying::tell_again;
use crate::audit::Act;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{NoticeState, Subject, SubjectId};
use crate::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `staff.remind.v1`: a reminder is due.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemindStaff {
    /// What the notices follow from.
    pub cause: Uuid,
}

impl Job for RemindStaff {
    const KIND: &'static str = "staff.remind.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(SubjectId(Uuid::nil()))
    }

    fn notices(&self) -> Option<Uuid> {
        Some(self.cause)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let now = cx.now();
        let Some(after) = cx.policy().staff_notices.remind_after else { return Ok(()) };
        for notice in subject.notices.iter_mut().filter(|n| n.cause == self.cause) {
            let silent = notice.state == NoticeState::Open && notice.reminded_at.is_none();
            if silent && notice.due_at.plus(after) <= now {
                notice.reminded_at = Some(now);
                cx.record(&Act::StaffReminded { notice: notice.id, staff: notice.staff.clone() });
                tell_again(notice, cx);
            }
        }
        Ok(())
    }
}

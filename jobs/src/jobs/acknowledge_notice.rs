//! A member of staff acknowledges a notice, by its personal link (E6).

use crate::audit::Act;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{NoticeState, Subject, SubjectId};
use crate::refusal::{Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `staff.acknowledge.v1`: the notice was read, and what it asks for is done.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeNotice {
    /// About whom it is.
    pub subject: SubjectId,
    /// What it follows from.
    pub cause: Uuid,
    /// Which notice.
    pub notice: Uuid,
}

impl Job for AcknowledgeNotice {
    const KIND: &'static str = "staff.acknowledge.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(self.subject)
    }

    fn notices(&self) -> Option<Uuid> {
        Some(self.cause)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let Some(notice) = subject.notices.iter_mut().find(|n| n.id == self.notice) else {
            return Err(Refusal::new(RefusalCode::LinkInvalid, "This notice no longer exists."));
        };
        if notice.state == NoticeState::Open {
            notice.state = NoticeState::Acknowledged;
            notice.acknowledged_at = Some(cx.now());
            cx.record(&Act::NoticeAcknowledged { notice: notice.id, staff: notice.staff.clone() });
        }
        Ok(())
    }
}

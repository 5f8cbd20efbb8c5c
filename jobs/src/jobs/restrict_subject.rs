//! A subject's data are frozen (Art. 18).

use super::restricting::{Wanted, not_erased, restrict};
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{Ground, Subject};
use crate::refusal::Refusal;
use crate::subject_ref::SubjectRef;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `subject.restrict.v1`: from now on the subject's data are neither changed nor used, and no mail goes to it but
/// answers to its own requests.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestrictSubject {
    /// Whose data.
    pub subject: SubjectRef,
    /// Why (Art. 18(1)). An objection restricts by itself, see `subject.object.v1`.
    pub ground: Ground,
    /// When it was asked for; the envelope's time if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// What staff should know of it; sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The subject is told by mail that it is done. Left out: it is.
    #[serde(default = "yes")]
    pub confirm: bool,
}

const fn yes() -> bool {
    true
}

impl Job for RestrictSubject {
    const KIND: &'static str = "subject.restrict.v1";
    // a request of the subject always works: whom it could mean, it is done for
    const EVERY_MATCH: bool = true;
    const RIGHTS: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let at = cx.act_time(self.requested_at, "data.requested_at")?;
        not_erased(subject)?;
        if self.ground == Ground::ObjectionPending {
            return Err(Refusal::invalid(
                "data.ground",
                "objection_pending follows from an objection: send subject.object.v1 with its purposes",
            ));
        }
        let wanted = Wanted { ground: self.ground, at, note: self.note.as_deref(), confirm: self.confirm };
        restrict(&wanted, subject, cx)
    }
}

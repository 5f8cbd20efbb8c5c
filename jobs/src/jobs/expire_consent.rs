//! Ends a consent whose period is over (B14).

use crate::audit::Act;
use crate::code::PurposeId;
use crate::decision::Decision;
use crate::event::{ConsentExpired, Event};
use crate::job::{Concerns, Job};
use crate::model::{ConsentState, Subject, SubjectId};
use crate::policy::OptIn;
use crate::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `consent.expire.v1`: the period of a consent is over. Follows from the grant, and knows its subject by that.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireConsent {
    /// To which purpose.
    pub purpose: PurposeId,
    /// The record of the grant; a newer one has a period of its own.
    pub record: Uuid,
}

impl Job for ExpireConsent {
    const KIND: &'static str = "consent.expire.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(SubjectId(Uuid::nil()))
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let now = cx.now();
        let Some(consent) = subject.consents.get_mut(&self.purpose) else { return Ok(()) };
        let due = consent.expires_at.is_some_and(|end| end <= now);
        if consent.state != ConsentState::Granted || consent.record != Some(self.record) || !due {
            return Ok(());
        }
        consent.state = ConsentState::Expired;
        consent.opt_in = OptIn::None;
        consent.since = now;
        cx.record(&Act::ConsentExpired { purpose: self.purpose.clone() });
        cx.publish(Event::ConsentExpired(ConsentExpired { purpose: self.purpose.clone(), expired_at: now }));
        Ok(())
    }
}

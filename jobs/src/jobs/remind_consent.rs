//! Reminds of a request for consent that nobody has answered yet (D3).

use crate::audit::{Act, Why};
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::mail::Mail;
use crate::model::{RequestState, Subject, SubjectState};
use crate::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `consent.remind.v1`: a reminder is due.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemindConsent {
    /// Of which request.
    pub request: Uuid,
    /// How many mails of it had been ordered when this was; a reminder that comes twice finds one more.
    #[serde(default = "the_first")]
    pub after: i16,
}

const fn the_first() -> i16 {
    1
}

impl Job for RemindConsent {
    const KIND: &'static str = "consent.remind.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Request(self.request)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let limit = i16::try_from(cx.policy().limits.mails_per_request).unwrap_or(i16::MAX);
        let (now, active) = (cx.now(), subject.state == SubjectState::Active);
        let Some(request) = subject.requests.iter_mut().find(|r| r.id == self.request) else { return Ok(()) };
        let skipped = |why| Act::ConsentRequestSkipped { purpose: request.purpose.clone(), why };
        if !active || request.state != RequestState::Open || request.expires_at <= now {
            let act = skipped(Why::RequestClosed);
            cx.record(&act);
        } else if request.mails >= limit || request.mails > self.after {
            let act = skipped(Why::MailLimit);
            cx.record(&act);
        } else {
            request.mails += 1;
            let (id, address, purpose) = (request.id, request.address, request.purpose.clone());
            cx.record(&Act::ConsentReminded { request: id });
            cx.mail(address, Some(&purpose), Mail::RemindConsent { request: id });
        }
        Ok(())
    }
}

//! Ends a request for consent that nobody answered: silence is no consent (recital 32).

use crate::audit::Act;
use crate::decision::Decision;
use crate::event::{ConsentRequestExpired, Event};
use crate::job::{Concerns, Job};
use crate::model::{ConsentRequest, ConsentState, RequestState, Subject};
use crate::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `consent.request_expire.v1`: the time for an answer is over.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireRequest {
    /// Which request.
    pub request: Uuid,
}

impl Job for ExpireRequest {
    const KIND: &'static str = "consent.request_expire.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Request(self.request)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        expire(self.request, subject, cx);
        Ok(())
    }
}

/// Ends a request that is still open, unanswered, and tells the apps.
pub(super) fn expire(request: Uuid, subject: &mut Subject, cx: &mut Decision<'_>) {
    let open = |r: &&mut ConsentRequest| r.id == request && r.state == RequestState::Open;
    let Some(expired) = subject.requests.iter_mut().find(open) else { return };
    expired.state = RequestState::Expired;
    expired.answered_at = Some(cx.now());
    let (purpose, requested_at) = (expired.purpose.clone(), expired.requested_at);
    if let Some(consent) = subject.consents.get_mut(&purpose)
        && consent.state == ConsentState::Requested
    {
        consent.state = ConsentState::Expired;
        consent.since = cx.now();
    }
    cx.record(&Act::ConsentRequestExpired { purpose: purpose.clone(), request });
    cx.publish(Event::ConsentRequestExpired(ConsentRequestExpired { purpose, requested_at, request }));
}

//! An app (or staff) asks Rescind to obtain a subject's consent: double opt-in by mail (D1).

use super::asking::{Ask, ask};
use crate::code::{ContentId, EntryCode};
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{Evidence, Subject};
use crate::policy::Feature;
use crate::refusal::Refusal;
use crate::subject_ref::SubjectRef;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `consent.request.v1`: ask the subject to confirm, for each content on its own.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestConsent {
    /// Whom to ask.
    pub subject: SubjectRef,
    /// What to ask for. Each content is asked by a mail and answered on its own.
    #[schemars(length(min = 1, max = 20))]
    pub contents: Vec<ContentId>,
    /// Where the subject asked for it; a value of the dictionary of consent sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<EntryCode>,
    /// What proves that the subject asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The member of staff who entered it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// When the subject asked; the envelope's time if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
}

impl Job for RequestConsent {
    const KIND: &'static str = "consent.request.v1";
    const FEATURE: Option<Feature> = Some(Feature::ConsentRequests);
    const CREATES: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let at = cx.act_time(self.requested_at, "data.requested_at")?;
        ask(
            &Ask {
                contents: &self.contents,
                refused: &[],
                email: self.subject.email.as_deref(),
                source: self.source.as_ref(),
                evidence: self.evidence.as_ref(),
                staff: self.staff.as_deref(),
                at,
            },
            subject,
            cx,
        )
    }
}

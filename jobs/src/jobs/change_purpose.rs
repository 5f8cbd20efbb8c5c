//! A purpose has changed: everybody who consented under an older wording is asked anew.

use super::ask_again::AskAgain;
use crate::code::{ContentId, PurposeId};
use crate::job::{Concerns, Expansion, Job, Selection};
use crate::policy::{Feature, Policy};
use crate::refusal::{Refusal, RefusalCode};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `purpose.changed.v1`: ask those with a granted consent to this purpose to agree to the content as it reads now.
/// Their consent stands until they answer.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePurpose {
    /// The purpose.
    pub purpose: PurposeId,
    /// The content whose current version is asked for.
    pub content: ContentId,
}

impl Job for ChangePurpose {
    const KIND: &'static str = "purpose.changed.v1";
    const FEATURE: Option<Feature> = Some(Feature::ConsentRequests);

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Many(Selection::Granted(self.purpose.clone()))
    }

    fn expand(&self, policy: &Policy, now: Timestamp) -> Result<Expansion, Refusal> {
        if !policy.purposes.contains_key(&self.purpose) {
            return Err(Refusal::field(
                RefusalCode::UnknownPurpose,
                "data.purpose",
                format!("the policy has no purpose \"{}\"", self.purpose),
            ));
        }
        let content = policy.contents.get(&self.content).ok_or_else(|| {
            Refusal::field(
                RefusalCode::UnknownContent,
                "data.content",
                format!("the policy has no content \"{}\"", self.content),
            )
        })?;
        if content.purpose != self.purpose || content.current(now).is_none() {
            return Err(Refusal::field(
                RefusalCode::UnusableContent,
                "data.content",
                format!("\"{}\" has no valid version for this purpose", self.content),
            ));
        }
        let data = serde_json::to_value(AskAgain { content: self.content.clone() }).unwrap_or_default();
        Ok(Expansion { kind: AskAgain::KIND, data })
    }
}

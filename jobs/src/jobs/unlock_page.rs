//! Somebody enters the mailed code on a subject's page.

use crate::audit::Act;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{Subject, SubjectId};
use crate::refusal::{Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `page.unlock.v1`: a try. The page has compared what was entered; here is decided whether the try counts, one after the
/// other, so that no more than the allowed number of guesses is ever answered.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlockPage {
    /// Whose page.
    pub subject: SubjectId,
    /// Which code.
    pub code: Uuid,
    /// Whether it was the right one.
    pub right: bool,
}

impl Job for UnlockPage {
    const KIND: &'static str = "page.unlock.v1";
    const INTERNAL: bool = true;
    const PAGE: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let code = subject.page.as_mut().and_then(|page| page.code.as_mut());
        let Some(code) = code.filter(|code| code.id == self.code && code.is_open(cx.now())) else {
            return Err(Refusal::new(RefusalCode::LinkInvalid, "This code opens nothing (any more)."));
        };
        if self.right {
            if code.enter() {
                cx.record(&Act::PageUnlocked);
            }
        } else {
            code.tries += 1;
            cx.record(&Act::PageCodeWrong);
        }
        Ok(())
    }
}

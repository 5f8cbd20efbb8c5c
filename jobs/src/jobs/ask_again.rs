//! One subject is asked anew because a purpose has changed.

use super::asking::{Ask, ask};
use crate::code::ContentId;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{Subject, SubjectId, SubjectState};
use crate::refusal::{Refusal, RefusalCode};
use crate::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `consent.ask_again.v1`: one of the jobs that `purpose.changed.v1` expands to.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskAgain {
    /// What to ask for.
    pub content: ContentId,
}

impl Job for AskAgain {
    const KIND: &'static str = "consent.ask_again.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(SubjectId(Uuid::nil()))
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        if subject.state != SubjectState::Active {
            return Ok(());
        }
        let granted = cx
            .policy()
            .contents
            .get(&self.content)
            .and_then(|c| subject.consents.get(&c.purpose))
            .is_some_and(|c| c.is_granted(cx.now()));
        if !granted {
            return Ok(());
        }
        let contents = [self.content.clone()];
        let at = cx.now();
        let wanted = Ask {
            contents: &contents,
            refused: &[],
            email: None,
            source: None,
            evidence: None,
            staff: None,
            at,
        };
        match cx.whole(|cx| ask(&wanted, subject, cx)) {
            Err(refusal) if refusal.code == RefusalCode::LimitReached => {
                // a cap spreads such mails over time, it does not drop them; the jitter keeps them apart
                let spread = i64::from(cx.rng().next_u32() % 3600);
                cx.later(at.plus(Span::seconds(3600 + spread)), self);
                Ok(())
            }
            outcome => outcome,
        }
    }
}

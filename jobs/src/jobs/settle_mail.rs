//! The outcome of a mail that a decision waits for.

use super::informing;
use super::restricting::{keep, lift};
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{Ground, RestrictionState, Subject, SubjectId};
use crate::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `mail.settled.v1`: a mail has left, or will not. Told by the dispatcher.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleMail {
    /// The mail.
    pub mail: Uuid,
    /// It has left. What nobody knows counts as not.
    pub sent: bool,
}

impl Job for SettleMail {
    const KIND: &'static str = "mail.settled.v1";
    const INTERNAL: bool = true;
    const RIGHTS: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(SubjectId(Uuid::nil()))
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        informing::settled(self.mail, self.sent, subject, cx);
        if !self.sent {
            return keep(self.mail, subject, cx);
        }
        let told: Vec<Ground> = subject
            .restrictions
            .iter()
            .filter(|(_, r)| r.notice_mail == Some(self.mail) && r.state == RestrictionState::Lifting)
            .map(|(ground, _)| *ground)
            .collect();
        if !told.is_empty() {
            lift(&told, subject, cx);
        }
        Ok(())
    }
}

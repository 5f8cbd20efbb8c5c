//! Mail to an address fails for good: nothing more is sent there.

use crate::audit::Act;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{Subject, SubjectId};
use crate::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `mail.undeliverable.v1`: the outcome of a mail, told by the dispatcher.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkUndeliverable {
    /// The mail.
    pub mail: Uuid,
    /// Blind index of the address, in hexadecimal digits.
    pub address: String,
}

impl Job for MarkUndeliverable {
    const KIND: &'static str = "mail.undeliverable.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(SubjectId(Uuid::nil()))
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let wanted = data_encoding::HEXLOWER.decode(self.address.as_bytes()).unwrap_or_default();
        let found = subject.identities.iter_mut().find(|i| i.index.0[..] == wanted[..]);
        if let Some(identity) = found.filter(|i| i.undeliverable_at.is_none()) {
            identity.undeliverable_at = Some(cx.now());
            cx.record(&Act::AddressUndeliverable);
        }
        Ok(())
    }
}

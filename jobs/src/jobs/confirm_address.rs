//! Whoever reads the mail at a new address confirms that it is the subject's own.

use super::upsert_subject::make_primary;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{IdentityKind, IdentityValue, Subject, SubjectState};
use crate::refusal::{Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `subject.confirm_address.v1`: mail goes to the new address from now on. The opt-in of every consent is reset, because
/// nothing was confirmed there yet (B13). An address that is somebody else's is refused.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmAddress {
    /// Whose, by id, and the new address.
    pub subject: SubjectRef,
    /// Which new address.
    pub address: Uuid,
}

impl Job for ConfirmAddress {
    const KIND: &'static str = "subject.confirm_address.v1";
    const INTERNAL: bool = true;
    const PAGE: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        if subject.state != SubjectState::Active {
            return Err(Refusal::new(RefusalCode::SubjectClosed, "The subject's data may not be changed."));
        }
        let email = IdentityValue::email(self.subject.email.as_deref().unwrap_or_default())
            .map_err(|problem| Refusal::invalid("data.subject.email", problem.to_string()))?;
        let index = cx.vault().blind_index(&email);
        let waits = subject.page.as_ref().and_then(|page| page.address.as_ref());
        let Some(waits) = waits.filter(|a| a.id == self.address && a.until > cx.now()) else {
            if subject.primary(&IdentityKind::Email).is_some_and(|known| known.index == index) {
                // the button was pressed twice
                return Ok(());
            }
            return Err(Refusal::new(RefusalCode::LinkInvalid, "This link confirms nothing (any more)."));
        };
        let place = subject.place("personal_page", "address_sealed");
        if subject.contact_key(cx.vault())?.open_text(place, &waits.sealed)? != email.expose() {
            return Err(Refusal::new(RefusalCode::LinkInvalid, "The link is of another address."));
        }
        for identity in subject.identities.iter_mut().filter(|identity| identity.index == index) {
            // mail has just arrived there
            identity.undeliverable_at = None;
        }
        make_primary(index, subject, cx);
        subject.open_page(cx.vault()).address = None;
        Ok(())
    }
}

//! The subject gives a new email address on its own page, after the code that was mailed to the known one (Art. 16, G7).

use super::asking::count_address;
use crate::audit::Act;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::mail::Mail;
use crate::model::{IdentityKind, IdentityValue, NewAddress, Subject, SubjectId, SubjectState};
use crate::policy::Feature;
use crate::refusal::{Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `subject.give_address.v1`: a link goes to the new address. Nothing else changes until it is confirmed there
/// (`subject.confirm_address.v1`), and nobody learns whether the address is known.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveAddress {
    /// Whose.
    pub subject: SubjectId,
    /// The new address.
    pub email: String,
}

impl Job for GiveAddress {
    const KIND: &'static str = "subject.give_address.v1";
    const INTERNAL: bool = true;
    const FEATURE: Option<Feature> = Some(Feature::AddressChanges);
    const PAGE: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        if subject.state != SubjectState::Active {
            return Err(Refusal::new(RefusalCode::SubjectClosed, "The subject's data may not be changed."));
        }
        let email = IdentityValue::email(&self.email)
            .map_err(|problem| Refusal::invalid("data.email", problem.to_string()))?;
        let index = cx.vault().blind_index(&email);
        if subject.primary(&IdentityKind::Email).is_some_and(|known| known.index == index) {
            return Ok(());
        }
        let key = subject.contact_key(cx.vault())?;
        let place = subject.place("personal_page", "address_sealed");
        if let Some(waiting) = subject.page.as_ref().and_then(|page| page.address.as_ref())
            && waiting.is_on_the_way(cx.now())
            && key.open_text(place, &waiting.sealed)? == email.expose()
        {
            return Ok(());
        }
        count_address(email.expose(), cx)?;
        let sealed = key.seal(place, email.expose().as_bytes(), cx.rng());
        let given = NewAddress::new(cx.new_id(), sealed, cx.now(), cx.vault());
        let mail = Mail::ConfirmAddress { address: given.id };
        subject.open_page(cx.vault()).address = Some(given);
        cx.mail(index, None, mail);
        cx.record(&Act::AddressGiven);
        Ok(())
    }
}

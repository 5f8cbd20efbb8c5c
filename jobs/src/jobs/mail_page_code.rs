//! The subject wants to do on its page what the address alone does not allow: a code goes to its known address.

use super::asking::count;
use crate::audit::Act;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::mail::Mail;
use crate::model::{IdentityKind, PageCode, Subject, SubjectId, SubjectState};
use crate::refusal::{Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `page.mail_code.v1`: a fresh code takes the place of the one before, unless that one was made within the last minute:
/// a button pressed twice sends one mail.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailPageCode {
    /// Whose page.
    pub subject: SubjectId,
}

impl Job for MailPageCode {
    const KIND: &'static str = "page.mail_code.v1";
    const INTERNAL: bool = true;
    const PAGE: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        if subject.state != SubjectState::Active {
            // what the code unlocks could not be done
            return Err(Refusal::new(RefusalCode::SubjectClosed, "The subject's data may not be changed."));
        }
        let address = subject.primary(&IdentityKind::Email).cloned();
        let Some(address) = address.filter(|a| a.active && a.undeliverable_at.is_none()) else {
            let why = "No address of the subject is known that mail reaches.";
            return Err(Refusal::new(RefusalCode::SubjectUnreachable, why));
        };
        let last = subject.page.as_ref().and_then(|page| page.code.as_ref());
        if last.is_some_and(|code| code.is_on_the_way(cx.now())) {
            return Ok(());
        }
        count(&address, subject, cx)?;
        let code = PageCode::new(cx.new_id(), cx.now());
        let mail = Mail::PageCode { code: code.id };
        subject.open_page(cx.vault()).code = Some(code);
        cx.mail(address.index, None, mail);
        cx.record(&Act::PageCodeSent);
        Ok(())
    }
}

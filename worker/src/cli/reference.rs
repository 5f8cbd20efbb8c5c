//! How the command line names a data subject: by id or by identity. What was typed is never repeated in an error:
//! it may be an address.

use super::failure::Failure;
use crate::app::Opened;
use crate::store::registers;
use rescind_jobs::code::{FieldId, IdScheme};
use rescind_jobs::model::{Identity, IdentityValue, Subject, SubjectId};
use rescind_jobs::policy::Handling;
use rescind_jobs::protection::Sealed;
use rescind_jobs::protection::mask::Mask;
use std::str::FromStr;
use uuid::Uuid;

/// A data subject as named at the command line.
#[derive(Clone, PartialEq)]
pub(super) enum Reference {
    /// By the id that Rescind gave.
    Id(Uuid),
    /// By an identity.
    Identity(IdentityValue),
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reference")
    }
}

/// What a reference looks like.
const EXPECTED: &str = "expected an id, email:ana@example.org, phone:+49301234567 or ids:shop:4711";

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = Uuid::parse_str(text) {
            return Ok(Self::Id(id));
        }
        let identity = match text.split_once(':') {
            Some(("email", address)) => IdentityValue::email(address),
            Some(("phone", number)) => IdentityValue::phone(number),
            Some(("ids" | "id", rest)) => {
                let (scheme, value) = rest.split_once(':').ok_or(EXPECTED)?;
                let scheme = IdScheme::new(scheme).ok_or(EXPECTED)?;
                IdentityValue::external(scheme, value)
            }
            None if text.contains('@') => IdentityValue::email(text),
            _ => return Err(EXPECTED.to_owned()),
        };
        identity.map(Self::Identity).map_err(|problem| problem.to_string())
    }
}

/// The subjects that answer to a reference; an address may belong to several.
pub(super) async fn resolve(opened: &Opened, reference: &Reference) -> Result<Vec<SubjectId>, Failure> {
    let found = match reference {
        Reference::Id(id) => vec![SubjectId(*id)],
        Reference::Identity(identity) => {
            registers::owners(&opened.pool, opened.vault.blind_index(identity)).await?
        }
    };
    if found.is_empty() {
        return Err(unknown());
    }
    Ok(found)
}

pub(super) fn unknown() -> Failure {
    Failure::failed("no data subject answers to that")
}

/// Opens and masks a subject's values. What is erased stays so.
pub(super) struct Masked<'a> {
    opened: &'a Opened,
    subject: &'a Subject,
}

/// Shown for values whose key is destroyed.
const ERASED: &str = "(erased)";

impl<'a> Masked<'a> {
    pub(super) const fn new(opened: &'a Opened, subject: &'a Subject) -> Self {
        Self { opened, subject }
    }

    /// The primary email address.
    pub(super) fn email(&self) -> Option<String> {
        let email = self.subject.primary(&rescind_jobs::model::IdentityKind::Email)?;
        Some(self.identity(email))
    }

    /// An identity.
    pub(super) fn identity(&self, identity: &Identity) -> String {
        let masking = &self.opened.policy.masking;
        let value = self.subject.open_identity(identity, &self.opened.vault);
        let masked = |mask: Mask, value: &str| mask.identity(&identity.kind, value);
        value.map_or_else(|_| ERASED.to_owned(), |value| masking.shown(masking.identifying, value, masked))
    }

    /// An identity in the open, for those who may see it.
    pub(super) fn open_identity(&self, identity: &Identity) -> String {
        let value = self.subject.open_identity(identity, &self.opened.vault);
        value.unwrap_or_else(|_| ERASED.to_owned())
    }

    /// The value of a field.
    pub(super) fn field(&self, field: &FieldId, sealed: &Sealed) -> String {
        self.value("subject_field", self.opened.policy.handling(field), sealed)
    }

    /// An address or contact.
    pub(super) fn link(&self, sealed: &Sealed) -> String {
        self.value("subject_link", self.opened.policy.masking.identifying, sealed)
    }

    fn value(&self, table: &'static str, handling: Handling, sealed: &Sealed) -> String {
        let key = self.subject.contact_key(&self.opened.vault);
        let value = key.and_then(|key| key.open_text(self.subject.place(table, "sealed"), sealed));
        let shown = |value| self.opened.policy.masking.shown(handling, value, Mask::text);
        value.map_or_else(|_| ERASED.to_owned(), shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> String {
        match text.parse::<Reference>().expect("a reference") {
            Reference::Id(id) => id.to_string(),
            Reference::Identity(value) => format!("{} {}", value.kind().to_text(), value.expose()),
        }
    }

    #[test]
    fn subjects_are_named_by_id_or_identity() {
        let id = "0192d7a0-0000-7000-8000-000000000001";
        assert_eq!(identity(id), id);
        assert_eq!(identity("email:Ana@Example.org"), "email ana@example.org");
        assert_eq!(identity("ana@example.org"), "email ana@example.org");
        assert_eq!(identity("phone:+49 30 1234567"), "phone +49301234567");
        assert_eq!(identity("ids:shop:4711"), "id:shop 4711");
        assert_eq!(identity("ids:shop:urn:x:4711"), "id:shop urn:x:4711");
    }

    #[test]
    fn what_is_no_reference_is_not_repeated() {
        for wrong in ["", "ana", "email:secret", "phone:secret", "ids:secret", "ids:Secret:1", "secret:x"] {
            let told = wrong.parse::<Reference>().expect_err(wrong);
            assert!(!told.contains("ecret"), "{told}");
        }
    }
}

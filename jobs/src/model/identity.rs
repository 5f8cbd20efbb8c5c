//! By what a subject is found: email address, phone number, ids that apps gave.

use crate::code::IdScheme;
use crate::protection::{BlindIndex, Sealed};
use crate::time::Timestamp;
use std::fmt;

/// The kind of an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityKind {
    /// An email address.
    Email,
    /// A phone number in international form (E.164).
    Phone,
    /// An id that an app gave.
    External(IdScheme),
}

impl IdentityKind {
    /// As stored: `email`, `phone`, `id:shop`.
    pub fn to_text(&self) -> String {
        match self {
            Self::Email => "email".to_owned(),
            Self::Phone => "phone".to_owned(),
            Self::External(scheme) => format!("id:{scheme}"),
        }
    }

    /// Reads what [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "email" => Some(Self::Email),
            "phone" => Some(Self::Phone),
            other => IdScheme::new(other.strip_prefix("id:")?).map(Self::External),
        }
    }
}

/// A normalised identity in the open. Cannot be printed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityValue {
    kind: IdentityKind,
    value: String,
}

impl fmt::Debug for IdentityValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityValue({:?})", self.kind)
    }
}

/// Why a text is no identity; says what is expected, not what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityProblem {
    /// Not an email address.
    #[error("must be an email address, like ana@example.org, of at most 254 characters")]
    Email,
    /// Not a phone number.
    #[error("must be a phone number in international form, like +49 30 1234567")]
    Phone,
    /// Not an external id.
    #[error("must be 1 to 128 characters without control characters")]
    External,
}

impl IdentityValue {
    /// An email address (RFC 5321 section 4.1.2, without quoted local parts and address literals). Lower-cased as a
    /// whole: no provider of note tells local parts apart by case, and people do not either.
    pub fn email(text: &str) -> Result<Self, IdentityProblem> {
        let value = text.trim().to_lowercase();
        let valid = value.len() <= 254
            && value.rsplit_once('@').is_some_and(|(local, domain)| {
                let local_ok = (1..=64).contains(&local.len())
                    && local.split('.').all(|atom| !atom.is_empty())
                    && local
                        .chars()
                        .all(|c| !c.is_whitespace() && !c.is_control() && !"@\"(),:;<>[\\]".contains(c));
                local_ok && valid_domain(domain)
            });
        if valid { Ok(Self { kind: IdentityKind::Email, value }) } else { Err(IdentityProblem::Email) }
    }

    /// A phone number in international form; spaces, dots, dashes, slashes and parentheses are left out.
    pub fn phone(text: &str) -> Result<Self, IdentityProblem> {
        let value: String = text.chars().filter(|c| !" .-/()\u{a0}".contains(*c)).collect();
        let digits = value.strip_prefix('+').ok_or(IdentityProblem::Phone)?;
        let valid = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if valid { Ok(Self { kind: IdentityKind::Phone, value }) } else { Err(IdentityProblem::Phone) }
    }

    /// An id that an app gave.
    pub fn external(scheme: IdScheme, text: &str) -> Result<Self, IdentityProblem> {
        let value = text.trim().to_owned();
        let valid = (1..=128).contains(&value.chars().count()) && !value.chars().any(char::is_control);
        if valid {
            Ok(Self { kind: IdentityKind::External(scheme), value })
        } else {
            Err(IdentityProblem::External)
        }
    }

    /// Its kind.
    pub const fn kind(&self) -> &IdentityKind {
        &self.kind
    }

    /// The normalised value: only for sealing and for addressing a mail.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The mail domain of an email address.
    pub fn domain(&self) -> Option<&str> {
        match self.kind {
            IdentityKind::Email => self.value.rsplit_once('@').map(|(_, domain)| domain),
            _ => None,
        }
    }

    pub(crate) fn index_parts(&self) -> (String, &str) {
        (self.kind.to_text(), &self.value)
    }
}

fn valid_domain(domain: &str) -> bool {
    !domain.is_empty()
        && domain.len() <= 253
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

/// An identity of a subject, as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// What it is found by.
    pub index: BlindIndex,
    /// Its kind.
    pub kind: IdentityKind,
    /// Its value, under the subject's contact key.
    pub sealed: Sealed,
    /// The one address of its kind that mail goes to.
    pub primary: bool,
    /// In use. Consents can be linked to active addresses only (B6).
    pub active: bool,
    /// Since when mail to it is known to fail for good.
    pub undeliverable_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_folded() {
        assert_eq!(IdentityValue::email(" Ana@Example.ORG ").unwrap().expose(), "ana@example.org");
        assert_eq!(IdentityValue::email("o'neil+x@sub.example.co").unwrap().domain(), Some("sub.example.co"));
        assert!(IdentityValue::email("jürgen@müller.example").is_ok());
        for wrong in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "a b@example.org",
            "ana@exa mple.org",
            "ana@-x.org",
            "a@b@",
            "a..b@x.org",
            "ana@example..org",
            "<ana@example.org>",
            "ana@example.org\r\nBcc: x@y.org",
            "ana@example.org,bob@x.org",
        ] {
            assert!(IdentityValue::email(wrong).is_err(), "{wrong:?}");
        }
        assert!(IdentityValue::email(&format!("{}@example.org", "a".repeat(65))).is_err());
    }

    #[test]
    fn phone_numbers_are_international() {
        assert_eq!(IdentityValue::phone("+49 (30) 123-45 67").unwrap().expose(), "+49301234567");
        for wrong in ["030 1234567", "+49", "+0301234567", "+49 30 12x4567", "+1234567890123456"] {
            assert!(IdentityValue::phone(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn nothing_is_shown() {
        let value = IdentityValue::email("ana@example.org").unwrap();
        assert!(!format!("{value:?}").contains("ana"));
    }
}

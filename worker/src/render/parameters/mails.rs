//! The parameters of the mails.

use serde::{Serialize, Serializer};

use super::samples::{self, Sample};
use super::{ControllerBlock, MailParameters};
use crate::render::moulds::mark;

/// The longest name that a mail greets with, in characters.
const NAME_LIMIT: usize = 60;

/// The request of double opt-in: asks one person for one consent (Art. 7). No advertising, no unsubscribe link.
#[derive(Clone, Serialize)]
pub struct ConfirmConsent {
    /// Who asks.
    pub controller: ControllerBlock,
    /// The name to greet with. It was typed by whoever filled in a form, so a text that does not look like a name (a
    /// link, a line of advertising) is left out of the mail.
    #[serde(serialize_with = "plausible")]
    pub recipient_name: Option<String>,
    /// What the data are to be used for.
    pub purpose_title: String,
    /// The title of the wording.
    pub content_title: String,
    /// The wording itself; paragraphs are separated by empty lines.
    pub content_text: String,
    /// The version of the wording.
    pub content_version: String,
    /// The personal link to the page, absolute.
    pub confirm_url: String,
    /// When consent was requested: a date, written out in the locale.
    pub requested_at: String,
    /// Until when the link is valid: a date, written out in the locale.
    pub expires_at: String,
    /// Whether the linked regulation is attached to this mail.
    pub document_attached: bool,
}

/// The single reminder of a [`ConfirmConsent`] that nobody has answered, sent before it lapses. It says the same, so
/// it takes the same.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct RemindConsent(pub ConfirmConsent);

impl MailParameters for ConfirmConsent {
    const TEMPLATE: &'static str = "confirm_consent";
    const OWN: &'static [&'static str] = &["recipient_name", "confirm_url", "requested_at", "expires_at"];

    fn samples(locale: &'static str) -> Vec<Self> {
        let Sample { purpose, title, text, requested_at, expires_at } = samples::of(locale);
        let full = Self {
            controller: samples::controller(),
            recipient_name: Some("Ana Lindqvist".to_owned()),
            purpose_title: purpose.to_owned(),
            content_title: title.to_owned(),
            content_text: text.to_owned(),
            content_version: "3".to_owned(),
            confirm_url: "https://privacy.harbour.example/c/mfrggzdfmztwq2lknnwg23tpobyxe43u".to_owned(),
            requested_at: requested_at.to_owned(),
            expires_at: expires_at.to_owned(),
            document_attached: true,
        };
        let sparse = Self {
            controller: ControllerBlock { phone: None, privacy_url: None, ..samples::controller() },
            recipient_name: None,
            document_attached: false,
            ..full.clone()
        };
        vec![full, sparse]
    }

    fn parts(&self) -> Option<(Self, Vec<&str>)> {
        let name = name(self.recipient_name.as_deref());
        let own = vec![name.unwrap_or_default(), &self.confirm_url, &self.requested_at, &self.expires_at];
        if own.iter().skip(1).any(|value| value.is_empty()) {
            return None;
        }
        let common = Self {
            controller: self.controller.clone(),
            recipient_name: name.map(|_| mark(0)),
            purpose_title: self.purpose_title.clone(),
            content_title: self.content_title.clone(),
            content_text: self.content_text.clone(),
            content_version: self.content_version.clone(),
            confirm_url: mark(1),
            requested_at: mark(2),
            expires_at: mark(3),
            document_attached: self.document_attached,
        };
        Some((common, own))
    }
}

impl MailParameters for RemindConsent {
    const TEMPLATE: &'static str = "remind_consent";
    const OWN: &'static [&'static str] = ConfirmConsent::OWN;

    fn samples(locale: &'static str) -> Vec<Self> {
        ConfirmConsent::samples(locale).into_iter().map(Self).collect()
    }

    fn parts(&self) -> Option<(Self, Vec<&str>)> {
        self.0.parts().map(|(common, own)| (Self(common), own))
    }
}

/// Writes the name, or nothing where it does not look like one.
pub(super) fn plausible<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    name(text.as_deref()).serialize(serializer)
}

/// The name to greet with, if it looks like one.
fn name(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| looks_like_a_name(text))
}

/// Whether a text can be a person's name rather than a message: short, one line, nothing that a mail program would
/// turn into a link.
fn looks_like_a_name(text: &str) -> bool {
    let link = |c: char| c.is_control() || "/@:<>[]{}#$%&=?!".contains(c);
    // A dot with two letters or digits right after it is read as a domain; the dot of an initial is not.
    let domain =
        text.split('.').skip(1).any(|rest| rest.chars().take(2).filter(|c| c.is_alphanumeric()).count() == 2);
    !text.is_empty() && text.chars().count() <= NAME_LIMIT && !text.contains(link) && !domain
}

#[cfg(test)]
mod tests {
    use super::looks_like_a_name;

    #[test]
    fn names_are_told_from_messages() {
        for name in
            ["Ana", "J. R. Smith", "Dr. Živko Đ. Ćosić", "Anne-Marie O’Neill", "Михайло Грушевський", "李明"]
        {
            assert!(looks_like_a_name(name), "{name}");
        }
        for message in
            ["", "win at evil.example", "http://x", "a@b", "Ana\nBuy this", &"x".repeat(61), "WIN $$$"]
        {
            assert!(!looks_like_a_name(message), "{message}");
        }
    }
}

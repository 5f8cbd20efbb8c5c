//! Who may send which messages.

use crate::code::SourceId;

/// An application, or person, that sends messages.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name; the envelope's `source` must be this.
    pub id: SourceId,
    /// SHA-256 of each bearer token that names it. Two at a time let a token be replaced without a gap.
    pub token_sha256: Vec<[u8; 32]>,
    /// The broker's user whose messages are its own (AMQP property `user_id`, which the broker validates).
    pub amqp_user: Option<String>,
    /// What it may send.
    pub types: Vec<TypePattern>,
    /// It may ask the gate.
    pub gate: bool,
    /// It may read who a purpose is allowed for: everybody at once, so a right of its own.
    pub snapshot: bool,
}

/// A message type, or a beginning of some: `consent.*` allows every type that starts with `consent.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypePattern(String);

impl TypePattern {
    /// A pattern, if `text` is a type such as `consent.request.v1`, a beginning such as `consent.*`, or `*`.
    pub fn new(text: &str) -> Option<Self> {
        let beginning = text.strip_suffix('*').unwrap_or(text);
        let plain = beginning
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_'));
        let whole =
            !text.is_empty() && (text == beginning || beginning.is_empty() || beginning.ends_with('.'));
        (plain && whole).then(|| Self(text.to_owned()))
    }

    /// Whether `message_type` falls under it.
    pub fn allows(&self, message_type: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => message_type.starts_with(beginning),
            None => message_type == self.0,
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Source {
    /// Whether it may send messages of this type.
    pub fn may_send(&self, message_type: &str) -> bool {
        self.types.iter().any(|p| p.allows(message_type))
    }
}

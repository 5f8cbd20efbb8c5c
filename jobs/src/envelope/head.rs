//! What can be read of a message that is no envelope: enough to tell its sender, and to find it among the parked.

use super::{LONGEST_ATTRIBUTE, is_label};
use serde_json::{Map, Value};

/// The attributes that were readable.
#[derive(Default)]
pub struct Head {
    /// The message's id.
    pub id: Option<String>,
    /// Who sends it, as it says itself.
    pub source: Option<String>,
    /// Its type.
    pub kind: Option<String>,
    /// Where a refusal is answered to.
    pub replyto: Option<String>,
    /// What the answer is correlated by.
    pub correlationid: Option<String>,
}

impl Head {
    /// Reads what there is; nothing of what is not a JSON object.
    pub fn read(body: &[u8]) -> Self {
        let Ok(mut map) = serde_json::from_slice::<Map<String, Value>>(body) else { return Self::default() };
        let mut text = |name: &str| match map.remove(name) {
            Some(Value::String(text)) => usable(Some(text)),
            _ => None,
        };
        Self {
            id: text("id"),
            source: text("source").filter(|source| is_label(source)),
            kind: text("type"),
            replyto: text("replyto"),
            correlationid: text("correlationid"),
        }
    }
}

/// An attribute that every store and the broker can hold: not empty, not too long, without U+0000.
pub fn usable(text: Option<String>) -> Option<String> {
    text.filter(|text| (1..=LONGEST_ATTRIBUTE).contains(&text.len()) && !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_readable_of_a_broken_message_is_read() {
        let head = Head::read(
            br#"{"id": "m-1", "source": "a b", "type": 7, "replyto": "answers", "correlationid": "x\u0000"}"#,
        );
        assert_eq!((head.id.as_deref(), head.replyto.as_deref()), (Some("m-1"), Some("answers")));
        assert!(head.source.is_none() && head.kind.is_none() && head.correlationid.is_none());
        assert!(Head::read(b"[1]").id.is_none() && Head::read(b"{").id.is_none());
    }

    #[test]
    fn what_nobody_can_hold_is_left_out() {
        assert_eq!(usable(Some("q".repeat(255))).map(|q| q.len()), Some(255));
        for text in ["", "a\0b", &"q".repeat(256)] {
            assert!(usable(Some(text.to_owned())).is_none());
        }
    }
}

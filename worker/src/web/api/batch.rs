//! Taking a batch apart, without giving up on one message for the sake of another, and without keeping more of them
//! than may be sent.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The messages of a JSON array; none if there are more than `limit`.
pub(super) fn split(body: &[u8], limit: usize) -> serde_json::Result<Option<Vec<&RawValue>>> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let messages = Batch { limit }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(messages)
}

struct Batch {
    limit: usize,
}

impl<'de> DeserializeSeed<'de> for Batch {
    type Value = Option<Vec<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Batch {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut messages = Vec::new();
        while let Some(message) = items.next_element()? {
            if messages.len() == self.limit {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            messages.push(message);
        }
        Ok(Some(messages))
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn each_message_stays_as_it_was_written() {
        let messages =
            split(br#" [ {"id": "1"},{"id":1e400} , "x" ] "#, 3).expect("an array").expect("three");
        let texts: Vec<_> = messages.iter().map(|message| message.get()).collect();
        assert_eq!(texts, [r#"{"id": "1"}"#, r#"{"id":1e400}"#, r#""x""#]);
    }

    #[test]
    fn too_many_are_told_from_broken() {
        assert!(split(b"[1,2]", 2).expect("an array").is_some());
        assert!(split(b"[1,2,3]", 2).expect("an array").is_none());
        for broken in ["[1,2", "[1,2,3", "{}", "[] x", "", "[{]"] {
            assert!(split(broken.as_bytes(), 2).is_err(), "{broken}");
        }
    }
}

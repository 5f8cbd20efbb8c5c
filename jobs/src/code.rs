//! Names that the policy gives to things: purposes, contents, topics, sources … A type each, so that none can stand
//! where another belongs. Cheap to clone, because every subject and every event carries some.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

/// The longest name allowed, in characters.
pub const LONGEST: usize = 64;

/// What every name must look like, in words.
pub const RULE: &str =
    "1 to 64 characters out of a-z, 0-9, '.', '_' and '-', the first one a letter or digit";

/// Whether `text` may name something in the policy.
pub fn is_valid(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name, if it looks like one.
            pub fn new(text: &str) -> Option<Self> {
                is_valid(text).then(|| Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&text).ok_or_else(|| serde::de::Error::custom(format_args!("not a name; {RULE}")))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"})
            }
        }
    )+};
}

names! {
    /// A purpose of processing (Art. 5(1)(b)).
    PurposeId,
    /// A wording that a subject agrees to; its versions share the name.
    ContentId,
    /// A subscription topic within a purpose.
    TopicId,
    /// A channel of communication: email, phone, post …
    ChannelId,
    /// Who receives personal data (Art. 4(9)).
    RecipientId,
    /// A consent category.
    CategoryId,
    /// A value of one of the other dictionaries: consent source, withdrawal reason …
    EntryCode,
    /// A field of a data subject.
    FieldId,
    /// An application (or person, or schedule) that sends messages.
    SourceId,
    /// Where personal data come from, if not from the subject (Art. 14).
    DataSourceId,
    /// A sender identity of outgoing mail.
    MailIdentityId,
    /// A schedule.
    ScheduleId,
    /// A member of staff.
    StaffId,
    /// A group of staff.
    GroupId,
    /// A channel by which staff are told, other than mail.
    StaffChannelId,
    /// A form for consent that Rescind hosts.
    FormId,
    /// A process that subjects go through.
    ProcessId,
    /// The scheme of an external id: the name of the app that gave it.
    IdScheme,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert!(PurposeId::new("newsletter").is_some());
        assert!(PurposeId::new("2026.spring_offer-a").is_some());
        for wrong in ["", "Newsletter", "-a", "a b", "a\0", "ä", &"a".repeat(65)] {
            assert!(PurposeId::new(wrong).is_none(), "{wrong:?}");
        }
    }
}

//! `[sources.…]`: who may send which messages. What is wrong with a token is said without showing it.

use super::near;
use super::place::Place;
use super::reader::{Reader, quoted};
use crate::code::SourceId;
use crate::policy::{Source, TypePattern};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// Messages from the broker whose user was not validated; nobody proves to be it, so it can hold rights only.
const BROKER: &str = "broker";
/// Rescind's own messages.
const OWN: &str = "rescind";

/// An application, or person, that sends messages.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Source")]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    /// SHA-256 of its bearer token in 64 hexadecimal digits; a list while a token is being replaced.
    token_sha256: Option<OneOrMore>,
    /// The broker's user whose messages are its own.
    amqp_user: Option<String>,
    /// What it may send: types, `consent.*`, or `*`.
    #[serde(default)]
    types: Vec<String>,
    /// It may ask the gate. Default: false.
    #[serde(default)]
    gate: bool,
    /// It may read the snapshot: everybody whom a purpose is allowed for. Default: false.
    #[serde(default)]
    snapshot: bool,
}

/// One string or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Tokens seen so far, and broker users, with the source that has them.
#[derive(Default)]
struct Taken {
    tokens: BTreeMap<[u8; 32], SourceId>,
    users: BTreeMap<String, SourceId>,
}

pub(super) fn sources(reader: &mut Reader<'_>) -> BTreeMap<SourceId, Source> {
    let mut sources = BTreeMap::new();
    let mut taken = Taken::default();
    for (id, at, raw) in reader.named::<_, RawSource>("sources", SourceId::new) {
        match id.as_str() {
            OWN => {
                reader.wrong_key(&at, "the reserved name \"rescind\"", "another name: this is Rescind itself")
            }
            BROKER => rights_only(reader, &at, &raw),
            _ if raw.token_sha256.is_none() && raw.amqp_user.is_none() => reader.wrong(
                &at,
                "neither `token_sha256` nor `amqp_user`",
                "one of them: nobody could prove to be this source",
            ),
            _ => {}
        }
        if raw.types.is_empty() && !raw.gate && !raw.snapshot {
            reader.warn(&at, "a source without any right", "`types`, `gate = true` or `snapshot = true`");
        }
        let token_sha256 = tokens(reader, &at.key("token_sha256"), &id, raw.token_sha256, &mut taken);
        let amqp_user = raw.amqp_user.filter(|user| {
            let here = at.key("amqp_user");
            let before = taken.users.insert(user.clone(), id.clone());
            if let Some(before) = before {
                reader.wrong(&here, quoted(user), format!("a user of its own; `{before}` has this one"));
            }
            reader.line(&here, user).is_some()
        });
        let types = patterns(reader, &at.key("types"), &raw.types);
        let (gate, snapshot) = (raw.gate, raw.snapshot);
        sources.insert(id.clone(), Source { id, token_sha256, amqp_user, types, gate, snapshot });
    }
    sources
}

fn rights_only(reader: &mut Reader<'_>, at: &Place, raw: &RawSource) {
    let given = [
        ("token_sha256", raw.token_sha256.is_some()),
        ("amqp_user", raw.amqp_user.is_some()),
        ("gate", raw.gate),
        ("snapshot", raw.snapshot),
    ];
    for (key, _) in given.into_iter().filter(|(_, given)| *given) {
        reader.wrong(
            &at.key(key),
            format!("`{key}`"),
            "`types` alone: `broker` stands for messages whose sender the broker did not name",
        );
    }
}

fn tokens(
    reader: &mut Reader<'_>,
    at: &Place,
    id: &SourceId,
    raw: Option<OneOrMore>,
    taken: &mut Taken,
) -> Vec<[u8; 32]> {
    let places: Vec<(Place, String)> = match raw {
        None => Vec::new(),
        Some(OneOrMore::One(one)) => vec![(at.clone(), one)],
        Some(OneOrMore::More(more)) => {
            if more.is_empty() {
                reader.wrong(at, "an empty list", "at least one hash");
            }
            more.into_iter().enumerate().map(|(n, one)| (at.index(n), one)).collect()
        }
    };
    let mut tokens = Vec::new();
    for (here, text) in places {
        let decoded = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        let Some(hash) = decoded.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) else {
            // what stands here may be the token itself
            let found = format!("{} characters that are no SHA-256", text.chars().count());
            reader.wrong(&here, found, "64 hexadecimal digits: the SHA-256 of the token, never the token");
            continue;
        };
        match taken.tokens.insert(hash, id.clone()) {
            Some(before) => {
                reader.wrong(&here, format!("the token of `{before}`"), "a token of its own");
            }
            None => tokens.push(hash),
        }
    }
    tokens
}

fn patterns(reader: &mut Reader<'_>, at: &Place, raw: &[String]) -> Vec<TypePattern> {
    let mut patterns = Vec::new();
    for (n, text) in raw.iter().enumerate() {
        let here = at.index(n);
        let Some(pattern) = TypePattern::new(text) else {
            let expected = "a type such as `consent.request.v1`, a beginning such as `consent.*`, or `*`";
            reader.wrong(&here, quoted(text), expected);
            continue;
        };
        if !reader.known_types.iter().any(|known| pattern.allows(known)) {
            let expected = format!("a message type that exists: {}", near::one_of(text, reader.known_types));
            reader.wrong(&here, quoted(text), expected);
        }
        patterns.push(pattern);
    }
    patterns
}

// by hand, because serde's untagged enums say neither where nor what is wrong
impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 hexadecimal digits, or a list of such")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMore, A::Error> {
                let mut more = Vec::new();
                while let Some(item) = items.next_element()? {
                    more.push(item);
                }
                Ok(OneOrMore::More(more))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

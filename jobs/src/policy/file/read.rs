//! Reading one entry of the tree into its raw form. Serde stops at the first thing it dislikes; so that is noted,
//! cut out of a copy, and the rest is tried again, until nothing is left to learn.

use super::near;
use super::place::{Path, Step};
use super::tree::{Node, cut, find};
use serde::de::DeserializeOwned;
use toml::de::ValueDeserializer;

/// The most that is noted of one entry.
const MOST: usize = 64;

/// Something wrong with the shape of an entry.
pub(super) struct Flaw {
    /// Where, seen from the entry.
    pub(super) path: Path,
    /// The key itself is wrong, not its value.
    pub(super) at_key: bool,
    pub(super) found: String,
    pub(super) expected: String,
}

/// Reads `entry`, or says everything that its shape lacks; never both empty.
pub(super) fn read<T: DeserializeOwned>(entry: &Node<'_>) -> Result<T, Vec<Flaw>> {
    let mut flaws: Vec<Flaw> = Vec::new();
    let mut rest = entry.clone();
    for _ in 0..MOST {
        let error = match T::deserialize(ValueDeserializer::from(rest.clone())) {
            Ok(value) if flaws.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(error) => error,
        };
        let span = error.span().unwrap_or_else(|| entry.span());
        let (path, at_key) = find(entry, &span).unwrap_or_default();
        let flaw = explain(entry, path, at_key, error.message());
        // a field that is there but was cut out before is not missing
        if !flaw.missing.is_some_and(|field| holds(entry, &flaw.flaw.path, field)) {
            flaws.push(flaw.flaw);
        }
        if !cut(&mut rest, &span) {
            break;
        }
    }
    Err(flaws)
}

struct Explained<'m> {
    flaw: Flaw,
    missing: Option<&'m str>,
}

/// Turns serde's message into what was found and what is expected.
fn explain<'m>(entry: &Node<'_>, path: Path, at_key: bool, message: &'m str) -> Explained<'m> {
    let flaw = |found: String, expected: String| Flaw { path: path.clone(), at_key, found, expected };
    let plain = |found, expected| Explained { flaw: flaw(found, expected), missing: None };
    if let Some(field) = message.strip_prefix("missing field `").and_then(|m| m.strip_suffix('`')) {
        let flaw = flaw(format!("no `{field}`"), format!("`{field}`"));
        return Explained { flaw, missing: Some(field) };
    }
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let (found, expected) = unknown(rest);
        return Explained { flaw: flaw(format!("the key {found}"), expected), missing: None };
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let (found, expected) = unknown(rest);
        return plain(found, expected);
    }
    if let Some((found, expected)) = message.split_once(", expected ") {
        let found = found.strip_prefix("invalid type: ").unwrap_or(found);
        let found = found.strip_prefix("invalid value: ").unwrap_or(found);
        return plain(found.to_owned(), plainly(expected));
    }
    let found = descend(entry, &path).map_or("nothing", |node| node.get_ref().type_str());
    match message {
        "wanted string or table" => plain(found.to_owned(), "a string".to_owned()),
        other => plain(found.to_owned(), other.to_owned()),
    }
}

/// `` `basi`, expected one of `basis`, `title` `` as found and expected, with a guess at what was meant.
fn unknown(message: &str) -> (String, String) {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((found, known)) => (format!("`{found}`"), near::one_of(found, known)),
        None => (message.to_owned(), "something else".to_owned()),
    }
}

/// Serde's names of types in words.
fn plainly(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list: [ … ]".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}

fn descend<'n, 'a>(entry: &'n Node<'a>, path: &Path) -> Option<&'n Node<'a>> {
    path.0.iter().try_fold(entry, |node, step| match step {
        Step::Key(key) => node.get_ref().get(key.as_str()),
        Step::Index(index) => node.get_ref().get(*index),
    })
}

fn holds(entry: &Node<'_>, path: &Path, field: &str) -> bool {
    descend(entry, path).is_some_and(|node| node.get_ref().get(field).is_some())
}

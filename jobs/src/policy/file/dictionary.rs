//! `[dictionaries.…]`: categories, sources, reasons, justifications.

use super::near;
use super::reader::{Reader, quoted};
use super::texts::RawTexts;
use crate::code::{CategoryId, EntryCode};
use crate::policy::{Dictionaries, Dictionary};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A closed list of the operator's own values.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Dictionary")]
#[serde(deny_unknown_fields)]
pub(super) struct RawDictionary {
    /// The value used where a message gives none.
    default: Option<String>,
    /// Title of each value, by its code.
    #[serde(default)]
    entries: BTreeMap<String, RawTexts>,
}

/// The operator's own values.
#[derive(JsonSchema)]
#[schemars(rename = "Dictionaries", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape for the schema; dictionaries are read one by one")]
pub(super) struct RawDictionaries {
    /// Consent categories.
    categories: Option<RawDictionary>,
    /// Where consent was given.
    consent_sources: Option<RawDictionary>,
    /// Why consent was withdrawn.
    withdrawal_reasons: Option<RawDictionary>,
    /// Where consent was withdrawn.
    withdrawal_sources: Option<RawDictionary>,
    /// Why data may go to a third country (Chapter V).
    transfer_justifications: Option<RawDictionary>,
}

/// Every dictionary there is.
const NAMES: [&str; 5] =
    ["categories", "consent_sources", "withdrawal_reasons", "withdrawal_sources", "transfer_justifications"];

pub(super) fn dictionaries(reader: &mut Reader<'_>) -> Dictionaries {
    for (name, at) in reader.entries.get("dictionaries").cloned().unwrap_or_default() {
        if !NAMES.contains(&name.as_str()) {
            reader.wrong_key(&at, format!("the dictionary {}", quoted(&name)), near::one_of(&name, &NAMES));
        }
    }
    Dictionaries {
        categories: dictionary(reader, "categories", CategoryId::new),
        consent_sources: dictionary(reader, "consent_sources", EntryCode::new),
        withdrawal_reasons: dictionary(reader, "withdrawal_reasons", EntryCode::new),
        withdrawal_sources: dictionary(reader, "withdrawal_sources", EntryCode::new),
        transfer_justifications: dictionary(reader, "transfer_justifications", EntryCode::new),
    }
}

fn dictionary<K: Ord>(reader: &mut Reader<'_>, name: &str, make: fn(&str) -> Option<K>) -> Dictionary<K> {
    let place = reader.entries.get("dictionaries").and_then(|all| all.get(name)).cloned();
    let Some(at) = place else { return Dictionary::default() };
    let Some(raw) = reader.read::<RawDictionary>(&at) else { return Dictionary::default() };
    let entries_at = at.key("entries");
    let mut entries = BTreeMap::new();
    for (code, title) in &raw.entries {
        let here = entries_at.key(code);
        let code = reader.name(&here, code, make);
        if let (Some(title), Some(code)) = (reader.titles(&here, title), code) {
            entries.insert(code, title);
        }
    }
    if let Some(default) = &raw.default
        && !raw.entries.contains_key(default)
    {
        let known: Vec<&str> = raw.entries.keys().map(String::as_str).collect();
        reader.wrong(
            &at.key("default"),
            quoted(default),
            format!("a value of this dictionary: {}", near::one_of(default, &known)),
        );
    }
    Dictionary { entries, default: raw.default.and_then(|code| make(&code)) }
}

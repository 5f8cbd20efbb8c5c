//! `[contents.…]` with `[[contents.….versions]]`: the wordings that subjects agree to.

use super::moment::RawMoment;
use super::near;
use super::place::Place;
use super::reader::{Reader, quoted};
use super::texts::RawTexts;
use crate::code::{CategoryId, ChannelId, ContentId, PurposeId};
use crate::policy::{Concerns, Content, ContentVersion, Dictionaries, LawfulBasis, Purpose};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A wording that subjects agree to.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Content")]
#[serde(deny_unknown_fields)]
pub(super) struct RawContent {
    /// Its one purpose.
    purpose: String,
    /// The consent category it belongs to. Default: that of the dictionary.
    category: Option<String>,
    /// Terms of use, not a consent. Default: false.
    #[serde(default)]
    terms: bool,
    /// Its versions, oldest first. A published version is never edited: a change is a new version.
    #[schemars(length(min = 1))]
    versions: Vec<RawVersion>,
}

/// One version of a wording.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ContentVersion")]
#[serde(deny_unknown_fields)]
struct RawVersion {
    /// 1, 2, 3 …
    #[schemars(range(min = 1))]
    version: u32,
    /// From when on consent may be recorded under it.
    valid_from: RawMoment,
    /// Title by language.
    title: RawTexts,
    /// Full text by language, the same languages as the title; blank lines separate paragraphs.
    text: RawTexts,
    /// The linked regulation, a path in the policy's folder.
    regulation: Option<String>,
    /// What a consent may be linked to. Default: neither.
    #[serde(default)]
    concerns: Vec<RawConcern>,
    /// The channels it covers. Default: none in particular.
    #[serde(default)]
    channels: Vec<String>,
}

/// What a consent may be linked to.
#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq, Eq)]
#[schemars(rename = "Concern")]
#[serde(rename_all = "snake_case")]
enum RawConcern {
    /// One of the subject's addresses.
    Addresses,
    /// One of the subject's contacts.
    Contacts,
}

pub(super) fn contents(
    reader: &mut Reader<'_>,
    purposes: &BTreeMap<PurposeId, Purpose>,
    dictionaries: &Dictionaries,
) -> BTreeMap<ContentId, Content> {
    let mut contents = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawContent>("contents", ContentId::new) {
        let known = reader.refers(&at.key("purpose"), "purposes", &raw.purpose);
        if let Some(purpose) = purposes.get(raw.purpose.as_str()) {
            free(reader, &at, raw.terms, purpose);
        }
        let category = category(reader, &at, raw.category.as_deref(), dictionaries);
        let versions = versions(reader, &at.key("versions"), &raw.versions);
        let purpose = PurposeId::new(&raw.purpose).filter(|_| known);
        if let (Some(purpose), Some(category), Some(versions)) = (purpose, category, versions) {
            contents.insert(id.clone(), Content { id, purpose, category, terms: raw.terms, versions });
        }
    }
    contents
}

/// Consent never rides on terms, and is asked for only where it decides (Art. 7(2), recital 43).
fn free(reader: &mut Reader<'_>, at: &Place, terms: bool, purpose: &Purpose) {
    let here = at.key("purpose");
    let consent = purpose.basis == LawfulBasis::Consent;
    if terms && (consent || purpose.marketing) {
        let what = if consent { "a purpose by consent" } else { "a marketing purpose" };
        reader.wrong(&here, format!("{what} for terms"), "another purpose: consent never rides on terms");
    }
    if !terms && !consent {
        reader.wrong(
            &here,
            format!("a purpose that rests on {}", purpose.basis.as_str()),
            "a purpose by consent, or `terms = true`: elsewhere asking for consent would mislead",
        );
    }
}

fn category(
    reader: &mut Reader<'_>,
    at: &Place,
    given: Option<&str>,
    dictionaries: &Dictionaries,
) -> Option<CategoryId> {
    let known = &dictionaries.categories;
    let here = at.key("category");
    let Some(name) = given else {
        if known.default.is_none() {
            reader.wrong(&here, "no `category`", "`category`, or a default in [dictionaries.categories]");
        }
        return known.default.clone();
    };
    if let Some((id, _)) = known.entries.get_key_value(name) {
        return Some(id.clone());
    }
    let names: Vec<&str> = known.entries.keys().map(CategoryId::as_str).collect();
    let expected = match names.is_empty() {
        true => "a value of [dictionaries.categories.entries], which has none".to_owned(),
        false => format!("a value of [dictionaries.categories.entries]: {}", near::one_of(name, &names)),
    };
    reader.wrong(&here, quoted(name), expected);
    None
}

fn versions(reader: &mut Reader<'_>, at: &Place, raw: &[RawVersion]) -> Option<Vec<ContentVersion>> {
    if raw.is_empty() {
        reader.wrong(at, "no version", "at least one version");
    }
    let mut versions = Vec::with_capacity(raw.len());
    for (n, version) in raw.iter().enumerate() {
        let here = at.index(n);
        if version.version == 0 {
            reader.wrong(&here.key("version"), "0", "1 or more");
        }
        if let Some(before) = n.checked_sub(1).and_then(|before| raw.get(before)) {
            if version.version <= before.version {
                let found = format!("{} after {}", version.version, before.version);
                reader.wrong(&here.key("version"), found, "a higher number than the version before");
            }
            if version.valid_from.0 < before.valid_from.0 {
                let found = format!("{} after {}", version.valid_from.0, before.valid_from.0);
                reader.wrong(&here.key("valid_from"), found, "no earlier than the version before");
            }
        }
        versions.extend(self::version(reader, &here, version));
    }
    (versions.len() == raw.len() && !versions.is_empty()).then_some(versions)
}

fn version(reader: &mut Reader<'_>, at: &Place, raw: &RawVersion) -> Option<ContentVersion> {
    let title = reader.titles(&at.key("title"), &raw.title);
    let text = reader.proses(&at.key("text"), &raw.text);
    // a proof of consent names one language: both parts must have been shown in it
    let (mut titled, mut worded) = (raw.title.0.keys(), raw.text.0.keys());
    if let Some(locale) = worded.find(|l| !raw.title.0.contains_key(l)) {
        let expected = format!("a title in `{locale}`, because there is a text");
        reader.wrong(&at.key("title"), format!("no title in `{locale}`"), expected);
    }
    if let Some(locale) = titled.find(|l| !raw.text.0.contains_key(l)) {
        let expected = format!("a text in `{locale}`, because there is a title");
        reader.wrong(&at.key("text"), format!("no text in `{locale}`"), expected);
    }
    let regulation = raw.regulation.as_ref().map(|path| reader.document(&at.key("regulation"), path));
    let mut channels = Vec::new();
    for (n, channel) in raw.channels.iter().enumerate() {
        let here = at.key("channels").index(n);
        if reader.refers(&here, "channels", channel) {
            channels.extend(ChannelId::new(channel));
        }
    }
    channels.sort();
    channels.dedup();
    Some(ContentVersion {
        version: raw.version,
        valid_from: raw.valid_from.0,
        title: title?,
        text: text?,
        regulation: regulation.flatten(),
        concerns: Concerns {
            addresses: raw.concerns.contains(&RawConcern::Addresses),
            contacts: raw.concerns.contains(&RawConcern::Contacts),
        },
        channels,
    })
}

//! `[data_sources.…]`: where data come from that subjects have not given themselves. `[recipients.…]`: titles for those
//! who receive data.

use super::reader::Reader;
use super::texts::RawTexts;
use crate::code::{DataSourceId, PurposeId, RecipientId};
use crate::locale::Texts;
use crate::policy::{DataSource, Feature, Purpose};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A source of personal data other than the subject (Art. 14).
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DataSource")]
#[serde(deny_unknown_fields)]
pub(super) struct RawDataSource {
    /// What it is, for people.
    title: RawTexts,
    /// It is publicly accessible. Default: false.
    #[serde(default)]
    public: bool,
    /// Which data come from it.
    data: Option<RawTexts>,
    /// What they are used for. Default: every purpose.
    #[serde(default)]
    purposes: Vec<String>,
}

/// Who receives personal data (Art. 4(9)).
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Recipient")]
#[serde(deny_unknown_fields)]
pub(super) struct RawRecipient {
    /// Who it is, for people.
    title: RawTexts,
}

pub(super) fn data_sources(
    reader: &mut Reader<'_>,
    features: &BTreeSet<Feature>,
) -> BTreeMap<DataSourceId, DataSource> {
    let mut sources = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawDataSource>("data_sources", DataSourceId::new) {
        let title = reader.titles(&at.key("title"), &raw.title);
        let data = raw.data.and_then(|data| reader.proses(&at.key("data"), &data));
        let mut purposes = BTreeSet::new();
        for (n, purpose) in raw.purposes.iter().enumerate() {
            if reader.refers(&at.key("purposes").index(n), "purposes", purpose) {
                purposes.extend(PurposeId::new(purpose));
            }
        }
        if !features.contains(&Feature::SourceNotices) {
            let expected = "the feature `source_notices`, without which nobody may name it";
            reader.warn(&at, "a source of data that nobody is told of", expected);
        }
        if let Some(title) = title {
            sources.insert(id.clone(), DataSource { id, title, public: raw.public, data, purposes });
        }
    }
    sources
}

/// Titles of recipients; a purpose may name others too.
pub(super) fn recipients(
    reader: &mut Reader<'_>,
    purposes: &BTreeMap<PurposeId, Purpose>,
) -> BTreeMap<RecipientId, Texts> {
    let mut titles = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawRecipient>("recipients", RecipientId::new) {
        let title = reader.titles(&at.key("title"), &raw.title);
        if !purposes.values().any(|purpose| purpose.recipients.contains(&id)) {
            reader.warn(&at, "a recipient of no purpose", "a purpose whose `recipients` name it");
        }
        titles.extend(title.map(|title| (id, title)));
    }
    titles
}

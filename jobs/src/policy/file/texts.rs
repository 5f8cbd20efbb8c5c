//! Texts by language.

use super::place::Place;
use super::reader::Reader;
use crate::locale::{Locale, Texts};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// `{ en = "…", de = "…" }`
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct RawTexts(pub(super) BTreeMap<Locale, String>);

impl JsonSchema for RawTexts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let languages: serde_json::Map<String, serde_json::Value> = Locale::ALL
            .iter()
            .map(|locale| (locale.as_str().to_owned(), serde_json::json!({"type": "string", "minLength": 1})))
            .collect();
        json_schema!({
            "description": "One text in several languages, the default one among them",
            "type": "object",
            "minProperties": 1,
            "properties": languages,
            "additionalProperties": false,
        })
    }
}

impl Reader<'_> {
    /// Titles: a line in each language.
    pub(super) fn titles(&mut self, place: &Place, raw: &RawTexts) -> Option<Texts> {
        self.texts(place, raw, Self::line)
    }

    /// Texts of any length in each language.
    pub(super) fn proses(&mut self, place: &Place, raw: &RawTexts) -> Option<Texts> {
        self.texts(place, raw, Self::prose)
    }

    fn texts(
        &mut self,
        place: &Place,
        raw: &RawTexts,
        check: fn(&mut Self, &Place, &str) -> Option<String>,
    ) -> Option<Texts> {
        let mut texts = BTreeMap::new();
        for (locale, text) in &raw.0 {
            if let Some(text) = check(self, &place.key(locale.as_str()), text) {
                texts.insert(*locale, text);
            }
        }
        let preferred = self.locale;
        if !raw.0.contains_key(&preferred) {
            let found = match raw.0.is_empty() {
                true => "no text at all".to_owned(),
                false => format!("no text in `{preferred}`"),
            };
            self.wrong(place, found, format!("at least the default language, `{preferred}`"));
        }
        Texts::new(texts, preferred)
    }
}

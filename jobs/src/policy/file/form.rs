//! `[forms.…]`: forms for consent that Rescind hosts (C11).

use super::reader::{Reader, quoted};
use super::texts::RawTexts;
use crate::code::{ContentId, FormId};
use crate::policy::{ConsentForm, Content};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A form for consent, at `/form/NAME`.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Form")]
#[serde(deny_unknown_fields)]
pub(super) struct RawForm {
    /// Its title for people.
    title: RawTexts,
    /// What stands above the questions.
    intro: Option<RawTexts>,
    /// The contents that are asked, each of another purpose by consent; at most 20.
    contents: Vec<String>,
    /// Terms of use that have to be accepted: a content with `terms = true`.
    terms: Option<String>,
}

/// As many as one message may ask for.
const MOST: usize = 20;

pub(super) fn forms(
    reader: &mut Reader<'_>,
    contents: &BTreeMap<ContentId, Content>,
) -> BTreeMap<FormId, ConsentForm> {
    let mut forms = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawForm>("forms", FormId::new) {
        let title = reader.titles(&at.key("title"), &raw.title);
        let intro = raw.intro.and_then(|intro| reader.proses(&at.key("intro"), &intro));
        if raw.contents.is_empty() || raw.contents.len() > MOST {
            let found = format!("{} contents", raw.contents.len());
            reader.wrong(&at.key("contents"), found, format!("1 to {MOST} contents that are asked"));
        }
        let (mut asked, mut purposes) = (Vec::new(), BTreeSet::new());
        for (n, name) in raw.contents.iter().enumerate() {
            let here = at.key("contents").index(n);
            if !reader.refers(&here, "contents", name) {
                continue;
            }
            let Some(content) = contents.get(name.as_str()) else { continue };
            if content.terms {
                reader.wrong(&here, "terms of use", "a content that asks for consent; terms go into `terms`");
            } else if !purposes.insert(&content.purpose) {
                let found = format!("{}, whose purpose is asked already", quoted(name));
                reader.wrong(&here, found, "each purpose once: it is one question");
            } else {
                asked.push(content.id.clone());
            }
        }
        let terms = raw.terms.and_then(|name| {
            let here = at.key("terms");
            if !reader.refers(&here, "contents", &name) {
                return None;
            }
            let content = contents.get(name.as_str())?;
            if !content.terms {
                reader.wrong(&here, "a content that asks for consent", "a content with `terms = true`");
            }
            Some(content.id.clone())
        });
        if let Some(title) = title {
            forms.insert(id.clone(), ConsentForm { id, title, intro, contents: asked, terms });
        }
    }
    forms
}

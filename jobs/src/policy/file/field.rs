//! `[fields.…]`: what may be known of a subject.

use super::reader::{Reader, quoted};
use super::texts::RawTexts;
use crate::code::FieldId;
use crate::policy::{DataKind, Field, FieldClass, FieldKind};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Names that every message gives a meaning of its own.
const RESERVED: [&str; 4] = ["email", "phone", "ids", "locale"];

/// A field of a data subject.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Field")]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    /// Its title for people.
    title: RawTexts,
    /// What its values look like.
    kind: FieldKind,
    /// It identifies the subject, alone or with others.
    identifying: bool,
    /// It is sensitive.
    sensitive: bool,
    /// Whether the law guards such data specially: ordinary, special (Art. 9) or criminal (Art. 10). Default: ordinary.
    #[serde(default)]
    data: DataKind,
    /// The subject may see and correct it. Default: false.
    #[serde(default)]
    self_service: bool,
    /// It is part of an export to the subject. Default: true (Art. 15, 20).
    #[serde(default = "yes")]
    export: bool,
}

const fn yes() -> bool {
    true
}

pub(super) fn fields(reader: &mut Reader<'_>) -> BTreeMap<FieldId, Field> {
    let mut fields = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawField>("fields", FieldId::new) {
        if RESERVED.contains(&id.as_str()) {
            reader.wrong_key(
                &at,
                format!("the reserved name {}", quoted(id.as_str())),
                "another name: email, phone, ids and locale are known of every subject",
            );
        }
        if raw.data != DataKind::Ordinary && !raw.sensitive {
            let found = "false for data that the law guards specially";
            reader.wrong(&at.key("sensitive"), found, "true");
        }
        if let Some(title) = reader.titles(&at.key("title"), &raw.title) {
            let class = FieldClass { identifying: raw.identifying, sensitive: raw.sensitive };
            let RawField { kind, data, self_service, export, .. } = raw;
            fields.insert(id.clone(), Field { id, title, kind, class, data, self_service, export });
        }
    }
    fields
}

//! `[children]`: from which age on a person consents alone (Art. 8).

use super::place::Place;
use super::reader::Reader;
use crate::code::FieldId;
use crate::policy::{Children, Field, FieldKind};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// From which age on a person consents alone.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "Children")]
#[serde(deny_unknown_fields)]
pub(super) struct RawChildren {
    /// Below this age a guardian consents, as the law of the member state has it. Default: 16.
    #[schemars(range(min = 13, max = 16))]
    age_of_consent: Option<u32>,
    /// The field with the date of birth. Default: none; then only what apps say of a subject tells.
    birthday: Option<String>,
}

pub(super) fn children(reader: &mut Reader<'_>, fields: &BTreeMap<FieldId, Field>) -> Children {
    let (at, raw) =
        reader.only("children").unwrap_or_else(|| (Place::root(0).key("children"), RawChildren::default()));
    let mut children = Children::default();
    if let Some(age) = raw.age_of_consent {
        if (13..=16).contains(&age) {
            children.age_of_consent = age;
        } else {
            reader.wrong(&at.key("age_of_consent"), format!("{age}"), "13 to 16 (Art. 8(1))");
        }
    }
    if let Some(name) = raw.birthday {
        let here = at.key("birthday");
        if reader.refers(&here, "fields", &name) {
            children.birthday = FieldId::new(&name);
        }
        if fields.get(name.as_str()).is_some_and(|field| field.kind != FieldKind::Date) {
            reader.wrong(&here, "a field that holds no date", "a field of `kind = \"date\"`");
        }
    }
    children
}

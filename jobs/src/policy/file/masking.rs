//! `[masking]`: how much of a value staff see.

use super::place::Place;
use super::reader::Reader;
use crate::policy::{Handling, Masking};
use crate::protection::mask::Mask;
use schemars::JsonSchema;
use serde::Deserialize;

/// How much of a value staff see where they look something up, by the class of its field.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "Masking")]
#[serde(deny_unknown_fields)]
pub(super) struct RawMasking {
    /// Fields that neither identify nor are sensitive: open, masked or restricted. Default: masked.
    ordinary: Option<Handling>,
    /// Fields that identify, and addresses, numbers and ids. Default: masked.
    identifying: Option<Handling>,
    /// Sensitive fields and specially protected data; not open. Default: restricted.
    sensitive: Option<Handling>,
    /// So many characters are seen at the beginning of a masked value. Default: 1.
    #[schemars(range(min = 0, max = 4))]
    visible: Option<usize>,
}

pub(super) fn masking(reader: &mut Reader<'_>) -> Masking {
    let (at, raw) =
        reader.only("masking").unwrap_or_else(|| (Place::root(0).key("masking"), RawMasking::default()));
    let mut masking = Masking::default();
    if raw.sensitive == Some(Handling::Open) {
        reader.wrong(&at.key("sensitive"), "\"open\"", "masked or restricted: nobody sees such data unasked");
    }
    masking.ordinary = raw.ordinary.unwrap_or(masking.ordinary);
    masking.identifying = raw.identifying.unwrap_or(masking.identifying);
    masking.sensitive = raw.sensitive.unwrap_or(masking.sensitive);
    if let Some(visible) = raw.visible {
        if visible <= Mask::MOST {
            masking.mask = Mask::showing(visible);
        } else {
            reader.wrong(&at.key("visible"), format!("{visible}"), format!("0 to {}", Mask::MOST));
        }
    }
    masking
}

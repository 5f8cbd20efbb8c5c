//! `compatible_with`: which purposes may share data (Art. 6(4)). Needs all purposes, so it comes after them.

use super::place::Place;
use super::reader::Reader;
use crate::code::PurposeId;
use crate::policy::{LawfulBasis, Purpose};
use std::collections::BTreeMap;

/// Lets data collected for one purpose serve another (Art. 6(4)); what rests on the subject's own yes is never
/// opened that way.
pub(super) fn open(
    reader: &mut Reader<'_>,
    purposes: &mut BTreeMap<PurposeId, Purpose>,
    id: &PurposeId,
    other: &str,
    at: &Place,
) {
    let expected = "a purpose that compatibility may open (Art. 6(4))";
    let Some(target) = purposes.get(other) else { return };
    let found = if target.id == *id {
        Some("the purpose itself")
    } else if target.basis == LawfulBasis::Consent {
        Some("a purpose that rests on consent")
    } else if target.basis.is_soft_opt_in() {
        Some("a purpose that rests on soft opt-in")
    } else if target.special_category {
        Some("a purpose with special categories of data")
    } else if target.marketing {
        Some("a marketing purpose")
    } else {
        None
    };
    let target = target.id.clone();
    match found {
        Some(found) => reader.wrong(at, format!("`{other}`, {found}"), expected),
        None => {
            if let Some(purpose) = purposes.get_mut(id) {
                purpose.compatible_with.insert(target);
            }
        }
    }
}

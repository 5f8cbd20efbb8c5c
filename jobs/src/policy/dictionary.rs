//! Dictionaries: closed lists of the operator's own values, each with an optional default (A1, A2).

use crate::locale::Texts;
use std::collections::BTreeMap;

/// A list of values, by code.
#[derive(Clone, Debug)]
pub struct Dictionary<K> {
    /// Title of each value.
    pub entries: BTreeMap<K, Texts>,
    /// The value used where none is given.
    pub default: Option<K>,
}

impl<K> Default for Dictionary<K> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), default: None }
    }
}

/// All dictionaries.
#[derive(Clone, Debug, Default)]
pub struct Dictionaries {
    /// Consent categories.
    pub categories: Dictionary<crate::code::CategoryId>,
    /// Where consent was given.
    pub consent_sources: Dictionary<crate::code::EntryCode>,
    /// Why consent was withdrawn.
    pub withdrawal_reasons: Dictionary<crate::code::EntryCode>,
    /// Where consent was withdrawn.
    pub withdrawal_sources: Dictionary<crate::code::EntryCode>,
    /// Why data may go to a third country (Chapter V).
    pub transfer_justifications: Dictionary<crate::code::EntryCode>,
}

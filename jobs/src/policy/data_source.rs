//! Where personal data come from that the subject has not given (Art. 14), and who receives them.

use crate::code::{DataSourceId, PurposeId};
use crate::locale::Texts;
use std::collections::BTreeSet;

/// A source of personal data other than the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSource {
    /// Its name in messages.
    pub id: DataSourceId,
    /// What it is, for people (Art. 14(2)(f)).
    pub title: Texts,
    /// It is publicly accessible (Art. 14(2)(f)).
    pub public: bool,
    /// Which data come from it (Art. 14(1)(d)).
    pub data: Option<Texts>,
    /// What they are used for; empty: every purpose.
    pub purposes: BTreeSet<PurposeId>,
}

impl DataSource {
    /// Whether data from it are used for a purpose.
    pub fn serves(&self, purpose: &PurposeId) -> bool {
        self.purposes.is_empty() || self.purposes.contains(purpose)
    }
}

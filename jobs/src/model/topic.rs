//! Topics that a subject has left, or chosen again, within a purpose. Whatever was never said belongs to the consent.

use super::subject::Subject;
use crate::code::{PurposeId, TopicId};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// What was last said of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicChoice {
    /// Chosen, or left.
    pub subscribed: bool,
    /// Since when.
    pub at: Timestamp,
    /// Who told it.
    pub told_by: String,
}

impl Subject {
    /// The topics of a purpose that it has left.
    pub fn left_topics(&self, purpose: &PurposeId) -> BTreeSet<TopicId> {
        let left = self.topics.iter().filter(|((of, _), choice)| of == purpose && !choice.subscribed);
        left.map(|((_, topic), _)| topic.clone()).collect()
    }
}

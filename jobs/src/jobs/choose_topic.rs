//! The subject leaves a topic on its page, or chooses it again (D6). The consent to the purpose stays as it is.

use super::answer_consent::TOLD_BY_SUBJECT;
use crate::audit::Act;
use crate::code::{PurposeId, TopicId};
use crate::decision::Decision;
use crate::event::{Event, TopicChanged};
use crate::job::{Concerns, Job};
use crate::model::{Subject, SubjectId, SubjectState, TopicChoice};
use crate::refusal::{Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `topic.choose.v1`: a topic is left, or chosen again.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseTopic {
    /// Who.
    pub subject: SubjectId,
    /// Within which purpose.
    pub purpose: PurposeId,
    /// Which topic.
    pub topic: TopicId,
    /// Chosen, or left.
    pub subscribed: bool,
}

impl Job for ChooseTopic {
    const KIND: &'static str = "topic.choose.v1";
    const INTERNAL: bool = true;
    const PAGE: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        if self.subscribed && subject.state != SubjectState::Active {
            // leaving always works
            return Err(Refusal::new(RefusalCode::SubjectClosed, "The subject's data may not be changed."));
        }
        let purpose = cx.policy().purposes.get(&self.purpose);
        if !purpose.is_some_and(|purpose| purpose.topics.contains(&self.topic)) {
            return Err(Refusal::invalid("data.topic", "is not a topic of this purpose"));
        }
        let key = (self.purpose.clone(), self.topic.clone());
        if subject.topics.get(&key).is_none_or(|choice| choice.subscribed) == self.subscribed {
            return Ok(());
        }
        let at = cx.now();
        let choice = TopicChoice { subscribed: self.subscribed, at, told_by: TOLD_BY_SUBJECT.to_owned() };
        subject.topics.insert(key, choice);
        let Self { purpose, topic, subscribed, .. } = self;
        cx.record(&Act::TopicChanged {
            purpose: purpose.clone(),
            topic: topic.clone(),
            subscribed: *subscribed,
        });
        cx.publish(Event::TopicChanged(TopicChanged {
            purpose: purpose.clone(),
            topic: topic.clone(),
            subscribed: *subscribed,
            changed_at: at,
        }));
        Ok(())
    }
}

//! The gate is asked by a message: for apps that speak to the broker alone. It reads and changes nothing.

use crate::code::{ChannelId, PurposeId, RecipientId, TopicId};
use crate::decision::Decision;
use crate::event::{Event, GateAnswered};
use crate::gate::{GateAnswer, GateQuestion, Known, answer_for_all};
use crate::job::{Concerns, Job};
use crate::policy::Feature;
use crate::refusal::{FieldProblem, Refusal};
use crate::subject_ref::SubjectRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `gate.check.v1`: may this purpose be processed for this subject now? The answer goes to `replyto`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckGate {
    /// For whom; nobody is created by being asked about.
    pub subject: SubjectRef,
    /// What its data are to be used for.
    pub purpose: PurposeId,
    /// One of the purpose's topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    /// The channel by which the subject would be addressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// Who would receive the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<RecipientId>,
    /// The purpose that the data were collected for, if it is another one (Art. 6(4)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_for: Option<PurposeId>,
}

impl CheckGate {
    /// What is asked, apart from whom it is asked about.
    pub fn question(&self) -> GateQuestion {
        GateQuestion {
            purpose: self.purpose.clone(),
            topic: self.topic.clone(),
            channel: self.channel.clone(),
            recipient: self.recipient.clone(),
            collected_for: self.collected_for.clone(),
        }
    }
}

impl Job for CheckGate {
    const KIND: &'static str = "gate.check.v1";
    const FEATURE: Option<Feature> = Some(Feature::Gate);

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Asked { subject: &self.subject, purpose: &self.purpose }
    }

    fn answer(&self, known: &[Known], cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let answer = answer_for_all(&self.question(), cx.policy(), known, cx.now()).map_err(in_data)?;
        let GateAnswer { allowed, reason, basis, since } = answer;
        let (source, check) = (cx.message().source.clone(), cx.message().id.clone());
        let (purpose, basis) = (self.purpose.clone(), basis.map(str::to_owned));
        cx.reply(Event::GateAnswered(GateAnswered { source, check, purpose, allowed, reason, basis, since }));
        Ok(())
    }
}

/// The gate names its fields without the `data` around them.
fn in_data(refusal: Refusal) -> Refusal {
    let fields = refusal.fields.into_iter();
    let fields: Vec<_> =
        fields.map(|p| FieldProblem { field: format!("data.{}", p.field), problem: p.problem }).collect();
    let detail = fields.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
    Refusal { code: refusal.code, detail, fields }
}

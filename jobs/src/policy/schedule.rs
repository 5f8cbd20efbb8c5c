//! What happens by the clock.

use crate::code::ScheduleId;
use crate::schedule::Schedule;

/// A schedule of the policy: sends a message at each due time.
#[derive(Clone, Debug)]
pub struct ScheduleRule {
    /// Its name.
    pub id: ScheduleId,
    /// When it is due.
    pub schedule: Schedule,
    /// The type of the message it sends.
    pub message_type: String,
    /// The data of the message.
    pub data: serde_json::Value,
    /// What to do about due times that passed while nothing ran.
    pub catch_up: CatchUp,
    /// A run may start while the one before is not finished.
    pub overlap: bool,
}

/// What to do about due times that passed while nothing ran.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Leave them out.
    None,
    /// Run once, for the latest of them.
    #[default]
    Latest,
    /// Run once for each of them.
    All,
}

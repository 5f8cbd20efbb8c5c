//! Orders a sweep: work that pages through the store. The order is a message, so that schedules, apps and people all
//! use the same door.

use crate::audit::Act;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `sweep.run.v1`: run a sweep now.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSweep {
    /// Which sweep.
    pub sweep: Sweep,
}

/// The sweeps there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sweep {
    /// Deletes what Rescind itself no longer needs.
    Housekeeping,
}

impl Sweep {
    /// Its name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Housekeeping => "housekeeping",
        }
    }
}

impl Job for RunSweep {
    const KIND: &'static str = "sweep.run.v1";

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Nobody
    }

    fn decide_alone(&self, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        cx.sweep(self.sweep.as_str());
        cx.record(&Act::SweepOrdered { sweep: self.sweep.as_str() });
        Ok(())
    }
}

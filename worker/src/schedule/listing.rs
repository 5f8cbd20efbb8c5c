//! Every schedule of the policy, with what the store knows of it.

use crate::store::{Pool, Result, schedules};
use rescind_jobs::code::ScheduleId;
use rescind_jobs::policy::{CatchUp, Policy};
use rescind_jobs::time::Timestamp;

/// A schedule, as it is shown.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Listed {
    /// Its name in the policy.
    pub name: String,
    /// Its expression.
    pub cron: String,
    /// The IANA name of its time zone.
    pub time_zone: String,
    /// The type of the message it sends.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it does about due times that passed while nothing ran.
    pub catch_up: CatchUp,
    /// Whether runs may overlap.
    pub overlap: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// Due times after this one count; none: no worker has seen it yet.
    pub since: Option<Timestamp>,
    /// The due time of the last run, or when it was run by hand.
    pub last_due_at: Option<Timestamp>,
    /// When the last run started.
    pub last_fired_at: Option<Timestamp>,
    /// The next due time; none while it is paused, and after the year 2100.
    pub next_due_at: Option<Timestamp>,
    /// Messages of it that wait to be decided.
    pub waiting: i64,
}

/// Every schedule of the policy, in the order of their names.
///
/// # Errors
/// When the store is unavailable.
pub async fn list(pool: &Pool, policy: &Policy, now: Timestamp) -> Result<Vec<Listed>> {
    let names: Vec<&ScheduleId> = policy.schedules.keys().collect();
    let states = schedules::states(pool, &names).await?;
    let last = schedules::last_runs(pool, &names).await?;
    let waiting = schedules::waiting(pool, &names).await?;
    let listed = policy.schedules.values().map(|rule| {
        let name = rule.id.as_str();
        let state = states.get(name);
        let paused = state.is_some_and(|s| s.paused);
        Listed {
            name: name.to_owned(),
            cron: rule.schedule.expression().to_owned(),
            time_zone: rule.schedule.time_zone().to_owned(),
            kind: rule.message_type.clone(),
            catch_up: rule.catch_up,
            overlap: rule.overlap,
            paused,
            since: state.map(|s| s.since),
            last_due_at: last.get(name).map(|l| l.due_at),
            last_fired_at: last.get(name).map(|l| l.fired_at),
            next_due_at: if paused { None } else { rule.schedule.next_after(now) },
            waiting: waiting.get(name).copied().unwrap_or(0),
        }
    });
    Ok(listed.collect())
}

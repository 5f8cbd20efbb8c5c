//! Schedules: what happens by the clock. Rule: this part only writes messages to the job table; what they bring about
//! is decided like any other message. Every replica ticks; a lock on the schedule's row and the primary key of its
//! runs see to it that a due time runs once.

mod due;
mod firing;
mod listing;

pub use crate::store::schedules::{pause, resume};
pub use firing::run_now;
pub use listing::{Listed, list};

use crate::metrics::Metrics;
use crate::runner::Engine;
use crate::store::{Result, Tx, queue, schedules, sweeps};
use due::{Due, due};
use rescind_jobs::job::Job as _;
use rescind_jobs::jobs::RunSweep;
use rescind_jobs::policy::{Feature, ScheduleRule};
use rescind_jobs::time::{Span, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How late a due time may be, beyond the poll interval, for a schedule that catches nothing up.
const GRACE: Span = Span::seconds(60);

/// What became of a schedule that seemed due.
enum Fired {
    /// Its messages are written; there may be more to write.
    Yes { more: bool },
    /// A run before is not finished; so this due time waits.
    NotYet { due: Timestamp },
    /// Another worker was faster, or somebody paused it.
    No,
}

/// Ticks until told to stop.
pub async fn run(engine: Engine, metrics: Arc<Metrics>, stop: CancellationToken, poll: Duration) {
    let mut backoff = Duration::from_millis(100);
    while !stop.is_cancelled() {
        let wait = match tick(&engine, &metrics, poll).await {
            Ok(next) => {
                backoff = Duration::from_millis(100);
                until(&engine, next, poll)
            }
            Err(error) => {
                tracing::warn!(%error, "the schedules cannot be dealt with; waiting");
                backoff = (backoff * 2).min(Duration::from_secs(5));
                backoff
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// How long to sleep; at most the poll interval, because schedules may be resumed elsewhere.
fn until(engine: &Engine, next: Option<Timestamp>, poll: Duration) -> Duration {
    let Some(next) = next else { return poll };
    let micros = next.since(engine.clock().now()).as_micros();
    let wait = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    wait.max(Duration::from_millis(5)).min(poll)
}

/// One look: sends the messages of all schedules that are due. Returns when the next one is due, which is now if
/// there is more to send than one look may; none: no schedule is, as far as it is known.
///
/// # Errors
/// When the store fails for any of the schedules; the others were dealt with.
pub async fn tick(engine: &Engine, metrics: &Metrics, poll: Duration) -> Result<Option<Timestamp>> {
    let (policy, lag) = (engine.policy(), &metrics.gauges().schedule_lag);
    if !policy.features.contains(&Feature::Schedules) || policy.schedules.is_empty() {
        lag.set(0.0);
        return Ok(None);
    }
    let now = engine.clock().now();
    let grace = grace(poll);
    let names: Vec<_> = policy.schedules.keys().collect();
    let states = schedules::states(engine.pool(), &names).await?;
    let (mut next, mut late, mut failed) = (None::<Timestamp>, Span::ZERO, None);
    for rule in policy.schedules.values() {
        let done = match states.get(rule.id.as_str()) {
            None => schedules::know(engine.pool(), &rule.id, now).await.map(|()| Fired::No),
            Some(state) if state.paused => continue,
            Some(state) if due(rule, state.since, now, grace).times.is_empty() => Ok(Fired::No),
            Some(_) => fire(engine, rule, now, grace).await,
        };
        let again = match done {
            Ok(Fired::Yes { more: true }) => Some(now),
            Ok(Fired::Yes { more: false } | Fired::No) => rule.schedule.next_after(now),
            Ok(Fired::NotYet { due }) => {
                late = late.max(now.since(due));
                rule.schedule.next_after(now)
            }
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        next = [next, again].into_iter().flatten().min();
    }
    #[allow(clippy::cast_precision_loss, reason = "a metric")]
    lag.set(late.as_micros() as f64 / 1e6);
    failed.map_or(Ok(next), Err)
}

fn grace(poll: Duration) -> Span {
    let poll = i64::try_from(poll.as_micros()).unwrap_or(0);
    Span::micros(poll.saturating_add(GRACE.as_micros()))
}

async fn fire(engine: &Engine, rule: &ScheduleRule, now: Timestamp, grace: Span) -> Result<Fired> {
    let mut tx = engine.pool().begin().await?;
    // read again under the lock: another worker may have been faster, or somebody paused it
    let state = schedules::lock(&mut tx, &rule.id).await?.filter(|s| !s.paused);
    let Some(state) = state else { return Ok(Fired::No) };
    let Due { times, more } = due(rule, state.since, now, grace);
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
        return Ok(Fired::No);
    };
    if !rule.overlap && !finished(rule, &mut tx).await? {
        return Ok(Fired::NotYet { due: first });
    }
    let mut rng = engine.generator()?;
    let fired = firing::fire(&mut tx, engine.vault(), rule, &times, now, &mut rng).await?;
    schedules::reached(&mut tx, &rule.id, last).await?;
    tx.commit().await?;
    if !fired.is_empty() {
        engine.woken().jobs.wake_all();
    }
    Ok(Fired::Yes { more })
}

/// Whether no run is under way: no message of the schedule waits, and if it orders a sweep, none of its name is open.
async fn finished(rule: &ScheduleRule, tx: &mut Tx) -> Result<bool> {
    if queue::waiting_of(tx, rule.id.as_str()).await? > 0 {
        return Ok(false);
    }
    let sweep = rule.data.get("sweep").and_then(serde_json::Value::as_str);
    match sweep.filter(|_| rule.message_type == RunSweep::KIND) {
        Some(sweep) => Ok(!sweeps::is_open(tx, sweep).await?),
        None => Ok(true),
    }
}

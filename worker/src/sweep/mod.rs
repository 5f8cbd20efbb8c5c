//! Sweeps: work that pages through the store. Ordered by a message, a schedule, or by time alone; claimed under a
//! lease by one worker at a time. Rule: a sweep works in short transactions, stops between any two of them, and can
//! be taken over there by another worker.

mod housekeeping;
mod report;
mod steps;

pub use report::{Report, StepReport};

use crate::config::Housekeeping;
use crate::runner::Engine;
use crate::store::Result;
use crate::store::sweeps::{self, Claimed, Newest, SweepState};
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::jobs::Sweep;
use rescind_jobs::time::Span;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a claim holds without news. Every batch extends it; one takes well below a second.
const LEASE: Span = Span::seconds(60);

/// How often to look for sweeps that other replicas ordered.
const POLL: Duration = Duration::from_secs(1);

/// Attempts before a sweep that brings its worker down is given up; the next one is ordered by time as usual.
const MOST_ATTEMPTS: i32 = 5;

/// How an attempt ended.
enum Ended {
    /// Every step was tried.
    Done,
    /// The worker stops.
    Stopped,
    /// Another worker has taken over.
    Lost,
}

/// Runs sweeps until told to stop.
pub async fn run(engine: Engine, periods: Housekeeping, stop: CancellationToken) {
    let mut backoff = Duration::from_millis(100);
    while !stop.is_cancelled() {
        // registered before looking, so that no wake-up between looking and waiting is missed
        let sweeps = Arc::clone(&engine.woken().sweeps);
        let woken = sweeps.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let wait = match work(&engine, &periods, &stop).await {
            Ok(true) => continue,
            Ok(false) => {
                backoff = Duration::from_millis(100);
                POLL
            }
            Err(error) => {
                tracing::warn!(%error, "sweeps cannot be run; waiting");
                backoff = (backoff * 2).min(Duration::from_secs(5));
                backoff
            }
        };
        tokio::select! {
            () = &mut woken => {}
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Orders housekeeping if it is time, then runs the oldest sweep that waits, if there is one. Returns whether one
/// was run, and to what end whatsoever.
///
/// # Errors
/// When the store is unavailable. A sweep that was under way is taken up when its lease is over.
pub async fn work(engine: &Engine, periods: &Housekeeping, stop: &CancellationToken) -> Result<bool> {
    order_if_due(engine, periods.interval).await?;
    let now = engine.clock().now();
    let names = [Sweep::Housekeeping.as_str()];
    let claimed = sweeps::claim(engine.pool(), &names, now, now.plus(LEASE)).await?;
    let Some(claimed) = claimed else { return Ok(false) };
    let mut report = Report::read(&claimed.report);
    if claimed.attempt > MOST_ATTEMPTS {
        let error = Some(format!("given up after {MOST_ATTEMPTS} attempts"));
        report.steps.insert("attempts".to_owned(), StepReport { error, ..StepReport::default() });
        return finish(engine, &claimed, &report).await.map(|()| true);
    }
    let mut run = housekeeping::Run { engine, periods, claimed: &claimed, stop, report };
    match run.run().await {
        Ended::Done => finish(engine, &claimed, &run.report).await?,
        Ended::Stopped => sweeps::release(engine.pool(), &claimed).await?,
        Ended::Lost => tracing::warn!(sweep = %claimed.id, "another worker has taken over this sweep"),
    }
    Ok(true)
}

async fn finish(engine: &Engine, claimed: &Claimed, report: &Report) -> Result<()> {
    let state = if report.is_failed() { SweepState::Failed } else { SweepState::Finished };
    let now = engine.clock().now();
    if !sweeps::finish(engine.pool(), claimed, &report.to_json(), state, now).await? {
        tracing::warn!(sweep = %claimed.id, "another worker has taken over this sweep");
    } else if state == SweepState::Failed {
        tracing::error!(sweep = %claimed.id, name = claimed.name, "a sweep failed; its report says where");
    } else {
        tracing::info!(sweep = %claimed.id, name = claimed.name, "a sweep finished");
    }
    Ok(())
}

/// Orders housekeeping when the last one is longer ago than the interval. However many replicas look, one order comes
/// of it: its id derives from the run before.
async fn order_if_due(engine: &Engine, interval: Duration) -> Result<()> {
    let (now, name) = (engine.clock().now(), Sweep::Housekeeping.as_str());
    let interval = Span::micros(i64::try_from(interval.as_micros()).unwrap_or(i64::MAX));
    let before = match sweeps::newest(engine.pool(), name).await? {
        Newest::Never => Uuid::nil(),
        Newest::Ended { id, at } if at.plus(interval) <= now => id,
        Newest::Ended { .. } | Newest::Open => return Ok(()),
    };
    let mark = engine.vault().counter_key("sweep", format!("{name}\0{before}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&mark[..16]);
    let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    sweeps::order(engine.pool(), id, name, INTERNAL_SOURCE, now).await.map(drop)
}

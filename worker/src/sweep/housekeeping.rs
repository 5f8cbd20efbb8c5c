//! Housekeeping: step after step, batch after batch. Each batch is a short transaction of its own that also writes
//! the report, so that counts are exact whatever happens, and a worker that lost its claim changes nothing.

use super::report::{Report, StepReport};
use super::steps::{Step, Work, steps};
use super::{Ended, LEASE};
use crate::config::Housekeeping;
use crate::runner::Engine;
use crate::store::housekeeping::{self as store, Aged, Cursor, Owned, first_moment};
use crate::store::sweeps::{self, Claimed};
use crate::store::{Result, StoreError, Tx, audit, keys, provisional};
use rescind_jobs::audit::{Act, AuditEvent, Cause};
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::effects::Lane;
use rescind_jobs::model::SubjectId;
use rescind_jobs::time::Timestamp;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Rows a batch.
const BATCH: i64 = 1000;

/// Rows whose subjects are looked for at a time.
const PAGE: i64 = 5000;

/// How often a batch is tried when the store is busy.
const TRIES: u32 = 5;

/// A run of housekeeping.
pub(super) struct Run<'a> {
    pub engine: &'a Engine,
    pub periods: &'a Housekeeping,
    pub claimed: &'a Claimed,
    pub stop: &'a CancellationToken,
    pub report: Report,
}

/// Why a step did not come to its end.
enum Broken {
    /// The worker stops.
    Stopped,
    /// Another worker has taken over.
    Lost,
    /// The store.
    Store(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Where a step stands within its rows.
#[derive(Clone, Copy)]
enum Position {
    Aged(Aged, Cursor),
    Provisional(Timestamp, Uuid),
    DayKeys,
    Orphans(Owned, Uuid),
}

/// What a batch did.
struct Batch {
    count: u64,
    /// Where the next one begins; none: nothing is left.
    next: Option<Position>,
}

impl Run<'_> {
    /// Runs every step that is not done yet. A step that fails is reported, and the others run all the same.
    pub(super) async fn run(&mut self) -> Ended {
        for step in steps(self.periods, &self.engine.policy(), self.claimed.started_at) {
            match self.step(&step).await {
                Ok(()) => {}
                Err(Broken::Stopped) => return Ended::Stopped,
                Err(Broken::Lost) => return Ended::Lost,
                Err(Broken::Store(error)) => {
                    tracing::warn!(step = step.name, %error, "a step of housekeeping failed");
                    self.report.steps.entry(step.name.to_owned()).or_default().error =
                        Some(error.to_string());
                }
            }
        }
        Ended::Done
    }

    async fn step(&mut self, step: &Step) -> std::result::Result<(), Broken> {
        let begun = self.report.steps.get(step.name).cloned();
        let mut so_far = begun.unwrap_or(StepReport { cut_off: Some(step.cut_off), ..StepReport::default() });
        if so_far.done {
            return Ok(());
        }
        let cut_off = *so_far.cut_off.get_or_insert(step.cut_off);
        // an attempt that goes on where another one ended tries anew what went wrong there
        so_far.error = None;
        if step.work == Work::Orphans {
            so_far.count = 0;
        }
        self.report.steps.insert(step.name.to_owned(), so_far);
        let mut position = Some(Position::start(step.work, cut_off));
        while let Some(here) = position {
            if self.stop.is_cancelled() {
                return Err(Broken::Stopped);
            }
            position = self.batch(step.name, cut_off, here).await?;
            // requests go first
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// One batch, tried again while the store is busy.
    async fn batch(
        &mut self,
        step: &str,
        cut_off: Timestamp,
        here: Position,
    ) -> std::result::Result<Option<Position>, Broken> {
        let mut pause = Duration::from_millis(50);
        for _ in 1..TRIES {
            match self.try_batch(step, cut_off, here).await {
                Err(Broken::Store(error)) if error.is_transient() => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                ended => return ended,
            }
        }
        self.try_batch(step, cut_off, here).await
    }

    async fn try_batch(
        &mut self,
        step: &str,
        cut_off: Timestamp,
        here: Position,
    ) -> std::result::Result<Option<Position>, Broken> {
        let counted = match here {
            // read outside of the transaction, which must stay short
            Position::Orphans(table, after) => Some(orphans(self.engine, table, after).await?),
            _ => None,
        };
        let mut tx = self.engine.pool().begin_in(Lane::Background).await?;
        let batch = match counted {
            Some(batch) => batch,
            None => here.batch(&mut tx, self.engine, self.claimed.id, cut_off).await?,
        };
        let mut report = self.report.clone();
        let line = report.steps.entry(step.to_owned()).or_default();
        line.count += batch.count;
        line.done = batch.next.is_none();
        let lease_until = self.engine.clock().now().plus(LEASE);
        if !sweeps::progress(&mut tx, self.claimed, &report.to_json(), lease_until).await? {
            return Err(Broken::Lost);
        }
        tx.commit().await?;
        self.report = report;
        Ok(batch.next)
    }
}

impl Position {
    fn start(work: Work, cut_off: Timestamp) -> Self {
        match work {
            Work::Aged(what) => Self::Aged(what, Cursor::start(cut_off)),
            Work::Provisional => Self::Provisional(first_moment(cut_off), Uuid::nil()),
            Work::DayKeys => Self::DayKeys,
            Work::Orphans => Self::Orphans(Owned::Identities, Uuid::nil()),
        }
    }

    /// One batch of what a transaction does.
    async fn batch(self, tx: &mut Tx, engine: &Engine, sweep: Uuid, cut_off: Timestamp) -> Result<Batch> {
        Ok(match self {
            Self::Aged(what, mut cursor) => {
                let count = what.batch(tx, cut_off, &mut cursor, BATCH).await?;
                let full = i64::try_from(count).is_ok_and(|count| count >= BATCH);
                Batch { count, next: full.then_some(Self::Aged(what, cursor)) }
            }
            Self::Provisional(at, id) => {
                let page = provisional::candidates(tx, cut_off, (at, id), BATCH).await?;
                let Some((at, id)) = page.end else { return Ok(Batch { count: 0, next: None }) };
                let erased = provisional::erase(tx, page.subjects, cut_off).await?;
                record(tx, engine, sweep, &erased).await?;
                let count = u64::try_from(erased.len()).unwrap_or(u64::MAX);
                Batch { count, next: Some(Self::Provisional(at, id)) }
            }
            Self::DayKeys => Batch { count: store::day_keys(tx, keys::day_of(cut_off)).await?, next: None },
            Self::Orphans(..) => Batch { count: 0, next: None },
        })
    }
}

/// Enters in the trail whom a sweep has erased.
async fn record(tx: &mut Tx, engine: &Engine, sweep: Uuid, erased: &[Uuid]) -> Result<()> {
    let mut rng = engine.generator()?;
    let policy = engine.policy();
    let cause = Cause { source: INTERNAL_SOURCE, message: "", policy: &policy.hex };
    let (act, now) = (Act::ProvisionalSubjectErased { sweep }, engine.clock().now());
    let events: Vec<_> = erased
        .iter()
        .map(|id| AuditEvent::new(&act, Some(SubjectId(*id)), (0, 0), now, cause, &mut rng))
        .collect();
    audit::add(tx, &events).await
}

/// One page of the search for rows without a subject.
async fn orphans(engine: &Engine, table: Owned, after: Uuid) -> Result<Batch> {
    let (count, end) = store::orphans(engine.pool(), table, after, PAGE).await?;
    let next = match (end, table) {
        (Some(end), _) => Some(Position::Orphans(table, end)),
        (None, Owned::Identities) => Some(Position::Orphans(Owned::Consents, Uuid::nil())),
        (None, Owned::Consents) => None,
    };
    Ok(Batch { count, next })
}

//! Sweeps in the store: ordered, claimed under a lease, finished or failed. A sweep runs over many transactions, so a
//! claim has a lease, and the number of the attempt fences it: every transaction of a sweep also writes its progress,
//! and only the attempt that holds the claim can. A worker that lost its lease can change nothing any more.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::pool::{Pool, Tx};
use super::value::Ts;
use rescind_jobs::time::{Span, Timestamp};
use uuid::Uuid;

queries! {
    LATEST = "select id, state, ordered_at, finished_at from sweep_run where name = $1 \
              order by ordered_at desc, id desc limit 1";
    OPEN = "select count(*) from sweep_run where name = $1 and state in (0, 1)";
    ORDER = "insert into sweep_run (id, name, source, ordered_at, state, attempt, counts) \
             select $1, $2, $3, $4, 0, 0, '{}'::jsonb \
             where not exists (select 1 from sweep_run where name = $2 and state in (0, 1)) \
             on conflict (id) do nothing";
    NEXT = "select id, name, attempt, started_at, counts::text from sweep_run where name = any($1::text[]) \
            and state <> 2 and (state = 0 or (state = 1 and lease_until < $2)) order by ordered_at, id limit 1 \
            for update skip locked";
    CLAIM = "update sweep_run set state = 1, attempt = $2, lease_until = $3, started_at = $4 where id = $1";
    PROGRESS = "update sweep_run set counts = $3::jsonb, lease_until = $4 \
                where id = $1 and attempt = $2 and state = 1";
    FINISH = "update sweep_run set counts = $3::jsonb, state = $4, finished_at = $5, lease_until = null \
              where id = $1 and attempt = $2 and state = 1";
    RELEASE = "update sweep_run set state = 0, attempt = attempt - 1, lease_until = null \
               where id = $1 and attempt = $2 and state = 1";
    EXPIRE = "update sweep_run set lease_until = $1 where state = 1";
    LIST = "select id, name, source, ordered_at, state, attempt, started_at, finished_at, counts::text \
            from sweep_run order by ordered_at desc, id desc limit $1";
}

/// Where a sweep stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum SweepState {
    /// Waits for a worker.
    Queued = 0,
    /// A worker runs it.
    Running = 1,
    /// All of it was done.
    Finished = 2,
    /// Some of it could not be done; the report says what.
    Failed = 3,
}

impl SweepState {
    /// As stored.
    pub const fn from_i16(value: i16) -> Option<Self> {
        match value {
            0 => Some(Self::Queued),
            1 => Some(Self::Running),
            2 => Some(Self::Finished),
            3 => Some(Self::Failed),
            _ => None,
        }
    }
}

/// A claimed sweep.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// Which sweep.
    pub name: String,
    /// The number of this attempt, from 1.
    pub attempt: i32,
    /// When its first attempt started: what is old is measured by this.
    pub started_at: Timestamp,
    /// The report so far, as JSON.
    pub report: String,
}

/// A sweep, as it is shown.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// Which sweep.
    pub name: String,
    /// Who ordered it.
    pub source: String,
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// Where it stands.
    pub state: SweepState,
    /// Attempts so far.
    pub attempt: i32,
    /// When its first attempt started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What was done, step by step.
    pub report: serde_json::Value,
}

fn time(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<Option<Ts>>(column)?.map(|t| t.0))
}

/// Whether a sweep of this name waits or runs.
pub async fn is_open(tx: &mut Tx, name: &str) -> Result<bool> {
    let rows = tx.rows(&OPEN, vec![Arg::Text(name.to_owned())]).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.get::<i64>(0)? > 0))
}

/// The newest sweep of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newest {
    /// There is none.
    Never,
    /// It waits or runs.
    Open,
    /// It ended.
    Ended {
        /// Which.
        id: Uuid,
        /// When.
        at: Timestamp,
    },
}

/// The newest sweep of this name.
pub async fn newest(pool: &Pool, name: &str) -> Result<Newest> {
    let rows = pool.read(&LATEST, vec![Arg::Text(name.to_owned())]).await?;
    let Some(row) = rows.first() else { return Ok(Newest::Never) };
    if matches!(row.get::<i16>(1)?, 0 | 1) {
        return Ok(Newest::Open);
    }
    let ordered = row.get::<Ts>(2)?.0;
    Ok(Newest::Ended { id: row.get(0)?, at: time(row, 3)?.map_or(ordered, |at| at.max(ordered)) })
}

/// Orders a sweep unless one of its name is open, or this very order (`id`) was given before.
pub async fn order(pool: &Pool, id: Uuid, name: &str, source: &str, now: Timestamp) -> Result<bool> {
    let args =
        vec![Arg::Uuid(id), Arg::Text(name.to_owned()), Arg::Text(source.to_owned()), Arg::Ts(Ts(now))];
    Ok(pool.write(&ORDER, args).await? > 0)
}

/// Claims the oldest sweep of these names that waits, or whose worker's lease is over.
pub async fn claim(
    pool: &Pool,
    names: &[&str],
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<Claimed>> {
    let names = names.iter().map(|n| (*n).to_owned()).collect();
    let mut tx = pool.begin().await?;
    let rows = tx.rows(&NEXT, vec![Arg::Texts(names), Arg::Ts(Ts(now))]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let claimed = Claimed {
        id: row.get(0)?,
        name: row.get(1)?,
        attempt: row.get::<i32>(2)?.saturating_add(1),
        started_at: time(row, 3)?.unwrap_or(now),
        report: row.get(4)?,
    };
    let args = vec![
        Arg::Uuid(claimed.id),
        Arg::I32(claimed.attempt),
        Arg::Ts(Ts(lease_until)),
        Arg::Ts(Ts(claimed.started_at)),
    ];
    tx.run(&CLAIM, args).await?;
    tx.commit().await?;
    Ok(Some(claimed))
}

/// Writes the report so far and extends the lease, in the transaction of what it reports. Returns whether the claim
/// still holds; if not, that transaction must not be committed.
pub async fn progress(tx: &mut Tx, held: &Claimed, report: &str, lease_until: Timestamp) -> Result<bool> {
    let args = vec![
        Arg::Uuid(held.id),
        Arg::I32(held.attempt),
        Arg::Text(report.to_owned()),
        Arg::Ts(Ts(lease_until)),
    ];
    Ok(tx.run(&PROGRESS, args).await? > 0)
}

/// Ends a sweep. Returns whether the claim still held.
pub async fn finish(
    pool: &Pool,
    held: &Claimed,
    report: &str,
    state: SweepState,
    now: Timestamp,
) -> Result<bool> {
    let args = vec![
        Arg::Uuid(held.id),
        Arg::I32(held.attempt),
        Arg::Text(report.to_owned()),
        Arg::I16(state as i16),
        Arg::Ts(Ts(now)),
    ];
    Ok(pool.write(&FINISH, args).await? > 0)
}

/// Gives a sweep back because the worker stops; it costs no attempt.
pub async fn release(pool: &Pool, held: &Claimed) -> Result<()> {
    pool.write(&RELEASE, vec![Arg::Uuid(held.id), Arg::I32(held.attempt)]).await.map(drop)
}

/// Ends all leases, for when the worker that held them is known to be dead.
pub async fn expire_leases(pool: &Pool, now: Timestamp) -> Result<u64> {
    pool.write(&EXPIRE, vec![Arg::Ts(Ts(now.minus(Span::seconds(1))))]).await
}

/// The newest sweeps, newest first.
pub async fn list(pool: &Pool, limit: i64) -> Result<Vec<Listed>> {
    let listed = |row: &Row| {
        Ok(Listed {
            id: row.get(0)?,
            name: row.get(1)?,
            source: row.get(2)?,
            ordered_at: row.get::<Ts>(3)?.0,
            state: SweepState::from_i16(row.get(4)?).ok_or(super::load::unreadable("sweep_run", "state"))?,
            attempt: row.get(5)?,
            started_at: time(row, 6)?,
            finished_at: time(row, 7)?,
            report: serde_json::from_str(&row.get::<String>(8)?)
                .map_err(|_| super::load::unreadable("sweep_run", "counts"))?,
        })
    };
    pool.read(&LIST, vec![Arg::I64(limit)]).await?.iter().map(listed).collect()
}

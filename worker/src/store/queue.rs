//! The job table: follow-ups with their due times, scheduled messages, and what the command line sends; in the
//! embedded default the only queue. A row is claimed, decided and removed in one transaction, so a crash simply gives
//! it back: no lease, no rescue.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::pool::{Pool, Tx};
use super::tables::JobRow;
use super::value::Ts;
use rescind_jobs::model::SubjectId;
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

queries! {
    CLAIM = "select id, subject_id, source, origin, kind, body, day, attempt, schedule, created_at, correlation, \
             traceparent from job where lane = $1 and due_at <= $2 order by lane, due_at, id limit $3 \
             for update skip locked";
    REMOVE = "delete from job where id = any($1::uuid[])";
    POSTPONE = "update job set due_at = $2 where id = any($1::uuid[])";
    NEXT_DUE = "select due_at from job where lane = $1 order by lane, due_at limit 1";
    TRIED = "update job set attempt = attempt + 1 where id = any($1::uuid[])";
    DEPTH = "select count(*), min(created_at) from job where lane in (0, 1) and due_at <= $1";
    IDS = "select id from job order by id limit 1000";
    BY_SCHEDULE = "select count(*) from job where schedule = $1";
}

/// Where a row of the job table came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum Origin {
    /// A decision ordered it.
    FollowUp = 0,
    /// The operator sent it at the command line.
    Operator = 1,
    /// A schedule was due.
    Schedule = 2,
    /// It was parked, and is tried again: sent by an authenticated source.
    RetryAuthenticated = 3,
    /// It was parked, and is tried again: sent by the broker without a name.
    RetryBroker = 4,
    /// It was parked, and is tried again: sent by this machine.
    RetryLocal = 5,
}

impl Origin {
    /// As stored.
    pub const fn from_i16(value: i16) -> Option<Self> {
        match value {
            0 => Some(Self::FollowUp),
            1 => Some(Self::Operator),
            2 => Some(Self::Schedule),
            3 => Some(Self::RetryAuthenticated),
            4 => Some(Self::RetryBroker),
            5 => Some(Self::RetryLocal),
            _ => None,
        }
    }
}

/// A claimed row.
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// Whom it concerns.
    pub subject: Option<SubjectId>,
    /// Who sent it; for a retry, as its sender was known when it was parked.
    pub source: String,
    /// Where it came from; none: this version does not know.
    pub origin: Option<Origin>,
    /// Its type; a row without one holds a whole envelope.
    pub kind: Option<String>,
    /// Data, or a whole envelope.
    pub body: Vec<u8>,
    /// The day whose key seals the body; none: it holds no personal data, and is not sealed.
    pub day: Option<i32>,
    /// How often it was in flight when a worker died.
    pub attempt: i32,
    /// The schedule that sent it.
    pub schedule: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// Correlation id.
    pub correlation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// The body of a follow-up: names and references only, so it is not sealed.
pub fn follow_up_body(time: Timestamp, data: &serde_json::Value) -> Vec<u8> {
    serde_json::json!({"time": time, "data": data}).to_string().into_bytes()
}

fn claimed(row: &Row) -> Result<Claimed> {
    Ok(Claimed {
        id: row.get(0)?,
        subject: row.get::<Option<Uuid>>(1)?.map(SubjectId),
        source: row.get(2)?,
        origin: Origin::from_i16(row.get(3)?),
        kind: row.get(4)?,
        body: row.get(5)?,
        day: row.get(6)?,
        attempt: row.get(7)?,
        schedule: row.get(8)?,
        created_at: row.get::<Ts>(9)?.0,
        correlation: row.get(10)?,
        traceparent: row.get(11)?,
    })
}

/// Claims due rows of one lane, oldest first, passing over those that others have claimed.
pub async fn claim(tx: &mut Tx, lane: i16, now: Timestamp, limit: i64) -> Result<Vec<Claimed>> {
    let args = vec![Arg::I16(lane), Arg::Ts(Ts(now)), Arg::I64(limit)];
    tx.rows(&CLAIM, args).await?.iter().map(claimed).collect()
}

/// Removes rows that were dealt with.
pub async fn remove(tx: &mut Tx, ids: Vec<Uuid>) -> Result<u64> {
    tx.run(&REMOVE, vec![Arg::Uuids(ids)]).await
}

/// Leaves rows for later.
pub async fn postpone(tx: &mut Tx, ids: Vec<Uuid>, due_at: Timestamp) -> Result<u64> {
    tx.run(&POSTPONE, vec![Arg::Uuids(ids), Arg::Ts(Ts(due_at))]).await
}

/// Writes rows; returns how many were new.
pub async fn add(tx: &mut Tx, rows: &[JobRow]) -> Result<usize> {
    Ok(tx.put(rows).await?.len())
}

/// When the next row of a lane is due.
pub async fn next_due(pool: &Pool, lane: i16) -> Result<Option<Timestamp>> {
    let rows = pool.read(&NEXT_DUE, vec![Arg::I16(lane)]).await?;
    rows.first().map(|row| Ok(row.get::<Ts>(0)?.0)).transpose()
}

/// Counts an attempt at rows that were in flight when a worker died.
pub async fn tried(pool: &Pool, ids: Vec<Uuid>) -> Result<u64> {
    pool.write(&TRIED, vec![Arg::Uuids(ids)]).await
}

/// How many rows are due, and since when the oldest of them waits.
pub async fn depth(pool: &Pool, now: Timestamp) -> Result<(i64, Option<Timestamp>)> {
    let rows = pool.read(&DEPTH, vec![Arg::Ts(Ts(now))]).await?;
    let Some(row) = rows.first() else { return Ok((0, None)) };
    Ok((row.get(0)?, row.get::<Option<Ts>>(1)?.map(|t| t.0)))
}

/// How many rows of a schedule wait.
pub async fn waiting_of(tx: &mut Tx, schedule: &str) -> Result<i64> {
    let rows = tx.rows(&BY_SCHEDULE, vec![Arg::Text(schedule.to_owned())]).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// The rows there are, due or not; at most a thousand.
pub async fn ids(pool: &Pool) -> Result<Vec<Uuid>> {
    pool.read(&IDS, vec![]).await?.iter().map(|row| row.get(0)).collect()
}

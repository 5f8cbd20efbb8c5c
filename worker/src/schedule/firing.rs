//! A due time becomes a message: its run is entered and the message written to the job table in one transaction, so
//! that neither is there without the other.

use crate::clock::Randomness;
use crate::store::queue::{self, Origin};
use crate::store::schedules::{self, RunRow};
use crate::store::tables::JobRow;
use crate::store::{Pool, Result, StoreError, Ts, Tx, keys};
use rand::rngs::StdRng;
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::effects::Lane;
use rescind_jobs::envelope::Envelope;
use rescind_jobs::policy::ScheduleRule;
use rescind_jobs::protection::{Vault, new_id};
use rescind_jobs::time::{Span, Timestamp};
use uuid::Uuid;

/// Enters runs for these due times and writes their messages; returns the rows of those that were new.
pub(super) async fn fire(
    tx: &mut Tx,
    vault: &Vault,
    rule: &ScheduleRule,
    times: &[Timestamp],
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<Vec<Uuid>> {
    let mut runs: Vec<RunRow> = times
        .iter()
        .map(|due| RunRow {
            schedule: rule.id.to_string(),
            due_at: Ts(*due),
            fired_at: Ts(now),
            job_id: new_id(now, rng),
        })
        .collect();
    let won = schedules::enter(tx, &runs).await?;
    runs.retain(|run| won.contains(&run.due_at.0));
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    // the policy may put anything into the data, so it is sealed like whatever has no subject
    let day = keys::day_of(now);
    let key = keys::day_key(tx, vault, day, rng).await?;
    let rows: Vec<JobRow> = runs
        .iter()
        .rev()
        .zip(1..)
        .map(|(run, behind)| JobRow {
            id: run.job_id,
            subject_id: None,
            source: INTERNAL_SOURCE.to_owned(),
            origin: Origin::Schedule as i16,
            kind: None,
            body: key.seal(keys::body_place(day), &message(rule, run.due_at.0), rng).0,
            day: Some(day),
            // the oldest goes first; all of them are due
            due_at: Ts(now.minus(Span::micros(behind))),
            lane: Lane::Request as i16,
            attempt: 0,
            schedule: Some(run.schedule.clone()),
            created_at: Ts(now),
            correlation: None,
            traceparent: None,
        })
        .collect();
    queue::add(tx, &rows).await?;
    Ok(runs.into_iter().map(|run| run.job_id).collect())
}

fn message(rule: &ScheduleRule, due: Timestamp) -> Vec<u8> {
    Envelope {
        specversion: "1.0".to_owned(),
        id: format!("schedule:{}:{due}", rule.id),
        source: INTERNAL_SOURCE.to_owned(),
        kind: rule.message_type.clone(),
        time: due,
        data: rule.data.clone(),
        traceparent: None,
        correlationid: None,
        replyto: None,
    }
    .to_json()
}

/// Runs a schedule now, besides its due times: even if it is paused, and even if a run of it is not finished. Returns
/// the id of the row in the job table; a worker that uses the same store takes it within its poll interval.
///
/// # Errors
/// When the store is unavailable, and [`StoreError::Again`] if somebody did the same in the same microsecond.
pub async fn run_now(
    pool: &Pool,
    vault: &Vault,
    rule: &ScheduleRule,
    now: Timestamp,
    randomness: &Randomness,
) -> Result<Uuid> {
    let mut rng = randomness.generator().map_err(|e| StoreError::Unavailable(e.to_string()))?;
    let mut tx = pool.begin().await?;
    let rows = fire(&mut tx, vault, rule, &[now], now, &mut rng).await?;
    let row = rows.first().copied().ok_or(StoreError::Again)?;
    tx.commit().await?;
    Ok(row)
}

//! Schedules in the store: since when a schedule's due times count, whether it is paused, and which due times have
//! run. Schedule and due time are the primary key of a run, so a due time runs once however many workers look.

use super::Arg;
use super::dialect::{queries, table};
use super::error::Result;
use super::pool::{Pool, Tx};
use super::value::Ts;
use rescind_jobs::code::ScheduleId;
use rescind_jobs::time::Timestamp;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

queries! {
    STATES = "select schedule, paused, known_since from schedule_state where schedule = any($1::text[])";
    KNOW = "insert into schedule_state (schedule, paused, known_since) values ($1, 0, $2) \
            on conflict (schedule) do nothing";
    LOCK = "select paused, known_since from schedule_state where schedule = $1 for no key update";
    REACHED = "update schedule_state set known_since = $2 where schedule = $1 and known_since < $2";
    PAUSE = "insert into schedule_state (schedule, paused, known_since) values ($1, 1, $2) \
             on conflict (schedule) do update set paused = 1 where schedule_state.paused = 0";
    RESUME = "update schedule_state set paused = 0, known_since = $2 where schedule = $1 and paused = 1";
    LAST = "select schedule, max(due_at), max(fired_at) from schedule_run where schedule = any($1::text[]) \
            group by schedule";
    WAITING = "select schedule, count(*) from job where schedule = any($1::text[]) group by schedule";
}

table! {
    /// A run of a schedule. Only a run that is new is returned.
    RunRow in "schedule_run" { schedule: String, due_at: Ts, fired_at: Ts, job_id: Uuid }
"on conflict (schedule, due_at) do nothing returning due_at" }

/// What is known of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// It makes no runs until it is resumed.
    pub paused: bool,
    /// Due times after this one count: when it was first seen or resumed, or the last one that ran.
    pub since: Timestamp,
}

/// The last run of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// The latest due time that ran.
    pub due_at: Timestamp,
    /// When the latest run started.
    pub fired_at: Timestamp,
}

fn named(names: &[&ScheduleId]) -> Vec<Arg> {
    vec![Arg::Texts(names.iter().map(ToString::to_string).collect())]
}

/// What is known of these schedules; one that was never seen is absent.
pub async fn states(pool: &Pool, names: &[&ScheduleId]) -> Result<HashMap<String, State>> {
    let mut found = HashMap::with_capacity(names.len());
    for row in pool.read(&STATES, named(names)).await? {
        let state = State { paused: row.get::<i16>(1)? != 0, since: row.get::<Ts>(2)?.0 };
        found.insert(row.get(0)?, state);
    }
    Ok(found)
}

/// Notes that a schedule was seen for the first time; its due times count from now on.
pub async fn know(pool: &Pool, name: &ScheduleId, now: Timestamp) -> Result<()> {
    pool.write(&KNOW, vec![Arg::Text(name.to_string()), Arg::Ts(Ts(now))]).await.map(drop)
}

/// Locks a schedule against other workers, and reads it.
pub async fn lock(tx: &mut Tx, name: &ScheduleId) -> Result<Option<State>> {
    let rows = tx.rows(&LOCK, vec![Arg::Text(name.to_string())]).await?;
    rows.first()
        .map(|row| Ok(State { paused: row.get::<i16>(0)? != 0, since: row.get::<Ts>(1)?.0 }))
        .transpose()
}

/// Enters runs; returns the due times of those that nobody had entered.
pub async fn enter(tx: &mut Tx, runs: &[RunRow]) -> Result<HashSet<Timestamp>> {
    tx.put(runs).await?.iter().map(|row| Ok(row.get::<Ts>(0)?.0)).collect()
}

/// Notes that due times up to `due` need no run any more.
pub async fn reached(tx: &mut Tx, name: &ScheduleId, due: Timestamp) -> Result<()> {
    tx.run(&REACHED, vec![Arg::Text(name.to_string()), Arg::Ts(Ts(due))]).await.map(drop)
}

/// Pauses a schedule: it makes no more runs until it is resumed. Returns whether it was not paused before.
pub async fn pause(pool: &Pool, name: &ScheduleId, now: Timestamp) -> Result<bool> {
    Ok(pool.write(&PAUSE, vec![Arg::Text(name.to_string()), Arg::Ts(Ts(now))]).await? > 0)
}

/// Resumes a schedule. Its due times count from `now` on: what passed while it was paused is left out, whatever
/// its `catch_up` says. Returns whether it was paused.
pub async fn resume(pool: &Pool, name: &ScheduleId, now: Timestamp) -> Result<bool> {
    Ok(pool.write(&RESUME, vec![Arg::Text(name.to_string()), Arg::Ts(Ts(now))]).await? > 0)
}

/// The last runs of these schedules.
pub async fn last_runs(pool: &Pool, names: &[&ScheduleId]) -> Result<HashMap<String, LastRun>> {
    let mut found = HashMap::with_capacity(names.len());
    for row in pool.read(&LAST, named(names)).await? {
        let last = LastRun { due_at: row.get::<Ts>(1)?.0, fired_at: row.get::<Ts>(2)?.0 };
        found.insert(row.get(0)?, last);
    }
    Ok(found)
}

/// How many messages of these schedules wait to be decided.
pub async fn waiting(pool: &Pool, names: &[&ScheduleId]) -> Result<HashMap<String, i64>> {
    pool.read(&WAITING, named(names)).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

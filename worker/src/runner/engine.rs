//! The engine: runs batches until they succeed, are refused message by message, or the store is gone.

use super::batch::{Attempt, Memory, Ran, Run};
use super::expansion;
use super::failed::{Failed, crashed, sealed, undecided};
use super::flights::Flights;
use super::message::{Incoming, OnRefusal, Outcome};
use super::parking;
use super::prepare::{Item, Preparation};
use super::settings::{Settings, Woken};
use super::tell;
use crate::clock::{Clock, Randomness};
use crate::fault::{self, Point};
use crate::live::{InForce, Live};
use crate::metrics::Metrics;
use crate::store::queue::{self, Claimed};
use crate::store::{Pool, Result, Standing, StoreError, Ts, Tx, inbox, keys, parked, save};
use crate::telemetry::Telemetry;
use crate::webhook_file::Endpoint;
use rand::rngs::StdRng;
use rescind_jobs::effects::{Effects, Lane};
use rescind_jobs::protection::{DataKey, Sealed, Vault};
use rescind_jobs::refusal::Refusal;
use rescind_jobs::time::Timestamp;
use std::collections::{HashMap, hash_map};
use std::sync::Arc;
use uuid::Uuid;

/// Runs batches. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    pool: Pool,
    policy: Live<InForce>,
    vault: Arc<Vault>,
    clock: Clock,
    randomness: Randomness,
    settings: Settings,
    woken: Woken,
    metrics: Arc<Metrics>,
    standing: Standing,
    telemetry: Telemetry,
    endpoints: Vec<Endpoint>,
}

/// How often a batch is run again because another was faster.
const AGAIN: usize = 25;

/// The largest batch of the background: its transactions are short, so that requests never wait long for the one writer
/// of SQLite, nor for a subject that both concern.
pub(crate) const BACKGROUND_BATCH: usize = 64;

impl Engine {
    /// An engine over a store.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        pool: Pool,
        policy: impl Into<Live<InForce>>,
        vault: Arc<Vault>,
        clock: Clock,
        randomness: Randomness,
        settings: Settings,
        woken: Woken,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (policy, standing, telemetry) = (policy.into(), Standing::default(), Telemetry::default());
        Self(Arc::new(Inner {
            pool,
            policy,
            vault,
            clock,
            randomness,
            settings,
            woken,
            metrics,
            standing,
            telemetry,
            endpoints: Vec::new(),
        }))
    }

    /// The same; it tells what it does, and its events wait for these endpoints. For a new engine, before it is cloned.
    #[must_use]
    pub fn telling(mut self, telemetry: Telemetry, endpoints: Vec<Endpoint>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            (inner.telemetry, inner.endpoints) = (telemetry, endpoints);
        }
        self
    }

    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.0.endpoints
    }

    pub(super) fn telemetry(&self) -> &Telemetry {
        &self.0.telemetry
    }

    /// The store.
    pub fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// Whether the store takes what is written to it, as far as the batches could tell.
    pub fn standing(&self) -> &Standing {
        &self.0.standing
    }

    /// The policy that is in force now. A batch takes it once, and keeps it to its end.
    pub fn policy(&self) -> Arc<InForce> {
        self.0.policy.now()
    }

    /// The keys.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What it was told once.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Who is woken.
    pub fn woken(&self) -> &Woken {
        &self.0.woken
    }

    pub(crate) fn generator(&self) -> Result<StdRng> {
        self.0.randomness.generator().map_err(|e| StoreError::Unavailable(e.to_string()))
    }

    fn preparation<'a>(&'a self, policy: &'a InForce, lane: Lane) -> Preparation<'a> {
        Preparation {
            policy,
            vault: &self.0.vault,
            now: self.0.clock.now(),
            lane,
            inbox: self.0.settings.inbox,
            body_limit: self.0.settings.body_limit,
        }
    }

    fn largest_batch(&self, lane: Lane) -> usize {
        let largest = self.0.settings.batch_size.max(1);
        if lane == Lane::Background { largest.min(BACKGROUND_BATCH) } else { largest }
    }

    /// Decides messages that somebody waits for; returns an outcome for each, in their order, after the commit.
    ///
    /// # Errors
    /// When the store is unavailable; the messages that were not decided by then may be handed in again.
    pub async fn handle(&self, messages: Vec<Incoming>) -> Result<Vec<Outcome>> {
        self.handle_in(Lane::Request, messages).await
    }

    /// The same in `lane`, in which goes what follows from them too.
    ///
    /// # Errors
    /// When the store is unavailable; the messages that were not decided by then may be handed in again.
    pub async fn handle_in(&self, lane: Lane, messages: Vec<Incoming>) -> Result<Vec<Outcome>> {
        self.handle_as(lane, Run::Commit, self.largest_batch(lane), messages).await
    }

    /// The same in batches of `most`; or only told what would become of them, and nothing is kept.
    pub(crate) async fn handle_as(
        &self,
        lane: Lane,
        run: Run,
        most: usize,
        messages: Vec<Incoming>,
    ) -> Result<Vec<Outcome>> {
        let policy = self.policy();
        let preparation = self.preparation(&policy, lane);
        let alone: Vec<bool> = messages.iter().map(|m| m.redelivered).collect();
        let mut items: Vec<Item> = messages.into_iter().map(|m| preparation.incoming(m)).collect();
        tell::begin(self, &mut items)?;
        let mut outcomes = Vec::with_capacity(items.len());
        let mut rest = &items[..];
        let mut alone = &alone[..];
        while !rest.is_empty() {
            // what may have been in flight when a worker died is tried by itself
            let together = alone.iter().take_while(|a| !**a).count();
            if together > 0 {
                let (batch, later) = rest.split_at(together.min(most));
                outcomes.extend(self.run_split(batch, &policy, run).await?);
                (rest, alone) = (later, &alone[batch.len()..]);
            } else {
                outcomes.push(self.run_alone(&rest[0], &policy).await?);
                (rest, alone) = (&rest[1..], &alone[1..]);
            }
        }
        Ok(outcomes)
    }

    /// Runs a batch; halves it when the database refuses a value, until the one message that holds it is found.
    async fn run_split(&self, items: &[Item], policy: &InForce, run: Run) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(items.len());
        let mut waiting = vec![items];
        while let Some(items) = waiting.pop() {
            match self.run_batch(items, policy, run).await {
                Ok(found) => outcomes.extend(found),
                Err(Failed::Split(_)) if items.len() > 1 => {
                    let (first, second) = items.split_at(items.len() / 2);
                    waiting.push(second);
                    waiting.push(first);
                }
                Err(Failed::Split(refusal)) => outcomes.push(self.give_up(&items[0], refusal).await?),
                Err(Failed::Store(error)) => return Err(error),
            }
        }
        Ok(outcomes)
    }

    async fn run_batch(
        &self,
        items: &[Item],
        policy: &InForce,
        run: Run,
    ) -> std::result::Result<Vec<Outcome>, Failed> {
        let lane = items.first().map_or(Lane::Request, |item| item.lane);
        let mut memory = Memory::default();
        for round in 0..AGAIN {
            pause(round).await;
            let started = std::time::Instant::now();
            let attempt = Attempt::new(self, policy, items, &mut memory)?;
            let tx = self.0.pool.begin_in(lane).await?;
            match attempt.run(tx, run).await {
                Ok(ran) => {
                    if run == Run::Commit {
                        self.committed(items, &ran, started.elapsed());
                    }
                    return Ok(ran.outcomes);
                }
                Err(StoreError::Again | StoreError::LimitReached) if !memory.must_split => {
                    self.0.metrics.batch_again();
                }
                Err(_) if memory.must_split => return Err(Failed::Split(undecided())),
                Err(error) => return Err(Failed::of(error)),
            }
        }
        Err(Failed::Split(undecided()))
    }

    fn committed(&self, items: &[Item], ran: &Ran, elapsed: std::time::Duration) {
        let woken = &self.0.woken;
        woken.mails.wake(ran.mails.iter().copied());
        if ran.channels {
            woken.channels.notify_waiters();
        }
        if ran.events > 0 {
            woken.events.notify_one();
        }
        woken.jobs.wake(ran.jobs.iter().copied());
        if ran.sweeps > 0 {
            woken.sweeps.notify_one();
        }
        self.0.metrics.batch(&ran.outcomes, elapsed);
        tell::end(self, items, &ran.outcomes);
    }

    /// Tries a message that may have brought a worker down: its attempt is committed beforehand.
    async fn run_alone(&self, item: &Item, policy: &InForce) -> Result<Outcome> {
        let mac = data_encoding::HEXLOWER.encode(&item.mac);
        let flight = item.key.clone().unwrap_or_else(|| (String::new(), mac));
        let mut tx = self.0.pool.begin().await?;
        let attempts = inbox::take_off(&mut tx, &flight, Ts(self.0.clock.now())).await?;
        tx.commit().await?;
        fault::at(Point::AfterAttempt);
        let outcome = if u32::try_from(attempts).unwrap_or(0) > self.0.settings.max_attempts {
            self.give_up(item, crashed()).await?
        } else {
            match self.run_split(std::slice::from_ref(item), policy, Run::Commit).await {
                Ok(mut outcomes) => outcomes.pop().unwrap_or(Outcome::Duplicate),
                Err(error) => {
                    if error.is_transient() {
                        self.call_off(&flight).await;
                    }
                    return Err(error);
                }
            }
        };
        let mut tx = self.0.pool.begin().await?;
        inbox::land(&mut tx, &[flight]).await?;
        tx.commit().await?;
        Ok(outcome)
    }

    /// Takes back the attempt at a message that the store was away for. If it still is, the attempt stands.
    async fn call_off(&self, flight: &inbox::Key) {
        let called_off = async {
            let mut tx = self.0.pool.begin().await?;
            inbox::call_off(&mut tx, flight).await?;
            tx.commit().await
        };
        if let Err(error) = called_off.await {
            tracing::warn!(%error, "an attempt at a message counts, though it was the store that was away");
        }
    }

    /// Parks a message that cannot even be refused in a batch.
    async fn give_up(&self, item: &Item, refusal: Refusal) -> Result<Outcome> {
        if item.on_refusal == OnRefusal::Park {
            let mut rng = self.generator()?;
            let now = self.0.clock.now();
            let mut tx = self.0.pool.begin().await?;
            if let Some(row) = item.row
                && queue::remove(&mut tx, vec![row]).await? == 0
            {
                // another worker has dealt with it meanwhile
                return Ok(Outcome::Duplicate);
            }
            let row = parking::row(self, &mut tx, item, &refusal, now, &mut rng).await?;
            parked::add(&mut tx, &[row]).await?;
            let answer = parking::answer(item, &refusal, now, &mut rng);
            let mut effects = Effects::default();
            effects.events.extend(answer);
            save::effects(&mut tx, &effects, now).await?;
            tx.commit().await?;
            if !effects.events.is_empty() {
                self.0.woken.events.notify_one();
            }
        }
        let outcome = Outcome::Refused(refusal);
        self.0.metrics.batch(std::slice::from_ref(&outcome), std::time::Duration::ZERO);
        tell::end(self, std::slice::from_ref(item), std::slice::from_ref(&outcome));
        Ok(outcome)
    }

    /// Claims due rows of the job table, and decides them; returns how many were dealt with.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn work(&self, lane: Lane, flights: &Flights) -> Result<usize> {
        let mut limit = self.largest_batch(lane);
        let mut done = 0;
        let mut rounds = 1;
        while rounds > 0 {
            rounds -= 1;
            match self.work_batch(lane, limit, flights).await {
                Ok(worked) => done += worked,
                Err(Failed::Split(_)) if limit > 1 => {
                    limit = limit.div_ceil(2);
                    rounds = (rounds + 1) * 2;
                }
                Err(Failed::Split(refusal)) => return Err(StoreError::Statement(refusal.detail)),
                Err(Failed::Store(error)) => return Err(error),
            }
        }
        Ok(done)
    }

    async fn work_batch(
        &self,
        lane: Lane,
        limit: usize,
        flights: &Flights,
    ) -> std::result::Result<usize, Failed> {
        let policy = self.policy();
        let mut memory = Memory::default();
        let mut undecidable = Vec::new();
        for round in 0..AGAIN {
            pause(round).await;
            let started = std::time::Instant::now();
            let now = self.0.clock.now();
            let mut tx = self.0.pool.begin_in(lane).await?;
            let (mut items, pages) = self.claim(&mut tx, &policy, lane, limit, now).await?;
            let claimed = items.len() + pages.len();
            if claimed == 0 {
                return Ok(0);
            }
            tell::begin(self, &mut items)?;
            let ids: Vec<Uuid> = items.iter().filter_map(|i| i.row).collect();
            flights.take_off(&ids).map_err(|e| StoreError::Unavailable(e.kind().to_string()))?;
            fault::at(Point::AfterJobClaim);
            let (tx, added) = expansion::run_all(self, tx, &pages, now).await?;
            let attempt = Attempt::new(self, &policy, &items, &mut memory)?;
            let result = attempt.run(tx, Run::Commit).await;
            flights.land().map_err(|e| StoreError::Unavailable(e.kind().to_string()))?;
            match result {
                Ok(ran) => {
                    self.committed(&items, &ran, started.elapsed());
                    if added > 0 {
                        self.0.woken.jobs.wake_all();
                    }
                    return Ok(claimed);
                }
                Err(StoreError::Again | StoreError::LimitReached) if !memory.must_split => {
                    self.0.metrics.batch_again();
                    // other rows may be claimed next time
                    memory.refused.clear();
                    if items.len() > 1 && memory.counters.is_empty() {
                        return Err(Failed::Split(undecided()));
                    }
                    undecidable = items;
                }
                Err(_) if memory.must_split => return Err(Failed::Split(undecided())),
                Err(error) => {
                    return match (Failed::of(error), items.as_slice(), pages.is_empty()) {
                        (Failed::Split(refusal), [item], true) => {
                            self.give_up(item, refusal).await?;
                            Ok(1)
                        }
                        (failed, ..) => Err(failed),
                    };
                }
            }
        }
        match undecidable.as_slice() {
            [item] => {
                self.give_up(item, undecided()).await?;
                Ok(1)
            }
            _ => Err(Failed::Split(undecided())),
        }
    }

    /// Claims rows. Those that were in flight when a worker died come one by one, after the others.
    async fn claim(
        &self,
        tx: &mut Tx,
        policy: &InForce,
        lane: Lane,
        limit: usize,
        now: Timestamp,
    ) -> Result<(Vec<Item>, Vec<Claimed>)> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = queue::claim(tx, lane as i16, now, limit).await?;
        if rows.iter().any(|r| r.attempt == 0) {
            rows.retain(|r| r.attempt == 0);
        } else {
            rows.truncate(1);
        }
        let preparation = self.preparation(policy, lane);
        let (mut items, mut pages, mut days) = (Vec::new(), Vec::new(), HashMap::new());
        for mut row in rows {
            if row.kind.as_deref() == Some(expansion::KIND) {
                pages.push(row);
                continue;
            }
            let opened = self.open(tx, &mut row, &mut days).await?;
            let attempts = row.attempt;
            let mut item = preparation.row(row);
            if u32::try_from(attempts).unwrap_or(0) >= self.0.settings.max_attempts {
                item.task = Err(crashed());
            }
            if !opened {
                tracing::error!(job = %item.id, "a row of the job table cannot be opened; it is parked");
                item.task = Err(sealed());
            }
            items.push(item);
        }
        Ok((items, pages))
    }

    /// Opens the body of a row; returns whether it could be. One row whose key is gone must not keep the others back.
    async fn open(
        &self,
        tx: &mut Tx,
        row: &mut Claimed,
        days: &mut HashMap<i32, Option<DataKey>>,
    ) -> Result<bool> {
        let Some(day) = row.day else { return Ok(true) };
        if let hash_map::Entry::Vacant(place) = days.entry(day) {
            place.insert(match keys::known_day_key(tx, self.vault(), day).await {
                Ok(key) => key,
                Err(StoreError::Unsealable(_)) => None,
                Err(error) => return Err(error),
            });
        }
        let Some(Some(key)) = days.get(&day) else { return Ok(false) };
        let sealed = Sealed(std::mem::take(&mut row.body));
        let opened = key.open(keys::body_place(day), &sealed);
        let readable = opened.is_ok();
        row.body = opened.unwrap_or(sealed.0);
        Ok(readable)
    }
}

/// Waits a little before a batch is run again for the n-th time, so that whoever was faster can finish.
async fn pause(round: usize) {
    if round > 2 {
        tokio::time::sleep(std::time::Duration::from_millis(1 << round.min(6))).await;
    }
}

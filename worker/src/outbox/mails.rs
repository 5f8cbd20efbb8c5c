//! The dispatcher of mails.
//!
//! A group is claimed (what the gate allows is marked as being handed over in that very statement), rendered, handed
//! over, and settled: two commits a group, not one a mail. While one group is handed over, the next is written. Killed
//! at any point, what was marked is uncertain: at most `mail.group_size` mails over both lanes; where a repeat is
//! harmless, none is.

use super::away::Away;
use super::letter::{NoLetter, Writer};
use super::tell;
use crate::clock::{Clock, Randomness};
use crate::config::Config;
use crate::fault::{self, Point};
use crate::live::{InForce, Live};
use crate::mail::transport::{Delivery, Outgoing, Transport};
use crate::metrics::Metrics;
use crate::render::Renderer;
use crate::runner::Woken;
use crate::store::outbox::MailState;
use crate::store::outbox::mails::{self as rows, Claimed, Settlement};
use crate::store::tables::JobRow;
use crate::store::{Pool, Result};
use crate::telemetry::Telemetry;
use rescind_jobs::effects::Lane;
use rescind_jobs::protection::Vault;
use rescind_jobs::time::{Span, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a claim holds without a heartbeat.
const LEASE: Span = Span::seconds(60);
/// How often a claim is extended.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// The pause after an error of the store.
const PAUSE: Duration = Duration::from_secs(2);
/// A group ends with the mail that reaches this size: documents travel with mails, and groups are held in memory.
const GROUP_BYTES: usize = 16 << 20;

/// Sends mails. Each lane has a loop of its own, so that neither many mails nor slow ones in the background keep those
/// waiting that somebody waits for.
#[derive(Clone)]
pub struct MailDispatcher {
    /// The store.
    pub pool: Pool,
    /// The configuration.
    pub config: Arc<Config>,
    /// The policy.
    pub policy: Live<InForce>,
    /// The keys.
    pub vault: Arc<Vault>,
    /// The templates.
    pub renderer: Live<Renderer>,
    /// How mail leaves.
    pub transport: Arc<Transport>,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub randomness: Randomness,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Traces.
    pub telemetry: Telemetry,
    /// Who is woken.
    pub woken: Woken,
    /// Why mail cannot leave at the moment.
    pub trouble: Arc<Mutex<Option<String>>>,
    /// A place for each mail that may be under way, over both lanes: the most that a crash leaves uncertain.
    pub places: Arc<Semaphore>,
}

impl MailDispatcher {
    /// Sends what is due in `lane`, as `holder`, until told to stop; what was begun is finished.
    pub async fn run(self, lane: Lane, holder: Uuid, poll: Duration, stop: CancellationToken) {
        let me = Arc::new(self);
        let mut next_recovery = me.clock.now();
        let mut standing = Standing::default();
        while !stop.is_cancelled() {
            let now = me.clock.now();
            // what this lane itself has left behind is given back first: it did not leave
            if now >= next_recovery && standing.left_behind.is_empty() {
                me.recover(lane, now).await;
                next_recovery = now.plus(Span::seconds(15));
            }
            // registered before looking, so that no wake-up between looking and waiting is missed
            let woken = me.woken.mails.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let wait = match me.round(lane, holder, &mut standing, &stop).await {
                Ok(Round::Idle) => me.until_due(lane, poll).await,
                Ok(Round::Begun) => continue,
                Ok(Round::Away(away)) => {
                    me.until_back(away, &mut standing.failures, &stop).await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "mails cannot be claimed; waiting");
                    PAUSE
                }
            };
            let waited = tokio::time::sleep(wait);
            tokio::pin!(waited);
            loop {
                tokio::select! {
                    () = &mut woken => break,
                    () = &mut waited => break,
                    () = stop.cancelled() => break,
                    Some(ended) = standing.under_way.join_next() => if standing.note(ended) { break },
                }
            }
        }
        standing.drain().await;
        if let Err(error) = me.give_back(lane, holder, &mut standing).await {
            tracing::warn!(%error, "mails that were claimed and not begun stay claimed until their lease ends");
        }
        me.transport.close().await;
    }

    async fn recover(&self, lane: Lane, now: Timestamp) {
        let harmless = !matches!(*self.transport, Transport::Smtp(_));
        match rows::recover(&self.pool, lane, now, harmless).await {
            Ok(0) => {}
            Ok(uncertain) => {
                tracing::warn!(
                    uncertain,
                    "a worker died while handing over mails: they may have left, or not; see `rescind outbox list`"
                );
                for _ in 0..uncertain {
                    self.metrics.mail("uncertain");
                }
            }
            Err(error) => tracing::warn!(%error, "mails of dead workers cannot be taken up"),
        }
    }

    async fn until_due(&self, lane: Lane, poll: Duration) -> Duration {
        let Ok(Some(due)) = rows::next_due(&self.pool, lane).await else { return poll };
        let micros = u64::try_from(due.since(self.clock.now()).as_micros()).unwrap_or(0);
        Duration::from_micros(micros).clamp(Duration::from_millis(5), poll)
    }

    /// Claims a group and sets it on its way.
    async fn round(
        self: &Arc<Self>,
        lane: Lane,
        holder: Uuid,
        standing: &mut Standing,
        stop: &CancellationToken,
    ) -> Result<Round> {
        standing.until_free(lane).await;
        if let Some(away) = standing.away.take() {
            standing.failures = standing.failures.saturating_add(1);
            return Ok(Round::Away(away));
        }
        self.give_back(lane, holder, standing).await?;
        // after a failure a single mail goes first
        let most = if standing.failures > 0 { 1 } else { share(self.config.mail.group_size, lane) };
        let Ok(mut places) = Arc::clone(&self.places).acquire_many_owned(most).await else {
            return Ok(Round::Idle);
        };
        let now = self.clock.now();
        let lease = now.plus(LEASE);
        let claimed = match rows::claim(&self.pool, lane, now, i64::from(most), lease, holder).await {
            Ok(claimed) => claimed,
            Err(error) => {
                // even a claim whose commit was not answered may stand
                standing.left_behind.push(lease);
                return Err(error);
            }
        };
        if claimed.is_empty() {
            return Ok(Round::Idle);
        }
        fault::at(Point::AfterMailClaim);
        if stop.is_cancelled() {
            standing.left_behind.push(lease);
            return Ok(Round::Idle);
        }
        let count = u32::try_from(claimed.len()).unwrap_or(most);
        drop(places.split(most.saturating_sub(count) as usize));
        let group = Group { claimed, lane, holder, lease, now, _places: places };
        standing.trying = standing.failures > 0;
        let (me, stop) = (Arc::clone(self), stop.clone());
        standing.under_way.spawn(async move { me.leave(group, &stop).await });
        Ok(if count == most { Round::Begun } else { Round::Idle })
    }

    /// Gives back what this lane has claimed and did not begin to hand over.
    async fn give_back(&self, lane: Lane, holder: Uuid, standing: &mut Standing) -> Result<()> {
        while let Some(lease) = standing.left_behind.last() {
            rows::give_back(&self.pool, lane, holder, *lease).await?;
            standing.left_behind.pop();
        }
        Ok(())
    }

    /// Writes a group, hands it over and settles it.
    async fn leave(&self, group: Group, stop: &CancellationToken) -> Ended {
        let Group { claimed, lane, holder, now, .. } = &group;
        let (now, by_id) = (*now, claimed.iter().map(|m| (m.id, m)).collect::<HashMap<Uuid, &Claimed>>());
        let (ready, mut settled) = match self.write(&group).await {
            Ok(written) => written,
            Err(error) => {
                tracing::warn!(%error, "what mails are made from cannot be read; waiting");
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = stop.cancelled() => {}
                }
                return Ended { left_behind: Some(group.lease), ..Ended::default() };
            }
        };
        fault::at(Point::AfterMailWritten);
        let deliveries = self.hand_over(ready, *lane, *holder).await;
        let (away, mut follow_ups) = self.outcomes(deliveries, &by_id, &mut settled);
        follow_ups.extend(settled.iter().filter_map(|s| self.outcome(by_id.get(&s.id)?, s.state, now)));
        fault::at(Point::BeforeMailSettle);
        if let Err(error) = self.settle(&settled, &follow_ups, *holder, stop).await {
            tracing::warn!(%error, "the outcome of mails cannot be recorded; they will be uncertain");
            return Ended { away, ..Ended::default() };
        }
        fault::at(Point::AfterMailSettle);
        if !follow_ups.is_empty() {
            self.woken.jobs.notify_waiters();
        }
        for settlement in &settled {
            self.metrics.mail(settlement.state.as_str());
        }
        if self.telemetry.is_on()
            && let Ok(mut rng) = self.randomness.generator()
        {
            tell::mails(&self.telemetry, &settled, &by_id, (now, self.clock.now()), &mut rng);
        }
        let again = settled.iter().any(|s| s.state == MailState::Queued);
        Ended { away, again, settled: true, left_behind: None }
    }

    /// Writes the mails of a group: those that are ready, and how those are settled that do not leave. What is too much
    /// for one group goes back to the queue.
    async fn write(&self, group: &Group) -> Result<(Vec<Outgoing>, Vec<Settlement>)> {
        let Group { claimed, holder, now, .. } = group;
        let material = rows::material(&self.pool, claimed, *now).await?;
        let (policy, renderer) = (self.policy.now(), self.renderer.now());
        let writer = Writer {
            config: &self.config,
            policy: &policy,
            vault: &self.vault,
            renderer: &renderer,
            now: *now,
        };
        let (mut ready, mut settled, mut later, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for mail in claimed {
            if bytes >= GROUP_BYTES {
                later.push(mail.id);
                continue;
            }
            let held = NoLetter::Suppressed("it was no longer allowed to leave");
            match if mail.allowed { writer.write(mail, &material) } else { Err(held) } {
                Ok(outgoing) => {
                    bytes += outgoing.bytes.len();
                    ready.push(outgoing);
                }
                Err(why) => settled.push(self.unwritten(mail, why, *now)),
            }
        }
        if !later.is_empty() {
            rows::release(&self.pool, later, *holder).await?;
            self.woken.mails.notify_waiters();
        }
        Ok((ready, settled))
    }

    /// Records outcomes, as often as it takes: one that is known must not be lost to a database that is away.
    async fn settle(
        &self,
        settled: &[Settlement],
        follow_ups: &[JobRow],
        holder: Uuid,
        stop: &CancellationToken,
    ) -> Result<()> {
        let mut tries_while_stopping = 0;
        while let Err(error) = rows::settle(&self.pool, settled, follow_ups, holder, self.clock.now()).await {
            tries_while_stopping += usize::from(stop.is_cancelled());
            if !error.is_transient() || tries_while_stopping > 3 {
                return Err(error);
            }
            tracing::warn!(%error, "the outcome of mails cannot be recorded; trying again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    /// Hands a group over, and extends its lease meanwhile.
    async fn hand_over(&self, group: Vec<Outgoing>, lane: Lane, holder: Uuid) -> Vec<(Uuid, Delivery)> {
        if group.is_empty() {
            return Vec::new();
        }
        let ids: Vec<Uuid> = group.iter().map(|m| m.id).collect();
        let sending = self.transport.send(group, lane);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                deliveries = &mut sending => return deliveries,
                () = tokio::time::sleep(HEARTBEAT) => {
                    let until = self.clock.now().plus(LEASE);
                    if let Err(error) = rows::extend(&self.pool, ids.clone(), holder, until).await {
                        tracing::warn!(%error, "the lease of mails cannot be extended");
                    }
                }
            }
        }
    }
}

/// How many mails of a lane are claimed together: two groups of what somebody waits for may be under way, and beside
/// them one of the background.
fn share(group_size: usize, lane: Lane) -> u32 {
    let share = match lane {
        Lane::Request => group_size / 2,
        Lane::Background => group_size / 4,
    };
    u32::try_from(share).unwrap_or(u32::MAX).max(1)
}

/// Mails that were claimed together.
struct Group {
    claimed: Vec<Claimed>,
    lane: Lane,
    holder: Uuid,
    /// Until when they are ours.
    lease: Timestamp,
    /// When they were claimed.
    now: Timestamp,
    _places: OwnedSemaphorePermit,
}

/// What a group came to.
#[derive(Default)]
struct Ended {
    /// The other side is away.
    away: Option<Away>,
    /// Some of its mails are queued again.
    again: bool,
    /// The outcomes are recorded.
    settled: bool,
    /// It could not be written: what was claimed with this lease is still ours, and did not leave.
    left_behind: Option<Timestamp>,
}

/// What stands of earlier rounds.
#[derive(Default)]
struct Standing {
    /// Groups that are under way.
    under_way: JoinSet<Ended>,
    /// How often the other side was found away, in a row.
    failures: i32,
    /// One is tried after a failure.
    trying: bool,
    /// The other side is away, as a group has found.
    away: Option<Away>,
    /// What was claimed with these leases is still ours, and did not leave.
    left_behind: Vec<Timestamp>,
}

impl Standing {
    /// Waits until another group may be claimed, or the other side is found away. After a failure one is tried at a time;
    /// what was left behind is given back while nothing is under way.
    async fn until_free(&mut self, lane: Lane) {
        while let Some(ended) = self.under_way.try_join_next() {
            self.note(ended);
        }
        while self.away.is_none() {
            let most = usize::from(lane == Lane::Request && self.left_behind.is_empty());
            if self.under_way.len() <= most && !self.trying {
                return;
            }
            if let Some(ended) = self.under_way.join_next().await {
                self.note(ended);
            }
        }
    }

    /// Waits for all groups that are under way.
    async fn drain(&mut self) {
        while let Some(ended) = self.under_way.join_next().await {
            self.note(ended);
        }
    }

    /// Notes what a group came to; returns whether that asks for another look.
    fn note(&mut self, ended: std::result::Result<Ended, JoinError>) -> bool {
        let ended = match ended {
            Ok(ended) => ended,
            // the loop ends as its group did, and that is seen
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => return true,
        };
        self.trying = false;
        if ended.settled && ended.away.is_none() {
            self.failures = 0;
        }
        self.away = self.away.max(ended.away);
        self.left_behind.extend(ended.left_behind);
        ended.again || ended.away.is_some() || ended.left_behind.is_some()
    }
}

/// What a round came to.
enum Round {
    /// Nothing more is due.
    Idle,
    /// A whole group was claimed; more may be due.
    Begun,
    /// The other side is away.
    Away(Away),
}

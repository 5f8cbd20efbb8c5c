//! The dispatcher of mails.
//!
//! A group is claimed, rendered, marked as being handed over (the gate read once more in that very statement), handed
//! over, and settled: three commits a group, not one a mail. Killed at any point, a claimed mail returns to the queue,
//! and of those being handed over at most one group a loop is uncertain; where a repeat is harmless, none is. Each lane
//! has two loops: the second works while there is more than a group (`beside.rs`).

use super::backoff;
use super::beside::Pair;
use super::letter::{NoLetter, Writer};
use super::outcomes::Away;
use super::tell;
use crate::clock::{Clock, Randomness};
use crate::config::Config;
use crate::fault::{self, Point};
use crate::live::{InForce, Live};
use crate::mail::transport::{Delivery, Outgoing, Transport};
use crate::metrics::Metrics;
use crate::render::Renderer;
use crate::runner::Woken;
use crate::store::outbox::channels;
use crate::store::outbox::mails::{self as rows, Claimed, Settlement};
use crate::store::tables::JobRow;
use crate::store::{Pool, Result};
use crate::telemetry::Telemetry;
use rescind_jobs::code::StaffChannelId;
use rescind_jobs::effects::Lane;
use rescind_jobs::protection::Vault;
use rescind_jobs::time::{Span, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a claim holds without a heartbeat.
const LEASE: Span = Span::seconds(60);
/// How long a claimed group waits for a free connection.
const ROOM: Duration = Duration::from_secs(10);
/// How often a claim is extended.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// A group ends with the mail that reaches this size: documents travel with mails, and a group is held in memory.
const GROUP_BYTES: usize = 32 << 20;
/// The longest pause after a fault of ours: wrong password, refused sender.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The first and the longest wait while the other side is away. The longest is far below the ten seconds within which
/// mail is to flow again.
const AWAY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// Knocks under way at the same time. A server that hangs keeps each until its timeout; it is noticed all the same, by a
/// later knock, that it is well again.
const KNOCKS: usize = 6;

/// Sends mails. Each lane has loops of its own, so that neither many mails nor slow ones in the background keep those
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
    /// The channels that tell staff in place of mail; what waits for any other becomes a mail.
    pub channels: Vec<StaffChannelId>,
}

impl MailDispatcher {
    /// Sends what is due in `lane`, as `holder`, until told to stop; what was begun is finished. The first of the lane's
    /// two loops: the second works when this one has claimed a whole group.
    pub async fn run(
        self,
        lane: Lane,
        holder: Uuid,
        poll: Duration,
        pair: Arc<Pair>,
        stop: CancellationToken,
    ) {
        let mut next_recovery = self.clock.now();
        let mut standing = Standing::new(Arc::clone(&pair), true);
        while !stop.is_cancelled() {
            // registered before looking, so that no wake-up between looking and waiting is missed
            let woken = self.woken.mails.of(lane).notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            // what was left behind goes back first: it would be claimed for as long as the other side is away
            if !standing.left_behind
                && let Some(away) = pair.found_away()
            {
                standing.failures = standing.failures.saturating_add(1);
                self.until_back(away, &mut standing.failures, &stop).await;
                continue;
            }
            let now = self.clock.now();
            if lane == Lane::Request && now >= next_recovery {
                self.recover(now).await;
                next_recovery = now.plus(Span::seconds(15));
            }
            let wait = match self.round(lane, holder, &mut standing, &stop).await {
                Ok(Round::Idle) => self.until_due(lane, poll).await,
                Ok(Round::Sent { more }) => {
                    standing.failures = 0;
                    pair.set_away(false);
                    if more {
                        continue;
                    }
                    self.until_due(lane, poll).await
                }
                Ok(Round::Away(away)) => {
                    pair.set_away(true);
                    standing.failures = standing.failures.saturating_add(1);
                    self.until_back(away, &mut standing.failures, &stop).await;
                    // whatever the second loop has found meanwhile, it is over
                    pair.found_away();
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "mails cannot be claimed or settled; waiting");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = &mut woken => {}
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
        self.transport.close().await;
    }

    /// Waits until the other side lets us in again. Nothing is claimed meanwhile: an outage wears out no mail, and when
    /// it is over all that waits leaves at once.
    async fn until_back(&self, away: Away, failures: &mut i32, stop: &CancellationToken) {
        let wait = if away == Away::Fault { self.our_fault() } else { self.away(*failures) };
        let (mut wait, mut knocks) = (wait, JoinSet::new());
        loop {
            tokio::select! {
                () = tokio::time::sleep(wait), if knocks.len() < KNOCKS => {
                    let transport = Arc::clone(&self.transport);
                    knocks.spawn(async move { transport.knock().await });
                    *failures = failures.saturating_add(1);
                    wait = self.away(*failures);
                }
                Some(answer) = knocks.join_next() => match answer {
                    Ok(Ok(())) => {
                        if away == Away::Door {
                            self.set_trouble(None);
                        }
                        return;
                    }
                    Ok(Err(Delivery::OurFault(trouble))) => {
                        // knocking with a wrong password locks accounts
                        knocks.abort_all();
                        wait = self.our_fault();
                        self.set_trouble(Some(trouble.to_string()));
                    }
                    Ok(Err(Delivery::Deferred(trouble))) => self.set_trouble(Some(trouble.to_string())),
                    // one that panicked or was called off tells nothing
                    Ok(Err(_)) | Err(_) => {}
                },
                () = stop.cancelled() => return,
            }
        }
    }

    /// How long to wait before the next knock.
    fn away(&self, failures: i32) -> Duration {
        let wait = match self.randomness.generator() {
            Ok(mut rng) => backoff::wait(failures, AWAY.0, AWAY.1, &mut rng),
            Err(_) => return AWAY.1,
        };
        Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(0))
    }

    fn our_fault(&self) -> Duration {
        self.config.mail.retry.initial.min(LONGEST_PAUSE)
    }

    async fn recover(&self, now: Timestamp) {
        match channels::recover(&self.pool, &self.channels, now).await {
            Ok(0) => {}
            Ok(left) => {
                tracing::warn!(left, "notices to staff wait for a channel that is no more; they go by mail")
            }
            Err(error) => tracing::warn!(%error, "notices to staff of dead workers cannot be taken up"),
        }
        let harmless = !matches!(*self.transport, Transport::Smtp(_));
        match rows::recover(&self.pool, now, harmless).await {
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

    /// Claims a group, and does with it all there is to do.
    pub(super) async fn round(
        &self,
        lane: Lane,
        holder: Uuid,
        standing: &mut Standing,
        stop: &CancellationToken,
    ) -> Result<Round> {
        if standing.left_behind {
            rows::give_back(&self.pool, lane, holder).await?;
            standing.left_behind = false;
        }
        if !standing.first && standing.pair.is_away() {
            return Ok(Round::Idle);
        }
        // until a group has been handed over, whatever is claimed goes back when the store fails: even a claim whose
        // commit was not answered may stand
        standing.left_behind = true;
        let now = self.clock.now();
        // after a failure a single mail goes first
        let most = if standing.failures > 0 || standing.pair.is_away() {
            1
        } else {
            self.config.mail.group_size.max(1)
        };
        let limit = i64::try_from(most).unwrap_or(64);
        let claimed = rows::claim(&self.pool, lane, now, limit, now.plus(LEASE), holder).await?;
        if claimed.is_empty() {
            standing.left_behind = false;
            return Ok(Round::Idle);
        }
        fault::at(Point::AfterMailClaim);
        let mut more = claimed.len() == most;
        if standing.first && most > 1 && more {
            standing.pair.wake();
        }
        let ids: Vec<Uuid> = claimed.iter().map(|m| m.id).collect();
        if !self.has_room(lane, stop).await || stop.is_cancelled() {
            rows::release(&self.pool, ids, holder).await?;
            standing.left_behind = false;
            return Ok(Round::Idle);
        }
        let material = rows::material(&self.pool, &claimed, now).await?;
        let by_id: HashMap<Uuid, &Claimed> = claimed.iter().map(|m| (m.id, m)).collect();
        let (policy, renderer) = (self.policy.now(), self.renderer.now());
        let writer =
            Writer { config: &self.config, policy: &policy, vault: &self.vault, renderer: &renderer, now };
        let (mut ready, mut settled, mut later, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for mail in &claimed {
            if bytes >= GROUP_BYTES {
                later.push(mail.id);
                continue;
            }
            match writer.write(mail, &material) {
                Ok(outgoing) => {
                    bytes += outgoing.bytes.len();
                    ready.push(outgoing);
                }
                Err(why) => settled.push(self.unwritten(mail, why, now)),
            }
        }
        if !later.is_empty() {
            more = true;
            rows::release(&self.pool, later, holder).await?;
        }
        let leaving = ready.iter().map(|m| m.id).collect();
        let allowed: HashSet<Uuid> = if ready.is_empty() {
            HashSet::new()
        } else {
            // rendering took its time: the gate is read, and the lease begins, now
            let now = self.clock.now();
            rows::sending(&self.pool, leaving, holder, now, now.plus(LEASE)).await?.into_iter().collect()
        };
        fault::at(Point::AfterMailSending);
        let (group, held): (Vec<Outgoing>, Vec<Outgoing>) =
            ready.into_iter().partition(|m| allowed.contains(&m.id));
        for mail in held {
            let why = NoLetter::Suppressed("it was no longer allowed to leave");
            settled.extend(by_id.get(&mail.id).map(|m| self.unwritten(m, why, now)));
        }
        let ours = rows::still_claimed(&self.pool, settled.iter().map(|s| s.id).collect(), holder).await;
        // those that may leave are marked by now: they leave, and the others come again when their lease is over
        let ours = ours.unwrap_or_else(|error| {
            tracing::warn!(%error, "that mails do not leave is not recorded yet");
            HashSet::new()
        });
        settled.retain(|s| ours.contains(&s.id));
        standing.left_behind = false;
        let deliveries = self.hand_over(group, lane, &allowed, holder).await;
        let (away, mut follow_ups) = self.outcomes(deliveries, &by_id, &mut settled);
        follow_ups.extend(settled.iter().filter_map(|s| self.outcome(by_id.get(&s.id)?, s.state, now)));
        fault::at(Point::BeforeMailSettle);
        self.settle(&settled, &follow_ups, holder, stop).await?;
        fault::at(Point::AfterMailSettle);
        if !follow_ups.is_empty() {
            self.woken.jobs.wake_all();
        }
        for settlement in &settled {
            self.metrics.mail(settlement.state.as_str());
        }
        if self.telemetry.is_on()
            && let Ok(mut rng) = self.randomness.generator()
        {
            tell::mails(&self.telemetry, &settled, &by_id, (now, self.clock.now()), &mut rng);
        }
        Ok(away.map_or(Round::Sent { more }, Round::Away))
    }

    /// Waits for a connection that is free: nothing is marked as being handed over that would only wait behind the other
    /// loop's group. Not for ever: what is claimed may be sent by another worker.
    async fn has_room(&self, lane: Lane, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = self.transport.room(lane) => true,
            () = tokio::time::sleep(ROOM) => false,
            () = stop.cancelled() => false,
        }
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
    async fn hand_over(
        &self,
        group: Vec<Outgoing>,
        lane: Lane,
        ids: &HashSet<Uuid>,
        holder: Uuid,
    ) -> Vec<(Uuid, Delivery)> {
        if group.is_empty() {
            return Vec::new();
        }
        let sending = self.transport.send(group, lane);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                deliveries = &mut sending => return deliveries,
                () = tokio::time::sleep(HEARTBEAT) => {
                    let until = self.clock.now().plus(LEASE);
                    if let Err(error) = rows::extend(&self.pool, ids.iter().copied().collect(), holder, until).await {
                        tracing::warn!(%error, "the lease of mails cannot be extended");
                    }
                }
            }
        }
    }
}

/// What one round leaves to the next.
pub(super) struct Standing {
    /// How often the other side was found away, in a row.
    failures: i32,
    /// The round before ended by an error of the store: what it had claimed is still ours, and did not leave.
    left_behind: bool,
    /// What the loops of the lane tell each other.
    pair: Arc<Pair>,
    /// Whether this is the first of them.
    first: bool,
}

impl Standing {
    pub(super) fn new(pair: Arc<Pair>, first: bool) -> Self {
        Self { failures: 0, left_behind: false, pair, first }
    }
}

/// What a round came to.
pub(super) enum Round {
    /// Nothing is due.
    Idle,
    /// Mails were settled.
    Sent {
        /// There may be more.
        more: bool,
    },
    /// Mails were settled, and the other side is away.
    Away(Away),
}

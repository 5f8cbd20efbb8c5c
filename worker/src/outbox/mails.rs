//! The dispatcher of mails.
//!
//! A group is claimed, rendered, marked as being handed over (the gate read once more in that very statement), handed
//! over, and settled: three commits a group, not one a mail. Killed at any point, a claimed mail returns to the queue,
//! and of those being handed over at most one group is uncertain; where a repeat is harmless, none is.

use super::backoff;
use super::letter::{NoLetter, Writer};
use crate::clock::{Clock, Randomness};
use crate::config::Config;
use crate::fault::{self, Point};
use crate::mail::transport::{Delivery, Outgoing, Phase, Transport};
use crate::metrics::Metrics;
use crate::render::Renderer;
use crate::runner::Woken;
use crate::store::outbox::MailState;
use crate::store::outbox::mails::{self as rows, Claimed, Settlement};
use crate::store::queue::{Origin, follow_up_body};
use crate::store::tables::JobRow;
use crate::store::{Pool, Result, StoreError, Ts};
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::effects::Lane;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::MarkUndeliverable;
use rescind_jobs::policy::Policy;
use rescind_jobs::protection::{Vault, new_id};
use rescind_jobs::time::{Span, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a claim holds without a heartbeat.
const LEASE: Span = Span::seconds(60);
/// How often a claim is extended.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// The longest pause after a fault of ours: wrong password, refused sender.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Sends mails. Each lane has a loop of its own, so that neither many mails nor slow ones in the background keep those
/// waiting that somebody waits for.
#[derive(Clone)]
pub struct MailDispatcher {
    /// The store.
    pub pool: Pool,
    /// The configuration.
    pub config: Arc<Config>,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The keys.
    pub vault: Arc<Vault>,
    /// The templates.
    pub renderer: Arc<Renderer>,
    /// How mail leaves.
    pub transport: Arc<Transport>,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub randomness: Randomness,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Who is woken.
    pub woken: Woken,
    /// Why mail cannot leave at the moment.
    pub trouble: Arc<Mutex<Option<String>>>,
}

impl MailDispatcher {
    /// Sends what is due in `lane`, as `holder`, until told to stop; what was begun is finished.
    pub async fn run(self, lane: Lane, holder: Uuid, poll: Duration, stop: CancellationToken) {
        let mut next_recovery = self.clock.now();
        while !stop.is_cancelled() {
            let now = self.clock.now();
            if lane == Lane::Request && now >= next_recovery {
                self.recover(now).await;
                next_recovery = now.plus(Span::seconds(15));
            }
            // registered before looking, so that no wake-up between looking and waiting is missed
            let woken = self.woken.mails.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let round = self.round(lane, holder, &stop).await;
            let pausing = matches!(round, Ok(Round::Pause));
            let wait = match round {
                Ok(Round::Idle) => self.until_due(lane, poll).await,
                Ok(Round::Sent) => continue,
                Ok(Round::Pause) => self.config.mail.retry.initial.min(LONGEST_PAUSE),
                Err(error) => {
                    tracing::warn!(%error, "mails cannot be claimed or settled; waiting");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = &mut woken, if !pausing => {}
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
        self.transport.close().await;
    }

    async fn recover(&self, now: Timestamp) {
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

    async fn round(&self, lane: Lane, holder: Uuid, stop: &CancellationToken) -> Result<Round> {
        let now = self.clock.now();
        let limit = i64::try_from(self.config.mail.group_size.max(1)).unwrap_or(64);
        let claimed = rows::claim(&self.pool, lane, now, limit, now.plus(LEASE), holder).await?;
        if claimed.is_empty() {
            return Ok(Round::Idle);
        }
        fault::at(Point::AfterMailClaim);
        let ids: Vec<Uuid> = claimed.iter().map(|m| m.id).collect();
        if stop.is_cancelled() {
            rows::release(&self.pool, ids, holder).await?;
            return Ok(Round::Idle);
        }
        let material = rows::material(&self.pool, &claimed).await?;
        let by_id: HashMap<Uuid, &Claimed> = claimed.iter().map(|m| (m.id, m)).collect();
        let writer = Writer {
            config: &self.config,
            policy: &self.policy,
            vault: &self.vault,
            renderer: &self.renderer,
        };
        let (mut ready, mut settled) = (Vec::new(), Vec::new());
        for mail in &claimed {
            match writer.write(mail, &material) {
                Ok(outgoing) => ready.push(outgoing),
                Err(why) => settled.push(self.unwritten(mail, why, now)),
            }
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
        let deliveries = self.hand_over(group, lane, &allowed, holder).await;
        let (pause, follow_ups) = self.outcomes(deliveries, &by_id, &mut settled);
        fault::at(Point::BeforeMailSettle);
        // an outcome that is known must not be lost to a database that is away for a moment
        let mut tries = 0;
        while let Err(error) = rows::settle(&self.pool, &settled, &follow_ups, holder, self.clock.now()).await
        {
            tries += 1;
            if !matches!(error, StoreError::Unavailable(_)) || tries > 30 {
                return Err(error);
            }
            tracing::warn!(%error, "the outcome of mails cannot be recorded; trying again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        fault::at(Point::AfterMailSettle);
        if !follow_ups.is_empty() {
            self.woken.jobs.notify_waiters();
        }
        for settlement in &settled {
            self.metrics.mail(settlement.state.as_str());
        }
        Ok(if pause { Round::Pause } else { Round::Sent })
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

    fn unwritten(&self, mail: &Claimed, why: NoLetter, now: Timestamp) -> Settlement {
        let (state, trouble) = match why {
            // it may have left before; what is not known is not recorded as suppressed
            NoLetter::Suppressed(why) if mail.may_have_left => (MailState::Uncertain, why),
            NoLetter::Suppressed(why) => (MailState::Suppressed, why),
            NoLetter::Failed(why) => {
                tracing::error!(mail = %mail.id, why, "a mail cannot be written");
                (MailState::Failed, why)
            }
        };
        Settlement { id: mail.id, state, due_at: now, trouble: Some(trouble.to_owned()) }
    }

    /// How each mail is settled, what follows, and whether the dispatcher should pause.
    fn outcomes(
        &self,
        deliveries: Vec<(Uuid, Delivery)>,
        by_id: &HashMap<Uuid, &Claimed>,
        settled: &mut Vec<Settlement>,
    ) -> (bool, Vec<JobRow>) {
        let (mut pause, mut follow_ups, mut delivered) = (false, Vec::new(), false);
        // the other side was not even reached, or the disk is full
        let mut away = None;
        let now = self.clock.now();
        for (id, delivery) in deliveries {
            let Some(mail) = by_id.get(&id) else { continue };
            let settlement = match delivery {
                Delivery::Sent => {
                    delivered = true;
                    Settlement { id, state: MailState::Sent, due_at: now, trouble: None }
                }
                Delivery::BadAddress(code) => {
                    delivered = true;
                    follow_ups.extend(self.undeliverable(mail, now));
                    Settlement { id, state: MailState::Bounced, due_at: now, trouble: Some(code.to_string()) }
                }
                Delivery::Deferred(trouble) => {
                    if trouble.phase < Phase::Mail || trouble.phase == Phase::Store {
                        away = Some(trouble.to_string());
                    }
                    self.again(mail, now, trouble.to_string())
                }
                Delivery::OurFault(trouble) => {
                    pause = true;
                    tracing::error!(%trouble, "mail cannot leave: the fault is on our side; pausing");
                    self.set_trouble(Some(trouble.to_string()));
                    self.again(mail, now, trouble.to_string())
                }
                Delivery::Rejected(trouble) => {
                    delivered = true;
                    let trouble = Some(trouble.to_string());
                    Settlement { id, state: MailState::Failed, due_at: now, trouble }
                }
                Delivery::Uncertain(phase) => {
                    let trouble = Some(format!("no reply after {phase}"));
                    Settlement { id, state: MailState::Uncertain, due_at: now, trouble }
                }
            };
            settled.push(settlement);
        }
        if !pause && (delivered || away.is_some()) {
            self.set_trouble(away.filter(|_| !delivered));
        }
        (pause, follow_ups)
    }

    fn set_trouble(&self, trouble: Option<String>) {
        // a thread that panicked while holding it has left a whole value all the same
        *self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = trouble;
    }

    /// Back to the queue, or failed once it has been tried for long enough.
    fn again(&self, mail: &Claimed, now: Timestamp, trouble: String) -> Settlement {
        let retry = &self.config.mail.retry;
        let give_up = Span::micros(i64::try_from(retry.give_up.as_micros()).unwrap_or(i64::MAX));
        if now >= mail.created_at.plus(give_up) {
            return Settlement { id: mail.id, state: MailState::Failed, due_at: now, trouble: Some(trouble) };
        }
        let wait = match self.randomness.generator() {
            Ok(mut rng) => backoff::wait(mail.attempt, retry.initial, retry.maximum, &mut rng),
            Err(_) => Span::seconds(30),
        };
        Settlement { id: mail.id, state: MailState::Queued, due_at: now.plus(wait), trouble: Some(trouble) }
    }

    fn undeliverable(&self, mail: &Claimed, now: Timestamp) -> Option<JobRow> {
        let mut rng = self.randomness.generator().ok()?;
        let job =
            MarkUndeliverable { mail: mail.id, address: data_encoding::HEXLOWER.encode(&mail.address.0) };
        Some(JobRow {
            id: new_id(now, &mut rng),
            subject_id: Some(mail.subject.0),
            source: INTERNAL_SOURCE.to_owned(),
            origin: Origin::FollowUp as i16,
            kind: Some(MarkUndeliverable::KIND.to_owned()),
            body: follow_up_body(now, &serde_json::to_value(job).unwrap_or_default()),
            day: None,
            due_at: Ts(now),
            lane: Lane::Request as i16,
            attempt: 0,
            schedule: None,
            created_at: Ts(now),
            correlation: None,
            traceparent: mail.traceparent.clone(),
        })
    }
}

/// What a round came to.
enum Round {
    /// Nothing is due.
    Idle,
    /// Mails were settled.
    Sent,
    /// Mails were settled, and the fault is ours.
    Pause,
}

//! Notices to staff by a channel: a signed webhook, or a message to a chat.
//!
//! Each channel has a loop of its own, so that one that is away keeps no other waiting. A group is claimed, written,
//! gated once more, sent, and settled; what a worker that dies had under way is sent again under the same `webhook-id`. A
//! notice that the channel refuses, or has not taken in time, becomes a mail: somebody who has to stop must learn of it.

use super::backoff;
use super::letter::{NoLetter, Writer};
use super::mails::MailDispatcher;
use super::webhooks::{Said, Troubles, call, judged, post};
use crate::clock::{Clock, Randomness};
use crate::config::Config;
use crate::egress::{Egress, EgressError, HeaderMap, StatusCode};
use crate::live::{InForce, Live};
use crate::metrics::Metrics;
use crate::render::Renderer;
use crate::runner::Woken;
use crate::staff_channel_file::StaffChannel;
use crate::store::outbox::mails::{self, Claimed, Settlement};
use crate::store::outbox::{MailState, channels as rows};
use crate::store::{Pool, Result};
use futures_util::StreamExt as _;
use rescind_jobs::protection::Vault;
use rescind_jobs::time::{Span, Timestamp};
use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a claim holds beyond what a group may take.
const LEASE: Span = Span::seconds(60);
/// Notices a group, and how many of them at the same time.
const GROUP: i64 = 32;
const AT_ONCE: usize = 8;
/// The first and the longest wait before a notice is tried again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(120));

/// Tells notices by one channel.
pub struct ChannelDispatcher {
    /// The channel.
    pub channel: StaffChannel,
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
    /// Calls out.
    pub egress: Egress,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub randomness: Randomness,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Who is woken.
    pub woken: Woken,
    /// Why channels do not take notices, beside the endpoints of webhooks.
    pub troubles: Troubles,
}

/// What came of a group.
#[derive(Default)]
struct Outcome {
    settled: Vec<Settlement>,
    by_mail: Vec<Uuid>,
}

impl ChannelDispatcher {
    /// Works beside the dispatcher of mails, with what that works with.
    pub fn beside(mails: &MailDispatcher, channel: StaffChannel, egress: Egress, troubles: Troubles) -> Self {
        let MailDispatcher {
            pool, config, policy, vault, renderer, clock, randomness, metrics, woken, ..
        } = mails.clone();
        Self {
            channel,
            pool,
            config,
            policy,
            vault,
            renderer,
            egress,
            clock,
            randomness,
            metrics,
            woken,
            troubles,
        }
    }

    /// Tells what is due, as `holder`, until told to stop; what was begun is finished.
    pub async fn run(self, holder: Uuid, poll: Duration, stop: CancellationToken) {
        while !stop.is_cancelled() {
            // registered before looking, so that no wake-up between looking and waiting is missed
            let woken = self.woken.channels.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let wait = match self.round(holder, &stop).await {
                Ok(true) => continue,
                Ok(false) => poll,
                Err(error) => {
                    tracing::warn!(%error, channel = %self.channel.name, "notices to staff wait for the store");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = &mut woken => {}
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One group; whether there was any.
    async fn round(&self, holder: Uuid, stop: &CancellationToken) -> Result<bool> {
        let (name, now) = (&self.channel.name, self.clock.now());
        // nothing is written while there is nothing to do
        if rows::next_due(&self.pool, name).await?.is_none_or(|due| due > now) {
            return Ok(false);
        }
        let until = |now: Timestamp| now.plus(LEASE).plus(self.longest_round());
        let claimed = rows::claim(&self.pool, name, now, GROUP, until(now), holder).await?;
        if claimed.is_empty() {
            return Ok(false);
        }
        if stop.is_cancelled() {
            mails::release(&self.pool, claimed.iter().map(|mail| mail.id).collect(), holder).await?;
            return Ok(false);
        }
        let material = mails::material(&self.pool, &claimed, now).await?;
        let (policy, renderer) = (self.policy.now(), self.renderer.now());
        let writer =
            Writer { config: &self.config, policy: &policy, vault: &self.vault, renderer: &renderer, now };
        let (mut ready, mut outcome) = (Vec::new(), Outcome::default());
        for mail in &claimed {
            match writer.message(mail, &self.channel.kind, &material) {
                Ok(body) => ready.push((mail.id, body)),
                Err(NoLetter::Suppressed(why)) => outcome.settled.push(suppressed(mail.id, why, now)),
                // a mail could not be written either; it tells whoever looks into the outbox
                Err(NoLetter::Later(why) | NoLetter::Failed(why)) => self.again(mail, why, now, &mut outcome),
            }
        }
        let leaving = ready.iter().map(|(id, _)| *id).collect();
        let gate = self.clock.now();
        let allowed = mails::sending(&self.pool, leaving, holder, gate, until(gate)).await?;
        let allowed: HashSet<Uuid> = allowed.into_iter().collect();
        let (ready, held): (Vec<_>, Vec<_>) = ready.into_iter().partition(|(id, _)| allowed.contains(id));
        let held = held.into_iter().map(|(id, _)| id).collect();
        for id in mails::still_claimed(&self.pool, held, holder).await? {
            outcome.settled.push(suppressed(id, "it was no longer allowed to leave", now));
        }
        let calls = ready.into_iter().map(|(id, body)| async move { (id, self.send(id, body).await) });
        let said: Vec<_> = futures_util::stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
        self.judge(said, &claimed, &mut outcome);
        self.settle(&outcome, holder, stop).await?;
        if !outcome.by_mail.is_empty() {
            self.woken.mails.wake_all();
        }
        Ok(true)
    }

    async fn send(&self, id: Uuid, body: Vec<u8>) -> Said {
        match send(&self.egress, &self.channel, id, self.clock.now(), body).await {
            Ok(status) => judged(status),
            Err(error) => Said::Away(error.to_string()),
        }
    }

    fn judge(&self, said: Vec<(Uuid, Said)>, claimed: &[Claimed], outcome: &mut Outcome) {
        let now = self.clock.now();
        for (id, said) in said {
            let Some(mail) = claimed.iter().find(|mail| mail.id == id) else { continue };
            let (why, for_good) = match said {
                Said::Taken => {
                    self.tell(None);
                    self.metrics.staff_channel("delivered");
                    let state = MailState::Sent;
                    outcome.settled.push(Settlement { id, state, due_at: now, trouble: None });
                    continue;
                }
                Said::Refused(why) => (why, true),
                Said::Gone => ("it says that it is gone (410)".to_owned(), true),
                Said::Away(why) => (why, false),
            };
            self.tell(Some(&why));
            if for_good {
                self.given_up(mail, &why, now, outcome);
            } else {
                self.again(mail, &why, now, outcome);
            }
        }
    }

    /// Again later, unless it has been tried for long enough.
    fn again(&self, mail: &Claimed, why: &str, now: Timestamp, outcome: &mut Outcome) {
        let end = mail.created_at.plus(self.channel.mail_after);
        if now >= end {
            return self.given_up(mail, why, now, outcome);
        }
        let wait = match self.randomness.generator() {
            Ok(mut rng) => backoff::wait(mail.attempt, AGAIN.0, AGAIN.1, &mut rng),
            Err(_) => Span::minutes(1),
        };
        tracing::warn!(notice = %mail.id, channel = %self.channel.name, why, "a notice to staff is sent again");
        self.metrics.staff_channel("retried");
        let (due_at, trouble) = (now.plus(wait).min(end), Some(why.to_owned()));
        outcome.settled.push(Settlement { id: mail.id, state: MailState::Queued, due_at, trouble });
    }

    /// By mail instead, unless there is a mail of it anyway.
    fn given_up(&self, mail: &Claimed, why: &str, now: Timestamp, outcome: &mut Outcome) {
        tracing::error!(notice = %mail.id, channel = %self.channel.name, why, "a channel does not take a notice to staff");
        if mail.mail.to_staff().is_some_and(|told| told.besides_mail) {
            self.metrics.staff_channel("failed");
            let (state, trouble) = (MailState::Failed, Some(why.to_owned()));
            outcome.settled.push(Settlement { id: mail.id, state, due_at: now, trouble });
        } else {
            self.metrics.staff_channel("mailed");
            outcome.by_mail.push(mail.id);
        }
    }

    /// Records outcomes, as often as it takes: one that is known must not be lost to a database that is away.
    async fn settle(&self, outcome: &Outcome, holder: Uuid, stop: &CancellationToken) -> Result<()> {
        let mut tries_while_stopping = 0;
        loop {
            let now = self.clock.now();
            let settled = rows::settle(&self.pool, &outcome.settled, &outcome.by_mail, holder, now).await;
            let Err(error) = settled else { return Ok(()) };
            tries_while_stopping += usize::from(stop.is_cancelled());
            if !error.is_transient() || tries_while_stopping > 3 {
                return Err(error);
            }
            tracing::warn!(%error, "the outcome of notices to staff cannot be recorded; trying again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// How the channel does, for whoever asks.
    fn tell(&self, trouble: Option<&str>) {
        // a thread that panicked while holding it has left a whole value all the same
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("the staff channel {}", self.channel.name);
        match trouble {
            Some(why) => drop(troubles.insert(name, format!("away: {why}"))),
            None => drop(troubles.remove(&name)),
        }
    }

    /// How long a group takes at most.
    fn longest_round(&self) -> Span {
        let calls = u32::try_from(GROUP).unwrap_or(u32::MAX) / u32::try_from(AT_ONCE).unwrap_or(1);
        let longest = self.config.egress.timeout * calls;
        Span::micros(i64::try_from(longest.as_micros()).unwrap_or(i64::MAX / 4))
    }
}

/// Sends one message to a channel, signed where it is a webhook; returns the status of the answer.
///
/// # Errors
/// Without an answer.
pub(crate) async fn send(
    egress: &Egress,
    channel: &StaffChannel,
    id: Uuid,
    now: Timestamp,
    body: Vec<u8>,
) -> std::result::Result<StatusCode, EgressError> {
    match channel.key() {
        Some(key) => call(egress, &channel.url, &key, &id.to_string(), now, body).await,
        None => post(egress, &channel.url, HeaderMap::new(), body).await,
    }
}

fn suppressed(id: Uuid, why: &str, now: Timestamp) -> Settlement {
    Settlement { id, state: MailState::Suppressed, due_at: now, trouble: Some(why.to_owned()) }
}

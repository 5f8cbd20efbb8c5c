//! Events as webhooks (Standard Webhooks): signed, in each subject's order, again and again until the endpoint takes them.
//!
//! Each endpoint has a loop of its own, so that one that is away keeps no other waiting. An outage wears out no event: the
//! endpoint as a whole is waited for, longer and longer, and after a day of it paused. What an endpoint refuses although
//! it is well is tried a few times and then left out, so that one event cannot hold back all others; it is kept, and the
//! administrators are told, because what is refused may be a withdrawal. What was tried in vain goes behind what waits,
//! so that an event that brings the receiver down is not the only one that is ever tried.

use super::{backoff, naming};
use crate::clock::{Clock, Randomness};
use crate::egress::{Call, Egress, EgressError, HeaderMap, HeaderValue, Method, StatusCode};
use crate::fault::{self, Point};
use crate::live::{InForce, Live};
use crate::metrics::Metrics;
use crate::store::outbox::events::{self, Claimed};
use crate::store::webhooks::{self as rows, EndpointState, Look, Settlement, Standing};
use crate::store::{Pool, Result};
use crate::webhook_file::Endpoint;
use data_encoding::BASE64;
use futures_util::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rescind_jobs::mail::WebhookTrouble;
use rescind_jobs::protection::Vault;
use rescind_jobs::time::{Span, Timestamp};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

/// How long a replica has an endpoint beyond what a round may take.
const LEASE: Span = Span::seconds(60);
/// Events a round, and how many of them at the same time.
const GROUP: i64 = 32;
const AT_ONCE: usize = 8;
/// The first and the longest wait while an endpoint is away.
const AWAY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));
/// An event that an endpoint refuses is tried so often, over about an hour.
const REFUSALS: i32 = 5;
const REFUSED: (Duration, Duration) = (Duration::from_secs(120), Duration::from_secs(1800));
/// A replica that could send nothing leaves the endpoint to the others for so long.
const LEAVE_ALONE: Duration = Duration::from_secs(5);
/// That something cannot be sent from here is told for so long.
const UNABLE: Span = Span::minutes(1);
/// After so long an outage nothing is sent until somebody resumes it.
const PAUSE_AFTER: Span = Span::hours(24);
/// What waits for an endpoint at most.
pub const MOST_WAITING: i64 = 100_000;
/// How often what is too much or too old is dropped.
const TRIMMING: Span = Span::minutes(1);

/// Why endpoints do not take events at the moment, by name.
pub type Troubles = Arc<Mutex<BTreeMap<String, String>>>;

/// Sends events to one endpoint.
pub struct WebhookDispatcher {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The store.
    pub pool: Pool,
    /// The policy.
    pub policy: Live<InForce>,
    /// The keys.
    pub vault: Arc<Vault>,
    /// Calls out.
    pub egress: Egress,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub randomness: Randomness,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// How long events are kept; what waits longer is gone.
    pub kept: Span,
    /// How long a call may take.
    pub timeout: Duration,
    /// Why endpoints do not take events.
    pub troubles: Troubles,
}

/// Whether anything is sent to it now.
fn is_due(standing: &Standing, now: Timestamp) -> bool {
    standing.state == EndpointState::Active && standing.next_at.is_none_or(|at| at <= now)
}

/// What came of a round.
enum Round {
    /// Something was sent.
    Sent,
    /// There was nothing to do.
    Idle,
    /// What there was cannot be sent from here.
    NotFromHere,
}

/// What the other side said of an event, or of a notice to staff.
pub(super) enum Said {
    /// It has taken it.
    Taken,
    /// It does not want this one.
    Refused(String),
    /// It is not there, or does not take any.
    Away(String),
    /// It is gone for good (410).
    Gone,
}

impl WebhookDispatcher {
    /// Sends what waits, as `holder`, until told to stop.
    pub async fn run(self, holder: Uuid, poll: Duration, stop: CancellationToken) {
        let (mut next_trim, mut unable_until) = (self.clock.now(), None);
        while !stop.is_cancelled() {
            if self.clock.now() >= next_trim {
                self.trim().await;
                next_trim = self.clock.now().plus(TRIMMING);
            }
            let wait = match self.round(holder, &mut unable_until).await {
                Ok(Round::Sent) => continue,
                Ok(Round::Idle) => poll,
                Ok(Round::NotFromHere) => LEAVE_ALONE,
                Err(error) => {
                    tracing::warn!(%error, endpoint = self.endpoint.name, "webhooks wait for the store");
                    // what is wrong may be wrong here alone
                    let _ = rows::release(&self.pool, &self.endpoint.name, holder).await;
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
        // another replica need not wait until the lease has run out
        let _ = rows::release(&self.pool, &self.endpoint.name, holder).await;
    }

    /// One group; what came of it. `unable_until`: until then something waits that cannot be sent from here.
    async fn round(&self, holder: Uuid, unable_until: &mut Option<Timestamp>) -> Result<Round> {
        let (name, now) = (self.endpoint.name.as_str(), self.clock.now());
        let Some(look) = rows::look(&self.pool, name).await? else { return Ok(Round::Idle) };
        self.tell(&look, unable_until.is_some_and(|until| now < until));
        // nothing is written while there is nothing to do
        if look.standing.state == EndpointState::Gone && (look.waits || look.left_out > 0) {
            rows::clear(&self.pool, name).await?;
        }
        if !look.waits || !is_due(&look.standing, now) {
            return Ok(Round::Idle);
        }
        let until = now.plus(LEASE).plus(self.longest_round());
        let Some(standing) = rows::lease(&self.pool, name, holder, now, until).await? else {
            return Ok(Round::Idle);
        };
        // another replica may have found something out in the meantime
        if !is_due(&standing, now) {
            return Ok(Round::Idle);
        }
        // while it is away a single event goes first
        let limit = if standing.failures > 0 { 1 } else { GROUP };
        let pending = rows::pending(&self.pool, name, limit, now).await?;
        if pending.events.is_empty() && pending.illegible.is_empty() {
            return Ok(Round::Idle);
        }
        fault::at(Point::AfterWebhookClaim);
        let material = events::material(&self.pool, &pending.events).await?;
        let unnamed = |event: &&Claimed| {
            event.subject.is_some_and(|id| naming::lacks_a_key(&self.vault, id, &material))
        };
        let (unnamed, sendable): (Vec<_>, Vec<_>) = pending.events.iter().partition(unnamed);
        // they go behind the others, without an attempt
        let unnamed = unnamed.iter().map(|event| event.id);
        let not_from_here: Vec<_> = unnamed.chain(pending.illegible.iter().copied()).collect();
        if !not_from_here.is_empty() {
            if unable_until.is_none_or(|until| until <= now) {
                tracing::error!(endpoint = name, events = ?not_from_here, "events cannot be sent from here; they wait");
            }
            *unable_until = Some(now.plus(UNABLE));
        }
        if sendable.is_empty() {
            self.leave_to_others(holder, not_from_here).await?;
            return Ok(Round::NotFromHere);
        }
        let bodies: Vec<(Uuid, i32, Vec<u8>)> = sendable
            .into_iter()
            .map(|event| {
                let body = naming::envelope(&self.vault, event, &material).to_string().into_bytes();
                (event.id, event.attempt, body)
            })
            .collect();
        let calls = bodies
            .into_iter()
            .map(|(id, attempt, body)| async move { (id, attempt, self.send(&id.to_string(), body).await) });
        let said: Vec<_> = futures_util::stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
        let mut settlement = self.outcomes(said, standing, look.left_out);
        settlement.later.extend(not_from_here.into_iter().map(|id| (id, now)));
        fault::at(Point::BeforeWebhookSettle);
        rows::settle(&self.pool, name, holder, &settlement, self.clock.now()).await?;
        Ok(Round::Sent)
    }

    /// Gives the endpoint back, and what cannot be sent from here stays due: another replica may have the key, or be of a
    /// newer version.
    async fn leave_to_others(&self, holder: Uuid, events: Vec<Uuid>) -> Result<()> {
        let (name, now) = (self.endpoint.name.as_str(), self.clock.now());
        let later = events.into_iter().map(|id| (id, now)).collect();
        let settlement = Settlement { later, ..Settlement::default() };
        rows::settle(&self.pool, name, holder, &settlement, now).await?;
        rows::release(&self.pool, name, holder).await.map(drop)
    }

    fn outcomes(&self, said: Vec<(Uuid, i32, Said)>, before: Standing, left_out: i64) -> Settlement {
        let (now, name) = (self.clock.now(), self.endpoint.name.as_str());
        let (mut settlement, mut away, mut gone) = (Settlement::default(), None, false);
        let (mut tried, mut refusal) = (Vec::new(), None);
        for (id, attempt, said) in said {
            match said {
                Said::Taken => {
                    self.metrics.webhook("delivered");
                    settlement.done.push(id);
                }
                Said::Refused(why) if attempt + 1 >= REFUSALS => {
                    tracing::error!(event = %id, endpoint = name, why, "an endpoint refuses an event; it is left out");
                    self.metrics.webhook("refused");
                    settlement.left_out.push(id);
                    refusal = Some(why);
                }
                Said::Refused(why) => {
                    tracing::warn!(event = %id, endpoint = name, why, "an endpoint refuses an event; it is sent again");
                    self.metrics.webhook("retried");
                    settlement.again.push((id, now.plus(self.wait(attempt + 1, REFUSED))));
                    refusal = Some(why);
                }
                Said::Away(why) => {
                    self.metrics.webhook("retried");
                    tried.push(id);
                    away = Some(why);
                }
                Said::Gone => gone = true,
            }
        }
        // one that takes others is not away, however often it fails over one
        let taken = !settlement.done.is_empty();
        let since = before.failing_since.filter(|_| !taken).unwrap_or(now);
        let failures = if taken { 1 } else { before.failures.saturating_add(1) };
        if left_out == 0 && !settlement.left_out.is_empty() && !gone {
            settlement.mails.extend(self.mails(now, WebhookTrouble::LeftOut));
        }
        if gone {
            tracing::error!(
                endpoint = name,
                "an endpoint says that it is gone; nothing is sent to it any more"
            );
            let trouble = Some("it says that it is gone (410)".to_owned());
            settlement.standing = Some(Standing { state: EndpointState::Gone, trouble, ..before });
            settlement.mails.extend(self.mails(now, WebhookTrouble::Gone));
        } else if let Some(why) = away {
            let paused = now >= since.plus(PAUSE_AFTER);
            let next_at = now.plus(self.wait(failures, AWAY));
            // behind whatever has come until then: no event is the only one that is tried
            settlement.later.extend(tried.into_iter().map(|id| (id, next_at)));
            settlement.standing = Some(Standing {
                state: if paused { EndpointState::Paused } else { EndpointState::Active },
                failures,
                failing_since: Some(since),
                next_at: Some(next_at),
                trouble: Some(why),
            });
            if paused {
                tracing::error!(endpoint = name, "an endpoint is away for too long; it is paused");
                settlement.mails.extend(self.mails(since, WebhookTrouble::Paused));
            }
        } else {
            // it is there; one that refuses all that it gets may have another secret, or be another app
            let standing = Standing { trouble: refusal.filter(|_| !taken), ..Standing::default() };
            settlement.standing = Some(standing).filter(|standing| *standing != before);
        }
        settlement
    }

    /// A mail for every administrator, the same for every replica: what began at one time is told once.
    fn mails(&self, since: Timestamp, trouble: WebhookTrouble) -> Vec<(Uuid, String, WebhookTrouble)> {
        let (name, kind) = (&self.endpoint.name, trouble.as_str());
        let id = |staff: &str| {
            let told = format!("{name}\0{kind}\0{}\0{staff}", since.micros());
            self.vault.derived_id("webhook", told.as_bytes())
        };
        self.policy
            .now()
            .administrators()
            .iter()
            .map(|staff| (id(staff.as_str()), staff.to_string(), trouble))
            .collect()
    }

    /// How long a group takes at most.
    fn longest_round(&self) -> Span {
        let calls = u32::try_from(GROUP).unwrap_or(u32::MAX) / u32::try_from(AT_ONCE).unwrap_or(1);
        Span::micros(i64::try_from((self.timeout * calls).as_micros()).unwrap_or(i64::MAX / 4))
    }

    fn wait(&self, attempt: i32, (initial, maximum): (Duration, Duration)) -> Span {
        match self.randomness.generator() {
            Ok(mut rng) => backoff::wait(attempt, initial, maximum, &mut rng),
            Err(_) => Span::minutes(5),
        }
    }

    /// How the endpoint does, for whoever asks.
    fn tell(&self, look: &Look, unable: bool) {
        let (standing, left_out) = (&look.standing, look.left_out);
        // a thread that panicked while holding it has left a whole value all the same
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let mut why: Vec<String> = standing.trouble.iter().cloned().collect();
        if left_out > 0 {
            why.push(format!("it has refused events; {left_out} are left out until it is resumed"));
        }
        if unable {
            why.push(
                "an event cannot be sent from here: it is of another version, or a key is missing".to_owned(),
            );
        }
        if why.is_empty() && standing.state == EndpointState::Active {
            troubles.remove(&self.endpoint.name);
        } else {
            let told = format!("{}: {}", standing.state.as_str(), why.join(", "));
            troubles.insert(self.endpoint.name.clone(), told);
        }
    }

    async fn trim(&self) {
        let (name, oldest) = (&self.endpoint.name, self.clock.now().minus(self.kept));
        match rows::trim(&self.pool, name, MOST_WAITING, oldest).await {
            Ok(0) => {}
            Ok(dropped) => {
                tracing::error!(
                    endpoint = name,
                    dropped,
                    "too many events wait for an endpoint; the oldest are dropped"
                );
                self.metrics.webhooks_dropped(dropped);
            }
            Err(error) => {
                tracing::warn!(%error, endpoint = name, "what waits for an endpoint cannot be looked at")
            }
        }
    }

    async fn send(&self, id: &str, body: Vec<u8>) -> Said {
        let Endpoint { url, .. } = &self.endpoint;
        let answer = call(&self.egress, url, &self.endpoint.key(), id, self.clock.now(), body).await;
        fault::at(Point::AfterWebhookPost);
        match answer {
            Ok(status) => judged(status),
            Err(error) => Said::Away(error.to_string()),
        }
    }
}

/// What an endpoint's status means. Redirects are not followed: an address that was checked could lead to one that was not.
pub(super) fn judged(status: StatusCode) -> Said {
    match status.as_u16() {
        200..=299 => Said::Taken,
        410 => Said::Gone,
        // too slow, too many, not now: it may take others no more than this one. So do a wrong address and a wrong door
        300..=399 | 401 | 403 | 404 | 405 | 408 | 429 | 500..=599 => {
            Said::Away(format!("it answers {}", status.as_u16()))
        }
        code => Said::Refused(format!("it answers {code}")),
    }
}

/// Sends one signed webhook; returns the status of the answer.
///
/// # Errors
/// Without an answer.
pub async fn call(
    egress: &Egress,
    url: &Url,
    key: &[u8],
    id: &str,
    now: Timestamp,
    body: Vec<u8>,
) -> std::result::Result<StatusCode, EgressError> {
    let timestamp = now.micros().div_euclid(1_000_000).to_string();
    let signature = signature(key, id, &timestamp, &body);
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature)]
    {
        // letters and digits alone
        let value = HeaderValue::from_str(value).map_err(|_| EgressError::Setup)?;
        headers.insert(name, value);
    }
    post(egress, url, headers, body).await
}

/// Sends JSON, with these headers; returns the status of the answer.
///
/// # Errors
/// Without an answer.
pub(super) async fn post(
    egress: &Egress,
    url: &Url,
    mut headers: HeaderMap,
    body: Vec<u8>,
) -> std::result::Result<StatusCode, EgressError> {
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    egress.status(Call { method: Method::POST, url: url.clone(), headers, body }).await
}

/// `v1,` and the HMAC-SHA256 over id, time and body, in base64 (Standard Webhooks).
fn signature(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let key = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let signed =
            signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}

//! Events as webhooks (Standard Webhooks): signed, in each subject's order, again and again until the endpoint takes them.
//!
//! Each endpoint has a loop of its own, so that one that is away keeps no other waiting. An outage wears out no event: the
//! endpoint as a whole is waited for, longer and longer, and after a day of it paused. What an endpoint refuses although
//! it is well is tried a few times and then left out, so that one event cannot hold back all others.

use super::{backoff, naming};
use crate::clock::{Clock, Randomness};
use crate::egress::{Call, Egress, EgressError, HeaderMap, HeaderValue, Method, StatusCode};
use crate::fault::{self, Point};
use crate::live::{InForce, Live};
use crate::metrics::Metrics;
use crate::store::outbox::events::{self, Claimed};
use crate::store::webhooks::{self as rows, EndpointState, Settlement, Standing};
use crate::store::{Pool, Result};
use crate::webhook_file::Endpoint;
use data_encoding::BASE64;
use futures_util::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
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
        let mut next_trim = self.clock.now();
        while !stop.is_cancelled() {
            if self.clock.now() >= next_trim {
                self.trim().await;
                next_trim = self.clock.now().plus(TRIMMING);
            }
            let wait = match self.round(holder).await {
                Ok(true) => continue,
                Ok(false) => poll,
                Err(error) => {
                    tracing::warn!(%error, endpoint = self.endpoint.name, "webhooks wait for the store");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
        // another replica need not wait until the lease has run out
        let _ = rows::release(&self.pool, holder).await;
    }

    /// One group; whether anything was sent.
    async fn round(&self, holder: Uuid) -> Result<bool> {
        let (name, now) = (self.endpoint.name.as_str(), self.clock.now());
        // nothing is written while there is nothing to do
        let Some(standing) = rows::waited_for(&self.pool, name).await? else { return Ok(false) };
        self.tell(&standing);
        if standing.state == EndpointState::Gone {
            rows::clear(&self.pool, name).await?;
        }
        if !is_due(&standing, now) {
            return Ok(false);
        }
        let until = now.plus(LEASE).plus(self.longest_round());
        let Some(standing) = rows::lease(&self.pool, name, holder, now, until).await? else {
            return Ok(false);
        };
        // another replica may have found something out in the meantime
        if !is_due(&standing, now) {
            return Ok(false);
        }
        // while it is away a single event goes first
        let limit = if standing.failures > 0 { 1 } else { GROUP };
        let pending = rows::pending(&self.pool, name, limit, now).await?;
        if pending.is_empty() {
            return Ok(false);
        }
        fault::at(Point::AfterWebhookClaim);
        let material = events::material(&self.pool, &pending).await?;
        let named = |event: &&Claimed| {
            !event.subject.is_some_and(|id| naming::lacks_a_key(&self.vault, id, &material))
        };
        let bodies: Vec<(Uuid, i32, Vec<u8>)> = pending
            .iter()
            .filter(named)
            .map(|event| {
                let body = naming::envelope(&self.vault, event, &material).to_string().into_bytes();
                (event.id, event.attempt, body)
            })
            .collect();
        if bodies.is_empty() {
            return Ok(false);
        }
        let calls = bodies
            .into_iter()
            .map(|(id, attempt, body)| async move { (id, attempt, self.send(&id.to_string(), body).await) });
        let said: Vec<_> = futures_util::stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
        let settlement = self.outcomes(said, standing);
        fault::at(Point::BeforeWebhookSettle);
        rows::settle(&self.pool, name, &settlement, self.clock.now()).await?;
        if let Some(standing) = &settlement.standing {
            self.tell(standing);
        }
        Ok(true)
    }

    fn outcomes(&self, said: Vec<(Uuid, i32, Said)>, before: Standing) -> Settlement {
        let (now, name) = (self.clock.now(), self.endpoint.name.as_str());
        let (mut settlement, mut away, mut well, mut gone) = (Settlement::default(), None, false, false);
        for (id, attempt, said) in said {
            match said {
                Said::Taken => {
                    well = true;
                    self.metrics.webhook("delivered");
                    settlement.done.push(id);
                }
                Said::Refused(why) if attempt + 1 >= REFUSALS => {
                    well = true;
                    tracing::error!(event = %id, endpoint = name, why, "an endpoint refuses an event; it is left out");
                    self.metrics.webhook("refused");
                    settlement.done.push(id);
                }
                Said::Refused(why) => {
                    well = true;
                    tracing::warn!(event = %id, endpoint = name, why, "an endpoint refuses an event; it is sent again");
                    self.metrics.webhook("retried");
                    settlement.again.push((id, now.plus(self.wait(attempt + 1, REFUSED))));
                }
                Said::Away(why) => {
                    self.metrics.webhook("retried");
                    away = Some(why);
                }
                Said::Gone => gone = true,
            }
        }
        if gone {
            tracing::error!(
                endpoint = name,
                "an endpoint says that it is gone; nothing is sent to it any more"
            );
            let trouble = Some("it says that it is gone (410)".to_owned());
            settlement.standing = Some(Standing { state: EndpointState::Gone, trouble, ..before });
            settlement.mails = self.mails(now);
        } else if let Some(why) = away {
            let failures = before.failures.saturating_add(1);
            let since = before.failing_since.unwrap_or(now);
            let paused = now >= since.plus(PAUSE_AFTER);
            settlement.standing = Some(Standing {
                state: if paused { EndpointState::Paused } else { EndpointState::Active },
                failures,
                failing_since: Some(since),
                next_at: Some(now.plus(self.wait(failures, AWAY))),
                trouble: Some(why),
            });
            if paused {
                tracing::error!(endpoint = name, "an endpoint is away for too long; it is paused");
                settlement.mails = self.mails(since);
            }
        } else if well && before != Standing::default() {
            settlement.standing = Some(Standing::default());
        }
        settlement
    }

    /// A mail for every administrator, the same for every replica: what began at one time is told once.
    fn mails(&self, since: Timestamp) -> Vec<(Uuid, String)> {
        let name = &self.endpoint.name;
        let id = |staff: &str| {
            self.vault.derived_id("webhook", format!("{name}\0{}\0{staff}", since.micros()).as_bytes())
        };
        self.policy
            .now()
            .administrators()
            .iter()
            .map(|staff| (id(staff.as_str()), staff.to_string()))
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
    fn tell(&self, standing: &Standing) {
        // a thread that panicked while holding it has left a whole value all the same
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match (&standing.trouble, standing.state) {
            (None, EndpointState::Active) => drop(troubles.remove(&self.endpoint.name)),
            (trouble, state) => {
                let why = trouble.as_deref().unwrap_or("it was paused");
                troubles.insert(self.endpoint.name.clone(), format!("{}: {why}", state.as_str()));
            }
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
        401 | 403 | 404 | 408 | 429 | 500..=599 => Said::Away(format!("it answers {}", status.as_u16())),
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
    let call = Call { method: Method::POST, url: url.clone(), headers, body };
    Ok(egress.send(call).await?.status)
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

//! The dispatcher of events: to the broker, confirmed, in each subject's order; without a broker they are kept to be
//! read.

use super::{backoff, naming};
use crate::amqp::{OutgoingEvent, Published, Publisher};
use crate::clock::{Clock, Randomness};
use crate::fault::{self, Point};
use crate::metrics::Metrics;
use crate::runner::Woken;
use crate::store::outbox::EventState;
use crate::store::outbox::events::{self as rows, Claimed, Material, Settlement};
use crate::store::{Pool, Result, StoreError};
use crate::telemetry::{Kind, Open, Telemetry, Told};
use rescind_jobs::protection::Vault;
use rescind_jobs::time::{Span, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a claim holds; longer than a group may take.
const LEASE: Span = Span::seconds(120);
/// Events a group.
const GROUP: i64 = 256;
/// An event that no queue is bound for is kept after so many attempts, about fifteen seconds: it must not hold back the
/// later ones of its subject, which somebody may well be waiting for.
const UNROUTABLE_ATTEMPTS: i32 = 5;

/// Where events go.
pub enum Sink {
    /// To a broker's exchange.
    Broker {
        /// The connection.
        publisher: Box<Publisher>,
        /// The exchange.
        exchange: String,
    },
    /// Nowhere: they are kept to be read.
    Kept,
}

/// Publishes events.
pub struct EventDispatcher {
    /// The store.
    pub pool: Pool,
    /// The keys.
    pub vault: Arc<Vault>,
    /// Where events go.
    pub sink: Sink,
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
}

impl EventDispatcher {
    /// Publishes what is due, as `holder`, until told to stop.
    pub async fn run(self, holder: Uuid, poll: Duration, stop: CancellationToken) {
        let (mut next_recovery, mut left_behind) = (self.clock.now(), false);
        while !stop.is_cancelled() {
            let now = self.clock.now();
            if now >= next_recovery {
                if let Err(error) = rows::recover(&self.pool, now).await {
                    tracing::warn!(%error, "events of dead workers cannot be taken up");
                }
                next_recovery = now.plus(Span::seconds(15));
            }
            let wait = match self.round(holder, &mut left_behind, &stop).await {
                Ok(0) => self.until_due(poll).await,
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(%error, "events cannot be claimed or settled; waiting");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = self.woken.events.notified() => {}
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn until_due(&self, poll: Duration) -> Duration {
        let Ok(Some(due)) = rows::next_due(&self.pool).await else { return poll };
        match u64::try_from(due.since(self.clock.now()).as_micros()) {
            // due, and yet nothing could be claimed: the broker is away, or an earlier event of the subject waits
            Ok(0) | Err(_) => poll,
            Ok(micros) => Duration::from_micros(micros).clamp(Duration::from_millis(5), poll),
        }
    }

    /// One group. `left_behind`: the round before ended by an error of the store, and what it had claimed is still
    /// ours and did not leave.
    async fn round(&self, holder: Uuid, left_behind: &mut bool, stop: &CancellationToken) -> Result<usize> {
        if *left_behind {
            rows::give_back(&self.pool, holder).await?;
            *left_behind = false;
        }
        if let Sink::Broker { publisher, .. } = &self.sink
            && !publisher.ready().await
        {
            // a broker that is away uses up no attempt
            return Ok(0);
        }
        let now = self.clock.now();
        // even a claim whose commit was not answered may stand
        *left_behind = true;
        let mut claimed = rows::claim(&self.pool, now, GROUP, now.plus(LEASE), holder).await?;
        if claimed.is_empty() {
            *left_behind = false;
            return Ok(0);
        }
        fault::at(Point::AfterEventClaim);
        let settled = match &self.sink {
            Sink::Kept => claimed
                .iter()
                .map(|e| Settlement { id: e.id, state: EventState::Kept, due_at: now, trouble: None })
                .collect(),
            Sink::Broker { publisher, exchange } => {
                let material = rows::material(&self.pool, &claimed).await?;
                let spans = self.begin(&mut claimed, now)?;
                *left_behind = false;
                let settled = self.publish(publisher, exchange, &claimed, &material).await;
                self.end(&claimed, &spans, &settled, exchange);
                settled
            }
        };
        *left_behind = false;
        fault::at(Point::BeforeEventSettle);
        self.settle(&settled, holder, stop).await?;
        for settlement in &settled {
            self.metrics.event(settlement.state.as_str());
        }
        Ok(claimed.len())
    }

    /// Records outcomes, as often as it takes: what is known to have left must not leave once more because the
    /// database was away.
    async fn settle(&self, settled: &[Settlement], holder: Uuid, stop: &CancellationToken) -> Result<()> {
        let mut tries_while_stopping = 0;
        while let Err(error) = rows::settle(&self.pool, settled, holder, self.clock.now()).await {
            tries_while_stopping += usize::from(stop.is_cancelled());
            if !error.is_transient() || tries_while_stopping > 3 {
                return Err(error);
            }
            tracing::warn!(%error, "the outcome of events cannot be recorded; trying again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    async fn publish(
        &self,
        publisher: &Publisher,
        exchange: &str,
        claimed: &[Claimed],
        material: &Material,
    ) -> Vec<Settlement> {
        let outgoing = claimed
            .iter()
            // an event must not leave without its subject's ids because a key-encryption key is missing here
            .filter(|e| !e.subject.is_some_and(|id| naming::lacks_a_key(&self.vault, id, material)))
            .map(|e| OutgoingEvent {
                id: e.id,
                exchange: if e.reply_to.is_some() { String::new() } else { exchange.to_owned() },
                routing_key: e.reply_to.clone().unwrap_or_else(|| e.event.kind().to_owned()),
                body: naming::envelope(&self.vault, e, material).to_string().into_bytes(),
                correlation_id: e.correlation.clone(),
                kind: e.event.kind().to_owned(),
            })
            .collect();
        let outcomes: HashMap<Uuid, Published> = publisher.publish(outgoing).await.into_iter().collect();
        let now = self.clock.now();
        claimed
            .iter()
            .map(|e| match outcomes.get(&e.id) {
                Some(Published::Confirmed) => {
                    Settlement { id: e.id, state: EventState::Published, due_at: now, trouble: None }
                }
                Some(Published::Unroutable) if e.attempt >= UNROUTABLE_ATTEMPTS => {
                    tracing::warn!(kind = e.event.kind(), "no queue is bound for an event; it is kept");
                    let trouble = Some("no queue is bound for it");
                    Settlement { id: e.id, state: EventState::Kept, due_at: now, trouble }
                }
                Some(Published::Unroutable) => self.again(e, now, "no queue is bound for it"),
                Some(Published::Failed) | None => self.again(e, now, "the broker did not confirm it"),
            })
            .collect()
    }

    /// Begins a span of each event, which goes along with it: whoever takes the event goes on with the trace.
    fn begin(&self, claimed: &mut [Claimed], now: Timestamp) -> Result<HashMap<Uuid, Open>> {
        let mut spans = HashMap::new();
        if self.telemetry.is_on() {
            let mut rng = self.randomness.generator().map_err(|e| StoreError::Unavailable(e.to_string()))?;
            for event in claimed {
                if let Some(span) = self.telemetry.begin(event.traceparent.as_deref(), now, &mut rng) {
                    event.traceparent = Some(span.traceparent());
                    spans.insert(event.id, span);
                }
            }
        }
        Ok(spans)
    }

    fn end(&self, claimed: &[Claimed], spans: &HashMap<Uuid, Open>, settled: &[Settlement], exchange: &str) {
        let now = self.clock.now();
        for (event, settlement) in claimed.iter().zip(settled) {
            let Some(span) = spans.get(&event.id) else { continue };
            let (kind, state) = (event.event.kind(), settlement.state.as_str());
            let told = Told::new(format!("send {kind}"), Kind::Producer)
                .with("messaging.system", "rabbitmq")
                .with("messaging.operation.type", "send")
                .with("messaging.operation.name", "publish")
                .with("messaging.destination.name", exchange)
                .with("messaging.rabbitmq.destination.routing_key", kind)
                .with("messaging.message.id", event.id.to_string())
                .with("rescind.outcome", state)
                .failed((settlement.state != EventState::Published).then_some(state));
            self.telemetry.end(span, now, told);
        }
    }

    fn again(&self, event: &Claimed, now: Timestamp, trouble: &'static str) -> Settlement {
        // below the ten seconds within which events are to flow again after an outage
        let (initial, maximum) = (Duration::from_secs(1), Duration::from_secs(8));
        let wait = match self.randomness.generator() {
            Ok(mut rng) => backoff::wait(event.attempt, initial, maximum, &mut rng),
            Err(_) => Span::seconds(30),
        };
        Settlement { id: event.id, state: EventState::Queued, due_at: now.plus(wait), trouble: Some(trouble) }
    }
}

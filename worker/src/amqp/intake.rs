//! Takes messages from the queue for as long as the worker lives.
//!
//! A session is one connection with its lanes, all fresh. Whatever breaks in it (a channel, the consumer, the
//! connection, the queue itself) ends the whole session, and the next one starts from the beginning: connect, declare,
//! consume. When the store is down the consumers end, their messages go back once, and nothing is consumed until the
//! store answers again; then a single message goes first and is held until it is decided, so that a store that answers but
//! cannot write costs no redelivery at all.
//!
//! The same caution meets a message that lapin cannot read (a property that is not UTF-8): it breaks the connection at
//! every delivery, and every delivery counts against the queue's limit, for it and for all that were on the way with
//! it. So what was on the way is taken singly; then only that message uses up its deliveries, and the broker's
//! delivery limit (a policy, `docs/rabbitmq.md`) removes it.
//!
//! Rule: every wait grows, is bounded, and ends at once when the worker stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::failure::Failure;
use super::lane::{Lane, LaneEnd, Patience, Report};
use super::supervisor::{Broker, Link};
use super::topology::{self, Names};
use super::{Handle, Health, Trouble};
use crate::config::Amqp;
use crate::runner::BACKGROUND_BATCH;

/// What the intake needs to know.
#[derive(Clone, Debug)]
pub struct IntakeSettings {
    /// Where the broker is.
    pub broker: Broker,
    /// Queue and exchanges.
    pub names: Names,
    /// Unacknowledged messages a channel, 1 to 2000. Twice the batch size keeps a lane busy while it commits.
    pub prefetch: u16,
    /// Batches at the same time, a channel each.
    pub channels: u16,
    /// Most messages in one batch.
    pub batch_size: usize,
    /// How long a running batch may take after the worker was asked to stop.
    pub grace: Duration,
    /// For the random part of waits; should differ between replicas.
    pub jitter_seed: u64,
}

impl IntakeSettings {
    /// As configured; `batch_size` is the runner's and `grace` the shutdown's.
    pub fn new(amqp: &Amqp, batch_size: usize, grace: Duration, jitter_seed: u64) -> Self {
        Self {
            broker: Broker::new(amqp.url.clone(), amqp.heartbeat),
            names: Names {
                queue: amqp.queue.clone(),
                exchange: amqp.exchange.clone(),
                events_exchange: amqp.events_exchange.clone(),
            },
            prefetch: amqp.prefetch,
            channels: amqp.channels,
            batch_size,
            grace,
            jitter_seed,
        }
    }

    /// For what nobody waits for: its own queue on its own connection, so that nothing that happens to an import holds
    /// up the others, and one short batch at a time, which leaves them their share.
    pub fn bulk(amqp: &Amqp, batch_size: usize, grace: Duration, jitter_seed: u64) -> Self {
        let mut settings = Self::new(amqp, batch_size.min(BACKGROUND_BATCH), grace, jitter_seed);
        settings.names.queue.clone_from(&amqp.bulk_queue);
        settings.names.exchange.clone_from(&amqp.bulk_exchange);
        settings.channels = 1;
        let twice = u16::try_from(2 * settings.batch_size).unwrap_or(u16::MAX);
        settings.prefetch = settings.prefetch.min(twice);
        settings
    }
}

/// Why a session ended.
enum End {
    Stopped,
    Broken(Failure),
}

/// Takes messages until `stop` is cancelled: then consuming ends, batches that run are finished and acknowledged, and
/// what has not started goes back to the queue. Returns within the grace period and little more.
pub async fn run<H: Handle>(
    settings: IntakeSettings,
    handle: Arc<H>,
    stop: CancellationToken,
    health: Arc<Health>,
) {
    let intake = Intake { settings, handle, stop, health };
    let pace = intake.settings.broker.pace;
    let mut backoff = Backoff::new(pace, intake.settings.jitter_seed);
    let mut singly = 0;
    while !intake.stop.is_cancelled() {
        let started = Instant::now();
        let end = intake.session(&mut singly).await;
        let End::Broken(failure) = end else { break };
        intake.health.trouble(failure.trouble, &failure.detail);
        intake.health.set_closed();
        // Only a session that held for a while shows that things are well again.
        if started.elapsed() > pace.longest {
            backoff.reset();
        }
        intake.pause(backoff.wait_after(failure.trouble)).await;
    }
    intake.health.set_closed();
}

struct Intake<H> {
    settings: IntakeSettings,
    handle: Arc<H>,
    stop: CancellationToken,
    health: Arc<Health>,
}

impl<H: Handle> Intake<H> {
    /// Connects, and consumes until something breaks or the worker stops. The next `singly` messages are taken one by
    /// one.
    async fn session(&self, singly: &mut u64) -> End {
        let name = format!("rescind {}", self.health.name());
        let link = tokio::select! {
            () = self.stop.cancelled() => return End::Stopped,
            opened = Link::open(&self.settings.broker, &name) => match opened {
                Ok(link) => link,
                Err(failure) => return End::Broken(failure),
            },
        };
        let end = tokio::select! {
            () = self.stop.cancelled() => End::Stopped,
            failure = link.lost() => End::Broken(failure),
            declared = topology::declare(&link, &self.settings.names) => match declared {
                Ok(()) => {
                    self.health.set_connected();
                    self.consume(&link, singly).await
                }
                Err(failure) => End::Broken(link.reason(failure)),
            },
        };
        link.close(self.settings.grace.min(Duration::from_secs(5))).await;
        end
    }

    /// Rounds of consuming on one connection, with pauses while the store is down.
    async fn consume(&self, link: &Link, singly: &mut u64) -> End {
        let mut backoff = Backoff::new(self.settings.broker.pace, self.settings.jitter_seed);
        loop {
            let report = self.round(link, self.width(*singly)).await;
            self.health.set_consuming(false);
            *singly = singly.saturating_sub(report.batches);
            match report.end {
                LaneEnd::Failed(failure) => {
                    let failure = link.reason(failure);
                    if failure.trouble == Trouble::Undecodable {
                        *singly = u64::from(self.settings.channels) * u64::from(self.settings.prefetch);
                    }
                    return End::Broken(failure);
                }
                LaneEnd::Finished if self.stop.is_cancelled() => return End::Stopped,
                LaneEnd::Finished => backoff.reset(),
                LaneEnd::StoreDown => {
                    *singly = (*singly).max(1);
                    if report.batches > 0 {
                        backoff.reset();
                    }
                    self.health.trouble(Trouble::StoreUnavailable, "");
                    if let Some(end) = self.wait_for_store(link, &mut backoff).await {
                        return end;
                    }
                }
            }
        }
    }

    async fn wait_for_store(&self, link: &Link, backoff: &mut Backoff) -> Option<End> {
        let ready = async {
            loop {
                sleep(backoff.wait()).await;
                if self.handle.ready().await {
                    return;
                }
            }
        };
        tokio::select! {
            () = self.stop.cancelled() => Some(End::Stopped),
            failure = link.lost() => Some(End::Broken(failure)),
            () = ready => None,
        }
    }

    fn width(&self, singly: u64) -> Round {
        if singly > 0 {
            Round { lanes: 1, prefetch: 1, batches: singly }
        } else {
            Round { lanes: self.settings.channels, prefetch: self.settings.prefetch, batches: u64::MAX }
        }
    }

    /// Opens the lanes and runs them until one ends, which ends the others.
    async fn round(&self, link: &Link, round: Round) -> Report {
        let end = self.stop.child_token();
        let lanes = tokio::select! {
            () = self.stop.cancelled() => return Report { end: LaneEnd::Finished, batches: 0 },
            failure = link.lost() => return Report { end: LaneEnd::Failed(failure), batches: 0 },
            opened = self.open_lanes(link, round) => match opened {
                Ok(lanes) => lanes,
                Err(failure) => return Report { end: LaneEnd::Failed(failure), batches: 0 },
            },
        };
        let mut running = JoinSet::new();
        for lane in lanes {
            let handle = Arc::clone(&self.handle);
            let patience = (round.prefetch == 1 && round.lanes == 1).then(|| Patience {
                backoff: Backoff::new(self.settings.broker.pace, self.settings.jitter_seed),
                health: Arc::clone(&self.health),
            });
            running.spawn(lane.run(handle, self.settings.batch_size, round.batches, patience, end.clone()));
        }
        self.health.set_consuming(true);
        let out_of_time = async {
            self.stop.cancelled().await;
            sleep(self.settings.grace).await;
        };
        tokio::pin!(out_of_time);
        let mut whole = Report { end: LaneEnd::Finished, batches: 0 };
        loop {
            let joined = tokio::select! {
                joined = running.join_next() => joined,
                () = &mut out_of_time => {
                    tracing::warn!("a batch from RabbitMQ did not end within the grace period; it is given back");
                    running.abort_all();
                    return whole;
                }
            };
            end.cancel();
            match joined {
                None => return whole,
                Some(Ok(report)) => {
                    whole.batches += report.batches;
                    whole.end = graver(whole.end, report.end);
                }
                // Its channel went with it, so its messages go back; the panic itself is logged by its hook.
                Some(Err(_)) => {
                    let failure = Failure::new(Trouble::Engine, "a lane panicked");
                    whole.end = graver(whole.end, LaneEnd::Failed(failure));
                }
            }
        }
    }

    async fn open_lanes(&self, link: &Link, round: Round) -> Result<Vec<Lane>, Failure> {
        let mut lanes = Vec::with_capacity(round.lanes.into());
        for _ in 0..round.lanes {
            lanes.push(Lane::open(link, &self.settings.names.queue, round.prefetch).await?);
        }
        Ok(lanes)
    }

    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(wait) => {}
        }
    }
}

/// How wide to consume.
#[derive(Clone, Copy)]
struct Round {
    lanes: u16,
    prefetch: u16,
    batches: u64,
}

/// A store that is down outweighs a broken channel, which outweighs an orderly end: the connection is looked at again
/// anyway, the store must not be hurried.
fn graver(a: LaneEnd, b: LaneEnd) -> LaneEnd {
    match (a, b) {
        (LaneEnd::StoreDown, _) | (_, LaneEnd::StoreDown) => LaneEnd::StoreDown,
        (LaneEnd::Failed(failure), _) | (_, LaneEnd::Failed(failure)) => LaneEnd::Failed(failure),
        (LaneEnd::Finished, LaneEnd::Finished) => LaneEnd::Finished,
    }
}

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
use super::lane::{Lane, LaneEnd, Patience, Reach, Report};
use super::supervisor::{Broker, Link};
use super::topology::{self, Names};
use super::{Handle, Health, Trouble};
use crate::config::Amqp;
use crate::runner::BACKGROUND_BATCH;
use rescind_jobs::effects;

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
                bulk_queue: amqp.bulk_queue.clone(),
                bulk_exchange: amqp.bulk_exchange.clone(),
                events_exchange: amqp.events_exchange.clone(),
            },
            prefetch: amqp.prefetch,
            channels: amqp.channels,
            batch_size,
            grace,
            jitter_seed,
        }
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
        let link = tokio::select! {
            () = self.stop.cancelled() => return End::Stopped,
            opened = Link::open(&self.settings.broker, "rescind intake") => match opened {
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
                        *singly = self.everywhere().iter().map(|reach| u64::from(reach.prefetch)).sum();
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

    /// All lanes: some for those who wait, one for the rest, whose short batches leave the others their share.
    fn everywhere(&self) -> Vec<Reach> {
        let settings = &self.settings;
        let batch_size = settings.batch_size.clamp(1, BACKGROUND_BATCH);
        let twice = u16::try_from(2 * batch_size).unwrap_or(u16::MAX);
        let bulk = Reach {
            queue: settings.names.bulk_queue.clone(),
            lane: effects::Lane::Background,
            prefetch: settings.prefetch.min(twice),
            batch_size,
        };
        let mut all = vec![bulk];
        all.resize_with(usize::from(settings.channels) + 1, || Reach {
            queue: settings.names.queue.clone(),
            lane: effects::Lane::Request,
            prefetch: settings.prefetch,
            batch_size: settings.batch_size,
        });
        all
    }

    /// One lane a queue, a message at a time, for this many messages of each; or everything.
    fn width(&self, singly: u64) -> Round {
        let mut lanes = self.everywhere();
        if singly == 0 {
            return Round { lanes, singly: false, batches: u64::MAX };
        }
        lanes.truncate(2);
        for reach in &mut lanes {
            reach.prefetch = 1;
        }
        Round { lanes, singly: true, batches: singly }
    }

    /// Opens the lanes and runs them until one ends, which ends the others.
    async fn round(&self, link: &Link, round: Round) -> Report {
        let end = self.stop.child_token();
        let lanes = tokio::select! {
            () = self.stop.cancelled() => return Report { end: LaneEnd::Finished, batches: 0 },
            failure = link.lost() => return Report { end: LaneEnd::Failed(failure), batches: 0 },
            opened = open_lanes(link, round.lanes) => match opened {
                Ok(lanes) => lanes,
                Err(failure) => return Report { end: LaneEnd::Failed(failure), batches: 0 },
            },
        };
        let mut running = JoinSet::new();
        for lane in lanes {
            let handle = Arc::clone(&self.handle);
            let patience = round.singly.then(|| Patience {
                backoff: Backoff::new(self.settings.broker.pace, self.settings.jitter_seed),
                health: Arc::clone(&self.health),
            });
            running.spawn(lane.run(handle, round.batches, patience, end.clone()));
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

    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(wait) => {}
        }
    }
}

/// How wide to consume.
struct Round {
    lanes: Vec<Reach>,
    /// A message at a time, each outlasting a store that is down.
    singly: bool,
    /// Most batches a lane.
    batches: u64,
}

async fn open_lanes(link: &Link, reaches: Vec<Reach>) -> Result<Vec<Lane>, Failure> {
    let mut lanes = Vec::with_capacity(reaches.len());
    for reach in reaches {
        lanes.push(Lane::open(link, reach).await?);
    }
    Ok(lanes)
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

//! One channel that consumes, with one batch at a time.
//!
//! Why a channel a batch: a `multiple` acknowledgement covers everything delivered before on its channel, so two
//! batches on one channel could acknowledge each other's uncommitted messages. Rule: prefetch is set before consuming,
//! because lapin's own buffer has no bound; a batch is whatever is there, never waited for; acknowledged is only what
//! the engine has committed. Closing the channel gives the rest back to the queue, once and in order. A message that is
//! taken singly outlasts a store that is down: given back at every try, it would use up the deliveries that the broker
//! allows it, and be lost to an outage that lasts.

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::failure::{Failure, answered, short};
use super::health::{Health, Trouble};
use super::supervisor::Link;
use super::{Handle, Unavailable, binary};
use crate::fault::{self, Point};
use crate::runner::message::{Incoming, OnRefusal, Outcome};

/// Why a lane ended.
#[derive(Debug)]
pub(super) enum LaneEnd {
    /// It was asked to, or has done the one batch it was for.
    Finished,
    /// The store is down.
    StoreDown,
    /// The channel is of no use any more, or the engine broke its promise.
    Failed(Failure),
}

/// A lane's end and how many batches it has settled.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) end: LaneEnd,
    pub(super) batches: u64,
}

/// How a message that is taken singly waits for the store.
pub(super) struct Patience {
    pub(super) backoff: Backoff,
    pub(super) health: Arc<Health>,
}

/// A consuming channel.
pub(super) struct Lane {
    channel: Channel,
    consumer: Consumer,
}

impl Lane {
    /// Opens a channel and consumes `queue` with at most `prefetch` messages on it.
    pub(super) async fn open(link: &Link, queue: &str, prefetch: u16) -> Result<Self, Failure> {
        let channel = link.channel().await?;
        answered(channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let consumer = answered(channel.basic_consume(
            short(queue)?,
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        ))
        .await?;
        Ok(Self { channel, consumer })
    }

    /// Takes batches until `end` is cancelled, something breaks, or `most_batches` are done. A batch that runs is
    /// finished; what has not started goes back.
    pub(super) async fn run<H: Handle>(
        mut self,
        handle: Arc<H>,
        batch_size: usize,
        most_batches: u64,
        mut patience: Option<Patience>,
        end: CancellationToken,
    ) -> Report {
        let mut batches = 0;
        let ended = loop {
            if batches == most_batches {
                break LaneEnd::Finished;
            }
            let first = tokio::select! {
                biased;
                () = end.cancelled() => break LaneEnd::Finished,
                next = self.consumer.next() => match next {
                    Some(Ok(delivery)) => delivery,
                    Some(Err(error)) => break LaneEnd::Failed(Failure::of(&error)),
                    None => break LaneEnd::Failed(cancelled()),
                },
            };
            match self.batch(first, &*handle, batch_size, patience.as_mut(), &end).await {
                Ok(consuming) => {
                    batches += 1;
                    if !consuming {
                        break LaneEnd::Failed(cancelled());
                    }
                }
                Err(ended) => break ended,
            }
        };
        self.give_back().await;
        Report { end: ended, batches }
    }

    /// One batch: whatever is there, decided, acknowledged. Says whether the consumer still lives.
    async fn batch<H: Handle>(
        &mut self,
        first: Delivery,
        handle: &H,
        batch_size: usize,
        patience: Option<&mut Patience>,
        end: &CancellationToken,
    ) -> Result<bool, LaneEnd> {
        let mut batch = vec![incoming(&first, handle)];
        let mut last = first.acker;
        let mut consuming = true;
        while batch.len() < batch_size {
            match self.consumer.next().now_or_never() {
                Some(Some(Ok(delivery))) => {
                    batch.push(incoming(&delivery, handle));
                    last = delivery.acker;
                }
                // Nobody would take our acknowledgement, and everything is delivered anew.
                Some(Some(Err(error))) => return Err(LaneEnd::Failed(Failure::of(&error))),
                // Cancelled by the broker, and told only once; the channel still takes acknowledgements.
                Some(None) => {
                    consuming = false;
                    break;
                }
                None => break,
            }
        }
        if !last.usable() {
            return Err(LaneEnd::Failed(Failure::new(
                Trouble::ChannelClosed,
                "deliveries of a closed channel",
            )));
        }
        let count = batch.len();
        fault::at(Point::AfterConsume);
        let outcomes = match patience {
            Some(patience) => outlast(handle, batch, patience, end).await,
            None => handle.handle(batch).await,
        };
        match outcomes {
            Err(Unavailable) => return Err(LaneEnd::StoreDown),
            Ok(outcomes) if outcomes.len() != count => {
                let detail = format!("{} outcomes for {count} messages", outcomes.len());
                return Err(LaneEnd::Failed(Failure::new(Trouble::Engine, detail)));
            }
            Ok(_) => {}
        }
        fault::at(Point::BeforeAck);
        match answered(last.ack(BasicAckOptions { multiple: true })).await {
            Ok(true) => {
                fault::at(Point::AfterAck);
                Ok(consuming)
            }
            Ok(false) => {
                Err(LaneEnd::Failed(Failure::new(Trouble::ChannelClosed, "an acknowledgement came too late")))
            }
            Err(failure) => Err(LaneEnd::Failed(failure)),
        }
    }

    /// Stops consuming and closes the channel, upon which the broker requeues what was not acknowledged.
    async fn give_back(self) {
        if !self.channel.status().connected() {
            return;
        }
        let goodbye = async {
            answered(self.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions::default())).await?;
            answered(self.channel.close(200, "OK".into())).await
        };
        if let Err(failure) = goodbye.await {
            tracing::debug!(detail = failure.detail, "closing a channel; the broker requeues all the same");
        }
    }
}

/// Hands a batch over until it is decided, or the lane is to end.
async fn outlast<H: Handle>(
    handle: &H,
    batch: Vec<Incoming>,
    patience: &mut Patience,
    end: &CancellationToken,
) -> Result<Vec<Outcome>, Unavailable> {
    let mut waited = false;
    loop {
        if let Ok(outcomes) = handle.handle(batch.clone()).await {
            if waited {
                patience.health.set_consuming(true);
            }
            return Ok(outcomes);
        }
        waited = true;
        patience.health.trouble(Trouble::StoreUnavailable, "");
        patience.health.set_consuming(false);
        let ready = async {
            loop {
                sleep(patience.backoff.wait()).await;
                if handle.ready().await {
                    return;
                }
            }
        };
        tokio::select! {
            () = end.cancelled() => return Err(Unavailable),
            () = ready => {}
        }
    }
}

fn cancelled() -> Failure {
    Failure::new(Trouble::ConsumerCancelled, "the broker cancelled the consumer")
}

fn incoming<H: Handle>(delivery: &Delivery, handle: &H) -> Incoming {
    let user = delivery.properties.user_id().as_ref().map(|user| user.as_str());
    Incoming {
        body: binary::structured(&delivery.properties, &delivery.data),
        sender: handle.sender_of(user),
        on_refusal: OnRefusal::Park,
        redelivered: delivery.redelivered,
        answer: binary::answering(&delivery.properties),
    }
}

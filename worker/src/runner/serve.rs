//! The loops of the runner: one for those who wait at the door, one for each lane of the job table.

use super::Engine;
use super::door::{NoAnswer, Waiting};
use super::flights::Flights;
use crate::fault::{self, Point};
use crate::store::queue;
use rescind_jobs::effects::Lane;
use rescind_jobs::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// Those who wait, shared by the runners.
pub(crate) type Queue = Arc<Mutex<mpsc::Receiver<Waiting>>>;

/// Serves the door until it is closed and empty. Takes whatever waits, up to the batch size, without a timer.
pub(crate) async fn door(engine: Engine, queue: Queue, stop: CancellationToken) {
    loop {
        let mut batch = Vec::new();
        {
            let mut waiting = queue.lock().await;
            let most = engine.settings().batch_size.max(1);
            tokio::select! {
                n = waiting.recv_many(&mut batch, most) => if n == 0 { return },
                () = stop.cancelled() => {
                    waiting.close();
                    if waiting.recv_many(&mut batch, most).await == 0 {
                        return;
                    }
                }
            }
        }
        let (messages, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|w| (w.message, w.answer)).unzip();
        fault::at(Point::AfterDoor);
        let handled = engine.handle(messages).await;
        engine.standing().note(&handled);
        match handled {
            Ok(outcomes) => {
                fault::at(Point::BeforeAnswer);
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    // who no longer waits will find it decided
                    let _ = answer.send(Ok(outcome));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "messages at the door could not be decided");
                for answer in answers {
                    let _ = answer.send(Err(NoAnswer::Unavailable));
                }
            }
        }
    }
}

/// Works a lane of the job table until told to stop.
pub(crate) async fn lane(
    engine: Engine,
    lane: Lane,
    flights: Flights,
    poll: Duration,
    stop: CancellationToken,
) {
    let mut backoff = Duration::from_millis(100);
    while !stop.is_cancelled() {
        // registered before looking, so that no wake-up between looking and waiting is missed
        let jobs = Arc::clone(engine.woken().jobs.of(lane));
        let woken = jobs.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let worked = engine.work(lane, &flights).await;
        if !matches!(worked, Ok(0)) {
            engine.standing().note(&worked);
        }
        let wait = match worked {
            Ok(0) => {
                backoff = Duration::from_millis(100);
                until_due(&engine, lane, poll).await
            }
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(%error, "the job table cannot be worked; waiting");
                backoff = (backoff * 2).min(Duration::from_secs(5));
                backoff
            }
        };
        tokio::select! {
            () = &mut woken => {}
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// How long until the next row is due; at most the poll interval, because other replicas write rows too.
async fn until_due(engine: &Engine, lane: Lane, poll: Duration) -> Duration {
    let Ok(Some(due)) = queue::next_due(engine.pool(), lane as i16).await else { return poll };
    let now: Timestamp = engine.clock().now();
    let micros = u64::try_from(due.since(now).as_micros()).unwrap_or(0);
    Duration::from_micros(micros).clamp(Duration::from_millis(5), poll)
}

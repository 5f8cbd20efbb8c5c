//! The door: where intakes that wait for an answer hand in their messages. Whatever waits is decided together, up to
//! the batch size, without waiting for a timer: one message alone is quick, many together are cheap.

use super::message::{Incoming, Outcome};
use tokio::sync::{mpsc, oneshot};

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Too many messages wait already.
    #[error("too many messages wait; send it again in a moment")]
    Full,
    /// The store does not answer.
    #[error("the store is unavailable; nothing was decided, send it again later")]
    Unavailable,
    /// The worker stops.
    #[error("the worker is stopping; send it again later")]
    Stopping,
}

/// A message that waits, and who waits for it.
pub(crate) struct Waiting {
    pub(crate) message: Incoming,
    pub(crate) answer: oneshot::Sender<Result<Outcome, NoAnswer>>,
}

/// Where messages are handed in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Door {
    queue: mpsc::Sender<Waiting>,
}

impl Door {
    /// A door before a queue of this many messages.
    pub(crate) fn new(capacity: usize) -> (Self, mpsc::Receiver<Waiting>) {
        let (queue, waiting) = mpsc::channel(capacity.max(1));
        (Self { queue }, waiting)
    }

    /// Hands in messages, and waits until each is decided and committed.
    ///
    /// # Errors
    /// For each message on its own: the others of the list may have been decided.
    pub async fn submit(&self, messages: Vec<Incoming>) -> Vec<Result<Outcome, NoAnswer>> {
        let mut answers = Vec::with_capacity(messages.len());
        for message in messages {
            let (answer, waiting) = oneshot::channel();
            let place = match answers.is_empty() {
                // the first must find room; the rest of its list may wait for it
                true => self.queue.try_reserve().map_err(|e| match e {
                    mpsc::error::TrySendError::Full(()) => NoAnswer::Full,
                    mpsc::error::TrySendError::Closed(()) => NoAnswer::Stopping,
                }),
                false => self.queue.reserve().await.map_err(|_| NoAnswer::Stopping),
            };
            answers.push(place.map(|place| {
                place.send(Waiting { message, answer });
                waiting
            }));
        }
        let mut outcomes = Vec::with_capacity(answers.len());
        for answer in answers {
            outcomes.push(match answer {
                Ok(waiting) => waiting.await.unwrap_or(Err(NoAnswer::Stopping)),
                Err(e) => Err(e),
            });
        }
        outcomes
    }

    /// Hands in one message.
    ///
    /// # Errors
    /// As for [`Self::submit`].
    pub async fn submit_one(&self, message: Incoming) -> Result<Outcome, NoAnswer> {
        self.submit(vec![message]).await.pop().unwrap_or(Err(NoAnswer::Stopping))
    }
}

//! What an engine is told once, and whom it wakes.

use rescind_jobs::time::Span;
use std::sync::Arc;
use tokio::sync::Notify;

/// What the engine is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Messages a batch, at the most.
    pub batch_size: usize,
    /// For how long message ids are kept.
    pub inbox: Span,
    /// The largest message, in bytes.
    pub body_limit: usize,
    /// How often a message may be in flight when a worker dies before it is parked.
    pub max_attempts: u32,
}

/// Woken when a batch has left work for them.
#[derive(Clone, Debug, Default)]
pub struct Woken {
    /// The dispatcher of mails.
    pub mails: Arc<Notify>,
    /// The dispatcher of events.
    pub events: Arc<Notify>,
    /// Those who claim rows of the job table.
    pub jobs: Arc<Notify>,
    /// Those who run sweeps.
    pub sweeps: Arc<Notify>,
}

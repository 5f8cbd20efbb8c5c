//! What an engine is told once, and whom it wakes.

use rescind_jobs::effects::Lane;
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
    pub mails: Lanes,
    /// Those who tell staff by other channels.
    pub channels: Arc<Notify>,
    /// The dispatcher of events.
    pub events: Arc<Notify>,
    /// Those who claim rows of the job table.
    pub jobs: Lanes,
    /// Those who run sweeps.
    pub sweeps: Arc<Notify>,
}

/// The loops of each lane. Only those are woken that have something to do: a look in vain costs the database as much as a
/// look that finds something.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    request: Arc<Notify>,
    background: Arc<Notify>,
}

impl Lanes {
    /// Those of a lane.
    pub fn of(&self, lane: Lane) -> &Arc<Notify> {
        match lane {
            Lane::Request => &self.request,
            Lane::Background => &self.background,
        }
    }

    /// Wakes those of these lanes.
    pub fn wake(&self, lanes: impl IntoIterator<Item = Lane>) {
        lanes.into_iter().for_each(|lane| self.of(lane).notify_waiters());
    }

    /// Wakes all.
    pub fn wake_all(&self) {
        self.wake([Lane::Request, Lane::Background]);
    }
}

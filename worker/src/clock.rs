//! Time and randomness: handed in everywhere, read from the system in this file alone, so that every test is exact.

use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};
use rescind_jobs::time::{Span, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The time.
#[derive(Clone, Debug)]
pub struct Clock(Inner);

#[derive(Clone, Debug)]
enum Inner {
    System,
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// The system's time.
    pub const fn system() -> Self {
        Self(Inner::System)
    }

    /// A clock that stands still until it is moved.
    pub fn set_to(time: Timestamp) -> Self {
        Self(Inner::Set(Arc::new(AtomicI64::new(time.micros()))))
    }

    /// The time now.
    #[allow(clippy::disallowed_methods)]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            // a system clock outside the years 1 to 9999 is no clock
            Inner::System => Timestamp::from_chrono(chrono::Utc::now()).unwrap_or_else(epoch),
            Inner::Set(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)).unwrap_or_else(epoch),
        }
    }

    /// Moves a clock that was set; the system's goes by itself.
    pub fn advance(&self, span: Span) {
        if let Inner::Set(micros) = &self.0 {
            micros.fetch_add(span.as_micros(), Ordering::SeqCst);
        }
    }

    /// Whether it goes by itself.
    pub const fn is_system(&self) -> bool {
        matches!(self.0, Inner::System)
    }
}

fn epoch() -> Timestamp {
    Timestamp::from_chrono(chrono::DateTime::UNIX_EPOCH).unwrap_or_else(epoch)
}

/// Where generators come from.
#[derive(Clone, Debug)]
pub struct Randomness(Option<Arc<AtomicU64>>);

/// The system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct NoRandomness;

impl Randomness {
    /// The system's.
    pub const fn system() -> Self {
        Self(None)
    }

    /// Generators that follow from a seed, for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(AtomicU64::new(seed))))
    }

    /// A fresh generator.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generator(&self) -> Result<StdRng, NoRandomness> {
        if let Some(seed) = &self.0 {
            return Ok(StdRng::seed_from_u64(seed.fetch_add(1, Ordering::SeqCst)));
        }
        let mut seed = [0; 32];
        SysRng.try_fill_bytes(&mut seed).map_err(|_| NoRandomness)?;
        Ok(StdRng::from_seed(seed))
    }
}

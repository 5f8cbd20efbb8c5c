//! How long to wait before the next attempt.
//!
//! Why so: a broker that comes back meets all replicas at once; growing waits with a random part spread them. Rule:
//! the generator's seed is handed in; the longest wait is well below the ten seconds within which work goes on after an
//! outage; a refused login waits longer, because knocking with a wrong password locks accounts.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::health::Trouble;

/// The waits between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Before the second attempt; doubled each time.
    pub first: Duration,
    /// The longest one.
    pub longest: Duration,
    /// After a refused login.
    pub slow: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(200),
            longest: Duration::from_secs(5),
            slow: Duration::from_secs(30),
        }
    }
}

/// Counts attempts.
#[derive(Debug)]
pub(super) struct Backoff {
    pace: Pace,
    next: Duration,
    random: StdRng,
}

impl Backoff {
    pub(super) fn new(pace: Pace, seed: u64) -> Self {
        Self { pace, next: pace.first, random: StdRng::seed_from_u64(seed) }
    }

    /// The wait before the next attempt: between half and all of what is due.
    pub(super) fn wait(&mut self) -> Duration {
        let due = self.next.min(self.pace.longest);
        self.next = due.saturating_mul(2).min(self.pace.longest);
        self.jitter(due)
    }

    /// As [`Backoff::wait`], but longer where trying soon is of no use, and steady where only tries help.
    pub(super) fn wait_after(&mut self, trouble: Trouble) -> Duration {
        match trouble {
            // Each try brings the broker nearer to setting the message aside, and the others wait meanwhile.
            Trouble::Undecodable => self.jitter(self.pace.first * 4),
            Trouble::Credentials | Trouble::InvalidUrl => self.jitter(self.pace.slow),
            _ => self.wait(),
        }
    }

    /// The next wait is the first again.
    pub(super) fn reset(&mut self) {
        self.next = self.pace.first;
    }

    fn jitter(&mut self, due: Duration) -> Duration {
        let share = self.random.next_u32();
        due / 2 + (due / 2).mul_f64(f64::from(share) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_the_longest_and_never_beyond() {
        let pace = Pace::default();
        let mut backoff = Backoff::new(pace, 7);
        let waits: Vec<_> = (0..10).map(|_| backoff.wait()).collect();
        assert!(waits[0] >= pace.first / 2 && waits[0] <= pace.first);
        assert!(waits.iter().all(|w| *w <= pace.longest));
        assert!(waits[9] >= pace.longest / 2);
        backoff.reset();
        assert!(backoff.wait() <= pace.first);
    }

    #[test]
    fn differs_by_seed_and_slows_down_for_a_refused_login() {
        let mut a = Backoff::new(Pace::default(), 1);
        let mut b = Backoff::new(Pace::default(), 2);
        assert_ne!(a.wait(), b.wait());
        assert!(a.wait_after(Trouble::Credentials) >= Pace::default().slow / 2);
    }
}

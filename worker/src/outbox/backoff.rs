//! When something is tried again.

use rand::Rng;
use rescind_jobs::time::Span;
use std::time::Duration;

/// Exponential, with jitter: the wait after the `attempt`-th try (from 1), between half and the whole of
/// `initial · 2^(attempt-1)`, at most `maximum`. Jitter keeps what failed together from coming back together.
pub(super) fn wait(attempt: i32, initial: Duration, maximum: Duration, rng: &mut dyn Rng) -> Span {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(20);
    let whole = initial.saturating_mul(1 << doublings).min(maximum);
    let micros = i64::try_from(whole.as_micros()).unwrap_or(i64::MAX / 2).max(2);
    let random = i64::try_from(rng.next_u64() >> 1).unwrap_or(0);
    Span::micros(micros / 2 + random % (micros / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Randomness;

    #[test]
    fn grows_and_stays_within_bounds() {
        let mut rng = Randomness::seeded(1).generator().expect("seeded");
        let (initial, maximum) = (Duration::from_secs(30), Duration::from_secs(3600));
        for (attempt, most) in [(1, 30), (2, 60), (5, 480), (8, 3600), (1000, 3600), (-1, 30)] {
            for _ in 0..100 {
                let wait = wait(attempt, initial, maximum, &mut rng);
                assert!(
                    wait >= Span::seconds(most / 2) && wait <= Span::seconds(most),
                    "{attempt}: {wait:?}"
                );
            }
        }
    }
}

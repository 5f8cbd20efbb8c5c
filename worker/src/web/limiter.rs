//! Counts what one address does in a window of time, in bounded memory.
//!
//! It spares the store the work of a flood from few addresses, no more: what protects a person from being bombed with
//! mails are the caps of double opt-in, in the database. Addresses of this machine are not counted, because they
//! stand for a proxy and thus for everybody behind it; a proxy elsewhere belongs into `http.trusted_proxies`. When
//! the table is full, further addresses are counted in total only. The total is for floods from many addresses: when
//! it is used up, everybody waits until the window ends. Nothing of it is ever written down.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Addresses counted at a time.
const MOST: usize = 10_000;

pub(super) struct Limiter {
    most: u32,
    total: u32,
    window: Duration,
    counts: Mutex<Counts>,
}

struct Counts {
    since: Instant,
    total: u32,
    by_address: HashMap<IpAddr, u32>,
}

impl Limiter {
    /// Allows `most` a `window` for each address, and `total` for all of them together.
    pub(super) fn new(most: u32, total: u32, window: Duration) -> Self {
        let counts = Counts { since: Instant::now(), total: 0, by_address: HashMap::new() };
        Self { most, total, window, counts: Mutex::new(counts) }
    }

    /// Counts one; whether it is within the limits.
    pub(super) fn count(&self, address: IpAddr) -> bool {
        let Some(key) = key(address) else { return true };
        let mut counts = self.counts();
        counts.total = counts.total.saturating_add(1);
        let full = counts.by_address.len() >= MOST;
        let own = match counts.by_address.get_mut(&key) {
            Some(count) => {
                *count = count.saturating_add(1);
                *count
            }
            None if full => 0,
            None => {
                counts.by_address.insert(key, 1);
                1
            }
        };
        own <= self.most && counts.total <= self.total
    }

    /// Whether a limit is used up.
    pub(super) fn is_exhausted(&self, address: IpAddr) -> bool {
        key(address).is_some_and(|key| {
            let counts = self.counts();
            counts.total >= self.total || counts.by_address.get(&key).is_some_and(|n| *n >= self.most)
        })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // counters stay good whatever panicked while they were held
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.since.elapsed() >= self.window {
            counts.since = Instant::now();
            counts.total = 0;
            counts.by_address.clear();
        }
        counts
    }
}

/// What is counted together: an IPv4 address, or the /64 network that one IPv6 customer has; none for this machine.
fn key(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        ip if ip.is_loopback() => None,
        IpAddr::V6(ip) => Some(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)))),
        ip => Some(ip),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_its_own_count() {
        let limiter = Limiter::new(2, 100, Duration::from_secs(3600));
        assert!(limiter.count(ip("192.0.2.1")) && !limiter.is_exhausted(ip("192.0.2.1")));
        assert!(limiter.count(ip("::ffff:192.0.2.1")) && limiter.is_exhausted(ip("192.0.2.1")));
        assert!(!limiter.count(ip("192.0.2.1")));
        assert!(limiter.count(ip("192.0.2.2")));
        for host in 0..2_u16 {
            assert!(limiter.count(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host))));
        }
        assert!(limiter.is_exhausted(ip("2001:db8::ffff")), "a /64 is one customer");
    }

    #[test]
    fn this_machine_is_not_counted() {
        let limiter = Limiter::new(0, 100, Duration::from_secs(3600));
        assert!(limiter.count(ip("127.0.0.1")) && limiter.count(ip("::1")));
        assert!(!limiter.count(ip("192.0.2.1")));
    }

    #[test]
    fn all_addresses_together_have_a_count() {
        let limiter = Limiter::new(5, 10, Duration::from_secs(3600));
        for host in 0..10 {
            assert!(!limiter.is_exhausted(ip("198.51.100.1")));
            assert!(limiter.count(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, host))));
        }
        assert!(limiter.is_exhausted(ip("198.51.100.1")) && !limiter.count(ip("198.51.100.2")));
        assert!(limiter.count(ip("127.0.0.1")) && !limiter.is_exhausted(ip("127.0.0.1")));
    }

    #[test]
    fn a_new_window_starts_at_nothing() {
        let limiter = Limiter::new(1, 100_000, Duration::ZERO);
        assert!(limiter.count(ip("192.0.2.1")) && limiter.count(ip("192.0.2.1")));
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::new(1, 100_000, Duration::from_secs(3600));
        for n in 0..20_000_u32 {
            limiter.count(IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n)));
        }
        assert_eq!(limiter.counts().by_address.len(), MOST);
    }
}

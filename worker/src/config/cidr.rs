//! Networks of trusted proxies (RFC 4632, RFC 4291 §2.3).
//!
//! Rule: whoever is in such a network may say on whose behalf it calls, so the notation is read strictly:
//! bits behind the prefix are a mistake, not something to cut off silently.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An IP network such as `10.0.0.0/8`; a single address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u8,
}

impl IpNetwork {
    /// Whether the address lies in this network. An IPv4 address that a dual-stack socket reports as
    /// `::ffff:a.b.c.d` counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                network.to_bits() == address.to_bits() & mask4(self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                network.to_bits() == address.to_bits() & mask6(self.prefix)
            }
            _ => false,
        }
    }
}

// A shift by the whole width is not defined, hence the checked form for prefix 0.
fn mask4(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask6(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Why a text is not a network; the sentence says what is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotANetwork(String);

impl FromStr for IpNetwork {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let form = || NotANetwork("an IP address or network such as 10.0.0.0/8 or 2001:db8::/32".to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| form())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            // `u8` alone would take "+8".
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|prefix| *prefix <= width)
                .ok_or_else(|| NotANetwork(format!("a prefix length from 0 to {width}")))?,
            Some(_) => return Err(form()),
        };
        let network = match address {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask4(prefix))),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask6(prefix))),
        };
        if network != address {
            return Err(NotANetwork(format!(
                "no bits behind the prefix: {network}/{prefix} for the network, {address} for the address alone"
            )));
        }
        Ok(Self { address, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> IpNetwork {
        text.parse().expect("a network")
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn networks_contain_their_addresses_and_no_others() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.128/25", "192.0.2.255", "192.0.2.127"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
        ] {
            assert!(network(text).contains(ip(inside)), "{text} has {inside}");
            assert!(!network(text).contains(ip(outside)), "{text} lacks {outside}");
        }
    }

    #[test]
    fn mapped_addresses_count_as_ipv4() {
        assert!(network("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
    }

    #[test]
    fn a_network_prints_as_it_is_written() {
        assert_eq!(network("10.0.0.0/8").to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").to_string(), "::1/128");
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_right_form() {
        for (text, expected) in [
            ("", "an IP address or network"),
            ("proxy.example.org", "an IP address or network"),
            ("10.0.0.0/", "a prefix length from 0 to 32"),
            ("10.0.0.0/33", "a prefix length from 0 to 32"),
            ("::/129", "a prefix length from 0 to 128"),
            ("10.0.0.0/+8", "an IP address or network"),
            ("10.0.0.0/8/8", "an IP address or network"),
            ("10.0.0.1/8", "10.0.0.0/8 for the network"),
        ] {
            let error = text.parse::<IpNetwork>().expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}

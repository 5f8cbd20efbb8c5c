//! Which addresses are public: what the special-purpose registries (RFC 6890 and its updates) call globally
//! reachable. Of IPv6 that is `2000::/3` without its exceptions, so that what is not assigned yet is not called either.

use crate::config::IpNetwork;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Which addresses may be called: public ones, and those of networks that were allowed.
#[derive(Clone, Debug)]
pub struct Rules {
    allowed: Arc<[IpNetwork]>,
}

impl Rules {
    /// Public addresses, and these networks.
    pub fn new(allowed: Vec<IpNetwork>) -> Self {
        Self { allowed: allowed.into() }
    }

    /// Whether an address may be called.
    pub fn permit(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(address)) || is_public(address)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        // this network, private, loopback, multicast, reserved and broadcast
        [0 | 10 | 127 | 224..=255, ..]
            // shared by providers
            | [100, 64..=127, ..]
            // link-local, where clouds keep their metadata
            | [169, 254, ..]
            // private
            | [172, 16..=31, ..]
            | [192, 168, ..]
            // protocols, documentation, the old relays
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            // benchmarks
            | [198, 18 | 19, ..]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // an IPv4 address behind a translator (RFC 6052)
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        // protocols (Teredo among them), documentation, 6to4: the latter carry IPv4 addresses in them
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2001:200::1",
        "2606:4700::1111",
        "2a00:1450::1",
    ];

    const INSIDE: &[&str] = &[
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn public_addresses_are_told_from_inside_ones() {
        let rules = Rules::new(Vec::new());
        for text in PUBLIC {
            assert!(rules.permit(text.parse().expect("an address")), "{text} is public");
        }
        for text in INSIDE {
            assert!(!rules.permit(text.parse().expect("an address")), "{text} is not");
        }
    }

    #[test]
    fn a_network_that_was_allowed_is_called_and_no_other() {
        let rules = Rules::new(vec!["10.1.0.0/16".parse().expect("a network")]);
        for (text, expected) in
            [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("10.2.0.1", false), ("127.0.0.1", false)]
        {
            assert_eq!(rules.permit(text.parse().expect("an address")), expected, "{text}");
        }
    }
}

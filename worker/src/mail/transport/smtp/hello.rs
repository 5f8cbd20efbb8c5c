//! What we call ourselves in EHLO (RFC 5321, 4.1.1.1).
//!
//! The configured name; else this machine's name if it is a full one; else the address literal of our end of the
//! connection, which RFC 5321, 4.1.4 asks for and no server may find malformed.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// The configured name, else the full name of this machine. Reads a file; for start-up.
pub(super) fn own_name(configured: Option<&str>) -> Option<String> {
    match configured {
        Some(name) => Some(name.to_owned()),
        // Systems without this file, or without a name, go by their address.
        None => std::fs::read_to_string(Path::new(HOST_NAME)).ok().and_then(|name| full_name(&name)),
    }
}

/// Whether `name` can stand in the command.
pub(super) fn is_fit(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn full_name(name: &str) -> Option<String> {
    let name = name.trim();
    let full = name.contains('.') && !name.starts_with('.') && !name.ends_with('.');
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    (full && plain && is_fit(name)).then(|| name.to_owned())
}

/// The literal of an address of ours.
pub(super) fn literal(own: SocketAddr) -> String {
    match own.ip().to_canonical() {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_name_is_used() {
        assert_eq!(full_name("worker.example.org\n"), Some("worker.example.org".to_owned()));
        for name in ["", "\n", "worker", "a b.example", "worker.", ".example", "wörker.example.org"] {
            assert_eq!(full_name(name), None, "{name:?}");
        }
        assert_eq!(own_name(Some("mail")), Some("mail".to_owned()), "what is configured is taken");
    }

    #[test]
    fn literals() {
        let literal = |address: &str| literal(address.parse().expect("an address"));
        assert_eq!(literal("192.0.2.1:25"), "[192.0.2.1]");
        assert_eq!(literal("[2001:db8::1]:25"), "[IPv6:2001:db8::1]");
        assert_eq!(literal("[::ffff:192.0.2.1]:25"), "[192.0.2.1]");
    }
}

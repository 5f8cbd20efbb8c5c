//! Who calls: the other end of the connection, and whom it speaks for.

use crate::config::Http;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, SocketAddr};

/// The other end of the connection; [`super::serve`] gives it to every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Entries of `X-Forwarded-For` that are looked at.
const LONGEST_CHAIN: usize = 16;

/// The address of the other end of the connection; none outside of [`super::serve`].
pub(super) fn peer_of(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical())
}

/// The address of the person who calls: the peer's, or the rightmost one of `X-Forwarded-For` that no trusted proxy
/// has. What stands left of it was written by the caller and proves nothing.
pub(super) fn client_of(extensions: &Extensions, headers: &HeaderMap, http: &Http) -> Option<IpAddr> {
    let mut client = peer_of(extensions)?;
    let chain = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
    for hop in chain.flat_map(|value| value.rsplit(',')).take(LONGEST_CHAIN) {
        if !http.trusts(client) {
            break;
        }
        match address(hop.trim()) {
            Some(address) => client = address,
            None => break,
        }
    }
    Some(client)
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    parsed.map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn client(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let trust = [("RESCIND_HTTP__TRUSTED_PROXIES".to_owned(), trusted.to_owned())];
        let config = Config::load(None, trust.into_iter()).expect("a configuration");
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().expect("a peer")));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a value"));
        }
        client_of(&extensions, &headers, &config.http).expect("a client").to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("192.0.2.1:1", &["198.51.100.7"], "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(client("10.0.0.1:1", &["198.51.100.7"], "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("[::ffff:10.0.0.1]:1", &["198.51.100.7"], "10.0.0.0/8"), "198.51.100.7");
    }

    #[test]
    fn what_the_caller_wrote_itself_is_not_believed() {
        let both = "203.0.113.9, 198.51.100.7, 10.0.0.2";
        assert_eq!(client("10.0.0.1:1", &[both], "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("10.0.0.1:1", &["203.0.113.9", "198.51.100.7"], "10.0.0.0/8"), "198.51.100.7");
        assert_eq!(client("10.0.0.1:1", &["203.0.113.9, nonsense"], "10.0.0.0/8"), "10.0.0.1");
    }

    #[test]
    fn addresses_come_in_several_forms() {
        assert_eq!(client("10.0.0.1:1", &["[2001:db8::7]:4711"], "10.0.0.0/8"), "2001:db8::7");
        assert_eq!(client("10.0.0.1:1", &["[2001:db8::7]"], "10.0.0.0/8"), "2001:db8::7");
        assert_eq!(client("10.0.0.1:1", &["198.51.100.7:4711"], "10.0.0.0/8"), "198.51.100.7");
    }
}

//! Loopback is not trust: a page open in a browser of this machine can call `127.0.0.1` too, directly or by a name
//! that was made to lead here, and so can everybody behind a proxy that runs here. While no sources are configured,
//! a request counts as this machine's own only if it passes every rule of this file.

use axum::http::header::{FORWARDED, HOST, HeaderMap, ORIGIN, VIA};
use axum::http::uri::Authority;
use axum::http::{Method, Uri};
use std::net::IpAddr;

/// Why a request is not this machine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotLocal {
    #[error("It came from another machine.")]
    Peer,
    #[error("Its Host header does not name this machine (localhost, 127.0.0.1 or [::1]).")]
    Host,
    #[error("It was sent by a page of another site.")]
    Origin,
    #[error("It was forwarded by a proxy.")]
    Forwarded,
}

/// Whether a request is this machine's own.
pub(super) fn check(
    peer: Option<IpAddr>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), NotLocal> {
    if !peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
        return Err(NotLocal::Peer);
    }
    let host = host(uri, headers).ok_or(NotLocal::Host)?;
    let forwarded = |name: &str| name.starts_with("x-forwarded-") || name == "x-real-ip";
    if headers.contains_key(FORWARDED)
        || headers.contains_key(VIA)
        || headers.keys().any(|name| forwarded(name.as_str()))
    {
        return Err(NotLocal::Forwarded);
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let own = |origin: &str| {
        origin.strip_prefix("http://").is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    if !origins.all(|origin| origin.to_str().is_ok_and(own)) {
        return Err(NotLocal::Origin);
    }
    // A link on a foreign page may open one of ours, but no foreign page may send anything.
    let site = headers.get("sec-fetch-site");
    let foreign = site.is_some_and(|site| site != "same-origin" && site != "none");
    if foreign && method != Method::GET && method != Method::HEAD {
        return Err(NotLocal::Origin);
    }
    Ok(())
}

/// The one host that the request is for, if it is this machine.
fn host<'a>(uri: &Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    let only = hosts.next().is_none();
    let target = uri.authority().is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(host));
    (only && target && is_this_machine(host)).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    !host.contains('@') && (name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(method: Method, peer: &str, headers: &[(&'static str, &str)]) -> Result<(), NotLocal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a value"));
        }
        check(peer.parse().ok(), &method, &Uri::from_static("/v1/messages"), &map)
    }

    #[test]
    fn this_machine_passes() {
        for host in ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080", "[::1]"] {
            assert_eq!(verdict(Method::POST, "127.0.0.1", &[("host", host)]), Ok(()), "{host}");
        }
        let own = [("host", "localhost:8080"), ("origin", "http://localhost:8080")];
        assert_eq!(verdict(Method::POST, "::1", &own), Ok(()));
        assert_eq!(verdict(Method::POST, "::ffff:127.0.0.1", &own), Ok(()));
    }

    #[test]
    fn everything_else_does_not() {
        let local = ("host", "127.0.0.1:8080");
        type Row<'r> = (&'r str, &'r [(&'static str, &'r str)], NotLocal);
        let rows: &[Row<'_>] = &[
            ("192.0.2.1", &[local], NotLocal::Peer),
            ("", &[local], NotLocal::Peer),
            ("127.0.0.1", &[], NotLocal::Host),
            ("127.0.0.1", &[local, local], NotLocal::Host),
            ("127.0.0.1", &[("host", "evil.example:8080")], NotLocal::Host),
            ("127.0.0.1", &[("host", "localhost.evil.example")], NotLocal::Host),
            ("127.0.0.1", &[("host", "127.0.0.1.evil.example")], NotLocal::Host),
            ("127.0.0.1", &[("host", "evil@localhost")], NotLocal::Host),
            ("127.0.0.1", &[("host", "")], NotLocal::Host),
            ("127.0.0.1", &[local, ("origin", "http://evil.example")], NotLocal::Origin),
            ("127.0.0.1", &[local, ("origin", "http://127.0.0.1:9999")], NotLocal::Origin),
            ("127.0.0.1", &[local, ("origin", "null")], NotLocal::Origin),
            ("127.0.0.1", &[local, ("sec-fetch-site", "cross-site")], NotLocal::Origin),
            ("127.0.0.1", &[local, ("sec-fetch-site", "same-site")], NotLocal::Origin),
            ("127.0.0.1", &[local, ("forwarded", "for=192.0.2.1")], NotLocal::Forwarded),
            ("127.0.0.1", &[local, ("x-forwarded-for", "127.0.0.1")], NotLocal::Forwarded),
            ("127.0.0.1", &[local, ("x-forwarded-proto", "https")], NotLocal::Forwarded),
            ("127.0.0.1", &[local, ("x-real-ip", "127.0.0.1")], NotLocal::Forwarded),
            ("127.0.0.1", &[local, ("via", "1.1 proxy")], NotLocal::Forwarded),
        ];
        for (peer, headers, why) in rows {
            assert_eq!(verdict(Method::POST, peer, headers), Err(*why), "{peer} {headers:?}");
        }
    }

    #[test]
    fn a_link_elsewhere_may_open_a_page() {
        let linked = [("host", "localhost:8080"), ("sec-fetch-site", "cross-site")];
        assert_eq!(verdict(Method::GET, "127.0.0.1", &linked), Ok(()));
    }

    #[test]
    fn a_target_in_absolute_form_counts_too() {
        let headers = HeaderMap::from_iter([(HOST, "localhost:8080".parse().expect("a value"))]);
        let peer = "127.0.0.1".parse().ok();
        let check = |uri: &'static str| check(peer, &Method::POST, &Uri::from_static(uri), &headers);
        assert_eq!(check("http://localhost:8080/v1/messages"), Ok(()));
        assert_eq!(check("http://evil.example/v1/messages"), Err(NotLocal::Host));
    }
}

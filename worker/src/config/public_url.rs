//! The base of all links in mails.
//!
//! Rule: it has no trailing slash and nothing behind its path, so that a link is this text and a path that
//! begins with a slash.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use super::problem::quoted;
use super::types::is_loopback;

/// An http or https address such as `https://privacy.example.org`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    is_loopback: bool,
}

impl PublicUrl {
    /// The address under which a listener is reached. An unspecified address cannot be opened in a browser,
    /// so loopback stands for it.
    pub fn of_listener(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let text = format!("http://{}", SocketAddr::new(ip, address.port()));
        Self { text, is_loopback: is_loopback(ip) }
    }

    /// Reads an address; the error is what was found and what is expected.
    pub(super) fn parse(text: &str) -> Result<Self, (String, &'static str)> {
        // Whatever has an @ may hold a password and is not repeated.
        let shown = if text.contains('@') { "an address that is not shown".to_owned() } else { quoted(text) };
        let url = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            _ => return Err((shown, "an address such as https://privacy.example.org")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(("an address with a user or password".to_owned(), "an address without them"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err((shown, "an address without ? and #"));
        }
        let is_loopback = url.host().is_some_and(|host| is_loopback_host(&host));
        Ok(Self { text: url.as_str().trim_end_matches('/').to_owned(), is_loopback })
    }

    /// A link: this address and a path that begins with a slash.
    pub fn link(&self, path: &str) -> String {
        debug_assert!(path.starts_with('/'), "a path begins with a slash");
        format!("{}{path}", self.text)
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the address leads to the machine it is opened on.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether the address is https; one-click unsubscription (RFC 8058) asks for it.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a host is this machine: a loopback address or a name under `localhost` (RFC 6761 §6.3).
pub(super) fn is_loopback_host<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => is_loopback(IpAddr::V6(*ip)),
        Host::Domain(name) => {
            let name = name.as_ref().trim_end_matches('.').to_ascii_lowercase();
            // Hosts of schemes a browser does not know are not parsed as addresses.
            let address = name.parse().is_ok_and(is_loopback);
            address || name == "localhost" || name.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_has_no_slash_at_its_end() {
        for (given, base) in [
            ("https://privacy.example.org/", "https://privacy.example.org"),
            ("https://example.org/privacy//", "https://example.org/privacy"),
            ("HTTP://LOCALHOST:8080", "http://localhost:8080"),
        ] {
            assert_eq!(PublicUrl::parse(given).expect(given).as_str(), base);
        }
        let base = PublicUrl::parse("https://example.org/p/").expect("an address");
        assert_eq!(base.link("/c/abc"), "https://example.org/p/c/abc");
        assert!(base.is_https());
    }

    #[test]
    fn loopback_is_known_by_address_and_name() {
        for (given, loopback) in [
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://rescind.localhost", true),
            ("http://notlocalhost", false),
            ("http://localhost.example.org", false),
            ("http://192.168.0.1", false),
        ] {
            assert_eq!(PublicUrl::parse(given).expect(given).is_loopback(), loopback, "{given}");
        }
    }

    #[test]
    fn a_listener_has_an_address_one_can_open() {
        for (listener, base) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:8080", "http://[::1]:8080"),
            ("192.0.2.1:8080", "http://192.0.2.1:8080"),
        ] {
            let url = PublicUrl::of_listener(listener.parse().expect(listener));
            assert_eq!(url.as_str(), base);
        }
    }

    #[test]
    fn what_is_no_base_is_refused_and_no_password_shown() {
        for given in
            ["privacy.example.org", "ftp://example.org", "https://example.org/?a=b", "https://example.org/#a"]
        {
            assert!(PublicUrl::parse(given).is_err(), "{given}");
        }
        for given in ["https://ana:hunter2@example.org", "ana:hunter2@example.org"] {
            let (found, _) = PublicUrl::parse(given).expect_err(given);
            assert!(!found.contains("hunter2"), "{found}");
        }
    }
}

//! How to reach the relay, and the URL form of it.
//!
//! `smtp://user:password@host:port?tls=required` or `smtps://…`. Errors say what is wrong with the URL and never
//! repeat any part of it, for the password is one.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use url::{Host, Url};
use zeroize::Zeroizing;

/// When the connection is encrypted. Certificates are always verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    None,
    /// By STARTTLS where the server offers it. Someone in between can take the offer away.
    Opportunistic,
    /// By STARTTLS; without it nothing is sent.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// Name and password for AUTH. Wiped when dropped.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub username: Zeroizing<String>,
    /// Its password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Resolving the name; opening the connection, per address; the TLS handshake.
    pub connect: Duration,
    /// The greeting and the reply to every command.
    pub command: Duration,
    /// Writing the mail, and again the reply to its end (RFC 5321, 4.5.3.2.6 asks for ten minutes: giving up
    /// earlier leaves more mails uncertain).
    pub data: Duration,
    /// A connection at rest is closed after this, and asked whether it still works after a fifth of it.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            command: Duration::from_secs(60),
            data: Duration::from_secs(600),
            idle: Duration::from_secs(15),
        }
    }
}

/// Everything about one relay.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name or IP address; the certificate must be for it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// When the connection is encrypted.
    pub tls: Tls,
    /// For AUTH PLAIN or LOGIN; without them AUTH is not tried.
    pub credentials: Option<Credentials>,
    /// Allows AUTH over a connection that is not encrypted.
    pub allow_plaintext_auth: bool,
    /// What EHLO says: our host name, or an address literal.
    pub helo: String,
    /// Most connections at once; at least 1.
    pub connections: usize,
    /// How long each step may take.
    pub timeouts: Timeouts,
    /// Trusted beside the system's certificate authorities.
    pub extra_roots: Option<PathBuf>,
}

/// The URL does not describe a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UrlProblem {
    /// Not a URL at all.
    #[error("is not a URL; expected smtp://host:port or smtps://host:port")]
    Malformed,
    /// Another scheme.
    #[error("begins with neither smtp:// nor smtps://")]
    Scheme,
    /// No host.
    #[error("names no host")]
    Host,
    /// Port 0.
    #[error("has port 0")]
    Port,
    /// Something after the host.
    #[error("has a path or a fragment; expected nothing after host and port but ?tls=")]
    Path,
    /// A user name without a password or the other way round.
    #[error("has only one of user name and password")]
    HalfCredentials,
    /// Credentials that are not UTF-8 once decoded, or hold control characters.
    #[error("has a user name or password that does not decode to plain text")]
    Credentials,
    /// `tls` has another value.
    #[error("has an unknown value for tls; expected required, opportunistic or none")]
    TlsValue,
    /// `smtps://` and `tls`.
    #[error("is smtps:// and must not say tls; it always is")]
    TlsTwice,
    /// Another or a repeated parameter.
    #[error("has an unknown or repeated parameter; expected only tls")]
    Parameter,
}

impl Settings {
    /// A relay without credentials, with the defaults for everything else.
    pub fn new(host: impl Into<String>, port: u16, tls: Tls) -> Self {
        Self {
            host: host.into(),
            port,
            tls,
            credentials: None,
            allow_plaintext_auth: false,
            helo: "localhost".to_owned(),
            connections: 4,
            timeouts: Timeouts::default(),
            extra_roots: None,
        }
    }

    /// Reads `smtp://` (port 587, STARTTLS where offered; required as soon as there are credentials) or
    /// `smtps://` (port 465); `?tls=required|opportunistic|none` overrides the former. User name and password
    /// are percent-decoded.
    pub fn from_url(text: &str) -> Result<Self, UrlProblem> {
        let url = Url::parse(text).map_err(|_| UrlProblem::Malformed)?;
        let implicit = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(UrlProblem::Scheme),
        };
        let host = match url.host() {
            // The crate leaves the hosts of such schemes as they are: percent-encoded and in any case.
            Some(Host::Domain(name)) => match Host::parse(name).map_err(|_| UrlProblem::Host)? {
                Host::Domain(name) => name,
                Host::Ipv4(ip) => ip.to_string(),
                Host::Ipv6(ip) => ip.to_string(),
            },
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return Err(UrlProblem::Host),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(UrlProblem::Path);
        }
        let port = url.port().unwrap_or(if implicit { 465 } else { 587 });
        if port == 0 {
            return Err(UrlProblem::Port);
        }
        let credentials = credentials(&url)?;
        let tls = match (tls_parameter(&url)?, implicit) {
            (None, true) => Tls::Implicit,
            (Some(_), true) => return Err(UrlProblem::TlsTwice),
            (Some(tls), false) => tls,
            (None, false) if credentials.is_some() => Tls::StartTls,
            (None, false) => Tls::Opportunistic,
        };
        Ok(Self { credentials, ..Self::new(host, port, tls) })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, UrlProblem> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None | Some("")) => Err(UrlProblem::HalfCredentials),
        (username, Some(password)) => {
            Ok(Some(Credentials { username: decoded(username)?, password: decoded(password)? }))
        }
    }
}

fn tls_parameter(url: &Url) -> Result<Option<Tls>, UrlProblem> {
    let mut found = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || found.is_some() {
            return Err(UrlProblem::Parameter);
        }
        found = Some(match &*value {
            "required" => Tls::StartTls,
            "opportunistic" => Tls::Opportunistic,
            "none" => Tls::None,
            _ => return Err(UrlProblem::TlsValue),
        });
    }
    Ok(found)
}

/// Percent-decoded; a `+` stays one, as everywhere before the `?`.
fn decoded(text: &str) -> Result<Zeroizing<String>, UrlProblem> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
            let byte = hex.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
            bytes.push(byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()).ok_or(UrlProblem::Credentials)?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| UrlProblem::Credentials)?;
    if text.chars().any(char::is_control) {
        return Err(UrlProblem::Credentials);
    }
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_name_a_relay() {
        let table = [
            ("smtp://mail.example.org", "mail.example.org", 587, Tls::Opportunistic),
            ("smtp://mail.example.org:25/", "mail.example.org", 25, Tls::Opportunistic),
            ("smtp://127.0.0.1:1025?tls=none", "127.0.0.1", 1025, Tls::None),
            ("smtp://[::1]:1025?tls=none", "::1", 1025, Tls::None),
            ("smtp://MAIL.example.org?tls=required", "mail.example.org", 587, Tls::StartTls),
            ("smtp://mail.example.org?tls=opportunistic", "mail.example.org", 587, Tls::Opportunistic),
            ("smtps://mail.example.org", "mail.example.org", 465, Tls::Implicit),
            ("smtps://a:b@mail.example.org:4650", "mail.example.org", 4650, Tls::Implicit),
            ("smtp://a:b@mail.example.org", "mail.example.org", 587, Tls::StartTls),
            ("smtp://a:b@mail.example.org?tls=none", "mail.example.org", 587, Tls::None),
        ];
        for (url, host, port, tls) in table {
            let settings = Settings::from_url(url).expect(url);
            assert_eq!((settings.host.as_str(), settings.port, settings.tls), (host, port, tls), "{url}");
        }
    }

    #[test]
    fn credentials_are_percent_decoded_and_never_shown() {
        let settings = Settings::from_url("smtps://ana%40example.org:p%3A%2Fss+w%C3%B6rd@h").expect("valid");
        let credentials = settings.credentials.as_ref().expect("there");
        assert_eq!(credentials.username.as_str(), "ana@example.org");
        assert_eq!(credentials.password.as_str(), "p:/ss+wörd");
        let debug = format!("{settings:?}");
        assert!(!debug.contains("wörd") && !debug.contains("ana"), "{debug}");
    }

    #[test]
    fn urls_that_do_not() {
        let table = [
            ("", UrlProblem::Malformed),
            ("mail.example.org", UrlProblem::Malformed),
            ("mail.example.org:25", UrlProblem::Scheme),
            ("http://mail.example.org", UrlProblem::Scheme),
            ("smtp:mail.example.org", UrlProblem::Host),
            ("smtp://", UrlProblem::Host),
            ("smtp://h:0", UrlProblem::Port),
            ("smtp://h:99999", UrlProblem::Malformed),
            ("smtp://h/path", UrlProblem::Path),
            ("smtp://h#x", UrlProblem::Path),
            ("smtp://user@h", UrlProblem::HalfCredentials),
            ("smtp://:secret@h", UrlProblem::HalfCredentials),
            ("smtp://user:%FFsecret@h", UrlProblem::Credentials),
            ("smtp://user:secret%0d%0a@h", UrlProblem::Credentials),
            ("smtp://user:secret%zz@h", UrlProblem::Credentials),
            ("smtp://h?tls=maybe", UrlProblem::TlsValue),
            ("smtp://h?tls=", UrlProblem::TlsValue),
            ("smtps://h?tls=none", UrlProblem::TlsTwice),
            ("smtp://h?tls=none&tls=none", UrlProblem::Parameter),
            ("smtp://h?password=secret", UrlProblem::Parameter),
        ];
        for (url, expected) in table {
            let problem = Settings::from_url(url).expect_err(url);
            assert_eq!(problem, expected, "{url}");
            assert!(!problem.to_string().contains("secret"));
        }
    }
}

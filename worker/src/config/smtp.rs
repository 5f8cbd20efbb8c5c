//! The SMTP server that mail is handed to.
//!
//! Rule: nothing is sent in the clear over a network because an operator left something out. Without `tls`
//! in the URL, TLS is required unless the server is on this machine, and a password goes only over
//! required TLS or to this machine.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::public_url::is_loopback_host;
use super::secret::Secret;

/// Section `mail.smtp`.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Where the server is and how to speak to it.
    pub server: SmtpServer,
    /// User and password, if the server asks for them.
    pub credentials: Option<Credentials>,
    /// Name for EHLO; `None`: the host name of this machine.
    pub helo: Option<String>,
    /// Connections at the same time, 1 or more.
    pub connections: usize,
    /// Longest wait for the connection, TLS included.
    pub connect_timeout: Duration,
    /// Longest wait for the answer to a command.
    pub command_timeout: Duration,
    /// Longest wait for sending a body and its answer.
    pub data_timeout: Duration,
    /// PEM file with certificates to trust beside those of the system.
    pub root_certificate_file: Option<PathBuf>,
}

/// Address of an SMTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Name or address, without brackets.
    pub host: String,
    /// By default 465 for `smtps`, 587 for `smtp`.
    pub port: u16,
    /// What protects the connection.
    pub tls: SmtpTls,
    /// Whether the server is on this machine.
    pub is_local: bool,
}

/// What protects the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the first byte (`smtps`, RFC 8314).
    Implicit,
    /// STARTTLS, or no mail (RFC 3207).
    Required,
    /// STARTTLS if the server offers it.
    Opportunistic,
    /// None.
    None,
}

/// What to log in with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user; often an address, so it is not shown either.
    pub username: Secret,
    /// The password.
    pub password: Secret,
}

impl SmtpServer {
    /// Whether a password is safe on the way there.
    pub(super) fn keeps_passwords(&self) -> bool {
        self.is_local || matches!(self.tls, SmtpTls::Implicit | SmtpTls::Required)
    }
}

/// Server and credentials of a URL; the error says what is expected and repeats nothing of the URL.
pub(super) fn parse(text: &str) -> Result<(SmtpServer, Option<Credentials>), &'static str> {
    const FORM: &str = "an address such as smtp://mail.example.org:587 or smtps://mail.example.org \
                        (special characters in user and password percent-encoded)";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let implicit = match url.scheme() {
        "smtp" => false,
        "smtps" => true,
        _ => return Err(FORM),
    };
    let host = url.host().ok_or(FORM)?;
    let is_local = is_loopback_host(&host);
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err("an address without a path");
    }
    let mut tls = match (implicit, is_local) {
        (true, _) => SmtpTls::Implicit,
        (false, true) => SmtpTls::None,
        (false, false) => SmtpTls::Required,
    };
    for (name, value) in url.query_pairs() {
        tls = match (name.as_ref(), value.as_ref(), implicit) {
            ("tls", _, true) => return Err("smtps:// without tls=, as it is TLS already"),
            ("tls", "required", _) => SmtpTls::Required,
            ("tls", "opportunistic", _) => SmtpTls::Opportunistic,
            ("tls", "none", _) => SmtpTls::None,
            ("tls", ..) => return Err("tls=required, tls=opportunistic or tls=none"),
            _ => return Err("no other parameter than tls="),
        };
    }
    let port = match url.port() {
        Some(0) => return Err("a port from 1 to 65535"),
        Some(port) => port,
        None if implicit => 465,
        None => 587,
    };
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        ("", Some(_)) | (_, None) => return Err("user and password, or neither"),
        (username, Some(password)) => Some(Credentials {
            username: Secret::new(percent_decode(username).ok_or(FORM)?),
            password: Secret::new(percent_decode(password).ok_or(FORM)?),
        }),
    };
    let host = host.to_string().trim_matches(['[', ']']).to_owned();
    Ok((SmtpServer { host, port, tls, is_local }, credentials))
}

/// Undoes percent-encoding (RFC 3986 §2.1); `None` where the result is not UTF-8 or has control characters.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_with_safe_defaults() {
        use SmtpTls::{Implicit, None, Opportunistic, Required};
        for (text, host, port, tls) in [
            ("smtp://mail.example.org", "mail.example.org", 587, Required),
            ("smtp://mail.example.org:25/?tls=opportunistic", "mail.example.org", 25, Opportunistic),
            ("smtp://mailcatcher:1025?tls=none", "mailcatcher", 1025, None),
            ("smtps://mail.example.org", "mail.example.org", 465, Implicit),
            ("smtp://localhost:2525", "localhost", 2525, None),
            ("smtp://127.0.0.1:2525?tls=required", "127.0.0.1", 2525, Required),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, None),
            ("smtp://[::1]:2525", "::1", 2525, None),
        ] {
            let (server, credentials) = parse(text).expect(text);
            assert_eq!((server.host.as_str(), server.port, server.tls), (host, port, tls), "{text}");
            assert!(credentials.is_none());
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let (server, credentials) =
            parse("smtp://shop%40example.org:p%25s%2Fs@mail.example.org?tls=required").expect("an address");
        let credentials = credentials.expect("credentials");
        assert_eq!(credentials.username.expose(), "shop@example.org");
        assert_eq!(credentials.password.expose(), "p%s/s");
        assert_eq!(format!("{credentials:?}"), "Credentials { username: ***, password: *** }");
        assert!(server.keeps_passwords());
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for text in [
            "mail.example.org",
            "http://mail.example.org",
            "smtp://",
            "smtp://mail.example.org/path",
            "smtp://mail.example.org:0",
            "smtp://mail.example.org?tls=maybe",
            "smtp://mail.example.org?timeout=5",
            "smtps://mail.example.org?tls=none",
            "smtp://ana@mail.example.org",
            "smtp://ana:%zz@mail.example.org",
            "smtp://ana:a%0d%0ab@mail.example.org",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

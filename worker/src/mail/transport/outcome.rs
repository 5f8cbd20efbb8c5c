//! What became of a mail, in words that can be stored and logged.
//!
//! Server text is left out on purpose: it often repeats the address.

use std::fmt;

use thiserror::Error;

/// What became of one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The other side has taken responsibility for it.
    Sent,
    /// The recipient's address was refused for good.
    BadAddress(ReplyCode),
    /// Certainly not sent; worth another try later.
    Deferred(Trouble),
    /// Certainly not sent, and every other mail will meet the same: our configuration or standing. Pause and alert.
    OurFault(Trouble),
    /// This mail was refused for good, its recipient was not.
    Rejected(Trouble),
    /// It may have been sent: the connection ended after its last byte and before the reply.
    Uncertain(Phase),
}

/// Why a mail was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub struct Trouble {
    /// How far it came.
    pub phase: Phase,
    /// What the server replied, if it did.
    pub code: Option<ReplyCode>,
    /// What kind of trouble it was.
    pub kind: TroubleKind,
}

impl Trouble {
    /// Trouble without a reply.
    pub(crate) fn new(phase: Phase, kind: TroubleKind) -> Self {
        Self { phase, code: None, kind }
    }

    /// Trouble that a reply told of.
    pub(crate) fn reply(phase: Phase, code: ReplyCode) -> Self {
        Self { phase, code: Some(code), kind: TroubleKind::Reply }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} during {}", self.kind, self.phase)?;
        match self.code {
            Some(code) => write!(f, ": {code}"),
            None => Ok(()),
        }
    }
}

/// The step of the dialogue in which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Finding the host and opening the connection, implicit TLS included.
    Connect,
    /// Waiting for the first line of the server.
    Greeting,
    /// `EHLO`.
    Hello,
    /// `STARTTLS` and the handshake after it.
    StartTls,
    /// `AUTH`.
    Auth,
    /// `MAIL FROM`.
    Mail,
    /// `RCPT TO`.
    Rcpt,
    /// `DATA`, up to its 354.
    Data,
    /// Writing the mail; its end has not been written.
    Body,
    /// The end of the mail may have been written, the reply has not come.
    End,
    /// Writing a file.
    Store,
}

impl Phase {
    /// A stable name for logs, metrics and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Hello => "hello",
            Self::StartTls => "starttls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
            Self::End => "end",
            Self::Store => "store",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of trouble it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// The host was not found or did not let us in.
    Connect,
    /// It took longer than configured.
    Timeout,
    /// The other side ended the connection.
    Disconnected,
    /// The TLS handshake failed, the certificate included.
    Tls,
    /// The other side said something that is not SMTP here.
    Protocol,
    /// The other side refused; see the code.
    Reply,
    /// The other side does not offer what this needs (TLS, AUTH, SMTPUTF8, 8BITMIME).
    Unsupported,
    /// The envelope address cannot be put on the wire.
    Address,
    /// A file could not be written.
    Storage,
}

impl TroubleKind {
    /// A stable name for logs, metrics and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "unreachable",
            Self::Timeout => "timeout",
            Self::Disconnected => "disconnected",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Reply => "reply",
            Self::Unsupported => "unsupported",
            Self::Address => "address",
            Self::Storage => "storage",
        }
    }
}

impl fmt::Display for TroubleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A reply code (RFC 5321, 4.2) and the enhanced status code beside it (RFC 3463), if there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyCode {
    /// 200 to 599.
    pub basic: u16,
    /// Class, subject, detail; the class is that of `basic`.
    pub enhanced: Option<(u8, u16, u16)>,
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.basic)?;
        match self.enhanced {
            Some((class, subject, detail)) => write!(f, " {class}.{subject}.{detail}"),
            None => Ok(()),
        }
    }
}

//! From nothing to a connection that is ready for mail: TCP, greeting, EHLO, STARTTLS, AUTH.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::classify::{broken, refused};
use super::hello::literal;
use super::reply::Reply;
use super::tls::Encryption;
use super::wire::{EncryptBroken, Wire};
use crate::config::{Credentials, Smtp as Settings, SmtpTls};
use crate::fault::{self, Point};
use crate::mail::transport::{Delivery, Phase, Trouble, TroubleKind};

/// Addresses of one host that are tried.
const MOST_ADDRESSES: usize = 4;

/// What the server said it can do, in answer to EHLO.
#[derive(Default)]
pub(super) struct Offers {
    lines: Vec<String>,
}

impl Offers {
    fn of(reply: &Reply) -> Self {
        Self { lines: reply.lines.iter().skip(1).map(|line| line.trim().to_ascii_uppercase()).collect() }
    }

    /// Whether an extension is offered, by its EHLO keyword in capitals.
    pub(super) fn has(&self, keyword: &str) -> bool {
        self.lines.iter().any(|line| line.split_whitespace().next() == Some(keyword))
    }

    fn has_auth(&self, mechanism: &str) -> bool {
        // "AUTH=" is an old form that some servers still send beside the right one.
        let words = |line: &str| line.split([' ', '\t', '=']).any(|word| word == mechanism);
        self.lines.iter().any(|line| line.starts_with("AUTH") && words(line))
    }
}

/// Opens a connection. The error is the outcome for the mail that asked for it, and for those behind it.
pub(super) async fn open(
    settings: &Settings,
    encryption: Option<&Encryption>,
    own_name: Option<&str>,
) -> Result<(Wire, Offers), Delivery> {
    let stream = connect(settings).await.map_err(|kind| broken(Phase::Connect, kind))?;
    let name = match (own_name, stream.local_addr()) {
        (Some(name), _) => name.to_owned(),
        (None, Ok(own)) => literal(own),
        (None, Err(_)) => return Err(broken(Phase::Connect, TroubleKind::Disconnected)),
    };
    fault::at(Point::AfterSmtpConnect);
    let mut wire = Wire::new(stream);
    if settings.server.tls == SmtpTls::Implicit {
        encrypt(&mut wire, encryption, Phase::Connect, settings.connect_timeout).await?;
    }
    let mut opening = Opening { wire, limit: settings.command_timeout };
    let greeting = opening.reply(Phase::Greeting).await?;
    expect(&greeting, Phase::Greeting, 220)?;

    let mut offers = opening.hello(&name).await?;
    fault::at(Point::AfterSmtpHello);
    let wanted = matches!(settings.server.tls, SmtpTls::Required | SmtpTls::Opportunistic);
    if wanted && offers.has("STARTTLS") {
        let reply = opening.ask(Phase::StartTls, b"STARTTLS\r\n").await?;
        expect(&reply, Phase::StartTls, 220)?;
        encrypt(&mut opening.wire, encryption, Phase::StartTls, settings.connect_timeout).await?;
        // What was said in clear does not count any more (RFC 3207, 4.2).
        offers = opening.hello(&name).await?;
    } else if settings.server.tls == SmtpTls::Required {
        return Err(our_fault(Phase::StartTls, TroubleKind::Unsupported));
    }
    if let Some(credentials) = &settings.credentials {
        if !(opening.wire.is_encrypted() || settings.server.is_local) {
            return Err(our_fault(Phase::Auth, TroubleKind::Tls));
        }
        opening.authenticate(&offers, credentials).await?;
    }
    Ok((opening.wire, offers))
}

async fn connect(settings: &Settings) -> Result<TcpStream, TroubleKind> {
    let limit = settings.connect_timeout;
    let addresses = timeout(limit, lookup_host((settings.server.host.as_str(), settings.server.port)))
        .await
        .map_err(|_| TroubleKind::Timeout)?
        .map_err(|_| TroubleKind::Connect)?;
    let mut trouble = TroubleKind::Connect;
    for address in addresses.take(MOST_ADDRESSES) {
        match timeout(limit, TcpStream::connect(address)).await {
            // A mail is several small writes: with Nagle's algorithm each would wait for an acknowledgement.
            Ok(Ok(stream)) => {
                return stream.set_nodelay(true).map(|()| stream).map_err(|_| TroubleKind::Connect);
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => trouble = TroubleKind::Timeout,
            Ok(Err(_)) => trouble = TroubleKind::Connect,
            Err(_) => trouble = TroubleKind::Timeout,
        }
    }
    Err(trouble)
}

async fn encrypt(
    wire: &mut Wire,
    encryption: Option<&Encryption>,
    phase: Phase,
    limit: Duration,
) -> Result<(), Delivery> {
    let encryption = encryption.ok_or_else(|| our_fault(phase, TroubleKind::Tls))?;
    wire.encrypt(encryption, limit).await.map_err(|EncryptBroken { kind, certificate }| {
        if certificate { our_fault(phase, kind) } else { broken(phase, kind) }
    })
}

struct Opening {
    wire: Wire,
    limit: Duration,
}

impl Opening {
    async fn reply(&mut self, phase: Phase) -> Result<Reply, Delivery> {
        self.wire.reply(self.limit).await.map_err(|kind| broken(phase, kind))
    }

    async fn ask(&mut self, phase: Phase, command: &[u8]) -> Result<Reply, Delivery> {
        if !self.wire.is_quiet().await {
            // A server that has given up says so before it closes.
            let reply = self.reply(phase).await?;
            return Err(match reply.class() {
                4 | 5 => refused(phase, reply.code, &reply.lines.join(" ")),
                _ => broken(phase, TroubleKind::Protocol),
            });
        }
        self.wire.write(command, self.limit).await.map_err(|write| broken(phase, write.kind))?;
        self.reply(phase).await
    }

    async fn hello(&mut self, name: &str) -> Result<Offers, Delivery> {
        let reply = self.ask(Phase::Hello, format!("EHLO {name}\r\n").as_bytes()).await?;
        expect(&reply, Phase::Hello, 250)?;
        Ok(Offers::of(&reply))
    }

    async fn authenticate(&mut self, offers: &Offers, credentials: &Credentials) -> Result<(), Delivery> {
        let Credentials { username, password } = credentials;
        let reply = if offers.has_auth("PLAIN") {
            // RFC 4616: authorization identity (none), name, password.
            let joined = Zeroizing::new(format!("\0{}\0{}", username.expose(), password.expose()));
            let encoded = Zeroizing::new(BASE64.encode(joined.as_bytes()));
            let command = Zeroizing::new(format!("AUTH PLAIN {}\r\n", encoded.as_str()));
            self.ask(Phase::Auth, command.as_bytes()).await?
        } else if offers.has_auth("LOGIN") {
            let mut reply = self.ask(Phase::Auth, b"AUTH LOGIN\r\n").await?;
            for secret in [username, password] {
                expect(&reply, Phase::Auth, 334)?;
                let encoded = Zeroizing::new(BASE64.encode(secret.expose().as_bytes()));
                let line = Zeroizing::new(format!("{}\r\n", encoded.as_str()));
                reply = self.ask(Phase::Auth, line.as_bytes()).await?;
            }
            reply
        } else {
            return Err(our_fault(Phase::Auth, TroubleKind::Unsupported));
        };
        expect(&reply, Phase::Auth, 235)
    }
}

fn expect(reply: &Reply, phase: Phase, code: u16) -> Result<(), Delivery> {
    match reply.class() {
        4 | 5 => Err(refused(phase, reply.code, &reply.lines.join(" "))),
        _ if reply.code.basic == code => Ok(()),
        _ => Err(broken(phase, TroubleKind::Protocol)),
    }
}

fn our_fault(phase: Phase, kind: TroubleKind) -> Delivery {
    Delivery::OurFault(Trouble::new(phase, kind))
}

//! One connection and the mails that go over it, one after the other.
//!
//! Each step has its own limit and its own expected reply: 250 after DATA, or 354 after RCPT, is not a reply to
//! the command but a sign that the two sides are out of step, and ends the connection. So does every timeout.
//! Only a connection whose dialogue is known to be at rest is used again.

use std::time::Duration;

use tokio::time::Instant;

use super::body;
use super::classify::{broken, refused};
use super::envelope::verdict;
use super::opening::{Offers, open};
use super::reply::Reply;
use super::tls::Encryption;
use super::wire::Wire;
use crate::config::Smtp as Settings;
use crate::fault::{self, Point};
use crate::mail::transport::{Delivery, Outgoing, Phase, TroubleKind};

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(500);

/// Whether a connection can carry the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Keep,
    Drop,
}

/// A connection that is ready for mail.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) offers: Offers,
    pub(super) command_limit: Duration,
    data_limit: Duration,
    used: bool,
    /// Replies are missing that the server owes: it must not be spoken to again.
    pub(super) out_of_step: bool,
    last_used: Instant,
}

impl Session {
    /// Opens one. The error is the outcome for the mails that wanted it.
    pub(super) async fn open(
        settings: &Settings,
        encryption: Option<&Encryption>,
        own_name: Option<&str>,
    ) -> Result<Self, Delivery> {
        let (wire, offers) = open(settings, encryption, own_name).await?;
        let (command_limit, data_limit) = (settings.command_timeout, settings.data_timeout);
        let (used, out_of_step, last_used) = (false, false, Instant::now());
        Ok(Self { wire, offers, command_limit, data_limit, used, out_of_step, last_used })
    }

    /// Whether a mail has gone over it before, so that a reply could be a late one.
    pub(super) fn is_used(&self) -> bool {
        self.used
    }

    /// How long it has been at rest.
    pub(super) fn idle(&self) -> Duration {
        self.last_used.elapsed()
    }

    /// Asks whether the server is still there.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.at_rest(b"NOOP\r\n").await == Fate::Keep
    }

    /// Ends it politely, but quickly.
    pub(super) async fn quit(mut self) {
        // Its reply would change nothing.
        let _ = self.wire.write(b"QUIT\r\n", FAREWELL).await;
        let _ = self.wire.reply(FAREWELL).await;
        self.wire.shutdown(FAREWELL).await;
    }

    /// Sends one mail.
    pub(super) async fn deliver(&mut self, mail: &Outgoing) -> (Delivery, Fate) {
        if !self.wire.is_quiet().await {
            return (broken(Phase::Mail, TroubleKind::Protocol), Fate::Drop);
        }
        let outcome = match self.envelope(mail).await {
            Ok(()) => self.content(mail).await,
            Err(outcome) => outcome,
        };
        self.used = true;
        self.last_used = Instant::now();
        let fate = self.fate(&outcome).await;
        (outcome, fate)
    }

    async fn content(&mut self, mail: &Outgoing) -> Delivery {
        let encoded = body::encode(&mail.bytes);
        if let Err(write) = self.wire.write(&encoded, self.data_limit).await {
            // The server takes the mail only once it has the last byte of its end.
            return broken(if write.whole { Phase::End } else { Phase::Body }, write.kind);
        }
        fault::at(Point::AfterSmtpDot);
        match self.wire.reply(self.data_limit).await {
            Ok(reply) => match reply.class() {
                2 => {
                    fault::at(Point::AfterSmtpAccepted);
                    Delivery::Sent
                }
                4 | 5 => refusal(Phase::End, &reply),
                _ => broken(Phase::End, TroubleKind::Protocol),
            },
            Err(kind) => broken(Phase::End, kind),
        }
    }

    pub(super) async fn ask(
        &mut self,
        phase: Phase,
        command: &[u8],
        wanted: impl Fn(u16) -> bool,
    ) -> Result<(), Delivery> {
        let limit = self.command_limit;
        self.wire.write(command, limit).await.map_err(|write| broken(phase, write.kind))?;
        let reply = self.wire.reply(limit).await.map_err(|kind| broken(phase, kind))?;
        verdict(phase, &reply, wanted(reply.code.basic))
    }

    /// Brings the dialogue to rest after `outcome`, where that is possible.
    async fn fate(&mut self, outcome: &Delivery) -> Fate {
        if self.out_of_step {
            return Fate::Drop;
        }
        let (phase, code) = match outcome {
            Delivery::Sent => return self.if_quiet().await,
            Delivery::Uncertain(_) => return Fate::Drop,
            Delivery::BadAddress(code) => (Phase::Rcpt, Some(*code)),
            Delivery::Deferred(trouble) | Delivery::OurFault(trouble) | Delivery::Rejected(trouble) => {
                match trouble.kind {
                    TroubleKind::Reply => (trouble.phase, trouble.code),
                    // Found unfit before anything was written.
                    TroubleKind::Address | TroubleKind::Unsupported => return self.if_quiet().await,
                    _ => return Fate::Drop,
                }
            }
        };
        // 421: the server is closing. A refused DATA leaves it unclear what the server waits for.
        if code.is_some_and(|code| code.basic == 421) {
            return Fate::Drop;
        }
        match phase {
            Phase::Mail | Phase::Rcpt => self.at_rest(b"RSET\r\n").await,
            Phase::End => self.if_quiet().await,
            _ => Fate::Drop,
        }
    }

    async fn if_quiet(&mut self) -> Fate {
        if self.wire.is_quiet().await { Fate::Keep } else { Fate::Drop }
    }

    /// A command that changes nothing and must be answered by 250 and then silence.
    async fn at_rest(&mut self, command: &[u8]) -> Fate {
        if !self.wire.is_quiet().await || self.ask(Phase::Mail, command, |code| code == 250).await.is_err() {
            return Fate::Drop;
        }
        self.last_used = Instant::now();
        self.if_quiet().await
    }
}

pub(super) fn refusal(phase: Phase, reply: &Reply) -> Delivery {
    refused(phase, reply.code, &reply.lines.join(" "))
}

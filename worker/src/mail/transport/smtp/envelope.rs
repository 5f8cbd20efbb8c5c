//! MAIL, RCPT and DATA: from a connection at rest to a server that waits for the mail.
//!
//! Where the server offers it (RFC 2920), the three go out in one write and their replies are read one after the
//! other: two round trips a mail instead of four. What a refusal means does not change: the first command that was
//! refused is the one that counts. DATA may be answered by 354 although nobody is left to deliver to; then an empty
//! mail ends it (RFC 2920, 3.1).

use std::ops::RangeInclusive;

use super::classify::broken;
use super::reply::Reply;
use super::session::{Session, refusal};
use crate::fault::{self, Point};
use crate::mail::address::WireAddress;
use crate::mail::transport::{Delivery, Outgoing, Phase, Trouble, TroubleKind};

/// The three steps, and the replies that say yes.
const STEPS: [(Phase, RangeInclusive<u16>); 3] =
    [(Phase::Mail, 250..=250), (Phase::Rcpt, 250..=252), (Phase::Data, 354..=354)];

impl Session {
    /// MAIL, RCPT, DATA: afterwards the server waits for the mail. The error is the outcome.
    pub(super) async fn envelope(&mut self, mail: &Outgoing) -> Result<(), Delivery> {
        let commands = self.commands(mail)?;
        if self.offers.has("PIPELINING") {
            return self.together(&commands.concat()).await;
        }
        for (command, (phase, wanted)) in commands.iter().zip(STEPS) {
            self.ask(phase, command.as_bytes(), |code| wanted.contains(&code)).await?;
            answered(phase);
        }
        Ok(())
    }

    fn commands(&self, mail: &Outgoing) -> Result<[String; 3], Delivery> {
        let unsupported = |phase| Err(Delivery::Rejected(Trouble::new(phase, TroubleKind::Unsupported)));
        let from = address(Phase::Mail, &mail.from)?;
        let to = address(Phase::Rcpt, &mail.to)?;
        let mut command = format!("MAIL FROM:<{}>", from.as_str());
        if self.offers.has("SIZE") {
            command.push_str(&format!(" SIZE={}", mail.bytes.len()));
        }
        if from.needs_utf8() || to.needs_utf8() {
            if !self.offers.has("SMTPUTF8") {
                return unsupported(if to.needs_utf8() { Phase::Rcpt } else { Phase::Mail });
            }
            command.push_str(" SMTPUTF8");
        }
        if !mail.bytes.is_ascii() {
            if !self.offers.has("8BITMIME") {
                return unsupported(Phase::Mail);
            }
            command.push_str(" BODY=8BITMIME");
        }
        command.push_str("\r\n");
        Ok([command, format!("RCPT TO:<{}>\r\n", to.as_str()), "DATA\r\n".to_owned()])
    }

    /// All commands in one write. Of a server that refuses, every reply is read: only then is it at rest.
    async fn together(&mut self, commands: &str) -> Result<(), Delivery> {
        let limit = self.command_limit;
        self.wire.write(commands.as_bytes(), limit).await.map_err(|write| broken(Phase::Mail, write.kind))?;
        let mut refused: Option<(Phase, Delivery)> = None;
        let mut last = 0;
        for (phase, wanted) in STEPS {
            let reply = match (self.wire.reply(limit).await, refused) {
                (Ok(reply), _) => reply,
                (Err(kind), None) => return Err(broken(phase, kind)),
                // the server may close once it has refused
                (Err(_), Some((_, refusal))) => {
                    self.out_of_step = true;
                    return Err(refusal);
                }
            };
            last = reply.code.basic;
            if refused.is_none()
                && let Err(refusal) = verdict(phase, &reply, wanted.contains(&last))
            {
                if reply.code.basic == 421 || !matches!(reply.class(), 4 | 5) {
                    // closing, or not answering what was said: the other replies are not worth waiting for
                    self.out_of_step = true;
                    return Err(refusal);
                }
                refused = Some((phase, refusal));
            }
            answered(phase);
        }
        let Some((phase, refusal)) = refused else { return Ok(()) };
        if last == 354 {
            // nobody is left to deliver to, unless the server made a recipient of a sender it refused
            let ended = phase == Phase::Rcpt
                && self.wire.write(b".\r\n", limit).await.is_ok()
                && self.wire.reply(limit).await.is_ok();
            self.out_of_step = !ended;
        }
        Err(refusal)
    }
}

/// Passes the point after a step, for the fault suites.
fn answered(phase: Phase) {
    match phase {
        Phase::Mail => fault::at(Point::AfterSmtpMail),
        Phase::Rcpt => fault::at(Point::AfterSmtpRcpt),
        _ => fault::at(Point::AfterSmtpData),
    }
}

/// Whether a reply says yes; otherwise the outcome for the mail.
pub(super) fn verdict(phase: Phase, reply: &Reply, wanted: bool) -> Result<(), Delivery> {
    match reply.class() {
        4 | 5 => Err(refusal(phase, reply)),
        _ if wanted => Ok(()),
        _ => Err(broken(phase, TroubleKind::Protocol)),
    }
}

fn address(phase: Phase, address: &str) -> Result<WireAddress, Delivery> {
    WireAddress::parse(address).map_err(|_| Delivery::Rejected(Trouble::new(phase, TroubleKind::Address)))
}

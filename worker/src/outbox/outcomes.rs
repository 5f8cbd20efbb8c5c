//! How mails are settled: what a transport says of each, and what it tells of the other side.

use super::backoff;
use super::letter::NoLetter;
use super::mails::MailDispatcher;
use crate::mail::transport::{Delivery, Phase, Trouble, TroubleKind};
use crate::store::outbox::MailState;
use crate::store::outbox::mails::{Claimed, Settlement};
use crate::store::tables::JobRow;
use rescind_jobs::time::{Span, Timestamp};
use std::collections::HashMap;
use uuid::Uuid;

/// How the other side is away; the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Away {
    /// It does not let us in, or nothing is left to be tried again: when it lets us in, it is back.
    Door,
    /// It lets us in and says nothing of the mails: only a mail that it speaks of shows that it is back.
    Within,
    /// It does not want us as we are.
    Fault,
}

impl MailDispatcher {
    pub(super) fn unwritten(&self, mail: &Claimed, why: NoLetter, now: Timestamp) -> Settlement {
        let (state, trouble) = match why {
            // it may have left before; what is not known is not recorded as suppressed
            NoLetter::Suppressed(why) if mail.may_have_left => (MailState::Uncertain, why),
            NoLetter::Suppressed(why) => (MailState::Suppressed, why),
            NoLetter::Later(why) => {
                tracing::warn!(mail = %mail.id, why, "a mail cannot be written yet; reload the policy of this replica");
                return self.again(mail, now, why.to_owned());
            }
            NoLetter::Failed(why) => {
                tracing::error!(mail = %mail.id, why, "a mail cannot be written");
                (MailState::Failed, why)
            }
        };
        Settlement { id: mail.id, state, due_at: now, trouble: Some(trouble.to_owned()) }
    }

    /// How each mail is settled, what follows, and whether the other side is away.
    pub(super) fn outcomes(
        &self,
        deliveries: Vec<(Uuid, Delivery)>,
        by_id: &HashMap<Uuid, &Claimed>,
        settled: &mut Vec<Settlement>,
    ) -> (Option<Away>, Vec<JobRow>) {
        let (mut follow_ups, now) = (Vec::new(), self.clock.now());
        // a server that has answered about one mail is there, whatever became of the others
        let answered = deliveries.iter().any(|(_, delivery)| is_answer(delivery));
        let mut away: Option<(Away, String)> = None;
        let mut note = |how: Away, why: String| {
            if away.as_ref().is_none_or(|(worst, _)| *worst < how) {
                away = Some((how, why));
            }
        };
        for (id, delivery) in deliveries {
            let Some(mail) = by_id.get(&id) else { continue };
            let settlement = match delivery {
                Delivery::Sent => Settlement { id, state: MailState::Sent, due_at: now, trouble: None },
                Delivery::BadAddress(code) => {
                    follow_ups.extend(self.undeliverable(mail, now));
                    Settlement { id, state: MailState::Bounced, due_at: now, trouble: Some(code.to_string()) }
                }
                Delivery::Deferred(trouble) if trouble.phase < Phase::Mail => {
                    if !answered {
                        note(Away::Door, trouble.to_string());
                    }
                    self.at_once(mail, now, trouble.to_string())
                }
                Delivery::Deferred(trouble) if !answered && is_silence(&trouble) => {
                    note(Away::Within, trouble.to_string());
                    self.at_once(mail, now, trouble.to_string())
                }
                Delivery::Deferred(trouble) => self.again(mail, now, trouble.to_string()),
                Delivery::OurFault(trouble) => {
                    tracing::error!(%trouble, "mail cannot leave: the fault is on our side; pausing");
                    note(Away::Fault, trouble.to_string());
                    if trouble.phase < Phase::Mail {
                        self.at_once(mail, now, trouble.to_string())
                    } else {
                        self.again(mail, now, trouble.to_string())
                    }
                }
                Delivery::Rejected(trouble) => {
                    let trouble = Some(trouble.to_string());
                    Settlement { id, state: MailState::Failed, due_at: now, trouble }
                }
                Delivery::Uncertain(phase) => {
                    let trouble = format!("no reply after {phase}");
                    if !answered {
                        // one at a time from now on, or a server that breaks off at the end would leave all in doubt
                        note(Away::Door, trouble.clone());
                    }
                    Settlement { id, state: MailState::Uncertain, due_at: now, trouble: Some(trouble) }
                }
            };
            settled.push(settlement);
        }
        if answered || away.is_some() {
            self.set_trouble(away.as_ref().map(|(_, why)| why.clone()));
        }
        (away.map(|(how, _)| how), follow_ups)
    }

    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        // a thread that panicked while holding it has left a whole value all the same
        *self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = trouble;
    }

    /// Back to the queue, or failed once it has been tried for long enough.
    fn again(&self, mail: &Claimed, now: Timestamp, trouble: String) -> Settlement {
        let retry = &self.config.mail.retry;
        let wait = match self.randomness.generator() {
            Ok(mut rng) => backoff::wait(mail.attempt, retry.initial, retry.maximum, &mut rng),
            Err(_) => Span::seconds(30),
        };
        self.at_once(mail, now, trouble).due(now.plus(wait))
    }

    /// The same without a wait of its own: the dispatcher waits for the other side.
    fn at_once(&self, mail: &Claimed, now: Timestamp, trouble: String) -> Settlement {
        let give_up = self.config.mail.retry.give_up.as_micros();
        let give_up = Span::micros(i64::try_from(give_up).unwrap_or(i64::MAX));
        let over = now >= mail.created_at.plus(give_up);
        let state = if over { MailState::Failed } else { MailState::Queued };
        Settlement { id: mail.id, state, due_at: now, trouble: Some(trouble) }
    }
}

/// Whether a server has said something about this mail.
fn is_answer(delivery: &Delivery) -> bool {
    match delivery {
        Delivery::Sent | Delivery::BadAddress(_) | Delivery::Rejected(_) => true,
        Delivery::Deferred(trouble) => !is_silence(trouble),
        Delivery::OurFault(_) | Delivery::Uncertain(_) => false,
    }
}

/// Whether it tells of the server and not of the mail: it was not reached, broke off, or ends its service (421, which
/// RFC 5321, 3.8, allows at any command).
fn is_silence(trouble: &Trouble) -> bool {
    trouble.phase < Phase::Mail
        || trouble.phase == Phase::Store
        || trouble.kind != TroubleKind::Reply
        || trouble.code.is_some_and(|code| code.basic == 421)
}

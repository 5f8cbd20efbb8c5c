//! An app's mailing to a subject, under a purpose. The app hands over words, never markup: Rescind sets them into a mail of
//! its own, which loads nothing, counts nothing and says how to end it. The gate is asked now, and again when it leaves.

use crate::audit::Act;
use crate::code::{ChannelId, PurposeId, TopicId};
use crate::decision::{Decision, MailingOrder};
use crate::event::{Event, MailSuppressed};
use crate::gate::{GateQuestion, GateReason, Known, answer};
use crate::job::{Concerns, Job};
use crate::mail::{Mailing, MailingText};
use crate::model::{Identity, IdentityKind, SoftOptIn, Subject, SubjectState};
use crate::policy::{ChannelKind, Feature};
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use crate::time::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `mail.send.v1`: a mailing to one subject, under a purpose, topic and channel.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMailing {
    /// To whom; must be known.
    pub subject: SubjectRef,
    /// What it serves.
    pub purpose: PurposeId,
    /// One of the purpose's topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    /// By which channel, of the kind `email`; the only one of the policy if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// The subject line, which is the heading too.
    pub title: String,
    /// The text; empty lines separate its paragraphs.
    pub text: String,
    /// A button below the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<Button>,
    /// It does not leave before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

/// A button, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// What stands on it.
    pub title: String,
    /// An https address.
    pub url: String,
}

/// The longest title and button, in characters.
const LONGEST_TITLE: usize = 200;
/// The longest text, in characters.
const LONGEST_TEXT: usize = 20_000;
/// The longest address, in bytes.
const LONGEST_URL: usize = 2000;
/// How far ahead a mailing may be ordered.
const FURTHEST: Span = Span::days(31);

impl Job for SendMailing {
    const KIND: &'static str = "mail.send.v1";
    const FEATURE: Option<Feature> = Some(Feature::Mailings);
    const RIGHTS: bool = true;
    // topics that were left are read with it
    const PAGE: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let channel = self.check(cx)?;
        let purpose = &self.purpose;
        let question = GateQuestion {
            topic: self.topic.clone(),
            channel: Some(channel.clone()),
            ..GateQuestion::about(purpose.clone())
        };
        let known = Known {
            state: subject.state,
            consent: subject.consents.get(purpose).cloned(),
            objection: subject.objections.get(purpose).cloned(),
            sale: subject.soft_opt_ins.get(purpose).map(SoftOptIn::sale),
            left_topics: subject.left_topics(purpose),
        };
        let mut said = answer(&question, cx.policy(), Some(&known), cx.now())?;
        if said.allowed && subject.state != SubjectState::Active {
            // what goes on during a restriction is no mailing
            (said.allowed, said.reason) = (false, GateReason::SubjectRestricted);
        }
        if !said.allowed {
            self.not_sent(Some(said.reason), cx);
            return Ok(());
        }
        let address = self.address(subject, cx).filter(|i| i.active && i.undeliverable_at.is_none());
        let Some(address) = address.map(|identity| identity.index) else {
            self.not_sent(None, cx);
            return Ok(());
        };
        let text = MailingText {
            title: self.title.trim().to_owned(),
            text: self.text.clone(),
            button: self.button.as_ref().map(|b| (b.title.trim().to_owned(), b.url.clone())),
        };
        let plain = serde_json::to_vec(&text).unwrap_or_default();
        let key = subject.contact_key(cx.vault())?;
        let sealed = key.seal(subject.place("mail", "sealed"), &plain, cx.rng());
        let mailing = Mailing { purpose: purpose.clone(), topic: self.topic.clone(), channel };
        let order = MailingOrder { address, mailing, sealed, due_at: self.not_before };
        let mail = cx.mailing(order);
        cx.record(&Act::MailingOrdered { purpose: purpose.clone(), mail });
        Ok(())
    }
}

impl SendMailing {
    /// The primary address; by soft opt-in, the one that was obtained in the sale, and no other.
    fn address<'s>(&self, subject: &'s Subject, cx: &Decision<'_>) -> Option<&'s Identity> {
        let purpose = cx.policy().purposes.get(&self.purpose);
        if purpose.is_some_and(|purpose| purpose.basis.is_soft_opt_in()) {
            return subject.identity(&subject.soft_opt_ins.get(&self.purpose)?.email?);
        }
        subject.primary(&IdentityKind::Email)
    }

    /// Tells that it is not sent, and why: that is an answer, not a mistake of the sender.
    fn not_sent(&self, reason: Option<GateReason>, cx: &mut Decision<'_>) {
        let (purpose, message) = (self.purpose.clone(), cx.message().id.clone());
        cx.record(&Act::MailingNotSent { purpose: purpose.clone(), reason });
        cx.publish(Event::MailSuppressed(MailSuppressed { purpose, message, reason }));
    }

    /// Refuses what is wrong with the message itself; returns the channel.
    fn check(&self, cx: &Decision<'_>) -> Result<ChannelId, Refusal> {
        let policy = cx.policy();
        let mut problems = Vec::new();
        let mut wrong = |field: &str, problem: String| {
            problems.push(FieldProblem { field: format!("data.{field}"), problem });
        };
        let Some(purpose) = policy.purposes.get(&self.purpose) else {
            let problem = "is not a purpose of the policy";
            return Err(Refusal::field(RefusalCode::UnknownPurpose, "data.purpose", problem));
        };
        if self.topic.as_ref().is_some_and(|topic| !purpose.topics.contains(topic)) {
            wrong("topic", "is not a topic of this purpose".into());
        }
        let by_mail = || policy.channels.values().filter(|c| c.kind == ChannelKind::Email).map(|c| &c.id);
        let channel = match &self.channel {
            Some(channel) => by_mail().find(|id| *id == channel),
            None => by_mail().next().filter(|_| by_mail().count() == 1),
        };
        if channel.is_none() {
            wrong("channel", "must name a channel of the policy of the kind \"email\"".into());
        }
        let line = |text: &str| {
            let fits = (1..=LONGEST_TITLE).contains(&text.trim().chars().count());
            fits && !text.chars().any(char::is_control)
        };
        if !line(&self.title) {
            wrong("title", format!("must be one line of 1 to {LONGEST_TITLE} characters"));
        }
        let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if self.text.trim().is_empty()
            || self.text.chars().count() > LONGEST_TEXT
            || self.text.chars().any(odd)
        {
            wrong("text", format!("must be plain text of 1 to {LONGEST_TEXT} characters"));
        }
        if let Some(button) = &self.button {
            if !line(&button.title) {
                wrong("button.title", format!("must be one line of 1 to {LONGEST_TITLE} characters"));
            }
            if !is_https(&button.url) {
                wrong(
                    "button.url",
                    format!("must be an https:// address of at most {LONGEST_URL} characters"),
                );
            }
        }
        if self.not_before.is_some_and(|at| at > cx.now().plus(FURTHEST)) {
            wrong("not_before", "lies more than 31 days ahead; send it later".into());
        }
        match channel {
            Some(channel) if problems.is_empty() => Ok(channel.clone()),
            _ => {
                let told: Vec<_> = problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect();
                Err(Refusal { code: RefusalCode::InvalidField, detail: told.join("; "), fields: problems })
            }
        }
    }
}

/// An address that stands in HTML and in plain text as it is: no spaces, no quotes, nothing before the host.
fn is_https(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'\\' | b'`');
    url.len() <= LONGEST_URL && !authority.is_empty() && !authority.contains('@') && url.bytes().all(plain)
}

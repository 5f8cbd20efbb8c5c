//! The gate: may this purpose be processed for this subject now? A pure function over what is known; whoever asks it
//! reads the subject first. Rule: whatever is not known says no.

use crate::code::{ChannelId, PurposeId, RecipientId, TopicId};
use crate::model::{Consent, ConsentState, Objection, Sale, SubjectState};
use crate::policy::{LawfulBasis, Policy, Purpose};
use crate::refusal::{Refusal, RefusalCode};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is asked. Topic and channel narrow the question down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateQuestion {
    /// The purpose that data are to be used for.
    pub purpose: PurposeId,
    /// One of the purpose's topics.
    pub topic: Option<TopicId>,
    /// The channel by which the subject would be addressed.
    pub channel: Option<ChannelId>,
    /// Who would receive the data (Art. 4(9)).
    pub recipient: Option<RecipientId>,
    /// The purpose that the data were collected for, if it is another one (Art. 5(1)(b), 6(4)).
    pub collected_for: Option<PurposeId>,
}

impl GateQuestion {
    /// The plain question: this purpose, nothing narrowed down.
    pub const fn about(purpose: PurposeId) -> Self {
        Self { purpose, topic: None, channel: None, recipient: None, collected_for: None }
    }
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GateAnswer {
    /// Whether the purpose may be processed.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: GateReason,
    /// What the purpose rests on (Art. 6(1)); absent where the subject itself is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<&'static str>,
    /// Since when the consent stands where it stands, or when the sale was that soft opt-in rests on; absent where neither
    /// decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// Why the gate says what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateReason {
    /// Allowed: consent was given and stands.
    ConsentGranted,
    /// Allowed: the purpose rests on another basis than consent.
    LawfulBasis,
    /// Allowed: a customer who was told at a sale that it could object, and has not (ePrivacy Directive 13(2)).
    SoftOptIn,
    /// Allowed: the data were collected for another purpose, with which this one is compatible (Art. 6(4)).
    CompatiblePurpose,
    /// The data were collected for another purpose, which does not cover this one (Art. 5(1)(b)).
    NotCompatible,
    /// The purpose does not name the recipient.
    RecipientNotCovered,
    /// Never asked, never given.
    NoConsent,
    /// Asked, not answered yet.
    ConsentRequested,
    /// Answered no.
    ConsentRefused,
    /// Taken back (Art. 7(3)).
    ConsentWithdrawn,
    /// Its period is over, or nobody answered.
    ConsentExpired,
    /// Given, but in a weaker way than the purpose asks for.
    OptInInsufficient,
    /// No sale is known in which the contact details were obtained and the customer could object.
    NoSaleKnown,
    /// Given, but the wording agreed to does not cover the channel; by soft opt-in, the purpose does not, or no contact
    /// details for it were obtained in a sale.
    ChannelNotCovered,
    /// Given, but the subject has left the topic.
    TopicLeft,
    /// The subject has objected (Art. 21).
    Objected,
    /// Processing is restricted (Art. 18).
    SubjectRestricted,
    /// The subject is erased, or being erased (Art. 17).
    SubjectErased,
    /// Nobody is known by these identities.
    UnknownSubject,
}

/// What is known of a subject as far as the gate needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Where its data stand.
    pub state: SubjectState,
    /// Its consent to the purpose.
    pub consent: Option<Consent>,
    /// Its objection to the purpose.
    pub objection: Option<Objection>,
    /// The sale that soft opt-in to the purpose rests on.
    pub sale: Option<Sale>,
    /// The topics of the purpose that it has left.
    pub left_topics: BTreeSet<TopicId>,
}

/// Answers one question about one subject, or about nobody.
///
/// # Errors
/// Refuses what the policy does not know: purpose, topic of the purpose, channel, recipient; naming the field.
pub fn answer(
    question: &GateQuestion,
    policy: &Policy,
    known: Option<&Known>,
    now: Timestamp,
) -> Result<GateAnswer, Refusal> {
    let answer = apart_from_topics(question, policy, known, now)?;
    let left =
        question.topic.as_ref().is_some_and(|topic| known.is_some_and(|k| k.left_topics.contains(topic)));
    Ok(match answer.allowed && left {
        true => GateAnswer { allowed: false, reason: GateReason::TopicLeft, ..answer },
        false => answer,
    })
}

fn apart_from_topics(
    question: &GateQuestion,
    policy: &Policy,
    known: Option<&Known>,
    now: Timestamp,
) -> Result<GateAnswer, Refusal> {
    let purpose = check(question, policy)?;
    let Some(known) = known else {
        return Ok(about_subject(GateReason::UnknownSubject));
    };
    match known.state {
        SubjectState::Restricted if purpose.during_restriction => {}
        SubjectState::Restricted => return Ok(about_subject(GateReason::SubjectRestricted)),
        SubjectState::Erasing | SubjectState::Erased => return Ok(about_subject(GateReason::SubjectErased)),
        SubjectState::Active => {}
    }
    let basis = Some(purpose.basis.as_str());
    let consent = known.consent.as_ref();
    // what the subject consented to afterwards is its later word; soft opt-in knows none
    let by_consent = |c: &&Consent| c.is_granted(now) && !purpose.basis.is_soft_opt_in();
    let consented_at = consent.filter(by_consent).map(|c| c.since);
    if let Some(objection) = known.objection.as_ref().filter(|o| o.blocks(consented_at)) {
        // of consent that was taken back, the withdrawal is told
        if purpose.basis != LawfulBasis::Consent || consented_at.is_some() {
            let since = Some(objection.at);
            return Ok(GateAnswer { allowed: false, reason: GateReason::Objected, basis, since });
        }
    }
    if question.recipient.as_ref().is_some_and(|recipient| !purpose.recipients.contains(recipient)) {
        let reason = GateReason::RecipientNotCovered;
        return Ok(GateAnswer { allowed: false, reason, basis, since: None });
    }
    if let LawfulBasis::SoftOptIn { channels, .. } = &purpose.basis {
        let (reason, since) = as_customer(question, policy, channels, known);
        return Ok(GateAnswer { allowed: reason == GateReason::SoftOptIn, reason, basis, since });
    }
    if purpose.basis != LawfulBasis::Consent {
        let reason = carried_over(question, policy, purpose);
        let allowed = reason != GateReason::NotCompatible;
        return Ok(GateAnswer { allowed, reason, basis, since: None });
    }
    let Some(consent) = consent else {
        return Ok(GateAnswer { allowed: false, reason: GateReason::NoConsent, basis, since: None });
    };
    let (reason, since) = weigh(question, policy, purpose, consent, now);
    Ok(GateAnswer { allowed: reason == GateReason::ConsentGranted, reason, basis, since: Some(since) })
}

/// One answer for identities that several subjects share: allowed only if it is for each of them, because nobody can
/// tell which of them is meant. Of several allowed answers, the one that holds since latest.
///
/// # Errors
/// As [`answer`].
pub fn answer_for_all(
    question: &GateQuestion,
    policy: &Policy,
    known: &[Known],
    now: Timestamp,
) -> Result<GateAnswer, Refusal> {
    let mut result: Option<GateAnswer> = None;
    for subject in known {
        let next = answer(question, policy, Some(subject), now)?;
        if !next.allowed {
            return Ok(next);
        }
        result = Some(match result {
            Some(before) if before.since >= next.since => before,
            _ => next,
        });
    }
    result.map_or_else(|| answer(question, policy, None, now), Ok)
}

fn about_subject(reason: GateReason) -> GateAnswer {
    GateAnswer { allowed: false, reason, basis: None, since: None }
}

fn check<'p>(question: &GateQuestion, policy: &'p Policy) -> Result<&'p Purpose, Refusal> {
    let unknown = |field, problem| Refusal::invalid(field, problem);
    let purpose = policy.purposes.get(&question.purpose).ok_or_else(|| {
        Refusal::field(RefusalCode::UnknownPurpose, "purpose", "is not a purpose of the policy")
    })?;
    if question.topic.as_ref().is_some_and(|topic| !purpose.topics.contains(topic)) {
        return Err(unknown("topic", "is not a topic of this purpose"));
    }
    if question.channel.as_ref().is_some_and(|channel| !policy.channels.contains_key(channel)) {
        return Err(unknown("channel", "is not a channel of the policy"));
    }
    let named = |recipient| policy.purposes.values().any(|purpose| purpose.recipients.contains(recipient));
    if question.recipient.as_ref().is_some_and(|recipient| !named(recipient)) {
        return Err(unknown("recipient", "is not a recipient of any purpose of the policy"));
    }
    if question.collected_for.as_ref().is_some_and(|origin| !policy.purposes.contains_key(origin)) {
        let problem = "is not a purpose of the policy";
        return Err(Refusal::field(RefusalCode::UnknownPurpose, "collected_for", problem));
    }
    Ok(purpose)
}

/// What soft opt-in says: a sale, contact details that were obtained in it, and nothing said against it while the purpose
/// rested on consent. Like consent it decides by itself, whatever else the data were collected for.
fn as_customer(
    question: &GateQuestion,
    policy: &Policy,
    channels: &BTreeSet<ChannelId>,
    known: &Known,
) -> (GateReason, Option<Timestamp>) {
    if let Some(consent) = &known.consent {
        match consent.state {
            ConsentState::Withdrawn => return (GateReason::ConsentWithdrawn, Some(consent.since)),
            ConsentState::Refused => return (GateReason::ConsentRefused, Some(consent.since)),
            ConsentState::Requested | ConsentState::Granted | ConsentState::Expired => {}
        }
    }
    let Some(sale) = known.sale else { return (GateReason::NoSaleKnown, None) };
    let covered = channels.iter().filter(|id| question.channel.as_ref().is_none_or(|asked| asked == *id));
    let mut covered = covered.filter_map(|id| policy.channels.get(id));
    let reason = match covered.any(|channel| sale.reaches(channel.kind)) {
        true => GateReason::SoftOptIn,
        false => GateReason::ChannelNotCovered,
    };
    (reason, Some(sale.at))
}

/// What a purpose on another basis than consent says to data that were collected for another one. Where those were
/// collected by consent, they serve what was consented to and nothing else: another use needs a consent of its own,
/// which decides by itself.
fn carried_over(question: &GateQuestion, policy: &Policy, purpose: &Purpose) -> GateReason {
    let origin = question.collected_for.as_ref().filter(|origin| **origin != purpose.id);
    let Some(origin) = origin.and_then(|origin| policy.purposes.get(origin)) else {
        return GateReason::LawfulBasis;
    };
    if origin.basis != LawfulBasis::Consent && origin.compatible_with.contains(&purpose.id) {
        GateReason::CompatiblePurpose
    } else {
        GateReason::NotCompatible
    }
}

fn weigh(
    question: &GateQuestion,
    policy: &Policy,
    purpose: &Purpose,
    consent: &Consent,
    now: Timestamp,
) -> (GateReason, Timestamp) {
    let reason = match consent.state {
        ConsentState::Requested => GateReason::ConsentRequested,
        ConsentState::Refused => GateReason::ConsentRefused,
        ConsentState::Withdrawn => GateReason::ConsentWithdrawn,
        ConsentState::Expired => GateReason::ConsentExpired,
        ConsentState::Granted if !consent.is_granted(now) => {
            // over, though the job that says so has not run yet
            return (GateReason::ConsentExpired, consent.expires_at.unwrap_or(consent.since));
        }
        ConsentState::Granted if !purpose.allowed_by.contains(&consent.opt_in) => {
            GateReason::OptInInsufficient
        }
        ConsentState::Granted if !covers(question, policy, consent) => GateReason::ChannelNotCovered,
        ConsentState::Granted => GateReason::ConsentGranted,
    };
    (reason, consent.since)
}

/// Whether the wording agreed to covers the channel asked for. A wording that lists none covers any; one that the
/// policy no longer has covers none, because nobody can tell.
fn covers(question: &GateQuestion, policy: &Policy, consent: &Consent) -> bool {
    let (Some(channel), Some((content, version))) = (&question.channel, &consent.content) else {
        return true;
    };
    let version = policy.contents.get(content).and_then(|content| content.version(*version));
    version.is_some_and(|version| version.channels.is_empty() || version.channels.contains(channel))
}

#[cfg(test)]
mod tests;

//! Many consents are corrected in one action (B11): recorded under a wrong purpose or wording, source or date.

use super::stating::known;
use super::update_consent::UpdateConsent;
use crate::code::{ContentId, EntryCode, PurposeId};
use crate::job::{Concerns, Expansion, Job, Selection};
use crate::model::ConsentState;
use crate::policy::{Content, Feature, LawfulBasis, Policy, Purpose};
use crate::refusal::{Refusal, RefusalCode};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `consent.update_many.v1`: what `set` says holds for every consent that `where` describes. What stood there before is
/// kept as a record of its own, and nothing that was ended becomes a consent by it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateConsents {
    /// Which consents.
    #[serde(rename = "where")]
    pub which: ConsentsWhere,
    /// What is to hold for them.
    pub set: ConsentsSet,
}

/// Which consents: all that is named must fit; at least one of it is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentsWhere {
    /// To this purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<PurposeId>,
    /// Recorded from this source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub source: Option<String>,
    /// In this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ConsentState>,
    /// Given before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_before: Option<Timestamp>,
    /// Given at this time or after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_after: Option<Timestamp>,
    /// Recorded until this time; the message's own if left out: what is recorded later was not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_until: Option<Timestamp>,
}

/// What is to hold; at least one of it is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentsSet {
    /// The purpose that was meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<PurposeId>,
    /// The wording that the consents rest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Where they were given; a value of the dictionary of consent sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<EntryCode>,
    /// When they were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
}

/// A wording that a consent rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The content.
    pub content: ContentId,
    /// Its version; the one that was valid when the consent was given, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

impl ConsentsWhere {
    /// Whether a consent is meant. `given_at` is when what its record proves was expressed, `recorded_at` when that was
    /// recorded.
    pub fn fits(
        &self,
        purpose: &str,
        state: ConsentState,
        source: &str,
        given_at: Timestamp,
        recorded_at: Timestamp,
    ) -> bool {
        self.purpose.as_ref().is_none_or(|p| p.as_str() == purpose)
            && self.state.is_none_or(|s| s == state)
            && self.source.as_ref().is_none_or(|s| s == source)
            && self.given_before.is_none_or(|t| given_at < t)
            && self.given_after.is_none_or(|t| given_at >= t)
            && self.recorded_until.is_none_or(|t| recorded_at <= t)
    }
}

impl ConsentsSet {
    /// Whether it changes what was agreed to or when, and not only where it was recorded.
    pub fn touches_the_grant(&self) -> bool {
        self.purpose.is_some() || self.basis.is_some() || self.date.is_some()
    }
}

impl UpdateConsents {
    /// Checks it against the policy, and completes it: a purpose with one content brings its wording.
    ///
    /// # Errors
    /// Names the field that is wrong, and what is allowed.
    pub fn checked(&self, policy: &Policy, now: Timestamp) -> Result<ConsentsSet, Refusal> {
        let (which, mut set) = (&self.which, self.set.clone());
        if (ConsentsWhere { recorded_until: None, ..which.clone() }) == ConsentsWhere::default() {
            let needed = "must name at least one of purpose, source, state, given_before, given_after";
            return Err(Refusal::invalid("data.where", needed));
        }
        if set == ConsentsSet::default() {
            return Err(Refusal::invalid(
                "data.set",
                "must name at least one of purpose, basis, source, date",
            ));
        }
        if let Some(purpose) = &which.purpose {
            purpose_of(policy, purpose, "data.where.purpose")?;
        }
        if let Some(source) = &set.source {
            known(source, &policy.dictionaries.consent_sources, "data.set.source")?;
        }
        if set.date.is_some_and(|date| date > now) {
            return Err(Refusal::field(
                RefusalCode::FutureTime,
                "data.set.date",
                "lies in the future; consent was given in the past",
            ));
        }
        if set.touches_the_grant() && which.state != Some(ConsentState::Granted) {
            return Err(Refusal::invalid(
                "data.where.state",
                "must be granted: purpose, basis and date are corrected of standing consents only; for others set the \
                 source alone",
            ));
        }
        if let Some(purpose) = &set.purpose {
            let found = purpose_of(policy, purpose, "data.set.purpose")?;
            if which.purpose.as_ref().is_none_or(|from| from == purpose) {
                return Err(Refusal::invalid(
                    "data.where.purpose",
                    "must name the purpose that the consents were wrongly recorded for, another one than data.set.purpose",
                ));
            }
            if found.special_category {
                return Err(Refusal::field(
                    RefusalCode::ExplicitConsentRequired,
                    "data.set.purpose",
                    format!(
                        "\"{purpose}\" needs each person's express statement, which cannot be set for many"
                    ),
                ));
            }
            if set.basis.is_none() {
                set.basis = Some(Basis { content: only_content(policy, purpose)?.id.clone(), version: None });
            }
        }
        if let Some(basis) = &set.basis {
            let of = set.purpose.as_ref().or(which.purpose.as_ref());
            check_basis(policy, basis, of)?;
        }
        Ok(set)
    }
}

fn purpose_of<'p>(policy: &'p Policy, purpose: &PurposeId, field: &str) -> Result<&'p Purpose, Refusal> {
    let known = || policy.purposes.values().filter(|p| p.basis == LawfulBasis::Consent);
    let found = known().find(|p| p.id == *purpose);
    found.ok_or_else(|| {
        let names: Vec<&str> = known().map(|p| p.id.as_str()).collect();
        let problem = format!("must be a purpose by consent: one of {}", names.join(", "));
        Refusal::field(RefusalCode::UnknownPurpose, field, problem)
    })
}

fn only_content<'p>(policy: &'p Policy, purpose: &PurposeId) -> Result<&'p Content, Refusal> {
    let mut of = policy.contents.values().filter(|c| c.purpose == *purpose && !c.terms);
    match (of.next(), of.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Refusal::invalid(
            "data.set.basis",
            format!(
                "must name the content that the consents rest on, because \"{purpose}\" has not exactly one"
            ),
        )),
    }
}

fn check_basis(policy: &Policy, basis: &Basis, purpose: Option<&PurposeId>) -> Result<(), Refusal> {
    let Some(purpose) = purpose else {
        return Err(Refusal::invalid(
            "data.where.purpose",
            "must be named, because the content of data.set.basis belongs to one purpose",
        ));
    };
    let content = policy.contents.get(&basis.content).filter(|c| c.purpose == *purpose && !c.terms);
    let Some(content) = content else {
        let of = policy.contents.values().filter(|c| c.purpose == *purpose && !c.terms);
        let names: Vec<&str> = of.map(|c| c.id.as_str()).collect();
        return Err(Refusal::field(
            RefusalCode::UnusableContent,
            "data.set.basis",
            format!("must be a content of \"{purpose}\": one of {}", names.join(", ")),
        ));
    };
    match basis.version {
        Some(version) if content.version(version).is_none() => Err(Refusal::field(
            RefusalCode::UnusableContent,
            "data.set.basis",
            format!("\"{}\" has no version {version}", content.id),
        )),
        _ => Ok(()),
    }
}

impl Job for UpdateConsents {
    const KIND: &'static str = "consent.update_many.v1";
    const FEATURE: Option<Feature> = Some(Feature::ConsentRecords);

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Many(Selection::Consents(self.which.clone()))
    }

    fn expand(&self, policy: &Policy, now: Timestamp) -> Result<Expansion, Refusal> {
        let set = self.checked(policy, now)?;
        let data = serde_json::json!({ "set": set });
        Ok(Expansion { kind: UpdateConsent::KIND, data })
    }
}

//! One consent is corrected: a record of its own says what holds from now on, and which record it corrects.

use super::expire_consent::ExpireConsent;
use super::proof::{self, Manner};
use super::update_consents::ConsentsSet;
use crate::audit::{Act, Why};
use crate::code::{CategoryId, ContentId, EntryCode, PurposeId};
use crate::decision::Decision;
use crate::effects::Suppression;
use crate::event::{ConsentGranted, Event, ProcessingStop, StopCause};
use crate::job::{Concerns, Job};
use crate::locale::Locale;
use crate::model::{
    Consent, ConsentRecord, ConsentState, Expression, ObjectionState, Statement, StatementKind, Subject,
    SubjectId, SubjectState,
};
use crate::policy::{Content, ContentVersion, OptIn, Policy};
use crate::protection::BlindIndex;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `consent.update.v1`: one of the jobs that `consent.update_many.v1` expands to.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateConsent {
    /// To which purpose.
    pub purpose: PurposeId,
    /// The record that is corrected; if the consent rests on another one by now, it is left alone.
    pub record: Uuid,
    /// The record's source.
    pub source: String,
    /// The language that the record's wording was shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The blind index of the address or contact that the record limits the consent to, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<String>,
    /// When the record was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Timestamp>,
    /// Why it was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EntryCode>,
    /// The category of the record's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// The record's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentId>,
    /// And its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The regulation that belonged to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regulation: Option<String>,
    /// What is to hold.
    pub set: ConsentsSet,
}

/// What the consent is to rest on.
struct Corrected<'p> {
    at: Timestamp,
    content: Option<(&'p Content, &'p ContentVersion)>,
}

/// What a record proves to have been shown.
struct Proven {
    category: Option<CategoryId>,
    content: Option<(ContentId, u32)>,
    regulation: Option<String>,
}

impl Job for UpdateConsent {
    const KIND: &'static str = "consent.update.v1";
    const INTERNAL: bool = true;
    const RIGHTS: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(SubjectId(Uuid::nil()))
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let policy = cx.policy();
        let (consent, corrected) = match self.look(subject, policy, cx.now()) {
            Ok((consent, corrected)) => (consent.clone(), corrected),
            Err(why) => {
                cx.record(&Act::StatementWithoutEffect { purpose: self.purpose.clone(), why, record: None });
                return Ok(());
            }
        };
        let purpose = self.set.purpose.as_ref().unwrap_or(&self.purpose).clone();
        // a wording that staff set is not what the person has confirmed
        let opt_in = match consent.opt_in {
            OptIn::Double if self.set.basis.is_some() => OptIn::SingleStaff,
            other => other,
        };
        let record = self.prove(&purpose, &consent, opt_in, &corrected, subject, cx)?;
        let moved = purpose != self.purpose;
        cx.record(&Act::ConsentCorrected {
            purpose: self.purpose.clone(),
            to: moved.then(|| purpose.clone()),
            corrects: self.record,
            record,
        });
        if moved {
            self.end_here(subject, cx);
        }
        self.stand(purpose, consent, opt_in, record, &corrected, subject, cx);
        Ok(())
    }
}

impl UpdateConsent {
    /// The consent and what it is to rest on, or why it is left alone.
    fn look<'s, 'p>(
        &self,
        subject: &'s Subject,
        policy: &'p Policy,
        now: Timestamp,
    ) -> Result<(&'s Consent, Corrected<'p>), Why> {
        let consent = subject.consents.get(&self.purpose).filter(|c| c.record == Some(self.record));
        let consent = consent.ok_or(Why::Outdated)?;
        if subject.state != SubjectState::Active {
            return Err(Why::Restricted);
        }
        let known_at = consent.last_act.as_ref().map_or(consent.since, |act| act.at);
        let content = |id, version| {
            let content = policy.contents.get(id)?;
            Some((content, content.version(version)?))
        };
        let standing = consent.content.as_ref().and_then(|(id, version)| content(id, *version));
        if !self.set.touches_the_grant() {
            return Ok((consent, Corrected { at: known_at, content: standing }));
        }
        // one whose period is over has ended, whether or not its end was recorded yet
        if !consent.is_granted(now) {
            return Err(Why::AlreadyEnded);
        }
        // nothing was given after it was recorded; a later date would only make the consent last longer
        if self.set.date.is_some_and(|date| date > self.recorded_at.unwrap_or(known_at)) {
            return Err(Why::Outdated);
        }
        let purpose = self.set.purpose.as_ref().unwrap_or(&self.purpose);
        let said = |c: &Consent| c.state != ConsentState::Requested;
        if *purpose != self.purpose && subject.consents.get(purpose).is_some_and(said) {
            return Err(Why::SaidOtherwise);
        }
        if subject.objections.get(purpose).is_some_and(|o| o.state != ObjectionState::Overridden) {
            return Err(Why::SaidOtherwise);
        }
        let at = self.set.date.unwrap_or(known_at);
        let content = match &self.set.basis {
            Some(basis) => {
                let content = policy.contents.get(&basis.content).ok_or(Why::NoValidContent)?;
                let version = match basis.version {
                    Some(version) => content.version(version),
                    None => content.current(at),
                };
                Some((content, version.ok_or(Why::NoValidContent)?))
            }
            None => standing,
        };
        if content.is_some_and(|(_, version)| version.valid_from > at) {
            return Err(Why::NoValidContent);
        }
        Ok((consent, Corrected { at, content }))
    }

    fn linked(&self) -> Option<BlindIndex> {
        let bytes = data_encoding::HEXLOWER.decode(self.linked.as_ref()?.as_bytes()).ok()?;
        bytes.try_into().ok().map(BlindIndex)
    }

    fn prove(
        &self,
        purpose: &PurposeId,
        consent: &Consent,
        opt_in: OptIn,
        corrected: &Corrected<'_>,
        subject: &Subject,
        cx: &mut Decision<'_>,
    ) -> Result<Uuid, Refusal> {
        let id = cx.new_id();
        let locale = self.locale.as_deref().and_then(Locale::from_tag);
        let locale = locale.or(subject.locale).unwrap_or(cx.policy().default_locale);
        let manner = Manner { corrects: Some(self.record), ..Manner::default() };
        let proven = self.proven(consent, corrected);
        let record = ConsentRecord {
            id,
            subject: subject.id,
            purpose: purpose.clone(),
            expression: match consent.state {
                ConsentState::Refused => Expression::Refused,
                ConsentState::Withdrawn => Expression::Withdrawn,
                ConsentState::Granted | ConsentState::Expired | ConsentState::Requested => {
                    Expression::Granted
                }
            },
            opt_in,
            category: proven.category,
            content: proven.content.map(|(content, version)| (content, version, locale)),
            source: self.set.source.as_ref().map_or_else(|| self.source.clone(), ToString::to_string),
            reason: self.reason.clone(),
            regulation: proven.regulation,
            linked: self.linked(),
            expressed_at: corrected.at,
            recorded_at: cx.now(),
            told_by: cx.message().source.clone(),
            evidence: Some(proof::seal(&manner, "evidence", subject, cx)?),
            network_evidence: None,
            network_evidence_until: None,
            policy: cx.policy().hash,
        };
        cx.prove(record);
        Ok(id)
    }

    /// What was shown: as the corrected record has it, unless another wording is set.
    fn proven(&self, consent: &Consent, corrected: &Corrected<'_>) -> Proven {
        let kept = || Proven {
            category: self.category.clone(),
            content: self.content.clone().zip(self.version),
            regulation: self.regulation.clone(),
        };
        let set =
            self.set.basis.is_some() || (self.content.is_none() && consent.state == ConsentState::Granted);
        match corrected.content.filter(|_| set) {
            Some((content, version)) => Proven {
                category: Some(content.category.clone()),
                content: Some((content.id.clone(), version.version)),
                regulation: version.regulation.as_ref().map(proof::document_reference),
            },
            None => kept(),
        }
    }

    /// The purpose that the consent was wrongly recorded for is no longer processed on its strength.
    fn end_here(&self, subject: &mut Subject, cx: &mut Decision<'_>) {
        let now = cx.now();
        if let Some(consent) = subject.consents.get_mut(&self.purpose) {
            consent.state = ConsentState::Expired;
            consent.opt_in = OptIn::None;
            consent.since = now;
            consent.expires_at = None;
        }
        cx.suppress(Suppression::Purpose(subject.id, self.purpose.clone()));
        let purpose = Some(self.purpose.clone());
        cx.publish(Event::ProcessingStop(ProcessingStop {
            purpose,
            cause: StopCause::Correction,
            since: now,
        }));
    }

    #[allow(clippy::too_many_arguments)]
    fn stand(
        &self,
        purpose: PurposeId,
        mut consent: Consent,
        opt_in: OptIn,
        record: Uuid,
        corrected: &Corrected<'_>,
        subject: &mut Subject,
        cx: &mut Decision<'_>,
    ) {
        consent.record = Some(record);
        consent.opt_in = opt_in;
        if self.set.touches_the_grant() {
            let at = corrected.at;
            consent.since = at;
            consent.last_act = Some(Statement {
                kind: StatementKind::Grant,
                at,
                source: consent.last_act.map_or_else(|| cx.message().source.clone(), |act| act.source),
            });
            if let Some((content, version)) = corrected.content {
                consent.content = Some((content.id.clone(), version.version));
            }
            let period = cx.policy().purposes.get(&purpose).and_then(|p| p.consent_period);
            consent.expires_at = period.map(|period| at.plus(period));
            if let Some((content, version)) = corrected.content {
                cx.publish(Event::ConsentGranted(ConsentGranted {
                    purpose: purpose.clone(),
                    content: content.id.clone(),
                    version: version.version,
                    locale: subject.locale.unwrap_or(cx.policy().default_locale),
                    opt_in,
                    granted_at: at,
                    expires_at: consent.expires_at,
                    consent: record,
                }));
            }
        }
        // what ends it by itself knows it by its record
        if let (ConsentState::Granted, Some(end)) = (consent.state, consent.expires_at) {
            cx.later(end, &ExpireConsent { purpose: purpose.clone(), record });
        }
        subject.consents.insert(purpose, consent);
    }
}

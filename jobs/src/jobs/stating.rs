//! What a subject stated about a purpose, put into effect: yes, no, no longer. The state follows the later statement;
//! the proof is kept in any case.

use super::expire_consent::ExpireConsent;
use super::stopping::Ended;
use crate::audit::{Act, Why};
use crate::code::{CategoryId, ContentId, EntryCode, PurposeId};
use crate::decision::Decision;
use crate::effects::Suppression;
use crate::event::{ConsentGranted, ConsentRefused, ConsentWithdrawn, Event};
use crate::locale::Locale;
use crate::model::{
    Consent, ConsentRecord, ConsentState, Expression, RequestState, Statement, StatementKind, Subject,
};
use crate::policy::OptIn;
use crate::protection::{BlindIndex, Sealed};
use crate::refusal::{Refusal, RefusalCode};
use crate::time::Timestamp;

/// What was agreed to.
pub(crate) struct Agreed {
    pub category: CategoryId,
    pub content: ContentId,
    pub version: u32,
    pub locale: Locale,
    pub regulation: Option<String>,
}

/// A statement about one purpose with all that proves it.
pub(crate) struct Stated {
    pub purpose: PurposeId,
    pub statement: Statement,
    pub opt_in: OptIn,
    pub agreed: Option<Agreed>,
    pub source: String,
    pub reason: Option<EntryCode>,
    pub linked: Option<BlindIndex>,
    pub evidence: Option<Sealed>,
    pub network_evidence: Option<Sealed>,
}

/// The source of an expression: the one given, else the dictionary's default, else the operating unit (B5).
pub(crate) fn consent_source(given: Option<&EntryCode>, cx: &Decision<'_>) -> Result<String, Refusal> {
    entry(given, &cx.policy().dictionaries.consent_sources, "data.source", cx)
}

/// The source of a withdrawal, by the same chain.
pub(crate) fn withdrawal_source(given: Option<&EntryCode>, cx: &Decision<'_>) -> Result<String, Refusal> {
    entry(given, &cx.policy().dictionaries.withdrawal_sources, "data.source", cx)
}

fn entry(
    given: Option<&EntryCode>,
    dictionary: &crate::policy::Dictionary<EntryCode>,
    field: &str,
    cx: &Decision<'_>,
) -> Result<String, Refusal> {
    if let Some(code) = given {
        known(code, dictionary, field)?;
        return Ok(code.to_string());
    }
    Ok(dictionary
        .default
        .as_ref()
        .map_or_else(|| cx.policy().controller.operating_unit.clone(), EntryCode::to_string))
}

/// Refuses a code that the dictionary does not have.
pub(crate) fn known(
    code: &EntryCode,
    dictionary: &crate::policy::Dictionary<EntryCode>,
    field: &str,
) -> Result<(), Refusal> {
    if dictionary.entries.contains_key(code) {
        return Ok(());
    }
    let values: Vec<_> = dictionary.entries.keys().map(EntryCode::as_str).collect();
    Err(Refusal::field(
        RefusalCode::UnknownCode,
        field,
        format!("is not in the dictionary; one of {}", values.join(", ")),
    ))
}

/// Puts a statement into effect. A "no" after a "yes" is a withdrawal. Returns the purpose if it has ended by this:
/// whoever calls it [stops](super::stopping::stop) all that have ended together.
pub(crate) fn state(mut stated: Stated, subject: &mut Subject, cx: &mut Decision<'_>) -> Option<Ended> {
    let now = cx.now();
    subject.provisional = false;
    let known = subject.consents.get(&stated.purpose);
    let was_granted = known.is_some_and(|c| c.state == ConsentState::Granted);
    // an older "no", told late, took back nothing
    let yields = known.is_none_or(|c| c.yields_to(&stated.statement));
    if stated.statement.kind == StatementKind::Refusal && was_granted && yields {
        stated.statement.kind = StatementKind::Withdrawal;
    }
    let kind = stated.statement.kind;
    if kind != StatementKind::Grant {
        void_requests(&stated, subject, cx);
    }
    let again = kind != StatementKind::Grant && ended_at(subject, &stated) == Some(stated.statement.at);
    if again {
        // the same act told again: no second proof of it
        cx.record(&Act::StatementWithoutEffect {
            purpose: stated.purpose,
            why: Why::AlreadyEnded,
            record: None,
        });
        return None;
    }
    let record = prove(&stated, subject, cx);
    let consent = known_consent(subject, &stated.purpose, now);
    if kind == StatementKind::Withdrawal {
        consent.withdrawn_at = consent.withdrawn_at.max(Some(stated.statement.at));
    }
    if !yields {
        let why = Why::Outdated;
        cx.record(&Act::StatementWithoutEffect { purpose: stated.purpose, why, record: Some(record) });
        return None;
    }
    if kind == StatementKind::Withdrawal && consent.state == ConsentState::Withdrawn {
        // withdrawn once more, later: kept as proof and for the order of acts, but nobody has to stop anew
        consent.since = stated.statement.at;
        consent.last_act = Some(stated.statement);
        let why = Why::AlreadyEnded;
        cx.record(&Act::StatementWithoutEffect { purpose: stated.purpose, why, record: Some(record) });
        return None;
    }
    let at = stated.statement.at;
    if kind == StatementKind::Grant && is_confirmed(consent, &stated, now) {
        // said once more in a weaker way: the record tells how, the confirmation stands (D8)
        stated.opt_in = consent.opt_in;
    }
    consent.since = at;
    consent.record = Some(record);
    consent.opt_in = stated.opt_in;
    consent.last_act = Some(stated.statement.clone());
    match kind {
        StatementKind::Grant => {
            grant(stated, record, subject, cx);
            None
        }
        StatementKind::Refusal => {
            consent.state = ConsentState::Refused;
            consent.expires_at = None;
            cx.record(&Act::ConsentRefused { purpose: stated.purpose.clone(), record });
            let refused = ConsentRefused { purpose: stated.purpose, refused_at: at, consent: record };
            cx.publish(Event::ConsentRefused(refused));
            None
        }
        StatementKind::Withdrawal => {
            consent.state = ConsentState::Withdrawn;
            consent.expires_at = None;
            cx.record(&Act::ConsentWithdrawn {
                purpose: stated.purpose.clone(),
                reason: stated.reason.clone(),
                record,
            });
            let withdrawn = ConsentWithdrawn {
                purpose: stated.purpose.clone(),
                withdrawn_at: at,
                reason: stated.reason,
                consent: record,
            };
            cx.publish(Event::ConsentWithdrawn(withdrawn));
            Some(Ended { purpose: stated.purpose, was_in_use: was_granted })
        }
    }
}

/// Whether the subject has confirmed this very wording, and the confirmation still holds.
fn is_confirmed(consent: &Consent, stated: &Stated, now: Timestamp) -> bool {
    let agreed = stated.agreed.as_ref().map(|a| (&a.content, a.version));
    consent.is_granted(now)
        && consent.opt_in == OptIn::Double
        && consent.content.as_ref().map(|(content, version)| (content, *version)) == agreed
}

fn known_consent<'s>(subject: &'s mut Subject, purpose: &PurposeId, now: Timestamp) -> &'s mut Consent {
    subject.consents.entry(purpose.clone()).or_insert_with(|| Consent::none(now))
}

/// When the consent ended, if it ended as now stated.
fn ended_at(subject: &Subject, stated: &Stated) -> Option<Timestamp> {
    let consent = subject.consents.get(&stated.purpose)?;
    match stated.statement.kind {
        StatementKind::Withdrawal => consent.withdrawn_at,
        // a "no" that took a consent back was kept as a withdrawal
        _ => consent.last_act.as_ref().filter(|a| a.kind != StatementKind::Grant).map(|a| a.at),
    }
}

fn grant(stated: Stated, record: uuid::Uuid, subject: &mut Subject, cx: &mut Decision<'_>) {
    let Some(agreed) = stated.agreed else { return };
    let at = stated.statement.at;
    let period = cx.policy().purposes.get(&stated.purpose).and_then(|p| p.consent_period);
    let expires_at = period.map(|p| at.plus(p));
    let consent = known_consent(subject, &stated.purpose, at);
    consent.state = ConsentState::Granted;
    consent.content = Some((agreed.content.clone(), agreed.version));
    consent.expires_at = expires_at;
    cx.record(&Act::ConsentGranted {
        purpose: stated.purpose.clone(),
        content: agreed.content.clone(),
        version: agreed.version,
        opt_in: stated.opt_in,
        record,
    });
    cx.publish(Event::ConsentGranted(ConsentGranted {
        purpose: stated.purpose.clone(),
        content: agreed.content,
        version: agreed.version,
        locale: agreed.locale,
        opt_in: stated.opt_in,
        granted_at: at,
        expires_at,
        consent: record,
    }));
    if let Some(end) = expires_at {
        cx.later(end, &ExpireConsent { purpose: stated.purpose, record });
    }
}

/// A "no" also voids what was asked for before it: a link clicked later must not revive what was taken back.
fn void_requests(stated: &Stated, subject: &mut Subject, cx: &mut Decision<'_>) {
    for request in &mut subject.requests {
        if request.purpose == stated.purpose
            && request.state == RequestState::Open
            && request.requested_at <= stated.statement.at
        {
            request.state = RequestState::Voided;
            request.answered_at = Some(cx.now());
            cx.record(&Act::ConsentRequestVoided { request: request.id });
            cx.suppress(Suppression::Request(request.id));
        }
    }
}

fn prove(stated: &Stated, subject: &Subject, cx: &mut Decision<'_>) -> uuid::Uuid {
    let id = cx.new_id();
    let network_evidence_until =
        stated.network_evidence.as_ref().and_then(|_| super::proof::network_until(cx));
    let record = ConsentRecord {
        id,
        subject: subject.id,
        purpose: stated.purpose.clone(),
        expression: Expression::of(stated.statement.kind),
        opt_in: stated.opt_in,
        category: stated.agreed.as_ref().map(|a| a.category.clone()),
        content: stated.agreed.as_ref().map(|a| (a.content.clone(), a.version, a.locale)),
        source: stated.source.clone(),
        reason: stated.reason.clone(),
        regulation: stated.agreed.as_ref().and_then(|a| a.regulation.clone()),
        linked: stated.linked,
        expressed_at: stated.statement.at,
        recorded_at: cx.now(),
        told_by: stated.statement.source.clone(),
        evidence: stated.evidence.clone(),
        network_evidence: stated.network_evidence.clone(),
        network_evidence_until,
        policy: cx.policy().hash,
    };
    cx.prove(record);
    id
}

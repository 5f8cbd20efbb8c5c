//! Consent is taken back (Art. 7(3)): as easily as it was given, at any time, with effect for the future.

use super::answer_consent::TOLD_BY_SUBJECT;
use super::notifying::notify;
use super::object_to_use::raise;
use super::proof::{self, Manner, NetworkTrace, NetworkTraces};
use super::restricting::not_erased;
use super::stating::{Stated, known, state, withdrawal_source};
use super::stopping::{End, Ended, stop, stop_use};
use crate::audit::Act;
use crate::code::{EntryCode, PurposeId};
use crate::decision::{Decision, INTERNAL_SOURCE};
use crate::event::StopCause;
use crate::job::{Concerns, Job};
use crate::model::{
    ConsentState, Evidence, NoticeDetail, NoticeKind, ObjectionState, Statement, StatementKind, Subject,
};
use crate::policy::{LawfulBasis, OptIn, Purpose};
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `consent.withdraw.v1`: consent to some purposes, or to all, is withdrawn.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawConsent {
    /// Whose consent.
    pub subject: SubjectRef,
    /// To which purposes.
    pub purposes: Purposes,
    /// It is not quite clear whether, or what, the subject withdraws: direct marketing stops at once, and staff find out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unclear: bool,
    /// Why; a value of the dictionary of withdrawal reasons, and its default if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EntryCode>,
    /// Where; a value of the dictionary of withdrawal sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<EntryCode>,
    /// When the subject withdrew; the envelope's time if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
    /// The member of staff who entered it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// What proves the withdrawal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// The form of the subject's own page; and, where the policy has it, the source of what is withdrawn there.
pub const PREFERENCE_PAGE: &str = "preference-page";

/// Which purposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Purposes {
    /// A word that stands for several.
    Several(Several),
    /// These.
    These(Vec<PurposeId>),
}

/// A word that stands for several purposes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Several {
    /// Every purpose that rests on consent or soft opt-in, whether or not a consent or a sale is known here.
    All,
    /// Every purpose with a consent, or a soft opt-in, that stands at the time.
    Current,
}

impl Job for WithdrawConsent {
    const KIND: &'static str = "consent.withdraw.v1";
    // a withdrawal may come before the consent it takes back
    const CREATES: bool = true;
    const EVERY_MATCH: bool = true;
    // soft opt-in ends by an objection
    const RIGHTS: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let at = cx.act_time(self.withdrawn_at, "data.withdrawn_at")?;
        if self.unclear {
            self.purposes(subject, cx)?;
            return unclear(at, subject, cx);
        }
        let reasons = &cx.policy().dictionaries.withdrawal_reasons;
        if let Some(reason) = &self.reason {
            known(reason, reasons, "data.reason")?;
        }
        let reason = self.reason.as_ref().or(reasons.default.as_ref());
        let source = withdrawal_source(self.source.as_ref(), cx)?;
        let form = self.evidence.as_ref().and_then(|e| e.form.as_deref());
        let told_by = match cx.message().source.as_str() {
            INTERNAL_SOURCE if form == Some(PREFERENCE_PAGE) => TOLD_BY_SUBJECT,
            source => source,
        };
        let mut ended = Vec::new();
        for purpose in self.purposes(subject, cx)? {
            if let Some(rules) = cx.policy().purposes.get(&purpose).filter(|p| p.basis.is_soft_opt_in()) {
                ended.extend(ends_as_customer(rules, at, subject, cx));
                continue;
            }
            let opted_out = if self.staff.is_some() { OptIn::OptedOutStaff } else { OptIn::OptedOutSubject };
            let statement = Statement { kind: StatementKind::Withdrawal, at, source: told_by.to_owned() };
            let manner = Manner {
                form: self.evidence.as_ref().and_then(|e| e.form.as_ref()).map(proof::cut),
                staff: self.staff.as_ref().map(proof::cut),
                ..Manner::default()
            };
            let evidence = match (&manner.form, &manner.staff) {
                (None, None) => None,
                _ => Some(proof::seal(&manner, "evidence", subject, cx)?),
            };
            let network_evidence = match NetworkTrace::of(self.evidence.as_ref()) {
                Some(trace) => {
                    let traces = NetworkTraces { asked: None, confirmed: Some(trace) };
                    Some(proof::seal(&traces, "network_evidence", subject, cx)?)
                }
                None => None,
            };
            let stated = Stated {
                purpose,
                statement,
                opt_in: opted_out,
                agreed: None,
                source: source.clone(),
                reason: reason.cloned(),
                linked: None,
                evidence,
                network_evidence,
            };
            ended.extend(state(stated, subject, cx));
        }
        stop(&ended, &End { cause: StopCause::Withdrawal, at, reason }, subject, cx)
    }
}

/// What people call a withdrawal is an objection where the purpose rests on soft opt-in.
fn ends_as_customer(
    purpose: &Purpose,
    at: Timestamp,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Option<Ended> {
    if not_erased(subject).is_err() {
        // nothing is left that could be used
        return None;
    }
    subject.provisional = false;
    let was_in_use = subject.soft_opt_ins.contains_key(&purpose.id);
    raise(purpose, ObjectionState::InForce, at, subject, cx)
        .then(|| Ended { purpose: purpose.id.clone(), was_in_use })
}

/// Something that may be a withdrawal (E9): direct marketing ends at once, as by an objection, because that can do no harm;
/// consents stand, and staff find out what was meant. A consent that the subject gives later is its later word.
fn unclear(at: Timestamp, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
    not_erased(subject)?;
    subject.provisional = false;
    let policy = cx.policy();
    let mut purposes = Vec::new();
    for purpose in policy.purposes.values().filter(|purpose| purpose.marketing) {
        if raise(purpose, ObjectionState::InForce, at, subject, cx) {
            purposes.push(purpose.id.clone());
        }
    }
    for purpose in &purposes {
        // what was confirmed before does not count any more, so that the person can be asked, and say yes, again
        let consent = subject.consents.get_mut(purpose);
        if let Some(consent) = consent.filter(|c| c.state == ConsentState::Granted && c.opt_in != OptIn::None)
        {
            consent.opt_in = OptIn::None;
            cx.record(&Act::OptInReset { purpose: purpose.clone() });
        }
        stop_use(purpose, StopCause::Objection, at, subject, cx);
    }
    let staff = policy.staff_concerned(&purposes, subject.caretaker.as_ref());
    let detail = NoticeDetail { purposes, at: Some(at), ..NoticeDetail::default() };
    notify(NoticeKind::Unclear, &staff, &at.micros().to_string(), &detail, subject, cx)
}

impl WithdrawConsent {
    /// The purposes meant. "All" is every purpose of the policy that rests on consent or soft opt-in, whether or not a
    /// consent or a sale is known here: the message that told it may be on its way still.
    fn purposes(&self, subject: &Subject, cx: &Decision<'_>) -> Result<Vec<PurposeId>, Refusal> {
        let policy = cx.policy();
        let purposes = match &self.purposes {
            Purposes::Several(Several::All) => {
                let ends = |p: &&Purpose| p.basis == LawfulBasis::Consent || p.basis.is_soft_opt_in();
                return Ok(policy.purposes.values().filter(ends).map(|p| p.id.clone()).collect());
            }
            Purposes::Several(Several::Current) => {
                let granted = subject.consents.iter().filter(|(_, c)| c.is_granted(cx.now()));
                let customer = subject.soft_opt_ins.keys().filter(|purpose| {
                    policy.purposes.get(*purpose).is_some_and(|p| p.basis.is_soft_opt_in())
                });
                let current: BTreeSet<_> = granted.map(|(purpose, _)| purpose).chain(customer).collect();
                return Ok(current.into_iter().cloned().collect());
            }
            Purposes::These(purposes) => purposes,
        };
        if purposes.is_empty() {
            let problem = "must name at least one purpose, or be \"all\" or \"current\"";
            return Err(Refusal::invalid("data.purposes", problem));
        }
        let problems: Vec<_> = purposes
            .iter()
            .enumerate()
            .filter(|(_, p)| !policy.purposes.contains_key(*p))
            .map(|(i, p)| FieldProblem {
                field: format!("data.purposes[{i}]"),
                problem: format!("the policy has no purpose \"{p}\""),
            })
            .collect();
        if problems.is_empty() {
            let mut named = purposes.clone();
            named.sort();
            named.dedup();
            return Ok(named);
        }
        let detail =
            problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
        Err(Refusal { code: RefusalCode::UnknownPurpose, detail, fields: problems })
    }
}

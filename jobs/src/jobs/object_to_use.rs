//! A subject objects (Art. 21): against direct marketing that ends it at once; against other uses on legitimate interest
//! or public task it restricts first and is then decided. What rests on consent is withdrawn.

use super::notifying::notify;
use super::proof::{self, Manner, NetworkTrace, NetworkTraces};
use super::restricting::{Wanted, not_erased, restrict};
use super::stating::{Stated, state, withdrawal_source};
use super::stopping::{End, Ended, stop};
use crate::audit::Act;
use crate::code::{EntryCode, PurposeId};
use crate::decision::Decision;
use crate::event::StopCause;
use crate::job::{Concerns, Job};
use crate::model::{
    Evidence, Ground, NoticeDetail, NoticeKind, Objection, ObjectionState, Statement, StatementKind, Subject,
};
use crate::policy::{LawfulBasis, OptIn, Purpose};
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `subject.object.v1`: the subject objects to uses of its data.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectToUse {
    /// Who objects.
    pub subject: SubjectRef,
    /// To which purposes.
    pub purposes: Objected,
    /// When; the envelope's time if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objected_at: Option<Timestamp>,
    /// Where; a value of the dictionary of withdrawal sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<EntryCode>,
    /// The subject's situation, on which the objection rests (Art. 21(1)); sealed, and kept where it has to be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The member of staff who entered it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// What proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// Which purposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Objected {
    /// A word that stands for several.
    Several(ObjectedUses),
    /// These.
    These(Vec<PurposeId>),
}

/// A word that stands for several purposes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectedUses {
    /// All direct marketing (Art. 21(2)).
    Marketing,
    /// Direct marketing, and everything that rests on consent, legitimate interest or public task.
    All,
}

impl Job for ObjectToUse {
    const KIND: &'static str = "subject.object.v1";
    // an objection may come before anything is known of whoever objects
    const CREATES: bool = true;
    const EVERY_MATCH: bool = true;
    const RIGHTS: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let at = cx.act_time(self.objected_at, "data.objected_at")?;
        not_erased(subject)?;
        subject.provisional = false;
        let (mut ended, mut open) = (Vec::new(), Vec::new());
        for purpose in self.purposes(cx)? {
            if purpose.marketing {
                let raised = raise(purpose, ObjectionState::InForce, at, subject, cx);
                let stopped = match purpose.basis {
                    LawfulBasis::Consent => self.withdraw(purpose, at, subject, cx)?,
                    _ => raised.then(|| Ended {
                        purpose: purpose.id.clone(),
                        was_in_use: !purpose.basis.is_soft_opt_in()
                            || subject.soft_opt_ins.contains_key(&purpose.id),
                    }),
                };
                // an objection holds where no consent was known that could be withdrawn
                ended.extend(stopped);
            } else if purpose.basis == LawfulBasis::Consent {
                ended.extend(self.withdraw(purpose, at, subject, cx)?);
            } else if raise(purpose, ObjectionState::Pending, at, subject, cx) {
                open.push(purpose.id.clone());
            }
        }
        stop(&ended, &End { cause: StopCause::Objection, at, reason: None }, subject, cx)?;
        if open.is_empty() {
            return Ok(());
        }
        let note = self.note.as_deref();
        restrict(&Wanted { ground: Ground::ObjectionPending, at, note, confirm: true }, subject, cx)?;
        // whoever handles it stops, and the administrators decide
        let policy = cx.policy();
        let mut staff = policy.staff_concerned(&open, subject.caretaker.as_ref());
        staff.extend(policy.administrators());
        let names: Vec<&str> = open.iter().map(PurposeId::as_str).collect();
        let mark = format!("{}\0{}", at.micros(), names.join(","));
        let detail = NoticeDetail { purposes: open.clone(), at: Some(at), ..NoticeDetail::default() };
        notify(NoticeKind::Objection, &staff, &mark, &detail, subject, cx)
    }
}

impl ObjectToUse {
    /// The purposes meant. Those that nobody can object to are refused by name.
    fn purposes<'p>(&self, cx: &Decision<'p>) -> Result<Vec<&'p Purpose>, Refusal> {
        let policy = cx.policy();
        let may = |p: &&Purpose| p.marketing || p.basis.is_objectionable() || p.basis == LawfulBasis::Consent;
        let names = match &self.purposes {
            Objected::Several(ObjectedUses::Marketing) => {
                return Ok(policy.purposes.values().filter(|p| p.marketing).collect());
            }
            Objected::Several(ObjectedUses::All) => {
                return Ok(policy.purposes.values().filter(may).collect());
            }
            Objected::These(names) => names,
        };
        if names.is_empty() {
            let problem = "must name at least one purpose, or be \"marketing\" or \"all\"";
            return Err(Refusal::invalid("data.purposes", problem));
        }
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        let mut code = RefusalCode::NotObjectionable;
        for (i, name) in names.iter().enumerate() {
            let problem = match policy.purposes.get(name) {
                None => {
                    code = RefusalCode::UnknownPurpose;
                    format!("the policy has no purpose \"{name}\"")
                }
                Some(purpose) if may(&purpose) => {
                    found.push(purpose);
                    continue;
                }
                Some(purpose) => format!(
                    "\"{name}\" rests on {}; against that the law gives no right to object (Art. 21(1) GDPR)",
                    purpose.basis.as_str()
                ),
            };
            problems.push(FieldProblem { field: format!("data.purposes[{i}]"), problem });
        }
        if problems.is_empty() {
            found.sort_by(|a, b| a.id.cmp(&b.id));
            found.dedup_by(|a, b| a.id == b.id);
            return Ok(found);
        }
        let detail =
            problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
        Err(Refusal { code, detail, fields: problems })
    }

    /// Withdraws consent, as which an objection to what rests on it counts.
    fn withdraw(
        &self,
        purpose: &Purpose,
        at: Timestamp,
        subject: &mut Subject,
        cx: &mut Decision<'_>,
    ) -> Result<Option<Ended>, Refusal> {
        let manner = Manner {
            form: self.evidence.as_ref().and_then(|e| e.form.as_ref()).map(proof::cut),
            staff: self.staff.as_ref().map(proof::cut),
            how: Some("objection".to_owned()),
            ..Manner::default()
        };
        let evidence = Some(proof::seal(&manner, "evidence", subject, cx)?);
        let network_evidence = match NetworkTrace::of(self.evidence.as_ref()) {
            Some(trace) => {
                let traces = NetworkTraces { asked: None, confirmed: Some(trace) };
                Some(proof::seal(&traces, "network_evidence", subject, cx)?)
            }
            None => None,
        };
        let stated = Stated {
            purpose: purpose.id.clone(),
            statement: Statement { kind: StatementKind::Withdrawal, at, source: cx.message().source.clone() },
            opt_in: if self.staff.is_some() { OptIn::OptedOutStaff } else { OptIn::OptedOutSubject },
            agreed: None,
            source: withdrawal_source(self.source.as_ref(), cx)?,
            reason: None,
            linked: None,
            evidence,
            network_evidence,
        };
        Ok(state(stated, subject, cx))
    }
}

/// Enters an objection; whether there is anything new about it.
pub(super) fn raise(
    purpose: &Purpose,
    state: ObjectionState,
    at: Timestamp,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> bool {
    let told_by = cx.message().source.clone();
    if let Some(known) = subject.objections.get_mut(&purpose.id) {
        let again = known.state == ObjectionState::Overridden && at > known.decided_at.unwrap_or(known.at);
        if !again {
            // told again: the later time counts against a consent that was given in between; where none counts, nobody has
            // to stop anew
            let later = at > known.at && !purpose.basis.is_soft_opt_in();
            known.at = known.at.max(at);
            return later && state == ObjectionState::InForce && known.state == ObjectionState::InForce;
        }
    }
    subject.objections.insert(purpose.id.clone(), Objection { state, at, told_by, decided_at: None });
    cx.record(&Act::ObjectionRaised {
        purpose: purpose.id.clone(),
        absolute: state == ObjectionState::InForce,
    });
    true
}

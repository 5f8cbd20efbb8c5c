//! A customer bought, gave its contact details, and was told that it could object (Art. 13(2) of Directive 2002/58/EC).
//! Apps tell of every such sale; what the customer said against it holds at once and for good.

use super::guards;
use super::object_to_use::raise;
use super::proof::{self, Manner};
use super::restricting::not_erased;
use super::stating::consent_source;
use super::stopping::{End, Ended, stop, stop_use};
use crate::audit::{Act, Why};
use crate::code::{EntryCode, PurposeId};
use crate::decision::Decision;
use crate::event::{Event, SoftOptInRecorded, StopCause};
use crate::job::{Concerns, Job};
use crate::model::{ConsentState, Evidence, IdentityKind, ObjectionState, SoftOptIn, Subject, SubjectState};
use crate::policy::{LawfulBasis, Policy, Purpose};
use crate::protection::BlindIndex;
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `soft_opt_in.record.v1`: a sale in which a customer was told that it may be told of similar products, and could object.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSoftOptIn {
    /// The customer, with the email address or phone number that it gave with the sale.
    pub subject: SubjectRef,
    /// For which purposes; each rests on soft opt-in.
    #[schemars(length(min = 1, max = 50))]
    pub purposes: Vec<PurposeId>,
    /// When the sale was; the envelope's time if left out. Never in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold_at: Option<Timestamp>,
    /// The customer was told clearly, and could object there, free of charge and easily; must be true.
    pub could_object: bool,
    /// The customer objected: that holds at once, and for good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub objected: bool,
    /// Where; a value of the dictionary of consent sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<EntryCode>,
    /// What proves it. Of it, the form is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// The most purposes in one message.
const MOST_PURPOSES: usize = 50;

impl Job for RecordSoftOptIn {
    const KIND: &'static str = "soft_opt_in.record.v1";
    const CREATES: bool = true;
    const RIGHTS: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    /// A sale is somebody's; an objection that may be of several is of each.
    fn every_match(&self) -> bool {
        self.objected
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let at = cx.act_time(self.sold_at, "data.sold_at")?;
        let purposes = self.purposes(cx.policy())?;
        let source = consent_source(self.source.as_ref(), cx)?;
        if self.objected {
            return object(&purposes, at, subject, cx);
        }
        if !self.could_object {
            return Err(Refusal::invalid(
                "data.could_object",
                "must be true: whoever was not told clearly with the sale, or could not object there free of charge and \
                 easily, may not be sent advertising without consent; ask for it with consent.request.v1",
            ));
        }
        if subject.state != SubjectState::Active {
            return Err(Refusal::new(
                RefusalCode::SubjectClosed,
                "The subject's data are restricted or being erased; no soft opt-in is recorded.",
            ));
        }
        guards::no_soft_opt_in_of_a_child("data.subject", subject, cx)?;
        let told = self.told(at, source, subject, cx)?;
        self.reaches(&purposes, &told, cx.policy())?;
        subject.provisional = false;
        for purpose in purposes {
            record(purpose, &told, subject, cx);
        }
        Ok(())
    }
}

impl RecordSoftOptIn {
    /// The purposes meant; a refusal names every one that does not rest on soft opt-in.
    fn purposes<'p>(&self, policy: &'p Policy) -> Result<Vec<&'p Purpose>, Refusal> {
        if self.purposes.is_empty() || self.purposes.len() > MOST_PURPOSES {
            let problem = format!("must name 1 to {MOST_PURPOSES} purposes");
            return Err(Refusal::invalid("data.purposes", problem));
        }
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        let mut code = RefusalCode::InvalidField;
        for (i, name) in self.purposes.iter().enumerate() {
            let problem = match policy.purposes.get(name) {
                None => {
                    code = RefusalCode::UnknownPurpose;
                    format!("the policy has no purpose \"{name}\"")
                }
                Some(purpose) if purpose.basis.is_soft_opt_in() => {
                    found.push(purpose);
                    continue;
                }
                Some(purpose) => format!(
                    "\"{name}\" rests on {}, which a sale does not open; name a purpose that rests on soft_opt_in",
                    purpose.basis.as_str()
                ),
            };
            problems.push(FieldProblem { field: format!("data.purposes[{i}]"), problem });
        }
        if !problems.is_empty() {
            return Err(refusal(code, problems));
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.dedup_by(|a, b| a.id == b.id);
        Ok(found)
    }

    /// The sale as it is kept.
    fn told(
        &self,
        sold_at: Timestamp,
        source: String,
        subject: &Subject,
        cx: &mut Decision<'_>,
    ) -> Result<SoftOptIn, Refusal> {
        let (mut email, mut phone) = (None, None);
        for value in self.subject.identities()? {
            let obtained: &mut Option<BlindIndex> = match value.kind() {
                IdentityKind::Email => &mut email,
                IdentityKind::Phone => &mut phone,
                _ => continue,
            };
            *obtained = Some(cx.vault().blind_index(&value));
        }
        let form = self.evidence.as_ref().and_then(|evidence| evidence.form.as_ref()).map(proof::cut);
        let evidence = match form {
            Some(form) => {
                let manner = Manner { form: Some(form), ..Manner::default() };
                Some(proof::seal(&manner, "evidence", subject, cx)?)
            }
            None => None,
        };
        let (told_by, recorded_at) = (cx.message().source.clone(), cx.now());
        let policy = cx.policy().hash;
        Ok(SoftOptIn { sold_at, email, phone, source, told_by, recorded_at, evidence, policy })
    }

    /// Refuses a sale in which no contact details were obtained by which a purpose reaches the customer.
    fn reaches(&self, purposes: &[&Purpose], told: &SoftOptIn, policy: &Policy) -> Result<(), Refusal> {
        let sale = told.sale();
        let reached = |purpose: &&&Purpose| match &purpose.basis {
            LawfulBasis::SoftOptIn { channels, .. } => channels
                .iter()
                .filter_map(|id| policy.channels.get(id))
                .any(|channel| sale.reaches(channel.kind)),
            _ => false,
        };
        let Some(purpose) = purposes.iter().find(|purpose| !reached(purpose)) else { return Ok(()) };
        Err(Refusal::invalid(
            "data.subject",
            format!(
                "must name the email address or phone number that the customer gave with this sale: \"{}\" may use no \
                 other contact details",
                purpose.id
            ),
        ))
    }
}

/// Records a sale for one purpose. What the subject has said against the purpose stands, whenever the sale was.
fn record(purpose: &Purpose, told: &SoftOptIn, subject: &mut Subject, cx: &mut Decision<'_>) {
    let ended = subject.consents.get(&purpose.id).map(|consent| consent.state);
    let objected = subject.objections.get(&purpose.id).is_some_and(|objection| objection.blocks(None));
    if objected || matches!(ended, Some(ConsentState::Withdrawn | ConsentState::Refused)) {
        let (purpose, why, record) = (purpose.id.clone(), Why::SaidOtherwise, None);
        cx.record(&Act::StatementWithoutEffect { purpose, why, record });
        return;
    }
    let known = subject.soft_opt_ins.get(&purpose.id);
    let now = match known {
        Some(known) => known.clone().and(told.clone()),
        None => told.clone(),
    };
    if known.is_some_and(|known| known.sale() == now.sale()) {
        let (purpose, why, record) = (purpose.id.clone(), Why::Outdated, None);
        cx.record(&Act::StatementWithoutEffect { purpose, why, record });
        return;
    }
    let (id, sold_at) = (purpose.id.clone(), now.sold_at);
    subject.soft_opt_ins.insert(id.clone(), now);
    cx.record(&Act::SoftOptInRecorded { purpose: id.clone(), sold_at: told.sold_at });
    cx.publish(Event::SoftOptInRecorded(SoftOptInRecorded { purpose: id, sold_at }));
}

/// The customer said no when it could: apps stop, and staff where there was something to stop.
fn object(
    purposes: &[&Purpose],
    at: Timestamp,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    not_erased(subject)?;
    subject.provisional = false;
    let mut ended = Vec::new();
    for purpose in purposes {
        if !raise(purpose, ObjectionState::InForce, at, subject, cx) {
            continue;
        }
        if subject.soft_opt_ins.contains_key(&purpose.id) {
            ended.push(Ended { purpose: purpose.id.clone(), was_in_use: true });
        } else {
            stop_use(&purpose.id, StopCause::Objection, at, subject, cx);
        }
    }
    stop(&ended, &End { cause: StopCause::Objection, at, reason: None }, subject, cx)
}

fn refusal(code: RefusalCode, fields: Vec<FieldProblem>) -> Refusal {
    let detail = fields.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
    Refusal { code, detail, fields }
}

//! What is known of a subject is stored or brought up to date. A subject may exist without any contact data (C5).

use super::expire_request::expire;
use super::guards;
use super::informing;
use super::naming::set_field;
use crate::audit::Act;
use crate::code::{DataSourceId, FieldId, StaffId};
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{
    IdentityKind, IdentityProblem, IdentityValue, Link, LinkedKind, RequestState, Subject, SubjectState,
};
use crate::policy::{FieldKind, OptIn};
use crate::protection::BlindIndex;
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `subject.upsert.v1`: a subject is made known, or changed.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpsertSubject {
    /// Who; identities not known yet are added.
    pub subject: SubjectRef,
    /// The email address that mail goes to from now on. A change resets the opt-in of every consent (B13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_email: Option<String>,
    /// Values of the policy's fields; an empty text erases the value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<FieldId, String>,
    /// The member of staff who looks after the subject, and is told of everything that stops for it; an empty text: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caretaker: Option<String>,
    /// It is a child, as the app knows without telling a birthday (Art. 8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<bool>,
    /// Postal and other addresses, by a name of the app's choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<LinkGiven>,
    /// Contact persons, by a name of the app's choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<LinkGiven>,
    /// Where the data came from, if the subject has not given them: an entry of the policy's sources of data. The subject
    /// is told so by mail, once (Art. 14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obtained_from: Option<DataSourceId>,
    /// The subject has that information already (Art. 14(5)(a)); it is not told again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already_informed: bool,
}

/// An address or contact of a subject.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkGiven {
    /// By which messages name it.
    pub name: String,
    /// Its text.
    #[serde(default)]
    pub value: String,
    /// In use; consents can be linked to it.
    #[serde(default = "yes")]
    pub active: bool,
}

const fn yes() -> bool {
    true
}

/// The longest value of a field, in characters.
const LONGEST_VALUE: usize = 1000;
/// The most addresses and contacts a subject may have.
const MOST_LINKS: usize = 100;

impl Job for UpsertSubject {
    const KIND: &'static str = "subject.upsert.v1";
    const CREATES: bool = true;
    const RENAMES: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    /// What was told of sources of data is read with them.
    fn rights(&self) -> bool {
        self.obtained_from.is_some()
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        if subject.state != SubjectState::Active {
            return Err(Refusal::new(
                RefusalCode::SubjectClosed,
                "The subject's data are restricted or being erased; they may not be changed.",
            ));
        }
        self.check(subject, cx)?;
        subject.provisional = false;
        // an address that is told anew is tried anew
        for value in self.subject.identities()? {
            let index = cx.vault().blind_index(&value);
            for identity in subject.identities.iter_mut().filter(|i| i.index == index) {
                identity.undeliverable_at = None;
            }
        }
        if let Some(email) = &self.primary_email {
            change_primary_email(email, subject, cx)?;
        }
        if let Some(name) = &self.caretaker {
            change_caretaker(name, subject, cx)?;
        }
        subject.child = self.child.unwrap_or(subject.child);
        let mut changed = Vec::new();
        for (field, value) in &self.fields {
            let new = if value.is_empty() {
                subject.fields.remove(field).is_some()
            } else {
                set_field(subject, field.clone(), value, cx)?
            };
            if new {
                changed.push(field.clone());
            }
        }
        if !changed.is_empty() {
            cx.record(&Act::FieldsChanged { fields: changed });
        }
        let links = set_links(&self.addresses, LinkedKind::Address, subject, cx)?
            + set_links(&self.contacts, LinkedKind::Contact, subject, cx)?;
        if links > 0 {
            cx.record(&Act::LinksChanged { count: links });
        }
        informing::obtained(self.obtained_from.as_ref(), self.already_informed, subject, cx)
    }
}

impl UpsertSubject {
    fn check(&self, subject: &Subject, cx: &Decision<'_>) -> Result<(), Refusal> {
        let mut problems = Vec::new();
        let mut code = RefusalCode::InvalidField;
        for (name, value) in &self.fields {
            let field = format!("data.fields.{name}");
            let problem = match cx.policy().fields.get(name) {
                None => Some("is not a field of the policy".to_owned()),
                Some(_) if value.is_empty() => None,
                Some(f) => value_problem(f.kind, value).or_else(|| {
                    let (guarded, problem) = guards::field_problem(name, subject, cx)?;
                    code = guarded;
                    Some(problem)
                }),
            };
            problems.extend(problem.map(|problem| FieldProblem { field, problem }));
        }
        for (list, links) in [("addresses", &self.addresses), ("contacts", &self.contacts)] {
            for (i, link) in links.iter().enumerate() {
                if link.name.trim().is_empty() || link.name.chars().count() > 128 {
                    problems.push(FieldProblem {
                        field: format!("data.{list}[{i}].name"),
                        problem: "must be 1 to 128 characters".into(),
                    });
                }
                if link.value.chars().count() > LONGEST_VALUE {
                    problems.push(FieldProblem {
                        field: format!("data.{list}[{i}].value"),
                        problem: format!("must be at most {LONGEST_VALUE} characters"),
                    });
                }
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        let detail =
            problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
        Err(Refusal { code, detail, fields: problems })
    }
}

/// Why a value of this kind is not taken, if it is not.
pub(crate) fn value_problem(kind: FieldKind, value: &str) -> Option<String> {
    if value.chars().count() > LONGEST_VALUE || value.chars().any(|c| c.is_control()) {
        return Some(format!("must be one line of at most {LONGEST_VALUE} characters"));
    }
    match kind {
        FieldKind::Text => None,
        FieldKind::Email => IdentityValue::email(value).err().map(|e| IdentityProblem::to_string(&e)),
        FieldKind::Phone => IdentityValue::phone(value).err().map(|e| IdentityProblem::to_string(&e)),
        FieldKind::Date => chrono::NaiveDate::parse_from_str(value, "%Y-%m-%d")
            .err()
            .map(|_| "must be a date like 1990-12-31".to_owned()),
    }
}

/// Names another member of staff as the subject's caretaker, or nobody.
fn change_caretaker(name: &str, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
    let staff = &cx.policy().staff;
    let caretaker = match StaffId::new(name).filter(|id| staff.contains_key(id)) {
        None if name.is_empty() => None,
        None => {
            return Err(Refusal::invalid(
                "data.caretaker",
                "is nobody of the policy's staff; name one of [staff], or leave it empty for nobody",
            ));
        }
        known => known,
    };
    if subject.caretaker != caretaker {
        subject.caretaker.clone_from(&caretaker);
        cx.record(&Act::CaretakerChanged { caretaker });
    }
    Ok(())
}

/// Makes an address the primary one. The identity itself was added when the subject was named; another subject's
/// address never gets here (the runner parks the message).
fn change_primary_email(email: &str, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
    let value =
        IdentityValue::email(email).map_err(|e| Refusal::invalid("data.primary_email", e.to_string()))?;
    let index = cx.vault().blind_index(&value);
    if subject.identity(&index).is_none() {
        return Err(Refusal::invalid(
            "data.primary_email",
            "must also be named as data.subject.email, so that it is known whose address it is",
        ));
    }
    make_primary(index, subject, cx);
    Ok(())
}

/// Makes an address of the subject the one that mail goes to; the opt-in of every consent is reset (B13).
pub(crate) fn make_primary(index: BlindIndex, subject: &mut Subject, cx: &mut Decision<'_>) {
    let primary = subject.primary(&IdentityKind::Email).map(|i| i.index);
    if primary == Some(index) {
        return;
    }
    for identity in subject.identities.iter_mut().filter(|i| i.kind == IdentityKind::Email) {
        identity.primary = identity.index == index;
        identity.active |= identity.primary;
    }
    cx.record(&Act::PrimaryEmailChanged);
    for (purpose, consent) in &mut subject.consents {
        if !matches!(consent.opt_in, OptIn::None | OptIn::OptedOutStaff | OptIn::OptedOutSubject) {
            consent.opt_in = OptIn::None;
            cx.record(&Act::OptInReset { purpose: purpose.clone() });
        }
    }
    // what was asked at another address would confirm that one, and not the one that mails now go to
    let elsewhere: Vec<_> = subject
        .requests
        .iter()
        .filter(|r| r.state == RequestState::Open && r.address != index)
        .map(|r| r.id)
        .collect();
    for request in elsewhere {
        expire(request, subject, cx);
    }
}

fn set_links(
    given: &[LinkGiven],
    kind: LinkedKind,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<usize, Refusal> {
    let use_ = match kind {
        LinkedKind::Address => "address",
        LinkedKind::Contact => "contact",
    };
    let key = subject.contact_key(cx.vault())?;
    let place = subject.place("subject_link", "sealed");
    for link in given {
        let index = cx.vault().blind_index_of(use_, link.name.trim());
        let sealed = key.seal(place, link.value.as_bytes(), cx.rng());
        let count = subject.links.len();
        match subject.links.iter_mut().find(|l| l.kind == kind && l.index == index) {
            Some(known) => {
                known.active = link.active;
                if !link.value.is_empty() {
                    known.sealed = sealed;
                }
            }
            None if count >= MOST_LINKS => {
                return Err(Refusal::invalid(
                    format!("data.{use_}"),
                    format!("a subject may have at most {MOST_LINKS} addresses and contacts"),
                ));
            }
            None => subject.links.push(Link { index, kind, sealed, active: link.active }),
        }
    }
    Ok(given.len())
}

//! Showing values in the open (I3): for a reason, by whoever has the role, and never before the trail tells of it. The
//! trail names the fields and never a value; the reason is sealed under the subject's evidence key, because people
//! write what they like.

use crate::app::Opened;
use crate::clock::NoRandomness;
use crate::store::registers::{self, ConsentFilter};
use crate::store::{StoreError, audit};
use rand::rngs::StdRng;
use rescind_jobs::audit::{Act, Actor, AuditEvent, Cause};
use rescind_jobs::code::FieldId;
use rescind_jobs::model::{IdentityKind, LinkedKind, Subject, SubjectId};
use rescind_jobs::policy::{Handling, Policy};
use rescind_jobs::protection::Sealed;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RevealError {
    /// No such field.
    #[error("--field: number {place} is not known; one of {}", known.join(", "))]
    UnknownField {
        /// Which of those that were named; what was typed may be personal.
        place: usize,
        /// What there is.
        known: Vec<String>,
    },
    /// The reason.
    #[error("--reason {0}")]
    Reason(&'static str),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// Values beside the policy's fields.
const BUILT_IN: [&str; 5] = ["email", "phone", "ids", "addresses", "contacts"];

/// What is to be shown.
pub(crate) struct Wanted(BTreeSet<String>);

impl Wanted {
    /// Reads what was named.
    pub(crate) fn read(policy: &Policy, fields: &[String]) -> Result<Self, RevealError> {
        let known: Vec<String> = BUILT_IN
            .map(str::to_owned)
            .into_iter()
            .chain(policy.fields.keys().map(FieldId::to_string))
            .collect();
        if let Some(place) = fields.iter().position(|field| !known.contains(field)) {
            return Err(RevealError::UnknownField { place: place + 1, known });
        }
        Ok(Self(fields.iter().cloned().collect()))
    }

    /// Whether something of it takes more than the role that looks things up.
    pub(crate) fn is_restricted(&self, policy: &Policy) -> bool {
        self.0.iter().any(|field| {
            let handling = match FieldId::new(field) {
                Some(id) if !BUILT_IN.contains(&field.as_str()) => policy.handling(&id),
                _ => policy.masking.identifying,
            };
            handling == Handling::Restricted
        })
    }
}

/// A value in the open.
#[derive(Serialize)]
pub(crate) struct Shown {
    pub(crate) subject: SubjectId,
    pub(crate) field: String,
    pub(crate) value: String,
}

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// A reason that is one.
pub(crate) fn reason(text: &str) -> Result<&str, RevealError> {
    let text = text.trim();
    if text.chars().filter(|c| c.is_alphanumeric()).count() < 3 {
        return Err(RevealError::Reason("must tell why the values have to be seen"));
    }
    if text.chars().count() > LONGEST_REASON || text.chars().any(char::is_control) {
        return Err(RevealError::Reason("must be one line of at most 500 characters"));
    }
    Ok(text)
}

/// A reason that is kept as it is, because no subject's key could seal it: it must hold no address and no number by
/// which a person could be known.
pub(crate) fn plain_reason(text: &str) -> Result<&str, RevealError> {
    let text = reason(text)?;
    let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    if text.contains('@') || digits > 4 {
        return Err(RevealError::Reason(
            "must name no person: it is kept as it is, so leave addresses and long numbers out",
        ));
    }
    Ok(text)
}

/// The values of a subject, after the trail was told; none: there is no such subject.
pub(crate) async fn subject(
    opened: &Opened,
    actor: &Actor,
    id: SubjectId,
    wanted: &Wanted,
    reason: &str,
) -> Result<Option<Vec<Shown>>, RevealError> {
    let Some(subject) = registers::subject(&opened.pool, id).await? else { return Ok(None) };
    let mut rng = opened.randomness.generator()?;
    let key = subject.evidence_key(&opened.vault).map_err(StoreError::from)?;
    let sealed = key.seal(subject.place("audit", "reason"), reason.as_bytes(), &mut rng);
    let act = Act::SubjectRevealed {
        fields: wanted.0.iter().cloned().collect(),
        reason: data_encoding::BASE64.encode(&sealed.0),
        actor: actor.clone(),
    };
    record(opened, actor, &act, Some(id), &mut rng).await?;
    values(opened, &subject, wanted).map(Some)
}

fn values(opened: &Opened, subject: &Subject, wanted: &Wanted) -> Result<Vec<Shown>, RevealError> {
    let key = subject.contact_key(&opened.vault).map_err(StoreError::from)?;
    let mut shown = Vec::new();
    let mut show = |field: String, table, sealed: &Sealed| -> Result<(), RevealError> {
        let value = key.open_text(subject.place(table, "sealed"), sealed).map_err(StoreError::from)?;
        shown.push(Shown { subject: subject.id, field, value });
        Ok(())
    };
    for identity in &subject.identities {
        let name = match identity.kind {
            IdentityKind::Email => "email",
            IdentityKind::Phone => "phone",
            IdentityKind::External(_) => "ids",
        };
        if wanted.0.contains(name) {
            show(identity.kind.to_text(), "identity", &identity.sealed)?;
        }
    }
    for link in &subject.links {
        let (name, field) = match link.kind {
            LinkedKind::Address => ("addresses", "address"),
            LinkedKind::Contact => ("contacts", "contact"),
        };
        if wanted.0.contains(name) {
            show(field.to_owned(), "subject_link", &link.sealed)?;
        }
    }
    for (field, sealed) in subject.fields.iter().filter(|(field, _)| wanted.0.contains(field.as_str())) {
        show(field.to_string(), "subject_field", sealed)?;
    }
    Ok(shown)
}

/// Enters an export of the register in the trail; it is revealed if there is a reason.
pub(crate) async fn record_export(
    opened: &Opened,
    actor: &Actor,
    reason: Option<&str>,
    filter: &ConsentFilter,
) -> Result<(), RevealError> {
    let mut rng = opened.randomness.generator()?;
    let act = Act::RegisterExported {
        register: "consents",
        purpose: filter.purpose.clone(),
        state: filter.state.map(|state| state.as_str()),
        revealed: reason.is_some(),
        reason: reason.map(str::to_owned),
        actor: actor.clone(),
    };
    let subject = match filter.subjects.as_deref() {
        Some([one]) => Some(*one),
        _ => None,
    };
    record(opened, actor, &act, subject, &mut rng).await
}

async fn record(
    opened: &Opened,
    actor: &Actor,
    act: &Act,
    subject: Option<SubjectId>,
    rng: &mut StdRng,
) -> Result<(), RevealError> {
    let (policy, source) = (opened.policy.hash_hex(), actor.to_string());
    let cause = Cause { source: &source, message: "", policy: &policy };
    // no decision about the subject, so no number among them
    let event = AuditEvent::new(act, subject, (0, 0), opened.clock.now(), cause, rng);
    let mut tx = opened.pool.begin().await?;
    audit::add(&mut tx, &[event]).await?;
    Ok(tx.commit().await?)
}

/// Puts the reason of an event that revealed values in the open, where it can still be read.
pub(crate) fn open_reason(opened: &Opened, subject: &Subject, event: &mut Value) {
    if event["act"] != "subject_revealed" {
        return;
    }
    let opened = || {
        let sealed = data_encoding::BASE64.decode(event["reason"].as_str()?.as_bytes()).ok()?;
        let key = subject.evidence_key(&opened.vault).ok()?;
        key.open_text(subject.place("audit", "reason"), &Sealed(sealed)).ok()
    };
    let reason = opened().unwrap_or_else(|| "(erased)".to_owned());
    event["reason"] = Value::String(reason);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_and_names_nobody_where_it_is_not_sealed() {
        assert_eq!(reason("  call back, ticket 4711 ").expect("a reason"), "call back, ticket 4711");
        assert!(plain_reason("audit of 2026").is_ok());
        for none in ["", "   ", "..", "-", "a\nb c d"] {
            assert!(reason(none).is_err(), "{none:?}");
        }
        for personal in ["for ana@example.org", "call 0301234567"] {
            let told = plain_reason(personal).expect_err("names somebody").to_string();
            assert!(!told.contains("ana") && !told.contains("030"), "{told}");
        }
    }
}

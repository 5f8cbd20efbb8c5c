//! Whose consent does not count, and which data are not taken: children without a guardian (Art. 8), special categories
//! without explicit consent (Art. 9(2)(a)), criminal convictions where nothing allows them (Art. 10).

use crate::code::FieldId;
use crate::decision::Decision;
use crate::model::Subject;
use crate::policy::{DataKind, Feature, Policy, Purpose};
use crate::protection::Unsealable;
use crate::refusal::{Refusal, RefusalCode};
use chrono::{Datelike, NaiveDate};

/// Whether the subject is too young to consent alone, as far as is known.
pub(crate) fn is_child(subject: &Subject, cx: &Decision<'_>) -> Result<bool, Unsealable> {
    if subject.child {
        return Ok(true);
    }
    let children = &cx.policy().children;
    let sealed = children.birthday.as_ref().and_then(|field| subject.fields.get(field));
    let Some(sealed) = sealed else { return Ok(false) };
    let key = subject.contact_key(cx.vault())?;
    let birthday = key.open_text(subject.place("subject_field", "sealed"), sealed)?;
    let Ok(birthday) = NaiveDate::parse_from_str(&birthday, "%Y-%m-%d") else { return Ok(false) };
    let today = cx.now().to_chrono().date_naive();
    let age = today.year() - birthday.year();
    let had_birthday = (today.month(), today.day()) >= (birthday.month(), birthday.day());
    let age = if had_birthday { age } else { age - 1 };
    Ok(i64::from(age) < i64::from(children.age_of_consent))
}

/// Refuses the consent of a child that no guardian gives.
pub(crate) fn not_a_child(field: &str, subject: &Subject, cx: &Decision<'_>) -> Result<(), Refusal> {
    if !is_child(subject, cx)? {
        return Ok(());
    }
    let age = cx.policy().children.age_of_consent;
    Err(Refusal::field(
        RefusalCode::GuardianRequired,
        field,
        format!(
            "cannot be taken: the person is under {age}, so a parent or guardian has to consent; record what the \
             guardian said with consent.record.v1 and name the guardian in data.guardian"
        ),
    ))
}

/// Refuses soft opt-in of a child: what it takes is a customer who understands what it is told (Art. 8, recital 38).
pub(crate) fn no_soft_opt_in_of_a_child(
    field: &str,
    subject: &Subject,
    cx: &Decision<'_>,
) -> Result<(), Refusal> {
    if !is_child(subject, cx)? {
        return Ok(());
    }
    let age = cx.policy().children.age_of_consent;
    Err(Refusal::field(
        RefusalCode::GuardianRequired,
        field,
        format!(
            "cannot be taken: the person is under {age}, and soft opt-in does not hold for children; where a parent or \
             guardian agrees, record that as a consent with consent.record.v1 and data.guardian"
        ),
    ))
}

/// Refuses consent to special categories of data that was not given expressly.
pub(crate) fn explicit(field: &str, purpose: &Purpose, given_expressly: bool) -> Result<(), Refusal> {
    if !purpose.special_category || given_expressly {
        return Ok(());
    }
    Err(Refusal::field(
        RefusalCode::ExplicitConsentRequired,
        field,
        format!(
            "\"{}\" uses specially protected data, such as on health or religion; that takes an express statement of the \
             person: ask for it by consent.request.v1, or send data.explicit = true where the person signed or said so \
             expressly",
            purpose.id
        ),
    ))
}

/// Why a value of this field is not taken, if it is not.
pub(crate) fn field_problem(
    field: &FieldId,
    subject: &Subject,
    cx: &Decision<'_>,
) -> Option<(RefusalCode, String)> {
    let policy = cx.policy();
    match policy.fields.get(field)?.data {
        DataKind::Ordinary => None,
        DataKind::Criminal if policy.features.contains(&Feature::CriminalRecords) => None,
        DataKind::Criminal => Some((
            RefusalCode::FeatureDisabled,
            "is not stored: data on criminal convictions and offences may be kept only where a law provides for it; \
             then switch on the feature \"criminal_records\" in the policy"
                .to_owned(),
        )),
        DataKind::Special if has_explicit_consent(field, subject, policy, cx) => None,
        DataKind::Special => Some((
            RefusalCode::ExplicitConsentRequired,
            "is not stored: it is specially protected, such as data on health or religion, and the person has not \
             expressly consented to a purpose that needs it"
                .to_owned(),
        )),
    }
}

fn has_explicit_consent(field: &FieldId, subject: &Subject, policy: &Policy, cx: &Decision<'_>) -> bool {
    policy.purposes.values().filter(|p| p.special_category && p.fields.contains(field)).any(|p| {
        // every consent to such a purpose was given expressly, or it was refused
        subject.consents.get(&p.id).is_some_and(|c| c.is_granted(cx.now()))
    })
}

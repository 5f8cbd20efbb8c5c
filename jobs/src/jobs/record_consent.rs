//! Consent that was taken elsewhere is recorded: on paper, by phone, in an app's own form (B2–B9).

use super::guards;
use super::importing;
use super::informing;
use super::proof::{self, Manner, NetworkTrace, NetworkTraces};
use super::stating::{Agreed, Stated, consent_source, state};
use super::stopping::{End, stop};
use crate::code::{CategoryId, ContentId, DataSourceId, EntryCode, IdScheme};
use crate::decision::Decision;
use crate::event::StopCause;
use crate::job::{Concerns, Job};
use crate::model::{
    Answer, Evidence, IdentityValue, LinkedKind, Statement, StatementKind, Subject, SubjectState,
};
use crate::policy::{Content, ContentVersion, Feature, LawfulBasis, OptIn};
use crate::protection::BlindIndex;
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// `consent.record.v1`: answers that a subject gave elsewhere.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordConsent {
    /// The giver.
    pub subject: SubjectRef,
    /// The answers, each to one content.
    #[schemars(length(min = 1, max = 50))]
    pub consents: Vec<RecordedConsent>,
    /// When they were expressed; the envelope's time if left out. Never in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_at: Option<Timestamp>,
    /// Where; a value of the dictionary of consent sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<EntryCode>,
    /// The member of staff who entered them, if one did; then `how` is needed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// How they were given: on paper, by phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// The parent or guardian who consented for a child (Art. 8): who, and how that was verified; sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<Guardian>,
    /// The subject consented expressly, as special categories of data need it (Art. 9(2)(a)): signed, or said so.
    #[serde(default)]
    pub explicit: bool,
    /// What proves them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// They stand in a list that may be older than what the subject said since: a yes to what the subject has withdrawn,
    /// refused or objected to is refused as `left_alone`, whatever the times (D8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// Where the data came from, if the subject has not given them: an entry of the policy's sources of data. The subject
    /// is told so by mail, once (Art. 14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obtained_from: Option<DataSourceId>,
    /// The subject has that information already (Art. 14(5)(a)); it is not told again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already_informed: bool,
}

/// Who consented for a child.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guardian {
    /// The guardian's name.
    pub name: String,
    /// How it was verified that this is the guardian.
    pub how: String,
}

/// One answer to one content.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedConsent {
    /// The category of the content.
    pub category: CategoryId,
    /// The content.
    #[serde(deserialize_with = "one_content")]
    #[schemars(with = "ContentId")]
    pub content: ContentId,
    /// Yes or no; both are recorded (C1).
    pub answer: Answer,
    /// Its version; the one valid when the answer was given, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Limits the consent to one of the subject's active addresses; only if the content concerns addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<LinkedTo>,
    /// Limits the consent to one of the subject's active contacts; only if the content concerns contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// What stands where several contents are given one answer; `registry` finds it again.
pub(crate) const MERGED: &str = "each purpose needs an answer of its own";

/// One content; a list of them would be one answer to several purposes (A5, recital 43).
fn one_content<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ContentId, D::Error> {
    use serde::de::Error;
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Array(_) => Err(D::Error::custom(MERGED)),
        other => serde_json::from_value(other).map_err(D::Error::custom),
    }
}

/// One of a subject's addresses.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LinkedTo {
    /// An email address.
    Email(String),
    /// A phone number.
    Phone(String),
    /// Another address, by the name it was stored under.
    Post(String),
    /// An id that an app gave.
    Ids(BTreeMap<IdScheme, String>),
}

/// The most answers in one message.
const MOST_ANSWERS: usize = 50;

impl Job for RecordConsent {
    const KIND: &'static str = "consent.record.v1";
    const FEATURE: Option<Feature> = Some(Feature::ConsentRecords);
    const CREATES: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    /// Only what a list tells is measured by objections: a yes told by the subject's own act is the later word. What was told
    /// of sources of data is read with them.
    fn rights(&self) -> bool {
        self.imported || self.obtained_from.is_some()
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        // a no always counts, also of whom processing is restricted
        let agrees = self.consents.iter().any(|answer| answer.answer == Answer::Agree);
        if subject.state != SubjectState::Active && agrees {
            return Err(Refusal::new(
                RefusalCode::SubjectClosed,
                "The subject's data are restricted or being erased; no consent may be recorded.",
            ));
        }
        let at = cx.act_time(self.given_at, "data.given_at")?;
        if self.staff.is_some() && self.how.as_deref().unwrap_or_default().trim().is_empty() {
            return Err(Refusal::invalid(
                "data.how",
                "must tell how the consent was given, because staff entered it",
            ));
        }
        let source = consent_source(self.source.as_ref(), cx)?;
        match &self.guardian {
            Some(guardian) if guardian.name.trim().is_empty() || guardian.how.trim().is_empty() => {
                return Err(Refusal::invalid(
                    "data.guardian",
                    "must tell the guardian's name, and how it was verified",
                ));
            }
            None if agrees => guards::not_a_child("data.guardian", subject, cx)?,
            _ => {}
        }
        let mut ended = Vec::new();
        for (answer, content, version, linked) in self.usable(at, subject, cx)? {
            let agrees = answer.answer == Answer::Agree;
            let statement = Statement {
                kind: if agrees { StatementKind::Grant } else { StatementKind::Refusal },
                at,
                source: cx.message().source.clone(),
            };
            if self.imported && importing::is_known(&statement, content, version, subject) {
                continue;
            }
            let (evidence, network_evidence) = self.proof(subject, cx)?;
            let opt_in = match (agrees, self.staff.is_some()) {
                (true, true) => OptIn::SingleStaff,
                (true, false) => OptIn::SingleForm,
                (false, true) => OptIn::OptedOutStaff,
                (false, false) => OptIn::OptedOutSubject,
            };
            let wanted = subject.locale.unwrap_or(cx.policy().default_locale);
            let stated = Stated {
                purpose: content.purpose.clone(),
                statement,
                opt_in,
                agreed: Some(Agreed {
                    category: content.category.clone(),
                    content: content.id.clone(),
                    version: version.version,
                    locale: version.text.get(wanted).0,
                    regulation: version.regulation.as_ref().map(proof::document_reference),
                }),
                source: source.clone(),
                reason: None,
                linked,
                evidence,
                network_evidence,
            };
            ended.extend(state(stated, subject, cx));
        }
        stop(&ended, &End { cause: StopCause::Withdrawal, at, reason: None }, subject, cx)?;
        informing::obtained(self.obtained_from.as_ref(), self.already_informed, subject, cx)
    }
}

type Usable<'a, 'p> = (&'a RecordedConsent, &'p Content, &'p ContentVersion, Option<BlindIndex>);

impl RecordConsent {
    fn proof(
        &self,
        subject: &Subject,
        cx: &mut Decision<'_>,
    ) -> Result<(Option<crate::protection::Sealed>, Option<crate::protection::Sealed>), Refusal> {
        let manner = Manner {
            form: self.evidence.as_ref().and_then(|e| e.form.as_ref()).map(proof::cut),
            staff: self.staff.as_ref().map(proof::cut),
            how: self.how.as_ref().map(proof::cut),
            guardian: self.guardian.as_ref().map(|g| proof::cut(format!("{} ({})", g.name, g.how))),
            explicit: self.explicit,
            corrects: None,
            requested_at: None,
            refused: Vec::new(),
        };
        let evidence = Some(proof::seal(&manner, "evidence", subject, cx)?);
        let network = match NetworkTrace::of(self.evidence.as_ref()) {
            Some(trace) => {
                let traces = NetworkTraces { asked: None, confirmed: Some(trace) };
                Some(proof::seal(&traces, "network_evidence", subject, cx)?)
            }
            None => None,
        };
        Ok((evidence, network))
    }

    /// The answers with their contents; a refusal names every one that cannot be used.
    fn usable<'p>(
        &self,
        at: Timestamp,
        subject: &Subject,
        cx: &Decision<'p>,
    ) -> Result<Vec<Usable<'_, 'p>>, Refusal> {
        if self.consents.is_empty() || self.consents.len() > MOST_ANSWERS {
            return Err(Refusal::invalid("data.consents", format!("must hold 1 to {MOST_ANSWERS} answers")));
        }
        let (mut usable, mut problems, mut purposes) = (Vec::new(), Vec::new(), HashSet::new());
        let mut code = RefusalCode::UnusableContent;
        for (i, answer) in self.consents.iter().enumerate() {
            let content = match usable_content(answer, at, cx) {
                Ok((content, version)) if purposes.insert(content.purpose.clone()) => Ok((content, version)),
                Ok((content, _)) => Err((
                    "content",
                    format!(
                        "the purpose of \"{}\" is answered twice; each purpose has one answer",
                        content.id
                    ),
                    RefusalCode::UnusableContent,
                )),
                Err(wrong) => Err(wrong),
            };
            let content = content.and_then(|(content, version)| {
                let purpose = cx.policy().purposes.get(&content.purpose);
                match purpose.filter(|_| answer.answer == Answer::Agree) {
                    Some(purpose) => guards::explicit("content", purpose, self.explicit)
                        .and_then(|()| match self.imported {
                            true => importing::revives_nothing("content", purpose, subject),
                            false => Ok(()),
                        })
                        .map(|()| (content, version))
                        .map_err(|r| ("content", r.fields.into_iter().map(|f| f.problem).collect(), r.code)),
                    None => Ok((content, version)),
                }
            });
            let linked = content.and_then(|(content, version)| {
                let linked = linked(answer, version, subject, cx)?;
                Ok((answer, content, version, linked))
            });
            match linked {
                Ok(found) => usable.push(found),
                Err((field, problem, found)) => {
                    code = found;
                    problems.push(FieldProblem { field: format!("data.consents[{i}].{field}"), problem });
                }
            }
        }
        if problems.is_empty() {
            return Ok(usable);
        }
        let detail =
            problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
        Err(Refusal { code, detail, fields: problems })
    }
}

type Wrong = (&'static str, String, RefusalCode);

fn usable_content<'p>(
    answer: &RecordedConsent,
    at: Timestamp,
    cx: &Decision<'p>,
) -> Result<(&'p Content, &'p ContentVersion), Wrong> {
    let policy = cx.policy();
    let name = &answer.content;
    if !policy.dictionaries.categories.entries.contains_key(&answer.category) {
        return Err((
            "category",
            format!("the policy has no category \"{}\"", answer.category),
            RefusalCode::UnknownCode,
        ));
    }
    let content = policy.contents.get(name).ok_or_else(|| {
        ("content", format!("the policy has no content \"{name}\""), RefusalCode::UnknownContent)
    })?;
    let unusable = |field, problem| Err((field, problem, RefusalCode::UnusableContent));
    if content.category != answer.category {
        return unusable(
            "category",
            format!("category \"{}\" has no usable content \"{name}\"", answer.category),
        );
    }
    if content.terms {
        return unusable("content", format!("\"{name}\" is terms of use, which cannot grant consent"));
    }
    if policy.purposes.get(&content.purpose).is_none_or(|p| p.basis != LawfulBasis::Consent) {
        return unusable("content", format!("the purpose of \"{name}\" does not rest on consent"));
    }
    let version = match answer.version {
        Some(number) => content.version(number).filter(|v| v.valid_from <= at),
        None => content.current(at),
    };
    match version {
        Some(version) => Ok((content, version)),
        None => {
            unusable("content", format!("no such version of \"{name}\" was valid when the answer was given"))
        }
    }
}

/// The address or contact a consent is limited to (B6).
fn linked(
    answer: &RecordedConsent,
    version: &ContentVersion,
    subject: &Subject,
    cx: &Decision<'_>,
) -> Result<Option<BlindIndex>, Wrong> {
    let unusable = |field, problem: &str| (field, problem.to_owned(), RefusalCode::InvalidField);
    if answer.address.is_some() && answer.contact.is_some() {
        return Err(unusable("contact", "must be left out, because the consent is limited to an address"));
    }
    if let Some(address) = &answer.address {
        if !version.concerns.addresses {
            return Err(unusable(
                "address",
                "must be left out, because the content does not concern addresses",
            ));
        }
        let not_active = || unusable("address", "must be one of the subject's active addresses");
        let value = match address {
            LinkedTo::Email(email) => IdentityValue::email(email),
            LinkedTo::Phone(phone) => IdentityValue::phone(phone),
            LinkedTo::Post(name) => {
                let index = cx.vault().blind_index_of("address", name.trim());
                let found = subject.links.iter().find(|l| l.kind == LinkedKind::Address && l.index == index);
                return found.filter(|l| l.active).map(|l| Some(l.index)).ok_or_else(not_active);
            }
            LinkedTo::Ids(ids) => match ids.iter().next() {
                Some((scheme, id)) if ids.len() == 1 => IdentityValue::external(scheme.clone(), id),
                _ => return Err(unusable("address.ids", "must hold exactly one id")),
            },
        };
        let value = value.map_err(|e| unusable("address", &e.to_string()))?;
        let index = cx.vault().blind_index(&value);
        return subject.identity(&index).filter(|i| i.active).map(|i| Some(i.index)).ok_or_else(not_active);
    }
    if let Some(name) = &answer.contact {
        if !version.concerns.contacts {
            return Err(unusable(
                "contact",
                "must be left out, because the content does not concern contacts",
            ));
        }
        let index = cx.vault().blind_index_of("contact", name.trim());
        let found = subject.links.iter().find(|l| l.kind == LinkedKind::Contact && l.index == index);
        return found
            .filter(|l| l.active)
            .map(|l| Some(l.index))
            .ok_or_else(|| unusable("contact", "must be one of the subject's active contacts"));
    }
    Ok(None)
}

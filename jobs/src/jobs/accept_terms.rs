//! Terms are accepted (C10): before data are taken by a registration, a form or a ticket, and apart from every consent.

use super::proof::{self, Manner};
use super::stating::consent_source;
use crate::audit::Act;
use crate::code::{ContentId, EntryCode};
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::locale::Locale;
use crate::model::{Acceptance, Evidence, Subject, SubjectState};
use crate::refusal::{Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `terms.accept.v1`: a subject accepts terms of use.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptTerms {
    /// Who.
    pub subject: SubjectRef,
    /// Which terms: a content of the policy with `terms = true`.
    pub content: ContentId,
    /// In which version; the one in use if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// When; the envelope's time if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// Where; a value of the dictionary of consent sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<EntryCode>,
    /// What proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

impl Job for AcceptTerms {
    const KIND: &'static str = "terms.accept.v1";
    const CREATES: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let at = cx.act_time(self.accepted_at, "data.accepted_at")?;
        let accepted = Accepted {
            content: &self.content,
            version: self.version,
            locale: subject.locale.unwrap_or(cx.policy().default_locale),
            at,
            source: self.source.as_ref(),
            evidence: self.evidence.as_ref(),
        };
        accept(&accepted, subject, cx)?;
        subject.provisional = false;
        Ok(())
    }
}

/// What is accepted.
pub(super) struct Accepted<'a> {
    pub content: &'a ContentId,
    pub version: Option<u32>,
    pub locale: Locale,
    pub at: Timestamp,
    pub source: Option<&'a EntryCode>,
    pub evidence: Option<&'a Evidence>,
}

/// Records it.
pub(super) fn accept(
    accepted: &Accepted<'_>,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    if subject.state != SubjectState::Active {
        return Err(Refusal::new(
            RefusalCode::SubjectClosed,
            "The subject's data are restricted or being erased; no acceptance is recorded.",
        ));
    }
    let name = accepted.content;
    let content = cx.policy().contents.get(name).ok_or_else(|| {
        let problem = format!("the policy has no content \"{name}\"");
        Refusal::field(RefusalCode::UnknownContent, "data.content", problem)
    })?;
    if !content.terms {
        let problem =
            format!("\"{name}\" asks for consent; terms are a content with terms = true in the policy");
        return Err(Refusal::field(RefusalCode::UnusableContent, "data.content", problem));
    }
    let version = match accepted.version {
        Some(number) => content.version(number).filter(|version| version.valid_from <= accepted.at),
        None => content.current(accepted.at),
    };
    let version = version.ok_or_else(|| {
        let problem = "is no version that was valid then".to_owned();
        Refusal::field(RefusalCode::UnusableContent, "data.version", problem)
    })?;
    let source = consent_source(accepted.source, cx)?;
    let form = accepted.evidence.and_then(|evidence| evidence.form.as_ref()).map(proof::cut);
    let evidence = match form {
        Some(form) => {
            let manner = Manner { form: Some(form), ..Manner::default() };
            Some(proof::seal(&manner, "evidence", subject, cx)?)
        }
        None => None,
    };
    let id = cx.new_id();
    cx.record(&Act::TermsAccepted { content: name.clone(), version: version.version, record: id });
    cx.accept(Acceptance {
        id,
        subject: subject.id,
        content: (name.clone(), version.version, version.text.get(accepted.locale).0),
        source,
        told_by: cx.message().source.clone(),
        accepted_at: accepted.at,
        recorded_at: cx.now(),
        evidence,
        policy: cx.policy().hash,
    });
    Ok(())
}

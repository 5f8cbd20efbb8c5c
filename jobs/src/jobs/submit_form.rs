//! Somebody fills in a form that Rescind hosts (C11): one answer for each purpose, none of them a consent yet.
//!
//! Whoever fills in a form may write down any address. So each yes is asked for by mail, and a no counts only when whoever
//! has that mailbox has confirmed a yes of the same form: otherwise anybody could take back the consent of others. A form
//! with no yes leaves nothing behind.

use super::accept_terms::{Accepted, accept};
use super::asking::{Ask, ask, count_address};
use crate::code::{ContentId, EntryCode, FormId};
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::locale::Locale;
use crate::model::{Answer, Evidence, Subject};
use crate::policy::Feature;
use crate::refusal::{Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `form.submit.v1`: the answers of one form.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitForm {
    /// Whose address was written down.
    pub subject: SubjectRef,
    /// Which form.
    pub form: FormId,
    /// The answer to each content.
    pub answers: BTreeMap<ContentId, Answer>,
    /// The terms were accepted in this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<u32>,
    /// The language of the form.
    pub locale: Locale,
    /// What proves who sent it.
    pub evidence: Evidence,
}

/// The source of what is agreed to in a hosted form, where the policy has it.
pub const HOSTED_FORM: &str = "hosted-form";

impl Job for SubmitForm {
    const KIND: &'static str = "form.submit.v1";
    const INTERNAL: bool = true;
    const CREATES: bool = true;
    const FEATURE: Option<Feature> = Some(Feature::ConsentRequests);

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Named(&self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let wrong = |field: &str, problem: &str| Refusal::field(RefusalCode::InvalidField, field, problem);
        let form = cx.policy().forms.get(&self.form);
        let form = form.ok_or_else(|| wrong("data.form", "is not a form of the policy"))?;
        let in_use = |id: &&ContentId| {
            cx.policy().contents.get(*id).is_some_and(|content| content.current(cx.now()).is_some())
        };
        let asked: Vec<&ContentId> = form.contents.iter().filter(in_use).collect();
        if asked.len() != self.answers.len() || !asked.iter().all(|id| self.answers.contains_key(*id)) {
            return Err(wrong("data.answers", "must answer everything that the form asks, and nothing else"));
        }
        let of = |wanted: Answer| {
            let answers = form.contents.iter().filter(move |c| self.answers.get(*c) == Some(&wanted));
            answers.cloned().collect::<Vec<_>>()
        };
        let (agreed, refused) = (of(Answer::Agree), of(Answer::Disagree));
        if agreed.is_empty() {
            return Err(wrong("data.answers", "agrees to nothing, so there is nothing to ask"));
        }
        let sources = &cx.policy().dictionaries.consent_sources.entries;
        let source = EntryCode::new(HOSTED_FORM).filter(|source| sources.contains_key(source));
        match (&form.terms, self.terms) {
            (Some(content), Some(version)) => {
                let accepted = Accepted {
                    content,
                    version: Some(version),
                    locale: self.locale,
                    at: cx.now(),
                    source: source.as_ref(),
                    evidence: Some(&self.evidence),
                };
                // whoever fills it in is not known yet: what is kept of it is capped as mails are
                count_address(self.subject.email.as_deref().unwrap_or_default(), cx)?;
                // before anything is taken
                accept(&accepted, subject, cx)?;
            }
            (None, None) => {}
            _ => {
                return Err(wrong("data.terms", "must be accepted where the form asks it, and nowhere else"));
            }
        }
        let wanted = Ask {
            contents: &agreed,
            refused: &refused,
            email: self.subject.email.as_deref(),
            source: source.as_ref(),
            evidence: Some(&self.evidence),
            staff: None,
            at: cx.now(),
        };
        ask(&wanted, subject, cx)
    }
}

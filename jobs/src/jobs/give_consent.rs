//! The subject gives consent on its own page, after the code that was mailed to it (D6).

use super::answer_consent::TOLD_BY_SUBJECT;
use super::guards;
use super::proof::{self, Manner, NetworkTrace, NetworkTraces};
use super::stating::{Agreed, Stated, consent_source, state};
use super::withdraw_consent::PREFERENCE_PAGE;
use crate::audit::Act;
use crate::code::{ContentId, EntryCode};
use crate::decision::Decision;
use crate::effects::Suppression;
use crate::job::{Concerns, Job};
use crate::locale::Locale;
use crate::model::{Evidence, RequestState, Statement, StatementKind, Subject, SubjectId, SubjectState};
use crate::policy::{LawfulBasis, OptIn};
use crate::refusal::{Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `consent.give.v1`: one yes, to one wording. The code has shown that it comes from the subject's mailbox, so it counts as
/// confirmed.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveConsent {
    /// Who.
    pub subject: SubjectId,
    /// To what.
    pub content: ContentId,
    /// In the version that was shown.
    pub version: u32,
    /// In the language that was shown.
    pub locale: Locale,
    /// What proves who agreed.
    pub evidence: Evidence,
}

impl Job for GiveConsent {
    const KIND: &'static str = "consent.give.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        if subject.state != SubjectState::Active {
            return Err(Refusal::new(
                RefusalCode::SubjectClosed,
                "The subject's data are restricted or being erased; no consent is taken.",
            ));
        }
        guards::not_a_child("data.subject", subject, cx)?;
        let policy = cx.policy();
        let content = policy.contents.get(&self.content).filter(|content| {
            let purpose = policy.purposes.get(&content.purpose);
            !content.terms && purpose.is_some_and(|p| p.basis == LawfulBasis::Consent)
        });
        let current = content.and_then(|content| Some((content, content.current(cx.now())?)));
        let Some((content, version)) = current.filter(|(_, version)| version.version == self.version) else {
            let why = "is not the wording in use; show the page again";
            return Err(Refusal::field(RefusalCode::UnusableContent, "data.version", why));
        };
        if let Some(consent) = subject.consents.get(&content.purpose)
            && consent.is_granted(cx.now())
            && consent.opt_in == OptIn::Double
            && consent.content.as_ref().is_some_and(|(id, v)| *id == content.id && *v == version.version)
        {
            // the button was pressed twice
            return Ok(());
        }
        void_requests(&content.purpose, subject, cx);
        let manner = Manner {
            form: self.evidence.form.as_ref().map(proof::cut),
            how: Some("code".to_owned()),
            ..Manner::default()
        };
        let evidence = Some(proof::seal(&manner, "evidence", subject, cx)?);
        let network_evidence = match NetworkTrace::of(Some(&self.evidence)) {
            Some(trace) => {
                let traces = NetworkTraces { asked: None, confirmed: Some(trace) };
                Some(proof::seal(&traces, "network_evidence", subject, cx)?)
            }
            None => None,
        };
        let sources = &policy.dictionaries.consent_sources.entries;
        let source = EntryCode::new(PREFERENCE_PAGE).filter(|source| sources.contains_key(source));
        let stated = Stated {
            purpose: content.purpose.clone(),
            statement: Statement {
                kind: StatementKind::Grant,
                at: cx.now(),
                source: TOLD_BY_SUBJECT.to_owned(),
            },
            opt_in: OptIn::Double,
            agreed: Some(Agreed {
                category: content.category.clone(),
                content: content.id.clone(),
                version: version.version,
                locale: version.text.get(self.locale).0,
                regulation: version.regulation.as_ref().map(proof::document_reference),
            }),
            source: consent_source(source.as_ref(), cx)?,
            reason: None,
            linked: None,
            evidence,
            network_evidence,
        };
        // whoever stands before the page knows what was said before: other clocks do not make a later yes an earlier one
        if let Some(consent) = subject.consents.get_mut(&stated.purpose)
            && let Some(last) = &mut consent.last_act
            && last.at < cx.now()
        {
            last.source = TOLD_BY_SUBJECT.to_owned();
        }
        // a yes takes nothing back
        let ended = state(stated, subject, cx);
        debug_assert!(ended.is_none());
        Ok(())
    }
}

/// What was asked is answered.
fn void_requests(purpose: &crate::code::PurposeId, subject: &mut Subject, cx: &mut Decision<'_>) {
    for request in &mut subject.requests {
        if request.purpose == *purpose && request.state == RequestState::Open {
            request.state = RequestState::Voided;
            request.answered_at = Some(cx.now());
            cx.record(&Act::ConsentRequestVoided { request: request.id });
            cx.suppress(Suppression::Request(request.id));
        }
    }
}

//! The subject answers a request for consent on its page: the affirmative act that grants (D1), or the no.

use super::guards::is_child;
use super::proof::{self, Manner, NetworkTrace, NetworkTraces};
use super::stating::{Agreed, Stated, state};
use super::stopping::{End, stop};
use crate::code::ContentId;
use crate::decision::Decision;
use crate::event::StopCause;
use crate::job::{Concerns, Job};
use crate::locale::Locale;
use crate::model::{
    Answer, ConsentState, Evidence, RequestState, Statement, StatementKind, Subject, SubjectState,
};
use crate::policy::OptIn;
use crate::refusal::{Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `consent.answer.v1`: the answer to one request.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerConsent {
    /// Which request.
    pub request: Uuid,
    /// Yes or no.
    pub answer: Answer,
    /// The language in which the wording was shown.
    pub locale: Locale,
    /// What proves who answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// What a statement made through our own pages and mails is told by.
pub(crate) const TOLD_BY_SUBJECT: &str = "subject";

impl Job for AnswerConsent {
    const KIND: &'static str = "consent.answer.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Request(self.request)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let (now, closed) =
            (cx.now(), Refusal::new(RefusalCode::LinkInvalid, "This request can no longer be answered."));
        let position =
            subject.requests.iter().position(|r| r.id == self.request).ok_or_else(|| closed.clone())?;
        let agrees = self.answer == Answer::Agree;
        let request = subject.requests[position].clone();
        if agrees && subject.state != SubjectState::Active && request.state == RequestState::Open {
            // frozen or being erased: nothing is added to what is known (Art. 18)
            return Err(closed);
        }
        if agrees && request.state == RequestState::Open && is_child(subject, cx)? {
            // known only since it was asked: a guardian has to consent (Art. 8)
            return Err(closed);
        }
        match request.state {
            RequestState::Open if request.expires_at > now => {}
            // the second click on the same button
            RequestState::Confirmed if agrees => return Ok(()),
            RequestState::Refused if !agrees => return Ok(()),
            _ => return Err(closed),
        }
        cx.correlate(request.correlation.as_deref());
        let content = cx.policy().contents.get(&request.content).ok_or_else(|| closed.clone())?;
        let version = content.version(request.version).ok_or(closed)?;
        let (locale, _) = version.text.get(self.locale);
        let evidence = match &request.evidence {
            Some(sealed) => proof::open::<Manner>(sealed, "evidence", subject, cx)?.unwrap_or_default(),
            None => Manner::default(),
        };
        let manner = Manner { how: Some("link".to_owned()), ..evidence };
        let mut traces = match &request.network_evidence {
            Some(sealed) => {
                proof::open::<NetworkTraces>(sealed, "network_evidence", subject, cx)?.unwrap_or_default()
            }
            None => NetworkTraces::default(),
        };
        traces.confirmed = NetworkTrace::of(self.evidence.as_ref());
        let has_traces = traces.asked.is_some() || traces.confirmed.is_some();
        let evidence = Some(proof::seal(&manner, "evidence", subject, cx)?);
        let network_evidence =
            if has_traces { Some(proof::seal(&traces, "network_evidence", subject, cx)?) } else { None };
        {
            let request = &mut subject.requests[position];
            request.state = if agrees { RequestState::Confirmed } else { RequestState::Refused };
            request.answered_at = Some(now);
            request.network_evidence = None;
        }
        let stated = Stated {
            purpose: request.purpose,
            statement: Statement {
                kind: if agrees { StatementKind::Grant } else { StatementKind::Refusal },
                at: now,
                source: TOLD_BY_SUBJECT.to_owned(),
            },
            opt_in: if agrees { OptIn::Double } else { OptIn::OptedOutSubject },
            agreed: Some(Agreed {
                category: content.category.clone(),
                content: request.content,
                version: request.version,
                locale,
                regulation: version.regulation.as_ref().map(proof::document_reference),
            }),
            source: request.source,
            reason: None,
            linked: None,
            evidence,
            network_evidence,
        };
        // A request asked after the last statement is answered after it, whatever other clocks say: an older
        // statement within their tolerance must not swallow the subject's own click.
        if let Some(consent) = subject.consents.get_mut(&stated.purpose)
            && let Some(last) = &mut consent.last_act
            && last.at < request.requested_at
        {
            last.source = TOLD_BY_SUBJECT.to_owned();
        }
        if agrees {
            refuse(&manner.refused, &stated, subject, cx)?;
            // taking it back must be as easy (Art. 7(3))
            subject.open_page(cx.vault());
        }
        let ended = state(stated, subject, cx);
        let end = End { cause: StopCause::Withdrawal, at: now, reason: None };
        stop(ended.as_slice(), &end, subject, cx)
    }
}

/// What was refused in the form whose yes is confirmed now. Only now it is known who said it; a consent that stands, or is
/// asked for anew, is not touched by it.
fn refuse(
    contents: &[ContentId],
    confirmed: &Stated,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    for name in contents {
        let Some(content) = cx.policy().contents.get(name) else { continue };
        let Some(version) = content.current(cx.now()) else { continue };
        let stands = subject.consents.get(&content.purpose).is_some_and(|consent| {
            consent.is_granted(cx.now())
                || matches!(consent.state, ConsentState::Refused | ConsentState::Withdrawn)
        });
        let asked =
            subject.requests.iter().any(|r| r.purpose == content.purpose && r.state == RequestState::Open);
        if stands || asked {
            continue;
        }
        let manner = Manner { how: Some("form".to_owned()), ..Manner::default() };
        let refused = Stated {
            purpose: content.purpose.clone(),
            statement: Statement {
                kind: StatementKind::Refusal,
                at: cx.now(),
                source: TOLD_BY_SUBJECT.to_owned(),
            },
            opt_in: OptIn::OptedOutSubject,
            agreed: Some(Agreed {
                category: content.category.clone(),
                content: name.clone(),
                version: version.version,
                locale: confirmed.agreed.as_ref().map_or(cx.policy().default_locale, |agreed| agreed.locale),
                regulation: version.regulation.as_ref().map(proof::document_reference),
            }),
            source: confirmed.source.clone(),
            reason: None,
            linked: None,
            evidence: Some(proof::seal(&manner, "evidence", subject, cx)?),
            network_evidence: None,
        };
        // nothing stood, so nothing has ended
        state(refused, subject, cx);
    }
    Ok(())
}

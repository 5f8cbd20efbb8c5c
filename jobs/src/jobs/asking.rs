//! Asking a subject for consent: which contents may be asked, the caps against mail bombing, the request and its
//! mail.

use super::guards;
use super::proof::{self, Manner, NetworkTrace, NetworkTraces};
use super::remind_consent::RemindConsent;
use super::{expire_request::ExpireRequest, stating::consent_source};
use crate::audit::{Act, Why};
use crate::code::{ContentId, EntryCode};
use crate::decision::Decision;
use crate::effects::Suppression;
use crate::mail::Mail;
use crate::model::{
    Consent, ConsentRequest, ConsentState, Evidence, Identity, IdentityKind, IdentityValue, RequestState,
    StatementKind, Subject, SubjectState,
};
use crate::policy::{Content, ContentVersion, LawfulBasis, OptIn};
use crate::protection::{LinkKind, token_hash};
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use crate::time::{Span, Timestamp};
use std::collections::HashSet;

/// What is asked.
pub(crate) struct Ask<'a> {
    pub contents: &'a [ContentId],
    /// What was refused in the same act; told with the confirmation.
    pub refused: &'a [ContentId],
    pub email: Option<&'a str>,
    pub source: Option<&'a EntryCode>,
    pub evidence: Option<&'a Evidence>,
    pub staff: Option<&'a str>,
    pub at: Timestamp,
}

/// The most contents in one message.
const MOST_CONTENTS: usize = 20;

pub(crate) fn ask(ask: &Ask<'_>, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
    if subject.state != SubjectState::Active {
        return Err(Refusal::new(
            RefusalCode::SubjectClosed,
            "The subject's data are restricted or being erased; no consent may be asked for.",
        ));
    }
    let contents = usable_contents(ask.contents, cx)?;
    guards::not_a_child("data.subject", subject, cx)?;
    let source = consent_source(ask.source, cx)?;
    let Some(address) = address(ask.email, subject, cx)? else {
        // lacking an address never blocks anything else (C4); that no mail left is in the trail
        for (content, _) in contents {
            cx.record(&Act::ConsentRequestSkipped { purpose: content.purpose.clone(), why: Why::NoAddress });
        }
        return Ok(());
    };
    for (content, version) in contents {
        match reason_to_skip(content, version, subject, ask.at, cx) {
            Some(why) => cx.record(&Act::ConsentRequestSkipped { purpose: content.purpose.clone(), why }),
            None => open_request(ask, content, version, &address, &source, subject, cx)?,
        }
    }
    Ok(())
}

/// The contents asked for, each in its current version; a refusal names every one that cannot be used.
fn usable_contents<'p>(
    names: &[ContentId],
    cx: &Decision<'p>,
) -> Result<Vec<(&'p Content, &'p ContentVersion)>, Refusal> {
    let policy = cx.policy();
    if names.is_empty() || names.len() > MOST_CONTENTS {
        return Err(Refusal::invalid("data.contents", format!("must name 1 to {MOST_CONTENTS} contents")));
    }
    let (mut problems, mut usable, mut purposes) = (Vec::new(), Vec::new(), HashSet::new());
    let mut code = RefusalCode::UnusableContent;
    for (i, name) in names.iter().enumerate() {
        let mut wrong = |problem: String| {
            problems.push(FieldProblem { field: format!("data.contents[{i}]"), problem });
        };
        let Some(content) = policy.contents.get(name) else {
            code = RefusalCode::UnknownContent;
            wrong(format!("the policy has no content \"{name}\""));
            continue;
        };
        let by_consent =
            policy.purposes.get(&content.purpose).is_some_and(|p| p.basis == LawfulBasis::Consent);
        if content.terms {
            wrong(format!("\"{name}\" is terms of use, which cannot grant consent"));
        } else if !by_consent {
            wrong(format!("the purpose of \"{name}\" does not rest on consent, so none is asked for"));
        } else if !purposes.insert(&content.purpose) {
            wrong(format!("the purpose of \"{name}\" is asked twice; each purpose is one question"));
        } else if let Some(version) = content.current(cx.now()) {
            usable.push((content, version));
        } else {
            wrong(format!("no version of \"{name}\" is valid yet"));
        }
    }
    if problems.is_empty() {
        return Ok(usable);
    }
    let detail =
        problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
    Err(Refusal { code, detail, fields: problems })
}

/// The address the mail goes to: the one named, else the primary one; none if mail to it fails for good.
fn address(named: Option<&str>, subject: &Subject, cx: &Decision<'_>) -> Result<Option<Identity>, Refusal> {
    let identity = match named {
        Some(email) => {
            let value = IdentityValue::email(email)
                .map_err(|e| Refusal::invalid("data.subject.email", e.to_string()))?;
            subject.identity(&cx.vault().blind_index(&value))
        }
        None => subject.primary(&IdentityKind::Email),
    };
    Ok(identity.filter(|i| i.active && i.undeliverable_at.is_none()).cloned())
}

fn reason_to_skip(
    content: &Content,
    version: &ContentVersion,
    subject: &Subject,
    at: Timestamp,
    cx: &Decision<'_>,
) -> Option<Why> {
    if let Some(consent) = subject.consents.get(&content.purpose) {
        // an older wording, or a consent that was not confirmed by the subject, may be asked for anew
        let same = consent.content.as_ref().is_some_and(|(id, v)| *id == content.id && *v == version.version);
        if consent.is_granted(cx.now()) && consent.opt_in == OptIn::Double && same {
            return Some(Why::AlreadyGranted);
        }
        let refused = consent.last_act.as_ref().filter(|a| a.kind != StatementKind::Grant).map(|a| a.at);
        if consent.withdrawn_at.max(refused).is_some_and(|no| no >= at) {
            return Some(Why::Outdated);
        }
    }
    let since = cx.now().minus(cx.policy().limits.request_interval);
    let recently = subject.requests.iter().any(|r| r.purpose == content.purpose && r.created_at > since);
    recently.then_some(Why::AskedRecently)
}

/// What addresses of one mailbox have in common, for counting only: what follows a plus does not tell them apart, nor, at
/// large providers, do dots. Otherwise one mailbox could be written to under names without number.
fn mailbox(address: &str, at_a_provider: bool) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let base = local.split('+').next().filter(|base| !base.is_empty()).unwrap_or(local);
    let base = if at_a_provider { base.replace('.', "") } else { base.to_owned() };
    format!("{base}@{domain}")
}

/// Counts a mail that somebody's form brings about against every cap (D2).
pub(crate) fn count(address: &Identity, subject: &Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
    let value = subject.open_identity(address, cx.vault())?;
    count_address(&value, cx)
}

fn of_address() -> FieldProblem {
    let problem = "has been written to as often as the policy allows; send it again later".to_owned();
    FieldProblem { field: "data.subject.email".to_owned(), problem }
}

/// Counts a mail to an address against the caps of D2. A refusal names the address where the cap is its own.
pub(crate) fn count_address(value: &str, cx: &mut Decision<'_>) -> Result<(), Refusal> {
    let limits = &cx.policy().limits;
    let source = cx.message().source.clone();
    let domain = value.rsplit_once('@').map_or("", |(_, domain)| domain);
    let at_a_provider = limits.mail_providers.contains(domain);
    let mailbox = mailbox(value, at_a_provider);
    // named, so that a page can keep to itself how often others have written there
    let about_it = |refusal| Refusal { fields: vec![of_address()], ..refusal };
    cx.count("address and day", mailbox.as_bytes(), Span::days(1), limits.per_address_per_day)
        .map_err(about_it)?;
    if !at_a_provider {
        cx.count("domain and hour", domain.as_bytes(), Span::hours(1), limits.per_domain_per_hour)
            .map_err(about_it)?;
    }
    cx.count("source and hour", source.as_bytes(), Span::hours(1), limits.per_source_per_hour)?;
    cx.count("hour in total", b"", Span::hours(1), limits.total_per_hour)
}

fn open_request(
    ask: &Ask<'_>,
    content: &Content,
    version: &ContentVersion,
    address: &Identity,
    source: &str,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    count(address, subject, cx)?;
    for older in
        subject.requests.iter_mut().filter(|r| r.purpose == content.purpose && r.state == RequestState::Open)
    {
        older.state = RequestState::Voided;
        older.answered_at = Some(cx.now());
        cx.record(&Act::ConsentRequestVoided { request: older.id });
        cx.suppress(Suppression::Request(older.id));
    }
    let id = cx.new_id();
    let locale = subject.locale.unwrap_or(cx.policy().default_locale);
    let expires_at = cx.now().plus(cx.policy().periods.request);
    let manner = Manner {
        form: ask.evidence.and_then(|e| e.form.as_ref()).map(proof::cut),
        staff: ask.staff.map(proof::cut),
        requested_at: Some(ask.at),
        refused: ask.refused.to_vec(),
        ..Manner::default()
    };
    let evidence = Some(proof::seal(&manner, "evidence", subject, cx)?);
    let network_evidence = match NetworkTrace::of(ask.evidence) {
        Some(trace) => {
            let traces = NetworkTraces { asked: Some(trace), confirmed: None };
            Some(proof::seal(&traces, "network_evidence", subject, cx)?)
        }
        None => None,
    };
    subject.requests.push(ConsentRequest {
        id,
        purpose: content.purpose.clone(),
        content: content.id.clone(),
        version: version.version,
        locale,
        address: address.index,
        state: RequestState::Open,
        created_at: cx.now(),
        requested_at: ask.at,
        expires_at,
        mails: 1,
        generation: 0,
        token_hash: token_hash(&cx.vault().link_token(LinkKind::Confirm, id, 0)),
        source: source.to_owned(),
        told_by: cx.message().source.clone(),
        evidence,
        network_evidence,
        answered_at: None,
        correlation: cx.message().trace.correlation.clone(),
        traceparent: cx.message().trace.traceparent.clone(),
    });
    let now = cx.now();
    subject
        .consents
        .entry(content.purpose.clone())
        .and_modify(|consent| {
            // asked before and never answered: it waits anew
            if consent.state == ConsentState::Expired && consent.last_act.is_none() {
                (consent.state, consent.since) = (ConsentState::Requested, now);
            }
        })
        .or_insert_with(|| Consent { state: ConsentState::Requested, ..Consent::none(now) });
    cx.record(&Act::ConsentRequested {
        purpose: content.purpose.clone(),
        content: content.id.clone(),
        version: version.version,
        request: id,
    });
    cx.mail(address.index, Some(&content.purpose), Mail::ConfirmConsent { request: id });
    if let Some(after) = cx.policy().periods.reminder
        && cx.policy().limits.mails_per_request > 1
    {
        cx.later(cx.now().plus(after), &RemindConsent { request: id, after: 1 });
    }
    cx.later(expires_at, &ExpireRequest { request: id });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::mailbox;

    #[test]
    fn addresses_of_one_mailbox_are_counted_together() {
        for address in ["ana.b@mail.example", "ana.b+x@mail.example", "ana.b+x+y@mail.example"] {
            assert_eq!(mailbox(address, false), "ana.b@mail.example");
            assert_eq!(mailbox(address, true), "anab@mail.example");
        }
        assert_eq!(mailbox("+x@mail.example", false), "+x@mail.example", "nothing would be left of it");
        assert_ne!(mailbox("ana.b@mail.example", false), mailbox("anab@mail.example", false));
    }
}

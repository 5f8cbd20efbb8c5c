//! Telling a subject where its data came from (Art. 14): a mail for each source of data, once, as soon as the source is
//! told of. The law demands it, so no withdrawal keeps it from leaving, and no purpose stands above it.

use super::restricting::reachable;
use crate::audit::Act;
use crate::code::DataSourceId;
use crate::decision::Decision;
use crate::mail::Mail;
use crate::model::{DataOrigin, SourceNoticeState, Subject, SubjectState};
use crate::policy::Feature;
use crate::refusal::{Refusal, RefusalCode};
use uuid::Uuid;

/// Records where data of the subject came from, and orders the notice unless the subject has the information already.
/// What was told before is not told again, except where no mail could reach the subject then.
///
/// # Errors
/// Refuses a source that the policy does not know, and any where it does not switch the feature on.
pub(crate) fn obtained(
    from: Option<&DataSourceId>,
    already_informed: bool,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    let Some(from) = from else {
        return match already_informed {
            true => Err(Refusal::invalid(
                "data.already_informed",
                "says nothing without data.obtained_from, which names where the data came from",
            )),
            false => Ok(()),
        };
    };
    let policy = cx.policy();
    if !policy.features.contains(&Feature::SourceNotices) {
        return Err(Refusal::field(
            RefusalCode::FeatureDisabled,
            "data.obtained_from",
            "needs the feature \"source_notices\", which the policy does not switch on",
        ));
    }
    if !policy.data_sources.contains_key(from) {
        let known: Vec<&str> = policy.data_sources.keys().map(DataSourceId::as_str).collect();
        let known = if known.is_empty() { "it has none".to_owned() } else { known.join(", ") };
        return Err(Refusal::field(
            RefusalCode::UnknownCode,
            "data.obtained_from",
            format!("is no entry of the policy's [data_sources]: {known}"),
        ));
    }
    // of whom is erased, nothing may be kept that says where data came from
    if matches!(subject.state, SubjectState::Erasing | SubjectState::Erased) {
        return Ok(());
    }
    let open = subject.origins.get(from).is_none_or(|known| known.state == SourceNoticeState::NotPossible);
    if !open {
        return Ok(());
    }
    subject.provisional = false;
    if already_informed {
        set(from, SourceNoticeState::AlreadyInformed, None, subject, cx);
    } else if subject.state == SubjectState::Restricted {
        set(from, SourceNoticeState::Held, None, subject, cx);
    } else {
        inform(from, subject, cx);
    }
    Ok(())
}

/// Orders the notice, if mail reaches the subject.
fn inform(source: &DataSourceId, subject: &mut Subject, cx: &mut Decision<'_>) {
    match reachable(subject) {
        Some(address) => {
            let mail = cx.mail(address.index, None, Mail::SourceNotice { data_source: source.clone() });
            set(source, SourceNoticeState::Ordered, Some(mail), subject, cx);
        }
        None if subject.origins.get(source).is_some_and(|o| o.state == SourceNoticeState::NotPossible) => {}
        None => set(source, SourceNoticeState::NotPossible, None, subject, cx),
    }
}

/// Processing is restricted: what has not left is suppressed with everything else, and waits for the end.
pub(crate) fn hold(subject: &mut Subject, cx: &mut Decision<'_>) {
    for source in of(subject, |origin| origin.state == SourceNoticeState::Ordered) {
        set(&source, SourceNoticeState::Held, None, subject, cx);
    }
}

/// Processing is no longer restricted: what waited leaves.
pub(crate) fn resume(subject: &mut Subject, cx: &mut Decision<'_>) {
    for source in of(subject, |origin| origin.state == SourceNoticeState::Held) {
        inform(&source, subject, cx);
    }
}

/// A notice has left, or will not.
pub(crate) fn settled(mail: Uuid, sent: bool, subject: &mut Subject, cx: &mut Decision<'_>) {
    for source in of(subject, |origin| origin.mail == Some(mail)) {
        let known = subject.origins.get(&source).map(|origin| origin.state);
        let state = match (sent, known) {
            (true, _) => SourceNoticeState::Sent,
            // it was kept back because of a restriction, and waits for its end
            (false, Some(SourceNoticeState::Held | SourceNoticeState::Sent)) => continue,
            (false, _) if subject.state == SubjectState::Restricted => SourceNoticeState::Held,
            (false, _) => SourceNoticeState::NotPossible,
        };
        if known != Some(state) {
            set(&source, state, Some(mail), subject, cx);
        }
    }
}

fn of(subject: &Subject, wanted: impl Fn(&DataOrigin) -> bool) -> Vec<DataSourceId> {
    let found = subject.origins.iter().filter(|(_, origin)| wanted(origin));
    found.map(|(source, _)| source.clone()).collect()
}

fn set(
    source: &DataSourceId,
    state: SourceNoticeState,
    mail: Option<Uuid>,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) {
    let known = subject.origins.get(source);
    let origin = DataOrigin {
        state,
        since: cx.now(),
        told_by: known.map_or_else(|| cx.message().source.clone(), |known| known.told_by.clone()),
        mail: mail.or_else(|| known?.mail),
    };
    cx.record(&Act::SourceNotice { data_source: source.clone(), state, mail });
    subject.origins.insert(source.clone(), origin);
}

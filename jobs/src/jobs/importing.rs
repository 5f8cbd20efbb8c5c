//! What is told by a list. A list is a picture of some earlier day: it revives nothing that the subject has ended since
//! or objected to, whatever times stand in it (D8), and telling it twice tells nothing new.

use crate::model::{ConsentState, Statement, StatementKind, Subject};
use crate::policy::{Content, ContentVersion, Purpose};
use crate::refusal::{Refusal, RefusalCode};

/// Refuses a yes of a list where the subject's own word stands against it.
pub(crate) fn revives_nothing(field: &str, purpose: &Purpose, subject: &Subject) -> Result<(), Refusal> {
    let consent = subject.consents.get(&purpose.id);
    // a yes that was given after the objection is the later word, and stands
    let consented_at = consent.filter(|consent| consent.state == ConsentState::Granted).map(|c| c.since);
    let objected =
        subject.objections.get(&purpose.id).is_some_and(|objection| objection.blocks(consented_at));
    let why = match consent.map(|consent| consent.state) {
        Some(ConsentState::Withdrawn) => "the person has withdrawn this consent",
        Some(ConsentState::Refused) => "the person has said no to this",
        _ if objected => "the person has objected to this purpose",
        _ => return Ok(()),
    };
    Err(Refusal::field(
        RefusalCode::LeftAlone,
        field,
        format!("{why}, and a list does not revive it; only the person can say yes again"),
    ))
}

/// Whether this very statement is what the consent rests on already.
pub(crate) fn is_known(
    statement: &Statement,
    content: &Content,
    version: &ContentVersion,
    subject: &Subject,
) -> bool {
    let Some(consent) = subject.consents.get(&content.purpose) else { return false };
    let same_act = consent.last_act.as_ref().is_some_and(|last| {
        let ends = |kind| kind != StatementKind::Grant;
        ends(last.kind) == ends(statement.kind) && last.at == statement.at
    });
    let wording = consent.content.as_ref().map(|(content, version)| (content, *version));
    same_act && (statement.kind != StatementKind::Grant || wording == Some((&content.id, version.version)))
}

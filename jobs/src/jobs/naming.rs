//! What a message tells of a subject merely by naming it: further identities, name, language, kind.

use crate::audit::Act;
use crate::code::FieldId;
use crate::decision::Decision;
use crate::model::{Identity, IdentityKind, Subject, SubjectState};
use crate::refusal::Refusal;
use crate::subject_ref::SubjectRef;

/// The built-in field for the name to address a subject by.
pub(crate) const NAME_FIELD: &str = "name";

/// Takes over what is new. Identities that others have were told apart before (see the runner); here they are ours. A
/// known name is replaced only if the message `renames`.
pub(crate) fn learn(
    named: &SubjectRef,
    renames: bool,
    subject: &mut Subject,
    cx: &mut Decision<'_>,
) -> Result<(), Refusal> {
    if subject.state != SubjectState::Active {
        // frozen or on its way out: a withdrawal still counts, but nothing more is taken down (Art. 18)
        return Ok(());
    }
    let vault = cx.vault();
    for identity in named.identities()? {
        let index = vault.blind_index(&identity);
        if subject.identity(&index).is_none() {
            match cx.claimed(&index) {
                Some(sealed) => {
                    // the first of its kind that a message names, not the first by index
                    let primary = subject.primary(identity.kind()).is_none();
                    subject.identities.push(Identity { primary, ..sealed.clone() });
                }
                None => subject.add_identity(&identity, vault, cx.rng())?,
            }
            cx.record(&Act::IdentityAdded { kind: IdentityKind::to_text(identity.kind()) });
        }
    }
    // as with the name: whoever fills in a form must not choose the language of somebody who is known
    if let Some(locale) = named.locale()
        && (renames || subject.provisional || subject.locale.is_none())
    {
        subject.locale = Some(locale);
    }
    if let Some(kind) = named.kind {
        subject.kind = kind;
    }
    if let (Some(name), Some(field)) = (&named.name, FieldId::new(NAME_FIELD))
        && (renames || subject.provisional || !subject.fields.contains_key(&field))
    {
        set_field(subject, field, name, cx)?;
    }
    Ok(())
}

/// Stores the value of a field.
pub(crate) fn set_field(
    subject: &mut Subject,
    field: FieldId,
    value: &str,
    cx: &mut Decision<'_>,
) -> Result<bool, Refusal> {
    let key = subject.contact_key(cx.vault())?;
    let place = subject.place("subject_field", "sealed");
    if let Some(known) = subject.fields.get(&field)
        && key.open_text(place, known)? == value
    {
        return Ok(false);
    }
    let sealed = key.seal(place, value.as_bytes(), cx.rng());
    subject.fields.insert(field, sealed);
    Ok(true)
}

//! What mailings of apps need beside other mails: their words, what the gate has to know, and the links that end them.

use super::mails::Claimed;
use crate::store::dialect::queries;
use crate::store::gate::{Asked, known};
use crate::store::load::unreadable;
use crate::store::{Arg, Pool, Result};
use rescind_jobs::code::PurposeId;
use rescind_jobs::gate::Known;
use rescind_jobs::locale::Locale;
use rescind_jobs::mail::Mail;
use rescind_jobs::model::{ConsentState, SubjectId, SubjectState};
use rescind_jobs::protection::Sealed;
use std::collections::HashMap;
use uuid::Uuid;

queries! {
    WORDS = "select id, sealed from mail where id = any($1::uuid[]) and sealed is not null";
    BY_TOKEN = "select u.subject_id, u.purpose, s.state, s.locale, c.state, \
                (select o.state from objection o where o.subject_id = u.subject_id and o.purpose = u.purpose) \
                from unsubscribe_link u join subject s on s.id = u.subject_id \
                left join consent c on c.subject_id = u.subject_id and c.purpose = u.purpose \
                where u.token_hash = $1";
}

/// What a claimed mailing says, and what the gate has to know of it.
pub struct Mailed {
    /// Its words.
    pub words: Sealed,
    /// State, consent and objection; none if the subject is gone.
    pub known: Option<Known>,
}

/// Reads them for those of `mails` that are mailings.
pub async fn read(pool: &Pool, mails: &[Claimed]) -> Result<HashMap<Uuid, Mailed>> {
    let mailings: Vec<_> = mails
        .iter()
        .filter_map(|mail| match &mail.mail {
            Mail::Mailing(mailing) => Some((mail.id, mail.subject, &mailing.purpose)),
            _ => None,
        })
        .collect();
    let mut found = HashMap::new();
    if mailings.is_empty() {
        return Ok(found);
    }
    let asked: Vec<_> =
        mailings.iter().map(|(_, subject, purpose)| Asked { indexes: &[], id: *subject, purpose }).collect();
    let known = known(pool, &asked).await?;
    let mut known: HashMap<Uuid, Option<Known>> =
        mailings.iter().map(|(id, ..)| *id).zip(known.into_iter().map(|mut known| known.pop())).collect();
    let ids = mailings.iter().map(|(id, ..)| *id).collect();
    for row in pool.read(&WORDS, vec![Arg::Uuids(ids)]).await? {
        let id = row.get(0)?;
        let known = known.remove(&id).flatten();
        found.insert(id, Mailed { words: Sealed(row.get(1)?), known });
    }
    Ok(found)
}

/// What a link ends.
pub struct Unsubscribing {
    /// For whom.
    pub subject: SubjectId,
    /// Under which purpose.
    pub purpose: PurposeId,
    /// Where the subject's data stand.
    pub state: SubjectState,
    /// The subject's language.
    pub locale: Option<Locale>,
    /// Where the consent stands, if there ever was one.
    pub consent: Option<ConsentState>,
    /// An objection to the purpose was raised.
    pub objected: bool,
}

/// What the link with the token of this hash ends.
///
/// # Errors
/// When the store does not answer.
pub async fn by_token_hash(pool: &Pool, hash: &[u8; 32]) -> Result<Option<Unsubscribing>> {
    let rows = pool.read(&BY_TOKEN, vec![Arg::Blob(hash.to_vec())]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let consent = row.get::<Option<i16>>(4)?;
    Ok(Some(Unsubscribing {
        subject: SubjectId(row.get(0)?),
        purpose: PurposeId::new(&row.get::<String>(1)?).ok_or(unreadable("unsubscribe_link", "purpose"))?,
        state: SubjectState::from_i16(row.get(2)?).ok_or(unreadable("subject", "state"))?,
        locale: row.get::<Option<String>>(3)?.as_deref().and_then(Locale::from_tag),
        consent: match consent {
            Some(state) => Some(ConsentState::from_i16(state).ok_or(unreadable("consent", "state"))?),
            None => None,
        },
        objected: row.get::<Option<i16>>(5)?.is_some_and(|state| state != 2),
    }))
}

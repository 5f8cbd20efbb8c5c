//! The registers, for reading: subjects, their consents, and the records that prove them. Nothing here locks; what is
//! read for people to look at may be a moment old.

pub(super) mod consents;
pub(super) mod outbox;
pub(super) mod soft_opt_ins;
pub(super) mod waiting;

pub use consents::{ConsentFilter, ConsentLine, RecordLine, consents, record, records};
pub use outbox::{
    EventLine, MailLine, Requeued, event_list, mail_counts, mail_list, requeue_event, requeue_mail,
};
pub use soft_opt_ins::{CustomerLine, customers};
pub use waiting::{decided, parked_by_mac, waiting};

use super::Arg;
use super::dialect::queries;
use super::error::Result;
use super::load;
use super::pool::Pool;
use super::value::Ts;
use rescind_jobs::model::{Subject, SubjectId};
use rescind_jobs::protection::BlindIndex;
use rescind_jobs::time::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

queries! {
    SUBJECTS = "select id, version, state, kind, locale, contact_key, evidence_key, key_version, event_sequence, \
                created_at, provisional, caretaker, child from subject where id = any($1::uuid[])";
}

/// Whose an identity is. An address may belong to several subjects.
///
/// # Errors
/// When the store does not answer.
pub async fn owners(pool: &Pool, key: BlindIndex) -> Result<Vec<SubjectId>> {
    let rows = pool.read(&load::OWNERS, vec![Arg::Blobs(vec![key.0.to_vec()])]).await?;
    rows.iter().map(|row| Ok(SubjectId(row.get(1)?))).collect()
}

/// Subjects with their identities; what else belongs to them is left out.
///
/// # Errors
/// When the store does not answer.
pub async fn subjects(pool: &Pool, mut ids: Vec<Uuid>) -> Result<BTreeMap<SubjectId, Subject>> {
    ids.sort_unstable();
    ids.dedup();
    let mut found = BTreeMap::new();
    for row in pool.read(&SUBJECTS, vec![Arg::Uuids(ids.clone())]).await? {
        let subject = load::subject(&row)?;
        found.insert(subject.id, subject);
    }
    for row in pool.read(&load::IDENTITIES, vec![Arg::Uuids(ids)]).await? {
        if let Some(subject) = found.get_mut(&SubjectId(row.get(0)?)) {
            subject.identities.push(load::identity(&row)?);
        }
    }
    Ok(found)
}

/// One subject, whole, with every request for consent.
///
/// # Errors
/// When the store does not answer.
pub async fn subject(pool: &Pool, id: SubjectId) -> Result<Option<Subject>> {
    let Some(mut subject) = subjects(pool, vec![id.0]).await?.remove(&id) else { return Ok(None) };
    let this = || vec![Arg::Uuids(vec![id.0])];
    for row in pool.read(&load::FIELDS, this()).await? {
        let (field, sealed) = load::field(&row)?;
        subject.fields.insert(field, sealed);
    }
    for row in pool.read(&load::LINKS, this()).await? {
        subject.links.push(load::link(&row)?);
    }
    for row in pool.read(&load::CONSENTS, this()).await? {
        let (purpose, consent) = load::consent(&row)?;
        subject.consents.insert(purpose, consent);
    }
    let ever = Timestamp::from_micros(0).map_or(Ts(subject.created_at), Ts);
    let args = vec![Arg::Uuids(vec![id.0]), Arg::Ts(ever), Arg::Uuids(Vec::new())];
    for row in pool.read(&load::REQUESTS, args).await? {
        subject.requests.push(load::request(&row)?);
    }
    super::rights::read_rights(pool, &mut subject).await?;
    subject.topics = super::pages::topics(pool, id).await?;
    subject.page = super::pages::of(pool, vec![id.0]).await?.remove(&id);
    Ok(Some(subject))
}

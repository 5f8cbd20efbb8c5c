//! Loading the subjects of a batch: a handful of queries, whatever its size.
//!
//! The order of locks is fixed, and sorted within each step, so that concurrent batches wait for one another instead
//! of deadlocking: inbox, identities, subjects. The lock on subjects is a statement of its own; what is read with it
//! would come from the old snapshot, what is read after it does not.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::{Result, StoreError};
use super::pool::Tx;
use super::tables::IdentityClaim;
use super::value::Ts;
use super::{pages, rights};
use rescind_jobs::code::{ContentId, FieldId, PurposeId, StaffId};
use rescind_jobs::locale::Locale;
use rescind_jobs::model::{
    Consent, ConsentRequest, ConsentState, Identity, IdentityKind, Link, LinkedKind, RequestState, Statement,
    StatementKind, Subject, SubjectId, SubjectKeys, SubjectKind, SubjectState,
};
use rescind_jobs::policy::OptIn;
use rescind_jobs::protection::{BlindIndex, Sealed, WrappedKey};
use rescind_jobs::time::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

queries! {
    OWNERS = "select bidx, subject_id from identity where bidx = any($1::bytea[])";
    REQUEST_OWNERS = "select id, subject_id from consent_request where id = any($1::uuid[])";
    LOCK = "select id, version, state, kind, locale, contact_key, evidence_key, key_version, event_sequence, \
            created_at, provisional, caretaker, child from subject where id = any($1::uuid[]) order by id \
            for no key update";
    IDENTITIES = "select subject_id, bidx, kind, sealed, is_primary, active, undeliverable_at from identity \
                  where subject_id = any($1::uuid[]) order by subject_id, kind, bidx";
    FIELDS = "select subject_id, field, sealed from subject_field where subject_id = any($1::uuid[])";
    LINKS = "select subject_id, kind, bidx, sealed, active from subject_link where subject_id = any($1::uuid[]) \
             order by subject_id, kind, bidx";
    CONSENTS = "select subject_id, purpose, state, opt_in, since, act_kind, act_at, act_source, withdrawn_at, \
                expires_at, content, content_version, record_id from consent where subject_id = any($1::uuid[])";
    REQUESTS = "select id, subject_id, purpose, content, content_version, locale, address, state, created_at, \
                requested_at, expires_at, mails, generation, token_hash, source, told_by, evidence, \
                network_evidence, answered_at, correlation, traceparent from consent_request \
                where subject_id = any($1::uuid[]) and (state = 0 or created_at > $2 or id = any($3::uuid[])) \
                order by created_at, id";
    GRANTED_PAGE = "select subject_id from consent where purpose = $1 and state = 1 and subject_id > $2 \
                    order by subject_id limit $3";
}

/// Who owns these identities. An address may belong to several subjects.
pub async fn owners(tx: &mut Tx, keys: &[BlindIndex]) -> Result<HashMap<BlindIndex, Vec<SubjectId>>> {
    let mut found: HashMap<BlindIndex, Vec<SubjectId>> = HashMap::with_capacity(keys.len());
    if !keys.is_empty() {
        let keys = keys.iter().map(|k| k.0.to_vec()).collect();
        for row in tx.rows(&OWNERS, vec![Arg::Blobs(keys)]).await? {
            found.entry(index(&row, 0)?).or_default().push(SubjectId(row.get(1)?));
        }
    }
    Ok(found)
}

/// Whose these requests for consent are.
pub async fn request_owners(tx: &mut Tx, requests: &[Uuid]) -> Result<HashMap<Uuid, SubjectId>> {
    let mut found = HashMap::with_capacity(requests.len());
    if !requests.is_empty() {
        for row in tx.rows(&REQUEST_OWNERS, vec![Arg::Uuids(requests.to_vec())]).await? {
            found.insert(row.get(0)?, SubjectId(row.get(1)?));
        }
    }
    Ok(found)
}

/// Claims identities, which must be sorted. Waits for a concurrent transaction that claims one of them; returns those
/// that are ours now.
pub async fn claim(tx: &mut Tx, rows: &[IdentityClaim]) -> Result<HashSet<BlindIndex>> {
    tx.put(rows).await?.iter().map(|row| index(row, 0)).collect()
}

/// What is read with subjects beside what every decision sees.
#[derive(Default)]
pub struct Wanted {
    /// Requests for consent, however old.
    pub requests: Vec<Uuid>,
    /// Causes of notices to staff.
    pub causes: Vec<Uuid>,
    /// Subjects whose restrictions and objections are decided about.
    pub rights: Vec<Uuid>,
    /// Subjects whose own pages are changed.
    pub pages: Vec<Uuid>,
}

/// Locks these subjects in id order, and reads them whole.
pub async fn subjects(
    tx: &mut Tx,
    ids: &[SubjectId],
    requests_since: Timestamp,
    wanted: &Wanted,
) -> Result<HashMap<SubjectId, Subject>> {
    let mut found: HashMap<SubjectId, Subject> = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(found);
    }
    let mut ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let all = || vec![Arg::Uuids(ids.clone())];
    for row in tx.rows(&LOCK, all()).await? {
        let subject = subject(&row)?;
        found.insert(subject.id, subject);
    }
    for row in tx.rows(&IDENTITIES, all()).await? {
        if let Some(subject) = found.get_mut(&SubjectId(row.get(0)?)) {
            subject.identities.push(identity(&row)?);
        }
    }
    for row in tx.rows(&FIELDS, all()).await? {
        if let Some(subject) = found.get_mut(&SubjectId(row.get(0)?)) {
            let (field, sealed) = field(&row)?;
            subject.fields.insert(field, sealed);
        }
    }
    for row in tx.rows(&LINKS, all()).await? {
        if let Some(subject) = found.get_mut(&SubjectId(row.get(0)?)) {
            subject.links.push(link(&row)?);
        }
    }
    for row in tx.rows(&CONSENTS, all()).await? {
        if let Some(subject) = found.get_mut(&SubjectId(row.get(0)?)) {
            let (purpose, consent) = consent(&row)?;
            subject.consents.insert(purpose, consent);
        }
    }
    let requests = wanted.requests.clone();
    let args = vec![Arg::Uuids(ids), Arg::Ts(Ts(requests_since)), Arg::Uuids(requests)];
    for row in tx.rows(&REQUESTS, args).await? {
        if let Some(subject) = found.get_mut(&SubjectId(row.get(1)?)) {
            subject.requests.push(request(&row)?);
        }
    }
    rights::add_notices(tx, &wanted.causes, &mut found).await?;
    rights::add_rights(tx, &wanted.rights, &mut found).await?;
    pages::add(tx, &wanted.pages, &mut found).await?;
    Ok(found)
}

/// A page of the subjects with a granted consent to `purpose`, after `after`.
pub async fn granted_page(
    tx: &mut Tx,
    purpose: &PurposeId,
    after: Option<SubjectId>,
    limit: i64,
) -> Result<Vec<SubjectId>> {
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let args = vec![Arg::Text(purpose.to_string()), Arg::Uuid(after), Arg::I64(limit)];
    tx.rows(&GRANTED_PAGE, args).await?.iter().map(|row| Ok(SubjectId(row.get(0)?))).collect()
}

pub(crate) const fn unreadable(table: &'static str, column: &'static str) -> StoreError {
    StoreError::Unreadable { table, column }
}

pub(crate) fn index(row: &Row, column: usize) -> Result<BlindIndex> {
    let bytes: Vec<u8> = row.get(column)?;
    Ok(BlindIndex(bytes.try_into().map_err(|_| unreadable("identity", "bidx"))?))
}

pub(crate) fn opt_index(row: &Row, column: usize) -> Result<Option<BlindIndex>> {
    match row.get::<Option<Vec<u8>>>(column)? {
        Some(bytes) => {
            Ok(Some(BlindIndex(bytes.try_into().map_err(|_| unreadable("soft_opt_in", "email or phone"))?)))
        }
        None => Ok(None),
    }
}

fn time(row: &Row, column: usize) -> Result<Timestamp> {
    Ok(row.get::<Ts>(column)?.0)
}

fn opt_time(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<Option<Ts>>(column)?.map(|t| t.0))
}

fn locale(text: &str) -> Result<Locale> {
    Locale::from_tag(text).ok_or(unreadable("subject", "locale"))
}

pub(super) fn subject(row: &Row) -> Result<Subject> {
    let locale = row.get::<Option<String>>(4)?.as_deref().map(locale).transpose()?;
    Ok(Subject {
        id: SubjectId(row.get(0)?),
        version: row.get(1)?,
        state: SubjectState::from_i16(row.get(2)?).ok_or(unreadable("subject", "state"))?,
        kind: SubjectKind::from_i16(row.get(3)?).ok_or(unreadable("subject", "kind"))?,
        locale,
        keys: SubjectKeys {
            contact: row.get::<Option<Vec<u8>>>(5)?.map(WrappedKey),
            evidence: row.get::<Option<Vec<u8>>>(6)?.map(WrappedKey),
            version: row.get(7)?,
        },
        event_sequence: row.get(8)?,
        created_at: time(row, 9)?,
        provisional: row.get::<i16>(10)? != 0,
        // whoever has left the policy since is told nothing
        caretaker: row.get::<Option<String>>(11)?.as_deref().and_then(StaffId::new),
        child: row.get::<i16>(12)? != 0,
        identities: Vec::new(),
        fields: BTreeMap::new(),
        links: Vec::new(),
        consents: BTreeMap::new(),
        requests: Vec::new(),
        notices: Vec::new(),
        restrictions: BTreeMap::new(),
        objections: BTreeMap::new(),
        origins: BTreeMap::new(),
        soft_opt_ins: BTreeMap::new(),
        page: None,
        topics: BTreeMap::new(),
    })
}

pub(crate) fn identity(row: &Row) -> Result<Identity> {
    Ok(Identity {
        index: index(row, 1)?,
        kind: IdentityKind::from_text(&row.get::<String>(2)?).ok_or(unreadable("identity", "kind"))?,
        sealed: Sealed(row.get(3)?),
        primary: row.get::<i16>(4)? != 0,
        active: row.get::<i16>(5)? != 0,
        undeliverable_at: opt_time(row, 6)?,
    })
}

pub(crate) fn field(row: &Row) -> Result<(FieldId, Sealed)> {
    let field = FieldId::new(&row.get::<String>(1)?).ok_or(unreadable("subject_field", "field"))?;
    Ok((field, Sealed(row.get(2)?)))
}

pub(super) fn link(row: &Row) -> Result<Link> {
    Ok(Link {
        kind: LinkedKind::from_i16(row.get(1)?).ok_or(unreadable("subject_link", "kind"))?,
        index: index(row, 2)?,
        sealed: Sealed(row.get(3)?),
        active: row.get::<i16>(4)? != 0,
    })
}

pub(super) fn consent(row: &Row) -> Result<(PurposeId, Consent)> {
    let purpose = PurposeId::new(&row.get::<String>(1)?).ok_or(unreadable("consent", "purpose"))?;
    let statement = match (row.get::<Option<i16>>(5)?, opt_time(row, 6)?, row.get::<Option<String>>(7)?) {
        (Some(kind), Some(at), Some(source)) => {
            let kind = StatementKind::from_i16(kind).ok_or(unreadable("consent", "act_kind"))?;
            Some(Statement { kind, at, source })
        }
        _ => None,
    };
    let content = match (row.get::<Option<String>>(10)?, row.get::<Option<i32>>(11)?) {
        (Some(content), Some(version)) => {
            let content = ContentId::new(&content).ok_or(unreadable("consent", "content"))?;
            Some((content, version.try_into().map_err(|_| unreadable("consent", "content_version"))?))
        }
        _ => None,
    };
    let consent = Consent {
        state: ConsentState::from_i16(row.get(2)?).ok_or(unreadable("consent", "state"))?,
        opt_in: opt_in(row.get(3)?)?,
        since: time(row, 4)?,
        last_act: statement,
        withdrawn_at: opt_time(row, 8)?,
        expires_at: opt_time(row, 9)?,
        content,
        record: row.get(12)?,
    };
    Ok((purpose, consent))
}

pub(super) fn opt_in(value: i16) -> Result<OptIn> {
    OptIn::ALL.into_iter().find(|o| *o as i16 == value).ok_or(unreadable("consent", "opt_in"))
}

pub(crate) fn request(row: &Row) -> Result<ConsentRequest> {
    let wrong = |column| unreadable("consent_request", column);
    Ok(ConsentRequest {
        id: row.get(0)?,
        purpose: PurposeId::new(&row.get::<String>(2)?).ok_or(wrong("purpose"))?,
        content: ContentId::new(&row.get::<String>(3)?).ok_or(wrong("content"))?,
        version: row.get::<i32>(4)?.try_into().map_err(|_| wrong("content_version"))?,
        locale: locale(&row.get::<String>(5)?)?,
        address: index(row, 6)?,
        state: RequestState::from_i16(row.get(7)?).ok_or(wrong("state"))?,
        created_at: time(row, 8)?,
        requested_at: time(row, 9)?,
        expires_at: time(row, 10)?,
        mails: row.get(11)?,
        generation: row.get(12)?,
        token_hash: row.get::<Vec<u8>>(13)?.try_into().map_err(|_| wrong("token_hash"))?,
        source: row.get(14)?,
        told_by: row.get(15)?,
        evidence: row.get::<Option<Vec<u8>>>(16)?.map(Sealed),
        network_evidence: row.get::<Option<Vec<u8>>>(17)?.map(Sealed),
        answered_at: opt_time(row, 18)?,
        correlation: row.get(19)?,
        traceparent: row.get(20)?,
    })
}

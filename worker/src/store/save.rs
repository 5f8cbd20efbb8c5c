//! Saving a batch: the difference between the subjects as loaded and as decided, and everything the decisions
//! brought about, in one statement a table.

use super::Arg;
use super::dialect::{Json, queries};
use super::error::{Result, StoreError};
use super::outbox::MailState;
use super::pool::Tx;
use super::tables::{
    ConsentRow, CounterRow, EventRow, FieldRow, IdentityRow, JobRow, LinkRow, MailRow, RecordRow, RequestRow,
    SubjectRow, SweepRow, UnsubscribeRow,
};
use super::value::Ts;
use rescind_jobs::code::FieldId;
use rescind_jobs::effects::{Counter, Effects, MailOrder, Suppression, Use};
use rescind_jobs::mail::Mail;
use rescind_jobs::model::{
    Consent, ConsentRecord, ConsentRequest, Identity, Link, Recipient, Subject, SubjectId,
};
use rescind_jobs::protection::BlindIndex;
use rescind_jobs::time::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

queries! {
    UNCLAIM = "delete from identity where ordinal = 0 and bidx = any($1::bytea[])";
    DROP_FIELDS = "delete from subject_field where subject_id = $1 and field = any($2::text[])";
    // what may have left before is not recorded as suppressed; a worker that has claimed one looks again (`sending`)
    SUPPRESS_REQUESTS = "update mail set settled_at = $2, lease_until = null, claimed_by = null, \
                         state = case when trouble = 'the worker died while it was handed over' then 6 else 7 end, \
                         trouble = 'consent was withdrawn' where request_id = any($1::uuid[]) and state = 0";
    SUPPRESS_PURPOSES = "update mail set settled_at = $3, sealed = null, lease_until = null, claimed_by = null, \
                         state = case when trouble = 'the worker died while it was handed over' then 6 else 7 end, \
                         trouble = 'its purpose has ended' \
                         where subject_id = $1 and purpose = any($2::text[]) and request_id is null \
                         and staff is null and state = 0";
    SUPPRESS_SUBJECT = "update mail set settled_at = $2, sealed = null, lease_until = null, claimed_by = null, \
                        state = case when trouble = 'the worker died while it was handed over' then 6 else 7 end, \
                        trouble = 'processing is restricted' \
                        where subject_id = $1 and answers_subject = 0 and staff is null and state = 0";
    COUNTERS = "select key, window_start, used from counter where key = any($1::bytea[])";
}

/// A subject before and after a batch's decisions; `before` is none for one just heard of.
pub struct Change<'a> {
    /// As loaded.
    pub before: Option<&'a Subject>,
    /// As decided.
    pub after: &'a Subject,
}

/// Rows of a batch, by table.
#[derive(Default)]
struct Rows {
    subjects: Vec<SubjectRow>,
    identities: Vec<IdentityRow>,
    fields: Vec<FieldRow>,
    links: Vec<LinkRow>,
    consents: Vec<ConsentRow>,
    requests: Vec<RequestRow>,
    rights: super::rights::Changed,
    pages: super::pages::Changed,
    dropped_fields: Vec<(uuid::Uuid, Vec<String>)>,
}

/// Saves subjects. `claimed` are the identities already written in this transaction; those that no subject kept are
/// released.
pub async fn subjects(
    tx: &mut Tx,
    changes: &[Change<'_>],
    claimed: &HashMap<BlindIndex, Option<Identity>>,
) -> Result<()> {
    let mut rows = Rows::default();
    let mut kept = std::collections::HashSet::new();
    for change in changes {
        kept.extend(change.after.identities.iter().map(|i| i.index));
        collect(change, claimed, &mut rows);
    }
    let mut released: Vec<Vec<u8>> =
        claimed.keys().filter(|k| !kept.contains(*k)).map(|k| k.0.to_vec()).collect();
    released.sort_unstable();
    if !released.is_empty() {
        tx.run(&UNCLAIM, vec![Arg::Blobs(released)]).await?;
    }
    tx.put(&rows.subjects).await?;
    tx.put(&rows.identities).await?;
    tx.put(&rows.fields).await?;
    tx.put(&rows.links).await?;
    tx.put(&rows.consents).await?;
    tx.put(&rows.requests).await?;
    rows.rights.save(tx).await?;
    rows.pages.save(tx).await?;
    for (subject, fields) in rows.dropped_fields {
        tx.run(&DROP_FIELDS, vec![Arg::Uuid(subject), Arg::Texts(fields)]).await?;
    }
    Ok(())
}

fn collect(change: &Change<'_>, claimed: &HashMap<BlindIndex, Option<Identity>>, rows: &mut Rows) {
    let (before, after) = (change.before, change.after);
    if before == Some(after) || after.version == 0 {
        return;
    }
    let id = after.id.0;
    rows.subjects.push(subject_row(after));
    for identity in &after.identities {
        let known = before
            .and_then(|b| b.identity(&identity.index))
            .or_else(|| claimed.get(&identity.index)?.as_ref());
        if known != Some(identity) {
            rows.identities.push(identity_row(id, identity));
        }
    }
    for (field, sealed) in &after.fields {
        if before.and_then(|b| b.fields.get(field)) != Some(sealed) {
            rows.fields.push(FieldRow { subject_id: id, field: field.to_string(), sealed: sealed.0.clone() });
        }
    }
    let dropped: Vec<String> = before
        .iter()
        .flat_map(|b| b.fields.keys())
        .filter(|f| !after.fields.contains_key(*f))
        .map(FieldId::to_string)
        .collect();
    if !dropped.is_empty() {
        rows.dropped_fields.push((id, dropped));
    }
    for link in &after.links {
        if before.is_none_or(|b| !b.links.contains(link)) {
            rows.links.push(link_row(id, link));
        }
    }
    for (purpose, consent) in &after.consents {
        if before.and_then(|b| b.consents.get(purpose)) != Some(consent) {
            rows.consents.push(consent_row(id, purpose.as_str(), consent));
        }
    }
    for request in &after.requests {
        if before.is_none_or(|b| !b.requests.contains(request)) {
            rows.requests.push(request_row(id, request));
        }
    }
    rows.rights.collect(before, after);
    rows.pages.collect(before, after);
}

/// Saves what the decisions brought about. Counters come last, because everybody who asks for consent waits for them.
///
/// # Errors
/// [`StoreError::LimitReached`] when another batch took a counter to its limit.
pub async fn effects(tx: &mut Tx, effects: &Effects, now: Timestamp) -> Result<()> {
    suppress(tx, &effects.suppressions, now).await?;
    let records: Vec<_> = effects.records.iter().map(record_row).collect();
    tx.put(&records).await?;
    super::pages::accept(tx, &effects.acceptances).await?;
    super::audit::add(tx, &effects.audit).await?;
    let mut mails: Vec<_> = effects
        .mails
        .iter()
        .enumerate()
        .map(|(n, m)| (m, suppressed(n, m, effects)))
        .map(|(m, suppressed)| MailRow {
            id: m.id,
            subject_id: m.subject.map(|s| s.0),
            request_id: m.mail.request(),
            notice_id: m.mail.notice(),
            purpose: m.purpose.as_ref().map(ToString::to_string),
            template: m.mail.template().to_owned(),
            params: json(&m.mail),
            address: match &m.to {
                Recipient::Address(index) => Some(index.0.to_vec()),
                Recipient::Staff(_) => None,
            },
            staff: match &m.to {
                Recipient::Address(_) => None,
                Recipient::Staff(staff) => Some(staff.to_string()),
            },
            answers_subject: i16::from(m.mail.answers_subject()),
            state: if suppressed.is_some() { MailState::Suppressed } else { MailState::Queued } as i16,
            lane: m.lane as i16,
            due_at: Ts(m.due_at),
            attempt: 0,
            trouble: suppressed.map(str::to_owned),
            created_at: Ts(m.due_at),
            settled_at: suppressed.map(|_| Ts(now)),
            gated: m.mailing.as_ref().map_or(0, |mailing| mailing.footing as i16),
            topic: match &m.mail {
                Mail::Mailing(mailing) => mailing.topic.as_ref().map(ToString::to_string),
                _ => None,
            },
            sealed: m.mailing.as_ref().filter(|_| suppressed.is_none()).map(|m| m.sealed.0.clone()),
            channel: m.channel.as_ref().map(ToString::to_string),
            correlation: m.trace.correlation.clone(),
            traceparent: m.trace.traceparent.clone(),
        })
        .collect();
    // a digest may be ordered by several batches at once: in one order, they wait for one another
    mails.sort_by_key(|mail| mail.id);
    tx.put(&mails).await?;
    tx.put(&unsubscribe_rows(&effects.mails, now)).await?;
    let events: Vec<_> = effects
        .events
        .iter()
        .map(|e| EventRow {
            id: e.id,
            subject_id: e.subject.map(|s| s.0),
            sequence: e.sequence,
            kind: e.event.kind().to_owned(),
            data: json(&e.event),
            reply_to: e.reply_to.clone(),
            at: Ts(e.at),
            state: 0,
            lane: e.lane as i16,
            due_at: Ts(e.at),
            attempt: 0,
            correlation: e.trace.correlation.clone(),
            traceparent: e.trace.traceparent.clone(),
        })
        .collect();
    tx.put(&events).await?;
    let jobs: Vec<_> = effects
        .follow_ups
        .iter()
        .map(|j| JobRow {
            id: j.id,
            subject_id: j.subject.map(|s| s.0),
            source: j.source.clone(),
            origin: super::queue::Origin::FollowUp as i16,
            kind: Some(j.kind.to_owned()),
            body: super::queue::follow_up_body(j.time, &j.data),
            day: None,
            due_at: Ts(j.due_at),
            lane: j.lane as i16,
            attempt: 0,
            schedule: None,
            created_at: Ts(j.due_at),
            correlation: j.trace.correlation.clone(),
            traceparent: j.trace.traceparent.clone(),
        })
        .collect();
    tx.put(&jobs).await?;
    let sweeps: Vec<_> = effects
        .sweeps
        .iter()
        .map(|s| SweepRow {
            id: s.id,
            name: s.name.to_owned(),
            source: s.source.clone(),
            ordered_at: Ts(s.at),
            state: 0,
            attempt: 0,
            counts: Json("{}".to_owned()),
        })
        .collect();
    tx.put(&sweeps).await?;
    counters(tx, &effects.uses).await
}

/// The links that end mailings, sorted: batches that make the same one wait for each other in one order.
fn unsubscribe_rows(mails: &[MailOrder], now: Timestamp) -> Vec<UnsubscribeRow> {
    let mut links = BTreeMap::new();
    for mail in mails {
        let hash = mail.mailing.as_ref().and_then(|mailing| mailing.unsubscribe);
        if let (Some(subject), Some(purpose), Some(hash)) = (mail.subject, &mail.purpose, hash) {
            links.insert((subject.0, purpose.to_string()), hash.to_vec());
        }
    }
    let row = |((subject_id, purpose), token_hash)| UnsubscribeRow {
        subject_id,
        purpose,
        token_hash,
        created_at: Ts(now),
    };
    links.into_iter().map(row).collect()
}

/// Why the n-th mail that this batch orders does not leave after all: a later message of the same batch is in the way.
fn suppressed(n: usize, mail: &MailOrder, effects: &Effects) -> Option<&'static str> {
    let meant = |(suppression, before): &&(Suppression, usize)| n < *before && suppression.covers(mail);
    effects.suppressions.iter().find(meant).map(|(suppression, _)| suppression.reason())
}

/// Keeps mails of earlier batches from leaving.
async fn suppress(tx: &mut Tx, suppressions: &[(Suppression, usize)], now: Timestamp) -> Result<()> {
    let mut requests = Vec::new();
    let mut purposes: BTreeMap<SubjectId, Vec<String>> = BTreeMap::new();
    let mut subjects = BTreeSet::new();
    for (suppression, _) in suppressions {
        match suppression {
            Suppression::Request(request) => requests.push(*request),
            Suppression::Purpose(subject, purpose) => {
                purposes.entry(*subject).or_default().push(purpose.to_string());
            }
            Suppression::Subject(subject) => drop(subjects.insert(*subject)),
        }
    }
    if !requests.is_empty() {
        tx.run(&SUPPRESS_REQUESTS, vec![Arg::Uuids(requests), Arg::Ts(Ts(now))]).await?;
    }
    for (subject, purposes) in purposes {
        let args = vec![Arg::Uuid(subject.0), Arg::Texts(purposes), Arg::Ts(Ts(now))];
        tx.run(&SUPPRESS_PURPOSES, args).await?;
    }
    for subject in subjects {
        tx.run(&SUPPRESS_SUBJECT, vec![Arg::Uuid(subject.0), Arg::Ts(Ts(now))]).await?;
    }
    Ok(())
}

async fn counters(tx: &mut Tx, uses: &HashMap<Counter, Use>) -> Result<()> {
    let mut rows: Vec<_> = uses
        .iter()
        .map(|(counter, use_)| CounterRow {
            key: counter.key.to_vec(),
            window_start: Ts(counter.window),
            used: i64::from(use_.added),
            highest: i64::from(use_.limit),
        })
        .collect();
    rows.sort_by(|a, b| (&a.key, a.window_start).cmp(&(&b.key, b.window_start)));
    if tx.put(&rows).await?.len() < rows.len() {
        return Err(StoreError::LimitReached);
    }
    Ok(())
}

/// How far these counters have gone.
pub async fn read_counters(tx: &mut Tx, counters: &[Counter]) -> Result<HashMap<Counter, u32>> {
    let keys = counters.iter().map(|c| c.key.to_vec()).collect();
    let mut found = HashMap::new();
    for row in tx.rows(&COUNTERS, vec![Arg::Blobs(keys)]).await? {
        let key = row.get::<Vec<u8>>(0)?.try_into().map_err(|_| super::load::unreadable("counter", "key"))?;
        let counter = Counter { key, window: row.get::<Ts>(1)?.0 };
        found.insert(counter, u32::try_from(row.get::<i64>(2)?).unwrap_or(u32::MAX));
    }
    Ok(found)
}

fn json<T: serde::Serialize>(value: &T) -> Json {
    // orders and events are plain data with text keys
    Json(serde_json::to_value(value).unwrap_or(Value::Null).to_string())
}

fn subject_row(s: &Subject) -> SubjectRow {
    SubjectRow {
        id: s.id.0,
        version: s.version,
        state: s.state as i16,
        kind: s.kind as i16,
        locale: s.locale.map(|l| l.as_str().to_owned()),
        contact_key: s.keys.contact.as_ref().map(|k| k.0.clone()),
        evidence_key: s.keys.evidence.as_ref().map(|k| k.0.clone()),
        key_version: s.keys.version,
        event_sequence: s.event_sequence,
        created_at: Ts(s.created_at),
        provisional: i16::from(s.provisional),
        caretaker: s.caretaker.as_ref().map(ToString::to_string),
        child: i16::from(s.child),
    }
}

fn identity_row(subject_id: uuid::Uuid, i: &Identity) -> IdentityRow {
    IdentityRow {
        bidx: i.index.0.to_vec(),
        ordinal: 0,
        subject_id,
        kind: i.kind.to_text(),
        sealed: i.sealed.0.clone(),
        is_primary: i16::from(i.primary),
        active: i16::from(i.active),
        undeliverable_at: i.undeliverable_at.map(Ts),
    }
}

fn link_row(subject_id: uuid::Uuid, l: &Link) -> LinkRow {
    LinkRow {
        subject_id,
        kind: l.kind as i16,
        bidx: l.index.0.to_vec(),
        sealed: l.sealed.0.clone(),
        active: i16::from(l.active),
    }
}

fn consent_row(subject_id: uuid::Uuid, purpose: &str, c: &Consent) -> ConsentRow {
    let act = c.last_act.as_ref();
    ConsentRow {
        subject_id,
        purpose: purpose.to_owned(),
        state: c.state as i16,
        opt_in: c.opt_in as i16,
        since: Ts(c.since),
        act_kind: act.map(|a| a.kind as i16),
        act_at: act.map(|a| Ts(a.at)),
        act_source: act.map(|a| a.source.clone()),
        withdrawn_at: c.withdrawn_at.map(Ts),
        expires_at: c.expires_at.map(Ts),
        content: c.content.as_ref().map(|(id, _)| id.to_string()),
        content_version: c.content.as_ref().and_then(|(_, v)| i32::try_from(*v).ok()),
        record_id: c.record,
    }
}

fn request_row(subject_id: uuid::Uuid, r: &ConsentRequest) -> RequestRow {
    RequestRow {
        id: r.id,
        subject_id,
        purpose: r.purpose.to_string(),
        content: r.content.to_string(),
        content_version: i32::try_from(r.version).unwrap_or(i32::MAX),
        locale: r.locale.as_str().to_owned(),
        address: r.address.0.to_vec(),
        state: r.state as i16,
        created_at: Ts(r.created_at),
        requested_at: Ts(r.requested_at),
        expires_at: Ts(r.expires_at),
        mails: r.mails,
        generation: r.generation,
        token_hash: r.token_hash.to_vec(),
        source: r.source.clone(),
        told_by: r.told_by.clone(),
        evidence: r.evidence.as_ref().map(|s| s.0.clone()),
        network_evidence: r.network_evidence.as_ref().map(|s| s.0.clone()),
        answered_at: r.answered_at.map(Ts),
        correlation: r.correlation.clone(),
        traceparent: r.traceparent.clone(),
    }
}

fn record_row(r: &ConsentRecord) -> RecordRow {
    RecordRow {
        id: r.id,
        subject_id: r.subject.0,
        purpose: r.purpose.to_string(),
        expression: r.expression as i16,
        opt_in: r.opt_in as i16,
        category: r.category.as_ref().map(ToString::to_string),
        content: r.content.as_ref().map(|(id, _, _)| id.to_string()),
        content_version: r.content.as_ref().and_then(|(_, v, _)| i32::try_from(*v).ok()),
        locale: r.content.as_ref().map(|(_, _, l)| l.as_str().to_owned()),
        source: r.source.clone(),
        reason: r.reason.as_ref().map(ToString::to_string),
        regulation: r.regulation.clone(),
        linked: r.linked.map(|l| l.0.to_vec()),
        expressed_at: Ts(r.expressed_at),
        recorded_at: Ts(r.recorded_at),
        told_by: r.told_by.clone(),
        evidence: r.evidence.as_ref().map(|s| s.0.clone()),
        network_evidence: r.network_evidence.as_ref().map(|s| s.0.clone()),
        network_evidence_until: r.network_evidence_until.map(Ts),
        policy: r.policy.to_vec(),
    }
}

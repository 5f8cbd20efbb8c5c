//! The outbox as operators see it: names, states and references, never an address or a text.

use crate::store::dialect::{Row, queries};
use crate::store::load::unreadable;
use crate::store::outbox::{EventState, MailState};
use crate::store::{Arg, Pool, Result, Ts, Tx};
use rescind_jobs::model::SubjectId;
use rescind_jobs::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

queries! {
    MAILS = "select id, subject_id, template, request_id, state, due_at, attempt, trouble, created_at, settled_at, \
             correlation, staff from mail where id > $1 and ($2 = -1 or state = $2) order by id limit $3";
    EVENTS = "select id, subject_id, sequence, kind, state, at, due_at, attempt, trouble, published_at, correlation \
              from event where id > $1 and ($2 = -1 or state = $2) order by id limit $3";
    MAIL = "select subject_id, state from mail where id = $1";
    EVENT = "select subject_id, state from event where id = $1";
    // failed and uncertain ones; one that waits for its next attempt is only hurried
    REQUEUE_MAIL = "update mail set state = 0, due_at = $2, trouble = null, settled_at = null, lease_until = null, \
                    claimed_by = null where id = $1 and state in (0, 5, 6)";
    REQUEUE_EVENT = "update event set state = 0, due_at = $2, trouble = null, published_at = null, \
                     lease_until = null, claimed_by = null where id = $1 and state in (0, 3)";
    MAIL_COUNTS = "select state, count(*) from mail where subject_id = $1 group by state order by state";
}

/// A mail.
#[derive(Clone, Debug, Serialize)]
pub struct MailLine {
    /// Its id.
    pub id: Uuid,
    /// About whom; none for what is about several.
    pub subject: Option<SubjectId>,
    /// The member of staff it goes to, if it goes to staff.
    pub staff: Option<String>,
    /// What it says.
    pub template: String,
    /// The request for consent that it belongs to.
    pub request: Option<Uuid>,
    /// Where it stands.
    pub state: MailState,
    /// When it leaves, or is tried again.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempt: i32,
    /// What went wrong last.
    pub trouble: Option<String>,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When its outcome was known.
    pub settled_at: Option<Timestamp>,
    /// Correlation id.
    pub correlation: Option<String>,
}

/// An event.
#[derive(Clone, Debug, Serialize)]
pub struct EventLine {
    /// Its id, on the wire too.
    pub id: Uuid,
    /// About whom.
    pub subject: Option<SubjectId>,
    /// Its number among the subject's events.
    pub sequence: i64,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it stands.
    pub state: EventState,
    /// When it happened.
    pub at: Timestamp,
    /// When it leaves, or is tried again.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempt: i32,
    /// What went wrong last.
    pub trouble: Option<String>,
    /// When it was published or kept.
    pub published_at: Option<Timestamp>,
    /// Correlation id.
    pub correlation: Option<String>,
}

/// What became of a wish to queue something again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeued {
    /// It is queued, and due now.
    Done(Option<SubjectId>),
    /// It stands where it cannot be queued again; the state's name.
    NotPossible(&'static str),
    /// There is none.
    Unknown,
}

fn mail_line(row: &Row) -> Result<MailLine> {
    Ok(MailLine {
        id: row.get(0)?,
        subject: row.get::<Option<Uuid>>(1)?.map(SubjectId),
        staff: row.get(11)?,
        template: row.get(2)?,
        request: row.get(3)?,
        state: MailState::from_i16(row.get(4)?).ok_or(unreadable("mail", "state"))?,
        due_at: row.get::<Ts>(5)?.0,
        attempt: row.get(6)?,
        trouble: row.get(7)?,
        created_at: row.get::<Ts>(8)?.0,
        settled_at: row.get::<Option<Ts>>(9)?.map(|t| t.0),
        correlation: row.get(10)?,
    })
}

fn event_line(row: &Row) -> Result<EventLine> {
    Ok(EventLine {
        id: row.get(0)?,
        subject: row.get::<Option<Uuid>>(1)?.map(SubjectId),
        sequence: row.get(2)?,
        kind: row.get(3)?,
        state: EventState::from_i16(row.get(4)?).ok_or(unreadable("event", "state"))?,
        at: row.get::<Ts>(5)?.0,
        due_at: row.get::<Ts>(6)?.0,
        attempt: row.get(7)?,
        trouble: row.get(8)?,
        published_at: row.get::<Option<Ts>>(9)?.map(|t| t.0),
        correlation: row.get(10)?,
    })
}

fn page(after: Option<Uuid>, state: Option<i16>, limit: i64) -> Vec<Arg> {
    vec![Arg::Uuid(after.unwrap_or_default()), Arg::I16(state.unwrap_or(-1)), Arg::I64(limit)]
}

/// A page of mails, oldest first.
///
/// # Errors
/// When the store does not answer.
pub async fn mail_list(
    pool: &Pool,
    state: Option<MailState>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<MailLine>> {
    let rows = pool.read(&MAILS, page(after, state.map(|s| s as i16), limit)).await?;
    rows.iter().map(mail_line).collect()
}

/// A page of events, oldest first.
///
/// # Errors
/// When the store does not answer.
pub async fn event_list(
    pool: &Pool,
    state: Option<EventState>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<EventLine>> {
    let rows = pool.read(&EVENTS, page(after, state.map(|s| s as i16), limit)).await?;
    rows.iter().map(event_line).collect()
}

/// How many mails of a subject stand where.
///
/// # Errors
/// When the store does not answer.
pub async fn mail_counts(pool: &Pool, subject: SubjectId) -> Result<Vec<(MailState, i64)>> {
    let rows = pool.read(&MAIL_COUNTS, vec![Arg::Uuid(subject.0)]).await?;
    rows.iter()
        .map(|row| {
            Ok((MailState::from_i16(row.get(0)?).ok_or(unreadable("mail", "state"))?, row.get::<i64>(1)?))
        })
        .collect()
}

/// Queues a mail again that failed, may not have left, or waits for its next attempt.
///
/// # Errors
/// When the store does not answer.
pub async fn requeue_mail(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<Requeued> {
    let Some((subject, state)) = standing(tx.rows(&MAIL, vec![Arg::Uuid(id)]).await?.first())? else {
        return Ok(Requeued::Unknown);
    };
    let state = MailState::from_i16(state).ok_or(unreadable("mail", "state"))?;
    let changed = tx.run(&REQUEUE_MAIL, vec![Arg::Uuid(id), Arg::Ts(Ts(now))]).await?;
    Ok(if changed == 1 { Requeued::Done(subject) } else { Requeued::NotPossible(state.as_str()) })
}

/// Queues an event again that was kept, or waits for its next attempt.
///
/// # Errors
/// When the store does not answer.
pub async fn requeue_event(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<Requeued> {
    let Some((subject, state)) = standing(tx.rows(&EVENT, vec![Arg::Uuid(id)]).await?.first())? else {
        return Ok(Requeued::Unknown);
    };
    let state = EventState::from_i16(state).ok_or(unreadable("event", "state"))?;
    let changed = tx.run(&REQUEUE_EVENT, vec![Arg::Uuid(id), Arg::Ts(Ts(now))]).await?;
    Ok(if changed == 1 { Requeued::Done(subject) } else { Requeued::NotPossible(state.as_str()) })
}

fn standing(row: Option<&Row>) -> Result<Option<(Option<SubjectId>, i16)>> {
    row.map(|row| Ok((row.get::<Option<Uuid>>(0)?.map(SubjectId), row.get(1)?))).transpose()
}

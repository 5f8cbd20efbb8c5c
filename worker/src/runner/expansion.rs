//! Messages about many subjects: they become one job a subject, or a consent, page by page, in the background. The ids
//! of those jobs derive from the message's, so that a page run again adds nothing.

use super::Engine;
use crate::store::candidates::{self, Candidate};
use crate::store::queue::{self, Claimed, Origin};
use crate::store::tables::JobRow;
use crate::store::{Result, Ts, Tx, load};
use rescind_jobs::code::PurposeId;
use rescind_jobs::decision::MessageContext;
use rescind_jobs::effects::Lane;
use rescind_jobs::job::Selection;
use rescind_jobs::jobs::ConsentsWhere;
use rescind_jobs::model::SubjectId;
use rescind_jobs::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The type of the rows that stand for a page.
pub(super) const KIND: &str = "rescind.expand";

/// Subjects or consents a page.
const PAGE: i64 = 500;

/// A page of an expansion.
#[derive(Serialize, Deserialize)]
pub(super) struct Page {
    /// Which subjects.
    pub selection: Selection,
    /// The type of each subject's job.
    pub kind: String,
    /// Its data.
    pub data: Value,
    /// After which subject.
    pub after: Option<SubjectId>,
    /// And after which of its purposes, where each consent is a job of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// What a page becomes: the mark that the job's id derives from, whom it concerns, and its data.
type Jobs = Vec<(String, SubjectId, Value)>;

/// Orders the first page.
pub(super) async fn order(
    tx: &mut Tx,
    page: &Page,
    message: &MessageContext,
    now: Timestamp,
    id: Uuid,
) -> Result<()> {
    let row = JobRow {
        id,
        subject_id: None,
        source: message.source.clone(),
        origin: Origin::FollowUp as i16,
        kind: Some(KIND.to_owned()),
        body: serde_json::to_vec(page).unwrap_or_default(),
        day: None,
        due_at: Ts(now),
        lane: Lane::Background as i16,
        attempt: 0,
        schedule: None,
        created_at: Ts(now),
        correlation: message.trace.correlation.clone(),
        traceparent: message.trace.traceparent.clone(),
    };
    queue::add(tx, &[row]).await.map(drop)
}

/// Turns pages into jobs, and removes their rows; returns how many jobs. A failure rolls back at once: rows that are
/// still locked would be passed over by the next look.
pub(super) async fn run_all(
    engine: &Engine,
    mut tx: Tx,
    pages: &[Claimed],
    now: Timestamp,
) -> Result<(Tx, usize)> {
    let mut added = 0;
    for page in pages {
        let done = match run(engine, &mut tx, page, now).await {
            Ok(jobs) => queue::remove(&mut tx, vec![page.id]).await.map(|_| jobs),
            Err(error) => Err(error),
        };
        match done {
            Ok(jobs) => added += jobs,
            Err(error) => {
                tx.rollback().await;
                return Err(error);
            }
        }
    }
    Ok((tx, added))
}

/// Turns one page into jobs, and orders the next; returns how many jobs.
async fn run(engine: &Engine, tx: &mut Tx, row: &Claimed, now: Timestamp) -> Result<usize> {
    let Ok(mut page) = serde_json::from_slice::<Page>(&row.body) else {
        tracing::error!(job = %row.id, "a page of an expansion cannot be read; it is dropped");
        return Ok(0);
    };
    let (jobs, more) = match &page.selection {
        Selection::Granted(purpose) => granted(tx, &purpose.clone(), &mut page).await?,
        Selection::Consents(which) => consents(tx, &which.clone(), &mut page).await?,
    };
    let derived = |mark: &str| derived_id(engine, row.id, mark);
    let like_this = |id, subject_id: Option<Uuid>, kind: &str, body| JobRow {
        id,
        subject_id,
        source: row.source.clone(),
        origin: Origin::FollowUp as i16,
        kind: Some(kind.to_owned()),
        body,
        day: None,
        due_at: Ts(now),
        lane: Lane::Background as i16,
        attempt: 0,
        schedule: None,
        created_at: Ts(now),
        correlation: row.correlation.clone(),
        traceparent: row.traceparent.clone(),
    };
    let count = jobs.len();
    let mut rows: Vec<JobRow> = jobs
        .into_iter()
        .map(|(mark, subject, data)| {
            let body = queue::follow_up_body(row.created_at, &data);
            like_this(derived(&mark), Some(subject.0), &page.kind, body)
        })
        .collect();
    if more {
        rows.push(like_this(derived("next"), None, KIND, serde_json::to_vec(&page).unwrap_or_default()));
    }
    queue::add(tx, &rows).await?;
    // the next page is work too
    Ok(count + usize::from(more))
}

/// The subjects of a page with a granted consent to a purpose, and whether there are more.
async fn granted(tx: &mut Tx, purpose: &PurposeId, page: &mut Page) -> Result<(Jobs, bool)> {
    let subjects = load::granted_page(tx, purpose, page.after, PAGE).await?;
    page.after = subjects.last().copied();
    let more = i64::try_from(subjects.len()).unwrap_or(0) == PAGE;
    let jobs = subjects.into_iter().map(|subject| (subject.to_string(), subject, page.data.clone()));
    Ok((jobs.collect(), more))
}

/// The consents of a page that a filter describes, and whether there are more. Each job is told what it corrects.
async fn consents(tx: &mut Tx, which: &ConsentsWhere, page: &mut Page) -> Result<(Jobs, bool)> {
    let after = page.after.map(|subject| (subject.0, page.purpose.clone().unwrap_or_default()));
    let slice = candidates::in_transaction(tx, which, after.as_ref(), PAGE).await?;
    let job = |candidate: Candidate| {
        let mut data = page.data.clone();
        if let Value::Object(map) = &mut data {
            map.insert("purpose".to_owned(), candidate.purpose.clone().into());
            map.insert("record".to_owned(), candidate.record.to_string().into());
            map.insert("source".to_owned(), candidate.source.into());
            map.insert("recorded_at".to_owned(), serde_json::json!(candidate.recorded_at));
            let linked = candidate.linked.map(|index| data_encoding::HEXLOWER.encode(&index));
            let known = [
                ("locale", candidate.locale),
                ("linked", linked),
                ("reason", candidate.reason),
                ("category", candidate.category),
                ("content", candidate.content),
                ("regulation", candidate.regulation),
            ];
            let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
            map.extend(known);
            map.extend(candidate.version.map(|version| ("version".to_owned(), version.into())));
        }
        (format!("{}/{}", candidate.subject, candidate.purpose), candidate.subject, data)
    };
    let jobs = slice.fitting.into_iter().map(job).collect();
    let more = slice.next.is_some();
    if let Some((subject, purpose)) = slice.next {
        (page.after, page.purpose) = (Some(SubjectId(subject)), Some(purpose));
    }
    Ok((jobs, more))
}

fn derived_id(engine: &Engine, message: Uuid, mark: &str) -> Uuid {
    let key = engine.vault().counter_key("expansion", format!("{message}\0{mark}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&key[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

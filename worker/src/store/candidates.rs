//! The consents that a filter describes, slice by slice: a slice is so many consents of the register, whether they fit
//! or not, so that a filter that fits few never holds a transaction open for long.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::load::unreadable;
use super::pool::{Pool, Tx};
use super::value::Ts;
use rescind_jobs::jobs::ConsentsWhere;
use rescind_jobs::model::{ConsentState, SubjectId};
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

queries! {
    SLICE = "select c.subject_id, c.purpose, c.state, c.record_id, r.source, r.locale, r.linked, r.expressed_at, \
             r.recorded_at, r.reason, r.category, r.content, r.content_version, r.regulation \
             from consent c left join consent_record r on r.id = c.record_id \
             where (c.subject_id, c.purpose) > ($1, $2) order by c.subject_id, c.purpose limit $3";
}

/// Where a slice begins: after this subject and purpose.
pub type After = (Uuid, String);

/// A consent that fits.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Whose.
    pub subject: SubjectId,
    /// To which purpose.
    pub purpose: String,
    /// The record that it rests on.
    pub record: Uuid,
    /// That record's source.
    pub source: String,
    /// The language that its wording was shown in.
    pub locale: Option<String>,
    /// The address or contact that it is limited to.
    pub linked: Option<Vec<u8>>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Why it was withdrawn.
    pub reason: Option<String>,
    /// The category of the content.
    pub category: Option<String>,
    /// The content.
    pub content: Option<String>,
    /// Its version.
    pub version: Option<i32>,
    /// The regulation that belonged to it.
    pub regulation: Option<String>,
}

/// A slice: those that fit, and where the next one begins; none: it was the last.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Those that fit.
    pub fitting: Vec<Candidate>,
    /// Where the next slice begins.
    pub next: Option<After>,
}

fn args(after: Option<&After>, limit: i64) -> Vec<Arg> {
    let (subject, purpose) = after.cloned().unwrap_or_default();
    vec![Arg::Uuid(subject), Arg::Text(purpose), Arg::I64(limit)]
}

fn slice(rows: &[Row], which: &ConsentsWhere, limit: i64) -> Result<Slice> {
    let mut fitting = Vec::new();
    for row in rows {
        // what nobody ever answered has no record, and nothing to correct
        let Some(record) = row.get::<Option<Uuid>>(3)? else { continue };
        let (Some(source), Some(at)) = (row.get::<Option<String>>(4)?, row.get::<Option<Ts>>(7)?) else {
            continue;
        };
        let Some(Ts(recorded_at)) = row.get::<Option<Ts>>(8)? else { continue };
        let (purpose, at): (String, Timestamp) = (row.get(1)?, at.0);
        let state = ConsentState::from_i16(row.get(2)?).ok_or(unreadable("consent", "state"))?;
        if which.fits(&purpose, state, &source, at, recorded_at) {
            fitting.push(Candidate {
                subject: SubjectId(row.get(0)?),
                purpose,
                record,
                source,
                locale: row.get(5)?,
                linked: row.get(6)?,
                recorded_at,
                reason: row.get(9)?,
                category: row.get(10)?,
                content: row.get(11)?,
                version: row.get(12)?,
                regulation: row.get(13)?,
            });
        }
    }
    let next = match rows.last() {
        Some(last) if i64::try_from(rows.len()).unwrap_or(0) == limit => Some((last.get(0)?, last.get(1)?)),
        _ => None,
    };
    Ok(Slice { fitting, next })
}

/// A slice of so many consents, read in a transaction.
pub(crate) async fn in_transaction(
    tx: &mut Tx,
    which: &ConsentsWhere,
    after: Option<&After>,
    limit: i64,
) -> Result<Slice> {
    slice(&tx.rows(&SLICE, args(after, limit)).await?, which, limit)
}

/// How many consents fit.
///
/// # Errors
/// When the store does not answer.
pub async fn count(pool: &Pool, which: &ConsentsWhere) -> Result<u64> {
    const LIMIT: i64 = 2_000;
    let (mut count, mut after) = (0, None);
    loop {
        let rows = pool.read(&SLICE, args(after.as_ref(), LIMIT)).await?;
        let Slice { fitting, next } = slice(&rows, which, LIMIT)?;
        count += fitting.len() as u64;
        if next.is_none() {
            return Ok(count);
        }
        after = next;
    }
}

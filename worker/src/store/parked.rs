//! Messages that could not be processed: parked with their reason, listed, tried again or dropped by a command.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::pool::{Pool, Tx};
use super::tables::ParkedRow;
use super::value::Ts;
use rescind_jobs::refusal::FieldProblem;
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

queries! {
    LIST = "select id, source, message_id, kind, code, detail, fields::text, origin, parked_at from parked \
            where id > $1 order by id limit $2";
    ONE = "select id, source, message_id, kind, code, detail, fields::text, origin, parked_at from parked \
           where id = $1";
    BODY = "select body, day from parked where id = $1";
    TAKE = "delete from parked where id = $1 returning source, message_id, origin, body, day, subject_id, kind";
    COUNT = "select count(*) from parked";
}

/// A parked message, without its body.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Parked {
    /// Its id in the list.
    pub id: Uuid,
    /// The authenticated source.
    pub source: String,
    /// The message's id; empty if it could not be read.
    pub message_id: String,
    /// Its type, if it could be read.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The refusal's code.
    pub code: String,
    /// The refusal's sentence.
    pub detail: String,
    /// What is wrong with which field.
    pub fields: Vec<FieldProblem>,
    /// Which sender the intake saw, as a number (see `origin.rs`).
    #[serde(skip)]
    pub origin: i16,
    /// When.
    pub parked_at: Timestamp,
}

/// What is taken out of the list to be tried again.
pub struct Taken {
    /// The authenticated source.
    pub source: String,
    /// The message's id.
    pub message_id: String,
    /// Which sender the intake saw.
    pub origin: i16,
    /// The sealed body.
    pub body: Vec<u8>,
    /// The day whose key seals it.
    pub day: i32,
    /// Whom it concerns, if known.
    pub subject: Option<Uuid>,
    /// Its type, if it could be read.
    pub kind: Option<String>,
}

fn parked(row: &Row) -> Result<Parked> {
    Ok(Parked {
        id: row.get(0)?,
        source: row.get(1)?,
        message_id: row.get(2)?,
        kind: row.get(3)?,
        code: row.get(4)?,
        detail: row.get(5)?,
        fields: serde_json::from_str(&row.get::<String>(6)?).unwrap_or_default(),
        origin: row.get(7)?,
        parked_at: row.get::<Ts>(8)?.0,
    })
}

/// Parks messages; one that is parked already, body for body, stays as it is.
pub async fn add(tx: &mut Tx, rows: &[ParkedRow]) -> Result<()> {
    tx.put(rows).await.map(drop)
}

/// A page of parked messages, oldest first, after the id `after`.
pub async fn list(pool: &Pool, after: Option<Uuid>, limit: i64) -> Result<Vec<Parked>> {
    let args = vec![Arg::Uuid(after.unwrap_or_default()), Arg::I64(limit)];
    pool.read(&LIST, args).await?.iter().map(parked).collect()
}

/// One parked message.
pub async fn one(pool: &Pool, id: Uuid) -> Result<Option<Parked>> {
    pool.read(&ONE, vec![Arg::Uuid(id)]).await?.first().map(parked).transpose()
}

/// The sealed body of one, and the day whose key seals it.
pub async fn body(pool: &Pool, id: Uuid) -> Result<Option<(Vec<u8>, i32)>> {
    pool.read(&BODY, vec![Arg::Uuid(id)]).await?.first().map(|r| Ok((r.get(0)?, r.get(1)?))).transpose()
}

/// Takes one out of the list.
pub async fn take(tx: &mut Tx, id: Uuid) -> Result<Option<Taken>> {
    let rows = tx.rows(&TAKE, vec![Arg::Uuid(id)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Taken {
        source: row.get(0)?,
        message_id: row.get(1)?,
        origin: row.get(2)?,
        body: row.get(3)?,
        day: row.get(4)?,
        subject: row.get(5)?,
        kind: row.get(6)?,
    }))
}

/// How many there are.
pub async fn count(pool: &Pool) -> Result<i64> {
    pool.read(&COUNT, vec![]).await?.first().map_or(Ok(0), |row| row.get(0))
}

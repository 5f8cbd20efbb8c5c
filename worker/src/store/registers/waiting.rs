//! What became of messages that were written to the job table.

use crate::store::dialect::queries;
use crate::store::{Arg, Pool, Result};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

queries! {
    WAITING = "select id from job where id = any($1::uuid[])";
    DECIDED = "select id, body_mac from inbox where source = $1 and id = any($2::text[])";
    PARKED = "select body_mac, id, code, detail from parked where body_mac = any($1::bytea[])";
}

/// Which of these rows still wait.
///
/// # Errors
/// When the store does not answer.
pub async fn waiting(pool: &Pool, rows: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    pool.read(&WAITING, vec![Arg::Uuids(rows)]).await?.iter().map(|row| row.get(0)).collect()
}

/// The messages of a source that were decided, by id, each with the checksum of its body.
///
/// # Errors
/// When the store does not answer.
pub async fn decided(pool: &Pool, source: &str, ids: Vec<String>) -> Result<HashMap<String, Vec<u8>>> {
    let rows = pool.read(&DECIDED, vec![Arg::Text(source.to_owned()), Arg::Texts(ids)]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The parked messages with these checksums: id, code and sentence of each.
///
/// # Errors
/// When the store does not answer.
pub async fn parked_by_mac(
    pool: &Pool,
    macs: Vec<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, (Uuid, String, String)>> {
    let rows = pool.read(&PARKED, vec![Arg::Blobs(macs)]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)))).collect()
}

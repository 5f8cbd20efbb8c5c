//! Personal tokens of staff. The store keeps their hash only.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::load::unreadable;
use super::pool::{Pool, Tx};
use super::tables::StaffTokenRow;
use super::value::Ts;
use rescind_jobs::code::StaffId;
use rescind_jobs::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

queries! {
    BY_HASH = "select id, staff, created_at, expires_at, revoked_at, made_by from staff_token where token_hash = $1";
    ALL = "select id, staff, created_at, expires_at, revoked_at, made_by from staff_token order by id";
    ANY = "select count(*) from staff_token";
    REVOKE = "update staff_token set revoked_at = $2 where id = $1 and revoked_at is null";
}

/// A personal token, without the token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StaffToken {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub staff: StaffId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is valid.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Who made it.
    pub made_by: String,
}

impl StaffToken {
    /// Whether it opens anything at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }
}

fn token(row: &Row) -> Result<StaffToken> {
    Ok(StaffToken {
        id: row.get(0)?,
        staff: StaffId::new(&row.get::<String>(1)?).ok_or(unreadable("staff_token", "staff"))?,
        created_at: row.get::<Ts>(2)?.0,
        expires_at: row.get::<Ts>(3)?.0,
        revoked_at: row.get::<Option<Ts>>(4)?.map(|t| t.0),
        made_by: row.get(5)?,
    })
}

/// The token of this hash.
///
/// # Errors
/// When the store does not answer.
pub async fn by_hash(pool: &Pool, hash: &[u8; 32]) -> Result<Option<StaffToken>> {
    pool.read(&BY_HASH, vec![Arg::Blob(hash.to_vec())]).await?.first().map(token).transpose()
}

/// Every token, oldest first, those that are no longer valid included.
///
/// # Errors
/// When the store does not answer.
pub async fn all(pool: &Pool) -> Result<Vec<StaffToken>> {
    pool.read(&ALL, Vec::new()).await?.iter().map(token).collect()
}

/// Whether a token was ever made here.
///
/// # Errors
/// When the store does not answer.
pub async fn any(pool: &Pool) -> Result<bool> {
    let rows = pool.read(&ANY, Vec::new()).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.get::<i64>(0))? > 0)
}

/// Writes a token.
///
/// # Errors
/// When the store does not answer.
pub async fn add(tx: &mut Tx, token: StaffToken, hash: [u8; 32]) -> Result<()> {
    let row = StaffTokenRow {
        id: token.id,
        staff: token.staff.to_string(),
        token_hash: hash.to_vec(),
        created_at: Ts(token.created_at),
        expires_at: Ts(token.expires_at),
        made_by: token.made_by,
    };
    tx.put(&[row]).await.map(drop)
}

/// Revokes a token; whether there was one to revoke.
///
/// # Errors
/// When the store does not answer.
pub async fn revoke(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool> {
    Ok(tx.run(&REVOKE, vec![Arg::Uuid(id), Arg::Ts(Ts(now))]).await? == 1)
}

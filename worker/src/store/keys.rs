//! Keys in the store, all of them wrapped: the installation's roots, and a key a day for what has no subject yet.

use super::Arg;
use super::dialect::queries;
use super::error::Result;
use super::pool::Tx;
use super::value::Ts;
use rand::CryptoRng;
use rescind_jobs::protection::{DataKey, KeyRing, Place, RootKeys, Vault, WrappedKey};
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

queries! {
    ADD_ROOT = "insert into root_key (name, version, wrapped, created_at) values ($1, 1, $2, $3) \
                on conflict (name, version) do nothing";
    ROOT = "select wrapped from root_key where name = $1 and version = 1";
    ADD_DAY = "insert into day_key (day, wrapped) values ($1, $2) on conflict (day) do nothing";
    DAY = "select wrapped from day_key where day = $1";
}

pub(super) fn root_place(name: &'static str) -> Place {
    Place { table: "root_key", column: name, owner: Uuid::nil(), key_version: 1 }
}

/// The names of the root keys.
pub(super) const ROOTS: [&str; 3] = ["index", "link", "mac"];

/// Reads the installation's root keys, and makes them the first time.
///
/// # Errors
/// [`super::StoreError::Unsealable`] when they were wrapped by another key-encryption key.
pub async fn roots(
    tx: &mut Tx,
    ring: &KeyRing,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<RootKeys> {
    Ok(RootKeys {
        index: root(tx, "index", ring, now, rng).await?,
        link: root(tx, "link", ring, now, rng).await?,
        mac: root(tx, "mac", ring, now, rng).await?,
    })
}

async fn root(
    tx: &mut Tx,
    name: &'static str,
    ring: &KeyRing,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<DataKey> {
    let place = root_place(name);
    let fresh = ring.wrap(&DataKey::generate(rng), place, rng);
    tx.run(&ADD_ROOT, vec![Arg::Text(name.to_owned()), Arg::Blob(fresh.0), Arg::Ts(Ts(now))]).await?;
    let rows = tx.rows(&ROOT, vec![Arg::Text(name.to_owned())]).await?;
    let row = rows.first().ok_or(super::load::unreadable("root_key", "wrapped"))?;
    Ok(ring.unwrap(&WrappedKey(row.get(0)?), place)?)
}

pub(super) fn day_place(day: i32) -> Place {
    Place {
        table: "day_key",
        column: "wrapped",
        owner: Uuid::from_u128(day.unsigned_abs().into()),
        key_version: 1,
    }
}

/// The number of the day of `time`, counted from 1970-01-01.
pub fn day_of(time: Timestamp) -> i32 {
    i32::try_from(time.micros().div_euclid(86_400_000_000)).unwrap_or(0)
}

/// The key of a day; made the first time.
pub async fn day_key(
    tx: &mut Tx,
    vault: &Vault,
    day: i32,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<DataKey> {
    if let Some(key) = known_day_key(tx, vault, day).await? {
        return Ok(key);
    }
    let (_, wrapped) = vault.new_key(day_place(day), rng);
    tx.run(&ADD_DAY, vec![Arg::I32(day), Arg::Blob(wrapped.0)]).await?;
    known_day_key(tx, vault, day).await?.ok_or(super::load::unreadable("day_key", "wrapped"))
}

/// The key of a day, if there is one.
pub async fn known_day_key(tx: &mut Tx, vault: &Vault, day: i32) -> Result<Option<DataKey>> {
    let rows = tx.rows(&DAY, vec![Arg::I32(day)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(vault.unwrap(&WrappedKey(row.get(0)?), day_place(day))?))
}

/// Where a body that is sealed under a day's key lives. Bodies move between the tables, so both share a place.
pub fn body_place(day: i32) -> Place {
    Place {
        table: "message",
        column: "body",
        owner: Uuid::from_u128(day.unsigned_abs().into()),
        key_version: 1,
    }
}

//! Which key-encryption key wraps what, and wrapping anew under the current one. Every wrapped key begins with the
//! name of the key that wraps it, so a run that was broken off goes on where it was, and nothing else is kept of it.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::keys::{ROOTS, day_place, root_place};
use super::pool::{Pool, Tx};
use rand::CryptoRng;
use rescind_jobs::protection::{KeyId, KeyRing, Place, WrappedKey};
use std::collections::BTreeMap;
use uuid::Uuid;

queries! {
    CONTACTS = "select substr(contact_key, 1, 8), count(*) from subject where contact_key is not null group by 1";
    EVIDENCE = "select substr(evidence_key, 1, 8), count(*) from subject where evidence_key is not null group by 1";
    DAYS = "select substr(wrapped, 1, 8), count(*) from day_key group by 1";
    ROOT_KEYS = "select substr(wrapped, 1, 8), count(*) from root_key group by 1";
    SUBJECTS_LEFT = "select id from subject where id > $1 and (substr(contact_key, 1, 8) <> $2 \
                     or substr(evidence_key, 1, 8) <> $2) order by id limit $3";
    SUBJECTS = "select id, key_version, contact_key, evidence_key from subject where id = any($1::uuid[]) \
                order by id for no key update";
    WRAP_CONTACT = "update subject set contact_key = $2 where id = $1";
    WRAP_EVIDENCE = "update subject set evidence_key = $2 where id = $1";
    DAYS_LEFT = "select day, wrapped from day_key where substr(wrapped, 1, 8) <> $1 order by day limit $2 \
                 for no key update";
    WRAP_DAY = "update day_key set wrapped = $2 where day = $1";
    ROOT_KEY = "select wrapped from root_key where name = $1 and version = 1 for no key update";
    WRAP_ROOT = "update root_key set wrapped = $2 where name = $1 and version = 1";
}

/// How many keys a key-encryption key wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrapped {
    /// Keys of subjects: two each.
    pub subject_keys: i64,
    /// Keys of days.
    pub day_keys: i64,
    /// Root keys.
    pub root_keys: i64,
}

fn id(row: &Row) -> Result<KeyId> {
    let bytes: Vec<u8> = row.get(0)?;
    let mut id = [0; KeyId::LENGTH];
    // what is too short was never one; it shows as a key that nobody has
    id[..bytes.len().min(KeyId::LENGTH)].copy_from_slice(&bytes[..bytes.len().min(KeyId::LENGTH)]);
    Ok(KeyId(id))
}

/// What is wrapped by which key.
///
/// # Errors
/// When the database is not available.
pub async fn census(pool: &Pool) -> Result<BTreeMap<KeyId, Wrapped>> {
    let mut found: BTreeMap<KeyId, Wrapped> = BTreeMap::new();
    for query in [&CONTACTS, &EVIDENCE] {
        for row in pool.read(query, vec![]).await? {
            found.entry(id(&row)?).or_default().subject_keys += row.get::<i64>(1)?;
        }
    }
    for row in pool.read(&DAYS, vec![]).await? {
        found.entry(id(&row)?).or_default().day_keys += row.get::<i64>(1)?;
    }
    for row in pool.read(&ROOT_KEYS, vec![]).await? {
        found.entry(id(&row)?).or_default().root_keys += row.get::<i64>(1)?;
    }
    Ok(found)
}

/// The keys that wrap the root keys: without them no worker starts.
///
/// # Errors
/// When the database is not available.
pub async fn root_wrappers(pool: &Pool) -> Result<Vec<KeyId>> {
    pool.read(&ROOT_KEYS, vec![]).await?.iter().map(id).collect()
}

/// Subjects after `after` whose keys another key than the current one wraps, in order.
///
/// # Errors
/// When the database is not available.
pub async fn subjects_left(pool: &Pool, ring: &KeyRing, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let args = vec![Arg::Uuid(after), Arg::Blob(ring.current().0.to_vec()), Arg::I64(limit)];
    pool.read(&SUBJECTS_LEFT, args).await?.iter().map(|row| row.get(0)).collect()
}

/// Wraps the keys of these subjects anew; returns how many keys that were. They are locked in the order in which
/// batches lock them, and a batch that has read one holds its lock until it has saved it.
///
/// # Errors
/// When a key that is needed is not in the ring.
pub async fn subjects(
    tx: &mut Tx,
    ring: &KeyRing,
    ids: &[Uuid],
    rng: &mut (dyn CryptoRng + Send),
) -> Result<u64> {
    let mut count = 0;
    for row in tx.rows(&SUBJECTS, vec![Arg::Uuids(ids.to_vec())]).await? {
        let owner: Uuid = row.get(0)?;
        let key_version = row.get(1)?;
        for (n, column, update) in [(2, "contact_key", &WRAP_CONTACT), (3, "evidence_key", &WRAP_EVIDENCE)] {
            let place = Place { table: "subject", column, owner, key_version };
            // a key that was destroyed stays so
            let Some(wrapped) = row.get::<Option<Vec<u8>>>(n)? else { continue };
            if let Some(anew) = anew(ring, WrappedKey(wrapped), place, rng)? {
                count += tx.run(update, vec![Arg::Uuid(owner), Arg::Blob(anew.0)]).await?;
            }
        }
    }
    Ok(count)
}

/// Wraps keys of days anew, at most `limit` of them; returns how many.
///
/// # Errors
/// When a key that is needed is not in the ring.
pub async fn days(tx: &mut Tx, ring: &KeyRing, limit: i64, rng: &mut (dyn CryptoRng + Send)) -> Result<u64> {
    let mut count = 0;
    let args = vec![Arg::Blob(ring.current().0.to_vec()), Arg::I64(limit)];
    for row in tx.rows(&DAYS_LEFT, args).await? {
        let day: i32 = row.get(0)?;
        if let Some(anew) = anew(ring, WrappedKey(row.get(1)?), day_place(day), rng)? {
            count += tx.run(&WRAP_DAY, vec![Arg::I32(day), Arg::Blob(anew.0)]).await?;
        }
    }
    Ok(count)
}

/// Wraps the root keys anew; returns how many.
///
/// # Errors
/// When a key that is needed is not in the ring.
pub async fn roots(tx: &mut Tx, ring: &KeyRing, rng: &mut (dyn CryptoRng + Send)) -> Result<u64> {
    let mut count = 0;
    for name in ROOTS {
        for row in tx.rows(&ROOT_KEY, vec![Arg::Text(name.to_owned())]).await? {
            if let Some(anew) = anew(ring, WrappedKey(row.get(0)?), root_place(name), rng)? {
                count += tx.run(&WRAP_ROOT, vec![Arg::Text(name.to_owned()), Arg::Blob(anew.0)]).await?;
            }
        }
    }
    Ok(count)
}

/// The same key, wrapped by the current one; none if it is that already.
fn anew(
    ring: &KeyRing,
    wrapped: WrappedKey,
    place: Place,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Option<WrappedKey>> {
    if wrapped.key_id() == Some(ring.current()) {
        return Ok(None);
    }
    Ok(Some(ring.wrap(&ring.unwrap(&wrapped, place)?, place, rng)))
}

//! The inbox: which messages were decided. Inserted sorted, so that two batches with the same messages wait for each
//! other rather than deadlock.

use super::Arg;
use super::dialect::queries;
use super::error::Result;
use super::pool::Tx;
use super::tables::InboxRow;
use std::collections::{HashMap, HashSet};

queries! {
    KNOWN = "select id, body_mac from inbox where source = $1 and id = any($2::text[])";
    FORGET = "delete from inbox where source = $1 and id = any($2::text[])";
    FLIGHT = "insert into flight (source, id, attempts, at) values ($1, $2, 1, $3) \
              on conflict (source, id) do update set attempts = flight.attempts + 1, at = excluded.at \
              returning attempts";
    CALLED_OFF = "update flight set attempts = attempts - 1 where source = $1 and id = $2 and attempts > 0";
    LANDED = "delete from flight where source = $1 and id = any($2::text[])";
}

/// A message's key: authenticated source, and id.
pub type Key = (String, String);

/// Enters messages. Returns those that are new, and for the others the checksum of the body they came with first.
pub async fn enter(tx: &mut Tx, mut rows: Vec<InboxRow>) -> Result<(HashSet<Key>, HashMap<Key, Vec<u8>>)> {
    rows.sort_by(|a, b| (&a.source, &a.id).cmp(&(&b.source, &b.id)));
    rows.dedup_by(|a, b| a.source == b.source && a.id == b.id);
    let mut fresh = HashSet::with_capacity(rows.len());
    for row in tx.put(&rows).await? {
        fresh.insert((row.get(0)?, row.get(1)?));
    }
    let mut known = HashMap::new();
    let others: Vec<Key> =
        rows.into_iter().map(|r| (r.source, r.id)).filter(|key| !fresh.contains(key)).collect();
    // source by source: ids alone would read the whole inbox, whose key begins with the source
    for (source, ids) in by_source(&others) {
        for row in tx.rows(&KNOWN, vec![Arg::Text(source.clone()), Arg::Texts(ids)]).await? {
            known.insert((source.clone(), row.get(0)?), row.get(1)?);
        }
    }
    Ok((fresh, known))
}

/// Takes messages out again: refused ones, which their senders may mend and send again under the same id.
pub async fn forget(tx: &mut Tx, keys: &[Key]) -> Result<()> {
    for (source, ids) in by_source(keys) {
        tx.run(&FORGET, vec![Arg::Text(source), Arg::Texts(ids)]).await?;
    }
    Ok(())
}

/// Counts an attempt at a message that was in flight when a worker died; returns how many there were.
pub async fn take_off(tx: &mut Tx, key: &Key, now: super::Ts) -> Result<i32> {
    let args = vec![Arg::Text(key.0.clone()), Arg::Text(key.1.clone()), Arg::Ts(now)];
    let rows = tx.rows(&FLIGHT, args).await?;
    rows.first().map_or(Ok(1), |row| row.get(0))
}

/// Takes an attempt back: the worker lives, it was the store that was away.
pub async fn call_off(tx: &mut Tx, key: &Key) -> Result<()> {
    tx.run(&CALLED_OFF, vec![Arg::Text(key.0.clone()), Arg::Text(key.1.clone())]).await.map(drop)
}

/// Forgets the attempts at messages that were dealt with.
pub async fn land(tx: &mut Tx, keys: &[Key]) -> Result<()> {
    for (source, ids) in by_source(keys) {
        tx.run(&LANDED, vec![Arg::Text(source), Arg::Texts(ids)]).await?;
    }
    Ok(())
}

fn by_source(keys: &[Key]) -> Vec<(String, Vec<String>)> {
    let mut grouped: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for (source, id) in keys {
        grouped.entry(source.clone()).or_default().push(id.clone());
    }
    grouped.into_iter().collect()
}

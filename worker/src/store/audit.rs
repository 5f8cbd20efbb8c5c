//! The trail in the store: appended to, read by subject, never changed.

use super::Arg;
use super::dialect::queries;
use super::error::Result;
use super::load::unreadable;
use super::pool::{Pool, Tx};
use super::tables::AuditRow;
use super::value::Ts;
use rescind_jobs::audit::AuditEvent;
use rescind_jobs::model::SubjectId;
use serde_json::Value;

queries! {
    // the latest, if there are more than fit
    OF_SUBJECT = "select detail from (select detail, at, sequence, ordinal, id from audit where subject_id = $1 \
                  order by at desc, sequence desc, ordinal desc limit $2) as latest order by at, sequence, ordinal";
}

/// Appends events.
pub async fn add(tx: &mut Tx, events: &[AuditEvent]) -> Result<()> {
    let rows: Vec<_> = events
        .iter()
        .map(|a| AuditRow {
            id: a.id,
            subject_id: a.subject.map(|s| s.0),
            sequence: a.sequence,
            ordinal: a.ordinal,
            at: Ts(a.at),
            detail: a.detail.clone(),
            salt: a.salt.to_vec(),
            leaf: a.leaf.to_vec(),
        })
        .collect();
    tx.put(&rows).await.map(drop)
}

/// What was done about a subject, oldest first; the latest `limit` events. They hold names and numbers only.
pub async fn of_subject(pool: &Pool, subject: SubjectId, limit: i64) -> Result<Vec<Value>> {
    let rows = pool.read(&OF_SUBJECT, vec![Arg::Uuid(subject.0), Arg::I64(limit)]).await?;
    rows.iter()
        .map(|row| serde_json::from_str(&row.get::<String>(0)?).map_err(|_| unreadable("audit", "detail")))
        .collect()
}

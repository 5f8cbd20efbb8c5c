//! Requests for consent as the page behind their link reads them.

use super::Arg;
use super::dialect::queries;
use super::error::Result;
use super::load;
use super::pool::Pool;
use rescind_jobs::model::{ConsentRequest, SubjectState};

// The first twenty-one columns are those that load::request reads.
queries! {
    BY_TOKEN = "select r.id, r.subject_id, r.purpose, r.content, r.content_version, r.locale, r.address, r.state, \
                r.created_at, r.requested_at, r.expires_at, r.mails, r.generation, r.token_hash, r.source, \
                r.told_by, r.evidence, r.network_evidence, r.answered_at, r.correlation, r.traceparent, s.state \
                from consent_request r join subject s on s.id = r.subject_id where r.token_hash = $1";
}

/// The request whose link carries the token of this hash, with the state of its subject.
pub async fn by_token_hash(pool: &Pool, hash: &[u8; 32]) -> Result<Option<(ConsentRequest, SubjectState)>> {
    let rows = pool.read(&BY_TOKEN, vec![Arg::Blob(hash.to_vec())]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let state = SubjectState::from_i16(row.get(21)?).ok_or(load::unreadable("subject", "state"))?;
    Ok(Some((load::request(row)?, state)))
}

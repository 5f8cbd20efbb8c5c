//! Requests for consent as the page behind their link reads them.

use super::Arg;
use super::dialect::queries;
use super::error::Result;
use super::load;
use super::pool::Pool;
use rescind_jobs::model::{ConsentRequest, SubjectId, SubjectState};

// The first twenty-one columns are those that load::request reads.
queries! {
    BY_TOKEN = "select r.id, r.subject_id, r.purpose, r.content, r.content_version, r.locale, r.address, r.state, \
                r.created_at, r.requested_at, r.expires_at, r.mails, r.generation, r.token_hash, r.source, \
                r.told_by, r.evidence, r.network_evidence, r.answered_at, r.correlation, r.traceparent, s.state, \
                p.generation, p.token_hash from consent_request r join subject s on s.id = r.subject_id \
                left join personal_page p on p.subject_id = r.subject_id where r.token_hash = $1";
}

/// A request for consent as its page needs it.
pub struct Found {
    /// The request.
    pub request: ConsentRequest,
    /// Whose it is.
    pub subject: SubjectId,
    /// How that subject stands.
    pub state: SubjectState,
    /// Generation of the address of the subject's own page, if it has one that holds.
    pub page: Option<i16>,
}

/// The request whose link carries the token of this hash. One statement, so that a known link costs what an unknown one
/// does.
pub async fn by_token_hash(pool: &Pool, hash: &[u8; 32]) -> Result<Option<Found>> {
    let rows = pool.read(&BY_TOKEN, vec![Arg::Blob(hash.to_vec())]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let state = SubjectState::from_i16(row.get(21)?).ok_or(load::unreadable("subject", "state"))?;
    // without a hash it is revoked
    let page = row.get::<Option<Vec<u8>>>(23)?.and(row.get(22)?);
    Ok(Some(Found { request: load::request(row)?, subject: SubjectId(row.get(1)?), state, page }))
}

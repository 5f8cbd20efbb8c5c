//! Consents and the records that prove them.

use crate::store::dialect::{Row, queries};
use crate::store::load::{opt_in, unreadable};
use crate::store::{Arg, Pool, Result, Ts};
use rescind_jobs::code::PurposeId;
use rescind_jobs::model::{ConsentState, Expression, SubjectId};
use rescind_jobs::policy::OptIn;
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

queries! {
    CONSENTS = "select c.subject_id, c.purpose, c.state, c.opt_in, c.since, c.expires_at, c.withdrawn_at, c.content, \
                c.content_version, r.locale, r.source, c.record_id from consent c \
                left join consent_record r on r.id = c.record_id \
                where (c.subject_id, c.purpose) > ($1, $2) and ($3::text is null or c.purpose = $3::text) \
                and ($4 = -1 or c.state = $4) order by c.subject_id, c.purpose limit $5";
    CONSENTS_OF = "select c.subject_id, c.purpose, c.state, c.opt_in, c.since, c.expires_at, c.withdrawn_at, \
                   c.content, c.content_version, r.locale, r.source, c.record_id from consent c \
                   left join consent_record r on r.id = c.record_id \
                   where c.subject_id = any($6::uuid[]) and (c.subject_id, c.purpose) > ($1, $2) \
                   and ($3::text is null or c.purpose = $3::text) and ($4 = -1 or c.state = $4) \
                   order by c.subject_id, c.purpose limit $5";
    RECORD = "select id, subject_id, purpose, expression, opt_in, category, content, content_version, locale, source, \
              reason, regulation, linked, expressed_at, recorded_at, told_by, evidence, network_evidence, \
              network_evidence_until, policy from consent_record where id = $1";
    RECORDS = "select id, subject_id, purpose, expression, opt_in, category, content, content_version, locale, source, \
               reason, regulation, linked, expressed_at, recorded_at, told_by, evidence, network_evidence, \
               network_evidence_until, policy from consent_record where subject_id = $1 \
               order by recorded_at, id limit $2";
}

/// Which consents to list.
#[derive(Clone, Debug, Default)]
pub struct ConsentFilter {
    /// Of these subjects only.
    pub subjects: Option<Vec<SubjectId>>,
    /// To this purpose only.
    pub purpose: Option<PurposeId>,
    /// In this state only.
    pub state: Option<ConsentState>,
    /// After this subject and purpose.
    pub after: Option<(Uuid, String)>,
    /// At most so many.
    pub limit: i64,
}

/// A line of the register of consents.
#[derive(Clone, Debug)]
pub struct ConsentLine {
    /// Whose.
    pub subject: SubjectId,
    /// To which purpose.
    pub purpose: String,
    /// Where it stands.
    pub state: ConsentState,
    /// As a marketer sees it.
    pub opt_in: OptIn,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The last withdrawal.
    pub withdrawn_at: Option<Timestamp>,
    /// The content agreed to, and its version.
    pub content: Option<(String, i32)>,
    /// The language it was shown in.
    pub locale: Option<String>,
    /// Where it was expressed.
    pub source: Option<String>,
    /// The record that brought it here.
    pub record: Option<Uuid>,
}

/// A record, without its evidence: only whether there is any.
#[derive(Clone, Debug)]
pub struct RecordLine {
    /// The consent id.
    pub id: Uuid,
    /// Whose.
    pub subject: SubjectId,
    /// For which purpose.
    pub purpose: String,
    /// What was expressed.
    pub expression: Expression,
    /// How it counts as opt-in.
    pub opt_in: OptIn,
    /// Its category.
    pub category: Option<String>,
    /// Content and version.
    pub content: Option<(String, i32)>,
    /// The language it was shown in.
    pub locale: Option<String>,
    /// Where it was expressed.
    pub source: String,
    /// Why it was withdrawn.
    pub reason: Option<String>,
    /// The linked regulation's checksum and file name.
    pub regulation: Option<String>,
    /// It is limited to an address or contact.
    pub linked: bool,
    /// When it was expressed.
    pub expressed_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The source of the message.
    pub told_by: String,
    /// Form, staff and manner are kept.
    pub has_evidence: bool,
    /// IP address and user agent are kept.
    pub has_network_evidence: bool,
    /// Until when these are kept.
    pub network_evidence_until: Option<Timestamp>,
    /// The policy's hash.
    pub policy: Vec<u8>,
}

fn content(row: &Row, column: usize) -> Result<Option<(String, i32)>> {
    Ok(row.get::<Option<String>>(column)?.zip(row.get::<Option<i32>>(column + 1)?))
}

fn opt_time(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<Option<Ts>>(column)?.map(|t| t.0))
}

fn consent_line(row: &Row) -> Result<ConsentLine> {
    Ok(ConsentLine {
        subject: SubjectId(row.get(0)?),
        purpose: row.get(1)?,
        state: ConsentState::from_i16(row.get(2)?).ok_or(unreadable("consent", "state"))?,
        opt_in: opt_in(row.get(3)?)?,
        since: row.get::<Ts>(4)?.0,
        expires_at: opt_time(row, 5)?,
        withdrawn_at: opt_time(row, 6)?,
        content: content(row, 7)?,
        locale: row.get(9)?,
        source: row.get(10)?,
        record: row.get(11)?,
    })
}

fn record_line(row: &Row) -> Result<RecordLine> {
    Ok(RecordLine {
        id: row.get(0)?,
        subject: SubjectId(row.get(1)?),
        purpose: row.get(2)?,
        expression: Expression::from_i16(row.get(3)?).ok_or(unreadable("consent_record", "expression"))?,
        opt_in: opt_in(row.get(4)?)?,
        category: row.get(5)?,
        content: content(row, 6)?,
        locale: row.get(8)?,
        source: row.get(9)?,
        reason: row.get(10)?,
        regulation: row.get(11)?,
        linked: row.get::<Option<Vec<u8>>>(12)?.is_some(),
        expressed_at: row.get::<Ts>(13)?.0,
        recorded_at: row.get::<Ts>(14)?.0,
        told_by: row.get(15)?,
        has_evidence: row.get::<Option<Vec<u8>>>(16)?.is_some(),
        has_network_evidence: row.get::<Option<Vec<u8>>>(17)?.is_some(),
        network_evidence_until: opt_time(row, 18)?,
        policy: row.get(19)?,
    })
}

/// A page of consents, by subject and purpose.
///
/// # Errors
/// When the store does not answer.
pub async fn consents(pool: &Pool, filter: ConsentFilter) -> Result<Vec<ConsentLine>> {
    let (subject, purpose) = filter.after.unwrap_or_default();
    let mut args = vec![
        Arg::Uuid(subject),
        Arg::Text(purpose),
        Arg::OptText(filter.purpose.map(|p| p.to_string())),
        Arg::I16(filter.state.map_or(-1, |s| s as i16)),
        Arg::I64(filter.limit),
    ];
    let rows = match filter.subjects {
        None => pool.read(&CONSENTS, args).await?,
        Some(subjects) => {
            args.push(Arg::Uuids(subjects.iter().map(|s| s.0).collect()));
            pool.read(&CONSENTS_OF, args).await?
        }
    };
    rows.iter().map(consent_line).collect()
}

/// One record.
///
/// # Errors
/// When the store does not answer.
pub async fn record(pool: &Pool, id: Uuid) -> Result<Option<RecordLine>> {
    pool.read(&RECORD, vec![Arg::Uuid(id)]).await?.first().map(record_line).transpose()
}

/// The records of a subject, oldest first.
///
/// # Errors
/// When the store does not answer.
pub async fn records(pool: &Pool, subject: SubjectId, limit: i64) -> Result<Vec<RecordLine>> {
    let rows = pool.read(&RECORDS, vec![Arg::Uuid(subject.0), Arg::I64(limit)]).await?;
    rows.iter().map(record_line).collect()
}

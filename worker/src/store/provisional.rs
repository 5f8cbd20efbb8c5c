//! Subjects that were only asked: they became known by a request for consent that led to nothing, and nothing proves
//! that anybody by that address ever wanted anything. When the request is gone, they go too (Art. 5(1)(e)).
//!
//! Rule: what a subject is must hold under its lock. Candidates are found without one, locked in id order like every
//! batch locks them, and looked at again in a statement of its own.

use super::Arg;
use super::dialect::queries;
use super::error::Result;
use super::pool::Tx;
use super::value::Ts;
use rescind_jobs::time::Timestamp;
use std::collections::HashSet;
use uuid::Uuid;

queries! {
    CANDIDATES = "select s.created_at, s.id from subject s where s.provisional = 1 and s.state = 0 \
                  and s.created_at < $1 and (s.created_at, s.id) > ($2, $3) \
                  and not exists (select 1 from consent_request r where r.subject_id = s.id) \
                  and not exists (select 1 from consent_record r where r.subject_id = s.id) \
                  order by s.created_at, s.id limit $4";
    LOCK = "select id from subject where id = any($1::uuid[]) order by id for no key update";
    STILL = "select s.id from subject s where s.id = any($1::uuid[]) and s.provisional = 1 and s.state = 0 \
             and s.created_at < $2 \
             and not exists (select 1 from consent_request r where r.subject_id = s.id) \
             and not exists (select 1 from consent_record r where r.subject_id = s.id) \
             and not exists (select 1 from consent c where c.subject_id = s.id and c.state not in (0, 4)) \
             and not exists (select 1 from mail m where m.subject_id = s.id and m.state in (0, 1, 2)) \
             and not exists (select 1 from event e where e.subject_id = s.id and e.state <= 1)";
    AWAITED = "select subject_id from job where subject_id = any($1::uuid[])";
    IDENTITIES = "delete from identity where subject_id = any($1::uuid[])";
    FIELDS = "delete from subject_field where subject_id = any($1::uuid[])";
    LINKS = "delete from subject_link where subject_id = any($1::uuid[])";
    CONSENTS = "delete from consent where subject_id = any($1::uuid[])";
    UNSUBSCRIBING = "delete from unsubscribe_link where subject_id = any($1::uuid[])";
    PAGES = "delete from personal_page where subject_id = any($1::uuid[])";
    TOPICS = "delete from topic_choice where subject_id = any($1::uuid[])";
    ACCEPTANCES = "delete from acceptance where subject_id = any($1::uuid[])";
    ORIGINS = "delete from data_origin where subject_id = any($1::uuid[])";
    SOFT_OPT_INS = "delete from soft_opt_in where subject_id = any($1::uuid[])";
    SUBJECTS = "delete from subject where id = any($1::uuid[])";
}

/// A page of subjects that may go, and after which one the next page begins.
pub struct Page {
    /// Them.
    pub subjects: Vec<Uuid>,
    /// When the last of them became known, and its id.
    pub end: Option<(Timestamp, Uuid)>,
}

/// Subjects that became known before `cut_off`, were only asked, and have no request left.
pub async fn candidates(
    tx: &mut Tx,
    cut_off: Timestamp,
    after: (Timestamp, Uuid),
    limit: i64,
) -> Result<Page> {
    let args = vec![Arg::Ts(Ts(cut_off)), Arg::Ts(Ts(after.0)), Arg::Uuid(after.1), Arg::I64(limit)];
    let mut page = Page { subjects: Vec::new(), end: None };
    for row in tx.rows(&CANDIDATES, args).await? {
        let id = row.get(1)?;
        page.subjects.push(id);
        page.end = Some((row.get::<Ts>(0)?.0, id));
    }
    Ok(page)
}

/// Erases those of `subjects` that still may go: their identities, fields, links, consents and themselves, with the
/// keys of whatever else was sealed for them. Returns them. The audit trail stays; it holds no identity.
pub async fn erase(tx: &mut Tx, mut subjects: Vec<Uuid>, cut_off: Timestamp) -> Result<Vec<Uuid>> {
    subjects.sort_unstable();
    tx.rows(&LOCK, vec![Arg::Uuids(subjects.clone())]).await?;
    let still = tx.rows(&STILL, vec![Arg::Uuids(subjects), Arg::Ts(Ts(cut_off))]).await?;
    let mut still = still.iter().map(|row| row.get(0)).collect::<Result<Vec<Uuid>>>()?;
    if still.is_empty() {
        return Ok(still);
    }
    let awaited = tx.rows(&AWAITED, vec![Arg::Uuids(still.clone())]).await?;
    let awaited = awaited.iter().map(|row| row.get(0)).collect::<Result<HashSet<Uuid>>>()?;
    still.retain(|id| !awaited.contains(id));
    let tables = [
        &IDENTITIES,
        &FIELDS,
        &LINKS,
        &CONSENTS,
        &UNSUBSCRIBING,
        &PAGES,
        &TOPICS,
        &ACCEPTANCES,
        &SOFT_OPT_INS,
    ];
    for table in tables {
        tx.run(table, vec![Arg::Uuids(still.clone())]).await?;
    }
    tx.run(&SUBJECTS, vec![Arg::Uuids(still.clone())]).await?;
    Ok(still)
}

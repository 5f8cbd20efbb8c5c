//! Everybody whom a purpose may be processed for, page by page, each with the number of the last event about it: what
//! an app's own copy begins with. Consent, objection, state and number come from one statement, so that a page is of one
//! moment, and each later event has a higher number.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::load;
use super::pool::Pool;
use super::value::Ts;
use rescind_jobs::code::PurposeId;
use rescind_jobs::gate::Known;
use rescind_jobs::model::{Objection, ObjectionState, Sale, SubjectId, SubjectState};
use rescind_jobs::policy::LawfulBasis;
use std::collections::BTreeSet;
use uuid::Uuid;

// The first thirteen columns are those that load::consent reads. Of a purpose by consent only the granted ones are
// walked through, by their index; of one by soft opt-in only customers.
queries! {
    GRANTED = "select s.id, c.purpose, c.state, c.opt_in, c.since, c.act_kind, c.act_at, c.act_source, \
               c.withdrawn_at, c.expires_at, c.content, c.content_version, c.record_id, s.state, s.event_sequence, \
               o.state, o.at, o.told_by, o.decided_at from consent c join subject s on s.id = c.subject_id \
               left join objection o on o.subject_id = c.subject_id and o.purpose = c.purpose \
               where c.purpose = $1 and c.state = 1 and c.subject_id > $2 order by c.subject_id limit $3";
    EVERYBODY = "select s.id, c.purpose, c.state, c.opt_in, c.since, c.act_kind, c.act_at, c.act_source, \
                 c.withdrawn_at, c.expires_at, c.content, c.content_version, c.record_id, s.state, s.event_sequence, \
                 o.state, o.at, o.told_by, o.decided_at from subject s \
                 left join consent c on c.subject_id = s.id and c.purpose = $1 \
                 left join objection o on o.subject_id = s.id and o.purpose = $1 \
                 where s.id > $2 order by s.id limit $3";
    CUSTOMERS = "select s.id, c.purpose, c.state, c.opt_in, c.since, c.act_kind, c.act_at, c.act_source, \
                 c.withdrawn_at, c.expires_at, c.content, c.content_version, c.record_id, s.state, s.event_sequence, \
                 o.state, o.at, o.told_by, o.decided_at, w.sold_at, \
                 cast(case when w.email is null then 0 else 1 end as smallint), \
                 cast(case when w.phone is null then 0 else 1 end as smallint) \
                 from soft_opt_in w join subject s on s.id = w.subject_id \
                 left join consent c on c.subject_id = w.subject_id and c.purpose = w.purpose \
                 left join objection o on o.subject_id = w.subject_id and o.purpose = w.purpose \
                 where w.purpose = $1 and w.subject_id > $2 order by w.subject_id limit $3";
}

/// A subject of a page.
pub struct Entry {
    /// Who.
    pub subject: SubjectId,
    /// The number of the last event about it.
    pub sequence: i64,
    /// What the gate has to know.
    pub known: Known,
}

/// At most `limit` subjects after `after`, in the order of their ids; those with a granted consent, or customers, or all, as
/// the purpose's basis has it.
///
/// # Errors
/// When the store does not answer.
pub async fn page(
    pool: &Pool,
    purpose: &PurposeId,
    basis: Option<&LawfulBasis>,
    after: Option<SubjectId>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let args = vec![Arg::Text(purpose.to_string()), Arg::Uuid(after), Arg::I64(limit)];
    let (sql, by_sale) = match basis {
        Some(LawfulBasis::Consent) => (&GRANTED, false),
        Some(LawfulBasis::SoftOptIn { .. }) => (&CUSTOMERS, true),
        _ => (&EVERYBODY, false),
    };
    pool.read(sql, args).await?.iter().map(|row| entry(row, by_sale)).collect()
}

fn entry(row: &Row, by_sale: bool) -> Result<Entry> {
    let consent = match row.get::<Option<String>>(1)? {
        Some(_) => Some(load::consent(row)?.1),
        None => None,
    };
    let objection = match row.get::<Option<i16>>(15)? {
        Some(state) => Some(Objection {
            state: ObjectionState::from_i16(state).ok_or(load::unreadable("objection", "state"))?,
            at: row.get::<Ts>(16)?.0,
            told_by: row.get(17)?,
            decided_at: row.get::<Option<Ts>>(18)?.map(|t| t.0),
        }),
        None => None,
    };
    let state = SubjectState::from_i16(row.get(13)?).ok_or(load::unreadable("subject", "state"))?;
    let sale = match by_sale {
        true => Some(Sale {
            at: row.get::<Ts>(19)?.0,
            email: row.get::<i16>(20)? != 0,
            phone: row.get::<i16>(21)? != 0,
        }),
        false => None,
    };
    // a copy is about purposes as a whole
    let known = Known { state, consent, objection, sale, left_topics: BTreeSet::new() };
    Ok(Entry { subject: SubjectId(row.get(0)?), sequence: row.get(14)?, known })
}

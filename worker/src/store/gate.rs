//! What the gate has to know: each subject that answers to the identities of a question, with its consent and
//! its objection. One statement each, so that all of it is of the same moment.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::load;
use super::pool::Pool;
use super::value::Ts;
use rescind_jobs::code::PurposeId;
use rescind_jobs::gate::Known;
use rescind_jobs::model::{Objection, ObjectionState, SubjectId, SubjectState};
use rescind_jobs::protection::BlindIndex;
use std::collections::BTreeMap;
use uuid::Uuid;

// The first thirteen columns are those that load::consent reads.
queries! {
    BY_IDENTITY = "select s.id, c.purpose, c.state, c.opt_in, c.since, c.act_kind, c.act_at, c.act_source, \
                   c.withdrawn_at, c.expires_at, c.content, c.content_version, c.record_id, s.state, o.state, o.at, o.told_by, \
                   o.decided_at from identity i join subject s on s.id = i.subject_id \
                   left join consent c on c.subject_id = s.id and c.purpose = $1 \
                   left join objection o on o.subject_id = s.id and o.purpose = $1 \
                   where i.bidx = any($2::bytea[]) order by s.id";
    BY_ID = "select s.id, c.purpose, c.state, c.opt_in, c.since, c.act_kind, c.act_at, c.act_source, \
             c.withdrawn_at, c.expires_at, c.content, c.content_version, c.record_id, s.state, o.state, o.at, o.told_by, \
             o.decided_at from subject s left join consent c on c.subject_id = s.id and c.purpose = $1 \
             left join objection o on o.subject_id = s.id and o.purpose = $1 where s.id = $2";
}

/// Every subject found by one of these indexes, or by its id, with its consent to `purpose`; each one once.
pub async fn known(
    pool: &Pool,
    purpose: &PurposeId,
    indexes: &[BlindIndex],
    id: Option<SubjectId>,
) -> Result<Vec<Known>> {
    let mut found = BTreeMap::new();
    let name = || Arg::Text(purpose.to_string());
    if !indexes.is_empty() {
        let indexes = indexes.iter().map(|index| index.0.to_vec()).collect();
        for row in pool.read(&BY_IDENTITY, vec![name(), Arg::Blobs(indexes)]).await? {
            found.insert(row.get::<Uuid>(0)?, subject(&row)?);
        }
    }
    if let Some(id) = id {
        for row in pool.read(&BY_ID, vec![name(), Arg::Uuid(id.0)]).await? {
            found.insert(row.get::<Uuid>(0)?, subject(&row)?);
        }
    }
    Ok(found.into_values().collect())
}

fn subject(row: &Row) -> Result<Known> {
    let state = SubjectState::from_i16(row.get(13)?).ok_or(load::unreadable("subject", "state"))?;
    let consent = match row.get::<Option<String>>(1)? {
        Some(_) => Some(load::consent(row)?.1),
        None => None,
    };
    let objection = match row.get::<Option<i16>>(14)? {
        Some(state) => Some(Objection {
            state: ObjectionState::from_i16(state).ok_or(load::unreadable("objection", "state"))?,
            at: row.get::<Ts>(15)?.0,
            told_by: row.get(16)?,
            decided_at: row.get::<Option<Ts>>(17)?.map(|t| t.0),
        }),
        None => None,
    };
    Ok(Known { state, consent, objection })
}

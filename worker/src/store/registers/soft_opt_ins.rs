//! Customers: the sales that soft opt-in rests on, and whether they have objected since.

use crate::store::dialect::{Row, queries};
use crate::store::load::unreadable;
use crate::store::{Arg, Pool, Result, Ts};
use rescind_jobs::code::PurposeId;
use rescind_jobs::model::{ObjectionState, SubjectId};
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

queries! {
    CUSTOMERS = "select w.subject_id, w.purpose, w.sold_at, \
                 cast(case when w.email is null then 0 else 1 end as smallint), \
                 cast(case when w.phone is null then 0 else 1 end as smallint), w.source, w.told_by, w.recorded_at, \
                 cast(case when w.evidence is null then 0 else 1 end as smallint), o.state, o.at from soft_opt_in w \
                 left join objection o on o.subject_id = w.subject_id and o.purpose = w.purpose \
                 where (w.subject_id, w.purpose) > ($1, $2) and ($3::text is null or w.purpose = $3::text) \
                 order by w.subject_id, w.purpose limit $4";
    CUSTOMERS_OF = "select w.subject_id, w.purpose, w.sold_at, \
                    cast(case when w.email is null then 0 else 1 end as smallint), \
                    cast(case when w.phone is null then 0 else 1 end as smallint), w.source, w.told_by, w.recorded_at, \
                    cast(case when w.evidence is null then 0 else 1 end as smallint), o.state, o.at from soft_opt_in w \
                    left join objection o on o.subject_id = w.subject_id and o.purpose = w.purpose \
                    where w.subject_id = any($5::uuid[]) and (w.subject_id, w.purpose) > ($1, $2) \
                    and ($3::text is null or w.purpose = $3::text) order by w.subject_id, w.purpose limit $4";
}

/// A line of the register of customers.
#[derive(Clone, Debug)]
pub struct CustomerLine {
    /// Who.
    pub subject: SubjectId,
    /// For which purpose.
    pub purpose: String,
    /// When the latest known sale was.
    pub sold_at: Timestamp,
    /// An email address was obtained in a sale.
    pub email: bool,
    /// A phone number was obtained in a sale.
    pub phone: bool,
    /// Where the sale was.
    pub source: String,
    /// The source of the message.
    pub told_by: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The form in which the customer could object is kept.
    pub has_evidence: bool,
    /// Since when the customer objects.
    pub objected_at: Option<Timestamp>,
}

/// A page of customers, by subject and purpose.
///
/// # Errors
/// When the store does not answer.
pub async fn customers(
    pool: &Pool,
    subjects: Option<&[SubjectId]>,
    purpose: Option<&PurposeId>,
    after: Option<(Uuid, String)>,
    limit: i64,
) -> Result<Vec<CustomerLine>> {
    let (subject, after) = after.unwrap_or_default();
    let mut args = vec![
        Arg::Uuid(subject),
        Arg::Text(after),
        Arg::OptText(purpose.map(ToString::to_string)),
        Arg::I64(limit),
    ];
    let rows = match subjects {
        None => pool.read(&CUSTOMERS, args).await?,
        Some(subjects) => {
            args.push(Arg::Uuids(subjects.iter().map(|s| s.0).collect()));
            pool.read(&CUSTOMERS_OF, args).await?
        }
    };
    rows.iter().map(line).collect()
}

fn line(row: &Row) -> Result<CustomerLine> {
    let objected = match row.get::<Option<i16>>(9)? {
        Some(state) => ObjectionState::from_i16(state).ok_or(unreadable("objection", "state"))?,
        None => ObjectionState::Overridden,
    };
    Ok(CustomerLine {
        subject: SubjectId(row.get(0)?),
        purpose: row.get(1)?,
        sold_at: row.get::<Ts>(2)?.0,
        email: row.get::<i16>(3)? != 0,
        phone: row.get::<i16>(4)? != 0,
        source: row.get(5)?,
        told_by: row.get(6)?,
        recorded_at: row.get::<Ts>(7)?.0,
        has_evidence: row.get::<i16>(8)? != 0,
        objected_at: match objected {
            ObjectionState::Overridden => None,
            ObjectionState::Pending | ObjectionState::InForce => row.get::<Option<Ts>>(10)?.map(|at| at.0),
        },
    })
}

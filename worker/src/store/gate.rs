//! What the gate has to know: each subject that answers to the identities of a question, with its consent and its
//! objection. One statement for all questions of a call, so that each of its answers is of the same moment; a second one
//! where subjects are named by their ids.

use super::Arg;
use super::dialect::{Row, Sql, queries};
use super::error::{Result, StoreError};
use super::load;
use super::pool::{Pool, Tx};
use super::value::Ts;
use rescind_jobs::code::{PurposeId, TopicId};
use rescind_jobs::gate::Known;
use rescind_jobs::model::{Consent, Objection, ObjectionState, Sale, SubjectId, SubjectState};
use rescind_jobs::protection::BlindIndex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

// The first thirteen columns are those that load::consent reads; an objection, a topic and a sale have their own in their
// places, because a join of all would be their product.
queries! {
    BY_IDENTITY = "select s.id, c.purpose, c.state, c.opt_in, c.since, c.act_kind, c.act_at, c.act_source, \
                   c.withdrawn_at, c.expires_at, c.content, c.content_version, c.record_id, s.state, 0, i.bidx \
                   from identity i join subject s on s.id = i.subject_id \
                   left join consent c on c.subject_id = s.id and c.purpose = any($1::text[]) \
                   where i.bidx = any($2::bytea[]) \
                   union all \
                   select o.subject_id, o.purpose, o.state, null, o.at, null, o.decided_at, o.told_by, \
                   null, null, null, null, null, null, 1, i.bidx \
                   from identity i join objection o on o.subject_id = i.subject_id and o.purpose = any($1::text[]) \
                   where i.bidx = any($2::bytea[]) \
                   union all \
                   select t.subject_id, t.purpose, null, null, null, null, null, t.topic, \
                   null, null, null, null, null, null, 2, i.bidx \
                   from identity i join topic_choice t on t.subject_id = i.subject_id and t.purpose = any($1::text[]) \
                   where i.bidx = any($2::bytea[]) and t.subscribed = 0 \
                   union all \
                   select w.subject_id, w.purpose, cast(case when w.email is null then 0 else 1 end as smallint), \
                   cast(case when w.phone is null then 0 else 1 end as smallint), w.sold_at, null, null, null, \
                   null, null, null, null, null, null, 3, i.bidx \
                   from identity i join soft_opt_in w on w.subject_id = i.subject_id and w.purpose = any($1::text[]) \
                   where i.bidx = any($2::bytea[])";
    BY_ID = "select s.id, c.purpose, c.state, c.opt_in, c.since, c.act_kind, c.act_at, c.act_source, \
             c.withdrawn_at, c.expires_at, c.content, c.content_version, c.record_id, s.state, 0 \
             from subject s left join consent c on c.subject_id = s.id and c.purpose = any($1::text[]) \
             where s.id = any($2::uuid[]) \
             union all \
             select o.subject_id, o.purpose, o.state, null, o.at, null, o.decided_at, o.told_by, \
             null, null, null, null, null, null, 1 \
             from objection o where o.purpose = any($1::text[]) and o.subject_id = any($2::uuid[]) \
             union all \
             select t.subject_id, t.purpose, null, null, null, null, null, t.topic, \
             null, null, null, null, null, null, 2 \
             from topic_choice t where t.purpose = any($1::text[]) and t.subject_id = any($2::uuid[]) \
             and t.subscribed = 0 \
             union all \
             select w.subject_id, w.purpose, cast(case when w.email is null then 0 else 1 end as smallint), \
             cast(case when w.phone is null then 0 else 1 end as smallint), w.sold_at, null, null, null, \
             null, null, null, null, null, null, 3 \
             from soft_opt_in w where w.purpose = any($1::text[]) and w.subject_id = any($2::uuid[])";
}

/// One question: about whom, and for which purpose.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The identities named.
    pub indexes: &'a [BlindIndex],
    /// The subject's own id, if that is named.
    pub id: Option<SubjectId>,
    /// What its data are to be used for.
    pub purpose: &'a PurposeId,
}

/// For each question every subject found by one of its indexes, or by its id, with its consent to the purpose; each one
/// once.
pub async fn known(pool: &Pool, asked: &[Asked<'_>]) -> Result<Vec<Vec<Known>>> {
    let mut found = Found::default();
    for (sql, args, by_identity) in statements(asked) {
        found.take(&pool.read(sql, args).await?, by_identity)?;
    }
    Ok(found.of(asked))
}

/// The same within a transaction.
pub async fn known_in(tx: &mut Tx, asked: &[Asked<'_>]) -> Result<Vec<Vec<Known>>> {
    let mut found = Found::default();
    for (sql, args, by_identity) in statements(asked) {
        found.take(&tx.rows(sql, args).await?, by_identity)?;
    }
    Ok(found.of(asked))
}

/// The statements that are needed, with their arguments, and whether their rows tell the identity asked by.
fn statements(asked: &[Asked<'_>]) -> Vec<(&'static Sql, Vec<Arg>, bool)> {
    let purposes: BTreeSet<&PurposeId> = asked.iter().map(|a| a.purpose).collect();
    let purposes = || Arg::Texts(purposes.iter().map(ToString::to_string).collect());
    let indexes: BTreeSet<&BlindIndex> = asked.iter().flat_map(|a| a.indexes).collect();
    let ids: BTreeSet<Uuid> = asked.iter().filter_map(|a| Some(a.id?.0)).collect();
    let mut needed = Vec::new();
    if !indexes.is_empty() {
        let indexes = indexes.into_iter().map(|index| index.0.to_vec()).collect();
        needed.push((&BY_IDENTITY, vec![purposes(), Arg::Blobs(indexes)], true));
    }
    if !ids.is_empty() {
        needed.push((&BY_ID, vec![purposes(), Arg::Uuids(ids.into_iter().collect())], false));
    }
    needed
}

/// What was read of the subjects.
#[derive(Default)]
struct Found {
    owners: HashMap<BlindIndex, BTreeSet<Uuid>>,
    subjects: BTreeMap<Uuid, OfSubject>,
}

#[derive(Default)]
struct OfSubject {
    state: Option<SubjectState>,
    consents: HashMap<PurposeId, Consent>,
    objections: HashMap<String, Objection>,
    left_topics: HashMap<String, BTreeSet<TopicId>>,
    sales: HashMap<String, Sale>,
}

impl Found {
    fn take(&mut self, rows: &[Row], by_identity: bool) -> Result<()> {
        for row in rows {
            let id = row.get::<Uuid>(0)?;
            if by_identity {
                self.owners.entry(load::index(row, 15)?).or_default().insert(id);
            }
            let subject = self.subjects.entry(id).or_default();
            match row.get::<i32>(14)? {
                1 => {
                    subject.objections.insert(row.get(1)?, objection(row)?);
                    continue;
                }
                2 => {
                    // a topic that the policy no longer has is asked about by nobody
                    let topic = TopicId::new(&row.get::<String>(7)?);
                    subject.left_topics.entry(row.get(1)?).or_default().extend(topic);
                    continue;
                }
                3 => {
                    let obtained = |column| Ok::<_, StoreError>(row.get::<i16>(column)? != 0);
                    let sale = Sale { at: row.get::<Ts>(4)?.0, email: obtained(2)?, phone: obtained(3)? };
                    subject.sales.insert(row.get(1)?, sale);
                    continue;
                }
                _ => {}
            }
            let state = SubjectState::from_i16(row.get(13)?);
            subject.state = Some(state.ok_or(load::unreadable("subject", "state"))?);
            if row.get::<Option<String>>(1)?.is_some() {
                let (purpose, consent) = load::consent(row)?;
                subject.consents.insert(purpose, consent);
            }
        }
        Ok(())
    }

    fn of(&self, asked: &[Asked<'_>]) -> Vec<Vec<Known>> {
        asked
            .iter()
            .map(|asked| {
                let named =
                    asked.indexes.iter().filter_map(|index| self.owners.get(index)).flatten().copied();
                let named: BTreeSet<Uuid> = named.chain(asked.id.map(|id| id.0)).collect();
                named.iter().filter_map(|id| self.subjects.get(id)?.known(asked.purpose)).collect()
            })
            .collect()
    }
}

impl OfSubject {
    /// As far as one purpose needs it; none if only an objection, a topic or a sale is left, which is of nobody.
    fn known(&self, purpose: &PurposeId) -> Option<Known> {
        let consent = self.consents.get(purpose).cloned();
        let objection = self.objections.get(purpose.as_str()).cloned();
        let left_topics = self.left_topics.get(purpose.as_str()).cloned().unwrap_or_default();
        let sale = self.sales.get(purpose.as_str()).copied();
        Some(Known { state: self.state?, consent, objection, sale, left_topics })
    }
}

fn objection(row: &Row) -> Result<Objection> {
    Ok(Objection {
        state: ObjectionState::from_i16(row.get(2)?).ok_or(load::unreadable("objection", "state"))?,
        at: row.get::<Ts>(4)?.0,
        told_by: row.get(7)?,
        decided_at: row.get::<Option<Ts>>(6)?.map(|t| t.0),
    })
}

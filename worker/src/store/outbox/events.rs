//! Events on their way to the apps. They leave in the order of their numbers, subject by subject: a later one is not
//! claimed while an earlier one waits.

use crate::store::dialect::{Row, queries};
use crate::store::load::{index, unreadable};
use crate::store::{Arg, Pool, Result, StoreError, Ts};
use rescind_jobs::event::Event;
use rescind_jobs::model::{IdentityKind, SubjectId};
use rescind_jobs::protection::{BlindIndex, Sealed, WrappedKey};
use rescind_jobs::time::{Span, Timestamp};
use std::collections::HashMap;
use uuid::Uuid;

queries! {
    CLAIM = "with urgent as materialized (select e.id from event e where e.state = 0 and e.lane = 0 \
                 and e.due_at <= $1 \
                 and not exists (select 1 from event p where p.subject_id = e.subject_id and p.state <= 1 \
                                 and p.sequence < e.sequence) \
                 order by e.due_at, e.id limit $2 for update skip locked), \
             patient as materialized (select e.id from event e where e.state = 0 and e.lane = 1 \
                 and e.due_at <= $1 \
                 and not exists (select 1 from event p where p.subject_id = e.subject_id and p.state <= 1 \
                                 and p.sequence < e.sequence) \
                 order by e.due_at, e.id limit $5 - (select count(*) from urgent) for update skip locked) \
             update event set state = 1, lease_until = $3, claimed_by = $4, attempt = attempt + 1 \
             where (id in (select id from urgent) or id in (select id from patient)) and state = 0 \
             returning id, subject_id, sequence, data::text, reply_to, at, attempt, correlation, traceparent";
    NEXT_DUE = "select min(due_at) from event where state = 0 and lane = 0 \
                union all select min(due_at) from event where state = 0 and lane = 1";
    SUBJECTS = "select id, contact_key, key_version from subject where id = any($1::uuid[])";
    IDENTITIES = "select subject_id, bidx, kind, sealed, is_primary from identity \
                  where subject_id = any($1::uuid[]) order by subject_id, kind, bidx";
    SETTLE = "update event set state = cast($2 as smallint), due_at = case when cast($2 as smallint) = 0 then cast($3 as timestamptz) else due_at end, trouble = $4, \
              published_at = case when cast($2 as smallint) = 0 then null else cast($5 as timestamptz) end, lease_until = null, claimed_by = null \
              where id = any($1::uuid[]) and claimed_by = $6 and state = 1";
    GIVE_BACK = "update event set state = 0, lease_until = null, claimed_by = null \
                 where state = 1 and lease_until < $1";
    GIVE_UP = "update event set state = 0, attempt = attempt - 1, lease_until = null, claimed_by = null \
               where claimed_by = $1 and state = 1";
    TOLD = "select count(*) from event where kind = $1 and state >= 2";
    EXPIRE = "update event set lease_until = $1 where claimed_by = $2 and state = 1";
    ILLEGIBLE = "update event set state = 3, published_at = $2, trouble = 'this version cannot read it', \
                 lease_until = null, claimed_by = null where id = any($1::uuid[])";
    COUNTS = "select count(*), min(at) from event where state = 0";
}

/// A claimed event.
pub struct Claimed {
    /// Its id, on the wire too.
    pub id: Uuid,
    /// About whom.
    pub subject: Option<SubjectId>,
    /// Its number among the subject's events.
    pub sequence: i64,
    /// What happened.
    pub event: Event,
    /// Where it goes instead of its type's routing key.
    pub reply_to: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// The number of this attempt, from 1.
    pub attempt: i32,
    /// Correlation id.
    pub correlation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// One identity of a subject, sealed.
pub struct SealedIdentity {
    /// What it is found by.
    pub index: BlindIndex,
    /// Its kind.
    pub kind: IdentityKind,
    /// Its value.
    pub sealed: Sealed,
    /// The one of its kind that is used.
    pub primary: bool,
}

/// By what the apps know the subjects of claimed events.
#[derive(Default)]
pub struct Material {
    /// Wrapped contact key and its version.
    pub keys: HashMap<SubjectId, (Option<WrappedKey>, i16)>,
    /// Identities.
    pub identities: HashMap<SubjectId, Vec<SealedIdentity>>,
}

/// How an event is settled.
pub struct Settlement {
    /// Which.
    pub id: Uuid,
    /// Where it stands now.
    pub state: super::EventState,
    /// When it is tried again, if it is.
    pub due_at: Timestamp,
    /// What went wrong.
    pub trouble: Option<&'static str>,
}

fn claimed(row: &Row) -> Result<Claimed> {
    let data: String = row.get(3)?;
    Ok(Claimed {
        id: row.get(0)?,
        subject: row.get::<Option<Uuid>>(1)?.map(SubjectId),
        sequence: row.get(2)?,
        event: serde_json::from_str(&data).map_err(|_| unreadable("event", "data"))?,
        reply_to: row.get(4)?,
        at: row.get::<Ts>(5)?.0,
        attempt: row.get(6)?,
        correlation: row.get(7)?,
        traceparent: row.get(8)?,
    })
}

/// Claims due events until `lease_until`, the earliest of each subject; passes over those that others have claimed.
/// Those that somebody waits for come first; an eighth of the places is kept for the others, so that none waits forever.
pub async fn claim(
    pool: &Pool,
    now: Timestamp,
    limit: i64,
    lease_until: Timestamp,
    holder: Uuid,
) -> Result<Vec<Claimed>> {
    let mut tx = pool.begin().await?;
    let urgent = limit - (limit / 8).max(1);
    let args = vec![
        Arg::Ts(Ts(now)),
        Arg::I64(urgent),
        Arg::Ts(Ts(lease_until)),
        Arg::Uuid(holder),
        Arg::I64(limit),
    ];
    let rows = tx.rows(&CLAIM, args).await?;
    let (mut found, mut illegible) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        match claimed(row) {
            Ok(event) => found.push(event),
            Err(StoreError::Unreadable { .. }) => illegible.push(row.get::<Uuid>(0)?),
            Err(error) => return Err(error),
        }
    }
    if !illegible.is_empty() {
        // the oldest is claimed first: left where it is, it would keep back every other event
        tracing::error!(events = ?illegible, "events that this version cannot read are kept");
        tx.run(&ILLEGIBLE, vec![Arg::Uuids(illegible), Arg::Ts(Ts(now))]).await?;
    }
    if !rows.is_empty() {
        tx.commit().await?;
    }
    Ok(found)
}

/// When the next event is due.
pub async fn next_due(pool: &Pool) -> Result<Option<Timestamp>> {
    let rows = pool.read(&NEXT_DUE, vec![]).await?;
    let mut next = None;
    for row in &rows {
        let due = row.get::<Option<Ts>>(0)?.map(|due| due.0);
        next = next.into_iter().chain(due).min();
    }
    Ok(next)
}

/// Reads by what the apps know the subjects.
pub async fn material(pool: &Pool, events: &[Claimed]) -> Result<Material> {
    of_subjects(pool, events.iter().filter_map(|e| Some(e.subject?.0)).collect()).await
}

/// Reads by what the apps know these subjects.
pub async fn of_subjects(pool: &Pool, mut subjects: Vec<Uuid>) -> Result<Material> {
    let mut out = Material::default();
    subjects.sort_unstable();
    subjects.dedup();
    if subjects.is_empty() {
        return Ok(out);
    }
    for row in pool.read(&SUBJECTS, vec![Arg::Uuids(subjects.clone())]).await? {
        let key = row.get::<Option<Vec<u8>>>(1)?.map(WrappedKey);
        out.keys.insert(SubjectId(row.get(0)?), (key, row.get(2)?));
    }
    for row in pool.read(&IDENTITIES, vec![Arg::Uuids(subjects)]).await? {
        let kind = IdentityKind::from_text(&row.get::<String>(2)?).ok_or(unreadable("identity", "kind"))?;
        let identity = SealedIdentity {
            index: index(&row, 1)?,
            kind,
            sealed: Sealed(row.get(3)?),
            primary: row.get::<i16>(4)? != 0,
        };
        out.identities.entry(SubjectId(row.get(0)?)).or_default().push(identity);
    }
    Ok(out)
}

/// Settles events that `holder` has claimed.
pub async fn settle(pool: &Pool, settlements: &[Settlement], holder: Uuid, now: Timestamp) -> Result<()> {
    let mut groups: HashMap<(i16, Timestamp, Option<&str>), Vec<Uuid>> = HashMap::new();
    for s in settlements {
        groups.entry((s.state as i16, s.due_at, s.trouble)).or_default().push(s.id);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort();
    let mut tx = pool.begin().await?;
    for ((state, due_at, trouble), ids) in groups {
        let args = vec![
            Arg::Uuids(ids),
            Arg::I16(state),
            Arg::Ts(Ts(due_at)),
            Arg::OptText(trouble.map(str::to_owned)),
            Arg::Ts(Ts(now)),
            Arg::Uuid(holder),
        ];
        tx.run(&SETTLE, args).await?;
    }
    tx.commit().await
}

/// Gives back what workers that died have claimed.
pub async fn recover(pool: &Pool, now: Timestamp) -> Result<u64> {
    pool.write(&GIVE_BACK, vec![Arg::Ts(Ts(now))]).await
}

/// Gives back everything that `holder` has claimed: for a holder that publishes nothing at the moment.
pub async fn give_back(pool: &Pool, holder: Uuid) -> Result<u64> {
    pool.write(&GIVE_UP, vec![Arg::Uuid(holder)]).await
}

/// Ends the leases of a holder that is known to be dead.
pub async fn expire_leases(pool: &Pool, holder: Uuid, now: Timestamp) -> Result<u64> {
    pool.write(&EXPIRE, vec![Arg::Ts(Ts(now.minus(Span::seconds(1)))), Arg::Uuid(holder)]).await
}

/// How many events are queued, and since when the oldest waits.
pub async fn counts(pool: &Pool) -> Result<(i64, Option<Timestamp>)> {
    let rows = pool.read(&COUNTS, vec![]).await?;
    let Some(row) = rows.first() else { return Ok((0, None)) };
    Ok((row.get(0)?, row.get::<Option<Ts>>(1)?.map(|t| t.0)))
}

/// How many events of a type have been told, or kept.
pub async fn told(pool: &Pool, kind: &str) -> Result<i64> {
    let rows = pool.read(&TOLD, vec![Arg::Text(kind.to_owned())]).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

//! What housekeeping deletes, a batch at a time. Each batch goes on where the one before ended, so that it does not
//! wade through what is already deleted. A period that is absent never gets here.

use super::Arg;
use super::dialect::{Sql, queries};
use super::error::Result;
use super::pool::{Pool, Tx};
use super::value::Ts;
use rescind_jobs::time::{Span, Timestamp};
use uuid::Uuid;

// $1: what is older goes; $2: where to go on; $3: at most so many
queries! {
    INBOX = "delete from inbox where (source, id) in (select source, id from inbox \
             where received_at < $1 and received_at >= $2 order by received_at limit $3) returning received_at";
    FLIGHTS = "delete from flight where (source, id) in (select source, id from flight \
               where at < $1 and at >= $2 order by at limit $3) returning at";
    MAILS = "delete from mail where id in (select id from mail where settled_at is not null \
             and state in (3, 4, 5, 7) and settled_at < $1 and settled_at >= $2 order by settled_at limit $3) \
             returning settled_at";
    EVENTS = "delete from event where id in (select id from event where published_at is not null \
              and state in (2, 3) and published_at < $1 and published_at >= $2 order by published_at limit $3) \
              returning published_at";
    WEBHOOKS = "delete from webhook_delivery where (endpoint, event_id) in (select endpoint, event_id \
                from webhook_delivery where created_at < $1 and created_at >= $2 order by created_at limit $3) \
                returning created_at";
    PARKED = "delete from parked where id in (select id from parked where parked_at < $1 and id > $2 \
              order by id limit $3) returning id";
    COUNTERS = "delete from counter where (key, window_start) in (select key, window_start from counter \
                where window_start < $1 and window_start >= $2 order by window_start limit $3) \
                returning window_start";
    REQUESTS = "delete from consent_request where id in (select id from consent_request where state <> 0 \
                and answered_at < $1 and expires_at < $1 and answered_at >= $2 order by answered_at limit $3) \
                returning answered_at";
    REQUEST_NETWORK = "update consent_request set network_evidence = null where id in (select id \
                       from consent_request where state <> 0 and network_evidence is not null \
                       and answered_at < $1 and answered_at >= $2 order by answered_at limit $3) \
                       returning answered_at";
    RECORD_NETWORK = "update consent_record set network_evidence = null where id in (select id \
                      from consent_record where network_evidence is not null and network_evidence_until <= $1 \
                      and network_evidence_until >= $2 order by network_evidence_until limit $3) \
                      returning network_evidence_until";
    SCHEDULE_RUNS = "delete from schedule_run where (schedule, due_at) in (select r.schedule, r.due_at \
                     from schedule_run r where r.fired_at < $1 and r.fired_at >= $2 \
                     and exists (select 1 from schedule_run n where n.schedule = r.schedule \
                                 and n.due_at > r.due_at) \
                     order by r.fired_at limit $3) returning fired_at";
    SWEEP_RUNS = "delete from sweep_run where id in (select id from sweep_run where state in (2, 3) \
                  and finished_at < $1 and finished_at >= $2 order by finished_at limit $3) \
                  returning finished_at";
    NOTICES = "delete from staff_notice where id in (select id from staff_notice where state = 1 \
               and acknowledged_at < $1 and acknowledged_at >= $2 order by acknowledged_at limit $3) \
               returning acknowledged_at";
    // the newest stays: that a token was ever made is why one is demanded
    TOKENS = "delete from staff_token where id in (select t.id from staff_token t where t.expires_at < $1 \
              and t.expires_at >= $2 and exists (select 1 from staff_token n where n.id > t.id) \
              order by t.expires_at limit $3) returning expires_at";
    RESTRICTIONS = "delete from restriction where (subject_id, ground) in (select subject_id, ground \
                    from restriction where state = 2 and lifted_at < $1 and lifted_at >= $2 \
                    order by lifted_at limit $3) returning lifted_at";
    // one that was upheld, or needs no decision, is in force for as long as the subject is known
    OBJECTIONS = "delete from objection where (subject_id, purpose) in (select subject_id, purpose \
                  from objection where state = 2 and decided_at < $1 and decided_at >= $2 \
                  order by decided_at limit $3) returning decided_at";
    DAY_KEYS = "delete from day_key where day < $1 \
                and not exists (select 1 from job j where j.day = day_key.day) \
                and not exists (select 1 from parked p where p.day = day_key.day)";
    IDENTITY_PAGE = "select subject_id from identity where subject_id > $1 order by subject_id limit 1 offset $2";
    IDENTITY_ORPHANS = "select count(*) from identity i where i.subject_id > $1 and i.subject_id <= $2 \
                        and not exists (select 1 from subject s where s.id = i.subject_id)";
    CONSENT_PAGE = "select subject_id from consent where subject_id > $1 order by subject_id limit 1 offset $2";
    CONSENT_ORPHANS = "select count(*) from consent c where c.subject_id > $1 and c.subject_id <= $2 \
                       and not exists (select 1 from subject s where s.id = c.subject_id)";
}

/// What is deleted by its age alone, or, for network evidence, emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aged {
    /// Ids of messages.
    Inbox,
    /// Attempts at messages that were in flight when a worker died.
    Flights,
    /// Mails that were settled: sent, bounced, failed, suppressed; never one that is uncertain.
    Mails,
    /// Events that were published, or kept where no broker is.
    Events,
    /// What waits for endpoints of webhooks, whether or not the file still names them.
    Webhooks,
    /// Parked messages.
    Parked,
    /// Counters of caps.
    Counters,
    /// Requests for consent that are closed, and whose own end has passed too.
    Requests,
    /// IP address and user agent of requests that are closed.
    RequestNetwork,
    /// IP address and user agent of records, each by its own time.
    RecordNetwork,
    /// Notices to staff that were acknowledged.
    Notices,
    /// Personal tokens of staff that have expired, but for the newest.
    Tokens,
    /// Restrictions that were lifted.
    Restrictions,
    /// Objections that were decided against.
    Objections,
    /// Runs of schedules, but for the newest of each.
    ScheduleRuns,
    /// Reports of sweeps.
    SweepRuns,
}

/// Where the next batch goes on.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    time: Timestamp,
    id: Uuid,
}

impl Cursor {
    /// Before everything that is older than `cut_off`.
    pub fn start(cut_off: Timestamp) -> Self {
        Self { time: first_moment(cut_off), id: Uuid::nil() }
    }
}

/// The first moment there is.
pub fn first_moment(before: Timestamp) -> Timestamp {
    before.minus(Span::micros(i64::MAX))
}

impl Aged {
    const fn sql(self) -> &'static Sql {
        match self {
            Self::Inbox => &INBOX,
            Self::Flights => &FLIGHTS,
            Self::Mails => &MAILS,
            Self::Events => &EVENTS,
            Self::Webhooks => &WEBHOOKS,
            Self::Parked => &PARKED,
            Self::Counters => &COUNTERS,
            Self::Requests => &REQUESTS,
            Self::RequestNetwork => &REQUEST_NETWORK,
            Self::RecordNetwork => &RECORD_NETWORK,
            Self::Notices => &NOTICES,
            Self::Tokens => &TOKENS,
            Self::Restrictions => &RESTRICTIONS,
            Self::Objections => &OBJECTIONS,
            Self::ScheduleRuns => &SCHEDULE_RUNS,
            Self::SweepRuns => &SWEEP_RUNS,
        }
    }

    /// Deals with at most `limit` rows older than `cut_off`; returns how many there were, and moves the cursor.
    pub async fn batch(
        self,
        tx: &mut Tx,
        cut_off: Timestamp,
        cursor: &mut Cursor,
        limit: i64,
    ) -> Result<u64> {
        let by_id = self == Self::Parked;
        let from = if by_id { Arg::Uuid(cursor.id) } else { Arg::Ts(Ts(cursor.time)) };
        let rows = tx.rows(self.sql(), vec![Arg::Ts(Ts(cut_off)), from, Arg::I64(limit)]).await?;
        for row in &rows {
            if by_id {
                cursor.id = cursor.id.max(row.get(0)?);
            } else {
                cursor.time = cursor.time.max(row.get::<Ts>(0)?.0);
            }
        }
        Ok(rows.len() as u64)
    }
}

/// Deletes the keys of days before `day` that seal nothing any more.
pub async fn day_keys(tx: &mut Tx, day: i32) -> Result<u64> {
    tx.run(&DAY_KEYS, vec![Arg::I32(day)]).await
}

/// A table whose rows belong to subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// `identity`
    Identities,
    /// `consent`
    Consents,
}

/// Counts the rows of a page whose subject is not there. Returns the count, and after which subject the next page
/// begins; none after the last.
pub async fn orphans(pool: &Pool, table: Owned, after: Uuid, page: i64) -> Result<(u64, Option<Uuid>)> {
    let (pages, orphans) = match table {
        Owned::Identities => (&IDENTITY_PAGE, &IDENTITY_ORPHANS),
        Owned::Consents => (&CONSENT_PAGE, &CONSENT_ORPHANS),
    };
    let end = pool.read(pages, vec![Arg::Uuid(after), Arg::I64(page)]).await?;
    let end: Option<Uuid> = end.first().map(|row| row.get(0)).transpose()?;
    let args = vec![Arg::Uuid(after), Arg::Uuid(end.unwrap_or(Uuid::max()))];
    let rows = pool.read(orphans, args).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
    Ok((u64::try_from(count).unwrap_or(0), end))
}

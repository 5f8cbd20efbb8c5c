//! Endpoints that get events as webhooks, and the events that wait for each. What waits is entered in the transaction that
//! makes the event. One replica at a time works for an endpoint, so an endpoint has a lease, and its deliveries need none.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::load::unreadable;
use super::outbox::MailState;
use super::outbox::events::Claimed;
use super::pool::{Pool, Tx};
use super::tables::{DeliveryRow, EndpointRow, MailRow};
use super::value::Ts;
use crate::webhook_file::Endpoint;
use rescind_jobs::effects::EventOrder;
use rescind_jobs::mail::{Mail, WebhookTrouble};
use rescind_jobs::model::SubjectId;
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

queries! {
    LEASE = "update webhook_endpoint set holder = $2, lease_until = $3 where name = $1 \
             and (holder = $2 or lease_until is null or lease_until < $4) \
             returning state, failures, failing_since, next_at, trouble";
    STANDING = "select state, failures, failing_since, next_at, trouble, \
                (select count(*) from (select d.event_id from webhook_delivery d \
                    where d.endpoint = $1 and d.state = 0 limit 1) w), \
                (select count(*) from webhook_delivery d where d.endpoint = $1 and d.state = 1) \
                from webhook_endpoint where name = $1";
    RELEASE = "update webhook_endpoint set lease_until = null where name = $1 and holder = $2";
    RELEASE_ALL = "update webhook_endpoint set lease_until = null where holder = $1";
    // a later event of a subject waits for its earlier ones; what is tried in vain goes behind the others
    PENDING = "select e.id, e.subject_id, e.sequence, e.data::text, e.reply_to, e.at, d.attempt, e.correlation, \
               e.traceparent from webhook_delivery d join event e on e.id = d.event_id \
               where d.endpoint = $1 and d.state = 0 and d.due_at <= $3 \
               and not exists (select 1 from webhook_delivery p where p.endpoint = d.endpoint \
                   and p.subject_id = d.subject_id and p.state = 0 and p.sequence < d.sequence) \
               order by d.due_at, d.event_id limit $2";
    DONE = "delete from webhook_delivery where endpoint = $1 and event_id = any($2::uuid[])";
    AGAIN = "update webhook_delivery set attempt = attempt + 1, due_at = $3 \
             where endpoint = $1 and event_id = any($2::uuid[])";
    LATER = "update webhook_delivery set due_at = $3 where endpoint = $1 and event_id = any($2::uuid[])";
    LEAVE_OUT = "update webhook_delivery set state = 1, attempt = attempt + 1 \
                 where endpoint = $1 and event_id = any($2::uuid[])";
    SEND_AGAIN = "update webhook_delivery set state = 0, attempt = 0, due_at = $2 where endpoint = $1 and state = 1";
    // who has lost the endpoint to another replica knows less than that one
    CHANGE = "update webhook_endpoint set state = $2, failures = $3, failing_since = $4, next_at = $5, trouble = $6 \
              where name = $1 and holder = $7";
    RESUME = "update webhook_endpoint set state = 0, failures = 0, failing_since = null, next_at = null, \
              trouble = null where name = $1";
    CLEAR = "delete from webhook_delivery where endpoint = $1";
    TOO_MANY = "delete from webhook_delivery where endpoint = $1 and event_id in (select o.event_id \
                from webhook_delivery o where o.endpoint = $1 and o.state = $3 \
                order by o.due_at desc, o.event_id desc limit 10000 offset $2)";
    TOO_OLD = "delete from webhook_delivery where endpoint = $1 and created_at < $2";
    STANDINGS = "select name, state, failures, failing_since, next_at, trouble, \
                 (select count(*) from webhook_delivery d where d.endpoint = name and d.state = 0), \
                 (select count(*) from webhook_delivery d where d.endpoint = name and d.state = 1), \
                 (select min(created_at) from webhook_delivery d where d.endpoint = name and d.state = 0) \
                 from webhook_endpoint order by name";
    FORGET = "delete from webhook_endpoint where name = $1";
}

/// Where an endpoint stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i16)]
pub enum EndpointState {
    /// It gets events.
    #[default]
    Active = 0,
    /// It was away for too long: nothing is sent until it is resumed; what happens meanwhile waits.
    Paused = 1,
    /// It said that it is gone (410): nothing is sent, and nothing waits, until it is resumed.
    Gone = 2,
}

impl EndpointState {
    /// The name as written in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Gone => "gone",
        }
    }

    const fn from_i16(value: i16) -> Option<Self> {
        match value {
            0 => Some(Self::Active),
            1 => Some(Self::Paused),
            2 => Some(Self::Gone),
            _ => None,
        }
    }
}

/// How an endpoint does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Where it stands.
    pub state: EndpointState,
    /// How often it was found away, in a row.
    pub failures: i32,
    /// Since when.
    pub failing_since: Option<Timestamp>,
    /// Nothing is sent to it before.
    pub next_at: Option<Timestamp>,
    /// What was wrong last.
    pub trouble: Option<String>,
}

fn standing(row: &Row, from: usize) -> Result<Standing> {
    let time = |column| Ok::<_, super::StoreError>(row.get::<Option<Ts>>(column)?.map(|t| t.0));
    Ok(Standing {
        state: EndpointState::from_i16(row.get(from)?).ok_or(unreadable("webhook_endpoint", "state"))?,
        failures: row.get(from + 1)?,
        failing_since: time(from + 2)?,
        next_at: time(from + 3)?,
        trouble: row.get(from + 4)?,
    })
}

/// Enters, for each endpoint that wants them, the events that a batch has made.
pub async fn queue(tx: &mut Tx, endpoints: &[Endpoint], events: &[EventOrder]) -> Result<()> {
    let mut rows = Vec::new();
    // an answer goes to whom it answers, and to nobody else
    for event in events.iter().filter(|event| event.subject.is_some() && event.reply_to.is_none()) {
        for endpoint in endpoints.iter().filter(|endpoint| endpoint.wants(event.event.kind())) {
            rows.push(DeliveryRow {
                endpoint: endpoint.name.clone(),
                event_id: event.id,
                subject_id: event.subject.map(|subject| subject.0),
                sequence: event.sequence,
                state: 0,
                due_at: Ts(event.at),
                attempt: 0,
                created_at: Ts(event.at),
            });
        }
    }
    tx.put(&rows).await.map(drop)
}

/// Makes endpoints known.
pub async fn introduce(pool: &Pool, endpoints: &[Endpoint]) -> Result<()> {
    let row = |e: &Endpoint| EndpointRow { name: e.name.clone(), state: 0, failures: 0 };
    let rows: Vec<_> = endpoints.iter().map(row).collect();
    let mut tx = pool.begin().await?;
    tx.put(&rows).await?;
    tx.commit().await
}

/// Takes an endpoint for `holder` until `until`, and tells how it does; none while another replica has it.
pub async fn lease(
    pool: &Pool,
    name: &str,
    holder: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Standing>> {
    let mut tx = pool.begin().await?;
    let args = vec![Arg::Text(name.to_owned()), Arg::Uuid(holder), Arg::Ts(Ts(until)), Arg::Ts(Ts(now))];
    let rows = tx.rows(&LEASE, args).await?;
    tx.commit().await?;
    rows.first().map(|row| standing(row, 0)).transpose()
}

/// How an endpoint does, and what there is for it.
pub struct Look {
    /// How it does.
    pub standing: Standing,
    /// Something waits.
    pub waits: bool,
    /// So many events were left out.
    pub left_out: i64,
}

/// How an endpoint does; none while it is not known.
pub async fn look(pool: &Pool, name: &str) -> Result<Option<Look>> {
    let rows = pool.read(&STANDING, vec![Arg::Text(name.to_owned())]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let waits = row.get::<i64>(5)? > 0;
    Ok(Some(Look { standing: standing(row, 0)?, waits, left_out: row.get(6)? }))
}

/// Gives back one endpoint, if `holder` has it.
pub async fn release(pool: &Pool, name: &str, holder: Uuid) -> Result<u64> {
    pool.write(&RELEASE, vec![Arg::Text(name.to_owned()), Arg::Uuid(holder)]).await
}

/// Gives back every endpoint that a holder had which is known to be dead.
pub async fn release_all(pool: &Pool, holder: Uuid) -> Result<u64> {
    pool.write(&RELEASE_ALL, vec![Arg::Uuid(holder)]).await
}

/// What waits for an endpoint and is due.
#[derive(Default)]
pub struct Pending {
    /// Those that wait longest first; no two of one subject.
    pub events: Vec<Claimed>,
    /// Those among them that this version cannot read.
    pub illegible: Vec<Uuid>,
}

/// Reads what waits for an endpoint and is due.
pub async fn pending(pool: &Pool, name: &str, limit: i64, now: Timestamp) -> Result<Pending> {
    let args = vec![Arg::Text(name.to_owned()), Arg::I64(limit), Arg::Ts(Ts(now))];
    let mut found = Pending::default();
    for row in pool.read(&PENDING, args).await? {
        let data: String = row.get(3)?;
        let Ok(event) = serde_json::from_str(&data) else {
            found.illegible.push(row.get(0)?);
            continue;
        };
        found.events.push(Claimed {
            id: row.get(0)?,
            subject: row.get::<Option<Uuid>>(1)?.map(SubjectId),
            sequence: row.get(2)?,
            event,
            reply_to: row.get(4)?,
            at: row.get::<Ts>(5)?.0,
            attempt: row.get(6)?,
            correlation: row.get(7)?,
            traceparent: row.get(8)?,
        });
    }
    Ok(found)
}

/// What came of a round.
#[derive(Default)]
pub struct Settlement {
    /// These need not be sent any more.
    pub done: Vec<Uuid>,
    /// These are sent again, not before.
    pub again: Vec<(Uuid, Timestamp)>,
    /// The same, and it was not their fault: no attempt is counted.
    pub later: Vec<(Uuid, Timestamp)>,
    /// These were refused too often: they are kept until somebody has them sent again.
    pub left_out: Vec<Uuid>,
    /// How the endpoint does now, if that has changed.
    pub standing: Option<Standing>,
    /// Mails to the administrators: their ids, to whom, and of what.
    pub mails: Vec<(Uuid, String, WebhookTrouble)>,
}

/// Records what came of a round for an endpoint that `holder` has, and orders the mails that tell of it.
pub async fn settle(
    pool: &Pool,
    name: &str,
    holder: Uuid,
    settlement: &Settlement,
    now: Timestamp,
) -> Result<()> {
    let this = || Arg::Text(name.to_owned());
    let mut tx = pool.begin().await?;
    if !settlement.done.is_empty() {
        tx.run(&DONE, vec![this(), Arg::Uuids(settlement.done.clone())]).await?;
    }
    for (id, due_at) in &settlement.again {
        tx.run(&AGAIN, vec![this(), Arg::Uuids(vec![*id]), Arg::Ts(Ts(*due_at))]).await?;
    }
    for (id, due_at) in &settlement.later {
        tx.run(&LATER, vec![this(), Arg::Uuids(vec![*id]), Arg::Ts(Ts(*due_at))]).await?;
    }
    if !settlement.left_out.is_empty() {
        tx.run(&LEAVE_OUT, vec![this(), Arg::Uuids(settlement.left_out.clone())]).await?;
    }
    if let Some(standing) = &settlement.standing {
        let args = vec![
            this(),
            Arg::I16(standing.state as i16),
            Arg::I32(standing.failures),
            Arg::OptTs(standing.failing_since.map(Ts)),
            Arg::OptTs(standing.next_at.map(Ts)),
            Arg::OptText(standing.trouble.clone()),
            Arg::Uuid(holder),
        ];
        let ours = tx.run(&CHANGE, args).await? > 0;
        if ours && standing.state == EndpointState::Gone {
            tx.run(&CLEAR, vec![this()]).await?;
        }
    }
    let mail = |trouble| Mail::StaffWebhook { endpoint: name.to_owned(), trouble };
    let mails =
        settlement.mails.iter().map(|(id, staff, trouble)| mail_row(*id, staff, &mail(*trouble), now));
    tx.put(&mails.collect::<Vec<_>>()).await?;
    tx.commit().await
}

fn mail_row(id: Uuid, staff: &str, mail: &Mail, now: Timestamp) -> MailRow {
    MailRow {
        id,
        subject_id: None,
        request_id: None,
        notice_id: None,
        purpose: None,
        template: mail.template().to_owned(),
        params: super::dialect::Json(serde_json::to_value(mail).unwrap_or_default().to_string()),
        address: None,
        staff: Some(staff.to_owned()),
        answers_subject: 0,
        state: MailState::Queued as i16,
        lane: mail.lane() as i16,
        due_at: Ts(now),
        attempt: 0,
        trouble: None,
        created_at: Ts(now),
        settled_at: None,
        gated: 0,
        topic: None,
        sealed: None,
        channel: None,
        correlation: None,
        traceparent: None,
    }
}

/// Drops what is beyond `limit`, the oldest first, and what is older than `oldest`; returns how many.
pub async fn trim(pool: &Pool, name: &str, limit: i64, oldest: Timestamp) -> Result<u64> {
    let this = || Arg::Text(name.to_owned());
    let mut dropped = pool.write(&TOO_OLD, vec![this(), Arg::Ts(Ts(oldest))]).await?;
    // what waits, and what was left out
    for state in [0, 1] {
        dropped += pool.write(&TOO_MANY, vec![this(), Arg::I64(limit), Arg::I16(state)]).await?;
    }
    Ok(dropped)
}

/// Drops everything that waits for an endpoint.
pub async fn clear(pool: &Pool, name: &str) -> Result<u64> {
    pool.write(&CLEAR, vec![Arg::Text(name.to_owned())]).await
}

/// Lets an endpoint get events again, those that were left out too; returns how many those are, none if the endpoint is
/// not known.
pub async fn resume(pool: &Pool, name: &str, now: Timestamp) -> Result<Option<u64>> {
    let this = || Arg::Text(name.to_owned());
    let mut tx = pool.begin().await?;
    let known = tx.run(&RESUME, vec![this()]).await? > 0;
    let again = tx.run(&SEND_AGAIN, vec![this(), Arg::Ts(Ts(now))]).await?;
    tx.commit().await?;
    Ok(known.then_some(again))
}

/// Forgets an endpoint, and what waits for it; returns how many events those are, none if the endpoint is not known.
pub async fn forget(pool: &Pool, name: &str) -> Result<Option<u64>> {
    let this = || Arg::Text(name.to_owned());
    let mut tx = pool.begin().await?;
    let known = tx.run(&FORGET, vec![this()]).await? > 0;
    let dropped = tx.run(&CLEAR, vec![this()]).await?;
    tx.commit().await?;
    Ok(known.then_some(dropped))
}

/// A line of the list.
pub struct Listed {
    /// Which.
    pub name: String,
    /// How it does.
    pub standing: Standing,
    /// How many events wait for it.
    pub waiting: i64,
    /// How many it has refused too often.
    pub left_out: i64,
    /// Since when the oldest of them does.
    pub since: Option<Timestamp>,
}

/// Every endpoint that was ever known.
pub async fn list(pool: &Pool) -> Result<Vec<Listed>> {
    let rows = pool.read(&STANDINGS, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                name: row.get(0)?,
                standing: standing(row, 1)?,
                waiting: row.get(6)?,
                left_out: row.get(7)?,
                since: row.get::<Option<Ts>>(8)?.map(|t| t.0),
            })
        })
        .collect()
}

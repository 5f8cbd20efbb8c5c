//! Mails on their way out.

use super::MailState;
use super::mailings::{self, Mailed};
use crate::store::dialect::{Row, Sql, queries};
use crate::store::load::{field, identity, index, unreadable};
use crate::store::tables::JobRow;
use crate::store::{Arg, Pool, Result, StoreError, Ts, Tx, pages, queue, rights};
use rescind_jobs::code::{ContentId, FieldId, PurposeId, StaffId};
use rescind_jobs::effects::Lane;
use rescind_jobs::locale::Locale;
use rescind_jobs::mail::Mail;
use rescind_jobs::model::{Identity, NoticeState, PersonalPage, Recipient, StaffNotice, SubjectId};
use rescind_jobs::protection::{Sealed, WrappedKey};
use rescind_jobs::time::{Span, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

// The gate in SENDING asks by scalar subqueries, which are looked up mail by mail: an `exists` beside an `or` is planned
// as a scan of the whole table, which costs more with every subject.
queries! {
    CLAIM = "with due as materialized (select id from mail where state = 0 and lane = $5 and channel is null \
             and due_at <= $1 order by due_at, id limit $2 for update skip locked) \
             update mail set state = 1, lease_until = $3, claimed_by = $4, attempt = attempt + 1 \
             where id in (select id from due) \
             returning id, subject_id, address, params::text, attempt, created_at, trouble, traceparent, staff, \
             set_config('synchronous_commit', 'off', true)";
    NEXT_DUE = "select due_at from mail where state = 0 and lane = $1 and channel is null order by due_at limit 1";
    // all that a mail to a subject is made from; as in the gate, an address is looked up mail by mail
    MATERIAL = "select m.id, s.locale, s.contact_key, s.key_version, (select i.sealed from identity i \
                    where i.bidx = m.address and i.subject_id = m.subject_id and i.active = 1 \
                    and i.undeliverable_at is null limit 1), f.sealed, r.purpose, r.content, \
                r.content_version, r.locale, r.requested_at, r.expires_at, r.generation from mail m \
                join subject s on s.id = m.subject_id \
                left join subject_field f on f.subject_id = m.subject_id and f.field = 'name' \
                left join consent_request r on r.id = m.request_id where m.id = any($1::uuid[])";
    KEYS = "select id, contact_key, key_version from subject where id = any($1::uuid[])";
    // by what staff recognise them
    IDENTITIES = "select subject_id, bidx, kind, sealed, is_primary, active, undeliverable_at from identity \
                  where subject_id = any($1::uuid[]) order by subject_id, kind, bidx";
    FIELDS = "select subject_id, field, sealed from subject_field where subject_id = any($1::uuid[])";
    SENDING = "update mail set state = 2, lease_until = $2 where id = any($1::uuid[]) and state = 1 \
               and claimed_by = $3 \
               and coalesce((select r.state = 0 and r.expires_at > $4 from consent_request r \
                    where r.id = mail.request_id), request_id is null) \
               and coalesce((select n.state = 0 from staff_notice n where n.id = mail.notice_id), notice_id is null) \
               and (staff is not null or ( \
                    coalesce((select s.state = 0 or (s.state = 1 and mail.answers_subject = 1) from subject s \
                        where s.id = mail.subject_id), false) \
                    and (template = 'confirm_address' or (select count(*) from identity i where i.bidx = mail.address \
                        and i.subject_id = mail.subject_id and i.active = 1 and i.undeliverable_at is null) > 0))) \
               and (gated <> 1 or coalesce((select c.state = 1 and (c.expires_at is null or c.expires_at > $4) \
                    from consent c where c.subject_id = mail.subject_id and c.purpose = mail.purpose), false)) \
               and (gated <> 3 or (coalesce((select w.sold_at is not null from soft_opt_in w \
                        where w.subject_id = mail.subject_id and w.purpose = mail.purpose), false) \
                    and coalesce((select c.state not in (2, 3) from consent c \
                        where c.subject_id = mail.subject_id and c.purpose = mail.purpose), true))) \
               and (gated = 0 or coalesce((select o.state = 2 or coalesce((select mail.gated <> 3 and c.state = 1 \
                        and c.since > o.at from consent c \
                        where c.subject_id = o.subject_id and c.purpose = o.purpose), false) \
                    from objection o where o.subject_id = mail.subject_id and o.purpose = mail.purpose), true)) \
               and (topic is null or coalesce((select t.subscribed = 1 from topic_choice t \
                    where t.subject_id = mail.subject_id and t.purpose = mail.purpose and t.topic = mail.topic), true)) \
               returning id";
    SETTLE = "update mail set state = cast($2 as smallint), due_at = case when cast($2 as smallint) = 0 then cast($3 as timestamptz) else due_at end, trouble = $4, \
              settled_at = case when cast($2 as smallint) = 0 then null else cast($5 as timestamptz) end, lease_until = null, claimed_by = null, \
              sealed = case when cast($2 as smallint) in (0, 5, 6) then sealed end \
              where id = any($1::uuid[]) and claimed_by = $6 and state in (1, 2)";
    STILL_CLAIMED = "select id from mail where id = any($1::uuid[]) and state = 1 and claimed_by = $2";
    RELEASE = "update mail set state = 0, attempt = attempt - 1, lease_until = null, claimed_by = null \
               where id = any($1::uuid[]) and claimed_by = $2 and state = 1";
    GIVE_UP = "update mail set state = 0, attempt = attempt - 1, lease_until = null, claimed_by = null \
                where claimed_by = $1 and lane = $2 and channel is null and state in (1, 2)";
    SENT_AFTER_ALL = "update mail set state = 3, trouble = null, settled_at = $2, sealed = null where id = any($1::uuid[]) and state = 6 \
                      and trouble = 'the worker died while it was handed over'";
    EXTEND = "update mail set lease_until = $2 where id = any($1::uuid[]) and claimed_by = $3 and state in (1, 2)";
    GIVE_BACK = "update mail set state = 0, lease_until = null, claimed_by = null \
                 where state = 1 and lease_until < $1";
    GIVE_BACK_SENDING = "update mail set state = 0, lease_until = null, claimed_by = null, \
                         trouble = 'the worker died while it was handed over' \
                         where state = 2 and channel is null and lease_until < $1";
    UNCERTAIN = "update mail set state = 6, settled_at = $2, lease_until = null, claimed_by = null, \
                 trouble = 'the worker died while it was handed over' \
                 where state = 2 and channel is null and lease_until < $1";
    EXPIRE = "update mail set lease_until = $1 where claimed_by = any($2::uuid[]) and state in (1, 2)";
    COUNTS = "select count(*), min(created_at) from mail where state = 0";
    UNCERTAINS = "select count(*) from mail where state = 6";
    ILLEGIBLE = "update mail set state = 5, settled_at = $2, trouble = 'this version cannot read it', \
                 lease_until = null, claimed_by = null where id = any($1::uuid[]) and state = 1 and claimed_by = $3";
}

/// What stands in a row whose worker died while handing it over; the statements above write it.
const DIED_HANDING_OVER: &str = "the worker died while it was handed over";

/// A claimed mail.
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// About whom; none for what is about several.
    pub subject: Option<SubjectId>,
    /// To whom.
    pub to: Recipient,
    /// What it says.
    pub mail: Mail,
    /// The number of this attempt, from 1.
    pub attempt: i32,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// A worker died while handing it over: it may have left already.
    pub may_have_left: bool,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// What a mail to a subject is made from.
pub struct Addressed {
    /// The subject's language.
    pub locale: Option<Locale>,
    /// Its wrapped contact key; none once that was destroyed.
    pub key: Option<WrappedKey>,
    /// Its version.
    pub key_version: i16,
    /// The address; none while it is not in use.
    pub address: Option<Sealed>,
    /// The name to address the subject by.
    pub name: Option<Sealed>,
    /// What is asked, if anything is.
    pub asked: Option<Asked>,
}

/// What a mail says of a request for consent.
pub struct Asked {
    /// The purpose.
    pub purpose: PurposeId,
    /// The content that is asked about.
    pub content: ContentId,
    /// Its version.
    pub version: u32,
    /// The language.
    pub locale: Locale,
    /// When the subject asked.
    pub requested_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// Generation of its link.
    pub generation: i16,
}

/// What rendering needs of the subjects of claimed mails.
#[derive(Default)]
pub struct Material {
    /// By mail; none where the subject is gone.
    pub addressed: HashMap<Uuid, Addressed>,
    /// The wrapped contact keys of the subjects of notices, and their versions.
    pub keys: HashMap<SubjectId, (Option<WrappedKey>, i16)>,
    /// The subjects' own pages, for mails that lead to them.
    pub pages: HashMap<SubjectId, PersonalPage>,
    /// Notices to staff.
    pub notices: HashMap<Uuid, (SubjectId, StaffNotice)>,
    /// What digests of these members of staff tell.
    pub digests: HashMap<StaffId, Vec<Uuid>>,
    /// By what staff recognise the subjects of notices.
    pub identities: HashMap<SubjectId, Vec<Identity>>,
    /// What else staff may be shown of them.
    pub fields: HashMap<SubjectId, Vec<(FieldId, Sealed)>>,
    /// What mailings of apps say, and whether they may.
    pub mailings: HashMap<Uuid, Mailed>,
}

/// The most notices in one digest; what is over is reminded of by itself.
const LONGEST_DIGEST: i64 = 200;

/// How a mail is settled.
pub struct Settlement {
    /// Which.
    pub id: Uuid,
    /// Where it stands now.
    pub state: MailState,
    /// When it is tried again, if it is.
    pub due_at: Timestamp,
    /// What went wrong, without any text of others.
    pub trouble: Option<String>,
}

impl Settlement {
    /// The same, to be tried again at this time.
    #[must_use]
    pub fn due(self, due_at: Timestamp) -> Self {
        Self { due_at, ..self }
    }
}

fn claimed(row: &Row) -> Result<Claimed> {
    let params: String = row.get(3)?;
    Ok(Claimed {
        id: row.get(0)?,
        subject: row.get::<Option<Uuid>>(1)?.map(SubjectId),
        to: match row.get::<Option<String>>(8)? {
            Some(staff) => Recipient::Staff(StaffId::new(&staff).ok_or(unreadable("mail", "staff"))?),
            None => Recipient::Address(index(row, 2)?),
        },
        mail: serde_json::from_str(&params).map_err(|_| unreadable("mail", "params"))?,
        attempt: row.get(4)?,
        created_at: row.get::<Ts>(5)?.0,
        may_have_left: row.get::<Option<String>>(6)?.as_deref() == Some(DIED_HANDING_OVER),
        traceparent: row.get(7)?,
    })
}

fn addressed(row: &Row) -> Result<Addressed> {
    let wrong = |column| unreadable("consent_request", column);
    let asked = match row.get::<Option<String>>(6)? {
        None => None,
        Some(purpose) => Some(Asked {
            purpose: PurposeId::new(&purpose).ok_or(wrong("purpose"))?,
            content: ContentId::new(&row.get::<String>(7)?).ok_or(wrong("content"))?,
            version: row.get::<i32>(8)?.try_into().map_err(|_| wrong("content_version"))?,
            locale: Locale::from_tag(&row.get::<String>(9)?).ok_or(wrong("locale"))?,
            requested_at: row.get::<Ts>(10)?.0,
            expires_at: row.get::<Ts>(11)?.0,
            generation: row.get(12)?,
        }),
    };
    Ok(Addressed {
        locale: row.get::<Option<String>>(1)?.as_deref().and_then(Locale::from_tag),
        key: row.get::<Option<Vec<u8>>>(2)?.map(WrappedKey),
        key_version: row.get(3)?,
        address: row.get::<Option<Vec<u8>>>(4)?.map(Sealed),
        name: row.get::<Option<Vec<u8>>>(5)?.map(Sealed),
        asked,
    })
}

/// Claims due mails of one lane until `lease_until`, oldest first, passing over those that others have claimed.
pub async fn claim(
    pool: &Pool,
    lane: Lane,
    now: Timestamp,
    limit: i64,
    lease_until: Timestamp,
    holder: Uuid,
) -> Result<Vec<Claimed>> {
    let args = vec![
        Arg::Ts(Ts(now)),
        Arg::I64(limit),
        Arg::Ts(Ts(lease_until)),
        Arg::Uuid(holder),
        Arg::I16(lane as i16),
    ];
    take(pool, &CLAIM, args, holder, now).await
}

/// Claims by this statement for `holder`; what cannot be read has failed.
pub(super) async fn take(
    pool: &Pool,
    statement: &'static Sql,
    args: Vec<Arg>,
    holder: Uuid,
    now: Timestamp,
) -> Result<Vec<Claimed>> {
    let rows = pool.change(statement, args).await?;
    let (mut found, mut illegible) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        match claimed(row) {
            Ok(mail) => found.push(mail),
            Err(StoreError::Unreadable { .. }) => illegible.push(row.get::<Uuid>(0)?),
            Err(error) => return Err(error),
        }
    }
    if !illegible.is_empty() {
        // the oldest is claimed first: left where it is, it would keep back every other mail
        tracing::error!(mails = ?illegible, "mails that this version cannot read have failed");
        let args = vec![Arg::Uuids(illegible), Arg::Ts(Ts(now)), Arg::Uuid(holder)];
        if let Err(error) = pool.write(&ILLEGIBLE, args).await {
            // they come again when their lease is over; those that can be read do not wait for that
            tracing::warn!(%error, "that mails cannot be read is not recorded yet");
        }
    }
    Ok(found)
}

/// When the next mail of a lane is due.
pub async fn next_due(pool: &Pool, lane: Lane) -> Result<Option<Timestamp>> {
    let rows = pool.read(&NEXT_DUE, vec![Arg::I16(lane as i16)]).await?;
    rows.first().map(|row| Ok(row.get::<Ts>(0)?.0)).transpose()
}

/// Reads what rendering needs.
pub async fn material(pool: &Pool, mails: &[Claimed], now: Timestamp) -> Result<Material> {
    let mut out = Material::default();
    notices(pool, mails, now, &mut out).await?;
    out.mailings = mailings::read(pool, mails).await?;
    // requests for consent lead to a page of their own
    let own = mails.iter().filter(|m| m.mail.request().is_none() && matches!(m.to, Recipient::Address(_)));
    out.pages = pages::of(pool, own.filter_map(|m| Some(m.subject?.0)).collect()).await?;
    let to_subjects = mails.iter().filter(|m| matches!(m.to, Recipient::Address(_)));
    let ids: Vec<Uuid> = to_subjects.map(|m| m.id).collect();
    if ids.is_empty() {
        return Ok(out);
    }
    for row in pool.read(&MATERIAL, vec![Arg::Uuids(ids)]).await? {
        match addressed(&row) {
            Ok(addressed) => drop(out.addressed.insert(row.get(0)?, addressed)),
            // its mail does not leave; the others do
            Err(error) => tracing::error!(%error, "what a mail is made from cannot be read"),
        }
    }
    Ok(out)
}

/// What mails to staff tell.
async fn notices(pool: &Pool, mails: &[Claimed], now: Timestamp, out: &mut Material) -> Result<()> {
    let ids = mails.iter().filter_map(|m| m.mail.notice()).collect();
    for (subject, notice) in rights::notices_by_id(pool, ids).await? {
        out.notices.insert(notice.id, (subject, notice));
    }
    for mail in mails.iter().filter(|m| m.mail == Mail::StaffDigest) {
        let Recipient::Staff(staff) = &mail.to else { continue };
        let due = rights::digest(pool, staff, now, LONGEST_DIGEST).await?;
        let list = due.iter().map(|(_, n)| n.id).collect();
        out.digests.insert(staff.clone(), list);
        out.notices.extend(due.into_iter().map(|(subject, notice)| (notice.id, (subject, notice))));
    }
    out.notices.retain(|_, (_, notice)| notice.state == NoticeState::Open);
    let mut subjects: Vec<Uuid> = out.notices.values().map(|(subject, _)| subject.0).collect();
    if subjects.is_empty() {
        return Ok(());
    }
    subjects.sort_unstable();
    subjects.dedup();
    for row in pool.read(&IDENTITIES, vec![Arg::Uuids(subjects.clone())]).await? {
        out.identities.entry(SubjectId(row.get(0)?)).or_default().push(identity(&row)?);
    }
    for row in pool.read(&KEYS, vec![Arg::Uuids(subjects.clone())]).await? {
        let key = row.get::<Option<Vec<u8>>>(1)?.map(WrappedKey);
        out.keys.insert(SubjectId(row.get(0)?), (key, row.get(2)?));
    }
    for row in pool.read(&FIELDS, vec![Arg::Uuids(subjects)]).await? {
        out.fields.entry(SubjectId(row.get(0)?)).or_default().push(field(&row)?);
    }
    Ok(())
}

/// Marks mails as being handed over, the gate read once more in the same statement. Returns those that may leave.
pub async fn sending(
    pool: &Pool,
    mails: Vec<Uuid>,
    holder: Uuid,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Vec<Uuid>> {
    let args = vec![Arg::Uuids(mails), Arg::Ts(Ts(lease_until)), Arg::Uuid(holder), Arg::Ts(Ts(now))];
    pool.change(&SENDING, args).await?.iter().map(|row| row.get(0)).collect()
}

/// Which of these mails `holder` still has claimed. Whoever was away for longer than its lease has lost them to another
/// worker; and a claim may be lost with the database, because its commit did not wait for the disk. Of such a mail nothing
/// is to be recorded here.
pub async fn still_claimed(pool: &Pool, mails: Vec<Uuid>, holder: Uuid) -> Result<HashSet<Uuid>> {
    if mails.is_empty() {
        return Ok(HashSet::new());
    }
    pool.read(&STILL_CLAIMED, vec![Arg::Uuids(mails), Arg::Uuid(holder)])
        .await?
        .iter()
        .map(|r| r.get(0))
        .collect()
}

/// Settles mails that `holder` has claimed, and writes what follows from their outcomes, if anything does, in the same
/// transaction. It may be done again after an answer that did not come.
pub async fn settle(
    pool: &Pool,
    settlements: &[Settlement],
    follow_ups: &[JobRow],
    holder: Uuid,
    now: Timestamp,
) -> Result<()> {
    if let ([(outcome, ids)], []) = (alike(settlements).as_slice(), follow_ups) {
        // what nearly always is, is one statement
        let settled = pool.write(&SETTLE, outcome.args(ids, holder, now)).await?;
        if outcome.fell_short(settled, ids) {
            pool.write(&SENT_AFTER_ALL, vec![Arg::Uuids(ids.clone()), Arg::Ts(Ts(now))]).await?;
        }
        return Ok(());
    }
    let mut tx = pool.begin().await?;
    outcomes(&mut tx, settlements, holder, now).await?;
    queue::add(&mut tx, follow_ups).await?;
    tx.commit().await
}

/// Writes how mails are settled that `holder` has claimed.
pub(super) async fn outcomes(
    tx: &mut Tx,
    settlements: &[Settlement],
    holder: Uuid,
    now: Timestamp,
) -> Result<()> {
    for (outcome, ids) in alike(settlements) {
        let settled = tx.run(&SETTLE, outcome.args(&ids, holder, now)).await?;
        if outcome.fell_short(settled, &ids) {
            tx.run(&SENT_AFTER_ALL, vec![Arg::Uuids(ids), Arg::Ts(Ts(now))]).await?;
        }
    }
    Ok(())
}

/// What mails that are settled alike have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Outcome<'a> {
    state: i16,
    due_at: Timestamp,
    trouble: Option<&'a str>,
}

impl Outcome<'_> {
    fn args(&self, ids: &[Uuid], holder: Uuid, now: Timestamp) -> Vec<Arg> {
        vec![
            Arg::Uuids(ids.to_vec()),
            Arg::I16(self.state),
            Arg::Ts(Ts(self.due_at)),
            Arg::OptText(self.trouble.map(str::to_owned)),
            Arg::Ts(Ts(now)),
            Arg::Uuid(holder),
        ]
    }

    /// Whether mails that have left are not recorded as sent: the store was away for longer than the lease, and another
    /// worker has taken us for dead.
    const fn fell_short(&self, settled: u64, ids: &[Uuid]) -> bool {
        settled < ids.len() as u64 && self.state == MailState::Sent as i16
    }
}

/// The mails of each outcome, always in the same order.
fn alike(settlements: &[Settlement]) -> Vec<(Outcome<'_>, Vec<Uuid>)> {
    let mut groups: BTreeMap<Outcome<'_>, Vec<Uuid>> = BTreeMap::new();
    for s in settlements {
        let outcome = Outcome { state: s.state as i16, due_at: s.due_at, trouble: s.trouble.as_deref() };
        groups.entry(outcome).or_default().push(s.id);
    }
    groups.into_iter().collect()
}

/// Gives back mails that were claimed and not begun.
pub async fn release(pool: &Pool, mails: Vec<Uuid>, holder: Uuid) -> Result<u64> {
    pool.write(&RELEASE, vec![Arg::Uuids(mails), Arg::Uuid(holder)]).await
}

/// Gives back everything that `holder` has claimed in a lane: for a holder that hands nothing over there at the moment.
pub async fn give_back(pool: &Pool, lane: Lane, holder: Uuid) -> Result<u64> {
    pool.write(&GIVE_UP, vec![Arg::Uuid(holder), Arg::I16(lane as i16)]).await
}

/// Extends the lease while mails are handed over.
pub async fn extend(pool: &Pool, mails: Vec<Uuid>, holder: Uuid, lease_until: Timestamp) -> Result<u64> {
    pool.write(&EXTEND, vec![Arg::Uuids(mails), Arg::Ts(Ts(lease_until)), Arg::Uuid(holder)]).await
}

/// Takes up what workers that died have left: claimed mails return to the queue; those that were being handed over do
/// so only where a repeat is harmless, and are uncertain otherwise. Returns how many became uncertain.
pub async fn recover(pool: &Pool, now: Timestamp, repeat_is_harmless: bool) -> Result<u64> {
    let mut tx = pool.begin().await?;
    let (lease, at) = (Arg::Ts(Ts(now)), Arg::Ts(Ts(now)));
    tx.run(&GIVE_BACK, vec![lease.clone()]).await?;
    let uncertain = if repeat_is_harmless {
        tx.run(&GIVE_BACK_SENDING, vec![lease]).await?;
        0
    } else {
        tx.run(&UNCERTAIN, vec![lease, at]).await?
    };
    tx.commit().await?;
    Ok(uncertain)
}

/// Under which name the second loop of a lane claims: what one loop gives back must not be what the other is handing
/// over. It follows from the worker's, so that whoever comes after a dead worker knows both.
pub fn beside(holder: Uuid) -> Uuid {
    Uuid::from_u128(holder.as_u128() ^ 1)
}

/// Ends the leases of a worker that is known to be dead.
pub async fn expire_leases(pool: &Pool, holder: Uuid, now: Timestamp) -> Result<u64> {
    let holders = vec![holder, beside(holder)];
    pool.write(&EXPIRE, vec![Arg::Ts(Ts(now.minus(Span::seconds(1)))), Arg::Uuids(holders)]).await
}

/// How many mails are queued, since when the oldest waits, and how many are uncertain.
pub async fn counts(pool: &Pool) -> Result<(i64, Option<Timestamp>, i64)> {
    let rows = pool.read(&COUNTS, vec![]).await?;
    let Some(row) = rows.first() else { return Ok((0, None, 0)) };
    let uncertain = pool.read(&UNCERTAINS, vec![]).await?.first().map_or(Ok(0), |row| row.get(0))?;
    Ok((row.get(0)?, row.get::<Option<Ts>>(1)?.map(|t| t.0), uncertain))
}

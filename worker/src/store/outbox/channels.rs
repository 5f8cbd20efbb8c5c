//! Notices to staff that go by a channel instead of mail. They are rows of the mails' outbox that name a channel: claimed,
//! gated and settled like mails, and turned into mails by taking the channel's name away, so that a notice is at no
//! moment in two places or in none.

use super::mails::{self, Claimed, Settlement};
use crate::store::dialect::queries;
use crate::store::{Arg, Pool, Result, Ts};
use rescind_jobs::code::StaffChannelId;
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

queries! {
    NEXT_DUE = "select due_at from mail where state = 0 and channel = $1 order by due_at limit 1";
    CLAIM = "with due as materialized (select id from mail where state = 0 and channel = $5 \
             and due_at <= $1 order by due_at, id limit $2 for update skip locked) \
             update mail set state = 1, lease_until = $3, claimed_by = $4, attempt = attempt + 1 \
             where id in (select id from due) \
             returning id, subject_id, address, params::text, attempt, created_at, trouble, traceparent, staff, \
             set_config('synchronous_commit', 'off', true)";
    BY_MAIL = "update mail set state = 0, channel = null, attempt = 0, due_at = $2, trouble = null, \
               lease_until = null, claimed_by = null where id = $1 and claimed_by = $3 and state in (1, 2)";
    LEFT_BEHIND = "update mail set channel = null, attempt = 0 where state = 0 and channel is not null \
                   and not (channel = any($1::text[]))";
    GIVE_BACK_SENDING = "update mail set state = 0, lease_until = null, claimed_by = null \
                         where state = 2 and channel is not null and lease_until < $1";
}

/// When the next notice of a channel is due.
pub async fn next_due(pool: &Pool, channel: &StaffChannelId) -> Result<Option<Timestamp>> {
    let rows = pool.read(&NEXT_DUE, vec![Arg::Text(channel.to_string())]).await?;
    rows.first().map(|row| Ok(row.get::<Ts>(0)?.0)).transpose()
}

/// Claims due notices of a channel until `lease_until`, oldest first, passing over those that others have claimed.
pub async fn claim(
    pool: &Pool,
    channel: &StaffChannelId,
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
        Arg::Text(channel.to_string()),
    ];
    mails::take(pool, &CLAIM, args, holder, now).await
}

/// Settles notices that `holder` has claimed; those of `by_mail` become mails that are due now.
pub async fn settle(
    pool: &Pool,
    settlements: &[Settlement],
    by_mail: &[Uuid],
    holder: Uuid,
    now: Timestamp,
) -> Result<()> {
    let mut tx = pool.begin().await?;
    mails::outcomes(&mut tx, settlements, holder, now).await?;
    for id in by_mail {
        tx.run(&BY_MAIL, vec![Arg::Uuid(*id), Arg::Ts(Ts(now)), Arg::Uuid(holder)]).await?;
    }
    tx.commit().await
}

/// Takes up what workers that died have left, and makes mails of what waits for a channel that is none of these any more.
/// What was being handed over is handed over again: a message too many is better than a person who goes on.
pub async fn recover(pool: &Pool, known: &[StaffChannelId], now: Timestamp) -> Result<u64> {
    pool.write(&GIVE_BACK_SENDING, vec![Arg::Ts(Ts(now))]).await?;
    let known = known.iter().map(ToString::to_string).collect();
    pool.write(&LEFT_BEHIND, vec![Arg::Texts(known)]).await
}

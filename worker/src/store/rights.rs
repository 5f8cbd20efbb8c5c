//! What a subject has asked for beyond consent, and whom that was told to: restrictions, objections, notices to staff. With
//! them go where its data came from (`origins.rs`), and the sales that soft opt-in rests on until an objection.
//! Read only for the jobs that decide about them; most messages do not.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::load::{opt_index, unreadable};
use super::origins;
use super::pool::{Pool, Tx};
use super::tables::{NoticeRow, ObjectionRow, OriginRow, RestrictionRow, SoftOptInRow};
use super::value::Ts;
use rescind_jobs::code::{PurposeId, StaffId};
use rescind_jobs::model::{
    Ground, NoticeKind, NoticeState, Objection, ObjectionState, Restriction, RestrictionState, SoftOptIn,
    StaffNotice, Subject, SubjectId,
};
use rescind_jobs::policy::NoticeChannel;
use rescind_jobs::protection::Sealed;
use rescind_jobs::time::Timestamp;
use std::collections::HashMap;
use uuid::Uuid;

// The first fifteen columns of notices are those that `notice` reads.
queries! {
    NOTICES = "select id, cause, staff, subject_id, kind, channel, state, created_at, due_at, reminded_at, \
               escalated_at, acknowledged_at, generation, token_hash, sealed from staff_notice \
               where cause = any($1::uuid[]) order by staff";
    BY_ID = "select id, cause, staff, subject_id, kind, channel, state, created_at, due_at, reminded_at, \
             escalated_at, acknowledged_at, generation, token_hash, sealed from staff_notice \
             where id = any($1::uuid[])";
    BY_TOKEN = "select id, cause, staff, subject_id, kind, channel, state, created_at, due_at, reminded_at, \
                escalated_at, acknowledged_at, generation, token_hash, sealed from staff_notice \
                where token_hash = $1";
    DIGEST = "select id, cause, staff, subject_id, kind, channel, state, created_at, due_at, reminded_at, \
              escalated_at, acknowledged_at, generation, token_hash, sealed from staff_notice \
              where staff = $1 and state = 0 and due_at <= $2 and reminded_at is null order by due_at, id limit $3";
    LISTED = "select id, cause, staff, subject_id, kind, channel, state, created_at, due_at, reminded_at, \
              escalated_at, acknowledged_at, generation, token_hash, sealed from staff_notice \
              where id > $1 and ($2 = -1 or state = $2) order by id limit $3";
    CHANGE_NOTICE = "update staff_notice set state = $2, reminded_at = $3, escalated_at = $4, \
                     acknowledged_at = $5, generation = $6, token_hash = $7 where id = $1";
    RESTRICTIONS = "select subject_id, ground, state, since, told_by, note, notice_mail, lifted_at \
                    from restriction where subject_id = any($1::uuid[])";
    OBJECTIONS = "select subject_id, purpose, state, at, told_by, decided_at from objection \
                  where subject_id = any($1::uuid[])";
    SOFT_OPT_INS = "select subject_id, purpose, sold_at, email, phone, source, told_by, recorded_at, evidence, policy \
                    from soft_opt_in where subject_id = any($1::uuid[])";
}

fn opt_time(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<Option<Ts>>(column)?.map(|t| t.0))
}

fn notice(row: &Row) -> Result<(SubjectId, StaffNotice)> {
    let wrong = |column| unreadable("staff_notice", column);
    let notice = StaffNotice {
        id: row.get(0)?,
        cause: row.get(1)?,
        staff: StaffId::new(&row.get::<String>(2)?).ok_or(wrong("staff"))?,
        kind: NoticeKind::from_i16(row.get(4)?).ok_or(wrong("kind"))?,
        channel: NoticeChannel::from_i16(row.get(5)?).ok_or(wrong("channel"))?,
        state: NoticeState::from_i16(row.get(6)?).ok_or(wrong("state"))?,
        created_at: row.get::<Ts>(7)?.0,
        due_at: row.get::<Ts>(8)?.0,
        reminded_at: opt_time(row, 9)?,
        escalated_at: opt_time(row, 10)?,
        acknowledged_at: opt_time(row, 11)?,
        generation: row.get(12)?,
        token_hash: row.get::<Vec<u8>>(13)?.try_into().map_err(|_| wrong("token_hash"))?,
        sealed: Sealed(row.get(14)?),
    };
    Ok((SubjectId(row.get(3)?), notice))
}

/// Adds the notices of these causes to their subjects.
pub(super) async fn add_notices(
    tx: &mut Tx,
    causes: &[Uuid],
    subjects: &mut HashMap<SubjectId, Subject>,
) -> Result<()> {
    if causes.is_empty() {
        return Ok(());
    }
    for row in tx.rows(&NOTICES, vec![Arg::Uuids(causes.to_vec())]).await? {
        let (owner, notice) = notice(&row)?;
        if let Some(subject) = subjects.get_mut(&owner) {
            subject.notices.push(notice);
        }
    }
    Ok(())
}

/// Adds restrictions and objections to these subjects.
pub(super) async fn add_rights(
    tx: &mut Tx,
    ids: &[Uuid],
    subjects: &mut HashMap<SubjectId, Subject>,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    for row in tx.rows(&RESTRICTIONS, vec![Arg::Uuids(ids.to_vec())]).await? {
        if let Some(subject) = subjects.get_mut(&SubjectId(row.get(0)?)) {
            let (ground, restriction) = restriction(&row)?;
            subject.restrictions.insert(ground, restriction);
        }
    }
    for row in tx.rows(&OBJECTIONS, vec![Arg::Uuids(ids.to_vec())]).await? {
        if let Some(subject) = subjects.get_mut(&SubjectId(row.get(0)?)) {
            let (purpose, objection) = objection(&row)?;
            subject.objections.insert(purpose, objection);
        }
    }
    for row in tx.rows(&SOFT_OPT_INS, vec![Arg::Uuids(ids.to_vec())]).await? {
        if let Some(subject) = subjects.get_mut(&SubjectId(row.get(0)?)) {
            let (purpose, known) = soft_opt_in(&row)?;
            subject.soft_opt_ins.insert(purpose, known);
        }
    }
    origins::add(tx, ids, subjects).await
}

/// Reads restrictions and objections of a subject that is only looked at.
pub(super) async fn read_rights(pool: &Pool, subject: &mut Subject) -> Result<()> {
    let this = || vec![Arg::Uuids(vec![subject.id.0])];
    for row in pool.read(&RESTRICTIONS, this()).await? {
        let (ground, restriction) = restriction(&row)?;
        subject.restrictions.insert(ground, restriction);
    }
    for row in pool.read(&OBJECTIONS, this()).await? {
        let (purpose, objection) = objection(&row)?;
        subject.objections.insert(purpose, objection);
    }
    for row in pool.read(&SOFT_OPT_INS, this()).await? {
        let (purpose, known) = soft_opt_in(&row)?;
        subject.soft_opt_ins.insert(purpose, known);
    }
    origins::read(pool, subject).await
}

fn restriction(row: &Row) -> Result<(Ground, Restriction)> {
    let wrong = |column| unreadable("restriction", column);
    let restriction = Restriction {
        state: RestrictionState::from_i16(row.get(2)?).ok_or(wrong("state"))?,
        since: row.get::<Ts>(3)?.0,
        told_by: row.get(4)?,
        note: row.get::<Option<Vec<u8>>>(5)?.map(Sealed),
        notice_mail: row.get(6)?,
        lifted_at: opt_time(row, 7)?,
    };
    Ok((Ground::from_i16(row.get(1)?).ok_or(wrong("ground"))?, restriction))
}

fn objection(row: &Row) -> Result<(PurposeId, Objection)> {
    let wrong = |column| unreadable("objection", column);
    let objection = Objection {
        state: ObjectionState::from_i16(row.get(2)?).ok_or(wrong("state"))?,
        at: row.get::<Ts>(3)?.0,
        told_by: row.get(4)?,
        decided_at: opt_time(row, 5)?,
    };
    Ok((PurposeId::new(&row.get::<String>(1)?).ok_or(wrong("purpose"))?, objection))
}

fn soft_opt_in(row: &Row) -> Result<(PurposeId, SoftOptIn)> {
    let wrong = |column| unreadable("soft_opt_in", column);
    let known = SoftOptIn {
        sold_at: row.get::<Ts>(2)?.0,
        email: opt_index(row, 3)?,
        phone: opt_index(row, 4)?,
        source: row.get(5)?,
        told_by: row.get(6)?,
        recorded_at: row.get::<Ts>(7)?.0,
        evidence: row.get::<Option<Vec<u8>>>(8)?.map(Sealed),
        policy: row.get::<Vec<u8>>(9)?.try_into().map_err(|_| wrong("policy"))?,
    };
    Ok((PurposeId::new(&row.get::<String>(1)?).ok_or(wrong("purpose"))?, known))
}

/// What of this changed in a subject.
#[derive(Default)]
pub(super) struct Changed {
    made: Vec<NoticeRow>,
    changed: Vec<StaffNotice>,
    restrictions: Vec<RestrictionRow>,
    objections: Vec<ObjectionRow>,
    origins: Vec<OriginRow>,
    soft_opt_ins: Vec<SoftOptInRow>,
}

impl Changed {
    pub(super) fn collect(&mut self, before: Option<&Subject>, after: &Subject) {
        origins::collect(before, after, &mut self.origins);
        let id = after.id.0;
        for notice in &after.notices {
            match before.and_then(|b| b.notices.iter().find(|n| n.id == notice.id)) {
                Some(known) if known == notice => {}
                Some(_) => self.changed.push(notice.clone()),
                None => self.made.push(notice_row(id, notice)),
            }
        }
        for (ground, r) in &after.restrictions {
            if before.and_then(|b| b.restrictions.get(ground)) != Some(r) {
                self.restrictions.push(RestrictionRow {
                    subject_id: id,
                    ground: *ground as i16,
                    state: r.state as i16,
                    since: Ts(r.since),
                    told_by: r.told_by.clone(),
                    note: r.note.as_ref().map(|s| s.0.clone()),
                    notice_mail: r.notice_mail,
                    lifted_at: r.lifted_at.map(Ts),
                });
            }
        }
        for (purpose, o) in &after.objections {
            if before.and_then(|b| b.objections.get(purpose)) != Some(o) {
                self.objections.push(ObjectionRow {
                    subject_id: id,
                    purpose: purpose.to_string(),
                    state: o.state as i16,
                    at: Ts(o.at),
                    told_by: o.told_by.clone(),
                    decided_at: o.decided_at.map(Ts),
                });
            }
        }
        for (purpose, s) in &after.soft_opt_ins {
            if before.and_then(|b| b.soft_opt_ins.get(purpose)) != Some(s) {
                self.soft_opt_ins.push(SoftOptInRow {
                    subject_id: id,
                    purpose: purpose.to_string(),
                    sold_at: Ts(s.sold_at),
                    email: s.email.map(|index| index.0.to_vec()),
                    phone: s.phone.map(|index| index.0.to_vec()),
                    source: s.source.clone(),
                    told_by: s.told_by.clone(),
                    recorded_at: Ts(s.recorded_at),
                    evidence: s.evidence.as_ref().map(|sealed| sealed.0.clone()),
                    policy: s.policy.to_vec(),
                });
            }
        }
    }

    pub(super) async fn save(self, tx: &mut Tx) -> Result<()> {
        tx.put(&self.made).await?;
        tx.put(&self.restrictions).await?;
        tx.put(&self.objections).await?;
        tx.put(&self.origins).await?;
        tx.put(&self.soft_opt_ins).await?;
        for n in self.changed {
            let args = vec![
                Arg::Uuid(n.id),
                Arg::I16(n.state as i16),
                Arg::OptTs(n.reminded_at.map(Ts)),
                Arg::OptTs(n.escalated_at.map(Ts)),
                Arg::OptTs(n.acknowledged_at.map(Ts)),
                Arg::I16(n.generation),
                Arg::Blob(n.token_hash.to_vec()),
            ];
            tx.run(&CHANGE_NOTICE, args).await?;
        }
        Ok(())
    }
}

fn notice_row(subject_id: Uuid, n: &StaffNotice) -> NoticeRow {
    NoticeRow {
        id: n.id,
        cause: n.cause,
        staff: n.staff.to_string(),
        subject_id,
        kind: n.kind as i16,
        channel: n.channel as i16,
        state: n.state as i16,
        created_at: Ts(n.created_at),
        due_at: Ts(n.due_at),
        reminded_at: n.reminded_at.map(Ts),
        escalated_at: n.escalated_at.map(Ts),
        acknowledged_at: n.acknowledged_at.map(Ts),
        generation: n.generation,
        token_hash: n.token_hash.to_vec(),
        sealed: n.sealed.0.clone(),
    }
}

/// The notice whose link carries the token of this hash, and about whom it is.
///
/// # Errors
/// When the store does not answer.
pub async fn notice_by_token(pool: &Pool, hash: &[u8; 32]) -> Result<Option<(SubjectId, StaffNotice)>> {
    pool.read(&BY_TOKEN, vec![Arg::Blob(hash.to_vec())]).await?.first().map(notice).transpose()
}

/// Notices by their ids.
///
/// # Errors
/// When the store does not answer.
pub async fn notices_by_id(pool: &Pool, ids: Vec<Uuid>) -> Result<Vec<(SubjectId, StaffNotice)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    pool.read(&BY_ID, vec![Arg::Uuids(ids)]).await?.iter().map(notice).collect()
}

/// The open notices of a member of staff that a digest tells at `now`, oldest first.
///
/// # Errors
/// When the store does not answer.
pub async fn digest(
    pool: &Pool,
    staff: &StaffId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(SubjectId, StaffNotice)>> {
    let args = vec![Arg::Text(staff.to_string()), Arg::Ts(Ts(now)), Arg::I64(limit)];
    pool.read(&DIGEST, args).await?.iter().map(notice).collect()
}

/// A page of all notices, or of those that nobody has acknowledged.
///
/// # Errors
/// When the store does not answer.
pub async fn notices(
    pool: &Pool,
    state: Option<NoticeState>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(SubjectId, StaffNotice)>> {
    let state = state.map_or(-1, |s| s as i16);
    let args = vec![Arg::Uuid(after.unwrap_or_default()), Arg::I16(state), Arg::I64(limit)];
    pool.read(&LISTED, args).await?.iter().map(notice).collect()
}

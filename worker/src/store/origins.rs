//! Where data of subjects came from, and whether they were told so (Art. 14). Read with restrictions and objections.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::load::unreadable;
use super::pool::{Pool, Tx};
use super::tables::OriginRow;
use super::value::Ts;
use rescind_jobs::code::DataSourceId;
use rescind_jobs::model::{DataOrigin, SourceNoticeState, Subject, SubjectId};
use std::collections::HashMap;
use uuid::Uuid;

queries! {
    ORIGINS = "select subject_id, source, state, since, told_by, mail_id from data_origin \
               where subject_id = any($1::uuid[])";
}

fn origin(row: &Row) -> Result<(DataSourceId, DataOrigin)> {
    let wrong = |column| unreadable("data_origin", column);
    let origin = DataOrigin {
        state: SourceNoticeState::from_i16(row.get(2)?).ok_or(wrong("state"))?,
        since: row.get::<Ts>(3)?.0,
        told_by: row.get(4)?,
        mail: row.get(5)?,
    };
    Ok((DataSourceId::new(&row.get::<String>(1)?).ok_or(wrong("source"))?, origin))
}

/// Adds the sources of these subjects' data to them.
pub(super) async fn add(tx: &mut Tx, ids: &[Uuid], subjects: &mut HashMap<SubjectId, Subject>) -> Result<()> {
    for row in tx.rows(&ORIGINS, vec![Arg::Uuids(ids.to_vec())]).await? {
        if let Some(subject) = subjects.get_mut(&SubjectId(row.get(0)?)) {
            let (source, origin) = origin(&row)?;
            subject.origins.insert(source, origin);
        }
    }
    Ok(())
}

/// Reads the sources of the data of a subject that is only looked at.
pub(super) async fn read(pool: &Pool, subject: &mut Subject) -> Result<()> {
    for row in pool.read(&ORIGINS, vec![Arg::Uuids(vec![subject.id.0])]).await? {
        let (source, origin) = origin(&row)?;
        subject.origins.insert(source, origin);
    }
    Ok(())
}

/// What changed in a subject.
pub(super) fn collect(before: Option<&Subject>, after: &Subject, rows: &mut Vec<OriginRow>) {
    for (source, origin) in &after.origins {
        if before.and_then(|b| b.origins.get(source)) != Some(origin) {
            rows.push(OriginRow {
                subject_id: after.id.0,
                source: source.to_string(),
                state: origin.state as i16,
                since: Ts(origin.since),
                told_by: origin.told_by.clone(),
                mail_id: origin.mail,
            });
        }
    }
}

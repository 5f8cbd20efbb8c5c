//! A message whose identities point at several subjects, and that is applied to each of them: one job a subject. Other
//! follow-ups hold references only; these repeat the message, evidence and all, so they are sealed.

use super::Engine;
use super::prepare::Task;
use crate::store::queue::{self, Origin};
use crate::store::tables::JobRow;
use crate::store::{Result, Ts, Tx, keys};
use rand::rngs::StdRng;
use rescind_jobs::model::SubjectId;
use rescind_jobs::protection::new_id;
use rescind_jobs::subject_ref::SubjectRef;
use rescind_jobs::time::Timestamp;
use serde_json::Value;

/// Writes the jobs to the job table; returns how many. They name their subject by its id, and nothing else of it.
pub(super) async fn order(
    engine: &Engine,
    tx: &mut Tx,
    task: &Task,
    subjects: &[SubjectId],
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<usize> {
    let day = keys::day_of(now);
    let key = keys::day_key(tx, engine.vault(), day, rng).await?;
    let mut rows = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let mut data = task.data.clone();
        if let (Some(named), Value::Object(map)) = (task.job.named(), &mut data) {
            let known = SubjectRef { locale: named.locale.clone(), ..SubjectRef::known(*subject) };
            map.insert("subject".to_owned(), serde_json::to_value(known).unwrap_or_default());
        }
        let body = queue::follow_up_body(task.message.time, &data);
        rows.push(JobRow {
            id: new_id(now, rng),
            subject_id: Some(subject.0),
            source: task.message.source.clone(),
            origin: Origin::FollowUp as i16,
            kind: Some(task.kind.to_owned()),
            body: key.seal(keys::body_place(day), &body, rng).0,
            day: Some(day),
            due_at: Ts(now),
            lane: task.message.lane as i16,
            attempt: 0,
            schedule: None,
            created_at: Ts(now),
            correlation: task.message.trace.correlation.clone(),
            traceparent: task.message.trace.traceparent.clone(),
        });
    }
    queue::add(tx, &rows).await
}

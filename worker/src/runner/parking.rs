//! Parking: what cannot be processed is kept, sealed, with its reason.

use super::Engine;
use super::message::Sender;
use super::prepare::Item;
use crate::store::dialect::Json;
use crate::store::keys;
use crate::store::queue::Origin;
use crate::store::tables::{JobRow, ParkedRow};
use crate::store::{Result, Ts, Tx};
use rand::rngs::StdRng;
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::effects::EventOrder;
use rescind_jobs::event::{Event, MessageRefused};
use rescind_jobs::protection::new_id;
use rescind_jobs::refusal::Refusal;
use rescind_jobs::time::Timestamp;

/// The row of a parked message. Its body is sealed under the key of the day, because it often has no subject.
pub(super) async fn row(
    engine: &Engine,
    tx: &mut Tx,
    item: &Item,
    refusal: &Refusal,
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<ParkedRow> {
    let day = keys::day_of(now);
    let key = keys::day_key(tx, engine.vault(), day, rng).await?;
    let body = key.seal(keys::body_place(day), &item.body, rng);
    let (origin, source) = match &item.sender {
        Sender::Authenticated(source) => (Origin::RetryAuthenticated, source.to_string()),
        Sender::Broker => (Origin::RetryBroker, label(item)),
        Sender::Local => (Origin::RetryLocal, label(item)),
        Sender::Operator | Sender::Import => (Origin::Operator, label(item)),
        // a follow-up keeps whose message it follows from
        Sender::Internal if item.source.is_empty() => (Origin::FollowUp, INTERNAL_SOURCE.to_owned()),
        Sender::Internal => (Origin::FollowUp, item.source.clone()),
    };
    let subject = item.task.as_ref().ok().and_then(|t| match t.target {
        super::prepare::Target::Known(id) => Some(id.0),
        _ => None,
    });
    Ok(ParkedRow {
        id: new_id(now, rng),
        source,
        message_id: item.id.clone(),
        kind: item.kind.clone(),
        code: refusal.code.as_str().to_owned(),
        detail: refusal.detail.clone(),
        fields: Json(serde_json::to_string(&refusal.fields).unwrap_or_else(|_| "[]".to_owned())),
        origin: origin as i16,
        subject_id: subject,
        body: body.0,
        body_mac: item.mac.to_vec(),
        day,
        parked_at: Ts(now),
    })
}

/// The row of the job table for a message that would be parked, and is tried again later instead.
pub(super) fn later(row: ParkedRow, item: &Item, due_at: Timestamp) -> JobRow {
    JobRow {
        id: row.id,
        subject_id: row.subject_id,
        source: row.source,
        origin: row.origin,
        kind: None,
        body: row.body,
        day: Some(row.day),
        due_at: Ts(due_at),
        lane: item.lane as i16,
        attempt: 0,
        schedule: None,
        created_at: row.parked_at,
        correlation: item.trace.correlation.clone(),
        traceparent: item.trace.traceparent.clone(),
    }
}

fn label(item: &Item) -> String {
    item.key.as_ref().map(|(source, _)| source.clone()).unwrap_or_default()
}

/// The answer to a sender who does not wait, but left word where it goes.
pub(super) fn answer(item: &Item, refusal: &Refusal, now: Timestamp, rng: &mut StdRng) -> Option<EventOrder> {
    let reply_to = item.reply_to.clone()?;
    Some(EventOrder {
        id: new_id(now, rng),
        subject: None,
        sequence: 0,
        event: Event::MessageRefused(MessageRefused {
            source: item.source.clone(),
            id: item.id.clone(),
            code: refusal.code.as_str().to_owned(),
            detail: refusal.detail.clone(),
            fields: refusal.fields.clone(),
        }),
        reply_to: Some(reply_to),
        at: now,
        lane: item.lane,
        trace: item.trace.clone(),
    })
}

//! What is told of messages to OpenTelemetry: a span each, from when it was taken until its commit.

use super::Engine;
use super::message::{OnRefusal, Outcome};
use super::prepare::Item;
use crate::store::Result;
use crate::telemetry::{Kind, Told};
use rescind_jobs::registry;

/// Begins the spans of messages; what follows from them belongs to these.
pub(super) fn begin(engine: &Engine, items: &mut [Item]) -> Result<()> {
    let telemetry = engine.telemetry();
    if !telemetry.is_on() {
        return Ok(());
    }
    let (mut rng, now) = (engine.generator()?, engine.clock().now());
    for item in items {
        if let Some(span) = telemetry.begin(item.trace.traceparent.as_deref(), now, &mut rng) {
            item.follows_in(span);
        }
    }
    Ok(())
}

/// Ends the spans of messages that were dealt with.
pub(super) fn end(engine: &Engine, items: &[Item], outcomes: &[Outcome]) {
    let telemetry = engine.telemetry();
    if !telemetry.is_on() {
        return;
    }
    let now = engine.clock().now();
    for (item, outcome) in items.iter().zip(outcomes) {
        let Some(span) = &item.span else { continue };
        // what a sender wrote is told only if it is a name that we know
        let kind = item.kind.as_deref().and_then(registry::kind).map_or("unknown", |kind| kind.name);
        let broker = item.row.is_none() && item.on_refusal == OnRefusal::Park;
        let (what, failed) = match outcome {
            Outcome::Done => ("done", None),
            Outcome::Duplicate => ("duplicate", None),
            Outcome::Postponed => ("postponed", None),
            Outcome::Refused(refusal) => ("refused", Some(refusal.code.as_str())),
        };
        let mut told = Told::new(format!("process {kind}"), Kind::Consumer)
            .with("messaging.system", if broker { "rabbitmq" } else { "rescind" })
            .with("messaging.operation.type", "process")
            .with("messaging.operation.name", "process")
            .with("messaging.destination.name", kind)
            .with("rescind.outcome", what)
            .failed(failed);
        if let Ok(task) = &item.task {
            // a keyed checksum, as in the trail: senders could put anything into an id
            told = told.with("messaging.message.id", task.message.message.clone());
        }
        telemetry.end(span, now, told);
    }
}

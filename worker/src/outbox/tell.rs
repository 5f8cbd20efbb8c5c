//! What is told of mails to OpenTelemetry: a span each, in the trace of the message that ordered it. Nothing of it goes
//! into the mail: what a person gets names no trace.

use crate::store::outbox::MailState;
use crate::store::outbox::mails::{Claimed, Settlement};
use crate::telemetry::{Kind, Telemetry, Told};
use rand::rngs::StdRng;
use rescind_jobs::time::Timestamp;
use std::collections::HashMap;
use uuid::Uuid;

/// Tells what became of mails that were claimed at `since`.
pub(super) fn mails(
    telemetry: &Telemetry,
    settled: &[Settlement],
    by_id: &HashMap<Uuid, &Claimed>,
    (since, now): (Timestamp, Timestamp),
    rng: &mut StdRng,
) {
    for settlement in settled {
        let Some(mail) = by_id.get(&settlement.id) else { continue };
        let Some(span) = telemetry.begin(mail.traceparent.as_deref(), since, rng) else { continue };
        let (template, state) = (mail.mail.template(), settlement.state.as_str());
        let failed = !matches!(settlement.state, MailState::Sent | MailState::Suppressed);
        let told = Told::new(format!("send {template}"), Kind::Producer)
            .with("messaging.system", "smtp")
            .with("messaging.operation.type", "send")
            .with("messaging.operation.name", "send")
            .with("messaging.destination.name", template)
            .with("messaging.message.id", mail.id.to_string())
            .with("rescind.outcome", state)
            .failed(failed.then_some(state));
        telemetry.end(&span, now, told);
    }
}

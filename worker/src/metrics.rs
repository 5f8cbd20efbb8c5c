//! What is counted, in the text form of Prometheus. Labels are names from closed lists; nothing here tells of a person.

use crate::runner::message::Outcome;
use crate::web::{HealthReport, PartState};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// An outcome, and the refusal's code.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
    code: &'static str,
}

/// A state, or a kind.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

/// A part of the worker.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PartLabel {
    part: &'static str,
}

/// What is wrong with it, in the words of `/readyz`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TroubleLabels {
    part: &'static str,
    reason: String,
}

/// The outcome of a reload.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// What is told to a collector.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SignalLabel {
    signal: &'static str,
}

/// A policy's hash.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct HashLabel {
    hash: String,
}

type Seconds = Gauge<f64, AtomicU64>;

/// All metrics of a worker.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    messages: Family<OutcomeLabels, Counter>,
    batches: Histogram,
    again: Counter,
    mails: Family<StateLabel, Counter>,
    events: Family<StateLabel, Counter>,
    webhooks: Family<OutcomeLabel, Counter>,
    staff_channels: Family<OutcomeLabel, Counter>,
    parts: Family<PartLabel, Gauge>,
    troubles: Family<TroubleLabels, Gauge>,
    policy: Family<HashLabel, Gauge>,
    reloads: Family<OutcomeLabel, Counter>,
    dropped: Family<SignalLabel, Counter>,
    gauges: Gauges,
}

/// What is read from the store when somebody asks.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Rows of the job table that are due.
    pub jobs_due: Gauge,
    /// For how long the oldest of them has waited.
    pub job_age: Seconds,
    /// Mails that are queued.
    pub mails_queued: Gauge,
    /// For how long the oldest of them has waited.
    pub mail_age: Seconds,
    /// Mails of which it is not known whether they left.
    pub mails_uncertain: Gauge,
    /// Events that are queued.
    pub events_queued: Gauge,
    /// For how long the oldest of them has waited.
    pub event_age: Seconds,
    /// Events that wait for endpoints of webhooks.
    pub webhooks_waiting: Gauge,
    /// For how long the oldest of them has waited.
    pub webhook_age: Seconds,
    /// Endpoints that get nothing until they are resumed.
    pub webhooks_stopped: Gauge,
    /// Events that endpoints of webhooks have refused too often.
    pub webhooks_left_out: Gauge,
    /// Parked messages.
    pub parked: Gauge,
    /// By how much the schedules are late.
    pub schedule_lag: Seconds,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("rescind");
        let messages = Family::<OutcomeLabels, Counter>::default();
        registry.register("messages", "Messages by outcome", messages.clone());
        let batches = Histogram::new(exponential_buckets(0.0005, 2.0, 14));
        let help = "Time from the start of a batch to its commit";
        registry.register_with_unit("batch_duration", help, Unit::Seconds, batches.clone());
        let again = Counter::default();
        registry.register("batches_run_again", "Batches run again because another was faster", again.clone());
        let mails = Family::<StateLabel, Counter>::default();
        registry.register("mails", "Mails by what became of an attempt", mails.clone());
        let events = Family::<StateLabel, Counter>::default();
        registry.register("events", "Events by what became of an attempt", events.clone());
        let webhooks = Family::<OutcomeLabel, Counter>::default();
        registry.register("webhooks", "Webhooks by what became of an attempt", webhooks.clone());
        let staff_channels = Family::<OutcomeLabel, Counter>::default();
        let help = "Notices to staff by channels other than mail, by what became of an attempt";
        registry.register("staff_channels", help, staff_channels.clone());
        let policy = Family::<HashLabel, Gauge>::default();
        registry.register("policy", "The policy in force, by its hash", policy.clone());
        let reloads = Family::<OutcomeLabel, Counter>::default();
        registry.register("policy_reloads", "Reloads of policy and templates by outcome", reloads.clone());
        let dropped = Family::<SignalLabel, Counter>::default();
        let help = "Spans and metrics that the collector did not get";
        registry.register("telemetry_dropped", help, dropped.clone());
        let gauges = Gauges::default();
        registry.register("jobs_due", "Rows of the job table that are due", gauges.jobs_due.clone());
        let mut seconds = |name: &str, help: &str, gauge: &Seconds| {
            registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
        };
        seconds("job_age", "Time for which the oldest due row has waited", &gauges.job_age);
        seconds("mail_age", "Time for which the oldest queued mail has waited", &gauges.mail_age);
        seconds("event_age", "Time for which the oldest queued event has waited", &gauges.event_age);
        seconds(
            "webhook_age",
            "Time for which the oldest undelivered webhook has waited",
            &gauges.webhook_age,
        );
        seconds("schedule_lag", "Time by which the latest schedule is late", &gauges.schedule_lag);
        registry.register("mails_queued", "Mails that are queued", gauges.mails_queued.clone());
        let help = "Mails of which it is not known whether they left";
        registry.register("mails_uncertain", help, gauges.mails_uncertain.clone());
        registry.register("events_queued", "Events that are queued", gauges.events_queued.clone());
        let help = "Events that wait for endpoints of webhooks";
        registry.register("webhooks_waiting", help, gauges.webhooks_waiting.clone());
        let help = "Endpoints of webhooks that get nothing until they are resumed";
        registry.register("webhooks_stopped", help, gauges.webhooks_stopped.clone());
        let help = "Events that endpoints of webhooks have refused, kept until they are resumed";
        registry.register("webhooks_left_out", help, gauges.webhooks_left_out.clone());
        registry.register("parked", "Parked messages", gauges.parked.clone());
        let parts = Family::<PartLabel, Gauge>::default();
        registry.register("part_ready", "Whether a part does what it is for: 1, or 0", parts.clone());
        let troubles = Family::<TroubleLabels, Gauge>::default();
        registry.register("part_trouble", "What is wrong with a part that is not ready", troubles.clone());
        Self {
            registry,
            messages,
            batches,
            again,
            mails,
            events,
            webhooks,
            staff_channels,
            parts,
            troubles,
            policy,
            reloads,
            dropped,
            gauges,
        }
    }
}

impl Metrics {
    /// A batch was committed.
    pub fn batch(&self, outcomes: &[Outcome], elapsed: Duration) {
        for outcome in outcomes {
            let labels = match outcome {
                Outcome::Done => OutcomeLabels { outcome: "done", code: "" },
                Outcome::Duplicate => OutcomeLabels { outcome: "duplicate", code: "" },
                Outcome::Postponed => OutcomeLabels { outcome: "postponed", code: "" },
                Outcome::Refused(refusal) => {
                    OutcomeLabels { outcome: "refused", code: refusal.code.as_str() }
                }
            };
            self.messages.get_or_create(&labels).inc();
        }
        self.batches.observe(elapsed.as_secs_f64());
    }

    /// A batch has to run again.
    pub fn batch_again(&self) {
        self.again.inc();
    }

    /// Something became of a mail.
    pub fn mail(&self, state: &'static str) {
        self.mails.get_or_create(&StateLabel { state }).inc();
    }

    /// Something became of an event.
    pub fn event(&self, state: &'static str) {
        self.events.get_or_create(&StateLabel { state }).inc();
    }

    /// What became of an attempt to send an event to an endpoint: `delivered`, `retried`, `refused`.
    pub fn webhook(&self, outcome: &'static str) {
        self.webhooks.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// So many events were dropped that waited for an endpoint.
    pub fn webhooks_dropped(&self, count: u64) {
        self.webhooks.get_or_create(&OutcomeLabel { outcome: "dropped" }).inc_by(count);
    }

    /// What became of an attempt to tell a notice by a channel: `delivered`, `retried`, `mailed`, `failed`.
    pub fn staff_channel(&self, outcome: &'static str) {
        self.staff_channels.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// How the parts do now.
    pub fn parts(&self, report: &HealthReport) {
        // what was wrong before is over
        self.parts.clear();
        self.troubles.clear();
        for part in &report.parts {
            let label = PartLabel { part: part.name };
            match &part.state {
                PartState::Ready => {
                    self.parts.get_or_create(&label).set(1);
                }
                PartState::Degraded(reason) | PartState::Down(reason) => {
                    self.parts.get_or_create(&label).set(0);
                    let labels = TroubleLabels { part: part.name, reason: reason.clone() };
                    self.troubles.get_or_create(&labels).set(1);
                }
            }
        }
    }

    /// A policy is in force from now on.
    pub fn policy(&self, hash: &str) {
        self.policy.clear();
        self.policy.get_or_create(&HashLabel { hash: hash.to_owned() }).set(1);
    }

    /// Policy and templates were read anew: `applied` or `refused`.
    pub fn reload(&self, outcome: &'static str) {
        self.reloads.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// The collector did not get so many of a `span` or `metric`.
    pub fn telemetry_dropped(&self, signal: &'static str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.dropped.get_or_create(&SignalLabel { signal }).inc_by(count);
    }

    /// What is read from the store.
    pub const fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// Everything, in the text form.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // writing to a String cannot fail
        let _ = prometheus_client::encoding::text::encode(&mut out, &self.registry);
        out
    }
}

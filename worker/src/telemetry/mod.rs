//! Traces and metrics for OpenTelemetry, where an address is configured; otherwise nothing of it runs.
//!
//! The exporter is our own and speaks OTLP as JSON over HTTP: the official crates bring a second code generator, a
//! second generator of randomness and threads of their own, for four messages of which two are used here.
//!
//! Rule: what is told of a message, a mail or an event are ids of our own and names from closed lists. No address, no
//! text, no id that a sender chose.

mod export;
mod otlp;
mod prometheus;
mod span;

pub use export::{Exporter, Resource};
pub use span::{Kind, Open, Span, Told};

use crate::metrics::Metrics;
use rand::{Rng, RngExt};
use rescind_jobs::time::Timestamp;
use span::TraceParent;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Spans that wait to be sent; further ones are counted and dropped, because work goes before telling of it.
const WAITING: usize = 8192;

/// The version of the semantic conventions that names follow.
pub const CONVENTIONS: &str = "https://opentelemetry.io/schemas/1.37.0";

/// Where spans are handed in. Cheap to clone; switched off, it does nothing.
#[derive(Clone, Debug, Default)]
pub struct Telemetry(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    spans: mpsc::Sender<Span>,
    /// Of traces that begin here, so many of a hundred are kept.
    sample_percent: u32,
    metrics: Arc<Metrics>,
}

impl Telemetry {
    /// Spans that begin here are kept in so many of a hundred traces; the receiver gets them.
    pub fn new(sample_percent: u32, metrics: Arc<Metrics>) -> (Self, mpsc::Receiver<Span>) {
        let (spans, waiting) = mpsc::channel(WAITING);
        (Self(Some(Arc::new(Inner { spans, sample_percent, metrics }))), waiting)
    }

    /// Whether anything is told.
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a span below `parent`, a W3C `traceparent`; without one that can be read, a new trace. None if nothing is
    /// told of this trace.
    pub fn begin(&self, parent: Option<&str>, now: Timestamp, rng: &mut impl Rng) -> Option<Open> {
        let inner = self.0.as_ref()?;
        let parent = parent.and_then(TraceParent::parse);
        let sampled = match &parent {
            Some(parent) => parent.sampled,
            None => rng.random_range(0..100) < inner.sample_percent,
        };
        let trace = parent.as_ref().map_or_else(|| rng.random(), |parent| parent.trace);
        let parent = parent.map(|parent| parent.span);
        sampled.then(|| Open { trace, span: rng.random(), parent, since: now })
    }

    /// Ends a span.
    pub fn end(&self, open: &Open, now: Timestamp, told: Told) {
        let Some(inner) = &self.0 else { return };
        if inner.spans.try_send(Span { open: open.clone(), until: now, told }).is_err() {
            inner.metrics.telemetry_dropped("span", 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-22T09:00:00Z").expect("a time")
    }

    #[tokio::test]
    async fn a_span_belongs_to_the_trace_that_it_follows_from() {
        let (telemetry, mut waiting) = Telemetry::new(0, Arc::default());
        let mut rng = StdRng::seed_from_u64(1);
        let open = telemetry.begin(Some(PARENT), now(), &mut rng).expect("its parent is sampled");
        let own = open.traceparent();
        assert!(own.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && own.ends_with("-01"), "{own}");
        assert_ne!(own, PARENT);
        telemetry.end(&open, now(), Told::new("process", Kind::Consumer));
        assert_eq!(
            waiting.recv().await.expect("the span").open.parent,
            Some([0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31])
        );
    }

    #[test]
    fn what_is_not_sampled_or_switched_off_tells_nothing() {
        let mut rng = StdRng::seed_from_u64(1);
        let (none, _waiting) = Telemetry::new(0, Arc::default());
        assert!(none.begin(None, now(), &mut rng).is_none());
        let (all, _waiting) = Telemetry::new(100, Arc::default());
        assert!(all.begin(None, now(), &mut rng).is_some());
        assert!(all.begin(Some(&PARENT.replace("-01", "-00")), now(), &mut rng).is_none());
        assert!(Telemetry::default().begin(Some(PARENT), now(), &mut rng).is_none());
    }

    #[test]
    fn what_cannot_be_read_begins_a_new_trace() {
        let (all, _waiting) = Telemetry::new(100, Arc::default());
        let mut rng = StdRng::seed_from_u64(1);
        for wrong in [
            "",
            "ana@example.org",
            "00-0-0-01",
            &PARENT.to_uppercase(),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        ] {
            let open = all.begin(Some(wrong), now(), &mut rng).expect("a trace");
            assert_eq!(open.parent, None, "{wrong}");
        }
    }

    #[test]
    fn when_nobody_takes_them_spans_are_counted_and_dropped() {
        let metrics = Arc::new(Metrics::default());
        let (all, _waiting) = Telemetry::new(100, Arc::clone(&metrics));
        let mut rng = StdRng::seed_from_u64(1);
        let open = all.begin(None, now(), &mut rng).expect("a trace");
        for _ in 0..WAITING + 3 {
            all.end(&open, now(), Told::new("process", Kind::Consumer));
        }
        assert!(
            metrics.text().contains("rescind_telemetry_dropped_total{signal=\"span\"} 3"),
            "{}",
            metrics.text()
        );
    }
}

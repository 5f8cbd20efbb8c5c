//! What is counted in the store, read when somebody asks for metrics.

use crate::health::Vitals;
use crate::metrics::Metrics;
use crate::runner::Engine;
use crate::store::outbox::{events, mails};
use crate::store::{parked, queue, webhooks};
use crate::web;
use rescind_jobs::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// The answer to whoever asks for metrics.
pub(crate) fn metrics_text(vitals: &Arc<Vitals>, engine: &Engine, metrics: &Arc<Metrics>) -> web::Metrics {
    let (vitals, engine, metrics) = (Arc::clone(vitals), engine.clone(), Arc::clone(metrics));
    Arc::new(move || {
        let (engine, metrics, vitals) = (engine.clone(), Arc::clone(&metrics), Arc::clone(&vitals));
        Box::pin(async move {
            // a store that is away must not keep what is known from whoever asks
            if vitals.store_is_available() {
                // what could not be read in time keeps its last value
                let _ = tokio::time::timeout(MEASURING, measure(&engine, &metrics)).await;
            }
            metrics.parts(&vitals.report());
            metrics.text()
        })
    })
}

/// How long reading may take; a scrape usually waits for ten seconds.
const MEASURING: Duration = Duration::from_secs(3);

/// Reads what is counted in the store. What cannot be read keeps its last value; the store's own part says why.
async fn measure(engine: &Engine, metrics: &Metrics) {
    let (pool, now, gauges) = (engine.pool(), engine.clock().now(), metrics.gauges());
    #[allow(clippy::cast_precision_loss)]
    let age = |since: Option<Timestamp>| since.map_or(0.0, |s| now.since(s).as_micros().max(0) as f64 / 1e6);
    if let Ok((due, since)) = queue::depth(pool, now).await {
        gauges.jobs_due.set(due);
        gauges.job_age.set(age(since));
    }
    if let Ok((queued, since, uncertain)) = mails::counts(pool).await {
        gauges.mails_queued.set(queued);
        gauges.mail_age.set(age(since));
        gauges.mails_uncertain.set(uncertain);
    }
    if let Ok((queued, since)) = events::counts(pool).await {
        gauges.events_queued.set(queued);
        gauges.event_age.set(age(since));
    }
    if let Ok(mut listed) = webhooks::list(pool).await {
        // what waits for one that the file no longer names waits for nobody
        listed.retain(|one| engine.endpoints().iter().any(|endpoint| endpoint.name == one.name));
        gauges.webhooks_waiting.set(listed.iter().map(|endpoint| endpoint.waiting).sum());
        gauges.webhooks_left_out.set(listed.iter().map(|endpoint| endpoint.left_out).sum());
        gauges.webhook_age.set(age(listed.iter().filter_map(|endpoint| endpoint.since).min()));
        let stopped = listed.iter().filter(|e| e.standing.state != webhooks::EndpointState::Active).count();
        gauges.webhooks_stopped.set(i64::try_from(stopped).unwrap_or(i64::MAX));
    }
    if let Ok(count) = parked::count(pool).await {
        gauges.parked.set(count);
    }
}

//! Sends what was told to the collector. Nobody waits for it: what cannot be sent in a few tries is counted and
//! dropped, and memory stays bounded.

use super::span::Span;
use super::{otlp, prometheus};
use crate::clock::Clock;
use crate::config;
use crate::metrics::Metrics;
use crate::trust::{self, TrustProblem};
use crate::web;
use reqwest::{Client, StatusCode};
use rescind_jobs::time::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Spans a request.
const GROUP: usize = 512;
/// How long spans are gathered.
const GATHER: Duration = Duration::from_millis(500);
/// How long the collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a request is tried.
const TRIES: u32 = 3;

/// Who tells.
#[derive(Clone, Debug)]
pub struct Resource {
    /// As configured.
    pub service_name: String,
    /// This run of this worker.
    pub instance: Uuid,
}

/// Sends spans and metrics.
pub struct Exporter {
    client: Client,
    url: String,
    interval: Duration,
    resource: Resource,
    metrics: Arc<Metrics>,
    clock: Clock,
    since: Timestamp,
}

impl Exporter {
    /// To the collector of the configuration.
    ///
    /// # Errors
    /// When no TLS client can be made.
    pub fn new(
        settings: &config::Telemetry,
        url: &str,
        resource: Resource,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Result<Self, TrustProblem> {
        let client = Client::builder()
            .tls_backend_preconfigured(trust::client(None)?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|_| TrustProblem::Tls)?;
        let (url, since) = (url.trim_end_matches('/').to_owned(), clock.now());
        Ok(Self { client, url, interval: settings.metrics_interval, resource, metrics, clock, since })
    }

    /// Sends spans until told to stop; what was told by then is sent once more.
    pub async fn spans(self: Arc<Self>, mut waiting: mpsc::Receiver<Span>, stop: CancellationToken) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            tokio::select! {
                n = waiting.recv_many(&mut group, GROUP) => if n == 0 { return },
                () = stop.cancelled() => waiting.close(),
            }
            if !stop.is_cancelled() && group.len() < GROUP {
                // what is done at about the same time goes together
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    () = stop.cancelled() => {}
                }
            }
            while group.len() < GROUP {
                let Ok(span) = waiting.try_recv() else { break };
                group.push(span);
            }
            if !group.is_empty() {
                let body = otlp::traces(&self.resource, &group);
                if !self.send("traces", &body, &stop).await {
                    self.metrics.telemetry_dropped("span", group.len());
                }
                group.clear();
            }
        }
    }

    /// Sends the metrics now and then, and once more when told to stop.
    pub async fn metrics(self: Arc<Self>, text: web::Metrics, stop: CancellationToken) {
        let mut last = false;
        while !last {
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = stop.cancelled() => last = true,
            }
            let text = text().await;
            let metrics = prometheus::metrics(&text, self.since, self.clock.now());
            let count = metrics.len();
            if !self.send("metrics", &otlp::metrics(&self.resource, metrics), &stop).await {
                self.metrics.telemetry_dropped("metric", count);
            }
        }
    }

    /// Whether the collector has taken it.
    async fn send(&self, signal: &'static str, body: &Value, stop: &CancellationToken) -> bool {
        let body = body.to_string();
        for attempt in 0..TRIES {
            if attempt > 0 {
                if stop.is_cancelled() {
                    return false;
                }
                tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
            }
            let request = self.client.post(format!("{}/v1/{signal}", self.url));
            let sent = request.header("content-type", "application/json").body(body.clone()).send().await;
            match sent.map(|response| response.status()) {
                Ok(status) if status.is_success() => return true,
                Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::BAD_GATEWAY)
                | Ok(StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT) => {}
                Ok(status) => {
                    tracing::warn!(%status, signal, "the collector refuses what it is told");
                    return false;
                }
                // the error's text would repeat the address
                Err(error) => {
                    tracing::debug!(timeout = error.is_timeout(), signal, "the collector does not answer")
                }
            }
        }
        tracing::warn!(signal, "the collector cannot be reached; what was told is dropped");
        false
    }
}

//! A running worker: its loops, and the order in which they start and stop.
//!
//! To stop: unready → nothing more is taken in → what was taken is finished → leases are given back → connections
//! close. Whoever starts a worker stops it; nothing here reads signals.

use crate::amqp::{self, IntakeSettings, Publisher, PublisherSettings};
use crate::app::{Opened, StartError, endpoints, renderer, staff_channels};
use crate::broker::BrokerHandle;
use crate::config::{Config, Transport as TransportChoice};
use crate::egress::Egress;
use crate::fault::{self, Point};
use crate::health::Vitals;
use crate::holder::Holder;
use crate::live::{InForce, Live};
use crate::mail::transport::Transport;
use crate::measuring;
use crate::metrics::Metrics;
use crate::outbox::beside::Pair;
use crate::outbox::channels::ChannelDispatcher;
use crate::outbox::events::{EventDispatcher, Sink};
use crate::outbox::mails::MailDispatcher;
use crate::outbox::webhooks::WebhookDispatcher;
use crate::reload::Reloader;
use crate::rotation::Watch;
use crate::runner::door::Door;
use crate::runner::flights::Flights;
use crate::runner::{Engine, Settings, Woken, serve as loops};
use crate::store::outbox::{events, mails};
use crate::store::{Pool, queue, sweeps, webhooks};
use crate::telemetry::{Exporter, Resource, Telemetry};
use crate::web::{self, WebState};
use rescind_jobs::effects::Lane;
use rescind_jobs::protection::new_id;
use rescind_jobs::time::{Span, Timestamp};
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A running worker.
pub struct Worker {
    /// Where it answers HTTP.
    pub http: SocketAddr,
    /// Where it answers operators.
    pub ops: SocketAddr,
    /// Where messages are handed in.
    pub door: Door,
    /// Runs batches.
    pub engine: Engine,
    /// What it was started with, after its listeners were bound.
    pub config: Arc<Config>,
    vitals: Arc<Vitals>,
    reloader: Reloader,
    intakes: Group,
    workers: Group,
    tellers: Group,
    grace: Duration,
    // held as long as the worker lives
    _lock: Option<File>,
}

/// Loops that stop together.
struct Group {
    stop: CancellationToken,
    tasks: JoinSet<()>,
    broken: Arc<AtomicBool>,
}

/// Tells that a loop has ended by a panic: a worker that takes messages in and no longer sends mail must not look well.
struct Alarm(Arc<AtomicBool>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::SeqCst);
            tracing::error!("a loop of the worker has ended by a panic; restart the worker");
        }
    }
}

impl Group {
    fn new(broken: &Arc<AtomicBool>) -> Self {
        Self { stop: CancellationToken::new(), tasks: JoinSet::new(), broken: Arc::clone(broken) }
    }

    fn start(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        let alarm = Alarm(Arc::clone(&self.broken));
        self.tasks.spawn(async move {
            task.await;
            drop(alarm);
        });
    }

    async fn end(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended
                && error.is_panic()
            {
                tracing::error!("a loop of the worker ended by a panic");
            }
        }
    }
}

/// Runners that serve the door at the same time. SQLite has one writer, so one is enough there.
const DOORS: usize = 2;

impl Worker {
    /// Starts a worker.
    ///
    /// # Errors
    /// The first thing that stands in the way; nothing is left running then.
    pub async fn start(mut opened: Opened) -> Result<Self, StartError> {
        if opened.config.is_public() && opened.policy.sources.is_empty() {
            return Err(StartError::PublicWithoutSources);
        }
        let id = new_id(opened.clock.now(), &mut opened.randomness.generator()?);
        let mut holder = Holder::of(&opened.config.data_dir, !opened.pool.is_postgres(), id)?;
        let http = bind(opened.config.http.listen, "http.listen").await?;
        let ops = bind(opened.config.ops.listen, "ops.listen").await?;
        let (http_address, ops_address) = (address(&http)?, address(&ops)?);
        let mut config = (*opened.config).clone();
        config.http.bound_to(http_address);
        let config = Arc::new(config);
        opened.config = Arc::clone(&config);

        let flights = config.data_dir.join("in-flight");
        if holder.lock.is_some() {
            take_up(&opened.pool, &flights, holder.previous, opened.clock.now()).await?;
            if !opened.pool.is_postgres() {
                sweeps::expire_leases(&opened.pool, opened.clock.now()).await?;
            }
        }
        holder.sign()?;
        let metrics = Arc::new(Metrics::default());
        let policy = Live::new(InForce::new(Arc::clone(&opened.policy), opened.policy_read_at));
        metrics.policy(&policy.now().hex);
        let (telemetry, spans) = match &config.telemetry.otlp_url {
            Some(_) => {
                let (telemetry, spans) =
                    Telemetry::new(config.telemetry.sample_percent, Arc::clone(&metrics));
                (telemetry, Some(spans))
            }
            None => (Telemetry::default(), None),
        };
        let (endpoints, channels) = (endpoints(&config)?, staff_channels(&config)?);
        let engine = engine(&opened, &policy, &metrics).telling(telemetry.clone(), endpoints.clone());
        let mut vitals = Vitals::default();
        vitals.policy = Some(policy.clone());
        let (mut intakes, mut workers) = (Group::new(&vitals.broken), Group::new(&vitals.broken));
        let seed = u64::from(std::process::id());

        let sink = match &config.intake.amqp {
            Some(settings) => {
                let health = Arc::new(amqp::Health::new("events"));
                vitals.publisher = Some(Arc::clone(&health));
                let publisher = Box::new(Publisher::new(PublisherSettings::new(settings, seed), health));
                Sink::Broker { publisher, exchange: settings.events_exchange.clone() }
            }
            None => Sink::Kept,
        };
        if config.intake.amqp.is_some() {
            vitals.intake = Some(Arc::new(amqp::Health::new("intake")));
            vitals.bulk = Some(Arc::new(amqp::Health::new("bulk intake")));
        }
        let vitals = Arc::new(vitals);
        let poll = config.runner.poll_interval;

        workers.start(Arc::clone(&vitals).watch(engine.clone(), workers.stop.clone()));
        let watch = Watch {
            source: config.keys.clone(),
            vault: Arc::clone(&opened.vault),
            pool: opened.pool.clone(),
            randomness: opened.randomness.clone(),
            trouble: Arc::clone(&vitals.keys),
        };
        workers.start(watch.run(workers.stop.clone()));
        let (door, waiting) = Door::new(config.runner.queue_capacity);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..if opened.pool.is_postgres() { DOORS } else { 1 } {
            workers.start(loops::door(engine.clone(), Arc::clone(&waiting), workers.stop.clone()));
        }
        for (lane, name) in [(Lane::Request, "request"), (Lane::Background, "background")] {
            let flights = Flights::new(&flights, name).map_err(|source| io("in-flight notes", source))?;
            workers.start(loops::lane(engine.clone(), lane, flights, poll, workers.stop.clone()));
        }
        let renderer = Live::new(renderer(&config)?);
        let dispatcher = MailDispatcher {
            pool: opened.pool.clone(),
            config: Arc::clone(&config),
            policy: policy.clone(),
            vault: Arc::clone(&opened.vault),
            renderer: renderer.clone(),
            transport: Arc::new(Transport::open(&config.mail.transport)?),
            clock: opened.clock.clone(),
            randomness: opened.randomness.clone(),
            metrics: Arc::clone(&metrics),
            telemetry: telemetry.clone(),
            woken: engine.woken().clone(),
            trouble: Arc::clone(&vitals.mail),
            channels: channels.iter().map(|channel| channel.name.clone()).collect(),
        };
        for lane in [Lane::Request, Lane::Background] {
            let (pair, stop) = (Arc::new(Pair::default()), &workers.stop);
            let first = dispatcher.clone().run(lane, holder.id, poll, Arc::clone(&pair), stop.clone());
            let second = dispatcher.clone().run_beside(lane, mails::beside(holder.id), pair, stop.clone());
            workers.start(first);
            workers.start(second);
        }
        for channel in channels {
            let egress = Egress::new(&config.egress)?;
            let channel =
                ChannelDispatcher::beside(&dispatcher, channel, egress, Arc::clone(&vitals.webhooks));
            workers.start(channel.run(holder.id, poll, workers.stop.clone()));
        }
        let dispatcher = EventDispatcher {
            pool: opened.pool.clone(),
            vault: Arc::clone(&opened.vault),
            sink,
            clock: opened.clock.clone(),
            randomness: opened.randomness.clone(),
            metrics: Arc::clone(&metrics),
            telemetry: telemetry.clone(),
            woken: engine.woken().clone(),
        };
        workers.start(dispatcher.run(holder.id, poll, workers.stop.clone()));
        if !endpoints.is_empty() {
            let egress = Egress::new(&config.egress)?;
            webhooks::introduce(&opened.pool, &endpoints).await?;
            for endpoint in endpoints {
                let dispatcher = WebhookDispatcher {
                    endpoint,
                    pool: opened.pool.clone(),
                    policy: policy.clone(),
                    vault: Arc::clone(&opened.vault),
                    egress: egress.clone(),
                    clock: opened.clock.clone(),
                    randomness: opened.randomness.clone(),
                    metrics: Arc::clone(&metrics),
                    kept: Span::seconds(
                        i64::try_from(config.housekeeping.outbox.as_secs()).unwrap_or(i64::MAX),
                    ),
                    timeout: config.egress.timeout,
                    troubles: Arc::clone(&vitals.webhooks),
                };
                workers.start(dispatcher.run(holder.id, poll, workers.stop.clone()));
            }
        }
        workers.start(crate::sweep::run(engine.clone(), config.housekeeping, workers.stop.clone()));

        if let (Some(broker), Some(health), Some(bulk)) = (&config.intake.amqp, &vitals.intake, &vitals.bulk)
        {
            let (size, grace) = (config.runner.batch_size, config.shutdown.grace);
            let urgent = (IntakeSettings::new(broker, size, grace, seed), Lane::Request, health);
            let bulk = (IntakeSettings::bulk(broker, size, grace, seed), Lane::Background, bulk);
            for (settings, lane, health) in [urgent, bulk] {
                let handle = Arc::new(BrokerHandle { engine: engine.clone(), lane });
                intakes.start(amqp::intake::run(settings, handle, intakes.stop.clone(), Arc::clone(health)));
            }
        }
        intakes.start(crate::schedule::run(engine.clone(), Arc::clone(&metrics), intakes.stop.clone(), poll));
        let state = WebState {
            config: Arc::clone(&config),
            policy: Arc::clone(&opened.policy),
            vault: Arc::clone(&opened.vault),
            pool: opened.pool.clone(),
            renderer: renderer.now(),
            clock: opened.clock.clone(),
            randomness: opened.randomness.clone(),
            door: door.clone(),
            mailbox: mailbox(&config)?,
        };
        let pages = Live::new(web::public_router(state.clone()));
        intakes.start(web::serve(http, web::following(pages.clone()), intakes.stop.clone()));
        let reloader = Reloader {
            config: Arc::clone(&config),
            policy,
            renderer,
            pages,
            web: state,
            pool: opened.pool.clone(),
            clock: opened.clock.clone(),
            metrics: Arc::clone(&metrics),
            vitals: Arc::clone(&vitals),
            turn: Mutex::new(()),
        };
        let text = measuring::metrics_text(&vitals, &engine, &metrics);
        workers.start(web::serve(ops, operations(&vitals, &text), workers.stop.clone()));
        let mut tellers = Group::new(&vitals.broken);
        if let (Some(url), Some(spans)) = (&config.telemetry.otlp_url, spans) {
            let resource =
                Resource { service_name: config.telemetry.service_name.clone(), instance: holder.id };
            let (metrics, clock) = (Arc::clone(&metrics), opened.clock.clone());
            let exporter = Exporter::new(&config.telemetry, url, resource, metrics, clock)?;
            let exporter = Arc::new(exporter);
            tellers.start(Arc::clone(&exporter).spans(spans, tellers.stop.clone()));
            tellers.start(exporter.metrics(text, tellers.stop.clone()));
        }
        tracing::info!(http = %http_address, ops = %ops_address, "the worker runs");
        Ok(Self {
            http: http_address,
            ops: ops_address,
            door,
            engine,
            grace: config.shutdown.grace,
            config,
            vitals,
            reloader,
            intakes,
            workers,
            tellers,
            _lock: holder.lock,
        })
    }

    /// Reads policy and templates anew, all or nothing; returns whether they are in force. What has begun keeps those it
    /// began with.
    pub async fn reload(&self) -> bool {
        self.reloader.reload().await
    }

    /// Whether every loop runs.
    pub fn is_sound(&self) -> bool {
        self.vitals.is_sound()
    }

    /// Stops the worker, in order; returns whether it finished within the grace period.
    pub async fn stop(mut self) -> bool {
        self.vitals.stopping.store(true, Ordering::SeqCst);
        tracing::info!("stopping: nothing more is taken in");
        fault::at(Point::AfterDrainBegan);
        let in_order = async {
            self.intakes.end().await;
            fault::at(Point::AfterIntakeEnded);
            self.workers.end().await;
            self.tellers.end().await;
            self.engine.pool().close().await;
        };
        let finished = tokio::time::timeout(self.grace, in_order).await.is_ok();
        if finished {
            tracing::info!("stopped");
        } else {
            tracing::error!(
                "not everything finished within the grace period; what was open starts anew next time"
            );
        }
        finished
    }
}

/// The engine of an open store.
pub(crate) fn engine(opened: &Opened, policy: &Live<InForce>, metrics: &Arc<Metrics>) -> Engine {
    let config = &opened.config;
    let days = |d: Duration| Span::seconds(i64::try_from(d.as_secs()).unwrap_or(i64::MAX));
    let settings = Settings {
        batch_size: config.runner.batch_size,
        inbox: days(config.housekeeping.inbox),
        body_limit: config.http.body_limit,
        max_attempts: config.runner.max_attempts,
    };
    Engine::new(
        opened.pool.clone(),
        policy.clone(),
        Arc::clone(&opened.vault),
        opened.clock.clone(),
        opened.randomness.clone(),
        settings,
        Woken::default(),
        Arc::clone(metrics),
    )
}

/// Takes up what the worker before this one on the same folder has left, if it died: it is known to be dead, so no
/// lease needs to run out.
async fn take_up(
    pool: &Pool,
    flights: &Path,
    previous: Option<Uuid>,
    now: Timestamp,
) -> Result<(), StartError> {
    let survivors = Flights::survivors(flights).map_err(|source| io("in-flight notes", source))?;
    if !survivors.is_empty() {
        let rows = survivors.len();
        tracing::warn!(rows, "the worker died with rows of the job table in flight; each is tried alone");
        queue::tried(pool, survivors).await?;
    }
    if let Some(previous) = previous {
        mails::expire_leases(pool, previous, now).await?;
        events::expire_leases(pool, previous, now).await?;
        webhooks::release_all(pool, previous).await?;
    }
    Ok(())
}

fn operations(vitals: &Arc<Vitals>, text: &web::Metrics) -> axum::Router {
    let vitals = Arc::clone(vitals);
    let report: web::Health = Arc::new(move || vitals.report());
    web::ops_router(report, Arc::clone(text))
}

fn mailbox(config: &Config) -> Result<Option<crate::mail::transport::mailbox::Mailbox>, StartError> {
    Ok(match (&config.mail.transport, Transport::open(&config.mail.transport)?) {
        (TransportChoice::Mailbox(_), Transport::Mailbox(mailbox)) => Some(mailbox),
        _ => None,
    })
}

async fn bind(wanted: SocketAddr, key: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(wanted).await.map_err(|source| io(&format!("{key} {wanted}"), source))
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| io("listener", source))
}

fn io(what: &str, source: std::io::Error) -> StartError {
    StartError::Io { what: what.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_panics_is_noticed() {
        let vitals = Vitals::default();
        let mut group = Group::new(&vitals.broken);
        group.start(async {});
        let down = || vitals.report().parts.iter().any(|part| part.name == "worker");
        group.start(async { panic!("on purpose") });
        while !down() {
            tokio::task::yield_now().await;
        }
        group.end().await;
    }
}

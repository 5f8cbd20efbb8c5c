//! `rescind run` and `rescind demo`: a worker from start to stop. The only place that reads signals.

use super::failure::Failure;
use super::session::Session;
use crate::app::Opened;
use crate::config::{Log, LogFormat};
use crate::worker::Worker;
use crate::{demo, log};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs until told to stop; a second signal does not wait for what is open.
pub(super) async fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    start_log(&config.log)?;
    let mut signals = Signals::new()?;
    let opened = Opened::open(config, session.clock.clone(), session.randomness.clone()).await?;
    if opened.config.policy.is_none() {
        tracing::warn!("no policy is configured: the built-in example is in use");
    }
    for warning in &opened.policy_warnings {
        tracing::warn!("policy: {warning}");
    }
    let worker = Worker::start(opened).await?;
    signals.wait().await;
    tokio::select! {
        finished = worker.stop() => match finished {
            true => Ok(()),
            false => Err(Failure::failed("not everything finished within the grace period")),
        },
        () = signals.wait() => Err(Failure::failed("stopped at once; what was open starts anew next time")),
    }
}

/// Plays the demo.
pub(super) async fn demo(session: &mut Session<'_>, exit: bool) -> Result<(), Failure> {
    // the story goes to standard output; of the log only what went wrong
    start_log(&Log { format: LogFormat::Auto, filter: "warn".to_owned() })?;
    let mut signals = Signals::new()?;
    let until = async { signals.wait().await };
    demo::run(session.out.sink(), exit, until).await.map_err(|error| Failure::failed(error.to_string()))
}

fn start_log(config: &Log) -> Result<(), Failure> {
    log::start(config).map_err(|error| Failure::failed(error.to_string()))
}

/// Whoever wants this process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

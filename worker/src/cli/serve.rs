//! `rescind run` and `rescind demo`: a worker from start to stop. The only place that reads signals.

use super::failure::Failure;
use super::notify::Notify;
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
    let notify = Notify::new(session.environment(), std::process::id());
    notify.say("READY=1");
    loop {
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::Stop => break,
                Wish::Reload => {
                    notify.say("RELOADING=1");
                    worker.reload().await;
                    notify.say("READY=1");
                }
            },
            () = notify.is_due() => {
                // a worker that has lost a loop is restarted
                if worker.is_sound() {
                    notify.say("WATCHDOG=1");
                }
            }
        }
    }
    notify.say("STOPPING=1");
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

/// What somebody wants of this process.
enum Wish {
    Stop,
    Reload,
}

/// Whoever wants something of this process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next wish.
    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.reload.recv() => Wish::Reload,
        }
    }

    /// Waits until this process shall end.
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

//! How the parts do, from memory: the store is looked at now and then, the others report themselves.

use crate::amqp;
use crate::live::{InForce, Live};
use crate::runner::Engine;
use crate::web::{HealthReport, PartHealth, PartState, PolicyHealth};
use rescind_jobs::time::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is known of the parts.
#[derive(Debug, Default)]
pub struct Vitals {
    /// Why the store is not available.
    store: Mutex<Option<String>>,
    /// Why mail cannot leave.
    pub mail: Arc<Mutex<Option<String>>>,
    /// Why endpoints of webhooks do not take events.
    pub webhooks: crate::outbox::webhooks::Troubles,
    /// The policy in force.
    pub policy: Option<Live<InForce>>,
    /// When policy and templates were last read anew, and why that was refused.
    reloaded: Mutex<Option<(Timestamp, Option<String>)>>,
    /// What is wrong with the key-encryption keys.
    pub keys: Arc<Mutex<Option<String>>>,
    /// The connection that consumes.
    pub intake: Option<Arc<amqp::Health>>,
    /// The connection that consumes what nobody waits for.
    pub bulk: Option<Arc<amqp::Health>>,
    /// The connection that publishes.
    pub publisher: Option<Arc<amqp::Health>>,
    /// The worker stops.
    pub stopping: AtomicBool,
    /// One of the worker's loops ended by a panic; only a restart brings it back.
    pub broken: Arc<AtomicBool>,
}

/// How often the store is looked at.
const PULSE: Duration = Duration::from_secs(2);

impl Vitals {
    /// Looks at the store until told to stop.
    pub async fn watch(self: Arc<Self>, engine: Engine, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let state = tokio::time::timeout(PULSE * 2, engine.standing().examine(engine.pool())).await;
            let trouble = match state {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(engine.pool().why().await.to_string()),
            };
            {
                let mut known = lock(&self.store);
                if *known != trouble {
                    match &trouble {
                        Some(trouble) => {
                            tracing::error!(trouble, "the store is not available; waiting for it")
                        }
                        None => tracing::info!("the store is available again"),
                    }
                    *known = trouble;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(PULSE) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// How all parts do.
    pub fn report(&self) -> HealthReport {
        let down = |trouble: &Option<String>| trouble.clone().map_or(PartState::Ready, PartState::Down);
        let mut parts = vec![
            PartHealth { name: "store", state: down(&lock(&self.store)) },
            PartHealth {
                name: "mail",
                state: lock(&self.mail).clone().map_or(PartState::Ready, PartState::Degraded),
            },
        ];
        if let Some(trouble) = lock(&self.keys).clone() {
            parts.push(PartHealth { name: "keys", state: PartState::Degraded(trouble) });
        }
        let troubles = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !troubles.is_empty() {
            let told: Vec<String> =
                troubles.into_iter().map(|(name, why)| format!("{name} is {why}")).collect();
            parts.push(PartHealth { name: "webhooks", state: PartState::Degraded(told.join("; ")) });
        }
        let broker = [
            ("broker_intake", &self.intake),
            ("broker_bulk", &self.bulk),
            ("broker_events", &self.publisher),
        ];
        for (name, health) in broker {
            let Some(health) = health else { continue };
            let snapshot = health.snapshot();
            let consuming = name == "broker_events" || snapshot.consuming;
            let state = if snapshot.connected && consuming && !snapshot.blocked {
                PartState::Ready
            } else {
                let why = snapshot.last_error_kind.map_or("connecting", amqp::Trouble::sentence);
                // without the intake nothing comes in; imports can wait at the broker, and events in the store
                if name == "broker_intake" {
                    PartState::Down(why.to_owned())
                } else {
                    PartState::Degraded(why.to_owned())
                }
            };
            parts.push(PartHealth { name, state });
        }
        let reloaded = self.reloaded.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let refused = reloaded.as_ref().and_then(|(_, refused)| refused.clone());
        parts.push(PartHealth {
            name: "policy",
            state: refused.clone().map_or(PartState::Ready, PartState::Degraded),
        });
        let policy = self.policy.as_ref().map(|policy| PolicyHealth {
            hash: policy.now().hex.clone(),
            reloaded_at: reloaded.map(|(at, _)| at),
            reload_refused: refused.is_some(),
        });
        if self.broken.load(Ordering::SeqCst) {
            let why = "one of its loops has ended by a panic; restart it".to_owned();
            parts.push(PartHealth { name: "worker", state: PartState::Down(why) });
        }
        if self.stopping.load(Ordering::SeqCst) {
            parts.push(PartHealth {
                name: "stopping",
                state: PartState::Down("the worker is stopping".to_owned()),
            });
        }
        HealthReport { parts, policy }
    }

    /// Policy and templates were read anew, or refused.
    pub fn reloaded(&self, at: Timestamp, refused: Option<String>) {
        *self.reloaded.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, refused));
    }

    /// Whether every loop runs.
    pub fn is_sound(&self) -> bool {
        !self.broken.load(Ordering::SeqCst)
    }

    /// Whether the store answered when it was last looked at.
    pub fn store_is_available(&self) -> bool {
        lock(&self.store).is_none()
    }
}

fn lock(value: &Mutex<Option<String>>) -> std::sync::MutexGuard<'_, Option<String>> {
    // a thread that panicked while holding it has left a whole value all the same
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

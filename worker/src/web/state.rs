//! What the web works with: everything is handed in, nothing is global.

use super::limiter::Limiter;
use crate::clock::{Clock, Randomness};
use crate::config::Config;
use crate::mail::transport::mailbox::Mailbox;
use crate::render::Renderer;
use crate::runner::door::Door;
use crate::store::Pool;
use rescind_jobs::policy::Policy;
use rescind_jobs::protection::Vault;
use rescind_jobs::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// What the public listener works with.
#[derive(Clone)]
pub struct WebState {
    /// The configuration, after the listener was bound.
    pub config: Arc<Config>,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The keys.
    pub vault: Arc<Vault>,
    /// The store, for reading.
    pub pool: Pool,
    /// Pages.
    pub renderer: Arc<Renderer>,
    /// The time.
    pub clock: Clock,
    /// For ids.
    pub randomness: Randomness,
    /// Where messages are handed in.
    pub door: Door,
    /// The development mailbox, if mail goes there; it is shown only while no sources are configured.
    pub mailbox: Option<Mailbox>,
}

/// A part of the worker and how it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHealth {
    /// `store`, `broker`, `mail`, `stopping` …
    pub name: &'static str,
    /// How it does.
    pub state: PartState,
}

/// How a part does. Reasons are read by operators: no addresses, no passwords, no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It works.
    Ready,
    /// It does not work fully, but requests can be served.
    Degraded(String),
    /// Requests cannot be served.
    Down(String),
}

/// How all parts do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// Every part.
    pub parts: Vec<PartHealth>,
    /// The policy in force.
    pub policy: Option<PolicyHealth>,
}

/// The policy in force, and how the last reload went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyHealth {
    /// Its hash in hexadecimal digits.
    pub hash: String,
    /// When policy and templates were last read anew.
    pub reloaded_at: Option<Timestamp>,
    /// What was read then did not hold, and the one before goes on.
    pub reload_refused: bool,
}

impl HealthReport {
    /// Whether requests can be served: no part is down.
    pub fn is_ready(&self) -> bool {
        !self.parts.iter().any(|part| matches!(part.state, PartState::Down(_)))
    }
}

/// Tells how all parts do, from memory: it is asked every few seconds and must not wait.
pub type Health = Arc<dyn Fn() -> HealthReport + Send + Sync>;

/// Answers to confirmation pages that one address may send in a minute.
const POSTS_A_MINUTE: u32 = 30;
/// Unknown links that one address may open in a minute.
const MISSES_A_MINUTE: u32 = 60;
/// Both, from all addresses together: more than people send, less than what would wear the store out.
const POSTS_IN_TOTAL: u32 = 6000;
const MISSES_IN_TOTAL: u32 = 6000;
const MINUTE: Duration = Duration::from_secs(60);

/// The state with what the listener itself counts.
pub(super) struct Site {
    pub(super) web: WebState,
    pub(super) posts: Limiter,
    pub(super) misses: Limiter,
}

impl Site {
    pub(super) fn new(web: WebState) -> Self {
        Self {
            web,
            posts: Limiter::new(POSTS_A_MINUTE, POSTS_IN_TOTAL, MINUTE),
            misses: Limiter::new(MISSES_A_MINUTE, MISSES_IN_TOTAL, MINUTE),
        }
    }

    /// Whether `/dev/mailbox` exists at all.
    pub(super) fn serves_mailbox(&self) -> bool {
        self.web.mailbox.is_some() && self.web.policy.sources.is_empty()
    }
}

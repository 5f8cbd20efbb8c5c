//! The engine as the broker's intake sees it.

use crate::amqp::{Handle, Unavailable};
use crate::runner::Engine;
use crate::runner::message::{Incoming, Outcome, Sender};
use rescind_jobs::effects::Lane;

/// Hands messages of the broker to the engine.
pub struct BrokerHandle {
    /// The engine.
    pub engine: Engine,
    /// Whether somebody waits for them, and for what follows from them.
    pub lane: Lane,
}

impl Handle for BrokerHandle {
    async fn handle(&self, batch: Vec<Incoming>) -> Result<Vec<Outcome>, Unavailable> {
        let handled = self.engine.handle_in(self.lane, batch).await;
        self.engine.standing().note(&handled);
        handled.map_err(|error| {
            tracing::warn!(%error, "messages of the broker could not be decided; they go back");
            Unavailable
        })
    }

    fn sender_of(&self, amqp_user: Option<&str>) -> Sender {
        let Some(user) = amqp_user else { return Sender::Broker };
        let policy = self.engine.policy();
        let found = policy.sources.values().find(|s| s.amqp_user.as_deref() == Some(user));
        found.map_or(Sender::Broker, |s| Sender::Authenticated(s.id.clone()))
    }

    async fn ready(&self) -> bool {
        self.engine.standing().examine(self.engine.pool()).await.is_ok()
    }
}

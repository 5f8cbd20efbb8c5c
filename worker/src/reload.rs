//! Reading policy and templates anew while the worker runs: all or nothing. What does not hold as a whole is refused
//! with everything that is wrong, and what was in force goes on.

use crate::app::{self, StartError};
use crate::clock::Clock;
use crate::config::Config;
use crate::health::Vitals;
use crate::live::{InForce, Live};
use crate::metrics::Metrics;
use crate::render::Renderer;
use crate::store::Pool;
use crate::web::{self, WebState};
use axum::Router;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Reads policy and templates anew.
pub(crate) struct Reloader {
    pub(crate) config: Arc<Config>,
    pub(crate) policy: Live<InForce>,
    pub(crate) renderer: Live<Renderer>,
    pub(crate) pages: Live<Router>,
    /// What the pages are made from; policy and renderer are exchanged.
    pub(crate) web: WebState,
    pub(crate) pool: Pool,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) vitals: Arc<Vitals>,
    /// One at a time.
    pub(crate) turn: Mutex<()>,
}

impl Reloader {
    /// Reads the files and puts them in force; returns whether they are.
    pub(crate) async fn reload(&self) -> bool {
        let _turn = self.turn.lock().await;
        let before = self.policy.now().hex.clone();
        let result = self.put_in_force().await;
        self.metrics.reload(if result.is_ok() { "applied" } else { "refused" });
        match &result {
            Ok(warnings) => {
                for warning in warnings {
                    tracing::warn!("policy: {warning}");
                }
                let hash = self.policy.now().hex.clone();
                let changed = hash != before;
                self.metrics.policy(&hash);
                tracing::info!(hash, changed, "policy and templates were read anew and are in force");
                self.vitals.reloaded(self.clock.now(), None);
            }
            Err(error) => {
                // a line a mistake, as `rescind check` prints them; nothing in them is a person's
                for line in error.to_string().lines() {
                    tracing::error!("reload refused: {line}");
                }
                tracing::error!(
                    hash = before,
                    "what was in force before goes on; mend the files and reload again"
                );
                let why = "what was last reloaded does not hold, see the log; the policy before it goes on";
                self.vitals.reloaded(self.clock.now(), Some(why.to_owned()));
            }
        }
        result.is_ok()
    }

    async fn put_in_force(&self) -> Result<Vec<String>, StartError> {
        let config = Arc::clone(&self.config);
        let read = tokio::task::spawn_blocking(move || {
            app::policy(&config).and_then(|policy| Ok((policy, app::renderer(&config)?)))
        });
        let (loaded, renderer) = match read.await {
            Ok(read) => read?,
            Err(_) => return Err(StartError::Unread),
        };
        if self.config.is_public() && loaded.policy.sources.is_empty() {
            return Err(StartError::PublicWithoutSources);
        }
        let now = self.clock.now();
        let mut tx = self.pool.begin().await?;
        app::publish(&mut tx, &loaded.policy, now).await?;
        tx.commit().await?;
        let (policy, renderer) = (Arc::new(loaded.policy), Arc::new(renderer));
        let web =
            WebState { policy: Arc::clone(&policy), renderer: Arc::clone(&renderer), ..self.web.clone() };
        self.policy.put(Arc::new(InForce::new(policy, now)));
        self.renderer.put(renderer);
        self.pages.put(Arc::new(web::public_router(web)));
        Ok(loaded.warnings.iter().map(ToString::to_string).collect())
    }
}

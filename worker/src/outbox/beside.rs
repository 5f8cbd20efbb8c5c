//! A second loop of each lane. A group waits for three commits and for the mail server; meanwhile this loop claims and
//! writes the next one, so that neither the worker nor the database stands still while many mails are due.
//!
//! It sleeps until the first loop of its lane has found more than a group, so a calm pace costs nothing more. It looks after
//! nothing: what dead workers left and a server that is away are the first loop's business.

use super::mails::{MailDispatcher, Round, Standing};
use rescind_jobs::effects::Lane;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The wait after a failure of the store, as in the first loop.
const PAUSE: Duration = Duration::from_secs(2);

impl MailDispatcher {
    /// Sends what is due in `lane`, as `holder`, each time `more` is told, until nothing is left or told to stop.
    pub async fn run_beside(self, lane: Lane, holder: Uuid, more: Arc<Notify>, stop: CancellationToken) {
        let mut standing = Standing::default();
        while !stop.is_cancelled() {
            tokio::select! {
                () = more.notified() => {}
                () = stop.cancelled() => {}
            }
            while !stop.is_cancelled() {
                match self.round(lane, holder, &mut standing, &stop).await {
                    Ok(Round::Sent { more: true }) => {}
                    // that the server is away the first loop comes upon as well, and knocks; what this one had is due
                    // again
                    Ok(Round::Sent { more: false } | Round::Idle | Round::Away(_)) => break,
                    Err(error) => {
                        tracing::warn!(%error, "mails cannot be claimed or settled; waiting");
                        tokio::select! {
                            () = tokio::time::sleep(PAUSE) => {}
                            () = stop.cancelled() => {}
                        }
                    }
                }
            }
        }
        self.transport.close().await;
    }
}

//! A second loop of each lane. A group waits for commits and for the mail server; meanwhile this loop claims and writes the
//! next one, so that neither the worker nor the database stands still while many mails are due.
//!
//! It sleeps until the first loop of its lane has claimed a whole group, so a calm pace costs nothing more. It looks after
//! nothing: what dead workers left is the first loop's business, and so is a server that is away.

use super::mails::{MailDispatcher, Round, Standing};
use super::outcomes::Away;
use rescind_jobs::effects::Lane;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The wait after a failure of the store, as in the first loop.
const PAUSE: Duration = Duration::from_secs(2);

/// What the two loops of a lane tell each other.
#[derive(Debug, Default)]
pub struct Pair {
    more: Notify,
    /// How the second has found the other side away, for the first to wait.
    found: Mutex<Option<Away>>,
    /// Whether it is away, as far as is known: the second claims nothing then.
    away: AtomicBool,
}

impl Pair {
    /// There is more than the first loop has claimed.
    pub(super) fn wake(&self) {
        self.more.notify_one();
    }

    /// What the second loop has found since, once.
    pub(super) fn found_away(&self) -> Option<Away> {
        self.found().take()
    }

    /// How the first loop has found the other side.
    pub(super) fn set_away(&self, away: bool) {
        // what the second has found meanwhile is still to be looked into
        let found = self.found();
        self.away.store(away || found.is_some(), Ordering::SeqCst);
    }

    fn tell_away(&self, away: Away) {
        let mut found = self.found();
        *found = Some(away);
        self.away.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Option<Away>> {
        // a thread that panicked while holding it has left a whole value all the same
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MailDispatcher {
    /// Sends what is due in `lane`, as `holder`, each time the first loop has claimed a whole group, until nothing is left
    /// or told to stop.
    pub async fn run_beside(self, lane: Lane, holder: Uuid, pair: Arc<Pair>, stop: CancellationToken) {
        let mut standing = Standing::new(Arc::clone(&pair), false);
        while !stop.is_cancelled() {
            tokio::select! {
                () = pair.more.notified() => {}
                () = stop.cancelled() => {}
            }
            while !stop.is_cancelled() {
                match self.round(lane, holder, &mut standing, &stop).await {
                    Ok(Round::Sent { more: true }) => continue,
                    Ok(Round::Sent { more: false } | Round::Idle) => {}
                    Ok(Round::Away(away)) => pair.tell_away(away),
                    Err(error) => {
                        tracing::warn!(%error, "mails cannot be claimed or settled; waiting");
                        tokio::select! {
                            () = tokio::time::sleep(PAUSE) => {}
                            () = stop.cancelled() => {}
                        }
                        continue;
                    }
                }
                // the first loop may sleep, and knows nothing of what this one has put back into the queue
                self.woken.mails.wake([lane]);
                break;
            }
        }
        self.transport.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_the_other_side_is_away_stays_known_until_the_first_loop_has_looked_into_it() {
        let pair = Pair::default();
        pair.tell_away(Away::Door);
        pair.set_away(false);
        assert!(pair.is_away(), "a group that the first has sent since tells nothing of it");
        assert_eq!((pair.found_away(), pair.found_away()), (Some(Away::Door), None));
        pair.set_away(false);
        assert!(!pair.is_away());
    }
}

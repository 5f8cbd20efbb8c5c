//! While the other side is away: the dispatcher of mails waits for it as a whole.

use super::backoff;
use super::mails::MailDispatcher;
use crate::mail::transport::Delivery;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The longest pause after a fault of ours: wrong password, refused sender.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The first and the longest wait while the other side is away. The longest is far below the ten seconds within which
/// mail is to flow again.
const AWAY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// Knocks under way at the same time. A server that hangs keeps each until its timeout; it is noticed all the same, by a
/// later knock, that it is well again.
const KNOCKS: usize = 6;

/// How the other side is away; the gravest last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Away {
    /// It does not let us in, or nothing is left to be tried again: when it lets us in, it is back.
    Door,
    /// It lets us in and says nothing of the mails: only a mail that it speaks of shows that it is back.
    Within,
    /// It does not want us as we are.
    Fault,
}

impl MailDispatcher {
    /// Waits until the other side lets us in again. Nothing is claimed meanwhile: an outage wears out no mail, and when
    /// it is over all that waits leaves at once.
    pub(super) async fn until_back(&self, away: Away, failures: &mut i32, stop: &CancellationToken) {
        let wait = if away == Away::Fault { self.our_fault() } else { self.away(*failures) };
        let (mut wait, mut knocks) = (wait, JoinSet::new());
        loop {
            tokio::select! {
                () = tokio::time::sleep(wait), if knocks.len() < KNOCKS => {
                    let transport = Arc::clone(&self.transport);
                    knocks.spawn(async move { transport.knock().await });
                    *failures = failures.saturating_add(1);
                    wait = self.away(*failures);
                }
                Some(answer) = knocks.join_next() => match answer {
                    Ok(Ok(())) => {
                        if away == Away::Door {
                            self.set_trouble(None);
                        }
                        return;
                    }
                    Ok(Err(Delivery::OurFault(trouble))) => {
                        // knocking with a wrong password locks accounts
                        knocks.abort_all();
                        wait = self.our_fault();
                        self.set_trouble(Some(trouble.to_string()));
                    }
                    Ok(Err(Delivery::Deferred(trouble))) => self.set_trouble(Some(trouble.to_string())),
                    // one that panicked or was called off tells nothing
                    Ok(Err(_)) | Err(_) => {}
                },
                () = stop.cancelled() => return,
            }
        }
    }

    /// How long to wait before the next knock.
    fn away(&self, failures: i32) -> Duration {
        let wait = match self.randomness.generator() {
            Ok(mut rng) => backoff::wait(failures, AWAY.0, AWAY.1, &mut rng),
            Err(_) => return AWAY.1,
        };
        Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(0))
    }

    fn our_fault(&self) -> Duration {
        self.config.mail.retry.initial.min(LONGEST_PAUSE)
    }

    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        // a thread that panicked while holding it has left a whole value all the same
        *self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = trouble;
    }
}

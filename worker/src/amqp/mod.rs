//! RabbitMQ: messages in, events out.
//!
//! Why so: the broker delivers at least once and forgets nothing that was not acknowledged, so this module never
//! acknowledges before the engine has committed, and leaves every doubt to a redelivery, which the engine's inbox
//! recognises. Rule: no recovery behind our back (lapin's own stays off), no retry through the broker (the database
//! retries), no payload, password or URL in a log.
//!
//! The parts: [`supervisor`] opens and watches a connection, [`topology`] declares what we need, [`intake`] keeps
//! sessions of lanes going, `lane` is one channel with one batch at a time, [`binary`] brings CloudEvents' binary
//! form into the structured one, [`publisher`] sends events and waits for the broker's confirms, [`health`] says how
//! it stands, `failure` names what went wrong, `backoff` says how long to wait.

mod backoff;
pub mod binary;
mod failure;
pub mod health;
pub mod intake;
mod lane;
pub mod publisher;
pub mod supervisor;
pub mod topology;

use std::future::Future;

use crate::runner::message::{Incoming, Outcome, Sender};

pub use backoff::Pace;
pub use health::{Health, Snapshot, Trouble};
pub use intake::IntakeSettings;
pub use publisher::{OutgoingEvent, Published, Publisher, PublisherSettings};
pub use supervisor::Broker;
pub use topology::Names;

/// Directives for the log's filter: targets of lapin that print payloads (returned messages, whole frames), however
/// much else is asked for. Put them after the operator's own directives.
pub const LOG_DIRECTIVES: &[&str] =
    &["lapin::returned_messages=off", "lapin::channels=debug", "lapin::frames=debug"];

/// The store did not answer, so nothing of the batch was decided. Not a fault of the messages: they are handed back to
/// the broker and consuming pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// What the intake hands messages to: the engine, or a stand-in in tests.
pub trait Handle: Send + Sync + 'static {
    /// Decides a batch and commits. Gives one outcome for each message, in order; every outcome is final, because the
    /// engine has parked what it refused. The messages are acknowledged after this returns, not before.
    ///
    /// # Errors
    /// [`Unavailable`] if the store is down; then nothing of the batch was decided.
    fn handle(&self, batch: Vec<Incoming>) -> impl Future<Output = Result<Vec<Outcome>, Unavailable>> + Send;

    /// Who the broker's user is to the policy. `None` where the publisher did not let the broker vouch for it
    /// (property `user_id`).
    fn sender_of(&self, amqp_user: Option<&str>) -> Sender;

    /// Whether a batch could be committed now. Asked, with growing pauses, after [`Handle::handle`] found the store
    /// unavailable; a store that reads but cannot write should answer no.
    fn ready(&self) -> impl Future<Output = bool> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_ones_that_the_filter_takes() {
        for directive in LOG_DIRECTIVES {
            let parsed = directive.parse::<tracing_subscriber::filter::Directive>();
            assert!(parsed.is_ok(), "{directive}");
        }
    }
}

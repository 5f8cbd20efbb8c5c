//! Dispatchers: the only place that causes effects. They claim what decisions ordered, do the I/O, and record the
//! outcome; what matters to a subject comes back as a message.

mod backoff;
pub mod beside;
pub mod channels;
pub(crate) mod chat;
pub mod events;
mod follow_ups;
mod letter;
mod mailing;
pub mod mails;
pub(crate) mod naming;
mod outcomes;
mod tell;
pub mod webhooks;

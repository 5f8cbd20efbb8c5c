//! The domain of Rescind: model, policy and every job. No driver, no async runtime, no clock and no randomness of
//! its own; what a decision needs is handed to it, so that it can be read, tested and replayed.

pub mod code;
pub mod locale;
pub mod policy;
pub mod refusal;
pub mod schedule;
pub mod time;

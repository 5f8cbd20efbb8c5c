//! The domain of Rescind: model, policy and every job. No driver, no async runtime, no clock and no randomness of
//! its own; what a decision needs is handed to it, so that it can be read, tested and replayed.

pub mod audit;
pub mod code;
pub mod decision;
pub mod effects;
pub mod envelope;
pub mod event;
pub mod gate;
pub mod job;
pub mod jobs;
pub mod locale;
pub mod mail;
pub mod model;
pub mod policy;
pub mod protection;
pub mod refusal;
pub mod registry;
pub mod schedule;
pub mod schema_check;
pub mod subject_ref;
pub mod time;

//! The runner: the only place that runs jobs.

pub mod door;
pub mod message;

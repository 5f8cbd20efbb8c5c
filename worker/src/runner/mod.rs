//! The runner: the only place that runs jobs. Messages come in batches of whatever waits; a batch is one transaction.

mod batch;
mod behind;
pub mod check;
pub mod door;
mod each;
mod engine;
mod expansion;
mod failed;
pub mod flights;
pub mod message;
mod parking;
mod prepare;
mod resolve;
pub mod serve;
mod settings;
mod subjects;
mod tell;

pub(crate) use batch::Run;
pub(crate) use engine::BACKGROUND_BATCH;
pub use engine::Engine;
pub use settings::{Lanes, Settings, Woken};

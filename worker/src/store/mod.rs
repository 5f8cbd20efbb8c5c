//! The store: small, because it loads and saves sets. PostgreSQL and SQLite are both first class; what differs
//! between them is in `dialect.rs` and `pool.rs`, and one behaviour suite runs on both.

pub mod audit;
pub mod candidates;
pub mod dialect;
mod error;
mod file;
pub mod gate;
pub mod housekeeping;
pub mod inbox;
pub mod keys;
pub mod load;
mod migrations;
mod origins;
pub mod outbox;
pub mod pages;
pub mod parked;
mod pool;
pub mod provisional;
pub mod published;
pub mod queue;
pub mod registers;
pub mod requests;
pub mod rights;
pub mod save;
pub mod schedules;
pub mod snapshot;
pub mod staff;
mod standing;
pub mod statements;
pub mod sweeps;
pub mod tables;
mod turns;
mod value;
pub mod webhooks;
pub mod wrapping;

pub use dialect::Arg;
pub use error::{Result, StoreError};
pub use file::DatabaseFile;
pub use pool::{Pool, Tx};
pub use standing::Standing;
pub use value::Ts;

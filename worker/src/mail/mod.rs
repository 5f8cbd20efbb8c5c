//! Mail that leaves: composing it and carrying it out of the house.
//!
//! Nothing here decides whether a mail may be sent; that was decided, and recorded, before. Rule: an address or
//! a text that passes through never reaches a log line, an error or a `Debug`.

pub mod address;
pub mod compose;
mod encode;
pub mod transport;

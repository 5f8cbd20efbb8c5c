//! What the suites share: services that they start and stop themselves, clients that are not ours.

pub mod pika;
pub mod service;

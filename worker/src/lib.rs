//! worker

pub mod amqp;
pub mod config;
pub mod render;

/// Decides messages.
pub mod runner {
    pub mod message;
}

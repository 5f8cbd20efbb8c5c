//! worker

pub mod config;
pub mod render;

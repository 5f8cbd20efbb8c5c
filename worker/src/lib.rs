//! worker

pub mod config;

//! worker

pub mod config;
pub mod policy_files;
pub mod render;

//! What the suites share: services that they start and stop themselves, clients that are not ours.

pub mod app;
mod both;
pub mod broker;
pub mod browser;
pub mod certificate;
pub mod command;
pub mod database;
pub mod fault;
pub mod operations;
pub mod otlp;
pub mod parts;
pub mod pika;
pub mod program;
pub mod relay;
pub mod report;
pub mod service;
pub mod small_disk;
pub mod smtp_script;
pub mod smtp_sink;
pub mod stuck;
pub mod tap;
pub mod temp_folder;
pub mod web_server;

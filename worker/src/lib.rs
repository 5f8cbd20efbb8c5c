//! The worker of Rescind: intake, runner, stores, outbox, mail, web pages and the command line.

pub mod amqp;
pub mod app;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod egress;
pub mod fault;
pub mod health;
pub mod key_source;
pub mod log;
pub mod mail;
pub mod metrics;
pub mod operator;
pub mod outbox;
pub mod policy_files;
pub mod render;
pub mod runner;
pub mod schedule;
pub mod schemas;
pub mod store;
pub mod sweep;
pub mod trust;
pub mod web;
pub mod worker;

//! Every behaviour suite, linked into one program: one file a theme, one link for all of them.

// in a test, unwrapping is an assertion
#![allow(clippy::unwrap_used)]

mod amqp;
mod attack;
mod broker_story;
mod bulk;
mod cli;
mod dependencies;
mod docs;
mod double_opt_in;
mod egress;
mod engine;
mod faults;
mod features;
mod fleet;
mod fuzz;
mod gate;
mod keys;
mod kill;
mod lanes;
mod layout;
mod licence;
mod mail_states;
mod mail_transport;
mod mailings;
mod ordering;
mod outages;
mod pages;
mod register;
mod reload;
mod replicas;
mod resilience;
mod rights;
mod safeguards;
mod schedules;
mod schemas;
mod services;
mod soft_opt_in;
mod staff;
mod store;
mod sweeps;
mod telemetry;
mod webhooks;

//! RabbitMQ over a real broker: `RESCIND_TEST_AMQP_URL`, else the one on this machine.
//!
//! Each test has names of its own and deletes them at the end. Waiting is polling with a bound; there are no sleeps of
//! a guessed length.

mod engine;
mod intake;
mod outage;
mod poison;
mod proxy;
mod publisher;
mod raw;
mod rig;

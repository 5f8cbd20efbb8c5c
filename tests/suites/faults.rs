//! Broken on purpose: the program is killed at every named point and in random places, and the store fails at each of
//! its calls; nothing is lost or doubled.
//!
//! A short selection runs with the other tests; `scripts/faults` runs all of it and prints the table.

mod audit;
mod every_job;
mod kills;
mod messages;
mod points;
mod report;
mod rig;
mod seen;

//! Where the benchmark runs: the private services that `scripts/bench` has started, and how often each candidate runs.

use crate::cpu::Tree;
use rescind_worker::clock::Clock;
use std::path::PathBuf;

/// The services, and where their processes begin.
pub(crate) struct Place {
    /// A server of our own, in which databases are made.
    pub(crate) postgres: String,
    /// Its processes.
    pub(crate) postgres_tree: Tree,
    /// A broker of our own.
    pub(crate) amqp: String,
    /// Its processes.
    pub(crate) amqp_tree: Tree,
    /// Takes scratch files.
    pub(crate) folder: PathBuf,
    /// The interpreter that has what the peers need.
    pub(crate) python: Option<PathBuf>,
    /// How often each candidate runs.
    pub(crate) rounds: usize,
    /// What sizes are multiplied by, in percent: a small one tries the benchmark itself.
    scale: usize,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(format!("RESCIND_BENCH_{name}")).ok().filter(|value| !value.is_empty())
}

fn required(name: &str) -> String {
    variable(name).unwrap_or_else(|| panic!("RESCIND_BENCH_{name} is not set: run scripts/bench"))
}

fn number(name: &str, default: usize) -> usize {
    variable(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

impl Place {
    /// As `scripts/bench` has prepared it.
    pub(crate) fn from_environment() -> Self {
        let pid = |name: &str| required(name).trim().parse().expect("a process id");
        Self {
            postgres: required("POSTGRES_URL"),
            postgres_tree: Tree::of(pid("POSTGRES_PID")),
            amqp: required("AMQP_URL"),
            amqp_tree: Tree::of(pid("AMQP_PID")),
            folder: required("FOLDER").into(),
            python: variable("PYTHON").map(PathBuf::from),
            rounds: number("ROUNDS", 3).max(1),
            scale: number("SCALE_PERCENT", 100),
        }
    }

    /// A number of messages, scaled.
    pub(crate) fn scaled(&self, count: usize) -> usize {
        (count * self.scale / 100).max(10)
    }
}

/// Microseconds since 1970: the same clock for all processes of a run.
pub(crate) fn now_micros() -> i64 {
    Clock::system().now().micros()
}

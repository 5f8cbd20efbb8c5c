//! The command line, run without a process: what goes in and what comes out is the test's.

use crate::app::TestApp;
use rescind_worker::cli::{self, Console, Exit};
use rescind_worker::clock::{Clock, Randomness};
use serde_json::Value;
use std::ffi::OsString;

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    /// How.
    pub exit: Exit,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl Ran {
    /// It must have succeeded; returns its output.
    ///
    /// # Panics
    /// If it has not.
    pub fn done(self) -> String {
        assert_eq!(self.exit, Exit::Done, "{}", self.err);
        assert_eq!(self.err, "", "nothing to complain about");
        self.out
    }

    /// It must have succeeded, and printed JSON.
    ///
    /// # Panics
    /// If it has not.
    pub fn json(self) -> Value {
        serde_json::from_str(&self.done()).expect("JSON")
    }

    /// It must have failed; returns the error.
    ///
    /// # Panics
    /// If it has not.
    pub fn failed(self) -> String {
        assert_eq!(self.exit, Exit::Failed, "{}{}", self.out, self.err);
        assert!(self.err.starts_with("error: ") && self.err.ends_with('\n'), "{}", self.err);
        self.err
    }

    /// It must have been called or configured wrongly; returns the error.
    ///
    /// # Panics
    /// If it was not.
    pub fn wrong(self) -> String {
        assert_eq!(self.exit, Exit::Wrong, "{}{}", self.out, self.err);
        assert!(self.err.starts_with("error: ") && self.err.ends_with('\n'), "{}", self.err);
        self.err
    }
}

/// Runs `rescind` with these arguments, variables and standard input, at the time of `clock`.
pub async fn rescind(
    arguments: &[&str],
    environment: Vec<(String, String)>,
    mut input: &[u8],
    clock: Clock,
) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let console = Console {
        environment,
        input: &mut input,
        output: &mut out,
        errors: &mut err,
        terminal: false,
        clock,
        randomness: Randomness::system(),
    };
    let arguments = std::iter::once("rescind").chain(arguments.iter().copied()).map(OsString::from);
    let exit = cli::run(arguments, console).await;
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { exit, out: text(out), err: text(err) }
}

impl TestApp {
    /// Runs a command beside the worker, on the same store and clock.
    pub async fn rescind(&self, arguments: &[&str]) -> Ran {
        self.rescind_reading("", arguments).await
    }

    /// Runs a command that reads `input`.
    pub async fn rescind_reading(&self, input: &str, arguments: &[&str]) -> Ran {
        rescind(arguments, self.environment(), input.as_bytes(), self.clock.clone()).await
    }
}

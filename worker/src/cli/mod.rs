//! The command line: one file a group of commands.
//!
//! Rule: commands take everything from outside (arguments, variables, standard streams, time, randomness) by a
//! [`Console`], so that tests run them without a process; they write by `Output` only; what goes wrong is a
//! `Failure`, printed as one block, and becomes the exit code.

mod check;
mod consents;
mod events;
mod failure;
mod health;
mod history;
mod keys;
mod notify;
mod outbox;
mod output;
mod parked;
mod progress;
mod reference;
mod schedule;
mod schema;
mod send;
mod serve;
mod session;
mod source;
mod staff;
mod subjects;
mod templates;
mod webhooks;

pub use failure::Exit;
pub use session::Console;

use crate::clock::{Clock, Randomness};
use crate::config::Config;
use crate::log;
use clap::{Parser, Subcommand};
use failure::Failure;
use session::Session;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

/// Carries out a company's privacy duties as jobs: asks for consent, proves it, acts on withdrawals.
#[derive(Parser)]
#[command(name = "rescind", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.\n\
                        Every key of the configuration can also be set by a variable; see docs/configuration.md.")]
struct Arguments {
    /// Configuration file (TOML); without it the variable RESCIND_CONFIG names one, or the defaults are used
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the worker
    Run,
    /// Show what Rescind does: everything embedded, in a temporary folder
    Demo {
        /// End after the story; fails if a step of it failed
        #[arg(long)]
        exit: bool,
    },
    /// Check configuration, policy and templates without starting
    Check,
    /// Print the JSON Schemas of messages, events, configuration and policy
    Schema(schema::Arguments),
    /// Check messages and put them into the queue
    Send(send::Arguments),
    /// Messages that could not be processed
    #[command(subcommand)]
    Parked(parked::Command),
    /// Mails and events on their way out
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// The events that were published or kept
    #[command(subcommand)]
    Events(events::Command),
    /// The register of consents
    #[command(subcommand)]
    Consents(consents::Command),
    /// The register of data subjects
    #[command(subcommand)]
    Subjects(subjects::Command),
    /// What happens by the clock
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// The templates of mails and pages
    #[command(subcommand)]
    Templates(templates::Command),
    /// Events as webhooks: the endpoints, and how they do
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// The controller's people, their tokens and notices
    #[command(subcommand)]
    Staff(staff::Command),
    /// The applications that send messages
    #[command(subcommand)]
    Source(source::Command),
    /// The key-encryption keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Ask a running worker whether it is ready; for containers
    Health,
}

/// The whole program: one command with this process's arguments, variables, streams, clock and randomness.
pub async fn program() -> ExitCode {
    log::quiet_panics();
    let console = Console {
        environment: Config::environment().collect(),
        input: &mut io::stdin(),
        output: &mut io::BufWriter::new(io::stdout()),
        errors: &mut io::stderr(),
        terminal: io::stderr().is_terminal(),
        clock: Clock::system(),
        randomness: Randomness::system(),
    };
    run(std::env::args_os(), console).await.into()
}

/// Runs one command.
pub async fn run(arguments: impl IntoIterator<Item = OsString>, mut console: Console<'_>) -> Exit {
    // the second call of a process changes nothing
    let _ = rustls::crypto::ring::default_provider().install_default();
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(told) => return tell(&told, &mut console),
    };
    let result = carry_out(parsed, &mut console).await;
    let (exit, text) = match result.and_then(|()| Ok(console.output.flush()?)) {
        Ok(()) | Err(Failure::Unread) => return Exit::Done,
        Err(failure) => failure.told(),
    };
    report(&mut console, &text);
    exit
}

/// What clap has to say: help and version go to standard output, mistakes to standard error.
fn tell(told: &clap::Error, console: &mut Console<'_>) -> Exit {
    let text = told.render().to_string();
    if told.use_stderr() {
        report(console, text.strip_prefix("error: ").unwrap_or(&text));
        return Exit::Wrong;
    }
    // whoever reads no further wants no more
    let _ = console.output.write_all(text.as_bytes());
    Exit::Done
}

fn report(console: &mut Console<'_>, text: &str) {
    // there is no other place to tell of it
    let _ = writeln!(console.errors, "error: {}", text.trim_end());
    let _ = console.errors.flush();
}

async fn carry_out(arguments: Arguments, console: &mut Console<'_>) -> Result<(), Failure> {
    let mut session = Session::new(arguments.config, console);
    let session = &mut session;
    match arguments.command {
        Command::Run => serve::run(session).await,
        Command::Demo { exit } => serve::demo(session, exit).await,
        Command::Check => check::check(session),
        Command::Schema(arguments) => schema::schema(session, &arguments),
        Command::Send(arguments) => send::send(session, arguments).await,
        Command::Parked(command) => parked::run(session, command).await,
        Command::Outbox(command) => outbox::run(session, command).await,
        Command::Events(command) => events::run(session, command).await,
        Command::Consents(command) => consents::run(session, command).await,
        Command::Subjects(command) => subjects::run(session, command).await,
        Command::Schedule(command) => schedule::run(session, command).await,
        Command::Templates(command) => templates::run(session, command),
        Command::Webhooks(command) => webhooks::run(session, command).await,
        Command::Staff(command) => staff::run(session, command).await,
        Command::Source(command) => source::run(session, &command),
        Command::Keys(command) => keys::run(session, command).await,
        Command::Health => health::health(session).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does() {
        fn visit(command: &clap::Command, path: &str) {
            for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
                let path = format!("{path} {}", sub.get_name());
                assert!(sub.get_about().is_some(), "{path}");
                for argument in sub.get_arguments() {
                    assert!(argument.get_help().is_some(), "{path}: {}", argument.get_id());
                }
                visit(sub, &path);
            }
        }
        visit(&Arguments::command(), "rescind");
    }
}

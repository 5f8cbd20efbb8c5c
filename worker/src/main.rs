//! The program: sets up what belongs to a process and hands over to the command line.

use rescind_worker::cli::{self, Console};
use rescind_worker::clock::{Clock, Randomness};
use rescind_worker::config::Config;
use rescind_worker::log;
use std::io;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    log::quiet_panics();
    let console = Console {
        environment: Config::environment().collect(),
        input: &mut io::stdin(),
        output: &mut io::BufWriter::new(io::stdout()),
        errors: &mut io::stderr(),
        clock: Clock::system(),
        randomness: Randomness::system(),
    };
    cli::run(std::env::args_os(), console).await.into()
}

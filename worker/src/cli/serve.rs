//! Glue: the commands that run the worker itself.

use super::failure::Failure;
use super::session::Session;

pub(super) async fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    start_log(&config.log)?;
    Err(Failure::failed("app::run is not there yet"))
}

pub(super) async fn demo(session: &mut Session<'_>, _exit: bool) -> Result<(), Failure> {
    let _ = session.config()?;
    Err(Failure::failed("demo::run is not there yet"))
}

fn start_log(config: &crate::config::Log) -> Result<(), Failure> {
    crate::log::start(config).map_err(|error| Failure::failed(error.to_string()))
}

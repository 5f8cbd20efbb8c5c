//! The log: pretty for people at a terminal, one JSON object a line for machines; always to standard error, because
//! standard output belongs to the commands.
//!
//! Rule: what libraries print of messages, mails and statements never gets in, whatever filter is configured.

use crate::config::{Log, LogFormat};
use std::io::{IsTerminal, Write};
use std::panic;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry};

/// Modules that print what passes through them, and the most they may say. The longest beginning counts.
const CAPPED: &[(&str, LevelFilter)] = &[
    // prints every value that it renders
    ("handlebars", LevelFilter::WARN),
    ("h2", LevelFilter::WARN),
    ("hyper", LevelFilter::WARN),
    ("lapin", LevelFilter::ERROR),
    // prints whole messages, at the level of a warning
    ("lapin::returned_messages", LevelFilter::OFF),
    ("lettre", LevelFilter::WARN),
    ("reqwest", LevelFilter::WARN),
    ("rustls", LevelFilter::WARN),
    ("sqlx", LevelFilter::WARN),
];

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter; it was checked with the configuration, so this is a fault of ours.
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// There is a log already.
    #[error("log: {0}")]
    Second(#[from] TryInitError),
}

/// Starts the log of this process.
///
/// # Errors
/// When there is one already.
pub fn start(config: &Log) -> Result<(), LogError> {
    let filter = EnvFilter::builder().parse(&config.filter)?;
    let pretty = match config.format {
        LogFormat::Pretty => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if pretty {
        lines.with_ansi(std::io::stderr().is_terminal()).boxed()
    } else {
        lines.json().flatten_event(true).with_current_span(false).boxed()
    };
    // per layer, and both must let it pass
    let lines = lines.with_filter(filter).with_filter(filter_fn(may_speak));
    tracing_subscriber::registry().with(lines).try_init()?;
    Ok(())
}

fn may_speak(event: &Metadata<'_>) -> bool {
    allowed(event.target(), *event.level())
}

fn allowed(target: &str, level: Level) -> bool {
    let within = |module: &str| {
        target.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', ':']))
    };
    let cap = CAPPED.iter().filter(|(module, _)| within(module)).max_by_key(|(module, _)| module.len());
    cap.is_none_or(|(_, most)| level <= *most)
}

/// From now on a panic is told by its place only: its text may quote what was processed.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "unknown place".to_owned(), ToString::to_string);
        if tracing::dispatcher::has_been_set() {
            tracing::error!(%place, "a part of the program panicked; what it worked on is not shown");
        } else {
            // where even standard error is gone there is nobody to tell
            let _ = writeln!(std::io::stderr(), "rescind: a part of the program panicked at {place}");
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prints_payloads_is_capped_whatever_the_filter() {
        assert!(allowed("rescind_worker::mail", Level::TRACE));
        assert!(allowed("sqlx::query", Level::WARN) && !allowed("sqlx::query", Level::INFO));
        assert!(!allowed("sqlx_core::query", Level::DEBUG));
        assert!(!allowed("hyper_util::client", Level::DEBUG));
        assert!(allowed("lapin::channels", Level::ERROR) && !allowed("lapin::channels", Level::WARN));
        assert!(!allowed("lapin::returned_messages", Level::ERROR));
        assert!(allowed("h2o", Level::TRACE), "another module");
        assert!(!allowed("lettre::transport::smtp", Level::TRACE));
    }
}

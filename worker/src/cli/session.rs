//! What a command works with: the console it was called at, and from it configuration and store.

use super::failure::Failure;
use super::output::Output;
use super::progress::Progress;
use crate::app::Opened;
use crate::clock::{Clock, Randomness};
use crate::config::{Config, Database};
use crate::staff_token;
use rescind_jobs::audit::Actor;
use rescind_jobs::policy::Role;
use std::io::{Read, Write};
use std::path::PathBuf;

/// Everything a command gets from outside.
pub struct Console<'a> {
    /// The environment's variables.
    pub environment: Vec<(String, String)>,
    /// Standard input.
    pub input: &'a mut (dyn Read + Send),
    /// Standard output.
    pub output: &'a mut (dyn Write + Send),
    /// Standard error.
    pub errors: &'a mut (dyn Write + Send),
    /// Standard error is a terminal, where people look on.
    pub terminal: bool,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub randomness: Randomness,
}

/// A command's view of its console.
pub(super) struct Session<'a> {
    config: Option<PathBuf>,
    environment: &'a [(String, String)],
    pub(super) input: &'a mut (dyn Read + Send),
    pub(super) out: Output<'a>,
    errors: &'a mut (dyn Write + Send),
    terminal: bool,
    pub(super) clock: Clock,
    pub(super) randomness: Randomness,
}

impl<'a> Session<'a> {
    pub(super) fn new(config: Option<PathBuf>, console: &'a mut Console<'_>) -> Self {
        Self {
            config,
            environment: &console.environment,
            input: &mut *console.input,
            out: Output::new(&mut *console.output),
            errors: &mut *console.errors,
            terminal: console.terminal,
            clock: console.clock.clone(),
            randomness: console.randomness.clone(),
        }
    }

    /// How far long work is; seen only where somebody looks on.
    pub(super) fn progress(&mut self, total: Option<u64>) -> Progress<'_> {
        Progress::new(self.terminal.then_some(&mut *self.errors), total)
    }

    /// Standard output, and how far it is written.
    pub(super) fn sink_and_progress(&mut self) -> (&mut (dyn Write + Send), Progress<'_>) {
        (self.out.sink(), Progress::new(self.terminal.then_some(&mut *self.errors), None))
    }

    /// The environment's variables.
    pub(super) const fn environment(&self) -> &'a [(String, String)] {
        self.environment
    }

    /// The configuration file, if one is named.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        let named =
            self.environment.iter().find(|(name, value)| name == "RESCIND_CONFIG" && !value.is_empty());
        self.config.clone().or_else(|| named.map(|(_, value)| value.into()))
    }

    /// The configuration.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.config_file().as_deref(), self.environment.iter().cloned())?)
    }

    /// The personal token of whoever calls, if one is set.
    pub(super) fn staff_token(&self) -> Result<Option<String>, Failure> {
        let variable = |wanted: &str| {
            let set = self.environment.iter().find(|(name, value)| name == wanted && !value.is_empty());
            set.map(|(_, value)| value.clone())
        };
        if let Some(token) = variable("RESCIND_STAFF_TOKEN") {
            return Ok(Some(token));
        }
        let Some(file) = variable("RESCIND_STAFF_TOKEN_FILE") else { return Ok(None) };
        std::fs::read_to_string(&file).map(Some).map_err(|error| {
            Failure::wrong(format!("RESCIND_STAFF_TOKEN_FILE: {file} cannot be read: {error}"))
        })
    }

    /// Who acts: a member of staff with this role, or the local operator of a machine without tokens.
    pub(super) async fn actor(&self, opened: &Opened, role: Role) -> Result<Actor, Failure> {
        Ok(staff_token::actor(opened, self.staff_token()?.as_deref(), role).await?)
    }

    /// Opens the store, and makes it where there is none yet.
    pub(super) async fn open(&self) -> Result<Opened, Failure> {
        Ok(Opened::open(self.config()?, self.clock.clone(), self.randomness.clone()).await?)
    }

    /// Opens the store to look something up; a mistyped folder is not made into an empty installation.
    pub(super) async fn open_existing(&self) -> Result<Opened, Failure> {
        let config = self.config()?;
        if let Database::Sqlite(path) = &config.store.database
            && !path.exists()
        {
            return Err(Failure::failed(format!(
                "there is no database at {}; nothing has run with this configuration yet",
                path.display()
            )));
        }
        Ok(Opened::open(config, self.clock.clone(), self.randomness.clone()).await?)
    }
}

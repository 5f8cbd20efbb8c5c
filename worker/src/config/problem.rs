//! What is wrong with a configuration, and where.
//!
//! Rule: an error names place, key, what was found and what is expected; the value of a secret, or of
//! anything that might hold one, never gets into it. All errors are collected and shown together, because
//! an operator who repairs one typo a restart soon stops reading them.

use std::fmt;
use std::path::PathBuf;

/// Where a value was given. The order is the order errors are shown in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The documented defaults that are part of the program.
    Defaults,
    /// A place in a file; line and column count from 1, the column in characters.
    File {
        /// The file as it was named to the program.
        path: PathBuf,
        /// Line, from 1; 0 where the file as a whole is meant.
        line: usize,
        /// Column in characters, from 1; 0 where the file as a whole is meant.
        column: usize,
    },
    /// An environment variable, by name.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => f.write_str("configuration"),
            Self::File { path, line: 0, .. } => write!(f, "{}", path.display()),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it was given; for a missing key, the place that demands it.
    pub place: Place,
    /// The key with its sections, such as `http.listen`; absent where the error concerns no single key.
    pub key: Option<String>,
    /// What stands there, in words; never the value of a secret.
    pub found: String,
    /// What would be right.
    pub expected: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, "\n  found:    {}\n  expected: {}", self.found, self.expected)
    }
}

/// Everything that is wrong with a configuration; never empty. Prints one block an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// The errors: those of the file in its order, then those of the environment.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Collects errors while a configuration is read.
#[derive(Default)]
pub(super) struct Problems(Vec<ConfigError>);

impl Problems {
    /// Notes an error of one key.
    pub(super) fn add(
        &mut self,
        place: &Place,
        key: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.push(place, Some(key.to_owned()), found.into(), expected.into());
    }

    /// Notes an error that concerns no single key, such as broken syntax.
    pub(super) fn add_general(
        &mut self,
        place: &Place,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.push(place, None, found.into(), expected.into());
    }

    fn push(&mut self, place: &Place, key: Option<String>, found: String, expected: String) {
        self.0.push(ConfigError { place: place.clone(), key, found, expected });
    }

    /// Whether an error of this key was noted: then it is not also called missing.
    pub(super) fn mention(&self, key: &str) -> bool {
        self.0.iter().any(|error| error.key.as_deref() == Some(key))
    }

    /// The value, if nothing was wrong; otherwise all errors, ordered by place.
    pub(super) fn settle<T>(mut self, value: Option<T>) -> Result<T, ConfigErrors> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                if self.0.is_empty() {
                    self.add_general(
                        &Place::Defaults,
                        "a value that was refused without a reason",
                        "a reason; please report this as a fault of the program",
                    );
                }
                self.0.sort_by(|a, b| a.place.cmp(&b.place));
                Err(ConfigErrors(self.0))
            }
        }
    }
}

/// A text for an error message: quoted, control characters escaped, cut to a line.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    if text.chars().count() <= SHOWN {
        return format!("{text:?}");
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start:?}… ({} characters)", text.chars().count())
}

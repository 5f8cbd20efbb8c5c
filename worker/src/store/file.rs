//! The file of an SQLite database. Removed or replaced while it is open, it takes everything that is written, and gives it
//! to nobody: SQLite does not notice. So each transaction looks whether the file that it writes to is still the one that
//! has the name.

use super::error::{Result, StoreError};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A database file, known by device and number.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    mark: (u64, u64),
}

impl DatabaseFile {
    /// The file that has this name now.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let mark = mark(path).ok_or_else(gone)?;
        Ok(Self { path: path.to_owned(), mark })
    }

    /// Whether it still has its name.
    ///
    /// # Errors
    /// When it was removed, or another has its name. Moved back, it is taken again.
    pub(super) fn is_there(&self) -> Result<()> {
        match mark(&self.path) {
            Some(mark) if mark == self.mark => Ok(()),
            Some(_) => Err(StoreError::Unavailable(
                "the database file was replaced; restart the worker, or move the file back".to_owned(),
            )),
            None => Err(gone()),
        }
    }
}

fn mark(path: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

fn gone() -> StoreError {
    StoreError::Unavailable(
        "the database file was removed; stop the worker, or move the file back".to_owned(),
    )
}

//! Which rows of the job table this process has in flight, told to the next one if this dies hard.
//!
//! A claimed row that brings the process down comes back by itself, and would bring it down again, unseen. So the ids
//! of a batch are noted in a small file before it is decided. It is not synced: it has to survive the process, not the
//! machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The notes of one runner.
#[derive(Debug)]
pub struct Flights {
    file: PathBuf,
}

impl Flights {
    /// Notes in `folder`, under the runner's name.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(folder: &Path, runner: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { file: folder.join(runner) })
    }

    /// Notes the rows of a batch.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn take_off(&self, rows: &[Uuid]) -> io::Result<()> {
        let text: Vec<String> = rows.iter().map(Uuid::to_string).collect();
        fs::write(&self.file, text.join("\n"))
    }

    /// Notes that the batch is done.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn land(&self) -> io::Result<()> {
        fs::write(&self.file, "")
    }

    /// What a process that died had in flight, from all notes in `folder`; the notes are cleared.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn survivors(folder: &Path) -> io::Result<Vec<Uuid>> {
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            found.extend(fs::read_to_string(&path)?.lines().filter_map(|l| Uuid::parse_str(l).ok()));
            fs::remove_file(&path)?;
        }
        Ok(found)
    }
}

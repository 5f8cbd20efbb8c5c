//! Mails as files in a Maildir, for a local delivery agent to pick up.
//!
//! Written in `tmp/`, made durable, renamed into `new/`. The name is the Message-ID's, so a repeat after a crash
//! replaces the file instead of adding one (unless a reader has already moved it to `cur/`).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::names::file_stem;
use super::{Delivery, Outgoing, Phase, Trouble, TroubleKind};
use crate::fault::{self, Point};

/// A Maildir to write into.
#[derive(Debug)]
pub struct Maildir {
    root: PathBuf,
}

impl Maildir {
    /// Opens the Maildir at `root`; what is missing of it is made, readable by the owner alone.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        for part in ["tmp", "new", "cur"] {
            make_folder(&root.join(part))?;
        }
        Ok(Self { root })
    }

    /// Writes the mails of `group`; see [`super::Transport::send`]. Trouble is always `Deferred`.
    pub async fn send(&self, group: Vec<Outgoing>) -> Vec<(Uuid, Delivery)> {
        let (tmp, new) = (self.root.join("tmp"), self.root.join("new"));
        store_group(group, tmp, new, "").await
    }
}

/// Writes a group through `tmp` into `folder`, each file named by its Message-ID and `extension`.
pub(super) async fn store_group(
    group: Vec<Outgoing>,
    tmp: PathBuf,
    folder: PathBuf,
    extension: &'static str,
) -> Vec<(Uuid, Delivery)> {
    let ids: Vec<Uuid> = group.iter().map(|mail| mail.id).collect();
    let deferred = Delivery::Deferred(Trouble::new(Phase::Store, TroubleKind::Storage));
    let written = tokio::task::spawn_blocking(move || {
        let written: Vec<bool> =
            group.iter().map(|mail| store_one(mail, &tmp, &folder, extension).is_ok()).collect();
        // The renames count only once the folder itself is durable: one call for the whole group.
        match File::open(&folder).and_then(|folder| folder.sync_all()) {
            Ok(()) => written,
            Err(_) => vec![false; written.len()],
        }
    })
    .await
    .unwrap_or_default();
    // A task that died wrote we know not what; writing it again does no harm.
    let outcome = |index: usize| match written.get(index) {
        Some(true) => Delivery::Sent,
        _ => deferred,
    };
    ids.into_iter().enumerate().map(|(index, id)| (id, outcome(index))).collect()
}

fn store_one(mail: &Outgoing, tmp: &Path, folder: &Path, extension: &str) -> io::Result<()> {
    let name = format!("{}{extension}", file_stem(&mail.message_id));
    let draft = tmp.join(&name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(&mail.bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, folder.join(&name))?;
    fault::at(Point::AfterMailFile);
    Ok(())
}

/// Makes a folder and those above it, readable by the owner alone; one that exists is left as it is.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

//! Who holds a worker's folder. Claims in the store name their holder; whoever finds the folder's lock free knows that
//! the one before it is dead, and takes up its claims without waiting for their leases.
//!
//! Rule: the name in the lock changes only once what stands under the old one is taken up. A worker that dies on the
//! way there leaves the old name to the next.

use crate::app::StartError;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Who this worker is to the outbox, and who was there before it on this folder.
pub(crate) struct Holder {
    /// This worker.
    pub(crate) id: Uuid,
    /// Dead, because its lock was free.
    pub(crate) previous: Option<Uuid>,
    /// Held as long as the worker lives; none if another worker of this folder lives.
    pub(crate) lock: Option<File>,
    path: PathBuf,
}

impl Holder {
    /// Takes the folder. On SQLite there is one worker a database (`alone`): a second one would take the first one's
    /// claims for a dead worker's. On PostgreSQL replicas may share a folder; then leases have to run out.
    pub(crate) fn of(data_dir: &Path, alone: bool, id: Uuid) -> Result<Self, StartError> {
        let path = data_dir.join("worker.lock");
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|source| trouble(&path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if !alone => {
                return Ok(Self { id, previous: None, lock: None, path });
            }
            Err(error) => return Err(trouble(&path, error.into())),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|source| trouble(&path, source))?;
        Ok(Self { id, previous: Uuid::parse_str(text.trim()).ok(), lock: Some(file), path })
    }

    /// Puts this worker's name into the lock, before it claims anything.
    pub(crate) fn sign(&mut self) -> Result<(), StartError> {
        let Some(file) = &mut self.lock else { return Ok(()) };
        let name = self.id.to_string();
        let length = u64::try_from(name.len()).unwrap_or(u64::MAX);
        // over the old name, which is as long: at no moment is there none
        let written = file.rewind().and_then(|()| file.write_all(name.as_bytes()));
        written.and_then(|()| file.set_len(length)).map_err(|source| trouble(&self.path, source))
    }
}

/// Whether a worker lives on this folder.
pub(crate) fn is_held(data_dir: &Path) -> bool {
    let file = File::open(data_dir.join("worker.lock"));
    // held for a moment only, and with others: a worker that starts in it would see a rival
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn trouble(path: &Path, source: std::io::Error) -> StartError {
    let what = format!("{} (is another worker running on this folder?)", path.display());
    StartError::Io { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn the_name_of_the_dead_stays_until_its_claims_are_taken_up() {
        let folder = std::env::temp_dir().join(format!("rescind-holder-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut first = Holder::of(&folder, true, id(1)).unwrap();
        assert_eq!(first.previous, None);
        first.sign().unwrap();
        assert!(Holder::of(&folder, true, id(2)).is_err(), "one at a time");
        assert!(Holder::of(&folder, false, id(2)).unwrap().lock.is_none());
        drop(first);
        // dies before it has taken up anything
        drop(Holder::of(&folder, true, id(2)).unwrap());
        let mut third = Holder::of(&folder, true, id(3)).unwrap();
        assert_eq!(third.previous, Some(id(1)));
        third.sign().unwrap();
        drop(third);
        assert_eq!(Holder::of(&folder, true, id(4)).unwrap().previous, Some(id(3)));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

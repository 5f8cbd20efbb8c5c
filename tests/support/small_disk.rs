//! A disk that a test can fill up: a small tmpfs, where the machine lets us mount one.

use crate::temp_folder::TempFolder;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system; unmounted on drop.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempFolder,
}

impl SmallDisk {
    /// Mounts one of so many MiB, which everybody may write to. `None` where mounting is not allowed; says so.
    #[allow(clippy::print_stderr, reason = "whoever reads the run has to know")]
    pub fn mount(mib: u32) -> Option<Self> {
        let folder = TempFolder::new("disk");
        let options = format!("size={mib}m,mode=0777");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            _ => {
                eprintln!("this machine lets nobody mount a small disk: the test fills up none");
                None
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut file = fs::File::options().create(true).append(true).open(self.filler()).expect("a file");
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Makes room again.
    pub fn clear(&self) {
        fs::remove_file(self.filler()).expect("the filler can be removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // lazily: what a failed test left open on it goes when its process does
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

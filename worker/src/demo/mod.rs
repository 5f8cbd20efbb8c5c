//! The demo: a whole worker on a folder of its own, and a story played on it from outside, over HTTP and through the
//! mailbox, as an app and a person would. Each step says what it saw; a step that sees something else fails.

mod story;

use crate::app::{Opened, StartError};
use crate::clock::{Clock, Randomness};
use crate::config::{Config, ConfigErrors};
use crate::worker::Worker;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Why the demo did not play to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Its configuration.
    #[error("{0}")]
    Config(ConfigErrors),
    /// Its worker.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its folder, or the terminal.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A step saw something else than it should.
    #[error("the step \"{step}\" failed: {why}")]
    Step {
        /// Which step.
        step: &'static str,
        /// What was seen.
        why: String,
    },
}

/// Plays the demo, and stays up until `until` ends, unless `exit` is set.
///
/// # Errors
/// The first step that failed, or why it could not start.
pub async fn run(
    out: &mut (dyn Write + Send),
    exit: bool,
    until: impl Future<Output = ()>,
) -> Result<(), DemoError> {
    let folder = Folder::new()?;
    let config = config(&folder.0)?;
    let opened = Opened::open(config, Clock::system(), Randomness::system()).await?;
    let worker = Worker::start(opened).await?;
    writeln!(
        out,
        "Rescind runs on this machine alone, with everything embedded, in {}.\n",
        folder.0.display()
    )?;
    let played = story::play(&worker, out).await;
    if played.is_ok() && !exit {
        let base = format!("http://{}", worker.http);
        writeln!(out, "\nIt stays up for you to look around; Ctrl-C ends it and removes its folder.")?;
        writeln!(out, "  {base}/dev/mailbox   every mail that left")?;
        writeln!(out, "  http://{}/metrics    what it counts", worker.ops)?;
        writeln!(out, "\nAsk for consent yourself:\n")?;
        writeln!(out, "{}", story::first_message(&base))?;
        out.flush()?;
        until.await;
    }
    let finished = worker.stop().await;
    played?;
    if finished {
        Ok(())
    } else {
        Err(DemoError::Step { step: "stop", why: "it did not stop in time".to_owned() })
    }
}

/// The usual addresses where they are free, any others where not.
fn config(folder: &Path) -> Result<Config, DemoError> {
    let listen = |usual: u16| {
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, usual));
        match TcpListener::bind(usual) {
            Ok(_) => usual.to_string(),
            Err(_) => "127.0.0.1:0".to_owned(),
        }
    };
    let settings = [
        ("RESCIND_DATA_DIR", folder.display().to_string()),
        ("RESCIND_HTTP__LISTEN", listen(8080)),
        ("RESCIND_OPS__LISTEN", listen(8081)),
    ];
    let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
    Config::load(None, settings).map_err(DemoError::Config)
}

/// Folders that killed demos may leave before somebody has to clean up.
const MOST_LEFT: u32 = 100;

/// A folder that is gone when the demo is over.
struct Folder(PathBuf);

impl Folder {
    /// A new one, for its owner alone. A demo that was killed leaves its own behind, and in a container the next one
    /// has the same process id.
    fn new() -> io::Result<Self> {
        for n in 1..=MOST_LEFT {
            let path = std::env::temp_dir().join(format!("rescind-demo-{}-{n}", std::process::id()));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "too many folders rescind-demo-… are left; remove them",
        ))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // what cannot be removed is the system's to clean up
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn what_a_killed_demo_left_is_not_used_again() {
        let left = Folder::new().expect("a folder");
        std::fs::write(left.0.join("rescind.db"), "old").expect("a file");
        let fresh = Folder::new().expect("another folder");
        assert_ne!(fresh.0, left.0);
        assert_eq!(std::fs::read_dir(&fresh.0).expect("a folder").count(), 0);
    }
}

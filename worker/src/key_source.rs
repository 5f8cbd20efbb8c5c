//! The key-encryption key: read from a file, a variable or a command, never from the database. A file is made on the
//! first start, readable by its owner alone.

use crate::clock::{NoRandomness, Randomness};
use crate::config::KeySource;
use rescind_jobs::protection::KeyEncryptionKey;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use zeroize::Zeroizing;

/// Why there is no key-encryption key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("keys.file {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("keys.file {0}: others may read or write it; run chmod 600 on it")]
    Open(PathBuf),
    /// The variable is not set.
    #[error("keys.env: the variable {0} is not set")]
    Env(String),
    /// The command failed.
    #[error("keys.command: {0} failed ({1})")]
    Command(String, String),
    /// What was read is not a key.
    #[error("{0}: expected 32 bytes in base64 (make one with: openssl rand -base64 32)")]
    Shape(String),
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// Reads the key.
///
/// # Errors
/// Says where it was looked for, and what is wrong; never the key.
pub fn read(source: &KeySource, randomness: &Randomness) -> Result<KeyEncryptionKey, KeyError> {
    match source {
        KeySource::File(path) => file(path, randomness),
        KeySource::Env(name) => {
            let text = Zeroizing::new(std::env::var(name).map_err(|_| KeyError::Env(name.clone()))?);
            decode(&text, || format!("keys.env {name}"))
        }
        KeySource::Command(command) => run(command),
    }
}

fn file(path: &Path, randomness: &Randomness) -> Result<KeyEncryptionKey, KeyError> {
    let wrong = |source| KeyError::File { path: path.to_owned(), source };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.mode() & 0o077 != 0 => return Err(KeyError::Open(path.to_owned())),
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => make(path, randomness)?,
        Err(e) => return Err(wrong(e)),
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(wrong)?);
    decode(&text, || format!("keys.file {}", path.display()))
}

/// Makes a key file; another process that makes it at the same time wins or loses as a whole.
fn make(path: &Path, randomness: &Randomness) -> Result<(), KeyError> {
    use rand::Rng;
    let wrong = |source| KeyError::File { path: path.to_owned(), source };
    let mut bytes = Zeroizing::new([0u8; 32]);
    randomness.generator()?.fill_bytes(&mut *bytes);
    let text = Zeroizing::new(data_encoding::BASE64.encode(&*bytes) + "\n");
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(wrong)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)?;
    // a link does not replace a file that came into being meanwhile
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(wrong)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(wrong(e)),
        _ => Ok(()),
    }
}

fn run(command: &[String]) -> Result<KeyEncryptionKey, KeyError> {
    let name = command.first().cloned().unwrap_or_default();
    let failed = |why: String| KeyError::Command(name.clone(), why);
    let output = Command::new(&name)
        .args(command.iter().skip(1))
        .output()
        .map_err(|e| failed(e.kind().to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    let text = Zeroizing::new(String::from_utf8(output.stdout).unwrap_or_default());
    decode(&text, || format!("keys.command {name}"))
}

fn decode(text: &str, place: impl Fn() -> String) -> Result<KeyEncryptionKey, KeyError> {
    let bytes = Zeroizing::new(
        data_encoding::BASE64.decode(text.trim().as_bytes()).map_err(|_| KeyError::Shape(place()))?,
    );
    let bytes = <[u8; 32]>::try_from(&bytes[..]).map_err(|_| KeyError::Shape(place()))?;
    Ok(KeyEncryptionKey::new(bytes))
}

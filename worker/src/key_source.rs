//! The key-encryption keys: read from a file, a variable or a command, never from the database. A file is made on the
//! first start, readable by its owner alone.
//!
//! Several keys may stand there, separated by white space, while one replaces another: the first wraps, the others
//! still open what they have wrapped. In a file, what follows a # on its line is a remark.

use crate::clock::{NoRandomness, Randomness};
use crate::config::KeySource;
use rescind_jobs::protection::{DataKey, KeyEncryptionKey, KeyId, KeyRing};
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
    /// More keys than anybody replaces at a time.
    #[error("{0}: expected at most {MOST} keys")]
    Many(String),
    /// The same key twice.
    #[error("{0}: the key {1} stands there twice")]
    Twice(String, KeyId),
    /// A key can be added to a file alone.
    #[error(
        "only a key file gets a new key by itself; give the new key first and the present one after it by {0}, \
         restart every worker, and run this again (docs/security.md)"
    )]
    NotAFile(&'static str),
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// Keys that may be given at a time.
const MOST: usize = 8;

/// Reads the keys.
///
/// # Errors
/// Says where they were looked for, and what is wrong; never a key.
pub fn read(source: &KeySource, randomness: &Randomness) -> Result<KeyRing, KeyError> {
    match source {
        KeySource::File(path) => file(path, randomness),
        KeySource::Env(name) => {
            let text = Zeroizing::new(std::env::var(name).map_err(|_| KeyError::Env(name.clone()))?);
            decode(&text, || format!("keys.env {name}"))
        }
        KeySource::Command(command) => run(command),
    }
}

/// Makes a new key and puts it before those of the key file; returns all of them.
///
/// # Errors
/// If the keys do not come from a file, or it cannot be written.
pub fn put_new_key_first(source: &KeySource, randomness: &Randomness) -> Result<KeyRing, KeyError> {
    let path = match source {
        KeySource::File(path) => path,
        KeySource::Env(_) => return Err(KeyError::NotAFile("keys.env")),
        KeySource::Command(_) => return Err(KeyError::NotAFile("keys.command")),
    };
    let wrong = |source| KeyError::File { path: path.to_owned(), source };
    file(path, randomness)?;
    let before = Zeroizing::new(std::fs::read_to_string(path).map_err(wrong)?);
    let text = Zeroizing::new(new_key(randomness)? + "\n" + &before);
    let draft = draft(path, &text)?;
    std::fs::rename(&draft, path).map_err(wrong)?;
    // a file whose name is not on the disk yet may be the old one after a loss of power
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrong)?;
    file(path, randomness)
}

/// What tells a key file from what it was: changes whenever it is written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(u64, i64, i64, u64);

/// The mark of the key file; none where the keys come from elsewhere or the file cannot be seen.
pub fn mark(source: &KeySource) -> Option<Mark> {
    let KeySource::File(path) = source else { return None };
    let metadata = std::fs::metadata(path).ok()?;
    Some(Mark(metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.len()))
}

fn file(path: &Path, randomness: &Randomness) -> Result<KeyRing, KeyError> {
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

fn new_key(randomness: &Randomness) -> Result<String, KeyError> {
    use rand::Rng;
    let mut bytes = Zeroizing::new([0u8; 32]);
    randomness.generator()?.fill_bytes(&mut *bytes);
    Ok(data_encoding::BASE64.encode(&*bytes))
}

/// Makes a key file; another process that makes it at the same time wins or loses as a whole.
fn make(path: &Path, randomness: &Randomness) -> Result<(), KeyError> {
    let wrong = |source| KeyError::File { path: path.to_owned(), source };
    let text = Zeroizing::new(new_key(randomness)? + "\n");
    let draft = draft(path, &text)?;
    // a link does not replace a file that came into being meanwhile
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(wrong)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(wrong(e)),
        _ => Ok(()),
    }
}

/// Writes what is to become a key file beside it.
fn draft(path: &Path, text: &str) -> Result<PathBuf, KeyError> {
    let wrong = |source| KeyError::File { path: path.to_owned(), source };
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(wrong)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)?;
    Ok(draft)
}

fn run(command: &[String]) -> Result<KeyRing, KeyError> {
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

fn decode(text: &str, place: impl Fn() -> String) -> Result<KeyRing, KeyError> {
    let mut keys: Vec<KeyEncryptionKey> = Vec::new();
    let words = text.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
    for word in words {
        let bytes = data_encoding::BASE64.decode(word.as_bytes()).map_err(|_| KeyError::Shape(place()))?;
        let bytes = Zeroizing::new(bytes);
        let bytes = <[u8; 32]>::try_from(&bytes[..]).map_err(|_| KeyError::Shape(place()))?;
        let key = KeyEncryptionKey::new(DataKey::new(bytes));
        if keys.iter().any(|known| known.id() == key.id()) {
            return Err(KeyError::Twice(place(), key.id()));
        }
        if keys.len() == MOST {
            return Err(KeyError::Many(place()));
        }
        keys.push(key);
    }
    let mut keys = keys.into_iter();
    let current = keys.next().ok_or_else(|| KeyError::Shape(place()))?;
    Ok(KeyRing::new(current, keys.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn ids(text: &str) -> Result<Vec<KeyId>, String> {
        decode(text, || "keys.env K".to_owned()).map(|ring| ring.ids().collect()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_first_key_wraps_and_the_others_open() {
        let (one, two) = (ids(ONE).expect("a key")[0], ids(TWO).expect("a key")[0]);
        assert_ne!(one, two);
        assert_eq!(ids(&format!("# made in May\n{ONE}  # old\n\n{TWO}\r\n")), Ok(vec![one, two]));
        assert_eq!(ids(&format!("{TWO} {ONE}")), Ok(vec![two, one]));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let secret = "c2VjcmV0";
        for wrong in ["", "# nothing", secret, "not base64!", &format!("{ONE} {secret}")] {
            let error = ids(wrong).expect_err(wrong);
            assert!(error.starts_with("keys.env K: expected 32 bytes") && !error.contains(secret), "{error}");
        }
        assert!(ids(&format!("{ONE} {ONE}")).expect_err("twice").contains("twice"));
        let many: Vec<_> = (0..9).map(|n| data_encoding::BASE64.encode(&[n; 32])).collect();
        assert!(ids(&many.join("\n")).expect_err("nine").contains("at most 8"));
    }

    #[test]
    fn a_new_key_is_put_before_the_others() {
        let folder = std::env::temp_dir().join(format!("rescind-keys-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let source = KeySource::File(folder.join("rescind.key"));
        let randomness = Randomness::seeded(5);
        let first = read(&source, &randomness).expect("it is made").current();
        let marked = mark(&source);
        let ring = put_new_key_first(&source, &randomness).expect("it is added");
        assert_eq!(ring.ids().nth(1), Some(first));
        assert_eq!(read(&source, &randomness).expect("two").current(), ring.current());
        assert_ne!(mark(&source), marked, "a change is seen");
        let mode = std::fs::metadata(folder.join("rescind.key")).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 1, "no draft is left");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}

//! The policy's files: a file, a folder of `*.toml`, or the example that is built in. Read once, at start and by
//! `rescind check`, so plain blocking reads do; every size is bounded, because a mistyped path may be anything.

use rescind_jobs::policy::file::{Loaded, PolicyErrors, PolicyFile, load};
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// The policy used where none is configured.
pub const EXAMPLE: &str = include_str!("../../config/policy/example.toml");

/// The most a file of the policy may hold, in bytes.
const LARGEST_FILE: u64 = 1 << 20;
/// The most a document may hold, in bytes: it travels with every mail of its purpose.
const LARGEST_DOCUMENT: u64 = 10 << 20;
/// The most files a folder may have.
const MOST_FILES: usize = 100;

/// Why there is no policy. Paths and texts in it are the operator's own.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFilesError {
    /// A file or folder cannot be read.
    #[error("policy {path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds no file of the policy.
    #[error("policy {0}: the folder has no *.toml file")]
    Empty(PathBuf),
    /// The folder holds more files than a policy needs.
    #[error("policy {0}: the folder has more than {MOST_FILES} *.toml files")]
    TooMany(PathBuf),
    /// The files were read, but what they say does not hold.
    #[error("policy {path}:\n{errors}")]
    Invalid {
        /// The file or folder, or `(built-in example)`.
        path: PathBuf,
        /// Every problem.
        errors: PolicyErrors,
    },
}

/// Reads and checks the policy at `path`, a file or a folder; none: the built-in example. `known_types` are the
/// message types that may be sent.
///
/// # Errors
/// Says which file cannot be read, or everything that is wrong with the policy.
pub fn load_policy(path: Option<&Path>, known_types: &[&str]) -> Result<Loaded, PolicyFilesError> {
    let Some(path) = path else {
        let files = [PolicyFile { name: "example.toml".into(), text: EXAMPLE.into() }];
        let none = |_: &str| Err("the built-in example has no documents".to_owned());
        return load(&files, &none, known_types).map_err(|errors| PolicyFilesError::Invalid {
            path: PathBuf::from("(built-in example)"),
            errors,
        });
    };
    let (folder, names) = names(path)?;
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let file = folder.join(&name);
        let text = bounded(&file, LARGEST_FILE)
            .and_then(|bytes| {
                String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
            })
            .map_err(|source| PolicyFilesError::Unreadable { path: file, source })?;
        files.push(PolicyFile { name, text });
    }
    let documents = |document: &str| read_document(&folder, document);
    load(&files, &documents, known_types)
        .map_err(|errors| PolicyFilesError::Invalid { path: path.to_owned(), errors })
}

/// The folder of the policy and the names of its files, in order.
fn names(path: &Path) -> Result<(PathBuf, Vec<String>), PolicyFilesError> {
    let unreadable = |source| PolicyFilesError::Unreadable { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| unreadable(io::Error::other("the file's name is not UTF-8")))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        return Ok((folder.unwrap_or(Path::new(".")).to_owned(), vec![name.to_owned()]));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let Some(name) = name.to_str() else {
            return Err(unreadable(io::Error::other("a file's name is not UTF-8")));
        };
        // follows links: orchestrators mount configuration as links; hidden files are editors' and theirs
        let wanted = name.ends_with(".toml") && !name.starts_with('.');
        if wanted && fs::metadata(path.join(name)).map_err(unreadable)?.is_file() {
            names.push(name.to_owned());
        }
        if names.len() > MOST_FILES {
            return Err(PolicyFilesError::TooMany(path.to_owned()));
        }
    }
    if names.is_empty() {
        return Err(PolicyFilesError::Empty(path.to_owned()));
    }
    names.sort();
    Ok((path.to_owned(), names))
}

/// A document from inside `folder`; its path was written in the policy.
fn read_document(folder: &Path, document: &str) -> Result<Vec<u8>, String> {
    let path = Path::new(document);
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err("it lies outside the policy's folder".into());
    }
    bounded(&folder.join(path), LARGEST_DOCUMENT).map_err(|error| error.to_string())
}

/// The bytes of a plain file of at most `most` bytes.
fn bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // asked before opening: opening a pipe would wait for a writer
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {most} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: [&str; 3] = ["consent.request.v1", "subject.upsert.v1", "sweep.run.v1"];

    /// A folder of its own, gone when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("rescind-policy-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            fs::write(self.0.join(name), bytes).expect("a file");
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // best effort: a leftover in the temporary folder harms nobody
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_built_in_example_holds() {
        let loaded = load_policy(None, &TYPES).expect("example");
        assert!(loaded.warnings.is_empty() && loaded.policy.contents.contains_key("newsletter"));
    }

    #[test]
    fn a_folder_is_read_in_name_order_and_a_file_alone() {
        let folder = Folder::new("order");
        folder.write("b.toml", EXAMPLE.as_bytes());
        folder.write("a.toml", b"[sources.shop]\namqp_user = \"shop\"\ntypes = [\"consent.*\"]\n");
        folder.write(".hidden.toml", b"not toml");
        folder.write("notes.txt", b"not toml");
        let both = load_policy(Some(&folder.0), &TYPES).expect("folder").policy;
        assert!(both.sources.contains_key("shop"));
        let alone = load_policy(Some(&folder.0.join("b.toml")), &TYPES).expect("file").policy;
        assert!(alone.sources.is_empty());
        assert_ne!(both.hash, alone.hash);
    }

    #[test]
    fn documents_come_from_the_folder_only() {
        let folder = Folder::new("documents");
        folder.write("policy.toml", EXAMPLE.replace("# regulation =", "regulation =").as_bytes());
        let error = load_policy(Some(&folder.0), &TYPES).expect_err("no such document").to_string();
        assert!(error.contains("contents.newsletter.versions[0].regulation"), "{error}");
        folder.write("newsletter-rules.pdf", b"%PDF");
        let policy = load_policy(Some(&folder.0), &TYPES).expect("document").policy;
        let regulation = policy.contents["newsletter"].versions[0].regulation.as_ref();
        assert_eq!(regulation.map(|d| d.filename.as_str()), Some("newsletter-rules.pdf"));
        for outside in ["../policy.toml", "/etc/hostname", ""] {
            assert!(read_document(&folder.0, outside).is_err(), "{outside}");
        }
    }

    #[test]
    fn what_is_too_large_absent_or_empty_is_refused() {
        let folder = Folder::new("size");
        assert!(matches!(load_policy(Some(&folder.0), &TYPES), Err(PolicyFilesError::Empty(_))));
        let absent = load_policy(Some(&folder.0.join("x.toml")), &TYPES);
        assert!(matches!(absent, Err(PolicyFilesError::Unreadable { .. })));
        folder.write("large.toml", &vec![b'#'; (1 << 20) + 1]);
        let large = load_policy(Some(&folder.0), &TYPES).expect_err("large").to_string();
        assert!(large.contains("large.toml: larger than 1048576 bytes"), "{large}");
    }
}

//! The hash of a policy: by it a decision can be shown to have fallen under these very rules.

use super::PolicyFile;
use crate::policy::Document;
use sha2::{Digest, Sha256};

/// SHA-256 over names, texts and documents in order, each with its length, so that nothing can shift from one to
/// the next unseen.
pub(super) fn of<'d>(
    files: &[PolicyFile],
    documents: impl Iterator<Item = (&'d str, &'d Document)>,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    add(&(files.len() as u64).to_be_bytes());
    for file in files {
        add(file.name.as_bytes());
        add(file.text.as_bytes());
    }
    for (path, document) in documents {
        add(path.as_bytes());
        add(&document.bytes);
    }
    hash.finalize().into()
}

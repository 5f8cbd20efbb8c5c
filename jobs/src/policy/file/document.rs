//! Documents that the policy names: read once each, from inside the policy's folder only.

use super::reader::quoted;
use crate::policy::Document;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// File endings that a document may have, with their media types: what any reader opens without a second thought.
const MEDIA_TYPES: [(&str, &str); 4] = [
    ("pdf", "application/pdf"),
    ("txt", "text/plain; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("odt", "application/vnd.oasis.opendocument.text"),
];

type Answer = Result<Document, (String, String)>;

/// The documents asked for so far.
pub(super) struct Documents<'a> {
    fetch: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
    read: BTreeMap<String, Answer>,
}

impl<'a> Documents<'a> {
    pub(super) fn new(fetch: &'a dyn Fn(&str) -> Result<Vec<u8>, String>) -> Self {
        Self { fetch, read: BTreeMap::new() }
    }

    /// The document at `path`, or what was found and what is expected.
    pub(super) fn get(&mut self, path: &str) -> Answer {
        let fetch = self.fetch;
        self.read.entry(path.to_owned()).or_insert_with(|| open(path, fetch)).clone()
    }

    /// The documents read, by path.
    pub(super) fn read(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.read.iter().filter_map(|(path, answer)| Some((path.as_str(), answer.as_ref().ok()?)))
    }
}

fn open(path: &str, fetch: &dyn Fn(&str) -> Result<Vec<u8>, String>) -> Answer {
    let inside = !path.is_empty()
        && !path.contains(['\\', ':'])
        && !path.chars().any(char::is_control)
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !inside {
        return Err((
            quoted(path),
            "a path inside the policy's folder, such as `documents/terms.pdf`".into(),
        ));
    }
    let filename = path.rsplit('/').next().unwrap_or(path);
    let ending = filename.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let Some((_, media_type)) = MEDIA_TYPES.iter().find(|(known, _)| Some(*known) == ending.as_deref())
    else {
        let known: Vec<&str> = MEDIA_TYPES.iter().map(|(known, _)| *known).collect();
        return Err((quoted(path), format!("a file that ends in one of: .{}", known.join(", ."))));
    };
    let bytes = fetch(path).map_err(|why| (quoted(path), format!("a document that can be read ({why})")))?;
    if bytes.is_empty() {
        return Err((quoted(path), "a document that is not empty".into()));
    }
    Ok(Document {
        filename: filename.to_owned(),
        media_type: (*media_type).to_owned(),
        sha256: Sha256::digest(&bytes).into(),
        bytes: Arc::from(bytes),
    })
}

//! Laying layers over each other, and secrets from files.
//!
//! Rule: keys that are alternatives (a secret and its `…_file`, the three sources of the key) are given once
//! a layer; a layer that gives one of them replaces whichever the layer below gave.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::layer::Layer;
use super::problem::{Place, Problems};
use super::schema::Catalogue;
use super::value::{self, Given, Value};

/// Lays `upper` over `lower`.
pub(super) fn lay_over(lower: &mut Layer, upper: Layer, catalogue: &Catalogue, problems: &mut Problems) {
    for group in alternatives(catalogue) {
        let given: Vec<(&String, &Given)> =
            group.iter().filter_map(|path| upper.get_key_value(path.as_str())).collect();
        if given.len() > 1 {
            let (_, first) = given[0];
            for (path, again) in &given[1..] {
                problems.add(
                    &again.place,
                    path,
                    format!("also {} ({})", given[0].0, first.place),
                    format!("only one of {}", group.join(", ")),
                );
            }
        }
        if !given.is_empty() {
            lower.retain(|path, _| !group.contains(path));
        }
    }
    lower.extend(upper);
}

fn alternatives(catalogue: &Catalogue) -> Vec<Vec<String>> {
    let sources = ["keys.file", "keys.env", "keys.command"].map(str::to_owned).to_vec();
    catalogue
        .iter()
        .filter(|key| key.secret)
        .map(|key| vec![key.path.clone(), key.twin()])
        .chain([sources])
        .collect()
}

/// Puts the content of each `…_file` of a secret in the place of the secret.
pub(super) fn fetch_secrets(layer: &mut Layer, catalogue: &Catalogue, problems: &mut Problems) {
    for key in catalogue.iter().filter(|key| key.secret) {
        let twin = key.twin();
        // Both are there only if giving both was reported; then the file decides nothing.
        let Some(Given { value: Value::Text(path), place }) = layer.remove(&twin) else { continue };
        match read_secret(Path::new(&path)) {
            Ok(text) => match value::check(key, &text) {
                Ok(value) => {
                    layer.insert(key.path.clone(), Given { value, place });
                }
                Err(expected) => problems.add(
                    &place,
                    &twin,
                    format!("the file {path:?} with something else"),
                    format!("{expected} (its content is not shown)"),
                ),
            },
            Err(reason) => problems.add(
                &place,
                &twin,
                format!("the file {path:?}, which cannot be used: {reason}"),
                format!("a readable text file that holds {}", key.path),
            ),
        }
    }
}

/// Text of a file without the newline at its end.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, String> {
    const LIMIT: u64 = 64 * 1024;
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).map_err(|error| error.to_string())?;
    // A pipe or device by mistake must not be read for ever.
    let length = file.take(LIMIT + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if length as u64 > LIMIT {
        return Err(format!("more than {LIMIT} bytes"));
    }
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

/// Reads the configuration file.
pub(super) fn read_document(path: &Path, problems: &mut Problems) -> Option<Zeroizing<String>> {
    const LIMIT: u64 = 1024 * 1024;
    let whole = Place::File { path: path.to_owned(), line: 0, column: 0 };
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => problems.add_general(
            &whole,
            format!("a file that cannot be read: {error}"),
            "a readable TOML file",
        ),
        Ok(length) if length as u64 > LIMIT => {
            problems.add_general(&whole, "a file of more than 1 MiB", "a configuration file");
        }
        Ok(_) => match std::str::from_utf8(&bytes) {
            Ok(text) => return Some(Zeroizing::new(text.to_owned())),
            Err(error) => {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.split(|byte| *byte == b'\n').count();
                let column = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                let column = String::from_utf8_lossy(column).chars().count() + 1;
                let place = Place::File { path: path.to_owned(), line, column };
                problems.add_general(&place, "bytes that are not UTF-8", "a TOML file in UTF-8");
            }
        },
    }
    None
}

//! The configuration as a whole: layers, mistakes with their places, and that its documents agree.

mod documents;
mod layers;
mod mistakes;
mod secrets;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Config, ConfigErrors};

/// A folder for the files of one test, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rescind-config-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left over in the temporary one harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn environment(variables: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let owned: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    owned.into_iter()
}

/// Loads a document and variables; errors come with the file named `f.toml`.
fn load(document: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let folder = Folder::new();
    let path = folder.file("f.toml", document);
    Config::load(Some(&path), environment(variables))
}

/// The errors as a reader sees them, the folder of the file cut away.
fn errors(document: &str, variables: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    let path = folder.file("f.toml", document);
    let errors = Config::load(Some(&path), environment(variables)).expect_err("errors");
    without(&folder.0, &errors)
}

fn without(folder: &Path, errors: &ConfigErrors) -> String {
    errors.to_string().replace(&format!("{}/", folder.display()), "")
}

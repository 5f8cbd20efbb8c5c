//! Where template files come from: embedded in the program, and overridden by the operator's folder.
//!
//! Rule: an operator's file counts only under the exact path of a shipped one. A path that does not exist is an
//! error, because a misspelt override that is silently ignored would send the wrong text to people.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::RenderError;

static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../templates");

/// The most an operator's file may hold, in bytes.
const SIZE_LIMIT: u64 = 1 << 20;

/// How deep template files lie at most: `emails/confirm_consent/text.hbs`.
const DEPTH: usize = 3;

/// One file of the templates folder.
pub(super) struct Source {
    /// As embedded in the program.
    pub(super) shipped: &'static str,
    /// As found in the operator's folder.
    pub(super) own: Option<String>,
}

impl Source {
    /// The text that counts: the operator's, if there is one.
    pub(super) fn text(&self) -> &str {
        self.own.as_deref().unwrap_or(self.shipped)
    }
}

/// All files by their path relative to the templates folder, with `/` between the parts.
pub(super) type Sources = BTreeMap<String, Source>;

/// The shipped files, with those of `overrides` laid over them.
pub(super) fn read(overrides: Option<&Path>) -> Result<Sources, RenderError> {
    let mut sources = Sources::new();
    shipped(&SHIPPED, &mut sources);
    if let Some(folder) = overrides {
        own(folder, "", DEPTH, &mut sources)?;
    }
    Ok(sources)
}

fn shipped(dir: &'static Dir<'static>, sources: &mut Sources) {
    for file in dir.files() {
        // A path that is not text cannot come out of our own repository; a file that is not, fails the tests.
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            sources.insert(path.replace('\\', "/"), Source { shipped: text, own: None });
        }
    }
    dir.dirs().for_each(|dir| shipped(dir, sources));
}

fn own(folder: &Path, prefix: &str, depth: usize, sources: &mut Sources) -> Result<(), RenderError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| RenderError::Unreadable { path, source }
    };
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default().into_owned();
        // Mounted folders (Kubernetes) and version control keep their own dot files beside ours.
        if name.starts_with('.') {
            continue;
        }
        let file = format!("{prefix}{name}");
        // Follows symbolic links: mounted configuration is made of them. The depth ends a loop.
        let kind = fs::metadata(&path).map_err(unreadable(&path))?;
        if kind.is_dir() {
            if depth <= 1 {
                return Err(RenderError::UnknownFile { file });
            }
            own(&path, &format!("{file}/"), depth - 1, sources)?;
            continue;
        }
        let Some(source) = sources.get_mut(&file) else {
            return Err(RenderError::UnknownFile { file });
        };
        if kind.len() > SIZE_LIMIT {
            return Err(RenderError::TooLarge { file, limit: SIZE_LIMIT });
        }
        source.own = Some(fs::read_to_string(&path).map_err(unreadable(&path))?);
    }
    Ok(())
}

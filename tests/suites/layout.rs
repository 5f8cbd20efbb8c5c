//! The shape of the repository: what lies where, how long a file may get, what no file may contain.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a reader finds at the top, as ARCHITECTURE.md describes it.
const TOP: &[&str] = &[
    ".ci/run",
    ".config/nextest.toml",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE",
    "clippy.toml",
    "compose.yaml",
    "config",
    "docs",
    "jobs",
    "rustfmt.toml",
    "scripts/test",
    "tests",
    "worker",
];

/// Longer than this, a file holds more than one thing.
const MOST_LINES: usize = 500;

/// Folders of somebody's own machine. Written so that this file does not contain what it looks for.
const FORBIDDEN: &[&str] = &[concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every file that git tracks or would track, relative to the root.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        // A container's checkout may belong to another user; reading its list of files is harmless.
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("file names are UTF-8");
    let files: Vec<_> = names.split_terminator('\0').map(PathBuf::from).collect();
    assert!(!files.is_empty(), "git lists no file");
    files.into_iter().filter(|file| root().join(file).is_file()).collect()
}

/// The files that are text, with their contents.
fn texts() -> impl Iterator<Item = (PathBuf, String)> {
    files().into_iter().filter_map(|file| {
        let bytes = std::fs::read(root().join(&file)).expect("a listed file can be read");
        String::from_utf8(bytes).ok().map(|text| (file, text))
    })
}

#[test]
fn everything_has_its_place() {
    let missing: Vec<_> = TOP.iter().filter(|name| !root().join(name).exists()).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<_> = texts()
        .filter(|(file, _)| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|(file, text)| (text.lines().count(), file))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {long:?}");
}

#[test]
fn no_text_names_a_folder_of_somebodys_machine() {
    let found: Vec<_> = texts()
        .flat_map(|(file, text)| {
            let lines: Vec<_> = text
                .lines()
                .enumerate()
                .filter(|(_, line)| FORBIDDEN.iter().any(|word| line.contains(word)))
                .map(|(index, line)| format!("{}:{}: {}", file.display(), index + 1, line.trim()))
                .collect();
            lines
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_source_file_says_it_is_unfinished() {
    // Joined here for the same reason as above.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX:")];
    let found: Vec<_> = texts()
        .filter(|(file, _)| file.extension().is_some_and(|extension| extension == "rs"))
        .filter(|(_, text)| marks.iter().any(|mark| text.contains(mark)))
        .map(|(file, _)| file)
        .collect();
    assert!(found.is_empty(), "unfinished work belongs into an issue: {found:?}");
}

//! `config/schemas/` says what the program says.

use crate::layout::root;
use rescind_worker::schemas;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The files below a folder, relative to it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder).expect("below it").to_owned());
            }
        }
    }
    found
}

#[test]
fn the_schemas_in_the_repository_are_current() {
    let folder = root().join("config/schemas");
    if std::env::var_os("RESCIND_UPDATE_SNAPSHOTS").is_some() {
        // what was here before may describe what is no longer there
        let _ = fs::remove_dir_all(&folder);
        for file in schemas::all() {
            let path = folder.join(file.path());
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, file.text()).expect("written");
        }
    }
    let all = schemas::all();
    let expected: BTreeSet<PathBuf> = all.iter().map(|file| PathBuf::from(file.path())).collect();
    assert_eq!(files(&folder), expected, "set RESCIND_UPDATE_SNAPSHOTS=1 and look at the difference");
    for file in all {
        let recorded = fs::read_to_string(folder.join(file.path())).expect("readable");
        assert!(
            recorded == file.text(),
            "{} has changed; set RESCIND_UPDATE_SNAPSHOTS=1 and look at the difference",
            file.path()
        );
    }
}

//! The points themselves: each is somewhere in the worker, and in the hands of tests alone.

use crate::layout::root;
use rescind_tests::fault::{Death, VARIABLE};
use rescind_tests::program;
use rescind_worker::fault::Point;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

/// Every source file of the worker in one text, but the one that declares the points.
fn worker() -> String {
    fn read(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, text);
            } else if path.file_name().unwrap() != "fault.rs" {
                text.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    read(&root().join("worker/src"), &mut text);
    text
}

#[test]
fn every_point_is_passed_somewhere() {
    let worker = worker();
    let places = |point: Point| worker.matches(&format!("Point::{point:?})")).count();
    let nowhere: Vec<_> = Point::ALL.iter().filter(|point| places(**point) == 0).collect();
    assert!(nowhere.is_empty(), "declared in worker/src/fault.rs, and passed nowhere: {nowhere:?}");
}

#[test]
fn points_are_named_once() {
    for point in Point::ALL {
        assert_eq!(Point::named(point.name()), Some(*point), "two points share a name");
    }
}

#[test]
fn the_ordinary_program_cannot_be_told_to_die() {
    let run = |program: std::path::PathBuf| {
        let folder = rescind_tests::temp_folder::TempFolder::new("ordinary");
        let settings = program::settings(&folder.path().join("data"), "sqlite:rescind.db");
        Command::new(program)
            .args(["demo", "--exit"])
            .envs(settings.iter().map(|(name, value)| (*name, value.as_str())))
            .env(VARIABLE, Death::anywhere(1).to_string())
            .output()
            .unwrap()
            .status
    };
    assert!(run(program::path()).success(), "it knows nothing of the variable");
    assert_eq!(run(program::faulty()).signal(), Some(6), "the other one aborts at its first point");
}

//! The embedded file, the schema and the documentation name the same keys.

use super::super::layer;
use super::super::problem::Problems;
use super::super::schema::{Catalogue, Key, Kind};
use super::super::*;
use super::load;

const MANUAL: &str = include_str!("../../../../docs/configuration.md");

/// The default file with the settings in it that are off by default.
fn everything() -> String {
    let is_setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
    DEFAULT_FILE
        .lines()
        .map(|line| if is_setting(line) { line.trim_start_matches('#') } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_default_file_has_every_key_valid_even_where_off() {
    let catalogue = Catalogue::new();
    let mut problems = Problems::default();
    let layer = layer::read_file(&everything(), Path::new("rescind.toml"), &catalogue, &mut problems);
    problems.settle(Some(())).expect("a default file without mistakes");
    for key in catalogue.iter() {
        assert!(layer.contains_key(&key.path), "config/rescind.toml lacks {}", key.path);
    }
}

#[test]
fn the_default_file_names_every_variable_and_range() {
    let text = DEFAULT_FILE.replace("\n# ", " ");
    for key in Catalogue::new().iter() {
        let variable = format!("[{}]", key.variable());
        assert_eq!(text.matches(&variable).count(), 1, "config/rescind.toml and {variable}");
        if let Kind::Whole { minimum, maximum } = key.kind {
            let before = text.split(&variable).next().and_then(|text| text.lines().next_back());
            let range = format!("{minimum} to {maximum}");
            assert!(before.is_some_and(|line| line.contains(&range)), "{}: {range}", key.path);
        }
    }
}

/// The row of the manual about a key.
fn row(key: &Key) -> &'static str {
    let start = format!("| `{}` | `{}` |", key.path, key.variable());
    let mut rows = MANUAL.lines().filter(|line| line.starts_with(&start));
    let row = rows.next().unwrap_or_else(|| panic!("docs/configuration.md lacks {start}"));
    assert_eq!(rows.next(), None, "docs/configuration.md has {start} twice");
    row
}

#[test]
fn the_manual_has_every_key_with_variable_default_and_range() {
    let catalogue = Catalogue::new();
    let defaults = layer::defaults(&catalogue);
    for key in catalogue.iter() {
        let row = row(key);
        let shown = row.split('|').nth(3).unwrap_or_default().trim().trim_matches('`');
        match defaults.get(&key.path).map(|given| &given.value) {
            Some(Value::Text(text)) => assert_eq!(shown, text, "{}", key.path),
            Some(Value::Whole(number)) => assert_eq!(shown, number.to_string(), "{}", key.path),
            Some(Value::List(_)) => assert_eq!(shown, "none", "{}", key.path),
            None => (),
        }
        if let Kind::Whole { minimum, maximum } = key.kind {
            assert!(row.contains(&format!("{minimum} to {maximum}")), "{row}");
        }
        assert_eq!(row.contains("**Secret.**"), key.secret, "{row}");
    }
}

#[test]
fn the_manual_names_no_key_that_does_not_exist() {
    let catalogue = Catalogue::new();
    let rows = MANUAL.lines().filter(|line| line.contains("| `RESCIND_"));
    assert_eq!(rows.count(), catalogue.iter().count());
}

#[test]
fn the_examples_of_the_manual_are_valid_apart_from_their_secret_files() {
    let examples: Vec<&str> =
        MANUAL.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        if let Err(errors) = load(example, &[]) {
            assert!(errors.iter().all(|error| error.found.contains("/run/secrets/")), "{errors}");
        }
    }
}

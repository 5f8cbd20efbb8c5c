//! `docs/features.md` promises nothing that no test shows.

use crate::layout::root;
use std::collections::BTreeSet;

/// One row of the table.
struct Row {
    line: usize,
    ids: Vec<String>,
    capability: String,
    tests: Vec<String>,
}

/// The rows of the table whose header is `| id | capability | tests |`; a page may hold several such tables.
fn rows(page: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut inside = false;
    for (index, line) in page.lines().enumerate() {
        let Some(cells) = cells(line) else {
            inside = false;
            continue;
        };
        let is_rule = cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':')));
        match cells.as_slice() {
            [id, capability, tests] if (*id, *capability, *tests) == ("id", "capability", "tests") => {
                inside = true
            }
            [ids, capability, tests] if inside && !is_rule => rows.push(Row {
                line: index + 1,
                ids: ids.split_whitespace().map(str::to_owned).collect(),
                capability: (*capability).to_owned(),
                tests: quoted(tests),
            }),
            _ => assert!(!inside || is_rule, "line {}: a row has three columns", index + 1),
        }
    }
    rows
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A letter from A to N and a number that does not begin with 0.
fn is_requirement(id: &str) -> bool {
    let mut characters = id.chars();
    characters.next().is_some_and(|letter| ('A'..='N').contains(&letter))
        && characters.as_str().parse::<u32>().is_ok_and(|n| n > 0 && id.len() == 1 + n.to_string().len())
}

/// Why `reference` (`path/to/file.rs::test_name`, modules in between allowed) names no test, if it does not.
fn flaw(reference: &str) -> Option<String> {
    let Some((file, path)) = reference.split_once("::") else {
        return Some(format!("`{reference}` is not of the form path/to/file.rs::test_name"));
    };
    let name = path.rsplit("::").next().unwrap_or(path);
    let Ok(source) = std::fs::read_to_string(root().join(file)) else {
        return Some(format!("`{reference}`: there is no file {file}"));
    };
    // The function is looked for without its attribute: a suite may declare its tests by a macro.
    (!source.contains(&format!("fn {name}(")))
        .then(|| format!("`{reference}`: no test of that name in {file}"))
}

#[test]
fn every_capability_has_tests_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/features.md")).expect("docs/features.md is there");
    let rows = rows(&page);
    assert!(!rows.is_empty(), "docs/features.md holds no table | id | capability | tests |");
    let mut flaws = Vec::new();
    let mut seen = BTreeSet::new();
    for row in &rows {
        let mut flag = |text: String| flaws.push(format!("docs/features.md:{}: {text}", row.line));
        if row.ids.is_empty() || row.capability.is_empty() || row.tests.is_empty() {
            flag("id, capability and tests must be filled".to_owned());
        }
        if !seen.insert(&row.capability) {
            flag("the same capability twice".to_owned());
        }
        for id in row.ids.iter().filter(|id| !is_requirement(id)) {
            flag(format!("`{id}` is not the id of a requirement"));
        }
        row.tests.iter().filter_map(|test| flaw(test)).for_each(&mut flag);
    }
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

/// The page on security names tests in the same way.
#[test]
fn every_protection_names_tests_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).expect("docs/security.md is there");
    let named: Vec<_> = quoted(&page).into_iter().filter(|text| text.contains(".rs::")).collect();
    assert!(named.len() > 20, "the table of points names tests");
    let flaws: Vec<_> = named.iter().filter_map(|test| flaw(test)).collect();
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

#[test]
fn ids_and_rows_are_recognised() {
    assert!(["A1", "N5", "M11"].iter().all(|id| is_requirement(id)));
    assert!(["", "A", "O1", "a1", "A0", "A01", "A1b", "AA1", "A+1"].iter().all(|id| !is_requirement(id)));

    let page =
        "| id | capability | tests |\n|---|:--|---|\n| A1 B2 | x | `f.rs::a` `f.rs::b` |\n\n| y | z |\n";
    let rows = rows(page);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].ids.len(), rows[0].tests.len(), rows[0].line), (2, 2, 3));
}

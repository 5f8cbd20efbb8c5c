//! What the readers of all sections share: the trees, the entries found in them, the problems noted so far.

use super::place::Place;
use super::problem::Problem;
use super::read;
use super::tree::{Node, Tree};
use super::{document::Documents, near};
use crate::locale::Locale;
use crate::policy::Document;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The policy while it is being read.
pub(super) struct Reader<'a> {
    pub(super) trees: Vec<Tree<'a>>,
    /// Sections of which there is one: `controller`, `limits` …
    pub(super) single: BTreeMap<String, Place>,
    /// Entries of the others by section: `purposes` → `newsletter` → place.
    pub(super) entries: BTreeMap<String, BTreeMap<String, Place>>,
    /// The language that every text must have.
    pub(super) locale: Locale,
    /// The message types that exist.
    pub(super) known_types: &'a [&'a str],
    documents: Documents<'a>,
    problems: Vec<(usize, Problem)>,
    warnings: Vec<(usize, Problem)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        trees: Vec<Tree<'a>>,
        documents: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
        known_types: &'a [&'a str],
    ) -> Self {
        Self {
            trees,
            single: BTreeMap::new(),
            entries: BTreeMap::new(),
            locale: Locale::default(),
            known_types,
            documents: Documents::new(documents),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The one section `name`, if it is there and well-formed.
    pub(super) fn only<T: DeserializeOwned>(&mut self, name: &str) -> Option<(Place, T)> {
        let place = self.single.get(name)?.clone();
        self.read(&place).map(|value| (place, value))
    }

    /// The well-formed entries of a section, by name.
    pub(super) fn named<K, T: DeserializeOwned>(
        &mut self,
        section: &str,
        make: fn(&str) -> Option<K>,
    ) -> Vec<(K, Place, T)> {
        let entries = self.entries.get(section).cloned().unwrap_or_default();
        let mut read = Vec::with_capacity(entries.len());
        for (name, place) in entries {
            let id = self.name(&place, &name, make);
            if let (Some(value), Some(id)) = (self.read(&place), id) {
                read.push((id, place, value));
            }
        }
        read
    }

    /// The name that is the last key of `place`.
    pub(super) fn name<K>(&mut self, place: &Place, name: &str, make: fn(&str) -> Option<K>) -> Option<K> {
        let id = make(name);
        if id.is_none() {
            self.wrong_key(place, format!("the name {name:?}"), crate::code::RULE);
        }
        id
    }

    /// Reads what stands at `place`, or notes what its shape lacks.
    pub(super) fn read<T: DeserializeOwned>(&mut self, place: &Place) -> Option<T> {
        let flaws = match read::read(self.node(place)?) {
            Ok(value) => return Some(value),
            Err(flaws) => flaws,
        };
        for flaw in flaws {
            let place = place.below(flaw.path);
            if flaw.at_key {
                self.wrong_key(&place, flaw.found, flaw.expected);
            } else {
                self.wrong(&place, flaw.found, flaw.expected);
            }
        }
        None
    }

    /// The tree below `place`.
    pub(super) fn node(&self, place: &Place) -> Option<&Node<'a>> {
        self.trees.get(place.file)?.node(&place.path)
    }

    /// Whether `name` is an entry of `section`; notes it if not. A broken entry counts: it has its own problem.
    pub(super) fn refers(&mut self, place: &Place, section: &str, name: &str) -> bool {
        let known = self.entries.get(section);
        if known.is_some_and(|entries| entries.contains_key(name)) {
            return true;
        }
        let known: Vec<&str> =
            known.map(|entries| entries.keys().map(String::as_str).collect()).unwrap_or_default();
        let expected = match known.is_empty() {
            true => format!("an entry of [{section}], which has none"),
            false => format!("an entry of [{section}]: {}", near::one_of(name, &known)),
        };
        self.wrong(place, quoted(name), expected);
        false
    }

    /// The document at `path` of the policy's folder, or none with its problem noted.
    pub(super) fn document(&mut self, place: &Place, path: &str) -> Option<Document> {
        match self.documents.get(path) {
            Ok(document) => Some(document),
            Err((found, expected)) => {
                self.wrong(place, found, expected);
                None
            }
        }
    }

    /// All documents read so far, by path.
    pub(super) fn documents(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.documents.read()
    }

    /// Notes that the value at `place` is wrong.
    pub(super) fn wrong(&mut self, place: &Place, found: impl Into<String>, expected: impl Into<String>) {
        let problem = self.problem(place, false, found.into(), expected.into());
        self.problems.push(problem);
    }

    /// Notes that the last key of `place` is wrong.
    pub(super) fn wrong_key(&mut self, place: &Place, found: impl Into<String>, expected: impl Into<String>) {
        let problem = self.problem(place, true, found.into(), expected.into());
        self.problems.push(problem);
    }

    /// Notes that something is odd.
    pub(super) fn warn(&mut self, place: &Place, found: impl Into<String>, expected: impl Into<String>) {
        let problem = self.problem(place, false, found.into(), expected.into());
        self.warnings.push(problem);
    }

    /// Notes that a whole section is missing.
    pub(super) fn missing(&mut self, section: &str, expected: impl Into<String>) {
        let found = format!("no [{section}]");
        if self.trees.is_empty() {
            self.problems.push((0, Problem::nowhere(&found, &expected.into())));
        } else {
            self.wrong(&Place::root(0).key(section), found, expected);
        }
    }

    /// `file:line:column` of an entry's key.
    pub(super) fn shown(&self, place: &Place) -> String {
        self.trees.get(place.file).map_or_else(String::new, |tree| {
            let (line, column) = tree.position(tree.key_offset(&place.path));
            format!("{}:{line}:{column}", tree.name)
        })
    }

    /// Problems and warnings, in the order of the files.
    pub(super) fn into_problems(self) -> (Vec<Problem>, Vec<Problem>) {
        (in_order(self.problems), in_order(self.warnings))
    }

    fn problem(&self, place: &Place, at_key: bool, found: String, expected: String) -> (usize, Problem) {
        let key = place.path.to_string();
        let problem = match self.trees.get(place.file) {
            Some(tree) => {
                let offset = match at_key {
                    true => tree.key_offset(&place.path),
                    false => tree.value_offset(&place.path),
                };
                tree.problem(offset, key, found, expected)
            }
            None => Problem { key, ..Problem::nowhere(&found, &expected) },
        };
        (place.file, problem)
    }
}

fn in_order(mut problems: Vec<(usize, Problem)>) -> Vec<Problem> {
    problems.sort_by_key(|(file, p)| (*file, p.line, p.column));
    problems.into_iter().map(|(_, problem)| problem).collect()
}

/// A value for a message: quoted, and cut off if long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let short: String = text.chars().take(SHOWN).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

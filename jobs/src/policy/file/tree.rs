//! One file as a tree in which every key and value knows where it stands.

use super::PolicyFile;
use super::place::{Path, Step};
use super::problem::Problem;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A value with the bytes that it covers; for a table with a header, those of the header.
pub(super) type Node<'a> = Spanned<DeValue<'a>>;

/// A parsed file.
pub(super) struct Tree<'a> {
    pub(super) name: &'a str,
    text: &'a str,
    pub(super) root: Node<'a>,
}

impl<'a> Tree<'a> {
    /// Parses a file; what is not TOML comes back as problems.
    pub(super) fn parse(file: &'a PolicyFile) -> (Self, Vec<Problem>) {
        let (root, errors) = DeTable::parse_recoverable(&file.text);
        let root = Spanned::new(0..0, DeValue::Table(root.into_inner()));
        let tree = Self { name: &file.name, text: &file.text, root };
        let problems = errors.iter().map(|error| tree.syntax(error)).collect();
        (tree, problems)
    }

    fn syntax(&self, error: &toml::de::Error) -> Problem {
        let offset = error.span().map_or(0, |span| span.start);
        let message = error.message();
        let (found, expected) = match message.split_once(", expected ") {
            Some((found, expected)) => (found, expected),
            None => (message, "TOML"),
        };
        let found = format!("something that is not TOML ({found})");
        self.problem(offset, String::new(), found, expected.to_owned())
    }

    /// A problem at a byte of the file.
    pub(super) fn problem(&self, offset: usize, key: String, found: String, expected: String) -> Problem {
        let (line, column) = self.position(offset);
        Problem { file: self.name.to_owned(), line, column, key, found, expected }
    }

    /// Line and column of a byte, both from 1.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// The value at `path`.
    pub(super) fn node(&self, path: &Path) -> Option<&Node<'a>> {
        descend(&self.root, &path.0)
    }

    /// Where the value at `path` begins, or the nearest value above that is there.
    pub(super) fn value_offset(&self, path: &Path) -> usize {
        (0..=path.0.len())
            .rev()
            .find_map(|n| descend(&self.root, &path.0[..n]))
            .map_or(0, |node| node.span().start)
    }

    /// Where the last key of `path` begins.
    pub(super) fn key_offset(&self, path: &Path) -> usize {
        if let Some((Step::Key(last), above)) = path.0.split_last()
            && let Some(table) = descend(&self.root, above).and_then(|node| node.get_ref().as_table())
            && let Some((key, _)) = table.get_key_value(last.as_str())
        {
            return key.span().start;
        }
        self.value_offset(path)
    }
}

fn descend<'t, 'a>(root: &'t Node<'a>, path: &[Step]) -> Option<&'t Node<'a>> {
    path.iter().try_fold(root, |node, step| match step {
        Step::Key(key) => node.get_ref().get(key.as_str()),
        Step::Index(index) => node.get_ref().get(*index),
    })
}

/// The path of the deepest key or value that covers exactly `span`, and whether it is the key that does.
pub(super) fn find(node: &Node<'_>, span: &Range<usize>) -> Option<(Path, bool)> {
    let mut path = Vec::new();
    let at_key = walk_to(node, span, &mut path)?;
    Some((Path(path), at_key))
}

fn walk_to(node: &Node<'_>, span: &Range<usize>, path: &mut Vec<Step>) -> Option<bool> {
    match node.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table.iter() {
                path.push(Step::Key(key.get_ref().to_string()));
                if let Some(at_key) = walk_to(value, span, path) {
                    return Some(at_key);
                }
                if key.span() == *span {
                    return Some(true);
                }
                path.pop();
            }
        }
        DeValue::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                path.push(Step::Index(index));
                if let Some(at_key) = walk_to(value, span, path) {
                    return Some(at_key);
                }
                path.pop();
            }
        }
        _ => {}
    }
    (node.span() == *span).then_some(false)
}

/// Takes what [`find`] finds out of the tree; false if that is the root or nothing.
pub(super) fn cut(node: &mut Node<'_>, span: &Range<usize>) -> bool {
    match node.get_mut() {
        DeValue::Table(table) => {
            let mut hit = None;
            for (key, value) in table.iter_mut() {
                if cut(value, span) {
                    return true;
                }
                if key.span() == *span || value.span() == *span {
                    hit = Some(key.get_ref().to_string());
                    break;
                }
            }
            hit.is_some_and(|key| table.remove(key.as_str()).is_some())
        }
        DeValue::Array(array) => {
            let mut hit = None;
            for (index, value) in array.iter_mut().enumerate() {
                if cut(value, span) {
                    return true;
                }
                if value.span() == *span {
                    hit = Some(index);
                    break;
                }
            }
            let Some(cut) = hit else { return false };
            let mut kept = DeArray::new();
            for (_, value) in array.iter().enumerate().filter(|(index, _)| *index != cut) {
                kept.push(value.clone());
            }
            *array = kept;
            true
        }
        _ => false,
    }
}

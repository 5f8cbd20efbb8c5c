//! The layers a configuration is made of: embedded defaults, file, environment.
//!
//! Rule: each layer is read whole, with every error in it, before one is laid over the other. What is wrong
//! in a layer is left out of it, so that the checks after it do not report its consequences.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problems};
use super::schema::Catalogue;
use super::value::{self, Given};

/// The documented defaults: `config/rescind.toml`.
pub(super) const DEFAULTS: &str = include_str!("../../../config/rescind.toml");

/// Keys with their values. Flat, because a layer replaces keys, not sections.
pub(super) type Layer = BTreeMap<String, Given>;

/// The embedded defaults. They are part of the program and a test reads them without a problem.
pub(super) fn defaults(catalogue: &Catalogue) -> Layer {
    read(DEFAULTS, &|_| Place::Defaults, catalogue, &mut Problems::default())
}

/// Reads the document of a file.
pub(super) fn read_file(source: &str, path: &Path, catalogue: &Catalogue, problems: &mut Problems) -> Layer {
    read(source, &|offset| place_in(source, path, offset), catalogue, problems)
}

/// The place of a byte offset.
fn place_in(source: &str, path: &Path, offset: usize) -> Place {
    let before = source.get(..offset).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place::File {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
    }
}

fn read(
    source: &str,
    place: &dyn Fn(usize) -> Place,
    catalogue: &Catalogue,
    problems: &mut Problems,
) -> Layer {
    let (document, errors) = DeTable::parse_recoverable(source);
    if !errors.is_empty() {
        // One slip of the pen often gives several errors; only the first of a line says what it was. The
        // parser's own display is not used, because it quotes the line, and the line may hold a secret.
        let mut last_line = None;
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            let line = source.get(..at).map(|before| before.matches('\n').count());
            if last_line.replace(line) != Some(line) {
                problems.add_general(&place(at), error.message(), "a TOML document (https://toml.io)");
            }
        }
        return Layer::new();
    }
    let mut reader = Reader { place, catalogue, problems, layer: Layer::new() };
    reader.section("", document.get_ref());
    reader.layer
}

struct Reader<'a> {
    place: &'a dyn Fn(usize) -> Place,
    catalogue: &'a Catalogue,
    problems: &'a mut Problems,
    layer: Layer,
}

impl Reader<'_> {
    fn section(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let path = match section {
                "" => name.get_ref().to_string(),
                section => format!("{section}.{}", name.get_ref()),
            };
            self.entry(section, &path, name, value);
        }
    }

    fn entry(
        &mut self,
        section: &str,
        path: &str,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let at = value.span().start;
        if let Some(key) = self.catalogue.get(path) {
            match value::from_toml(key, value.get_ref(), at, self.place) {
                Ok(value) => {
                    self.layer.insert(path.to_owned(), Given { value, place: (self.place)(at) });
                }
                Err(misfit) => self.problems.add(&misfit.place, path, misfit.found, misfit.expected),
            }
        } else if self.catalogue.is_section(path) {
            match value.get_ref().as_table() {
                Some(table) => self.section(path, table),
                None => self.problems.add(
                    &(self.place)(at),
                    path,
                    format!("a value ({})", value.get_ref().type_str()),
                    format!("a section: [{path}]"),
                ),
            }
        } else {
            let names = self.catalogue.names_in(section);
            let expected = match nearest(name.get_ref(), &names) {
                Some(name) => format!("a key that exists; {name:?} perhaps"),
                None => format!("one of {}", names.join(", ")),
            };
            self.problems.add(&(self.place)(name.span().start), path, "an unknown key", expected);
        }
    }
}

/// The known name that differs from this one by a slip of the pen, if there is one.
pub(super) fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let tolerated = if name.len() < 5 { 1 } else { 2 };
    known
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance (Levenshtein) of two names.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        let known = ["listen", "public_url", "batch_limit"];
        assert_eq!(nearest("listn", &known), Some("listen"));
        assert_eq!(nearest("publicurl", &known), Some("public_url"));
        assert_eq!(nearest("timeout", &known), None);
    }

    #[test]
    fn distances_are_those_of_the_book() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn columns_count_characters() {
        let source = "a = 1\nß = \"ü\" # x\n";
        let offset = source.find('#').expect("the comment");
        let place = place_in(source, Path::new("f.toml"), offset);
        assert_eq!(place.to_string(), "f.toml:2:9");
    }
}

//! What commands write to standard output: lines, tables, JSON.
//!
//! Rule: a text from outside loses its control characters before it reaches a terminal, which would obey them.

use super::failure::Failure;
use serde::Serialize;
use std::io::Write;

/// A listing's form.
#[derive(Clone, Copy, clap::Args)]
pub(super) struct Form {
    /// Print one JSON array instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// Which part of a long list.
#[derive(Clone, Copy, clap::Args)]
pub(super) struct Page {
    /// Go on after this id, the last one of the page before
    #[arg(long, value_name = "ID")]
    pub(super) after: Option<uuid::Uuid>,
    /// Show at most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    pub(super) limit: i64,
}

/// Standard output.
pub(super) struct Output<'a>(&'a mut (dyn Write + Send));

/// Between two columns.
const GAP: &str = "  ";

impl<'a> Output<'a> {
    pub(super) fn new(sink: &'a mut (dyn Write + Send)) -> Self {
        Self(sink)
    }

    /// Where it goes, for those who write a text of their own.
    pub(super) fn sink(&mut self) -> &mut (dyn Write + Send) {
        &mut *self.0
    }

    /// A line.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        Ok(writeln!(self.0, "{}", text.as_ref())?)
    }

    /// A text as it is, control characters but line ends and tabs shown as escapes.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.0.write_all(visible(text, |c| matches!(c, '\n' | '\t')).as_bytes())?;
        if !text.ends_with('\n') {
            self.0.write_all(b"\n")?;
        }
        Ok(())
    }

    /// A value as JSON.
    pub(super) fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|_| Failure::failed("what was found cannot be written as JSON"))?;
        self.line(text)
    }

    /// A table. An empty one says so by `nothing`.
    pub(super) fn table(
        &mut self,
        head: &[&str],
        rows: &[Vec<String>],
        nothing: &str,
    ) -> Result<(), Failure> {
        if rows.is_empty() {
            return self.line(nothing);
        }
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| visible(cell, |_| false)).collect()).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain(head.get(column).map(|name| name.chars().count())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let names: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
        for row in std::iter::once(&names).chain(&rows) {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
                .collect();
            self.line(cells.join(GAP).trim_end())?;
        }
        Ok(())
    }

    /// A list in either form.
    pub(super) fn list<T: Serialize>(
        &mut self,
        form: Form,
        items: &[T],
        head: &[&str],
        nothing: &str,
        row: impl Fn(&T) -> Vec<String>,
    ) -> Result<(), Failure> {
        if form.json {
            return self.json(&items);
        }
        let rows: Vec<_> = items.iter().map(row).collect();
        self.table(head, &rows, nothing)
    }

    /// Names and values, a line each; what is not there is left out.
    pub(super) fn facts(&mut self, facts: &[(&str, Option<String>)]) -> Result<(), Failure> {
        let present = || facts.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)));
        let width = present().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in present() {
            self.line(format!("{name:width$}{GAP}{}", visible(value, |_| false)))?;
        }
        Ok(())
    }
}

/// A cell of a value that may be absent.
pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// The text with control characters as escapes, all but those that are allowed.
fn visible(text: &str, allowed: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // marks of writing direction make a line read otherwise than it is
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (c.is_control() && !allowed(c)) || turns {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(work: impl Fn(&mut Output<'_>) -> Result<(), Failure>) -> String {
        let mut sink = Vec::new();
        work(&mut Output::new(&mut sink)).expect("a vector takes everything");
        String::from_utf8(sink).expect("text")
    }

    #[test]
    fn tables_are_aligned_and_end_without_blanks() {
        let rows = [vec!["ä".to_owned(), "1".to_owned()], vec!["long".to_owned(), "-".to_owned()]];
        assert_eq!(written(|out| out.table(&["name", "n"], &rows, "none")), "name  n\nä     1\nlong  -\n");
        assert_eq!(written(|out| out.table(&["name"], &[], "There are none.")), "There are none.\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let rows = [vec!["a\u{1b}[2J\nb".to_owned()]];
        assert_eq!(written(|out| out.table(&["x"], &rows, "")), "x\na\\u{1b}[2J\\u{a}b\n");
        assert_eq!(written(|out| out.text("a\tb\nc\u{7}\u{202e}")), "a\tb\nc\\u{7}\\u{202e}\n");
    }

    #[test]
    fn facts_leave_out_what_is_absent() {
        let facts = [("a", Some("1".to_owned())), ("bb", None), ("ccc", Some("3".to_owned()))];
        assert_eq!(written(|out| out.facts(&facts)), "a    1\nccc  3\n");
    }
}

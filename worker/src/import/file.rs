//! Reading a list line by line, however long it is: CSV with a header, or one JSON object a line.
//!
//! Rule: a line that cannot be read costs that line; nothing of it is repeated in what is told of it.

use super::columns::{COLUMNS, Column, Line};
use super::{ImportError, Problem};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values; a semicolon or a tab separates too.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// By the file's name.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// The longest line, in bytes.
const LONGEST: usize = 64 << 10;

/// The lines of a list.
pub(super) enum Lines {
    Csv(Box<CsvLines>),
    Ndjson(JsonLines),
}

impl Lines {
    pub(super) fn open(path: &Path, format: Format) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(ImportError::Unreadable)?;
        match format {
            Format::Csv => Ok(Self::Csv(Box::new(CsvLines::new(file)?))),
            Format::Ndjson => Ok(Self::Ndjson(JsonLines { file: BufReader::new(file), number: 0, read: 0 })),
        }
    }

    /// The next line, or what is wrong with it; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Result<Line, Problem>>, ImportError> {
        match self {
            Self::Csv(lines) => lines.next(),
            Self::Ndjson(lines) => lines.next(),
        }
    }

    /// How many bytes were read.
    pub(super) fn read(&self) -> u64 {
        match self {
            Self::Csv(lines) => lines.reader.position().byte(),
            Self::Ndjson(lines) => lines.read,
        }
    }
}

/// The checksum of a file, and its length.
pub(super) fn checksum(path: &Path) -> Result<(String, u64), ImportError> {
    let mut file = File::open(path).map_err(ImportError::Unreadable)?;
    let (mut hash, mut buffer, mut length) = (Sha256::new(), vec![0; 64 << 10], 0_u64);
    loop {
        match file.read(&mut buffer).map_err(ImportError::Unreadable)? {
            0 => return Ok((data_encoding::HEXLOWER.encode(&hash.finalize()), length)),
            n => {
                hash.update(&buffer[..n]);
                length += n as u64;
            }
        }
    }
}

/// Lets a record have only so many bytes: a quote that is never closed would otherwise take the rest of the file into
/// memory.
pub(super) struct Bounded {
    file: File,
    left: Arc<AtomicUsize>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a record is too long"));
        }
        let most = buffer.len().min(left);
        let n = self.file.read(&mut buffer[..most])?;
        self.left.store(left - n, Ordering::Relaxed);
        Ok(n)
    }
}

pub(super) struct CsvLines {
    reader: csv::Reader<Bounded>,
    record: csv::ByteRecord,
    columns: Vec<Column>,
    left: Arc<AtomicUsize>,
    ends: Ends,
}

/// How the lines of a file end, which tells where a record began: the reader passes over empty lines, and leaves the
/// second half of a line's end to the next record.
struct Ends {
    /// With a carriage return and a line feed.
    crlf: bool,
    /// Where the file ends, if its last line has no end.
    open: Option<u64>,
}

/// What the reader may take ahead of a record.
const AHEAD: usize = 8 << 10;

impl CsvLines {
    fn new(mut file: File) -> Result<Self, ImportError> {
        let (delimiter, ends) = (delimiter(&mut file)?, Ends::of(&mut file)?);
        let left = Arc::new(AtomicUsize::new(LONGEST + AHEAD));
        let bounded = Bounded { file, left: Arc::clone(&left) };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .buffer_capacity(AHEAD)
            .from_reader(bounded);
        let header = reader.byte_headers().map_err(ImportError::header)?.clone();
        let columns = header
            .iter()
            .enumerate()
            .map(|(place, name)| {
                let name = std::str::from_utf8(name).map_err(|_| ImportError::NotUtf8)?;
                Column::named(name).ok_or(ImportError::UnknownColumn(place + 1))
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (place, column) in columns.iter().enumerate() {
            if columns[..place].contains(column) {
                return Err(ImportError::ColumnTwice(column.title()));
            }
        }
        Ok(Self { reader, record: csv::ByteRecord::new(), columns, left, ends })
    }

    /// The line on which a record ends that begins on line `first` and was read last.
    fn last_line(&self, first: u64) -> u64 {
        let cells = self.record.as_slice().trim_ascii_end();
        first + cells.iter().filter(|byte| **byte == b'\n').count() as u64
    }

    fn next(&mut self) -> Result<Option<Result<Line, Problem>>, ImportError> {
        self.left.store(LONGEST + AHEAD, Ordering::Relaxed);
        let before = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => {
                let too_long = matches!(error.kind(), csv::ErrorKind::Io(e)
                    if e.kind() == io::ErrorKind::FileTooLarge);
                return Err(if too_long { ImportError::TooLong(before) } else { ImportError::csv(error) });
            }
        }
        let within = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let after = self.reader.position();
        let number = after.line().saturating_sub(within + self.ends.passed(after.byte()));
        let problem = |column: String, problem: &str| Problem::new(number, column, "invalid_field", problem);
        let mut line = Line::new(number);
        for (place, value) in self.record.iter().enumerate() {
            let Some(column) = self.columns.get(place) else {
                if value.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let told =
                    "the line has more cells than the header; put a cell that holds the separator in quotes";
                return Ok(Some(Err(problem(format!("{}", place + 1), told))));
            };
            if value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
                // a quote that is not closed takes in the lines after it, and none of them must be lost unseen
                let told = format!(
                    "holds a line break, so that everything from line {number} to line {} counts as one line; is a quote not \
                     closed? Close it, or write the cell in one line",
                    self.last_line(number)
                );
                return Ok(Some(Err(problem(column.title(), &told))));
            }
            match std::str::from_utf8(value) {
                Ok(value) => line.set(column, value),
                Err(_) => {
                    return Ok(Some(Err(problem(column.title(), "is not UTF-8; save the file as UTF-8"))));
                }
            }
        }
        Ok(Some(Ok(line)))
    }
}

impl Ends {
    /// Leaves the file at its beginning.
    fn of(file: &mut File) -> Result<Self, ImportError> {
        use std::io::{Seek, SeekFrom};
        let mut header = Vec::new();
        let found = BufReader::new(&mut *file).take(LONGEST as u64).read_until(b'\n', &mut header);
        found.map_err(ImportError::Unreadable)?;
        let (mut last, length) = ([0], file.seek(SeekFrom::End(-1)).map_err(ImportError::Unreadable)? + 1);
        file.read_exact(&mut last).map_err(ImportError::Unreadable)?;
        file.rewind().map_err(ImportError::Unreadable)?;
        Ok(Self { crlf: header.ends_with(b"\r\n"), open: (last != [b'\n']).then_some(length) })
    }

    /// How many line feeds the reader has passed at the end of the record that it has read up to here.
    fn passed(&self, place: u64) -> u64 {
        u64::from(!self.crlf && self.open.is_none_or(|end| place < end))
    }
}

/// What separates the cells: whatever stands most often in the header. Leaves the file at its beginning.
fn delimiter(file: &mut File) -> Result<u8, ImportError> {
    use std::io::Seek;
    let mut header = Vec::new();
    BufReader::new(&mut *file)
        .take(LONGEST as u64)
        .read_until(b'\n', &mut header)
        .map_err(ImportError::Unreadable)?;
    file.rewind().map_err(ImportError::Unreadable)?;
    if header.iter().all(u8::is_ascii_whitespace) {
        return Err(ImportError::Empty);
    }
    let count = |byte: u8| header.iter().filter(|b| **b == byte).count();
    // of equals the first that is named: a single column has none of them
    Ok([b'\t', b';', b','].into_iter().max_by_key(|byte| count(*byte)).unwrap_or(b','))
}

pub(super) struct JsonLines {
    file: BufReader<File>,
    number: u64,
    read: u64,
}

impl JsonLines {
    fn next(&mut self) -> Result<Option<Result<Line, Problem>>, ImportError> {
        loop {
            let mut text = Vec::new();
            let most = LONGEST as u64 + 1;
            let n =
                (&mut self.file).take(most).read_until(b'\n', &mut text).map_err(ImportError::Unreadable)?;
            if n == 0 {
                return Ok(None);
            }
            (self.number, self.read) = (self.number + 1, self.read + n as u64);
            if n as u64 == most && !text.ends_with(b"\n") {
                return Err(ImportError::TooLong(self.number));
            }
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Ok(Some(object(self.number, &text)));
        }
    }
}

fn object(number: u64, text: &[u8]) -> Result<Line, Problem> {
    use serde_json::Value;
    let problem = |column: &str, problem: String| Problem::new(number, column, "invalid_field", problem);
    let value: serde_json::Map<String, Value> = serde_json::from_slice(text)
        .map_err(|error| problem("", format!("is no JSON object: column {}", error.column())))?;
    let mut line = Line::new(number);
    for (place, (name, value)) in value.iter().enumerate() {
        if let ("ids", Value::Object(ids)) = (name.as_str(), value) {
            for (scheme, id) in ids {
                let column = Column::named(&format!("ids.{scheme}"));
                match (column, plain(id)) {
                    (Some(column), Some(id)) => line.set(&column, &id),
                    _ => {
                        return Err(problem(
                            "ids",
                            "must hold ids by app, such as {\"shop\": \"4711\"}".into(),
                        ));
                    }
                }
            }
            continue;
        }
        let Some(column) = Column::named(name) else {
            let told = format!("its key number {} is not known; one of {}", place + 1, COLUMNS.join(", "));
            return Err(problem("", told));
        };
        match plain(value) {
            Some(text) => line.set(&column, &text),
            None => return Err(problem(&column.title(), "must be a text, a number, true or false".into())),
        }
    }
    Ok(line)
}

/// A value that is one text.
fn plain(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(name: &str, text: &[u8]) -> Result<Vec<Result<Line, Problem>>, ImportError> {
        let path = std::env::temp_dir().join(format!("rescind-import-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a file");
        let format = Format::of(&path).expect("a format");
        let read = || {
            let mut lines = Lines::open(&path, format)?;
            let mut all = Vec::new();
            while let Some(line) = lines.next()? {
                all.push(line);
            }
            Ok(all)
        };
        let all = read();
        std::fs::remove_file(&path).expect("a file");
        all
    }

    fn line(number: u64, values: &[(&str, &str)]) -> Line {
        let mut line = Line::new(number);
        for (name, value) in values {
            line.set(&Column::named(name).expect("a column"), value);
        }
        line
    }

    #[test]
    fn separators_byte_order_marks_and_line_ends_are_as_spreadsheets_write_them() {
        let wanted = line(2, &[("email", "a@x.org"), ("name", "A; B, C"), ("ids.shop", "7")]);
        for (name, text) in [
            ("a.csv", "Email,name,ids.shop\na@x.org,\"A; B, C\",7\n".as_bytes()),
            ("b.csv", "\u{feff}email;Name;ids.shop\r\n a@x.org ;\"A; B, C\";7\r\n".as_bytes()),
            ("c.tsv", "email\tname\tids.shop\na@x.org\tA; B, C\t7".as_bytes()),
        ] {
            let found = lines(name, text).expect("a list");
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].as_ref().expect("a line"), &wanted, "{name}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_costs_that_line() {
        let text = b"email,name\na@x.org,\xff\nb@x.org,B,C\n\nc@x.org,\"two\nlines\"\nd@x.org\n";
        let found = lines("d.csv", text).expect("a list");
        let told: Vec<_> = found
            .iter()
            .map(|line| match line {
                Ok(line) => format!("{}", line.number),
                Err(problem) => format!("{} {}", problem.line, problem.column),
            })
            .collect();
        assert_eq!(told, ["2 name", "3 3", "5 name", "7"]);
        let told = &found[2].as_ref().expect_err("a line break").problem;
        assert!(told.contains("from line 5 to line 6") && told.contains("quote"), "{told}");
    }

    #[test]
    fn a_quote_that_is_closed_lines_later_swallows_none_of_them_unseen() {
        let text = b"email,how\na@x.org,\"said so\nb@x.org,by phone\nc@x.org,\"by mail\"\nd@x.org,x\n";
        let found = lines("j.csv", text).expect("a list");
        let told = found[0].as_ref().expect_err("a line break");
        assert_eq!((told.line, told.column.as_str()), (2, "how"));
        assert!(told.problem.contains("to line 4"), "{}", told.problem);
        assert_eq!(found[1].as_ref().expect("a line").number, 5);
    }

    #[test]
    fn what_no_list_can_begin_with_is_told_without_repeating_it() {
        for (name, text, told) in [
            ("e.csv", "secret@x.org,Ana\n", "column 1"),
            ("f.csv", "email,email\n", "email"),
            ("g.csv", "\n", "empty"),
        ] {
            let error = lines(name, text.as_bytes()).expect_err("no list").to_string();
            assert!(error.contains(told) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_take_in_the_file() {
        let text = format!("email\na@x.org\n\"b@x.org\n{}", "x@x.org\n".repeat(100_000));
        let error = lines("h.csv", text.as_bytes()).expect_err("too long").to_string();
        assert!(error.contains("line 3"), "{error}");
        let text = format!("{{\"email\": \"a@x.org\"}}\n{}", "x".repeat(100_000));
        let error = lines("h.ndjson", text.as_bytes()).expect_err("too long").to_string();
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn json_is_read_a_line_at_a_time() {
        let text = "{\"email\": \"a@x.org\", \"ids\": {\"shop\": 7}, \"explicit\": true, \"name\": null}\n\n\
                    {\"email\": [1]}\n{\"secret\": 1}\nsecret\n";
        let found = lines("i.ndjson", text.as_bytes()).expect("a list");
        let wanted = line(1, &[("email", "a@x.org"), ("ids.shop", "7"), ("explicit", "true")]);
        assert_eq!(found[0].as_ref().expect("a line"), &wanted);
        let told: Vec<_> = found[1..].iter().map(|line| line.as_ref().expect_err("wrong")).collect();
        assert_eq!(told.iter().map(|p| p.line).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(told.iter().all(|p| !p.problem.contains("secret")), "{told:?}");
    }
}

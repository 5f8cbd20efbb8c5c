//! `rescind consents export`: the register of consents, as CSV or JSON, page by page. Contact data are masked unless
//! somebody with a reason asks for them, and the trail tells of every export before the first line is written.

use crate::app::Opened;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::reference::{Masked, Reference, resolve};
use crate::cli::session::Session;
use crate::reveal;
use crate::store::registers::{self, ConsentFilter, ConsentLine};
use rescind_jobs::code::PurposeId;
use rescind_jobs::model::{ConsentState, Subject, SubjectId};
use rescind_jobs::policy::Role;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// How it is written
    #[arg(long, value_enum, default_value = "csv")]
    format: Written,
    /// Only to this purpose
    #[arg(long, value_parser = super::purpose)]
    purpose: Option<PurposeId>,
    /// Only in this state: requested, granted, refused, withdrawn, expired
    #[arg(long, value_parser = super::state)]
    state: Option<ConsentState>,
    /// Only of this subject: an id, email:…, phone:… or ids:APP:…
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<Reference>,
    /// Write to this file, which must not be there yet, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show email addresses and phone numbers in the open
    #[arg(long, requires = "reason")]
    reveal: bool,
    /// Why they are shown; kept in the trail. Name no person in it
    #[arg(long, requires = "reveal")]
    reason: Option<String>,
}

/// How the register is written.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Written {
    /// Comma-separated values, with a header
    Csv,
    /// A JSON object a line
    Ndjson,
}

/// Lines a page: what is in memory at once.
const PAGE: i64 = 1_000;

const COLUMNS: [&str; 14] = [
    "subject",
    "email",
    "phone",
    "purpose",
    "state",
    "opt_in",
    "since",
    "expires_at",
    "withdrawn_at",
    "content",
    "version",
    "locale",
    "source",
    "record",
];

pub(super) async fn run(session: &mut Session<'_>, arguments: Arguments) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    let actor = session.actor(&opened, Role::Export).await?;
    let subjects = match &arguments.subject {
        Some(reference) => Some(resolve(&opened, reference).await?),
        None => None,
    };
    let reason = match &arguments.reason {
        Some(reason) if arguments.reveal => Some(reveal::plain_reason(reason)?),
        _ => None,
    };
    let filter = ConsentFilter {
        subjects,
        purpose: arguments.purpose,
        state: arguments.state,
        after: None,
        limit: PAGE,
    };
    reveal::record_export(&opened, &actor, reason, &filter).await?;
    let Some(path) = arguments.out else {
        let (sink, progress) = session.sink_and_progress();
        return write(&opened, filter, arguments.format, arguments.reveal, sink, progress).await.map(drop);
    };
    let file = File::options().write(true).create_new(true).mode(0o600).open(&path);
    let file = file.map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    let mut sink = BufWriter::new(file);
    let progress = session.progress(None);
    let lines = write(&opened, filter, arguments.format, arguments.reveal, &mut sink, progress).await?;
    session.out.line(format!("{lines} consents are written to {}", path.display()))
}

async fn write(
    opened: &Opened,
    mut filter: ConsentFilter,
    written: Written,
    open: bool,
    sink: &mut (dyn Write + Send),
    mut progress: Progress<'_>,
) -> Result<u64, Failure> {
    if written == Written::Csv {
        row(sink, COLUMNS.map(str::to_owned))?;
    }
    let mut lines = 0;
    loop {
        let page = registers::consents(&opened.pool, filter.clone()).await?;
        let ids = page.iter().map(|line| line.subject.0).collect();
        let subjects = registers::subjects(&opened.pool, ids).await?;
        for line in &page {
            let cells = cells(opened, line, &subjects, open);
            match written {
                Written::Csv => row(sink, cells.map(|cell| cell.map(defused).unwrap_or_default()))?,
                Written::Ndjson => {
                    let object: Map<String, Value> = COLUMNS
                        .iter()
                        .zip(cells)
                        .filter_map(|(name, cell)| Some(((*name).to_owned(), Value::String(cell?))))
                        .collect();
                    writeln!(sink, "{}", Value::Object(object))?;
                }
            }
        }
        lines += page.len() as u64;
        progress.at(lines, lines);
        match page.last() {
            Some(last) if i64::try_from(page.len()).unwrap_or(0) == PAGE => {
                filter.after = Some((last.subject.0, last.purpose.clone()));
            }
            _ => break,
        }
    }
    sink.flush()?;
    progress.end();
    Ok(lines)
}

fn cells(
    opened: &Opened,
    line: &ConsentLine,
    subjects: &BTreeMap<SubjectId, Subject>,
    open: bool,
) -> [Option<String>; COLUMNS.len()] {
    let subject = subjects.get(&line.subject);
    let contact = |kind| {
        let subject = subject?;
        let identity = subject.primary(&kind)?;
        let shown = Masked::new(opened, subject);
        Some(if open { shown.open_identity(identity) } else { shown.identity(identity) })
    };
    let (content, version) = line.content.clone().unzip();
    [
        Some(line.subject.to_string()),
        contact(rescind_jobs::model::IdentityKind::Email),
        contact(rescind_jobs::model::IdentityKind::Phone),
        Some(line.purpose.clone()),
        Some(line.state.as_str().to_owned()),
        Some(line.opt_in.as_str().to_owned()),
        Some(line.since.to_string()),
        line.expires_at.map(|at| at.to_string()),
        line.withdrawn_at.map(|at| at.to_string()),
        content,
        version.map(|version| version.to_string()),
        line.locale.clone(),
        line.source.clone(),
        line.record.map(|id| id.to_string()),
    ]
}

fn row(sink: &mut (dyn Write + Send), cells: [String; COLUMNS.len()]) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(cells).map_err(std::io::Error::other);
    let line = written.and_then(|()| writer.into_inner().map_err(|error| error.into_error()))?;
    Ok(sink.write_all(&line)?)
}

/// A cell that no spreadsheet takes for a formula.
fn defused(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::defused;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, written) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("+49301234567", "'+49301234567"),
            ("-1+1", "'-1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("ana@example.org", "ana@example.org"),
            ("", ""),
        ] {
            assert_eq!(defused(cell.to_owned()), written);
        }
    }
}

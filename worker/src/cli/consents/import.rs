//! `rescind consents import`: a list of consents that were given elsewhere.

use crate::app::Opened;
use crate::cli::failure::Failure;
use crate::cli::output::Form;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::import::{self, Counts, Defaults, Format, Import, ImportError, Problem, Told};
use rescind_jobs::code::{ContentId, DataSourceId, EntryCode, PurposeId, RULE};
use rescind_jobs::policy::{Feature, Role};
use rescind_jobs::time::Timestamp;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The list: .csv with a header, or .ndjson with an object a line
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How the list is written; by its name if left out: csv, ndjson
    #[arg(long, value_parser = format)]
    format: Option<Format>,
    /// The content that lines without one agree to
    #[arg(long, value_parser = content, conflicts_with = "purpose")]
    content: Option<ContentId>,
    /// The purpose that lines without one agree to, if one content belongs to it
    #[arg(long, value_parser = super::purpose)]
    purpose: Option<PurposeId>,
    /// When consent was given, for lines that do not tell: a day, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time)]
    given_at: Option<Timestamp>,
    /// Where consent was given, for lines that do not tell: a value of the dictionary
    #[arg(long, value_parser = source)]
    source: Option<EntryCode>,
    /// Where the data came from, if not from the people: a source of the policy's data_sources; each is told so by mail, once
    #[arg(long, value_name = "SOURCE", value_parser = data_source)]
    obtained_from: Option<DataSourceId>,
    /// The people have that information already, so no mail tells them (Art. 14(5)(a))
    #[arg(long, requires = "obtained_from")]
    already_informed: bool,
    /// Only count what would become of the lines; nothing is changed
    #[arg(long)]
    dry_run: bool,
    /// Where lines that were not recorded are told of: FILE.errors.csv if left out
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
}

fn format(text: &str) -> Result<Format, String> {
    match text {
        "csv" => Ok(Format::Csv),
        "ndjson" => Ok(Format::Ndjson),
        _ => Err("expected csv or ndjson".to_owned()),
    }
}

fn content(text: &str) -> Result<ContentId, String> {
    ContentId::new(text).ok_or_else(|| format!("expected {RULE}"))
}

fn source(text: &str) -> Result<EntryCode, String> {
    EntryCode::new(text).ok_or_else(|| format!("expected {RULE}"))
}

fn data_source(text: &str) -> Result<DataSourceId, String> {
    DataSourceId::new(text).ok_or_else(|| format!("expected {RULE}"))
}

fn time(text: &str) -> Result<Timestamp, String> {
    import::moment(text).ok_or_else(|| {
        "expected a day like 2024-05-31, or RFC 3339 with an offset, like 2024-05-31T08:00:00Z".to_owned()
    })
}

pub(super) async fn run(session: &mut Session<'_>, arguments: Arguments) -> Result<(), Failure> {
    let path = &arguments.file;
    let format = arguments.format.or_else(|| Format::of(path)).ok_or_else(|| {
        Failure::wrong(format!("{}: ends in neither .csv nor .ndjson; say which by --format", path.display()))
    })?;
    let opened = session.open().await?;
    let actor = session.actor(&opened, Role::Manage).await?;
    let defaults = check(&opened, &arguments)?;
    let import = Import { path, format, defaults, rehearse: arguments.dry_run, actor };
    let told = arguments.errors.clone().unwrap_or_else(|| {
        let mut name = path.clone().into_os_string();
        name.push(".errors.csv");
        name.into()
    });
    if is_same_file(path, &told) {
        return Err(Failure::wrong(format!(
            "--errors: {} is the list itself, which would be overwritten; name another file",
            told.display()
        )));
    }
    let (checksum, length) = import.measure().map_err(|error| failure(path, error))?;
    let mut teller = Teller { errors: ErrorFile::new(&told)?, progress: session.progress(Some(length)) };
    let counts = import.run(&opened, &checksum, &mut teller).await;
    let Teller { errors, progress } = teller;
    progress.end();
    errors.end(&told)?;
    let counts = counts.map_err(|error| failure(path, error))?;
    tell(session, &arguments, &counts, &told)
}

/// Whether two names lead to one file, by whatever link.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// What counts for all lines, checked against the policy before the first of them.
fn check(opened: &Opened, arguments: &Arguments) -> Result<Defaults, Failure> {
    let policy = &opened.policy;
    if !policy.features.contains(&Feature::ConsentRecords) {
        return Err(Failure::wrong("the policy does not switch on the feature \"consent_records\""));
    }
    if let Some(content) = arguments.content.as_ref().filter(|c| !policy.contents.contains_key(*c)) {
        return Err(Failure::wrong(format!("--content: the policy has no content \"{content}\"")));
    }
    if let Some(purpose) = arguments.purpose.as_ref().filter(|p| !policy.purposes.contains_key(*p)) {
        return Err(Failure::wrong(format!("--purpose: the policy has no purpose \"{purpose}\"")));
    }
    let sources = &policy.dictionaries.consent_sources.entries;
    if let Some(source) = arguments.source.as_ref().filter(|s| !sources.contains_key(*s)) {
        let known: Vec<&str> = sources.keys().map(EntryCode::as_str).collect();
        return Err(Failure::wrong(format!(
            "--source: the dictionary of consent sources has no \"{source}\"; one of {}",
            known.join(", ")
        )));
    }
    if let Some(source) = &arguments.obtained_from {
        if !policy.features.contains(&Feature::SourceNotices) {
            return Err(Failure::wrong(
                "--obtained-from: the policy does not switch on the feature \"source_notices\"",
            ));
        }
        if !policy.data_sources.contains_key(source) {
            let known: Vec<&str> = policy.data_sources.keys().map(DataSourceId::as_str).collect();
            let known = if known.is_empty() { "it has none".to_owned() } else { known.join(", ") };
            return Err(Failure::wrong(format!(
                "--obtained-from: \"{source}\" is no entry of the policy's [data_sources]: {known}"
            )));
        }
    }
    if arguments.given_at.is_some_and(|at| at > opened.clock.now()) {
        return Err(Failure::wrong("--given-at lies in the future"));
    }
    Ok(Defaults {
        content: arguments.content.clone(),
        purpose: arguments.purpose.clone(),
        given_at: arguments.given_at,
        source: arguments.source.clone(),
        obtained_from: arguments.obtained_from.clone(),
        already_informed: arguments.already_informed,
    })
}

fn failure(path: &Path, error: ImportError) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}

fn tell(
    session: &mut Session<'_>,
    arguments: &Arguments,
    counts: &Counts,
    told: &Path,
) -> Result<(), Failure> {
    let Counts { lines, recorded, known, left_alone, wrong } = *counts;
    if arguments.form.json {
        session.out.json(counts)?;
    } else {
        let title = if arguments.dry_run { "would be recorded" } else { "recorded" };
        session.out.facts(&[
            ("lines", Some(lines.to_string())),
            (title, Some(recorded.to_string())),
            ("recorded before", Some(known.to_string())),
            ("left alone: withdrawn, refused, objected to or restricted", Some(left_alone.to_string())),
            ("wrong", Some(wrong.to_string())),
        ])?;
    }
    if wrong == 0 {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{wrong} of {lines} lines are wrong; {} tells which, and how to mend them. Then run the same again: what was \
         recorded is not recorded twice",
        told.display()
    )))
}

/// The file that tells of lines: number, column, code and problem, and nothing of what stands in them.
struct ErrorFile(csv::Writer<File>);

impl ErrorFile {
    fn new(path: &Path) -> Result<Self, Failure> {
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
        let file = file.map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        let mut writer = csv::Writer::from_writer(file);
        writer
            .write_record(["line", "column", "code", "problem"])
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        Ok(Self(writer))
    }

    fn add(&mut self, problem: &Problem) -> io::Result<()> {
        let line = problem.line.to_string();
        let cells = [line.as_str(), &problem.column, problem.code, &problem.problem];
        self.0.write_record(cells).map_err(io::Error::other)
    }

    fn end(mut self, path: &Path) -> Result<(), Failure> {
        self.0.flush().map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
    }
}

struct Teller<'a> {
    errors: ErrorFile,
    progress: Progress<'a>,
}

impl Told for Teller<'_> {
    fn problem(&mut self, problem: &Problem) -> io::Result<()> {
        self.errors.add(problem)
    }

    fn done(&mut self, bytes: u64, counts: &Counts) {
        self.progress.at(bytes, counts.lines);
    }
}

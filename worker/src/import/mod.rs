//! Importing a list of consents (D8): each line becomes a message that the runner decides like any other, so that
//! proof, trail and events hold; only it is handed in here, in short batches, and what became of it is counted.
//!
//! Rule: what a line says decides its message's id, so whoever runs an import again, whole or mended, doubles nothing;
//! and nothing of a line but its number and the name of a column is ever written down.

mod columns;
mod file;

pub(crate) use columns::moment;
pub use columns::{COLUMNS, Defaults};
pub use file::Format;

use crate::app::Opened;
use crate::holder;
use crate::live::{InForce, Live};
use crate::metrics::Metrics;
use crate::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use crate::runner::{BACKGROUND_BATCH, Engine, Run};
use crate::store::{StoreError, audit};
use file::Lines;
use rescind_jobs::audit::{Act, Actor, AuditEvent, Cause};
use rescind_jobs::effects::Lane;
use rescind_jobs::envelope::Envelope;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::RecordConsent;
use rescind_jobs::refusal::{Refusal, RefusalCode};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is wrong with a line. Holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The number of the line in the file.
    pub line: u64,
    /// Which column; empty: the whole line.
    pub column: String,
    /// A stable code: that of a refusal.
    pub code: &'static str,
    /// What is wrong, and how to mend it.
    pub problem: String,
}

impl Problem {
    fn new(line: u64, column: impl Into<String>, code: &'static str, problem: impl Into<String>) -> Self {
        Self { line, column: column.into(), code, problem: problem.into() }
    }
}

/// Why a list is not imported, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// There is nothing in it.
    #[error("is empty; its first line must name the columns")]
    Empty,
    /// The header.
    #[error("its first line is not UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// A column that no list has.
    #[error(
        "column {0} of its first line is not known; the first line must name the columns: ids.APP and {columns}",
        columns = COLUMNS.join(", ")
    )]
    UnknownColumn(usize),
    /// A column that is there twice.
    #[error("its first line names the column {0} twice")]
    ColumnTwice(String),
    /// A line without an end.
    #[error("line {0} is longer than 64 KiB; is a quote not closed?")]
    TooLong(u64),
    /// What tells of lines.
    #[error("what is wrong with its lines cannot be written down: {0}")]
    Unwritable(#[source] io::Error),
    /// The store.
    #[error(
        "the import ended early, before line {line}: {error}; run it again, and it goes on without doubling anything"
    )]
    Store {
        /// The first line that was not decided.
        line: u64,
        /// Why.
        error: StoreError,
    },
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] crate::clock::NoRandomness),
}

impl ImportError {
    fn csv(error: csv::Error) -> Self {
        Self::Unreadable(match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            _ => io::Error::other("it is no CSV"),
        })
    }

    fn header(error: csv::Error) -> Self {
        match error.kind() {
            csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::FileTooLarge => Self::TooLong(1),
            _ => Self::csv(error),
        }
    }
}

/// What became of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Lines in all.
    pub lines: u64,
    /// Recorded.
    pub recorded: u64,
    /// Were recorded before, or stand in the file twice.
    pub known: u64,
    /// Left alone, because the subject's own word stands against them.
    pub left_alone: u64,
    /// Wrong.
    pub wrong: u64,
}

/// Who is told how far an import is.
pub trait Told {
    /// A line that was not recorded.
    ///
    /// # Errors
    /// When it cannot be written down; the import ends then.
    fn problem(&mut self, problem: &Problem) -> io::Result<()>;
    /// So many bytes of the file are done.
    fn done(&mut self, bytes: u64, counts: &Counts);
}

/// A list and how to read it.
#[derive(Debug)]
pub struct Import<'a> {
    /// The file.
    pub path: &'a Path,
    /// How it is written.
    pub format: Format,
    /// What counts for lines that do not say it themselves.
    pub defaults: Defaults,
    /// Only count; nothing is changed.
    pub rehearse: bool,
    /// Who does it.
    pub actor: Actor,
}

/// Messages a batch while nobody else writes to the same SQLite file; else those of the background.
const BATCH: usize = 256;
/// How often it is looked whether a worker runs.
const LOOK: Duration = Duration::from_secs(2);
/// The least pause between two batches, in which a worker on the same SQLite file finds the lock free.
const PAUSE: Duration = Duration::from_millis(5);
/// How often a batch is tried while the store is away, and how long is waited in between.
const TRIES: u32 = 20;
const WAIT: Duration = Duration::from_millis(500);

impl Import<'_> {
    /// Checks that the file can be read, and measures it: its checksum and length.
    ///
    /// # Errors
    /// When it cannot be read, or its first line is not that of a list.
    pub fn measure(&self) -> Result<(String, u64), ImportError> {
        Lines::open(self.path, self.format)?;
        file::checksum(self.path)
    }

    /// Hands in the lines and counts what became of them. `file` is the checksum that the trail names.
    ///
    /// # Errors
    /// What ends it early; what was decided by then stays decided.
    pub async fn run(&self, opened: &Opened, file: &str, told: &mut dyn Told) -> Result<Counts, ImportError> {
        let policy = Live::new(InForce::new(Arc::clone(&opened.policy), opened.policy_read_at));
        let engine = crate::worker::engine(opened, &policy, &Arc::new(Metrics::default()));
        let mut lines = Lines::open(self.path, self.format)?;
        self.record(opened, 0, Act::ImportBegun { file: file.to_owned(), actor: self.actor.clone() }).await?;
        let (mut counts, mut manners) = (Counts::default(), Manners::new(opened));
        let mut batch: Vec<(u64, Incoming)> = Vec::with_capacity(BATCH);
        loop {
            let line = lines.next()?;
            let ended = line.is_none();
            if let Some(line) = line {
                counts.lines += 1;
                let read = line.map_err(|problem| vec![problem]).and_then(|line| {
                    let (message, given_at) = columns::read(&line, &self.defaults, &opened.policy)?;
                    Ok((line.number, incoming(opened, &message, given_at)))
                });
                match read {
                    Ok(message) => batch.push(message),
                    Err(problems) => {
                        counts.wrong += 1;
                        problems.iter().try_for_each(|p| told.problem(p)).map_err(ImportError::Unwritable)?;
                    }
                }
            }
            if batch.len() >= manners.batch() || (ended && !batch.is_empty()) {
                let began = Instant::now();
                let outcomes = self.decide(&engine, &batch).await?;
                for ((line, _), outcome) in batch.drain(..).zip(outcomes) {
                    for problem in count(line, &outcome, &mut counts) {
                        told.problem(&problem).map_err(ImportError::Unwritable)?;
                    }
                }
                told.done(lines.read(), &counts);
                manners.rest(began.elapsed()).await;
            }
            if ended {
                break;
            }
        }
        told.done(lines.read(), &counts);
        let Counts { recorded, known, left_alone, wrong, .. } = counts;
        let (file, actor) = (file.to_owned(), self.actor.clone());
        let act = Act::ImportEnded { file, recorded, known, left_alone, wrong, actor };
        self.record(opened, counts.lines + 1, act).await?;
        Ok(counts)
    }

    async fn decide(&self, engine: &Engine, batch: &[(u64, Incoming)]) -> Result<Vec<Outcome>, ImportError> {
        let run = if self.rehearse { Run::Rehearse } else { Run::Commit };
        let mut tries = 0;
        loop {
            let messages = batch.iter().map(|(_, message)| message.clone()).collect();
            match engine.handle_as(Lane::Background, run, BATCH, messages).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) if error.is_transient() && tries < TRIES => tries += 1,
                Err(error) => {
                    return Err(ImportError::Store {
                        line: batch.first().map_or(0, |(line, _)| *line),
                        error,
                    });
                }
            }
            tokio::time::sleep(WAIT).await;
        }
    }

    async fn record(&self, opened: &Opened, line: u64, act: Act) -> Result<(), ImportError> {
        if self.rehearse {
            return Ok(());
        }
        let mut rng = opened.randomness.generator()?;
        let (policy, source) = (opened.policy.hash_hex(), self.actor.to_string());
        let cause = Cause { source: &source, message: "", policy: &policy };
        let event = AuditEvent::new(&act, None, (0, 0), opened.clock.now(), cause, &mut rng);
        let written = async {
            let mut tx = opened.pool.begin().await?;
            audit::add(&mut tx, &[event]).await?;
            tx.commit().await
        };
        written.await.map_err(|error| ImportError::Store { line, error })
    }
}

/// The message of a line. The same line makes the same message, whatever file it stands in and whenever it is told.
fn incoming(opened: &Opened, message: &RecordConsent, given_at: rescind_jobs::time::Timestamp) -> Incoming {
    // plain data with text keys
    let data = serde_json::to_value(message).unwrap_or_default();
    // keyed, because what it is made of is personal
    let key = opened.vault.counter_key("import", data.to_string().as_bytes());
    let envelope = Envelope {
        specversion: "1.0".to_owned(),
        id: data_encoding::HEXLOWER.encode(&key[..16]),
        source: "import".to_owned(),
        kind: RecordConsent::KIND.to_owned(),
        time: given_at,
        data,
        traceparent: None,
        correlationid: None,
        replyto: None,
    };
    Incoming {
        body: envelope.to_json(),
        sender: Sender::Import,
        on_refusal: OnRefusal::Tell,
        redelivered: false,
        answer: Answering::default(),
    }
}

/// Counts what became of a line; returns what is to be told of it.
fn count(line: u64, outcome: &Outcome, counts: &mut Counts) -> Vec<Problem> {
    match outcome {
        Outcome::Done => counts.recorded += 1,
        Outcome::Duplicate => counts.known += 1,
        Outcome::Refused(refusal) => {
            match refusal.code {
                RefusalCode::LeftAlone | RefusalCode::SubjectClosed => counts.left_alone += 1,
                _ => counts.wrong += 1,
            }
            return problems(line, refusal);
        }
        Outcome::Postponed => {
            counts.wrong += 1;
            let told =
                "the policy that is given here is older than the one that another worker has published";
            return vec![Problem::new(line, "", "postponed", told)];
        }
    }
    Vec::new()
}

/// A refusal names the fields of the message; the list has columns.
fn problems(line: u64, refusal: &Refusal) -> Vec<Problem> {
    let code = refusal.code.as_str();
    if refusal.fields.is_empty() {
        return vec![Problem::new(line, "", code, &*refusal.detail)];
    }
    let column = |field: &str| {
        let field = field.strip_prefix("data.").unwrap_or(field);
        let prefixes = ["subject.", "consents[0].", "evidence."];
        let found = prefixes.iter().find_map(|prefix| field.strip_prefix(prefix)).unwrap_or(field);
        match found {
            "subject" => String::new(),
            // the message is dated by what it tells
            "time" => "given_at".to_owned(),
            other => other.to_owned(),
        }
    };
    refusal.fields.iter().map(|f| Problem::new(line, column(&f.field), code, &*f.problem)).collect()
}

/// What an import owes to a worker on the same SQLite file, whose people wait: only one of the two can write, and the
/// one that waits looks again after some milliseconds. PostgreSQL has no such queue.
struct Manners<'a> {
    opened: &'a Opened,
    looked_at: Option<Instant>,
    shares: bool,
}

impl<'a> Manners<'a> {
    fn new(opened: &'a Opened) -> Self {
        let mut manners = Self { opened, looked_at: None, shares: false };
        manners.look();
        manners
    }

    fn look(&mut self) {
        if self.opened.pool.is_postgres() || self.looked_at.is_some_and(|at| at.elapsed() < LOOK) {
            return;
        }
        self.looked_at = Some(Instant::now());
        self.shares = holder::is_held(&self.opened.config.data_dir);
    }

    const fn batch(&self) -> usize {
        // whether a worker runs beside it on PostgreSQL cannot be told
        if self.shares || self.opened.pool.is_postgres() { BACKGROUND_BATCH } else { BATCH }
    }

    /// Leaves the file alone for as long as it was written to.
    async fn rest(&mut self, worked: Duration) {
        self.look();
        if self.shares {
            tokio::time::sleep(worked.max(PAUSE)).await;
        }
    }
}

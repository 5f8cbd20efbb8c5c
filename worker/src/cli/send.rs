//! `rescind send`: messages from the operator. All are checked before the first is written; then all are written in
//! one transaction, and the worker takes them from the job table.

mod outcome;

use super::failure::Failure;
use super::session::Session;
use crate::app::Opened;
use crate::runner::check::Checker;
use crate::runner::message::Sender;
use crate::store::queue::{self, Origin};
use crate::store::tables::JobRow;
use crate::store::{Ts, keys};
use outcome::{Outcome, outcomes};
use rescind_jobs::effects::Lane;
use rescind_jobs::envelope::Envelope;
use rescind_jobs::protection::new_id;
use rescind_jobs::time::{Span, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Messages as JSON: one, an array, or one a line; - reads standard input
    #[arg(value_name = "FILE", required_unless_present = "kind", conflicts_with = "kind")]
    file: Option<PathBuf>,
    /// Send one message of this type, such as consent.request.v1
    #[arg(long = "type", value_name = "TYPE", requires = "data", id = "kind")]
    kind: Option<String>,
    /// Its data, a JSON object
    #[arg(long, value_name = "JSON", requires = "kind")]
    data: Option<String>,
    /// Its id; made up if left out
    #[arg(long, requires = "kind")]
    id: Option<String>,
    /// Its source, a label
    #[arg(long, requires = "kind", default_value = "operator")]
    source: String,
    /// When what it tells happened (RFC 3339); now if left out
    #[arg(long, requires = "kind", value_parser = time)]
    time: Option<Timestamp>,
    /// Wait until a worker has decided them, at most so long; fails unless all were
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    wait: Option<u32>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text)
        .ok_or_else(|| "expected RFC 3339 with an offset, like 2026-11-22T09:00:00Z".into())
}

/// The most that is read at once.
const LARGEST_INPUT: u64 = 64 << 20;
/// So many refusals are told; the rest is counted.
const TOLD: usize = 20;
/// More than this go to the lane that never lets people wait.
const MANY: usize = 1_000;
/// Rows a statement.
const ROWS: usize = 500;

/// A message that was checked.
struct Message {
    body: Vec<u8>,
    id: String,
    source: String,
    row: Uuid,
}

pub(super) async fn send(session: &mut Session<'_>, arguments: Arguments) -> Result<(), Failure> {
    let bodies = bodies(session, &arguments)?;
    if bodies.is_empty() {
        return Err(Failure::failed("there is no message in it"));
    }
    let opened = session.open().await?;
    let messages = checked(&opened, bodies)?;
    write(&opened, &messages).await?;
    let Some(seconds) = arguments.wait else {
        return messages.iter().try_for_each(|message| session.out.line(&message.id));
    };
    let wait = Duration::from_secs(seconds.into());
    let outcomes = outcomes(&opened, &messages, wait).await?;
    let rows: Vec<Vec<String>> = messages
        .iter()
        .zip(&outcomes)
        .map(|(message, outcome)| vec![message.id.clone(), outcome.to_string()])
        .collect();
    session.out.table(&["id", "outcome"], &rows, "")?;
    match outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Decided)).count() {
        0 => Ok(()),
        n => Err(Failure::failed(format!("{n} of {} messages were not decided", messages.len()))),
    }
}

fn bodies(session: &mut Session<'_>, arguments: &Arguments) -> Result<Vec<Vec<u8>>, Failure> {
    if let (Some(kind), Some(data)) = (&arguments.kind, &arguments.data) {
        let data: Value = serde_json::from_str(data).map_err(|error| {
            Failure::wrong(format!("--data is not JSON: line {}, column {}", error.line(), error.column()))
        })?;
        let now = session.clock.now();
        let mut rng = session.randomness.generator()?;
        let envelope = Envelope {
            specversion: "1.0".to_owned(),
            id: arguments.id.clone().unwrap_or_else(|| new_id(now, &mut rng).to_string()),
            source: arguments.source.clone(),
            kind: kind.clone(),
            time: arguments.time.unwrap_or(now),
            data,
            traceparent: None,
            correlationid: None,
            replyto: None,
        };
        return Ok(vec![envelope.to_json()]);
    }
    let path = arguments.file.as_deref().unwrap_or(Path::new("-"));
    let read = if path == Path::new("-") {
        bounded(&mut *session.input)
    } else {
        File::open(path).and_then(bounded)
    };
    let text = read.map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    split(&text).map_err(|why| Failure::failed(format!("{}: {why}", path.display())))
}

fn bounded(input: impl Read) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    input.take(LARGEST_INPUT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST_INPUT {
        let why = format!("larger than {} MiB; send it in parts", LARGEST_INPUT >> 20);
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, why));
    }
    Ok(text)
}

/// The messages of a text: one JSON value after another, arrays taken apart. Each stays byte for byte what it was.
fn split(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let broken = |error: serde_json::Error| {
        format!("not JSON: line {}, column {}; nothing was sent", error.line(), error.column())
    };
    let mut messages = Vec::new();
    for value in serde_json::Deserializer::from_slice(text).into_iter::<Box<RawValue>>() {
        let value = value.map_err(broken)?;
        if value.get().starts_with('[') {
            let items: Vec<Box<RawValue>> = serde_json::from_str(value.get()).map_err(broken)?;
            messages.extend(items.into_iter().map(|item| item.get().as_bytes().to_vec()));
        } else {
            messages.push(value.get().as_bytes().to_vec());
        }
    }
    Ok(messages)
}

/// Checks all; tells of all that are refused.
fn checked(opened: &Opened, bodies: Vec<Vec<u8>>) -> Result<Vec<Message>, Failure> {
    let now = opened.clock.now();
    let mut rng = opened.randomness.generator()?;
    let inbox = i64::try_from(opened.config.housekeeping.inbox.as_secs()).unwrap_or(i64::MAX);
    let checker = Checker {
        policy: &opened.policy,
        vault: &opened.vault,
        now,
        inbox: Span::seconds(inbox),
        body_limit: opened.config.http.body_limit,
    };
    let count = bodies.len();
    let mut refused = Vec::new();
    let mut messages = Vec::with_capacity(count);
    for (n, body) in bodies.into_iter().enumerate() {
        let envelope = checker.check(&body, Sender::Operator).and_then(|()| Envelope::parse(&body));
        match envelope {
            Ok(Envelope { id, source, .. }) => {
                messages.push(Message { body, id, source, row: new_id(now, &mut rng) });
            }
            Err(refusal) if count == 1 => refused.push(refusal.to_string()),
            Err(refusal) => refused.push(format!("message {}: {refusal}", n + 1)),
        }
    }
    if refused.is_empty() {
        return Ok(messages);
    }
    let more = refused.len().saturating_sub(TOLD);
    refused.truncate(TOLD);
    if more > 0 {
        refused.push(format!("and {more} more"));
    }
    Err(Failure::failed(format!("refused; nothing was sent\n{}", refused.join("\n"))))
}

async fn write(opened: &Opened, messages: &[Message]) -> Result<(), Failure> {
    let now = opened.clock.now();
    let mut rng = opened.randomness.generator()?;
    let lane = if messages.len() > MANY { Lane::Background } else { Lane::Request };
    let day = keys::day_of(now);
    let mut tx = opened.pool.begin().await?;
    let key = keys::day_key(&mut tx, &opened.vault, day, &mut rng).await?;
    for part in messages.chunks(ROWS) {
        let rows: Vec<JobRow> = part
            .iter()
            .map(|message| JobRow {
                id: message.row,
                subject_id: None,
                source: message.source.clone(),
                origin: Origin::Operator as i16,
                kind: None,
                body: key.seal(keys::body_place(day), &message.body, &mut rng).0,
                day: Some(day),
                due_at: Ts(now),
                lane: lane as i16,
                attempt: 0,
                schedule: None,
                created_at: Ts(now),
                correlation: None,
                traceparent: None,
            })
            .collect();
        queue::add(&mut tx, &rows).await?;
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::split;

    fn messages(text: &str) -> Vec<String> {
        let split = split(text.as_bytes()).expect("messages");
        split.into_iter().map(|m| String::from_utf8(m).expect("text")).collect()
    }

    #[test]
    fn one_an_array_or_one_a_line() {
        assert_eq!(messages("{\n  \"a\": 1\n}\n"), ["{\n  \"a\": 1\n}"]);
        assert_eq!(messages("[{\"a\":1}, {\"b\":[2]}]"), ["{\"a\":1}", "{\"b\":[2]}"]);
        assert_eq!(messages("{\"a\":1}\n\n{\"b\":2}\r\n"), ["{\"a\":1}", "{\"b\":2}"]);
        assert!(messages("  \n").is_empty());
    }

    #[test]
    fn broken_json_names_its_place_and_nothing_of_it() {
        let told = split(b"{\"a\":1}\n{\"email\":ana@example.org}\n").expect_err("broken");
        assert!(told.contains("line 2, column 10") && !told.contains("ana"), "{told}");
    }
}

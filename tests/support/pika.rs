//! A client of the broker that shares no code with ours: `publish.py`, which speaks through pika.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

fn script(url: &str) -> Command {
    // scripts/test names the interpreter that has pika; the system's is the likely one otherwise.
    let python = std::env::var("RESCIND_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".to_owned());
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/support/publish.py")).args(["--url", url]);
    command
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("publish.py printed {line:?}: {error}"))
}

/// Publishes `messages`, each one line: a CloudEvent as JSON, or anything else to see it refused. Gives one
/// object a message: `id`, `confirmed`, and a `reason` where the broker did not take it.
///
/// `options` are those of `publish.py`, for example `--binary`, `--user-id NAME`, `--exchange NAME`.
///
/// # Panics
/// If the script cannot be run or ends in an error of its own.
pub fn publish(url: &str, options: &[&str], messages: &[String]) -> Vec<Value> {
    let mut child = script(url)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python with pika is there");
    let mut input = child.stdin.take().expect("standard input is a pipe");
    // Written from a thread of its own: with many messages both pipes fill up.
    let text = messages.iter().flat_map(|message| [message.as_str(), "\n"]).collect::<String>();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("publish.py ends");
    let answers: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(parsed).collect();
    assert_eq!(answers.len(), messages.len(), "publish.py gave up: {}", output.status);
    writer.join().expect("the writer ends").expect("publish.py reads everything");
    answers
}

/// A queue being read. Made before what is expected to arrive is caused.
#[derive(Debug)]
pub struct Reader {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Reader {
    /// Begins to read up to `count` messages from `queue`, for at most `limit`. `binds` are `EXCHANGE:KEY`.
    /// A queue that is not there is made, and goes with the reader. Gives it back once all bindings are made.
    ///
    /// # Panics
    /// If the script cannot be run, or not connect.
    pub fn new(url: &str, queue: &str, binds: &[&str], count: usize, limit: Duration) -> Self {
        Self::with_options(url, queue, binds, count, limit, &[])
    }

    /// The same, with more options of `publish.py`; with `--keep` the queue it makes is durable and stays.
    ///
    /// # Panics
    /// As [`Reader::new`].
    pub fn with_options(
        url: &str,
        queue: &str,
        binds: &[&str],
        count: usize,
        limit: Duration,
        options: &[&str],
    ) -> Self {
        let mut command = script(url);
        command.args(options);
        command.args(["--declare", "--consume", queue, "--count", &count.to_string()]);
        command.args(["--timeout", &limit.as_secs_f64().to_string()]);
        for bind in binds {
            command.args(["--bind", bind]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("python with pika is there");
        let output = child.stdout.take().expect("standard output is a pipe");
        let mut reader = Self { child, lines: BufReader::new(output) };
        let first = reader.line().expect("publish.py says when it is ready");
        assert_eq!(first["ready"], true, "{first}");
        reader
    }

    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let length = self.lines.read_line(&mut line).expect("publish.py prints UTF-8");
        (length > 0).then(|| parsed(&line))
    }

    /// Waits for the messages: `routing_key`, `properties`, `headers` and `body` of each, fewer than asked for
    /// if they did not come in time.
    pub fn messages(mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.line()).collect()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Those that do the work: each a process that takes messages from a queue, writes rows and sends mail.

use crate::broker::{Publication, plain};
use crate::database::RunDatabase;
use crate::messages;
use crate::place::{Place, now_micros};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use rescind_tests::program::{Program, settings};
use rescind_tests::temp_folder::TempFolder;
use serde_json::json;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// Rescind with its default settings.
    Rescind,
    /// By hand, through lettre's connection.
    FloorLettre,
    /// By hand, with pipelined commands.
    FloorPipelined,
    /// A Celery worker.
    Celery,
}

impl Candidate {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rescind => "Rescind",
            Self::FloorLettre => "floor, lettre",
            Self::FloorPipelined => "floor, pipelined",
            Self::Celery => "Celery",
        }
    }

    /// Message `number`, as this candidate expects it.
    pub(crate) fn message(self, number: usize) -> Publication {
        self.numbered(&format!("bench-{number}"), number)
    }

    /// The same under an id of its own.
    pub(crate) fn numbered(self, id: &str, number: usize) -> Publication {
        let envelope = messages::request(id, number, now_micros());
        match self {
            Self::Celery => task(id, &envelope),
            _ => plain(envelope.to_string().into_bytes()),
        }
    }
}

/// A message in Celery's own protocol (version 2).
fn task(id: &str, envelope: &serde_json::Value) -> Publication {
    let body = json!([[envelope], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]);
    let mut headers = FieldTable::default();
    for (key, value) in
        [("lang", "py"), ("task", "request_consent"), ("id", id), ("root_id", id), ("argsrepr", "")]
    {
        headers.insert(key.into(), AMQPValue::LongString(value.into()));
    }
    headers.insert("retries".into(), AMQPValue::LongInt(0));
    let properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_correlation_id(id.into())
        .with_headers(headers);
    (body.to_string().into_bytes(), properties)
}

/// A candidate at work; ends on drop.
pub(crate) enum Running {
    Program(Program, TempFolder),
    Child(Child),
}

/// The settings of a worker on these services, all else by default.
pub(crate) fn worker_settings(
    folder: &Path,
    store: &str,
    smtp_port: u16,
    queue: Option<(&str, &str)>,
) -> Vec<(&'static str, String)> {
    let policy = folder.join("policy.toml");
    std::fs::write(&policy, messages::policy()).expect("the policy can be written");
    let mut all = settings(&folder.join("data"), store);
    all.retain(|(key, _)| *key != "RESCIND_RUNNER__POLL_INTERVAL_MILLISECONDS");
    all.extend([
        ("RESCIND_POLICY", policy.display().to_string()),
        ("RESCIND_MAIL__TRANSPORT", "smtp".to_owned()),
        ("RESCIND_MAIL__SMTP__URL", format!("smtp://127.0.0.1:{smtp_port}?tls=none")),
    ]);
    if let Some((url, queue)) = queue {
        all.extend([
            ("RESCIND_INTAKE__AMQP__URL", url.to_owned()),
            ("RESCIND_INTAKE__AMQP__QUEUE", queue.to_owned()),
        ]);
    }
    all
}

impl Running {
    /// Starts a candidate; returns as soon as it is started.
    pub(crate) fn start(
        candidate: Candidate,
        place: &Place,
        database: &RunDatabase,
        queue: &str,
        smtp_port: u16,
    ) -> Self {
        match candidate {
            Candidate::Rescind => {
                let folder = TempFolder::new("bench");
                let queue = Some((place.amqp.as_str(), queue));
                let settings = worker_settings(folder.path(), &database.url, smtp_port, queue);
                Self::Program(Program::start(&settings), folder)
            }
            Candidate::FloorLettre => Self::Child(floor("lettre", place, database, queue, smtp_port)),
            Candidate::FloorPipelined => Self::Child(floor("pipelined", place, database, queue, smtp_port)),
            Candidate::Celery => Self::Child(celery(place, database, queue, smtp_port)),
        }
    }

    /// Rescind on a database that was filled under this key.
    pub(crate) fn with_key(
        place: &Place,
        database: &RunDatabase,
        queue: &str,
        smtp_port: u16,
        key: &Path,
    ) -> Self {
        let folder = TempFolder::new("bench");
        let queue = Some((place.amqp.as_str(), queue));
        let mut settings = worker_settings(folder.path(), &database.url, smtp_port, queue);
        settings.push(("RESCIND_KEYS__FILE", key.display().to_string()));
        Self::Program(Program::start(&settings), folder)
    }

    /// Ends it in order, if it knows how to.
    pub(crate) fn stop(self) {
        match self {
            Self::Program(program, _folder) => assert_eq!(program.terminate(), Some(0), "it stops in order"),
            Self::Child(mut child) => {
                // the whole group: a Celery worker has children of its own
                let group = format!("-{}", child.id());
                let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
                child.wait().expect("it ends");
            }
        }
    }
}

fn spawn(command: &mut Command) -> Child {
    use std::os::unix::process::CommandExt;
    command.stdin(Stdio::null()).process_group(0).spawn().expect("a candidate starts")
}

fn floor(way: &str, place: &Place, database: &RunDatabase, queue: &str, smtp_port: u16) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("our own path"));
    command
        .args(["floor", way])
        .env("RESCIND_BENCH_FLOOR_DATABASE", &database.url)
        .env("RESCIND_BENCH_FLOOR_AMQP", &place.amqp)
        .env("RESCIND_BENCH_FLOOR_QUEUE", queue)
        .env("RESCIND_BENCH_FLOOR_SMTP_PORT", smtp_port.to_string());
    spawn(&mut command)
}

fn celery(place: &Place, database: &RunDatabase, queue: &str, smtp_port: u16) -> Child {
    let python =
        place.python.as_ref().expect("RESCIND_BENCH_PYTHON: scripts/bench installs what Celery needs");
    let log = place.folder.join("celery.log");
    let log = std::fs::File::options().create(true).append(true).open(log).expect("a log");
    let mut command = Command::new(python);
    command
        .args(["-m", "celery", "--app", "worker", "worker", "--pool", "prefork", "--concurrency", "2"])
        .args(["--loglevel", "warning", "--without-gossip", "--without-mingle", "--without-heartbeat"])
        .args(["--queues", queue])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/bench/peers"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PEER_DATABASE", &database.url)
        .env("PEER_AMQP", &place.amqp)
        .env("PEER_QUEUE", queue)
        .env("PEER_SMTP_PORT", smtp_port.to_string())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log);
    spawn(&mut command)
}

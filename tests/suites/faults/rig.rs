//! Everything around the program in a fault suite: store, ways in and out, and how it is started to die.

use super::messages::Message;
use rescind_tests::app::{client, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::command;
use rescind_tests::database::TestDatabase;
use rescind_tests::fault::Death;
use rescind_tests::operations::example_policy;
use rescind_tests::program::{self, Program};
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};
use rescind_tests::tap::Tap;
use rescind_tests::temp_folder::TempFolder;
use rescind_tests::web_server::{Served, WebServer};
use rescind_worker::app::Opened;
use rescind_worker::clock::{Clock, Randomness};
use rescind_worker::config::Config;
use rescind_worker::fault::Point;
use serde_json::Value;
use std::collections::HashSet;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// Mails that a loop of the outbox hands over together.
pub(super) const GROUP: usize = 4;

/// How messages come in and mails leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By RabbitMQ; mails leave over SMTP, events to RabbitMQ.
    Broker,
    /// By HTTP and the job table; mails go to the mailbox, events are kept.
    Embedded,
}

/// How a program is made to die.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// By itself, at a point.
    At(Death),
    /// By SIGKILL, so long after messages began to come.
    After(Duration),
}

/// The program's surroundings. They outlive it many times.
pub(super) struct Rig {
    pub(super) way: Way,
    pub(super) opened: Opened,
    pub(super) tap: Option<Tap>,
    pub(super) sink: Option<SmtpSink>,
    /// An endpoint of webhooks that takes every event.
    pub(super) endpoint: WebServer,
    settings: Vec<(&'static str, String)>,
    http: reqwest::Client,
    /// Ids of what was taken over HTTP.
    taken: Arc<Mutex<HashSet<String>>>,
    // dropped last
    broker: Option<TestBroker>,
    folder: TempFolder,
    _database: TestDatabase,
}

impl Rig {
    pub(super) async fn new(database: TestDatabase, way: Way) -> Self {
        let folder = TempFolder::new("faults");
        let policy = folder.path().join("policy.toml");
        let mut settings = program::settings(&folder.path().join("data"), &database.url());
        settings.extend([
            ("RESCIND_POLICY", policy.display().to_string()),
            // little at a time, so that a round has several of everything
            ("RESCIND_RUNNER__BATCH_SIZE", "4".to_owned()),
            ("RESCIND_MAIL__GROUP_SIZE", GROUP.to_string()),
        ]);
        let endpoint =
            WebServer::start(|_| Served::text("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
        let webhooks = folder.path().join("webhooks.toml");
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let url = endpoint.url("/hook");
        let text = format!("[shop]\nurl = \"{url}\"\nsecret = \"{secret}\"\nevents = [\"*\"]\n");
        std::fs::write(&webhooks, text).expect("the endpoint can be written");
        settings.extend([
            ("RESCIND_WEBHOOKS__FILE", webhooks.display().to_string()),
            ("RESCIND_EGRESS__SCHEMES", "any".to_owned()),
            ("RESCIND_EGRESS__ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
        ]);
        let (mut broker, mut sink, mut sources) = (None, None, "");
        if way == Way::Broker {
            sources = "[sources.broker]\ntypes = [\"*\"]\n";
            let names = TestBroker::shared();
            settings.extend([
                ("RESCIND_INTAKE__AMQP__URL", names.url.clone()),
                ("RESCIND_INTAKE__AMQP__PREFETCH", "8".to_owned()),
                ("RESCIND_INTAKE__AMQP__QUEUE", names.queue.clone()),
                ("RESCIND_INTAKE__AMQP__EXCHANGE", names.exchange.clone()),
                ("RESCIND_INTAKE__AMQP__BULK_QUEUE", names.bulk_queue.clone()),
                ("RESCIND_INTAKE__AMQP__BULK_EXCHANGE", names.bulk_exchange.clone()),
                ("RESCIND_INTAKE__AMQP__EVENTS_EXCHANGE", names.events.clone()),
            ]);
            let server = SmtpSink::start(SinkOptions::default()).await;
            settings.extend([
                ("RESCIND_MAIL__TRANSPORT", "smtp".to_owned()),
                ("RESCIND_MAIL__SMTP__URL", format!("smtp://127.0.0.1:{}", server.port)),
                ("RESCIND_MAIL__SMTP__CONNECTIONS", "2".to_owned()),
            ]);
            (broker, sink) = (Some(names), Some(server));
        }
        let limits = example_policy(sources).replace("per_hour = 20\n", "per_hour = 100000\n");
        std::fs::write(&policy, limits).expect("the policy can be written");
        // the first start makes the tables, and declares the queue
        let program = Program::start(&settings);
        let http = client();
        eventually("it is ready", async || {
            let answer = http.get(format!("http://{}/readyz", program.ops)).send().await;
            let Ok(report) = answer.expect("an answer").json::<Value>().await else { return false };
            report["parts"].as_object().is_some_and(|parts| parts.values().all(|p| p["state"] == "ready"))
        })
        .await;
        let tap = match &broker {
            Some(names) => Some(Tap::new(names).await),
            None => None,
        };
        assert_eq!(program.terminate(), Some(0));
        let variables = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let config = Config::load(None, variables).unwrap_or_else(|e| panic!("configuration:\n{e}"));
        let opened = Opened::open(config, Clock::system(), Randomness::system()).await;
        let opened = opened.unwrap_or_else(|e| panic!("{e}"));
        let taken = Arc::default();
        Self { way, opened, tap, sink, endpoint, settings, http, taken, broker, folder, _database: database }
    }

    /// The folder of the mailbox.
    pub(super) fn mailbox(&self) -> std::path::PathBuf {
        self.folder.path().join("data/mailbox")
    }

    /// Sends the messages to a program that is made to die meanwhile, and sees it dead. What it has not said it took
    /// is sent again to the next one.
    pub(super) async fn send_and_kill(&self, messages: &[Message], end: End) {
        let death = match end {
            End::At(death) => death,
            // further away than any test goes
            End::After(_) => Death::anywhere(usize::MAX),
        };
        let mut program = match Program::start_to_die(&self.settings, death) {
            Ok(program) => program,
            Err(ended) => {
                assert_eq!(ended.signal(), Some(6), "it died at its start, but not at {death}");
                self.send_to(None, messages).await.join_all().await;
                return;
            }
        };
        let sending = self.send_to(Some(&program), messages).await;
        match end {
            End::At(death) => {
                if matches!(death.point, Some(Point::AfterDrainBegan | Point::AfterIntakeEnded)) {
                    program.ask_to_stop();
                }
                let mut ended = None;
                eventually(&format!("it dies at {death}"), async || {
                    ended = program.ended();
                    ended.is_some()
                })
                .await;
                assert_eq!(ended.and_then(|e| e.signal()), Some(6), "it ended, but not at {death}");
            }
            End::After(delay) => {
                tokio::time::sleep(delay).await;
                program.kill();
            }
        }
        sending.join_all().await;
    }

    /// Sends what was not taken yet. Without a program only what waits in a queue can be sent.
    async fn send_to(&self, program: Option<&Program>, messages: &[Message]) -> JoinSet<()> {
        let mut sending = JoinSet::new();
        let untaken = |m: &&Message| !self.taken.lock().expect("whole").contains(&m.id);
        let messages: Vec<Message> = messages.iter().filter(untaken).cloned().collect();
        let (operators, apps): (Vec<_>, Vec<_>) = messages.into_iter().partition(|m| m.sort.is_operators());
        if let Some(tap) = &self.tap {
            let bodies: Vec<Value> = apps.iter().map(|m| m.body.clone()).collect();
            tap.publish(&bodies).await;
            self.taken.lock().expect("whole").extend(apps.into_iter().map(|m| m.id));
        } else if let Some(program) = program {
            for message in apps {
                let (http, base) = (self.http.clone(), program.http.clone());
                let taken = Arc::clone(&self.taken);
                sending.spawn(async move {
                    let url = format!("http://{base}/v1/messages");
                    let answer = http.post(url).json(&message.body).send().await;
                    if answer.is_ok_and(|answer| answer.status() == 202) {
                        taken.lock().expect("whole").insert(message.id);
                    }
                });
            }
        }
        if !operators.is_empty() {
            let lines: String = operators.iter().map(|m| format!("{}\n", m.body)).collect();
            let environment = self.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let arguments = ["send", "-"];
            let ran =
                command::rescind(&arguments, environment.collect(), lines.as_bytes(), Clock::system()).await;
            ran.done();
            self.taken.lock().expect("whole").extend(operators.into_iter().map(|m| m.id));
        }
        sending
    }

    /// Starts a program that lives, sends it what was not taken yet, waits until `done`, and stops it.
    pub(super) async fn recover(&self, messages: &[Message], mut done: impl AsyncFnMut() -> bool) {
        let program = Program::start(&self.settings);
        eventually("every message is taken", async || {
            self.send_to(Some(&program), messages).await.join_all().await;
            let taken = self.taken.lock().expect("whole");
            messages.iter().all(|m| taken.contains(&m.id))
        })
        .await;
        // what does not come is counted as lost
        let started = std::time::Instant::now();
        while !done().await && started.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if let Some(broker) = &self.broker {
            // what the dead one had decided and not acknowledged comes again, perhaps after its mails have left
            eventually("what is in the queue is taken", async || broker.waiting().await == 0).await;
        }
        assert_eq!(program.terminate(), Some(0), "it stops in order");
        if let Some(broker) = &self.broker {
            eventually("nothing is left in the queue", async || broker.waiting().await == 0).await;
        }
    }
}

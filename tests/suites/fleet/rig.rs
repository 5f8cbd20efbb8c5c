//! Workers as processes, the load on them, and what came of it.

use rescind_tests::app::eventually;
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::parts::policy_with;
use rescind_tests::pika::{Reader, publish};
use rescind_tests::program::{Program, path, settings};
use rescind_tests::report::{Figures, note, outage};
use rescind_tests::smtp_script::{Script, SmtpScript};
use rescind_tests::temp_folder::TempFolder;
use rescind_worker::clock::Clock;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::collections::BTreeSet;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SOURCES: &str = include_str!("../../../config/sources.toml");

/// Messages that are published at a time.
const PORTION: usize = 40;
/// Mails that a worker hands over at a time, in each of its two lanes.
const GROUP: usize = 16;
/// Schedules that fire every minute.
const SCHEDULES: usize = 5;
/// Minutes that they are late.
const LATE: i64 = 40;

/// Workers that share a database, a broker, a key and a policy.
pub(super) struct Fleet {
    programs: Vec<Option<Program>>,
    database: TestDatabase,
    broker: TestBroker,
    server: SmtpScript,
    kept: String,
    folder: TempFolder,
    kills: usize,
    begun: Instant,
}

/// Messages on their way, from a thread of their own.
pub(super) struct Load {
    thread: JoinHandle<usize>,
}

impl Load {
    pub(super) fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end; returns how many messages the broker has taken, numbered from 0.
    pub(super) fn end(self) -> usize {
        tokio::task::block_in_place(|| self.thread.join()).expect("the broker took all of them")
    }
}

impl Fleet {
    pub(super) async fn start(replicas: usize) -> Self {
        let (broker, database) = (TestBroker::shared(), TestDatabase::postgres().await);
        let folder = TempFolder::new("fleet");
        let schedules: String = (0..SCHEDULES)
            .map(|n| {
                format!(
                    "[schedules.minute-{n}]\ncron = \"* * * * *\"\ntime_zone = \"UTC\"\ncatch_up = \"all\"\n\
                     overlap = true\nmessage = {{ type = \"sweep.run.v1\", data = {{ sweep = \"housekeeping\" }} }}\n\n"
                )
            })
            .collect();
        let policy = format!("{}\n{SOURCES}", policy_with(&schedules));
        std::fs::write(folder.path().join("policy.toml"), policy).expect("the policy can be written");
        // a queue for events that stays while nobody reads it
        let (kept, bind) = (format!("{}.kept", broker.events), format!("{}:#", broker.events));
        let at_once = Duration::from_millis(100);
        Reader::with_options(&broker.url, &kept, &[&bind], 1, at_once, &["--keep"]).messages();
        let server = SmtpScript::start(vec![Script::friendly()]).await;
        let programs = (0..replicas).map(|_| None).collect();
        let begun = Instant::now();
        let mut fleet = Self { programs, database, broker, server, kept, folder, kills: 0, begun };
        for replica in 0..replicas {
            fleet.start_again(replica);
        }
        fleet
    }

    fn settings(&self, replica: usize) -> Vec<(&'static str, String)> {
        let folder = self.folder.path();
        let mut all = settings(&folder.join(format!("data-{replica}")), &self.database.url());
        all.extend([
            ("RESCIND_POLICY", folder.join("policy.toml").display().to_string()),
            ("RESCIND_KEYS__FILE", folder.join("the.key").display().to_string()),
            ("RESCIND_INTAKE__AMQP__URL", self.broker.url.clone()),
            ("RESCIND_INTAKE__AMQP__QUEUE", self.broker.queue.clone()),
            ("RESCIND_INTAKE__AMQP__EXCHANGE", self.broker.exchange.clone()),
            ("RESCIND_INTAKE__AMQP__BULK_QUEUE", self.broker.bulk_queue.clone()),
            ("RESCIND_INTAKE__AMQP__BULK_EXCHANGE", self.broker.bulk_exchange.clone()),
            ("RESCIND_INTAKE__AMQP__EVENTS_EXCHANGE", self.broker.events.clone()),
            ("RESCIND_INTAKE__AMQP__PREFETCH", "32".to_owned()),
            ("RESCIND_RUNNER__BATCH_SIZE", "16".to_owned()),
            ("RESCIND_MAIL__TRANSPORT", "smtp".to_owned()),
            ("RESCIND_MAIL__SMTP__URL", format!("smtp://127.0.0.1:{}", self.server.port)),
            ("RESCIND_MAIL__GROUP_SIZE", GROUP.to_string()),
        ]);
        all
    }

    /// Starts a replica, and waits until its listeners are bound.
    pub(super) fn start_again(&mut self, replica: usize) {
        let settings = self.settings(replica);
        self.programs[replica] = Some(tokio::task::block_in_place(|| Program::start(&settings)));
    }

    pub(super) fn kill(&mut self, replica: usize) {
        let program = self.programs[replica].take().expect("it runs");
        tokio::task::block_in_place(|| program.kill());
        self.kills += 1;
    }

    pub(super) fn stop_one(&mut self, replica: usize) {
        let program = self.programs[replica].take().expect("it runs");
        assert_eq!(tokio::task::block_in_place(|| program.terminate()), Some(0), "it stops in order");
    }

    pub(super) fn stop(&mut self) {
        for replica in 0..self.programs.len() {
            self.stop_one(replica);
        }
    }

    async fn run(&self, statement: &str) {
        let mut session = PgConnection::connect(&self.database.url()).await.expect("the server lets us in");
        let ran = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut session).await;
        ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    async fn number(&self, query: &str) -> usize {
        let mut session = PgConnection::connect(&self.database.url()).await.expect("the server lets us in");
        let number: i64 = sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
            .fetch_one(&mut session)
            .await
            .expect("a number");
        usize::try_from(number).expect("not below zero")
    }

    /// Publishes messages for so long: requests for consent, and consents taken elsewhere, in turn.
    pub(super) fn load(&self, lasting: Duration) -> Load {
        let (url, exchange) = (self.broker.url.clone(), self.broker.exchange.clone());
        let thread = std::thread::spawn(move || {
            let (begun, mut sent) = (Instant::now(), 0);
            while begun.elapsed() < lasting {
                let messages: Vec<String> = (sent..sent + PORTION).map(|n| message(n).to_string()).collect();
                for answer in publish(&url, &["--exchange", &exchange], &messages) {
                    assert_eq!(answer["confirmed"], true, "{answer}");
                }
                sent += PORTION;
            }
            sent
        });
        Load { thread }
    }

    /// As if no worker had run for a while: every schedule has due times to catch up on, and all replicas go for them.
    pub(super) async fn make_schedules_late(&self) {
        eventually("every schedule is known", async || {
            self.number("select count(*) from schedule_state").await == SCHEDULES
        })
        .await;
        self.run(&format!("update schedule_state set known_since = known_since - interval '{LATE} minutes'"))
            .await;
    }

    /// Every message that the broker took was decided once, told once and mailed once.
    pub(super) async fn all_once(&self, what: &str, sent: usize) {
        let half = sent / 2;
        let open = "select (select count(*) from mail where state in (0, 1, 2)) \
                    + (select count(*) from event where state in (0, 1)) \
                    + (select count(*) from job where due_at <= now())";
        // leases of the dead run out within two minutes, unless their folder's next worker takes them up
        let deadline = Instant::now() + Duration::from_secs(150);
        loop {
            let done = self.number("select count(*) from consent_request").await
                + self.number("select count(*) from consent_record").await;
            if (done >= sent && self.number(open).await == 0) || Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let asked = self.number("select count(distinct subject_id) from consent_request").await;
        let recorded = self.number("select count(distinct subject_id) from consent_record").await;
        let requests = self.number("select count(*) from consent_request").await;
        let records = self.number("select count(*) from consent_record").await;
        let uncertain = self.number("select count(*) from mail where state = 6").await;
        let unsent = self.number("select count(*) from mail where state not in (3, 6)").await;
        let taken: Vec<_> = self.server.taken().into_iter().map(|mail| mail.rcpt).collect();
        let to: BTreeSet<_> = taken.iter().collect();
        let limit = Duration::from_secs(60);
        // an event may be told again, under the same id, by whoever takes over from one that died
        let waiting = self.broker.waiting_in(&self.kept).await.expect("the queue is there") as usize;
        let told = Reader::new(&self.broker.url, &self.kept, &[], waiting, limit).messages();
        let told: BTreeSet<_> = told.iter().map(|event| event["body"]["id"].to_string()).collect();
        let figures = Figures {
            messages: sent,
            lost: sent.saturating_sub(asked + recorded)
                + unsent
                + half.saturating_sub(to.len() + uncertain)
                + half.saturating_sub(told.len()),
            decided_twice: (requests + records) - (asked + recorded),
            mailed_twice: taken.len() - to.len(),
            uncertain,
        };
        outage(what, figures);
        let again = waiting - told.len();
        note(&format!(
            "{what}: decided {asked} + {recorded}, mailed {}, told {}, again {again}",
            to.len(),
            told.len()
        ));
        let seconds = self.begun.elapsed().as_secs();
        note(&format!("{what}: {} kills, {seconds} s from the first start", self.kills));
        assert_eq!(figures, Figures { messages: sent, uncertain, ..Figures::default() });
        // two lanes of two loops each
        assert!(uncertain <= self.kills * GROUP * 4, "at most the mails in flight: {uncertain}");
        assert_eq!(self.number("select count(*) from parked").await, 0);
        assert_eq!(self.broker.waiting().await, 0, "everything was acknowledged");
    }

    /// Every due time of every schedule ran once.
    pub(super) async fn schedules_fired_once(&self, what: &str) {
        let runs = self.number("select count(*) from schedule_run").await;
        let minutes = "select count(*) from (select schedule, \
                       extract(epoch from max(due_at) - min(due_at)) / 60 + 1 - count(*) as missed \
                       from schedule_run group by schedule) s where missed <> 0";
        let decided = self.number("select count(*) from audit where detail like '%\"sweep_ordered\"%'").await;
        note(&format!("{what}: {runs} runs of {SCHEDULES} schedules, {decided} decided"));
        assert!(runs >= SCHEDULES * usize::try_from(LATE).expect("small"), "{runs}");
        assert_eq!(self.number(minutes).await, 0, "no minute is missing");
        assert_eq!(decided, runs, "each is decided once");
    }

    /// What a newer version adds.
    pub(super) async fn expand(&self) {
        self.run(
            "create table later (id bigint primary key); alter table subject add column later text; \
             alter table mail add column later integer not null default 7; \
             insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
             values (9001, 'later', true, '', 0)",
        )
        .await;
    }

    /// What the version after it takes away.
    pub(super) async fn contract(&self) {
        self.run(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
             values (9002, 'contract 9001 what only old ones use', true, '', 0)",
        )
        .await;
    }

    /// Why a worker does not start.
    pub(super) fn refused(&self) -> String {
        let settings = self.settings(0);
        let output = Command::new(path())
            .arg("run")
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (*name, value.as_str())))
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

fn message(n: usize) -> Value {
    let subject = json!({"email": format!("ana@d{n}.example"), "ids": {"shop": n.to_string()}});
    let (kind, data) = if n.is_multiple_of(2) {
        ("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]}))
    } else {
        let answer =
            json!([{"category": "personalisation", "content": "recommendations", "answer": "agree"}]);
        ("consent.record.v1", json!({"subject": subject, "consents": answer}))
    };
    json!({"specversion": "1.0", "id": format!("f-{n}"), "source": "shop", "type": kind,
           "time": Clock::system().now(), "data": data})
}

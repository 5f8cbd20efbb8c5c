//! The parts of a worker without its loops: a test runs each of them when it wants to, under a clock that it moves.

use crate::app::beginning;
use crate::database::TestDatabase;
use crate::temp_folder::TempFolder;
use rescind_jobs::effects::Lane;
use rescind_jobs::time::{Span, Timestamp};
use rescind_worker::app::Opened;
use rescind_worker::clock::{Clock, Randomness};
use rescind_worker::config::Config;
use rescind_worker::metrics::Metrics;
use rescind_worker::policy_files::EXAMPLE;
use rescind_worker::runner::flights::Flights;
use rescind_worker::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use rescind_worker::runner::{Engine, Settings, Woken};
use rescind_worker::store::dialect::{Sql, Table, sql};
use rescind_worker::store::{Arg, Pool};
use serde_json::{Value, json};
use std::sync::Arc;

/// An engine over a real store, and what it stands on.
pub struct Parts {
    /// Runs batches.
    pub engine: Engine,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The clock.
    pub clock: Clock,
    /// Configuration, policy, keys and store.
    pub opened: Opened,
    flights: Flights,
    // dropped after what uses them
    _folder: TempFolder,
    _database: TestDatabase,
}

/// The built-in example policy with these schedules instead of its own.
pub fn policy_with(schedules: &str) -> String {
    let (before, rest) = EXAMPLE.split_once("[schedules.housekeeping]").expect("the example has a schedule");
    let at = rest.find("\n# --- Contents").expect("contents follow the schedules");
    format!("{before}{schedules}\n{}", &rest[at..])
}

fn leaked(text: &'static str) -> &'static Sql {
    Box::leak(Box::new(sql(text)))
}

impl Parts {
    /// Over a database, with a policy of its own or the built-in one, at [`beginning`].
    pub async fn new(database: TestDatabase, policy: Option<&str>) -> Self {
        let folder = TempFolder::new("parts");
        let mut variables = vec![
            ("RESCIND_DATA_DIR".to_owned(), folder.path().join("data").display().to_string()),
            ("RESCIND_STORE__URL".to_owned(), database.url()),
        ];
        if let Some(text) = policy {
            let file = folder.path().join("policy.toml");
            std::fs::write(&file, text).expect("the policy can be written");
            variables.push(("RESCIND_POLICY".to_owned(), file.display().to_string()));
        }
        let config =
            Config::load(None, variables.into_iter()).unwrap_or_else(|e| panic!("configuration:\n{e}"));
        let clock = Clock::set_to(beginning());
        let opened = Opened::open(config, clock.clone(), Randomness::seeded(7)).await;
        let opened = opened.unwrap_or_else(|e| panic!("{e}"));
        let metrics = Arc::new(Metrics::default());
        let settings =
            Settings { batch_size: 256, inbox: Span::days(30), body_limit: 1 << 20, max_attempts: 5 };
        let engine = Engine::new(
            opened.pool.clone(),
            Arc::clone(&opened.policy),
            Arc::clone(&opened.vault),
            clock.clone(),
            opened.randomness.clone(),
            settings,
            Woken::default(),
            Arc::clone(&metrics),
        );
        let flights = Flights::new(&folder.path().join("in-flight"), "test").expect("a folder");
        Self { engine, metrics, clock, opened, flights, _folder: folder, _database: database }
    }

    /// The store.
    pub fn pool(&self) -> &Pool {
        self.engine.pool()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Decides a message that must be taken; `id` is its id.
    pub async fn send(&self, id: &str, kind: &str, data: Value) {
        let message = json!({"specversion": "1.0", "id": id, "source": "shop", "type": kind,
                             "time": self.now(), "data": data});
        let message = Incoming {
            body: message.to_string().into_bytes(),
            sender: Sender::Local,
            on_refusal: OnRefusal::Tell,
            redelivered: false,
            answer: Answering::default(),
        };
        let outcomes = self.engine.handle(vec![message]).await.expect("the store answers");
        assert_eq!(outcomes, [Outcome::Done]);
    }

    /// Decides everything in the job table that is due; returns how many rows there were.
    pub async fn work(&self) -> usize {
        let mut done = 0;
        for lane in [Lane::Request, Lane::Background] {
            loop {
                match self.work_once(lane).await.expect("the store answers") {
                    0 => break,
                    more => done += more,
                }
            }
        }
        done
    }

    /// Decides some of the rows of a lane that are due; returns how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn work_once(&self, lane: Lane) -> rescind_worker::store::Result<usize> {
        self.engine.work(lane, &self.flights).await
    }

    /// Writes rows as they are.
    pub async fn put<T: Table>(&self, rows: &[T]) {
        let mut tx = self.pool().begin().await.expect("a transaction");
        tx.put(rows).await.expect("rows that fit");
        tx.commit().await.expect("a commit");
    }

    /// Runs a statement that both databases understand.
    pub async fn execute(&self, text: &'static str) -> u64 {
        self.pool().write(leaked(text), Vec::new()).await.expect("a statement")
    }

    /// The number that a query counts.
    pub async fn count(&self, text: &'static str) -> i64 {
        let rows = self.pool().read(leaked(text), Vec::<Arg>::new()).await.expect("a query");
        rows[0].get::<i64>(0).expect("a number")
    }

    /// The first column of a query, as times.
    pub async fn times(&self, text: &'static str) -> Vec<Timestamp> {
        let rows = self.pool().read(leaked(text), Vec::<Arg>::new()).await.expect("a query");
        rows.iter().map(|row| row.get::<rescind_worker::store::Ts>(0).expect("a time").0).collect()
    }
}

/// Declares tests that take a [`TestDatabase`], on each database.
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::database::TestDatabase::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::database::TestDatabase::postgres().await).await;
            })+
        }
    };
}

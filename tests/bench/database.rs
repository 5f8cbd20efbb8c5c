//! Databases of one run each, as Rescind's migrations make them, whoever writes to them.

use crate::place::Place;
use rescind_worker::config::{Database, Secret};
use rescind_worker::store::Pool;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A migrated database on the private server.
pub(crate) struct RunDatabase {
    server: String,
    name: String,
    pub(crate) url: String,
}

async fn administer(server: &str, statement: String) {
    let mut connection = PgConnection::connect(server).await.expect("the private PostgreSQL answers");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("a database of a run");
    connection.close().await.expect("a connection closes");
}

impl RunDatabase {
    /// An empty one.
    pub(crate) async fn new(place: &Place) -> Self {
        let name = format!("bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self::kept(place, &name);
        database.create().await;
        database
    }

    /// One that may be there already, under a name of its own.
    pub(crate) fn kept(place: &Place, name: &str) -> Self {
        let (base, _) = place.postgres.rsplit_once('/').expect("the URL names a database");
        Self { server: place.postgres.clone(), name: name.to_owned(), url: format!("{base}/{name}") }
    }

    /// Makes it, with Rescind's tables.
    pub(crate) async fn create(&self) {
        administer(&self.server, format!("create database {}", self.name)).await;
        let database = Database::Postgres(Secret::new(self.url.clone()));
        Pool::open(&database, 1).await.expect("migrations").close().await;
    }

    /// Whether it is there.
    pub(crate) async fn exists(&self) -> bool {
        let mut connection =
            PgConnection::connect(&self.server).await.expect("the private PostgreSQL answers");
        let query =
            sqlx::query("select exists(select 1 from pg_database where datname = $1)").bind(&self.name);
        query.fetch_one(&mut connection).await.expect("a query").get(0)
    }

    /// A connection to it.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the private PostgreSQL answers")
    }

    /// Waits until every mail is settled.
    pub(crate) async fn settled(&self) {
        // three conditions, because each has an index of its own
        let open = "select exists(select 1 from mail where state = 0) or exists(select 1 from mail where state = 1) \
                    or exists(select 1 from mail where state = 2)";
        let mut connection = self.connect().await;
        loop {
            let row = sqlx::query(open).fetch_one(&mut connection).await.expect("the mails can be counted");
            if !row.get::<bool, _>(0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The number that a query counts.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        let mut connection = self.connect().await;
        sqlx::query(query).fetch_one(&mut connection).await.expect("a query").get(0)
    }

    /// Removes it, so that no background work on it disturbs the next run.
    pub(crate) async fn drop(self) {
        administer(&self.server, format!("drop database {} with (force)", self.name)).await;
    }
}

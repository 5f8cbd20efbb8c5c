//! A database of a test's own: a file, or a database on the server that the run was given.

use crate::temp_folder::TempFolder;
use rescind_worker::config::{Database, Secret};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database that is gone when the test is over.
pub struct TestDatabase {
    database: Database,
    folder: Option<TempFolder>,
    server: Option<(String, String)>,
}

/// The server that tests make their databases on.
pub fn postgres_server() -> String {
    std::env::var("RESCIND_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

impl TestDatabase {
    /// An SQLite file.
    pub async fn sqlite() -> Self {
        let folder = TempFolder::new("db");
        let database = Database::Sqlite(folder.path().join("rescind.db"));
        Self { database, folder: Some(folder), server: None }
    }

    /// A PostgreSQL database.
    pub async fn postgres() -> Self {
        let server = postgres_server();
        let name = format!("rescind_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&server)
            .await
            .expect("PostgreSQL must be reachable (RESCIND_TEST_POSTGRES_URL); scripts/test starts one");
        for statement in
            [format!("drop database if exists {name} with (force)"), format!("create database {name}")]
        {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await
                .expect("a database can be made");
        }
        let (base, _) = server.rsplit_once('/').expect("the URL names a database");
        let database = Database::Postgres(Secret::new(format!("{base}/{name}")));
        Self { database, folder: None, server: Some((server, name)) }
    }

    /// An SQLite file in a folder that the test has.
    pub fn file_in(folder: &std::path::Path) -> Self {
        Self { database: Database::Sqlite(folder.join("rescind.db")), folder: None, server: None }
    }

    /// The database of a server that the test started itself.
    pub fn at(url: &str) -> Self {
        Self { database: Database::Postgres(Secret::new(url.to_owned())), folder: None, server: None }
    }

    /// For the configuration.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// The path of the file, if it is one.
    pub fn file(&self) -> Option<std::path::PathBuf> {
        self.folder.as_ref().map(|f| f.path().join("rescind.db"))
    }

    /// The URL for a configuration file.
    pub fn url(&self) -> String {
        match &self.database {
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            Database::Postgres(url) => url.expose().to_owned(),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.server.take() else { return };
        // the test's own runtime may be going down
        let dropping = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                if let Ok(mut connection) = PgConnection::connect(&server).await {
                    let statement = format!("drop database if exists {name} with (force)");
                    // what cannot be dropped is a leftover of the test's server
                    let _ = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// Ends every session of a database, and lets new ones in or not: as if its server went away, and came back.
pub async fn end_sessions(server: &str, database: &str, open: bool) {
    let name = database.rsplit('/').next().expect("the URL names a database");
    let mut connection = PgConnection::connect(server).await.expect("the server lets us in");
    for statement in [
        format!("alter database {name} with allow_connections {open}"),
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("a superuser may");
    }
}

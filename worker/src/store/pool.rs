//! Connections, and the transactions on them.
//!
//! SQLite has one writer: a pool of a single connection queues its users fairly, `BEGIN IMMEDIATE` takes the lock at
//! once (a transaction that starts as a reader and then writes fails at once, whatever the busy timeout), and readers
//! never wait for it. PostgreSQL plans each statement anew: a generic plan made while a table was a few pages long is
//! a sequential scan, and stays one.

use super::dialect::{Exec, Row, Sql, Table};
use super::error::{Result, StoreError};
use super::{Arg, migrations};
use crate::config::{Database, Secret};
use crate::fault::{self, Point};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use std::path::Path;
use std::time::Duration;

/// The pools of a store.
#[derive(Clone, Debug)]
pub enum Pool {
    /// PostgreSQL.
    Postgres(PgPool),
    /// SQLite.
    Sqlite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// Connections that read.
        readers: SqlitePool,
    },
}

/// A transaction. Dropped without a commit, it leaves nothing behind.
pub enum Tx {
    /// PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
    /// SQLite.
    Sqlite(Transaction<'static, Sqlite>),
}

super::dialect::queries! {
    PULSE = "delete from flight where source is null";
}

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

impl Pool {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    /// When it cannot be reached, or was written by a newer version.
    pub async fn open(database: &Database, connections: u32) -> Result<Self> {
        match database {
            Database::Postgres(url) => Self::open_postgres(url, connections).await,
            Database::Sqlite(path) => Self::open_sqlite(path).await,
        }
    }

    async fn open_postgres(url: &Secret, connections: u32) -> Result<Self> {
        let wrong = |_| StoreError::Statement("the URL of the database cannot be read".to_owned());
        let options: PgConnectOptions = url.expose().parse().map_err(wrong)?;
        let options = options
            .application_name("rescind")
            .options([("plan_cache_mode", "force_custom_plan")])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await?;
        migrations::postgres().run(&pool).await.map_err(migrations::error)?;
        Ok(Self::Postgres(pool))
    }

    async fn open_sqlite(path: &Path) -> Result<Self> {
        // FULL: with NORMAL a commit that was already acknowledged to a broker could be lost with the power
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("secure_delete", "on")
            .disable_statement_logging();
        let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(ACQUIRE_TIMEOUT);
        let writer = pool(1).connect_with(options.clone()).await?;
        migrations::sqlite().run(&writer).await.map_err(migrations::error)?;
        let readers = pool(4).connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// Starts a transaction that writes.
    pub async fn begin(&self) -> Result<Tx> {
        fault::in_store(Point::StoreBegin)?;
        Ok(match self {
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
        })
    }

    /// Reads by one statement, outside of any transaction.
    pub async fn read(&self, sql: &'static Sql, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self {
            Self::Postgres(pool) => Exec::Postgres(&mut *pool.acquire().await?).rows(sql, args).await,
            Self::Sqlite { readers, .. } => {
                Exec::Sqlite(&mut *readers.acquire().await?).rows(sql, args).await
            }
        }
    }

    /// Writes by one statement in a transaction of its own; returns how many rows it changed.
    pub async fn write(&self, sql: &'static Sql, args: Vec<Arg>) -> Result<u64> {
        let mut tx = self.begin().await?;
        let changed = tx.run(sql, args).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Whether the database answers and could be written to.
    ///
    /// # Errors
    /// Why not.
    pub async fn pulse(&self) -> Result<()> {
        // a row that is not there is "written": it takes what writing takes, and leaves nothing
        let mut tx = self.begin().await?;
        tx.run(&PULSE, vec![]).await?;
        tx.commit().await
    }

    /// Whether it is PostgreSQL, which several replicas may share.
    pub const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

impl Tx {
    fn exec(&mut self) -> Exec<'_> {
        match self {
            Self::Postgres(tx) => Exec::Postgres(&mut *tx),
            Self::Sqlite(tx) => Exec::Sqlite(&mut *tx),
        }
    }

    /// Runs a query and returns its rows.
    pub async fn rows(&mut self, sql: &'static Sql, args: Vec<Arg>) -> Result<Vec<Row>> {
        self.exec().rows(sql, args).await
    }

    /// Runs a statement and returns how many rows it changed.
    pub async fn run(&mut self, sql: &'static Sql, args: Vec<Arg>) -> Result<u64> {
        self.exec().run(sql, args).await
    }

    /// Writes all rows by one statement.
    pub async fn put<T: Table>(&mut self, rows: &[T]) -> Result<Vec<Row>> {
        self.exec().put(rows).await
    }

    /// Rolls back. Should that fail, the connection is broken, and the database has rolled back by itself.
    pub async fn rollback(self) {
        let rolled_back = match self {
            Self::Postgres(tx) => tx.rollback().await,
            Self::Sqlite(tx) => tx.rollback().await,
        };
        if let Err(error) = rolled_back {
            tracing::debug!(error = %super::StoreError::from(error), "a transaction ended with its connection");
        }
    }

    /// Commits.
    pub async fn commit(self) -> Result<()> {
        fault::in_store(Point::StoreCommit)?;
        match self {
            Self::Postgres(tx) => tx.commit().await?,
            Self::Sqlite(tx) => tx.commit().await?,
        }
        fault::in_store(Point::StoreCommitted)
    }
}

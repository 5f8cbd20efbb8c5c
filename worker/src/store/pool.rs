//! Connections, and the transactions on them.
//!
//! SQLite has one writer: its users take turns, those that somebody waits for first (`turns.rs`); `BEGIN IMMEDIATE` takes the lock at
//! once (a transaction that starts as a reader and then writes fails at once, whatever the busy timeout), and readers
//! never wait for it. PostgreSQL plans each statement anew ([`PLANNING`]).

use super::dialect::{Exec, Row, Sql, Table};
use super::error::{Result, StoreError};
use super::file::DatabaseFile;
use super::turns::{Turn, Turns};
use super::{Arg, migrations};
use crate::config::{Database, Secret};
use crate::fault::{self, Point};
use rescind_jobs::effects::Lane;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    ConnectOptions, Connection as _, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction,
};
use std::path::Path;
use std::sync::Arc;
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
        /// The file that both write and read.
        file: Arc<DatabaseFile>,
        /// Who writes next.
        turns: Turns,
    },
}

/// A transaction. Dropped without a commit, it leaves nothing behind.
pub enum Tx {
    /// PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
    /// SQLite, the file it writes to, and the turn to write.
    Sqlite(Transaction<'static, Sqlite>, Arc<DatabaseFile>, Turn),
}

super::dialect::queries! {
    PULSE = "delete from flight where source is null";
    PROVE = "insert into probe (id, filler) values (1, $1) on conflict (id) do update set filler = excluded.filler";
    PROVEN = "delete from probe where id = 1";
}

/// How PostgreSQL plans: each statement anew. A plan that is kept and was made while a table was a few pages long is a
/// sequential scan, or goes by the wrong index, and stays so until the table is analysed. Look-ups count as cheap as they
/// are on a disk without a head, so that a batch looks up its rows in a table of a few thousand instead of reading it whole;
/// and a statement that takes milliseconds is not compiled first.
const PLANNING: [(&str, &str); 3] =
    [("plan_cache_mode", "force_custom_plan"), ("random_page_cost", "1.1"), ("jit", "off")];

/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 1_000;

/// How long a connection rests before it is asked whether it still lives.
const REST: Duration = Duration::from_secs(1);

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
            .options(PLANNING)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // one that was in use a moment ago is not asked first whether it lives: that is a round trip
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for >= REST {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        migrations::postgres(&pool).await?;
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
        SqliteConnection::connect_with(&options).await?.close().await?;
        // a connection that is made anew never makes a database that is empty
        let options = options.create_if_missing(false);
        // SQLite rolls back by itself when the disk is full, and the driver takes the transaction for open ever after
        let writer = pool(1)
            .before_acquire(|connection, _| {
                let sound = !connection.is_in_transaction();
                Box::pin(async move { Ok(sound) })
            })
            .connect_with(options.clone())
            .await?;
        migrations::sqlite(&writer).await?;
        let readers = pool(4).connect_with(options.read_only(true)).await?;
        let (file, turns) = (Arc::new(DatabaseFile::of(path)?), Turns::default());
        Ok(Self::Sqlite { writer, readers, file, turns })
    }

    /// Starts a transaction that writes, and that somebody waits for.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_in(Lane::Request).await
    }

    /// Starts a transaction that writes. Where one alone can write, the background waits for those that somebody waits
    /// for; its transactions are short.
    pub async fn begin_in(&self, lane: Lane) -> Result<Tx> {
        fault::in_store(Point::StoreBegin)?;
        Ok(match self {
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            Self::Sqlite { writer, file, turns, .. } => {
                let turn = tokio::time::timeout(ACQUIRE_TIMEOUT, turns.turn(lane)).await;
                let turn = turn.map_err(|_| StoreError::Unavailable("no turn to write".to_owned()))?;
                file.is_there()?;
                Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?, Arc::clone(file), turn)
            }
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
        if let Self::Postgres(pool) = self {
            return alone(async { Exec::Postgres(&mut *pool.acquire().await?).run(sql, args).await }).await;
        }
        let mut tx = self.begin().await?;
        let changed = tx.run(sql, args).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Writes by one statement in a transaction of its own; returns its rows.
    pub async fn change(&self, sql: &'static Sql, args: Vec<Arg>) -> Result<Vec<Row>> {
        if let Self::Postgres(pool) = self {
            return alone(async { Exec::Postgres(&mut *pool.acquire().await?).rows(sql, args).await }).await;
        }
        let mut tx = self.begin().await?;
        let rows = tx.rows(sql, args).await?;
        tx.commit().await?;
        Ok(rows)
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

    /// Whether the database takes what is written to it: more than fits into what its files have free.
    ///
    /// # Errors
    /// Why not.
    pub async fn prove(&self) -> Result<()> {
        self.write(&PROVE, vec![Arg::Blob(filler())]).await?;
        self.write(&PROVEN, vec![]).await.map(drop)
    }

    /// Why the database gives no sign of life: an attempt of its own tells more than a wait for a connection.
    pub async fn why(&self) -> StoreError {
        let silent = StoreError::Unavailable("no answer".to_owned());
        let Self::Postgres(pool) = self else { return silent };
        match tokio::time::timeout(Duration::from_secs(1), pool.connect_options().connect()).await {
            Ok(Err(error)) => error.into(),
            // it lets us in, and yet does not answer
            Ok(Ok(_)) | Err(_) => silent,
        }
    }

    /// Whether it is PostgreSQL, which several replicas may share.
    pub const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite { writer, readers, .. } => {
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
            Self::Sqlite(tx, ..) => Exec::Sqlite(&mut *tx),
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
            Self::Sqlite(tx, _, _turn) => tx.rollback().await,
        };
        if let Err(error) = rolled_back {
            tracing::debug!(error = %super::StoreError::from(error), "a transaction ended with its connection");
        }
    }

    /// Commits.
    pub async fn commit(self) -> Result<()> {
        if let Err(error) = fault::in_store(Point::StoreCommit) {
            self.rollback().await;
            return Err(error);
        }
        match self {
            Self::Postgres(tx) => tx.commit().await?,
            Self::Sqlite(tx, file, _turn) => {
                tx.commit().await?;
                // what went into a file that nobody can open any more is not stored
                file.is_there()?;
            }
        }
        fault::in_store(Point::StoreCommitted)
    }
}

/// Runs a statement that PostgreSQL commits by itself: one round trip instead of three. It passes the same points as a
/// transaction does, that of the commit before the statement: nothing has been written there either way.
async fn alone<T>(statement: impl Future<Output = Result<T>>) -> Result<T> {
    fault::in_store(Point::StoreBegin)?;
    fault::in_store(Point::StoreCommit)?;
    let done = statement.await?;
    fault::in_store(Point::StoreCommitted)?;
    Ok(done)
}

/// 64 KiB that cannot be compressed.
fn filler() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        // xorshift; nothing depends on it but its disorder
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).take(8 * 1024).flatten().collect()
}

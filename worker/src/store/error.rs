//! What can go wrong with the store. None of it shows a value: messages of databases quote what they refuse.

use rescind_jobs::protection::Unsealable;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or not now: connection, disk, lock, read-only. To be tried again.
    #[error("the database is unavailable ({0})")]
    Unavailable(String),
    /// The database refuses one of the values; only fewer messages at a time will tell which.
    #[error("the database refuses a value (code {0})")]
    Data(String),
    /// Another batch was faster; the same batch run again will succeed.
    #[error("another batch was faster; run again")]
    Again,
    /// A counter would go beyond its limit; the batch must be decided again knowing that.
    #[error("a limit was reached by another batch; decide again")]
    LimitReached,
    /// What was read cannot be understood: written by a newer version, or damaged.
    #[error("{table}.{column} holds a value this version does not understand")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A sealed value does not open.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
    /// A mistake of ours: the statement itself is refused.
    #[error("a statement is refused by the database ({0})")]
    Statement(String),
}

/// Result of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// Whether the same call may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Again | Self::LimitReached)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                    Self::Statement("a column has another type than expected".to_owned())
                }
                sqlx::Error::ColumnIndexOutOfBounds { .. } | sqlx::Error::ColumnNotFound(_) => {
                    Self::Statement("a column is missing".to_owned())
                }
                sqlx::Error::PoolTimedOut => Self::Unavailable("no free connection".to_owned()),
                sqlx::Error::PoolClosed => Self::Unavailable("closing".to_owned()),
                sqlx::Error::Io(e) => Self::Unavailable(e.kind().to_string()),
                sqlx::Error::Tls(_) => Self::Unavailable("TLS failed".to_owned()),
                _ => Self::Unavailable("connection failed".to_owned()),
            };
        };
        let code = database.code().unwrap_or_default().into_owned();
        // a mistake in a statement is told in words of the statement, not of the data (PostgreSQL class 42, SQLite 1)
        if code.starts_with("42") || code == "1" {
            return Self::Statement(format!("{code}: {}", database.message()));
        }
        if database.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
            sqlite(code)
        } else {
            postgres(code)
        }
    }
}

/// By SQLSTATE class (PostgreSQL, appendix A).
fn postgres(code: String) -> StoreError {
    match code.get(..2).unwrap_or_default() {
        // 21: a statement would write one row twice; 54: a value is too large for an index
        "21" | "22" | "23" | "54" => StoreError::Data(code),
        "40" => StoreError::Again,
        // XX: the server itself is unwell; not a matter of one statement
        "08" | "25" | "53" | "55" | "57" | "58" | "28" | "3D" | "XX" => StoreError::Unavailable(code),
        _ => StoreError::Statement(code),
    }
}

/// By result code (SQLite, "Result and Error Codes"); the low byte is the primary code.
fn sqlite(code: String) -> StoreError {
    match code.parse::<i32>().unwrap_or(1) & 0xff {
        // TOOBIG, CONSTRAINT, MISMATCH
        18..=20 => StoreError::Data(code),
        // BUSY, LOCKED, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL
        5 | 6 | 8 | 9 | 10 | 13 | 14 | 15 => StoreError::Unavailable(format!("SQLite {code}")),
        _ => StoreError::Statement(format!("SQLite {code}")),
    }
}

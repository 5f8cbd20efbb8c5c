//! The seam between the two databases. Every `match` on the database is in this file and in `pool.rs`.
//!
//! * [`Sql`]: a query, written in PostgreSQL's dialect; SQLite's text follows by textual rules.
//! * `table!`: a table that is written, declared once; both multi-row statements follow.
//! * [`Exec`], [`Row`], [`Arg`]: a connection, what it returns, what it is given.

use super::error::Result;
use super::value::Ts;
use crate::fault::{self, Point};
use sqlx::postgres::{PgArguments, PgHasArrayType, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Decode, Encode, PgConnection, Postgres, Row as _, Sqlite, SqliteConnection, Type, query::Query};
use std::fmt::Write as _;
use std::sync::OnceLock;
use uuid::Uuid;

/// A connection, or a transaction's.
pub enum Exec<'c> {
    /// PostgreSQL.
    Postgres(&'c mut PgConnection),
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
}

/// A row that was read.
pub enum Row {
    /// PostgreSQL.
    Postgres(PgRow),
    /// SQLite.
    Sqlite(SqliteRow),
}

/// What both drivers can read.
pub trait Column:
    Type<Postgres> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + for<'r> Decode<'r, Sqlite>
{
}
impl<T> Column for T where
    T: Type<Postgres> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + for<'r> Decode<'r, Sqlite>
{
}

impl Row {
    /// The column at `index`.
    pub fn get<T: Column>(&self, index: usize) -> Result<T> {
        Ok(match self {
            Self::Postgres(row) => row.try_get(index)?,
            Self::Sqlite(row) => row.try_get(index)?,
        })
    }
}

/// An argument of a query.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Arg {
    Uuid(Uuid),
    OptUuid(Option<Uuid>),
    Blob(Vec<u8>),
    Text(String),
    OptText(Option<String>),
    I16(i16),
    I32(i32),
    I64(i64),
    Ts(Ts),
    OptTs(Option<Ts>),
    Uuids(Vec<Uuid>),
    Blobs(Vec<Vec<u8>>),
    Texts(Vec<String>),
}

/// A query.
///
/// PostgreSQL's words allowed beyond what both understand: `= any($n::type[])`, `for no key update`,
/// `for update skip locked`, `::text`, `::jsonb`; and `, set_config('synchronous_commit', 'off', true)` in what is returned,
/// for claims: their commit does not wait for the disk. One that PostgreSQL loses in a crash was never made, and whatever
/// follows from it finds nothing that is claimed; what does must wait, as all other commits do.
pub struct Sql {
    postgres: &'static str,
    sqlite: OnceLock<String>,
}

/// Declares a query.
pub const fn sql(postgres: &'static str) -> Sql {
    Sql { postgres, sqlite: OnceLock::new() }
}

impl Sql {
    /// The text for PostgreSQL.
    pub const fn postgres(&self) -> &'static str {
        self.postgres
    }

    /// The text for SQLite.
    pub fn sqlite(&'static self) -> &'static str {
        self.sqlite.get_or_init(|| to_sqlite(self.postgres))
    }
}

fn to_sqlite(postgres: &str) -> String {
    let mut out = postgres.to_owned();
    while let Some(start) = out.find("= any(") {
        let Some(length) = out[start..].find(')') else { break };
        let inside = &out[start + "= any(".len()..start + length];
        let (parameter, array) = inside.split_once("::").unwrap_or((inside, "text[]"));
        let value = if matches!(array, "uuid[]" | "bytea[]") { "unhex(value)" } else { "value" };
        let list = format!("in (select {value} from json_each({parameter}))");
        out.replace_range(start..=start + length, &list);
    }
    let claims = ", set_config('synchronous_commit', 'off', true)";
    for word in [" for no key update", " for update skip locked", "::text", "::jsonb", claims] {
        out = out.replace(word, "");
    }
    out
}

fn bind_postgres(
    query: Query<'static, Postgres, PgArguments>,
    arg: Arg,
) -> Query<'static, Postgres, PgArguments> {
    match arg {
        Arg::Uuid(v) => query.bind(v),
        Arg::OptUuid(v) => query.bind(v),
        Arg::Blob(v) => query.bind(v),
        Arg::Text(v) => query.bind(v),
        Arg::OptText(v) => query.bind(v),
        Arg::I16(v) => query.bind(v),
        Arg::I32(v) => query.bind(v),
        Arg::I64(v) => query.bind(v),
        Arg::Ts(v) => query.bind(v),
        Arg::OptTs(v) => query.bind(v),
        Arg::Uuids(v) => query.bind(v),
        Arg::Blobs(v) => query.bind(v),
        Arg::Texts(v) => query.bind(v),
    }
}

fn bind_sqlite(
    query: Query<'static, Sqlite, SqliteArguments>,
    arg: Arg,
) -> Query<'static, Sqlite, SqliteArguments> {
    match arg {
        Arg::Uuid(v) => query.bind(v),
        Arg::OptUuid(v) => query.bind(v),
        Arg::Blob(v) => query.bind(v),
        Arg::Text(v) => query.bind(v),
        Arg::OptText(v) => query.bind(v),
        Arg::I16(v) => query.bind(v),
        Arg::I32(v) => query.bind(v),
        Arg::I64(v) => query.bind(v),
        Arg::Ts(v) => query.bind(v),
        Arg::OptTs(v) => query.bind(v),
        Arg::Uuids(v) => query.bind(json_list(&v)),
        Arg::Blobs(v) => query.bind(json_list(&v)),
        Arg::Texts(v) => query.bind(json_list(&v)),
    }
}

#[cfg(test)]
thread_local! {
    /// Queries that a thread has run, for tests of what a request costs.
    pub(crate) static STATEMENTS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

impl Exec<'_> {
    /// Runs a query and returns its rows.
    pub async fn rows(&mut self, sql: &'static Sql, args: Vec<Arg>) -> Result<Vec<Row>> {
        #[cfg(test)]
        STATEMENTS.set(STATEMENTS.get() + 1);
        fault::in_store(Point::StoreStatement)?;
        Ok(match self {
            Self::Postgres(connection) => {
                let query = args.into_iter().fold(sqlx::query(sql.postgres), bind_postgres);
                query.fetch_all(&mut **connection).await?.into_iter().map(Row::Postgres).collect()
            }
            Self::Sqlite(connection) => {
                let query = args.into_iter().fold(sqlx::query(sql.sqlite()), bind_sqlite);
                query.fetch_all(&mut **connection).await?.into_iter().map(Row::Sqlite).collect()
            }
        })
    }

    /// Runs a statement and returns how many rows it changed.
    pub async fn run(&mut self, sql: &'static Sql, args: Vec<Arg>) -> Result<u64> {
        fault::in_store(Point::StoreStatement)?;
        Ok(match self {
            Self::Postgres(connection) => {
                let query = args.into_iter().fold(sqlx::query(sql.postgres), bind_postgres);
                query.execute(&mut **connection).await?.rows_affected()
            }
            Self::Sqlite(connection) => {
                let query = args.into_iter().fold(sqlx::query(sql.sqlite()), bind_sqlite);
                query.execute(&mut **connection).await?.rows_affected()
            }
        })
    }

    /// Writes all rows by one statement. Returns what the table's tail names in `returning`, if it does.
    pub async fn put<T: Table>(&mut self, rows: &[T]) -> Result<Vec<Row>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        fault::in_store(Point::StoreStatement)?;
        let statements = T::statements();
        Ok(match self {
            Self::Postgres(connection) => {
                let query = T::bind_postgres(rows, sqlx::query(statements.postgres.as_str()));
                query.fetch_all(&mut **connection).await?.into_iter().map(Row::Postgres).collect()
            }
            Self::Sqlite(connection) => {
                let query = sqlx::query(statements.sqlite.as_str()).bind(T::to_json(rows));
                query.fetch_all(&mut **connection).await?.into_iter().map(Row::Sqlite).collect()
            }
        })
    }
}

fn json_list<T: Cell>(values: &[T]) -> String {
    let mut out = String::with_capacity(2 + values.len() * 40);
    out.push('[');
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        value.json(&mut out);
    }
    out.push(']');
    out
}

/// A value of a written row: an array's element on PostgreSQL, a piece of JSON on SQLite.
pub trait Cell {
    /// PostgreSQL's type.
    const TYPE: &'static str;
    /// SQLite reads it as hexadecimal digits.
    const HEX: bool = false;
    /// Appended in PostgreSQL's select list.
    const CAST: &'static str = "";
    /// What is bound on PostgreSQL.
    type Bound<'a>: for<'q> Encode<'q, Postgres> + Type<Postgres> + PgHasArrayType + 'a
    where
        Self: 'a;
    /// The value to bind.
    fn bound(&self) -> Self::Bound<'_>;
    /// Appends the value as JSON.
    fn json(&self, out: &mut String);
}

macro_rules! cell {
    ($type:ty, $sql:literal, $bound:ty, |$v:ident| $value:expr, |$j:ident, $out:ident| $json:expr) => {
        impl Cell for $type {
            const TYPE: &'static str = $sql;
            type Bound<'a> = $bound;
            fn bound(&self) -> Self::Bound<'_> {
                let $v = self;
                $value
            }
            fn json(&self, $out: &mut String) {
                let $j = self;
                $json;
            }
        }
    };
}

impl Cell for Uuid {
    const TYPE: &'static str = "uuid";
    const HEX: bool = true;
    type Bound<'a> = Self;
    fn bound(&self) -> Self {
        *self
    }
    fn json(&self, out: &mut String) {
        let _ = write!(out, "\"{}\"", self.simple());
    }
}

impl Cell for Vec<u8> {
    const TYPE: &'static str = "bytea";
    const HEX: bool = true;
    type Bound<'a> = &'a [u8];
    fn bound(&self) -> &[u8] {
        self
    }
    fn json(&self, out: &mut String) {
        out.push('"');
        data_encoding::HEXLOWER.encode_append(self, out);
        out.push('"');
    }
}

// writing to a String cannot fail
cell!(String, "text", &'a str, |v| v, |v, out| out.push_str(&serde_json::to_string(v).unwrap_or_default()));
cell!(i16, "int2", i16, |v| *v, |v, out| {
    let _ = write!(out, "{v}");
});
cell!(i32, "int4", i32, |v| *v, |v, out| {
    let _ = write!(out, "{v}");
});
cell!(i64, "int8", i64, |v| *v, |v, out| {
    let _ = write!(out, "{v}");
});
cell!(Ts, "timestamptz", Ts, |v| *v, |v, out| {
    let _ = write!(out, "{}", v.micros());
});

/// JSON: `jsonb` on PostgreSQL, text on SQLite.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub String);

impl Cell for Json {
    const TYPE: &'static str = "text";
    const CAST: &'static str = "::jsonb";
    type Bound<'a> = &'a str;
    fn bound(&self) -> &str {
        &self.0
    }
    fn json(&self, out: &mut String) {
        self.0.json(out);
    }
}

// A blanket `Option<T: Cell>` would need nested higher-ranked bounds, which the compiler does not take; and sqlx
// encodes an `Option` of a reference for no lifetime but 'static, hence the copies.
macro_rules! nullable {
    ($($type:ty),+ $(,)?) => {$(
        impl Cell for Option<$type> {
            const TYPE: &'static str = <$type as Cell>::TYPE;
            const HEX: bool = <$type as Cell>::HEX;
            const CAST: &'static str = <$type as Cell>::CAST;
            type Bound<'a> = Self;
            fn bound(&self) -> Self {
                self.clone()
            }
            fn json(&self, out: &mut String) {
                match self {
                    Some(value) => value.json(out),
                    None => out.push_str("null"),
                }
            }
        }
    )+};
}

nullable!(Ts, Uuid, String, Vec<u8>, i32, i16);

/// The statements of a table.
pub struct Statements {
    /// For PostgreSQL.
    pub postgres: String,
    /// For SQLite.
    pub sqlite: String,
}

/// A column of a written table.
pub struct ColumnOf {
    /// Its name.
    pub name: &'static str,
    /// PostgreSQL's type.
    pub type_: &'static str,
    /// Hexadecimal digits on SQLite.
    pub hex: bool,
    /// PostgreSQL's cast.
    pub cast: &'static str,
}

/// A table that is written in sets.
pub trait Table: Sized + Sync {
    /// Its name.
    const NAME: &'static str;
    /// What follows the rows: `on conflict …`, `returning …`.
    const TAIL: &'static str;
    /// Its columns.
    fn columns() -> Vec<ColumnOf>;
    /// Its statements.
    fn statements() -> &'static Statements;
    /// Binds an array a column.
    fn bind_postgres<'q>(
        rows: &'q [Self],
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments>;
    /// All rows as one JSON array of arrays.
    fn to_json(rows: &[Self]) -> String;
}

/// Derives the statements of a table.
pub fn derive<T: Table>() -> Statements {
    let columns = T::columns();
    let list = |each: &dyn Fn(usize, &ColumnOf) -> String| {
        columns.iter().enumerate().map(|(i, c)| each(i, c)).collect::<Vec<_>>().join(", ")
    };
    let (table, tail, names) = (T::NAME, T::TAIL, list(&|_, c| c.name.to_owned()));
    let postgres = format!(
        "insert into {table} ({names}) select {} from unnest({}) as t({}) {tail}",
        list(&|i, c| format!("c{i}{}", c.cast)),
        list(&|i, c| format!("${}::{}[]", i + 1, c.type_)),
        list(&|i, _| format!("c{i}")),
    );
    // without `where true` SQLite takes `on conflict` for a join's condition
    let sqlite = format!(
        "insert into {table} ({names}) select {} from json_each($1) where true {tail}",
        list(&|i, c| if c.hex { format!("unhex(value->>{i})") } else { format!("value->>{i}") }),
    );
    Statements { postgres, sqlite }
}

macro_rules! table {
    ($(#[$meta:meta])* $name:ident in $table:literal { $($field:ident : $type:ty),+ $(,)? } $tail:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $field: $type),+ }

        impl $crate::store::dialect::Table for $name {
            const NAME: &'static str = $table;
            const TAIL: &'static str = $tail;

            fn columns() -> Vec<$crate::store::dialect::ColumnOf> {
                use $crate::store::dialect::{Cell, ColumnOf};
                vec![$(ColumnOf {
                    name: stringify!($field),
                    type_: <$type as Cell>::TYPE,
                    hex: <$type as Cell>::HEX,
                    cast: <$type as Cell>::CAST,
                }),+]
            }

            fn statements() -> &'static $crate::store::dialect::Statements {
                static STATEMENTS: std::sync::OnceLock<$crate::store::dialect::Statements> =
                    std::sync::OnceLock::new();
                STATEMENTS.get_or_init($crate::store::dialect::derive::<$name>)
            }

            fn bind_postgres<'q>(
                rows: &'q [Self],
                query: sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>,
            ) -> sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments> {
                use $crate::store::dialect::Cell;
                $(let query = query.bind(rows.iter().map(|r| r.$field.bound()).collect::<Vec<_>>());)+
                query
            }

            fn to_json(rows: &[Self]) -> String {
                use $crate::store::dialect::Cell;
                let mut out = String::with_capacity(rows.len() * 200 + 2);
                out.push('[');
                for (i, row) in rows.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push('[');
                    $(row.$field.json(&mut out); out.push(',');)+
                    out.pop();
                    out.push(']');
                }
                out.push(']');
                out
            }
        }
    };
}
pub(crate) use table;

/// Declares queries, and lists them, so that a test can prepare each on both databases.
macro_rules! queries {
    ($($name:ident = $text:literal;)+) => {
        $(pub(super) static $name: $crate::store::dialect::Sql = $crate::store::dialect::sql($text);)+
        pub(in crate::store) static QUERIES: &[&$crate::store::dialect::Sql] = &[$(&$name),+];
    };
}
pub(crate) use queries;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_texts_follow_from_postgres_texts() {
        assert_eq!(
            to_sqlite(
                "select a, b::text from t where id = any($1::uuid[]) and k = any($2::text[]) for no key update"
            ),
            "select a, b from t where id in (select unhex(value) from json_each($1)) and k in (select value from json_each($2))"
        );
    }
}

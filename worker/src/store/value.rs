//! Times in the store: `timestamptz` on PostgreSQL, whole microseconds on SQLite, where a driver's own mapping would
//! make them text.

use chrono::{DateTime, Utc};
use rescind_jobs::time::Timestamp;
use sqlx::encode::IsNull;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Postgres, Sqlite, Type};

/// A moment as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ts(pub Timestamp);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Ts {
    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0.micros()
    }
}

impl From<Timestamp> for Ts {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

fn checked(time: Option<Timestamp>) -> Result<Ts, BoxError> {
    time.map(Ts).ok_or_else(|| "a time outside the years 1 to 9999".into())
}

impl Type<Postgres> for Ts {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Ts {
    fn array_type_info() -> PgTypeInfo {
        <DateTime<Utc> as PgHasArrayType>::array_type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Ts {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxError> {
        checked(Timestamp::from_chrono(<DateTime<Utc> as Decode<Postgres>>::decode(value)?))
    }
}

impl Encode<'_, Postgres> for Ts {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxError> {
        <DateTime<Utc> as Encode<Postgres>>::encode_by_ref(&self.0.to_chrono(), buffer)
    }
}

impl Type<Sqlite> for Ts {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }
}

impl<'q> Encode<'q, Sqlite> for Ts {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxError> {
        <i64 as Encode<'q, Sqlite>>::encode_by_ref(&self.micros(), buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for Ts {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxError> {
        checked(Timestamp::from_micros(<i64 as Decode<Sqlite>>::decode(value)?))
    }
}

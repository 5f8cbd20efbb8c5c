//! Migrations, carried in the program.

use super::error::StoreError;
use include_dir::{Dir, include_dir};
use sqlx::SqlStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use std::borrow::Cow;

static POSTGRES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../migrations/postgres");
static SQLITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../migrations/sqlite");

/// The migrations of PostgreSQL.
pub(super) fn postgres() -> Migrator {
    migrator(&POSTGRES)
}

/// The migrations of SQLite.
pub(super) fn sqlite() -> Migrator {
    migrator(&SQLITE)
}

fn migrator(folder: &'static Dir<'static>) -> Migrator {
    let mut migrations: Vec<Migration> = folder
        .files()
        .filter_map(|file| {
            let name = file.path().file_stem()?.to_str()?;
            let (number, description) = name.split_once('_')?;
            let text = file.contents_utf8()?;
            Some(Migration::new(
                number.parse().ok()?,
                Cow::Owned(description.replace('_', " ")),
                MigrationType::Simple,
                SqlStr::from_static(text),
                text.starts_with("-- no-transaction"),
            ))
        })
        .collect();
    migrations.sort_by_key(|m| m.version);
    Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT }
}

/// What a failed migration means.
pub(super) fn error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => e.into(),
        MigrateError::VersionMissing(v) | MigrateError::VersionTooNew(v, _) => {
            StoreError::Statement(format!("the database was written by a newer version (migration {v})"))
        }
        MigrateError::VersionMismatch(v) => {
            StoreError::Statement(format!("migration {v} was applied with another text"))
        }
        MigrateError::Dirty(v) => StoreError::Statement(format!("migration {v} was interrupted")),
        _ => StoreError::Statement("the migrations cannot be applied".to_owned()),
    }
}

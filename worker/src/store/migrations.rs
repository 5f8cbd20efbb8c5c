//! Migrations, carried in the program.
//!
//! During an upgrade old and new workers share a database, and an old one may be started again after a new one has
//! brought the tables up to date. It has to run then, because migrations only add what it can ignore; until one takes
//! something away, which says in its name what a worker must know to run beside it.

use super::error::{Result, StoreError};
use include_dir::{Dir, include_dir};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlStr, SqlitePool};
use std::borrow::Cow;

static POSTGRES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../migrations/postgres");
static SQLITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../migrations/sqlite");

/// Brings the tables of a PostgreSQL database up to date.
pub(super) async fn postgres(pool: &PgPool) -> Result<()> {
    let ours = migrator(&POSTGRES);
    let (known,): (bool,) =
        sqlx::query_as("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?;
    if known {
        fits(&sqlx::query_as(APPLIED).fetch_all(pool).await?, &ours)?;
    }
    ours.run(pool).await.map_err(error)
}

/// Brings the tables of an SQLite database up to date.
pub(super) async fn sqlite(pool: &SqlitePool) -> Result<()> {
    let ours = migrator(&SQLITE);
    let (known,): (bool,) =
        sqlx::query_as("select exists (select 1 from sqlite_master where name = '_sqlx_migrations')")
            .fetch_one(pool)
            .await?;
    if known {
        fits(&sqlx::query_as(APPLIED).fetch_all(pool).await?, &ours)?;
    }
    ours.run(pool).await.map_err(error)
}

const APPLIED: &str = "select version, description from _sqlx_migrations order by version";

/// Whether these migrations, which a database has seen, let this worker run on it.
fn fits(applied: &[(i64, String)], ours: &Migrator) -> Result<()> {
    let known = |version: i64| ours.iter().any(|m| m.version == version);
    let newest = ours.iter().map(|m| m.version).max().unwrap_or(0);
    for (version, description) in applied.iter().filter(|(version, _)| !known(*version)) {
        if *version < newest {
            return Err(StoreError::Statement(format!(
                "the database holds migration {version}, which no release of this line has"
            )));
        }
        match needs(description) {
            Some(needed) if needed > newest => {
                return Err(StoreError::Statement(format!(
                    "the database was brought to migration {version} by a newer version, beside which only workers \
                     run that know migration {needed}; this one knows {newest}: upgrade it"
                )));
            }
            _ => tracing::info!(
                migration = version,
                "the database is ahead of this worker, which can ignore it"
            ),
        }
    }
    Ok(())
}

/// The migration that a worker must know to run beside this one: `contract_0007_…` takes away what only workers before
/// 7 use.
fn needs(description: &str) -> Option<i64> {
    description.strip_prefix("contract ")?.split(' ').next()?.parse().ok()
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
    // what a newer version has added is looked at by `fits`
    Migrator { migrations: Cow::Owned(migrations), ignore_missing: true, ..Migrator::DEFAULT }
}

/// What a failed migration means.
fn error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => e.into(),
        MigrateError::VersionMismatch(v) => {
            StoreError::Statement(format!("migration {v} was applied with another text"))
        }
        MigrateError::Dirty(v) => StoreError::Statement(format!("migration {v} was interrupted")),
        _ => StoreError::Statement("the migrations cannot be applied".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every migration of both folders, and what its name says.
    #[test]
    fn names_are_understood() {
        for folder in [&POSTGRES, &SQLITE] {
            let ours = migrator(folder);
            assert_eq!(ours.iter().count(), folder.files().count(), "each file has a number and a name");
            for migration in ours.iter() {
                let contract = migration.description.starts_with("contract");
                let needed = needs(&migration.description);
                assert_eq!(
                    contract,
                    needed.is_some_and(|n| n < migration.version),
                    "{}",
                    migration.description
                );
            }
        }
    }

    #[test]
    fn an_old_worker_runs_until_something_is_taken_away_that_it_uses() {
        let ours = migrator(&SQLITE);
        let newest = ours.iter().map(|m| m.version).max().expect("there is one");
        let with = |more: &[(i64, &str)]| {
            let mut applied: Vec<_> = ours.iter().map(|m| (m.version, m.description.to_string())).collect();
            applied.extend(more.iter().map(|(version, name)| (newest + version, (*name).to_owned())));
            fits(&applied, &ours)
        };
        assert!(with(&[]).is_ok());
        assert!(with(&[(1, "new table"), (2, "contracts")]).is_ok(), "the name of a table is no statement");
        assert!(with(&[(1, "x"), (2, &format!("contract {newest:04} old column"))]).is_ok());
        let refused = with(&[(1, "x"), (2, &format!("contract {:04} old column", newest + 1))]);
        let text = refused.expect_err("it uses that column").to_string();
        assert!(text.contains("upgrade it"), "{text}");
        assert!(with(&[(-newest, "of another line")]).is_err());
    }
}

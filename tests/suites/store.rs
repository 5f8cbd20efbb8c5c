//! The two databases keep the same, and take every statement.

use rescind_tests::app::TestApp;
use rescind_tests::database::TestDatabase;
use rescind_worker::store::{Pool, statements};
use std::collections::BTreeSet;

/// Tables and columns, with whether they may be null and belong to the primary key.
async fn shape(pool: &Pool) -> BTreeSet<(String, String, bool, bool)> {
    match pool {
        Pool::Postgres(pool) => {
            let rows: Vec<(String, String, bool, bool)> = sqlx::query_as(
                "select c.table_name::text, c.column_name::text, c.is_nullable = 'YES', exists (
                     select 1 from information_schema.key_column_usage k
                     join information_schema.table_constraints t using (constraint_name, table_name)
                     where t.constraint_type = 'PRIMARY KEY' and k.table_name = c.table_name
                       and k.column_name = c.column_name)
                 from information_schema.columns c
                 where c.table_schema = 'public' and c.table_name <> '_sqlx_migrations'",
            )
            .fetch_all(pool)
            .await
            .unwrap();
            rows.into_iter().collect()
        }
        Pool::Sqlite { readers, .. } => {
            let rows: Vec<(String, String, bool, bool)> = sqlx::query_as(
                "select m.name, c.name, c.\"notnull\" = 0, c.pk > 0
                 from sqlite_master m join pragma_table_info(m.name) c
                 where m.type = 'table' and m.name <> '_sqlx_migrations' and m.name not like 'sqlite_%'",
            )
            .fetch_all(readers)
            .await
            .unwrap();
            rows.into_iter().collect()
        }
    }
}

/// Indexes by name.
async fn indexes(pool: &Pool) -> BTreeSet<String> {
    let names: Vec<(String,)> = match pool {
        Pool::Postgres(pool) => sqlx::query_as(
            "select indexname::text from pg_indexes where schemaname = 'public' and indexname not like '%_pkey'",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
        Pool::Sqlite { readers, .. } => {
            sqlx::query_as("select name from sqlite_master where type = 'index' and name not like 'sqlite_%'")
                .fetch_all(readers)
                .await
                .unwrap()
        }
    };
    names.into_iter().map(|n| n.0).collect()
}

#[tokio::test]
async fn both_databases_have_the_same_tables() {
    let (one, other) = (TestDatabase::sqlite().await, TestDatabase::postgres().await);
    let sqlite = Pool::open(&one.database(), 4).await.unwrap();
    let postgres = Pool::open(&other.database(), 4).await.unwrap();
    let (a, b) = (shape(&sqlite).await, shape(&postgres).await);
    assert_eq!(a.difference(&b).collect::<Vec<_>>(), b.difference(&a).collect::<Vec<_>>());
    assert!(a.len() > 100, "the comparison sees the columns");
    assert_eq!(indexes(&sqlite).await, indexes(&postgres).await);
    // opened a second time, nothing is applied again
    Pool::open(&one.database(), 4).await.unwrap();
    Pool::open(&other.database(), 4).await.unwrap();
}

#[tokio::test]
async fn every_statement_is_understood_by_both() {
    for database in [TestDatabase::sqlite().await, TestDatabase::postgres().await] {
        let pool = Pool::open(&database.database(), 4).await.unwrap();
        let refused = statements::prepare_all(&pool).await.unwrap();
        assert_eq!(refused, Vec::<String>::new());
    }
    assert!(statements::count() > 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_durable_and_locked_by_one_worker() {
    let app = TestApp::sqlite().await;
    assert_eq!(app.column("select cast(synchronous as text) from pragma_synchronous").await, ["2"]);
    assert_eq!(app.column("select journal_mode from pragma_journal_mode").await, ["wal"]);
    let second = rescind_worker::worker::Worker::start(app.open().await).await;
    assert!(second.err().expect("one worker a database").to_string().contains("another worker"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_does_not_open_the_store() {
    let mut app = TestApp::sqlite().await;
    app.stop().await;
    let key = app.folder.path().join("data/rescind.key");
    std::fs::remove_file(&key).unwrap();
    let opened = rescind_worker::app::Opened::open(
        app.config(),
        app.clock.clone(),
        rescind_worker::clock::Randomness::system(),
    )
    .await;
    assert!(opened.err().expect("another key").to_string().contains("key"));
}

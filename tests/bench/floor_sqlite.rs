//! The floor on SQLite: the same rows by hand, a statement a table and a transaction a batch, as durable as Rescind's.

use crate::floor::rows::{Depth, Keys, Lists};
use crate::floor::{BATCH, Request};
use crate::in_process::bodies;
use rescind_worker::config::Database;
use rescind_worker::store::Pool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::Path;
use std::time::Instant;

const FIVE: [&str; 5] = [
    "insert into inbox (source, id, body_mac, received_at) \
     select 'broker/shop', value->>0, unhex(value->>1), 0 from json_each($1) where true \
     on conflict (source, id) do nothing returning id",
    "insert into identity (bidx, ordinal, subject_id, kind, sealed, is_primary, active) \
     select unhex(value->>0), 0, unhex(value->>1), 'email', unhex(value->>2), 1, 1 from json_each($1) where true \
     on conflict (bidx, ordinal) do nothing returning bidx",
    "insert into subject (id, version, state, kind, locale, contact_key, evidence_key, key_version, event_sequence, \
     created_at, provisional) \
     select unhex(value->>0), 1, 0, 0, 'en', unhex(value->>1), unhex(value->>2), 1, 0, 0, 1 from json_each($1)",
    "insert into mail (id, subject_id, request_id, template, params, address, state, due_at, lane, attempt, created_at) \
     select unhex(value->>0), unhex(value->>1), unhex(value->>2), 'confirm_consent', value->>3, unhex(value->>4), \
     0, 0, 0, 0, 0 from json_each($1)",
    "insert into audit (id, subject_id, sequence, ordinal, at, detail, salt, leaf) \
     select unhex(value->>0), unhex(value->>1), 1, value->>2, 0, value->>3, unhex(value->>4), unhex(value->>5) \
     from json_each($1)",
];
const MORE: [&str; 4] = [
    "insert into consent (subject_id, purpose, state, opt_in, since) \
     select unhex(value->>0), 'newsletter', 0, 0, 0 from json_each($1)",
    "insert into consent_request (id, subject_id, purpose, content, content_version, locale, address, state, \
     created_at, requested_at, expires_at, mails, generation, token_hash, source, told_by, evidence) \
     select unhex(value->>0), unhex(value->>1), 'newsletter', 'newsletter', 1, 'en', unhex(value->>2), 0, 0, 0, 0, \
     1, 0, unhex(value->>3), 'web-form', 'broker/shop', unhex(value->>4) from json_each($1)",
    "insert into job (id, subject_id, source, origin, kind, body, due_at, lane, attempt, created_at) \
     select unhex(value->>0), unhex(value->>1), 'broker/shop', 0, 'consent.remind.v1', unhex(value->>2), 0, 0, 0, 0 \
     from json_each($1)",
    "insert into counter (key, window_start, used, highest) \
     select unhex(value->>0), 0, 1, 1000000000 from json_each($1) where true \
     on conflict (key, window_start) do update set used = counter.used + 1 returning key",
];

/// Writes so many messages' rows; returns the seconds it took.
pub(crate) async fn run(file: &Path, count: usize, depth: Depth) -> f64 {
    Pool::open(&Database::Sqlite(file.to_owned()), 2).await.expect("migrations").close().await;
    let mut database = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "on")
        .connect()
        .await
        .expect("the file opens");
    let keys = Keys::new();
    let bodies = bodies(0, count);
    let begin = Instant::now();
    for batch in bodies.chunks(BATCH) {
        let requests: Vec<Request> = batch.iter().cloned().map(Request::read).collect();
        let lists = Lists::of(&keys, &requests, depth);
        let mut tx = database.begin_with("begin immediate").await.expect("a transaction");
        for (statement, rows) in FIVE.iter().chain(&MORE).zip(&lists.0) {
            sqlx::query(*statement).bind(rows).fetch_all(&mut *tx).await.expect("rows are written");
        }
        tx.commit().await.expect("a commit");
    }
    let seconds = begin.elapsed().as_secs_f64();
    database.close().await.expect("the file closes");
    seconds
}

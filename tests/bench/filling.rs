//! A store with many subjects: rows as Rescind leaves them behind after a mail, copied in by the ten thousand. They came
//! within the periods after which housekeeping deletes them, and it has just run: what it does once an hour is not what a
//! message costs.

use crate::candidates::worker_settings;
use crate::database::RunDatabase;
use crate::messages::address;
use crate::place::Place;
use rescind_jobs::model::{IdentityValue, Subject};
use rescind_jobs::protection::new_id;
use rescind_worker::app::Opened;
use rescind_worker::clock::{Clock, Randomness};
use rescind_worker::config::Config;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

const CHUNK: usize = 20_000;

/// The database with so many subjects.
pub(crate) fn name(size: usize) -> String {
    format!("bench_filled_{size}")
}

/// The key of all filled databases.
pub(crate) fn key(place: &Place) -> PathBuf {
    place.folder.join("filled.key")
}

/// Tells the store that housekeeping has just run.
pub(crate) async fn swept(database: &RunDatabase) {
    let mut connection = database.connect().await;
    let ran = "insert into sweep_run (id, name, source, ordered_at, state, attempt, started_at, finished_at, counts) \
               values (gen_random_uuid(), 'housekeeping', 'bench', now(), 2, 1, now(), now(), '{}')";
    execute(&mut connection, ran).await;
    connection.close().await.expect("a connection closes");
}

/// Makes the database with so many subjects, unless it is there.
pub(crate) async fn filled(place: &Place, size: usize) {
    let database = RunDatabase::kept(place, &name(size));
    if database.exists().await {
        return;
    }
    let began = Instant::now();
    database.create().await;
    let folder = rescind_tests::temp_folder::TempFolder::new("bench");
    let mut settings = worker_settings(folder.path(), &database.url, 25, None);
    settings.push(("RESCIND_KEYS__FILE", key(place).display().to_string()));
    let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value));
    let config = Config::load(None, settings).unwrap_or_else(|e| panic!("configuration:\n{e}"));
    let opened = Opened::open(config, Clock::system(), Randomness::system()).await;
    let opened = opened.unwrap_or_else(|e| panic!("{e}"));
    let mut connection = database.connect().await;
    execute(&mut connection, "set synchronous_commit = off").await;
    for from in (0..size).step_by(CHUNK) {
        for (into, rows) in chunk(&opened, from, (from + CHUNK).min(size)) {
            let statement = format!("copy {into} from stdin");
            let mut copy = connection.copy_in_raw(&statement).await.expect("rows are copied");
            copy.send(rows.as_bytes()).await.expect("rows are copied");
            copy.finish().await.expect("rows are copied");
        }
    }
    execute(&mut connection, "vacuum analyze").await;
    execute(&mut connection, "checkpoint").await;
    connection.close().await.expect("a connection closes");
    opened.pool.close().await;
    eprintln!("{size} subjects are there after {} s", began.elapsed().as_secs());
}

async fn execute(connection: &mut PgConnection, statement: &'static str) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.expect("a statement");
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(3 + bytes.len() * 2);
    out.push_str("\\\\x");
    for byte in bytes {
        // a string takes whatever is written
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Subjects `from..to`: tables with their columns, and rows as COPY takes them.
fn chunk(opened: &Opened, from: usize, to: usize) -> Vec<(&'static str, String)> {
    let (now, vault) = (opened.clock.now(), &opened.vault);
    let mut rng = opened.randomness.generator().expect("randomness");
    let mut tables = [(); 6].map(|()| String::with_capacity((to - from) * 400));
    for number in from..to {
        let mut subject = Subject::new(now, vault, &mut rng);
        let email = IdentityValue::email(&address(number)).expect("an address");
        subject.add_identity(&email, vault, &mut rng).expect("a key of its own");
        let (id, identity) = (subject.id.0, &subject.identities[0]);
        let keys =
            [&subject.keys.contact, &subject.keys.evidence].map(|k| hex(&k.as_ref().expect("a key").0));
        let (index, mac) = (hex(&identity.index.0), hex(&vault.body_mac(id.as_bytes())));
        let (mail, audit) = (new_id(now, &mut rng), new_id(now, &mut rng));
        // long ago, so that each may be asked again
        let at = "2026-01-02 03:04:05+00";
        let detail =
            format!("{{\"act\":\"subject_created\",\"policy\":\"{}\",\"subject\":\"{id}\"}}", "0".repeat(64));
        let rows = [
            format!("{id}\t1\t0\t0\ten\t{}\t{}\t1\t0\t{at}\t0", keys[0], keys[1]),
            format!("{index}\t0\t{id}\temail\t{}\t1\t1", hex(&identity.sealed.0)),
            format!("{id}\tnewsletter\t4\t0\t{at}"),
            format!("{mail}\t{id}\tconfirm_consent\t{{}}\t{index}\t3\t{now}\t0\t1\t{now}\t{now}"),
            format!("broker/shop\tfilled-{number}\t{mac}\t{now}"),
            format!("{audit}\t{id}\t1\t0\t{at}\t{detail}\t\\\\x00112233\t{mac}"),
        ];
        for (table, row) in tables.iter_mut().zip(rows) {
            table.push_str(&row);
            table.push('\n');
        }
    }
    let into = [
        "subject (id, version, state, kind, locale, contact_key, evidence_key, key_version, event_sequence, \
         created_at, provisional)",
        "identity (bidx, ordinal, subject_id, kind, sealed, is_primary, active)",
        "consent (subject_id, purpose, state, opt_in, since)",
        "mail (id, subject_id, template, params, address, state, due_at, lane, attempt, created_at, settled_at)",
        "inbox (source, id, body_mac, received_at)",
        "audit (id, subject_id, sequence, ordinal, at, detail, salt, leaf)",
    ];
    into.into_iter().zip(tables).collect()
}

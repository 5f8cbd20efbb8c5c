//! `rescind consents import`, killed as the system kills (SIGKILL) somewhere in the middle, and run again: every line counts
//! once (D8, M4).

use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::program;
use rescind_tests::temp_folder::TempFolder;
use rescind_worker::store::Pool;
use rescind_worker::store::dialect::{Sql, sql};
use serde_json::{Value, json};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::process::{Child, Command, Stdio};

on_both_databases! {
    killed_midway_and_run_again_every_line_counts_once,
}

/// Some thousands, so that the import takes many transactions.
const LINES: i64 = 4_000;

/// The program itself, importing a list.
fn import(settings: &[(&str, String)], list: &Path) -> Child {
    let mut command = Command::new(program::path());
    command.args(["consents", "import"]).arg(list).arg("--json");
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(settings.iter().map(|(name, value)| (*name, value.as_str())));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// What became of the lines of an import that ran to its end.
fn counts(child: Child) -> Value {
    let ended = child.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).expect("JSON")
}

fn query(text: &'static str) -> &'static Sql {
    Box::leak(Box::new(sql(text)))
}

async fn count(pool: &Pool, query: &'static Sql) -> i64 {
    pool.read(query, vec![]).await.expect("the store")[0].get(0).expect("a number")
}

async fn killed_midway_and_run_again_every_line_counts_once(database: TestDatabase) {
    let folder = TempFolder::new("import-killed");
    let settings = program::settings(&folder.path().join("data"), &database.url());
    let file = |name: &str, lines: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("email,content,given_at\n{lines}")).expect("a file");
        path
    };
    // the store is there before, so that what is committed can be looked at
    let first = file("first.csv", "first@example.org,newsletter,2026-03-01\n");
    assert_eq!(counts(import(&settings, &first))["recorded"], 1);
    let lines: String = (0..LINES).map(|n| format!("p{n}@example.org,newsletter,2026-03-01\n")).collect();
    let list = file("list.csv", &lines);
    let pool = Pool::open(&database.database(), 2).await.expect("the store");
    let records = query("select count(*) from consent_record");

    // no two runs are killed at the same place
    let random = RandomState::new().build_hasher().finish();
    let enough = 2 + i64::try_from(random % 1_500).expect("a small number");
    let mut running = import(&settings, &list);
    while count(&pool, records).await < enough {
        assert!(running.try_wait().expect("its state").is_none(), "it ended before {enough} were recorded");
    }
    running.kill().expect("it can be killed");
    assert!(!running.wait().expect("it ends").success(), "killed when {enough} were recorded, or a few more");
    assert_eq!(count(&pool, query("select count(*) from audit where detail like '%import_ended%'")).await, 1);

    let again = counts(import(&settings, &list));
    let of = |name: &str| again[name].as_i64().expect("a number");
    assert!(of("known") >= enough - 1 && of("known") < LINES, "it goes on where it was killed: {again}");
    assert_eq!(of("known") + of("recorded"), LINES, "{again}");
    assert_eq!((of("lines"), of("wrong"), of("left_alone")), (LINES, 0, 0), "{again}");
    for (what, query) in [
        ("records", records),
        ("consents", query("select count(*) from consent where state = 1 and record_id is not null")),
        ("subjects", query("select count(*) from subject")),
        ("identities", query("select count(*) from identity")),
        ("whose consent was recorded", query("select count(distinct subject_id) from consent_record")),
        ("events", query("select count(*) from event where kind = 'consent.granted.v1'")),
        ("whom an event is about", query("select count(distinct subject_id) from event")),
        ("acts", query("select count(*) from audit where detail like '%\"act\":\"consent_granted\"%'")),
    ] {
        assert_eq!(count(&pool, query).await, LINES + 1, "{what}; killed when {enough} were recorded");
    }
    let known = json!({"lines": LINES, "recorded": 0, "known": LINES, "left_alone": 0, "wrong": 0});
    assert_eq!(counts(import(&settings, &list)), known, "and nothing is left to do");
    pool.close().await;
}

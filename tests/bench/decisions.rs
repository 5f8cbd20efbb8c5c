//! Decision and rows alone, without broker and mail: on PostgreSQL with one runner and four, and on SQLite, beside
//! array inserts by hand.

use crate::cpu::Tree;
use crate::database::RunDatabase;
use crate::floor::rows::{self, Depth, Keys};
use crate::floor::{BATCH, Request};
use crate::floor_sqlite;
use crate::in_process::{Rig, batches, bodies};
use crate::place::Place;
use crate::report::{Better, Figures, ratio, short, table};
use rescind_tests::temp_folder::TempFolder;
use sqlx::Connection as _;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Rescind,
    Floor(Depth),
}

const POSTGRES: [(Who, usize); 6] = [
    (Who::Rescind, 1),
    (Who::Floor(Depth::Five), 1),
    (Who::Floor(Depth::Whole), 1),
    (Who::Rescind, 4),
    (Who::Floor(Depth::Five), 4),
    (Who::Floor(Depth::Whole), 4),
];
const SQLITE: [Who; 3] = [Who::Rescind, Who::Floor(Depth::Five), Who::Floor(Depth::Whole)];

const fn name(who: Who) -> &'static str {
    match who {
        Who::Rescind => "Rescind",
        Who::Floor(Depth::Five) => "floor, 5 rows a message",
        Who::Floor(Depth::Whole) => "floor, 11 rows a message",
    }
}

#[derive(Default)]
struct Runs {
    rate: Figures,
    own: Figures,
    database: Figures,
}

impl Runs {
    fn push(&mut self, count: usize, seconds: f64, own: f64, database: f64) {
        self.rate.push(count as f64 / seconds);
        self.own.push(own * 1000.0 / count as f64);
        self.database.push(database * 1000.0 / count as f64);
    }

    fn row(&self, who: &str) -> Vec<String> {
        vec![who.to_owned(), self.rate.range(), self.own.range(), self.database.range()]
    }
}

/// Runs every candidate in turn, several times over.
pub(crate) async fn run(place: &Place) {
    let count = place.scaled(20_000);
    let me = Tree::of(std::process::id());
    let mut postgres: Vec<Runs> = POSTGRES.iter().map(|_| Runs::default()).collect();
    let mut sqlite: Vec<Runs> = SQLITE.iter().map(|_| Runs::default()).collect();
    for round in 1..=place.rounds {
        for ((who, runners), runs) in POSTGRES.iter().zip(&mut postgres) {
            let database = RunDatabase::new(place).await;
            let before = (me.cpu(), place.postgres_tree.cpu());
            let seconds = match who {
                Who::Rescind => rescind(&database.url, count, *runners).await,
                Who::Floor(depth) => floor(&database.url, count, *runners, *depth).await,
            };
            let after = (me.cpu(), place.postgres_tree.cpu());
            runs.push(count, seconds, after.0 - before.0, after.1 - before.1);
            let rows = database.count("select count(*) from mail").await;
            assert_eq!(usize::try_from(rows).ok(), Some(count));
            database.drop().await;
        }
        for (who, runs) in SQLITE.iter().zip(&mut sqlite) {
            let folder = TempFolder::new("bench-sqlite");
            let file = folder.path().join("bench.db");
            let before = me.cpu();
            let seconds = match who {
                Who::Rescind => rescind(&format!("sqlite://{}", file.display()), count, 1).await,
                Who::Floor(depth) => floor_sqlite::run(&file, count, *depth).await,
            };
            runs.push(count, seconds, me.cpu() - before, 0.0);
        }
        eprintln!("round {round} is done");
    }
    report(&postgres, &sqlite);
}

async fn rescind(store: &str, count: usize, runners: usize) -> f64 {
    let rig = Rig::open(store).await;
    let batches = batches(0, count);
    let begin = Instant::now();
    rig.decide(batches, runners).await;
    let seconds = begin.elapsed().as_secs_f64();
    rig.close().await;
    seconds
}

async fn floor(url: &str, count: usize, writers: usize, depth: Depth) -> f64 {
    let keys = Arc::new(Keys::new());
    let batches: VecDeque<Vec<Vec<u8>>> = bodies(0, count).chunks(BATCH).map(<[_]>::to_vec).collect();
    let batches = Arc::new(Mutex::new(batches));
    let mut connections = Vec::new();
    for _ in 0..writers {
        connections.push(rows::connect(url).await);
    }
    let begin = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for mut database in connections {
        let (keys, batches) = (Arc::clone(&keys), Arc::clone(&batches));
        running.spawn(async move {
            loop {
                let next = batches.lock().expect("no panic while held").pop_front();
                let Some(batch) = next else { return };
                let requests: Vec<Request> = batch.into_iter().map(Request::read).collect();
                let mut tx = database.begin().await.expect("a transaction");
                rows::insert(&mut tx, &keys, &requests, depth).await;
                tx.commit().await.expect("a commit");
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a writer ends");
    }
    begin.elapsed().as_secs_f64()
}

fn report(postgres: &[Runs], sqlite: &[Runs]) {
    let head = ["decisions", "messages/s", "CPU s per 1,000: own", "PostgreSQL"];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for ((who, runners), runs) in POSTGRES.iter().zip(postgres) {
        let unit = if *who == Who::Rescind { "runner" } else { "writer" };
        let plural = if *runners == 1 { "" } else { "s" };
        rows.push(runs.row(&format!("PostgreSQL: {}, {runners} {unit}{plural}", name(*who))));
    }
    for (who, runs) in SQLITE.iter().zip(sqlite) {
        let mut row = runs.row(&format!("SQLite: {}", name(*who)));
        row[3] = short(f64::NAN);
        rows.push(row);
    }
    table("Decisions and rows alone", &head, &rows);
    println!();
    let rate = |runs: &[Runs], i: usize| runs[i].rate.median();
    let to = |target| Some((target, Better::Higher));
    ratio("one runner, to the floor of 5 rows", rate(postgres, 0) / rate(postgres, 1), to(0.5));
    ratio("one runner, to the floor of the same rows", rate(postgres, 0) / rate(postgres, 2), None);
    ratio("four runners, to the floor of 5 rows", rate(postgres, 3) / rate(postgres, 4), to(0.65));
    ratio("four runners, to the floor of the same rows", rate(postgres, 3) / rate(postgres, 5), None);
    ratio("SQLite, to the floor of 5 rows", rate(sqlite, 0) / rate(sqlite, 1), to(0.4));
    ratio("SQLite, to the floor of the same rows", rate(sqlite, 0) / rate(sqlite, 2), None);
}

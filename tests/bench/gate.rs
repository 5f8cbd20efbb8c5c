//! What the gate costs: one question a call, and a hundred at once, about subjects chosen at random among those that
//! have consented, asked by one client over a connection that stays open.

use crate::candidates::worker_settings;
use crate::cpu::Tree;
use crate::database::RunDatabase;
use crate::messages::{TOKEN, address};
use crate::place::{Place, now_micros};
use crate::report::{Figures, table};
use rescind_tests::program::Program;
use rescind_tests::temp_folder::TempFolder;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Questions in a call, and how many of all are asked that way.
const WAYS: [(usize, usize); 2] = [(1, 10_000), (100, 200_000)];
const STORES: [&str; 2] = ["SQLite", "PostgreSQL"];

/// Runs both ways on both stores in turn, several times over.
pub(crate) async fn run(place: &Place) {
    let cases: Vec<_> = STORES.iter().flat_map(|store| WAYS.map(|way| (*store, way))).collect();
    let mut all: Vec<[Figures; 4]> = cases.iter().map(|_| Default::default()).collect();
    for _ in 0..place.rounds {
        for (n, store) in STORES.iter().enumerate() {
            for (m, figures) in once(place, store).await.into_iter().enumerate() {
                for (kept, figure) in all[n * WAYS.len() + m].iter_mut().zip(figures) {
                    kept.push(figure);
                }
            }
        }
    }
    let row = |((store, (list, _)), figures): (&(&str, (usize, usize)), &[Figures; 4])| {
        let questions = if *list == 1 { "one question".to_owned() } else { format!("{list} questions") };
        let mut row = vec![format!("{store}, {questions} a call")];
        row.extend(figures.iter().map(Figures::range));
        row
    };
    let rows: Vec<_> = cases.iter().zip(&all).map(row).collect();
    let head =
        ["gate", "CPU µs a question: own", "PostgreSQL", "µs a call, as the caller waits", "questions/s"];
    table("The gate", &head, &rows);
}

/// For each way: CPU microseconds a question of the worker's own and of the database, microseconds a call, questions a
/// second.
async fn once(place: &Place, store: &str) -> [[f64; 4]; WAYS.len()] {
    let folder = TempFolder::new("bench");
    let postgres = store == "PostgreSQL";
    let database = if postgres { Some(RunDatabase::new(place).await) } else { None };
    let url = match &database {
        Some(database) => database.url.clone(),
        None => format!("sqlite://{}", folder.path().join("rescind.db").display()),
    };
    let settings = worker_settings(folder.path(), &url, 25, None);
    let program = tokio::task::block_in_place(|| Program::start(&settings));
    let subjects = place.scaled(10_000);
    fill(&program, subjects).await;
    let (worker, http) = (Tree::of(program.pid()), rescind_tests::app::client());
    let ask = format!("http://{}/v1/gate", program.http);
    let mut taken = [[0.0; 4]; WAYS.len()];
    for ((list, count), figures) in WAYS.iter().zip(&mut taken) {
        let (count, mut next) = (place.scaled(*count), 0_usize);
        let mut question = || {
            next = next.wrapping_add(7919);
            json!({"subject": {"email": address(next % subjects)}, "purpose": "recommendations"})
        };
        let calls = count.div_ceil(*list);
        let bodies: Vec<Value> = (0..calls)
            .map(|_| if *list == 1 { question() } else { (0..*list).map(|_| question()).collect() })
            .collect();
        let (own, other, begin) = (worker.cpu(), place.postgres_tree.cpu(), Instant::now());
        for body in &bodies {
            let answer =
                http.post(&ask).bearer_auth(TOKEN).json(body).send().await.expect("the worker answers");
            assert_eq!(answer.status().as_u16(), 200);
            let answer: Value = answer.json().await.expect("JSON");
            let first = if *list == 1 { &answer } else { &answer[0] };
            assert_eq!(first["allowed"], true, "{answer}");
        }
        let seconds = begin.elapsed().as_secs_f64();
        let each = 1e6 / (calls * list) as f64;
        let other = if postgres { (place.postgres_tree.cpu() - other) * each } else { f64::NAN };
        let own = (worker.cpu() - own) * each;
        *figures = [own, other, seconds * 1e6 / calls as f64, (calls * list) as f64 / seconds];
    }
    tokio::task::block_in_place(|| assert_eq!(program.terminate(), Some(0), "it stops in order"));
    if let Some(database) = database {
        database.drop().await;
    }
    taken
}

/// Subjects who have consented, as an app tells of them.
async fn fill(program: &Program, subjects: usize) {
    let (url, http) = (format!("http://{}/v1/messages", program.http), rescind_tests::app::client());
    let yes = json!({"category": "personalisation", "content": "recommendations", "answer": "agree"});
    let time = chrono::DateTime::from_timestamp_micros(now_micros()).expect("a time").to_rfc3339();
    let one = |n: usize| {
        json!({"specversion": "1.0", "id": format!("filled-{n}"), "source": "shop", "type": "consent.record.v1",
               "time": time, "data": {"subject": {"email": address(n)}, "consents": [yes]}})
    };
    for from in (0..subjects).step_by(500) {
        let body: Value = (from..(from + 500).min(subjects)).map(one).collect();
        let answer = http.post(&url).bearer_auth(TOKEN).json(&body).send().await.expect("the worker answers");
        assert_eq!(answer.status().as_u16(), 202, "{:?}", answer.text().await);
    }
    // what follows from them is dealt with before anything is measured
    tokio::time::sleep(Duration::from_secs(2)).await;
}

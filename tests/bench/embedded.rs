//! One machine, nothing beside it: messages by HTTP, SQLite, mail to the relay.

use crate::candidates::worker_settings;
use crate::cpu::Tree;
use crate::messages::{TOKEN, request};
use crate::place::{Place, now_micros};
use crate::report::{Figures, short, table};
use crate::sink::Sink;
use rescind_tests::program::Program;
use rescind_tests::temp_folder::TempFolder;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;
/// Messages in a request, and how many of all are sent that way.
const WAYS: [(usize, usize); 2] = [(100, 20_000), (1, 4_000)];

/// Runs both ways in turn, several times over.
pub(crate) async fn run(place: &Place) {
    let mut sink = Sink::start().await;
    let mut all: Vec<[Figures; 4]> = WAYS.iter().map(|_| Default::default()).collect();
    for _ in 0..place.rounds {
        for ((list, count), figures) in WAYS.iter().zip(&mut all) {
            let taken = once(&mut sink, *list, place.scaled(*count)).await;
            for (figures, figure) in figures.iter_mut().zip(taken) {
                figures.push(figure);
            }
        }
    }
    let row = |((list, _), figures): (&(usize, usize), &[Figures; 4])| {
        let mut row = vec![format!("{CLIENTS} clients, {list} messages a request")];
        row.extend(figures.iter().map(Figures::range));
        row
    };
    let rows: Vec<_> = WAYS.iter().zip(&all).map(row).collect();
    let head = ["embedded", "accepted/s", "mailed/s", "CPU s per 1,000", "peak MiB"];
    table("Embedded: HTTP, SQLite, relay", &head, &rows);
}

/// Messages accepted a second, messages whose mail was accepted a second, CPU seconds for 1,000, peak memory.
async fn once(sink: &mut Sink, list: usize, count: usize) -> [f64; 4] {
    let folder = TempFolder::new("bench");
    let store = format!("sqlite://{}", folder.path().join("rescind.db").display());
    let settings = worker_settings(folder.path(), &store, sink.port, None);
    let program = tokio::task::block_in_place(|| Program::start(&settings));
    let worker = Tree::of(program.pid());
    sink.reset().await;
    let url = Arc::new(format!("http://{}/v1/messages", program.http));
    let (next, begin, cpu) = (Arc::new(AtomicUsize::new(0)), Instant::now(), worker.cpu());
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (url, next, http) = (Arc::clone(&url), Arc::clone(&next), rescind_tests::app::client());
        clients.spawn(async move {
            loop {
                let from = next.fetch_add(list, Ordering::Relaxed);
                if from >= count {
                    return;
                }
                let one = |n| request(&format!("bench-{n}"), n, now_micros());
                let body = match list {
                    1 => one(from),
                    _ => Value::Array((from..(from + list).min(count)).map(one).collect()),
                };
                let answer = http.post(url.as_str()).bearer_auth(TOKEN).json(&body).send().await;
                let answer = answer.expect("the worker answers");
                assert_eq!(answer.status().as_u16(), 202, "{:?}", answer.text().await);
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.expect("a client ends");
    }
    let accepted = begin.elapsed().as_secs_f64();
    sink.wait_for(count).await;
    let mailed = begin.elapsed().as_secs_f64();
    // the last group is settled within this
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (cpu, peak) = (worker.cpu() - cpu, worker.peak_kib());
    tokio::task::block_in_place(|| assert_eq!(program.terminate(), Some(0), "it stops in order"));
    assert_eq!(sink.count().await.0, count, "one mail a message");
    eprintln!("{list} a request: {} accepted/s", short(count as f64 / accepted));
    [count as f64 / accepted, count as f64 / mailed, cpu * 1000.0 / count as f64, peak as f64 / 1024.0]
}

//! How long a mail takes at a calm pace: from publishing the message to its mail being accepted by the relay, at 50
//! messages a second.

use crate::broker::RunQueue;
use crate::candidates::{Candidate, Running};
use crate::database::RunDatabase;
use crate::place::{Place, now_micros};
use crate::report::{Better, Figures, ratio, short, table};
use crate::sink::Sink;
use std::time::Duration;

const A_SECOND: usize = 50;
const CANDIDATES: [Candidate; 3] = [Candidate::Rescind, Candidate::FloorPipelined, Candidate::Celery];

/// Runs every candidate in turn.
pub(crate) async fn run(place: &Place) {
    let mut sink = Sink::start().await;
    let count = place.scaled(20 * A_SECOND);
    let mut all: Vec<[Figures; 3]> = CANDIDATES.iter().map(|_| Default::default()).collect();
    for _ in 0..place.rounds.min(2) {
        for (candidate, figures) in CANDIDATES.iter().zip(&mut all) {
            let mut taken = once(place, &mut sink, *candidate, count).await;
            taken.sort_unstable();
            for (figures, share) in figures.iter_mut().zip([50, 99, 100]) {
                figures.push(percentile(&taken, share));
            }
        }
    }
    let row = |(candidate, figures): (&Candidate, &[Figures; 3])| {
        let mut row = vec![candidate.name().to_owned()];
        row.extend(figures.iter().map(Figures::range));
        row
    };
    let rows: Vec<_> = CANDIDATES.iter().zip(&all).map(row).collect();
    table(
        &format!("From publishing to acceptance by the relay, {A_SECOND} messages/s, in milliseconds"),
        &["candidate", "p50", "p99", "longest"],
        &rows,
    );
    println!();
    let [p50, p99, _] = &all[0];
    ratio("Rescind's p50 in milliseconds", p50.median(), Some((5.0, Better::Lower)));
    ratio("Rescind's p99 in milliseconds", p99.median(), Some((12.0, Better::Lower)));
}

/// In milliseconds.
fn percentile(sorted: &[i64], share: usize) -> f64 {
    let at = (sorted.len() * share).div_ceil(100).saturating_sub(1);
    sorted.get(at).map_or(f64::NAN, |micros| *micros as f64 / 1000.0)
}

/// The times that mails took, in microseconds.
async fn once(place: &Place, sink: &mut Sink, candidate: Candidate, count: usize) -> Vec<i64> {
    // who has just begun is slower: those do not count
    const WARM_UP: usize = 2 * A_SECOND;
    let database = RunDatabase::new(place).await;
    let queue = RunQueue::new(&place.amqp).await;
    sink.reset().await;
    let running =
        tokio::task::block_in_place(|| Running::start(candidate, place, &database, &queue.name, sink.port));
    queue.consumed().await;
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / A_SECOND as u64));
    let mut sent = Vec::new();
    for number in 0..WARM_UP + count {
        ticks.tick().await;
        let message = candidate.message(number);
        sent.push(now_micros());
        queue.publish([message]).await;
    }
    sink.wait_for(WARM_UP + count).await;
    database.settled().await;
    let times = sink.times().await;
    tokio::task::block_in_place(|| running.stop());
    queue.delete().await;
    database.drop().await;
    let counted = times.into_iter().map(|(number, at)| (number as usize, at));
    let taken: Vec<i64> = counted.filter(|(n, _)| *n >= WARM_UP).map(|(n, at)| at - sent[n]).collect();
    eprintln!(
        "{}: {} mails, {} µs at least",
        candidate.name(),
        taken.len(),
        short(taken.iter().copied().min().unwrap_or(0) as f64)
    );
    assert_eq!(taken.len(), count, "one mail a message");
    taken
}

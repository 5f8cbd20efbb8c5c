//! What a message costs in a store of ten thousand subjects and in one of two million. Half of the messages are about
//! subjects that are there already, chosen at random, half about new ones.

use crate::broker::RunQueue;
use crate::candidates::{Candidate, Running};
use crate::cpu::Reading;
use crate::database::RunDatabase;
use crate::filling;
use crate::place::Place;
use crate::report::{Better, Figures, ratio, short, table};
use crate::sink::Sink;
use std::time::Duration;

/// Subjects in the store.
pub(crate) const SIZES: [usize; 2] = [10_000, 2_000_000];

/// Makes the stores that are not there yet.
pub(crate) async fn fill(place: &Place) {
    for size in SIZES.map(|size| place.scaled(size)) {
        filling::filled(place, size).await;
    }
}

/// Runs on each store in turn, several times over.
pub(crate) async fn run(place: &Place) {
    fill(place).await;
    let mut sink = Sink::start().await;
    let sizes = SIZES.map(|size| place.scaled(size));
    let mut all: Vec<[Figures; 4]> = sizes.iter().map(|_| Default::default()).collect();
    for round in 0..place.rounds {
        for (size, figures) in sizes.iter().zip(&mut all) {
            let taken = once(place, &mut sink, *size, round).await;
            for (figures, figure) in figures.iter_mut().zip(taken) {
                figures.push(figure);
            }
        }
    }
    let row = |(size, figures): (&usize, &[Figures; 4])| {
        let mut row = vec![short(*size as f64)];
        row.extend(figures.iter().map(Figures::range));
        row
    };
    let rows: Vec<_> = sizes.iter().zip(&all).map(row).collect();
    let head = ["subjects in the store", "CPU s per 1,000", "own", "PostgreSQL", "messages/s"];
    table("Subjects in the store", &head, &rows);
    println!();
    let (few, many) = (all[0][0].median(), all[1][0].median());
    ratio(
        "cost with two million subjects, to that with ten thousand",
        many / few,
        Some((1.15, Better::Lower)),
    );
}

async fn once(place: &Place, sink: &mut Sink, size: usize, round: usize) -> [f64; 4] {
    let count = place.scaled(20_000);
    if round > 0 && size < count * place.rounds {
        // every subject has been asked
        RunDatabase::kept(place, &filling::name(size)).drop().await;
        filling::filled(place, size).await;
    }
    let database = RunDatabase::kept(place, &filling::name(size));
    // the address of a subject that is there, for every other message; each is asked once in all rounds
    let number = |i: usize| match i % 2 {
        0 => (i / 2 + round * count / 2).wrapping_mul(7919) % size,
        _ => size + round * count + i,
    };
    let queue = RunQueue::new(&place.amqp).await;
    let messages = (0..count).map(|i| Candidate::Rescind.numbered(&format!("{round}-{i}"), number(i)));
    queue.publish(messages).await;
    sink.reset().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    filling::swept(&database).await;
    let (postgres, broker, sink_tree) = (place.postgres_tree, place.amqp_tree, sink.tree());
    let read = move || Reading::take(postgres, broker, sink_tree);
    let consumed = queue.consumed();
    let begin = tokio::spawn(async move {
        consumed.await;
        read()
    });
    let running = tokio::task::block_in_place(|| {
        Running::with_key(place, &database, &queue.name, sink.port, &filling::key(place))
    });
    let begin = begin.await.expect("it consumes");
    sink.wait_for(count).await;
    database.settled().await;
    let end = read();
    tokio::task::block_in_place(|| running.stop());
    queue.delete().await;
    let thousands = count as f64 / 1000.0;
    let (own, postgres) = ((end.own - begin.own) / thousands, (end.postgres - begin.postgres) / thousands);
    [own + postgres, own, postgres, count as f64 / end.at.duration_since(begin.at).as_secs_f64()]
}

//! What a message costs when few wait and when many do, and how much memory a worker takes while a million wait.

use crate::broker::RunQueue;
use crate::candidates::{Candidate, Running};
use crate::cpu::{Reading, Tree};
use crate::database::RunDatabase;
use crate::place::Place;
use crate::report::{Better, Figures, ratio, short, table};
use crate::sink::Sink;
use std::time::{Duration, Instant};

/// What a run costs: CPU seconds for 1,000 messages, of the worker and the database.
struct Cost {
    own: f64,
    postgres: f64,
    rate: f64,
}

/// Drains of a hundred at a time, of ten thousand and of a hundred thousand messages.
pub(crate) async fn waiting(place: &Place) {
    let mut sink = Sink::start().await;
    let depths = [100, 10_000, 100_000].map(|depth| if depth > 100 { place.scaled(depth) } else { depth });
    let mut all: Vec<[Figures; 4]> = depths.iter().map(|_| Default::default()).collect();
    for _ in 0..place.rounds.min(2) {
        for (depth, figures) in depths.iter().zip(&mut all) {
            let cost = drain(place, &mut sink, *depth, place.scaled(20_000).max(*depth)).await;
            for (figures, figure) in
                figures.iter_mut().zip([cost.own + cost.postgres, cost.own, cost.postgres, cost.rate])
            {
                figures.push(figure);
            }
        }
    }
    let row = |(depth, figures): (&usize, &[Figures; 4])| {
        let mut row = vec![short(*depth as f64)];
        row.extend(figures.iter().map(Figures::range));
        row
    };
    let rows: Vec<_> = depths.iter().zip(&all).map(row).collect();
    let head = ["messages waiting", "CPU s per 1,000", "own", "PostgreSQL", "messages/s"];
    table("Messages that wait in the broker", &head, &rows);
    println!();
    let (few, many) = (all[0][0].median(), all[2][0].median());
    ratio("cost with 100,000 waiting, to that with 100", many / few, Some((1.15, Better::Lower)));
}

/// Keeps `depth` messages waiting until `count` are through; with as many as that, all wait from the beginning.
async fn drain(place: &Place, sink: &mut Sink, depth: usize, count: usize) -> Cost {
    let database = RunDatabase::new(place).await;
    let queue = RunQueue::new(&place.amqp).await;
    queue.publish((0..depth).map(|number| Candidate::Rescind.message(number))).await;
    sink.reset().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (postgres, broker, sink_tree) = (place.postgres_tree, place.amqp_tree, sink.tree());
    let read = move || Reading::take(postgres, broker, sink_tree);
    let consumed = queue.consumed();
    let begin = tokio::spawn(async move {
        consumed.await;
        read()
    });
    let running = tokio::task::block_in_place(|| {
        Running::start(Candidate::Rescind, place, &database, &queue.name, sink.port)
    });
    let begin = begin.await.expect("it consumes");
    let mut published = depth;
    while published < count {
        let (arrived, _) = sink.count().await;
        let more = (arrived + depth).min(count);
        if more > published {
            queue.publish((published..more).map(|number| Candidate::Rescind.message(number))).await;
            published = more;
        } else {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    sink.wait_for(count).await;
    database.settled().await;
    let end = read();
    tokio::task::block_in_place(|| running.stop());
    queue.delete().await;
    database.drop().await;
    let thousands = count as f64 / 1000.0;
    Cost {
        own: (end.own - begin.own) / thousands,
        postgres: (end.postgres - begin.postgres) / thousands,
        rate: count as f64 / end.at.duration_since(begin.at).as_secs_f64(),
    }
}

/// A worker with a million messages before it.
pub(crate) async fn memory(place: &Place) {
    let count = place.scaled(1_000_000);
    let mut sink = Sink::start().await;
    let database = RunDatabase::new(place).await;
    let queue = RunQueue::new(&place.amqp).await;
    let published = Instant::now();
    queue.publish((0..count).map(|number| Candidate::Rescind.message(number))).await;
    eprintln!("{count} messages wait after {} s", short(published.elapsed().as_secs_f64()));
    sink.reset().await;
    let running = tokio::task::block_in_place(|| {
        Running::start(Candidate::Rescind, place, &database, &queue.name, sink.port)
    });
    let Running::Program(program, _) = &running else { unreachable!("Rescind is a program") };
    let worker = Tree::of(program.pid());
    let mut rows = Vec::new();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let mib = |kib: u64| short(kib as f64 / 1024.0);
        rows.push(vec![
            short(sink.count().await.0 as f64),
            short(f64::from(queue.waiting().await)),
            mib(worker.resident_kib()),
            mib(worker.peak_kib()),
        ]);
    }
    let peak = worker.peak_kib() as f64 / 1024.0;
    tokio::task::block_in_place(|| running.stop());
    queue.delete().await;
    database.drop().await;
    table(
        "Memory with a million messages waiting",
        &["mails sent", "still waiting", "resident MiB", "peak MiB"],
        &rows,
    );
    println!();
    ratio("peak resident memory of the worker in MiB", peak, Some((64.0, Better::Lower)));
}

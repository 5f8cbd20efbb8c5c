//! The whole way: messages in the broker → decision, rows, trail, outbox in the database → mail rendered, its sealed
//! address opened, accepted by the relay → message acknowledged, mail settled.

use crate::broker::RunQueue;
use crate::candidates::{Candidate, Running};
use crate::cpu::{Reading, Tree};
use crate::database::RunDatabase;
use crate::place::Place;
use crate::report::{Better, Figures, ratio, short, table};
use crate::sink::Sink;
use std::time::Duration;

/// What one run came to.
struct Run {
    rate: f64,
    /// CPU seconds for 1,000 messages.
    own: f64,
    postgres: f64,
    broker: f64,
    sink: f64,
    peak_mib: f64,
    mail_bytes: f64,
}

/// What a candidate came to in all rounds.
#[derive(Default)]
struct Runs(Vec<Run>);

impl Runs {
    fn of(&self, figure: impl Fn(&Run) -> f64) -> Figures {
        self.0.iter().map(figure).collect()
    }

    fn rate(&self) -> f64 {
        self.of(|r| r.rate).median()
    }

    fn cpu(&self) -> f64 {
        self.of(whole).median()
    }
}

fn whole(run: &Run) -> f64 {
    run.own + run.postgres + run.broker + run.sink
}

/// The candidates, and how many messages each gets: enough for seconds of work.
const CANDIDATES: [(Candidate, usize); 4] = [
    (Candidate::Rescind, 40_000),
    (Candidate::FloorLettre, 40_000),
    (Candidate::FloorPipelined, 40_000),
    (Candidate::Celery, 2_000),
];

/// Runs every candidate in turn, several times over.
pub(crate) async fn run(place: &Place) {
    let mut sink = Sink::start().await;
    let mut all: Vec<Runs> = CANDIDATES.iter().map(|_| Runs::default()).collect();
    let only = std::env::var("RESCIND_BENCH_ONLY").unwrap_or_default();
    for round in 1..=place.rounds {
        for ((candidate, count), runs) in CANDIDATES.iter().zip(&mut all) {
            if !only.is_empty() && !only.split(',').any(|name| candidate.name() == name) {
                continue;
            }
            let run = once(place, &mut sink, *candidate, place.scaled(*count)).await;
            eprintln!("round {round}, {}: {} messages/s", candidate.name(), short(run.rate));
            runs.0.push(run);
        }
    }
    report(&all);
}

async fn once(place: &Place, sink: &mut Sink, candidate: Candidate, count: usize) -> Run {
    let database = RunDatabase::new(place).await;
    let queue = RunQueue::new(&place.amqp).await;
    queue.publish((0..count).map(|number| candidate.message(number))).await;
    sink.reset().await;
    // what the broker still does with what was published is not the candidate's
    tokio::time::sleep(Duration::from_millis(500)).await;

    let (sink_tree, me) = (sink.tree(), Tree::of(std::process::id()));
    let (postgres, broker) = (place.postgres_tree, place.amqp_tree);
    let read = move || Reading::take(postgres, broker, sink_tree);
    // the clock starts when it begins to consume
    let consumed = queue.consumed();
    let begin = tokio::spawn(async move {
        consumed.await;
        read()
    });
    let running =
        tokio::task::block_in_place(|| Running::start(candidate, place, &database, &queue.name, sink.port));
    let begin = begin.await.expect("somebody consumes");
    sink.wait_for(count).await;
    database.settled().await;
    let end = read();
    let peak_kib = me.peak_kib() - Tree::of(std::process::id()).own_peak_kib() - sink_tree.peak_kib();
    tokio::task::block_in_place(|| running.stop());

    let (mails, bytes) = sink.count().await;
    assert_eq!(mails, count, "{}: every message is answered by one mail", candidate.name());
    assert_eq!(queue.waiting().await, 0, "{}: every message is acknowledged", candidate.name());
    for table in ["select count(*) from consent_request", "select count(*) from mail where state = 3"] {
        let rows = database.count(table).await;
        assert_eq!(usize::try_from(rows).ok(), Some(count), "{}: {table}", candidate.name());
    }
    queue.delete().await;
    database.drop().await;

    let seconds = end.at.duration_since(begin.at).as_secs_f64();
    let thousands = count as f64 / 1000.0;
    Run {
        rate: count as f64 / seconds,
        own: (end.own - begin.own) / thousands,
        postgres: (end.postgres - begin.postgres) / thousands,
        broker: (end.broker - begin.broker) / thousands,
        sink: (end.sink - begin.sink) / thousands,
        peak_mib: peak_kib as f64 / 1024.0,
        mail_bytes: bytes as f64 / count as f64,
    }
}

fn report(all: &[Runs]) {
    let head = [
        "candidate",
        "messages/s",
        "CPU s per 1,000",
        "own",
        "PostgreSQL",
        "RabbitMQ",
        "sink",
        "peak MiB",
        "bytes a mail",
    ];
    let rows: Vec<Vec<String>> = CANDIDATES
        .iter()
        .zip(all)
        .filter(|(_, runs)| !runs.0.is_empty())
        .map(|((candidate, _), runs)| {
            vec![
                candidate.name().to_owned(),
                runs.of(|r| r.rate).range(),
                runs.of(whole).range(),
                short(runs.of(|r| r.own).median()),
                short(runs.of(|r| r.postgres).median()),
                short(runs.of(|r| r.broker).median()),
                short(runs.of(|r| r.sink).median()),
                short(runs.of(|r| r.peak_mib).median()),
                short(runs.of(|r| r.mail_bytes).median()),
            ]
        })
        .collect();
    table("End to end", &head, &rows);
    println!();
    let [rescind, lettre, pipelined, celery] = all else { return };
    ratio("rate, to Celery's", rescind.rate() / celery.rate(), Some((15.0, Better::Higher)));
    ratio(
        "CPU of the whole system, to Celery's",
        rescind.cpu() / celery.cpu(),
        Some((1.0 / 12.0, Better::Lower)),
    );
    ratio("rate, to the floor through lettre", rescind.rate() / lettre.rate(), Some((0.6, Better::Higher)));
    ratio("rate, to the pipelined floor", rescind.rate() / pipelined.rate(), Some((0.6, Better::Higher)));
    ratio("CPU of the whole system, to the pipelined floor's", rescind.cpu() / pipelined.cpu(), None);
}

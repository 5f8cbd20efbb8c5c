//! The benchmark: what Rescind costs, beside others that do the same work, in one session and on one machine.
//!
//! `scripts/bench` builds it, starts private services for it and runs the parts it is asked for. Each part takes its
//! candidates in turn, several times over, and prints medians, ranges and ratios as Markdown. It asserts that the work
//! was done, never how fast.
// it reports to whoever runs it
#![allow(clippy::print_stdout, clippy::print_stderr)]
// figures are shown with three digits
#![allow(clippy::cast_precision_loss)]

mod backlog;
mod broker;
mod bulk;
mod candidates;
mod cold;
mod cpu;
mod database;
mod decisions;
mod embedded;
mod end_to_end;
mod filling;
mod floor;
mod floor_sqlite;
mod gate;
mod growth;
mod in_process;
mod latency;
mod messages;
mod place;
mod report;
mod sink;
mod stages;

use std::process::ExitCode;

/// The parts, in the order in which they run when all are asked for.
const PARTS: &[(&str, &str)] = &[
    ("end-to-end", "broker to mail, beside a Celery worker and the same work by hand"),
    ("decisions", "decision and rows alone, on PostgreSQL and SQLite, beside inserts by hand"),
    ("stages", "each stage of a message alone"),
    ("embedded", "HTTP, SQLite, mail: one machine, nothing beside it"),
    ("gate", "may this purpose be processed? one question, and a hundred at once"),
    ("latency", "from publishing to acceptance of the mail, 50 messages a second"),
    ("waiting", "cost of a message while a hundred wait and while a hundred thousand do"),
    ("fill", "makes the stores for the next part; of use with RESCIND_BENCH_FOLDER"),
    ("subjects", "cost of a message with ten thousand and with two million subjects in the store"),
    ("memory", "memory of a worker with a million messages before it"),
    ("bulk", "a list of a million consents, imported into SQLite and exported"),
    ("cold", "bulk intake into a fresh database"),
];

fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn main() -> ExitCode {
    // `cargo bench` adds a flag of its own
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        // processes of their own, so that what they cost can be told apart
        ["sink"] => sink::run(),
        ["floor", way] => runtime(2).block_on(floor::run(way)),
        ["list"] => PARTS.iter().for_each(|(name, what)| println!("  {name:<12} {what}")),
        parts => {
            let known = |part: &&&str| PARTS.iter().any(|(name, _)| name == *part);
            if let Some(unknown) = parts.iter().find(|part| !known(part)) {
                eprintln!("there is no part {unknown:?}; `scripts/bench list` names them");
                return ExitCode::from(2);
            }
            let all: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
            for part in if parts.is_empty() { &all[..] } else { parts } {
                run(part);
            }
        }
    }
    ExitCode::SUCCESS
}

fn run(part: &str) {
    let place = place::Place::from_environment();
    let runtime = runtime(2);
    match part {
        "bulk" => runtime.block_on(bulk::run(&place)),
        "cold" => runtime.block_on(cold::run(&place)),
        "decisions" => runtime.block_on(decisions::run(&place)),
        "gate" => runtime.block_on(gate::run(&place)),
        "latency" => runtime.block_on(latency::run(&place)),
        "memory" => runtime.block_on(backlog::memory(&place)),
        "waiting" => runtime.block_on(backlog::waiting(&place)),
        "fill" => runtime.block_on(growth::fill(&place)),
        "subjects" => runtime.block_on(growth::run(&place)),
        "embedded" => runtime.block_on(embedded::run(&place)),
        "stages" => runtime.block_on(stages::run(&place)),
        "end-to-end" => runtime.block_on(end_to_end::run(&place)),
        other => unreachable!("{other} is no part"),
    }
}

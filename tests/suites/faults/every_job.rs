//! Every job of the registry: handed in twice, and with the store failing at each of its calls, it ends in the same
//! state (M2, M4). A new job joins by being registered, and needs an example in `examples.rs`.

mod examples;
mod play;
mod state;

use examples::example;
use play::{Given, play};
use rescind_jobs::registry::KINDS;
use rescind_tests::database::TestDatabase;
use rescind_tests::fault::{Failure, is_whole, report};
use rescind_tests::on_both_databases;
use rescind_tests::parts::Parts;
use rescind_worker::fault::Point;
use state::{Keeper, State};

on_both_databases! {
    run_twice_it_ends_in_the_same_state,
    whatever_call_of_the_store_fails_it_ends_in_the_same_state,
}

/// What is given of a job, over a store that was emptied and then prepared for it.
async fn prepared(kind: &str, parts: &Parts, keeper: &Keeper) -> Given {
    keeper.empty(parts).await;
    example(kind, parts).await.unwrap_or_else(|| {
        panic!("{kind} is in the registry and has no example: say in tests/suites/faults/every_job/examples.rs how it comes about")
    })
}

async fn run_twice_it_ends_in_the_same_state(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let keeper = Keeper::new(&parts).await;
    let mut wrong = Vec::new();
    for kind in KINDS {
        let given = prepared(kind.name, &parts, &keeper).await;
        let before = keeper.state(&parts).await;
        play(&parts, &given, None).await;
        let once = keeper.state(&parts).await;
        assert_ne!(before, once, "{}: the example does something", kind.name);
        given.again(&parts).await;
        play(&parts, &given, None).await;
        let twice = keeper.state(&parts).await;
        let (once, twice) = (once.without_trail(), twice.without_trail());
        wrong.extend(difference(&format!("{}, run twice", kind.name), &once, &twice));
    }
    same_in_the_end(&wrong);
}

async fn whatever_call_of_the_store_fails_it_ends_in_the_same_state(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let keeper = Keeper::new(&parts).await;
    let (mut runs, mut wrong) = (0, Vec::new());
    for (place, kind) in KINDS.iter().enumerate() {
        for redelivered in [false, true] {
            let given = prepared(kind.name, &parts, &keeper).await;
            let Some(given) = given.redelivered(redelivered) else { continue };
            if redelivered && place > 0 && !is_whole() {
                continue;
            }
            let calls = play(&parts, &given, None).await;
            let calm = keeper.state(&parts).await;
            // what comes again is first counted as an attempt, in a transaction of its own
            let decided = commits(&calls).nth(usize::from(redelivered)).unwrap_or(calls.len());
            for (number, call) in calls.iter().enumerate() {
                for failure in failures(*call, place + number) {
                    let given = prepared(kind.name, &parts, &keeper).await.redelivered(redelivered);
                    play(&parts, &given.expect("as before"), Some((number, *failure))).await;
                    let what = format!("{}, call {number} ({}) {failure:?}", kind.name, call.name());
                    let is = keeper.state(&parts).await;
                    // without an inbox, what was committed unseen is decided again, and the trail may tell that
                    let again = kind.internal && (number >= decided || *call == Point::StoreCommitted);
                    wrong.extend(match again {
                        true => {
                            let lost = calm.acts_lost(&is);
                            let rest = calm.clone().without_trail().difference(&is.without_trail());
                            (!lost.is_empty() || !rest.is_empty()).then(|| format!("{what}:\n{lost}{rest}"))
                        }
                        false => difference(&what, &calm, &is),
                    });
                    runs += 1;
                }
            }
        }
    }
    let database = if parts.pool().is_postgres() { "PostgreSQL" } else { "SQLite" };
    report(&format!("failed calls\t{database}\t{runs}\t{}", wrong.len()));
    assert!(runs > 200, "{runs}");
    same_in_the_end(&wrong);
}

/// Where transactions were committed.
fn commits(calls: &[Point]) -> impl Iterator<Item = usize> {
    calls.iter().enumerate().filter(|(_, call)| **call == Point::StoreCommitted).map(|(number, _)| number)
}

/// How the store fails at a call: in every way, or, in the short selection, in each way now and then.
fn failures(call: Point, turn: usize) -> &'static [Failure] {
    let all = Failure::at(call);
    if is_whole() { all } else { &all[turn % all.len()..][..1] }
}

/// Says what differs from an undisturbed run, if anything does.
fn difference(what: &str, wanted: &State, is: &State) -> Option<String> {
    let difference = wanted.difference(is);
    (!difference.is_empty()).then(|| format!("{what}:\n{difference}"))
}

fn same_in_the_end(wrong: &[String]) {
    let shown: Vec<_> = wrong.iter().take(20).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} times another state than undisturbed\n{}", wrong.len(), shown.join("\n"));
}

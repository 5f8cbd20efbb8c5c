//! Housekeeping: what has outlived its period goes, nothing else does, and a crash changes neither.

mod aged;
mod provisional;

use rescind_jobs::time::Span;
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::parts::Parts;
use rescind_worker::config::Housekeeping;
use rescind_worker::store::Ts;
use rescind_worker::store::sweeps::{self, Listed, SweepState};
use rescind_worker::store::tables::InboxRow;
use rescind_worker::sweep::{self, Report};
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

on_both_databases! {
    housekeeping_orders_itself_once_an_interval,
    a_message_orders_it_at_once,
    many_rows_go_in_batches,
    a_sweep_survives_its_worker,
    a_worker_that_stops_gives_it_back,
    a_step_that_fails_is_no_success,
    a_sweep_that_kills_its_workers_is_given_up,
}

const DAY: Duration = Duration::from_secs(86_400);

/// Periods short enough to tell them apart.
pub(crate) fn periods() -> Housekeeping {
    Housekeeping {
        inbox: 30 * DAY,
        outbox: 90 * DAY,
        parked: Some(180 * DAY),
        closed_requests: 20 * DAY,
        sweep_runs: 365 * DAY,
        interval: Duration::from_secs(3600),
    }
}

/// Looks once whether there is something to sweep.
pub(crate) async fn look(parts: &Parts) -> bool {
    sweep::work(&parts.engine, &periods(), &CancellationToken::new()).await.expect("the store answers")
}

/// The newest sweep.
pub(crate) async fn newest(parts: &Parts) -> Listed {
    sweeps::list(parts.pool(), 1).await.expect("a list").pop().expect("a sweep")
}

/// What a step of the newest sweep counted.
pub(crate) async fn counted(parts: &Parts, step: &str) -> u64 {
    let report = Report::read(&newest(parts).await.report.to_string());
    report.steps.get(step).unwrap_or_else(|| panic!("no step {step}: {report:?}")).count
}

/// Old ids of messages.
async fn old_messages(parts: &Parts, count: u32) {
    let rows: Vec<_> = (0..count)
        .map(|n| InboxRow {
            source: "shop".to_owned(),
            id: format!("old-{n}"),
            body_mac: vec![0; 32],
            // two of them at a time, so that batches end within a moment
            received_at: Ts(parts.now().minus(Span::days(40)).plus(Span::micros(i64::from(n / 2)))),
        })
        .collect();
    parts.put(&rows).await;
}

async fn housekeeping_orders_itself_once_an_interval(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    assert!(look(&parts).await, "the first start is due");
    let first = newest(&parts).await;
    assert_eq!((first.state, first.source.as_str(), first.attempt), (SweepState::Finished, "rescind", 1));
    assert!(first.started_at.is_some() && first.finished_at.is_some());
    let report = Report::read(&first.report.to_string());
    assert!(report.steps.values().all(|step| step.done && step.count == 0), "{report:?}");
    assert!(!look(&parts).await);
    parts.clock.advance(Span::minutes(59));
    assert!(!look(&parts).await);
    parts.clock.advance(Span::minutes(1));
    let looks = (0..4).map(|_| {
        let engine = parts.engine.clone();
        tokio::spawn(async move { sweep::work(&engine, &periods(), &CancellationToken::new()).await })
    });
    for look in looks.collect::<Vec<_>>() {
        look.await.expect("no panic").expect("the store answers");
    }
    assert_eq!(parts.count("select count(*) from sweep_run").await, 2, "one order, however many look");
    assert_eq!(parts.count("select count(*) from sweep_run where state = 2 and attempt = 1").await, 2);
}

async fn a_message_orders_it_at_once(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    look(&parts).await;
    parts.clock.advance(Span::minutes(1));
    parts.send("1", "sweep.run.v1", json!({"sweep": "housekeeping"})).await;
    assert!(look(&parts).await);
    assert_eq!(newest(&parts).await.source, "shop");
}

async fn many_rows_go_in_batches(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    old_messages(&parts, 2501).await;
    parts.send("fresh", "subject.upsert.v1", json!({"subject": {"email": "ana@example.org"}})).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "inbox").await, 2501);
    assert_eq!(parts.count("select count(*) from inbox").await, 1);
}

async fn a_sweep_survives_its_worker(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    old_messages(&parts, 5).await;
    parts.send("1", "sweep.run.v1", json!({"sweep": "housekeeping"})).await;
    let names = ["housekeeping"];
    let lease = parts.now().plus(Span::seconds(60));
    let dead =
        sweeps::claim(parts.pool(), &names, parts.now(), lease).await.expect("claimed").expect("a sweep");
    assert!(!look(&parts).await, "it is claimed");
    // the worker wrote that three rows were deleted, and died
    parts.execute("delete from inbox where id in ('old-0', 'old-1', 'old-2')").await;
    let so_far = r#"{"inbox": {"cut_off": "2026-10-23T09:00:00Z", "count": 3, "done": false}}"#;
    let mut tx = parts.pool().begin().await.expect("a transaction");
    assert!(sweeps::progress(&mut tx, &dead, so_far, lease).await.expect("written"));
    tx.commit().await.expect("a commit");

    parts.clock.advance(Span::seconds(59));
    assert!(!look(&parts).await, "the lease holds");
    parts.clock.advance(Span::seconds(2));
    assert!(look(&parts).await, "the lease is over");
    let ended = newest(&parts).await;
    assert_eq!((ended.state, ended.attempt), (SweepState::Finished, 2));
    assert_eq!(ended.started_at, Some(dead.started_at), "what is old does not move");
    assert_eq!(counted(&parts, "inbox").await, 5);
    assert_eq!(parts.count("select count(*) from inbox where id like 'old-%'").await, 0);

    // a worker that was only slow can do no more
    let mut tx = parts.pool().begin().await.expect("a transaction");
    assert!(!sweeps::progress(&mut tx, &dead, "{}", lease).await.expect("the store answers"));
    drop(tx);
    let finished = sweeps::finish(parts.pool(), &dead, "{}", SweepState::Failed, parts.now()).await;
    assert!(!finished.expect("the store answers"));
}

async fn a_worker_that_stops_gives_it_back(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    old_messages(&parts, 5).await;
    let stop = CancellationToken::new();
    stop.cancel();
    sweep::work(&parts.engine, &periods(), &stop).await.expect("the store answers");
    let given_back = newest(&parts).await;
    assert_eq!((given_back.state, given_back.attempt), (SweepState::Queued, 0));
    assert_eq!(parts.count("select count(*) from inbox").await, 5);
    assert!(look(&parts).await);
    let ended = newest(&parts).await;
    assert_eq!((ended.id, ended.state, ended.attempt), (given_back.id, SweepState::Finished, 1));
}

async fn a_step_that_fails_is_no_success(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    old_messages(&parts, 5).await;
    parts.execute("alter table flight rename to elsewhere").await;
    assert!(look(&parts).await);
    let failed = newest(&parts).await;
    assert_eq!(failed.state, SweepState::Failed);
    let report = Report::read(&failed.report.to_string());
    assert!(report.steps["flights"].error.is_some() && !report.steps["flights"].done);
    assert_eq!(report.steps["inbox"].count, 5, "the other steps run all the same");
    assert!(report.steps["orphans"].done);

    assert!(!look(&parts).await, "not before the next interval");
    parts.execute("alter table elsewhere rename to flight").await;
    parts.clock.advance(Span::hours(1));
    assert!(look(&parts).await);
    assert_eq!(newest(&parts).await.state, SweepState::Finished);
}

async fn a_sweep_that_kills_its_workers_is_given_up(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    parts.send("1", "sweep.run.v1", json!({"sweep": "housekeeping"})).await;
    for _ in 0..5 {
        let lease = parts.now().plus(Span::seconds(60));
        let dead = sweeps::claim(parts.pool(), &["housekeeping"], parts.now(), lease).await;
        assert!(dead.expect("the store answers").is_some());
        parts.clock.advance(Span::seconds(61));
    }
    assert!(look(&parts).await);
    assert_eq!(newest(&parts).await.state, SweepState::Failed);
    assert!(!look(&parts).await);
}

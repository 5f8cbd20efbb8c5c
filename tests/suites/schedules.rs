//! Schedules: what is due runs once, however many workers look and whatever clocks do.

use rescind_jobs::code::ScheduleId;
use rescind_jobs::policy::ScheduleRule;
use rescind_jobs::time::{Span, Timestamp};
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::parts::{Parts, policy_with};
use rescind_worker::clock::Randomness;
use rescind_worker::schedule;
use rescind_worker::sweep;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

on_both_databases! {
    a_due_time_runs_once_however_many_look,
    what_was_missed_is_caught_up_as_the_policy_says,
    catching_up_goes_oldest_first_in_bounded_steps,
    a_new_schedule_never_backfills,
    a_paused_schedule_rests_and_resumes_from_now,
    runs_do_not_overlap_unless_allowed,
    a_sweep_under_way_holds_back_the_next,
    changing_clocks_neither_skip_nor_repeat_a_run,
    a_run_by_hand_takes_nothing_from_the_due_times,
    what_a_schedule_sends_is_sealed_and_decided,
    a_schedule_that_is_switched_off_does_nothing,
}

const POLL: Duration = Duration::from_secs(1);

/// A schedule whose message is harmless.
fn upsert(name: &str, cron: &str, more: &str) -> String {
    format!(
        "[schedules.{name}]\ncron = \"{cron}\"\ntime_zone = \"Europe/Berlin\"\n\
         message = {{ type = \"subject.upsert.v1\", data = {{ subject = {{ email = \"{name}@example.org\" }} }} }}\n\
         {more}\n"
    )
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("a time")
}

async fn parts(database: TestDatabase, schedules: &str) -> Parts {
    Parts::new(database, Some(&policy_with(schedules))).await
}

async fn tick(parts: &Parts) -> Option<Timestamp> {
    schedule::tick(&parts.engine, &parts.metrics, POLL).await.expect("the store answers")
}

fn rule(parts: &Parts, name: &str) -> ScheduleRule {
    parts.engine.policy().schedules.get(name).cloned().expect("a schedule of the policy")
}

fn id(name: &str) -> ScheduleId {
    ScheduleId::new(name).expect("a name")
}

async fn runs(parts: &Parts) -> i64 {
    parts.count("select count(*) from schedule_run").await
}

async fn a_due_time_runs_once_however_many_look(database: TestDatabase) {
    let parts = parts(database, &upsert("minutely", "* * * * *", "overlap = true\ncatch_up = \"all\"")).await;
    tick(&parts).await;
    for _ in 0..10 {
        parts.clock.advance(Span::minutes(1));
        let looks = (0..4).map(|_| {
            let (engine, metrics) = (parts.engine.clone(), std::sync::Arc::clone(&parts.metrics));
            tokio::spawn(async move { schedule::tick(&engine, &metrics, POLL).await })
        });
        for look in looks.collect::<Vec<_>>() {
            look.await.expect("no panic").expect("the store answers");
        }
    }
    assert_eq!(runs(&parts).await, 10);
    assert_eq!(parts.count("select count(*) from job").await, 10, "a run is a message");
    assert_eq!(parts.work().await, 10);
    assert_eq!(parts.count("select count(*) from parked").await, 0);
}

async fn what_was_missed_is_caught_up_as_the_policy_says(database: TestDatabase) {
    let hourly = |name: &str| upsert(name, "0 * * * *", &format!("catch_up = \"{name}\"\noverlap = true"));
    let parts = parts(database, &["none", "latest", "all"].map(hourly).concat()).await;
    tick(&parts).await;
    parts.clock.advance(Span::minutes(330));
    tick(&parts).await;
    let due = async |name: &'static str| match name {
        "none" => {
            parts.times("select due_at from schedule_run where schedule = 'none' order by due_at").await
        }
        "latest" => {
            parts.times("select due_at from schedule_run where schedule = 'latest' order by due_at").await
        }
        _ => parts.times("select due_at from schedule_run where schedule = 'all' order by due_at").await,
    };
    assert_eq!(due("none").await, []);
    assert_eq!(due("latest").await, [time("2026-11-22T14:00:00Z")]);
    let all: Vec<_> = (10..=14).map(|hour| time(&format!("2026-11-22T{hour}:00:00Z"))).collect();
    assert_eq!(due("all").await, all);

    // half a minute late is now
    parts.clock.advance(Span::seconds(30 * 60 + 30));
    tick(&parts).await;
    for name in ["none", "latest", "all"] {
        assert_eq!(due(name).await.last(), Some(&time("2026-11-22T15:00:00Z")), "{name}");
    }
    assert_eq!(runs(&parts).await, 1 + 2 + 6);
}

async fn catching_up_goes_oldest_first_in_bounded_steps(database: TestDatabase) {
    let parts = parts(database, &upsert("minutely", "* * * * *", "overlap = true\ncatch_up = \"all\"")).await;
    tick(&parts).await;
    parts.clock.advance(Span::minutes(1500));
    assert_eq!(tick(&parts).await, Some(parts.now()), "there is more to do at once");
    assert_eq!(runs(&parts).await, 1000);
    parts.clock.advance(Span::micros(5_000));
    assert!(tick(&parts).await > Some(parts.now()));
    assert_eq!(runs(&parts).await, 1500);
    // the job table hands them out in the order of their due times
    let in_order = parts
        .times("select r.due_at from schedule_run r join job j on j.id = r.job_id order by j.due_at, j.id")
        .await;
    assert!(in_order.is_sorted());
}

async fn a_new_schedule_never_backfills(database: TestDatabase) {
    let parts = parts(database, &upsert("hourly", "0 * * * *", "catch_up = \"all\"")).await;
    // it is 09:00 sharp, a due time: the first one is the first after it was seen
    assert_eq!(tick(&parts).await, Some(time("2026-11-22T10:00:00Z")));
    tick(&parts).await;
    assert_eq!(runs(&parts).await, 0);
    parts.clock.advance(Span::hours(1));
    tick(&parts).await;
    assert_eq!(parts.times("select due_at from schedule_run").await, [time("2026-11-22T10:00:00Z")]);
}

async fn a_paused_schedule_rests_and_resumes_from_now(database: TestDatabase) {
    let parts = parts(database, &upsert("hourly", "0 * * * *", "catch_up = \"all\"\noverlap = true")).await;
    tick(&parts).await;
    let name = id("hourly");
    assert!(schedule::pause(parts.pool(), &name, parts.now()).await.expect("paused"));
    assert!(!schedule::pause(parts.pool(), &name, parts.now()).await.expect("paused already"));
    parts.clock.advance(Span::hours(3));
    assert_eq!(tick(&parts).await, None, "nothing is due while it is paused");
    assert_eq!(runs(&parts).await, 0);
    let listed = schedule::list(parts.pool(), &parts.engine.policy(), parts.now()).await.expect("a list");
    assert!(listed[0].paused && listed[0].next_due_at.is_none() && listed[0].last_due_at.is_none());

    assert!(schedule::resume(parts.pool(), &name, parts.now()).await.expect("resumed"));
    assert!(!schedule::resume(parts.pool(), &name, parts.now()).await.expect("resumed already"));
    tick(&parts).await;
    assert_eq!(runs(&parts).await, 0, "what passed while it was paused is left out");
    parts.clock.advance(Span::hours(1));
    tick(&parts).await;
    assert_eq!(parts.times("select due_at from schedule_run").await, [time("2026-11-22T13:00:00Z")]);
    let listed = schedule::list(parts.pool(), &parts.engine.policy(), parts.now()).await.expect("a list");
    assert_eq!((listed[0].paused, listed[0].waiting), (false, 1));
    assert_eq!(listed[0].last_due_at, Some(time("2026-11-22T13:00:00Z")));
    assert_eq!(listed[0].next_due_at, Some(time("2026-11-22T14:00:00Z")));
}

async fn runs_do_not_overlap_unless_allowed(database: TestDatabase) {
    let parts = parts(database, &upsert("hourly", "0 * * * *", "catch_up = \"all\"")).await;
    tick(&parts).await;
    parts.clock.advance(Span::minutes(190));
    for run in 1..=3 {
        tick(&parts).await;
        tick(&parts).await;
        assert_eq!(runs(&parts).await, run, "the one before still waits");
        if run < 3 {
            assert!(parts.metrics.gauges().schedule_lag.get() > 0.0, "what waits is late");
        }
        assert_eq!(parts.work().await, 1);
    }
    tick(&parts).await;
    assert_eq!(runs(&parts).await, 3);
    assert!(parts.metrics.gauges().schedule_lag.get() < 0.001);
}

async fn a_sweep_under_way_holds_back_the_next(database: TestDatabase) {
    let schedule = "[schedules.sweeping]\ncron = \"0 * * * *\"\ntime_zone = \"UTC\"\n\
                    message = { type = \"sweep.run.v1\", data = { sweep = \"housekeeping\" } }\n";
    let parts = parts(database, schedule).await;
    tick(&parts).await;
    parts.clock.advance(Span::hours(1));
    tick(&parts).await;
    assert_eq!(parts.work().await, 1);
    assert_eq!(parts.count("select count(*) from sweep_run where state = 0").await, 1);

    parts.clock.advance(Span::hours(1));
    tick(&parts).await;
    assert_eq!(runs(&parts).await, 1, "the sweep is not finished");
    let periods = parts.opened.config.housekeeping;
    assert!(sweep::work(&parts.engine, &periods, &CancellationToken::new()).await.expect("swept"));
    tick(&parts).await;
    assert_eq!(runs(&parts).await, 2, "it stayed due");
}

async fn changing_clocks_neither_skip_nor_repeat_a_run(database: TestDatabase) {
    let parts = parts(database, &upsert("nightly", "30 2 * * *", "catch_up = \"all\"\noverlap = true")).await;
    for (evening, due) in
        [("2027-03-27T20:00:00Z", "2027-03-28T01:00:00Z"), ("2027-10-30T20:00:00Z", "2027-10-31T00:30:00Z")]
    {
        parts.execute("delete from schedule_state").await;
        parts.execute("delete from schedule_run").await;
        parts.clock.advance(time(evening).since(parts.now()));
        // twelve hours in steps of ten minutes
        for _ in 0..72 {
            tick(&parts).await;
            parts.clock.advance(Span::minutes(10));
        }
        assert_eq!(parts.times("select due_at from schedule_run").await, [time(due)]);
    }
}

async fn a_run_by_hand_takes_nothing_from_the_due_times(database: TestDatabase) {
    let parts = parts(database, &upsert("hourly", "0 * * * *", "overlap = true")).await;
    tick(&parts).await;
    schedule::pause(parts.pool(), &id("hourly"), parts.now()).await.expect("paused");
    parts.clock.advance(Span::minutes(70));
    let (vault, randomness) = (parts.engine.vault(), Randomness::seeded(9));
    let run = async || {
        schedule::run_now(parts.pool(), vault, &rule(&parts, "hourly"), parts.now(), &randomness).await
    };
    run().await.expect("paused or not");
    assert!(run().await.is_err(), "once a moment");
    assert_eq!(parts.times("select due_at from schedule_run").await, [parts.now()]);
    assert_eq!(parts.work().await, 1);

    schedule::resume(parts.pool(), &id("hourly"), parts.now()).await.expect("resumed");
    parts.clock.advance(Span::minutes(55));
    run().await.expect("by hand, after the due time and before a worker looked");
    tick(&parts).await;
    let due = parts.times("select due_at from schedule_run order by due_at").await;
    assert_eq!(due[1..], [time("2026-11-22T11:00:00Z"), parts.now()]);
}

async fn what_a_schedule_sends_is_sealed_and_decided(database: TestDatabase) {
    let parts = parts(database, &upsert("known", "0 * * * *", "")).await;
    tick(&parts).await;
    parts.clock.advance(Span::hours(1));
    tick(&parts).await;
    static BODY: rescind_worker::store::dialect::Sql =
        rescind_worker::store::dialect::sql("select body from job");
    let rows = parts.pool().read(&BODY, vec![]).await.expect("a row");
    let body = rows[0].get::<Vec<u8>>(0).expect("a body");
    assert!(!body.windows(8).any(|bytes| bytes == b"known@ex"), "the body can be read");
    assert_eq!(parts.work().await, 1);
    assert_eq!(parts.count("select count(*) from subject").await, 1);
    assert_eq!(parts.count("select count(*) from identity").await, 1);
    assert_eq!(parts.count("select count(*) from parked").await, 0);
}

async fn a_schedule_that_is_switched_off_does_nothing(database: TestDatabase) {
    let policy = policy_with(&upsert("hourly", "0 * * * *", ""));
    let policy = policy.replace("    \"schedules\", ", "    # \"schedules\", ");
    let parts = Parts::new(database, Some(&policy)).await;
    assert_eq!(tick(&parts).await, None);
    parts.clock.advance(Span::hours(2));
    assert_eq!(tick(&parts).await, None);
    assert_eq!(runs(&parts).await, 0);
}

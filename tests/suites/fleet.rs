//! Several workers as processes on one database and one broker, under load, killed one after another; and an upgrade
//! under way. Nothing is lost, nothing counts twice, and schedules fire once (M2, M3, M4, M6).

mod rig;

use rescind_tests::report::is_whole;
use rig::Fleet;
use std::time::Duration;

/// How long the load lasts.
fn load() -> Duration {
    Duration::from_secs(if is_whole() { 60 } else { 8 })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_of_which_one_is_killed_again_and_again() {
    killed("2 replicas, one killed every 2 s", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_replicas_of_which_one_is_killed_again_and_again() {
    killed("4 replicas, one killed every 2 s", 4).await;
}

async fn killed(what: &str, replicas: usize) {
    let mut fleet = Fleet::start(replicas).await;
    fleet.make_schedules_late().await;
    let (load, mut victim) = (fleet.load(load()), 0);
    while !load.is_over() {
        tokio::time::sleep(Duration::from_secs(2)).await;
        fleet.kill(victim % replicas);
        fleet.start_again(victim % replicas);
        victim += 1;
    }
    let sent = load.end();
    fleet.all_once(what, sent).await;
    fleet.schedules_fired_once(what).await;
    fleet.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_replica_by_replica_loses_nothing() {
    let mut fleet = Fleet::start(2).await;
    let load = fleet.load(load());
    tokio::time::sleep(Duration::from_secs(1)).await;
    // the first new worker brings the tables up to date, under the old ones
    fleet.expand().await;
    for replica in 0..2 {
        // an old one is started again on the newer tables, whether in order or after a crash
        if replica == 0 {
            fleet.stop_one(replica);
        } else {
            fleet.kill(replica);
        }
        fleet.start_again(replica);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let sent = load.end();
    fleet.all_once("an upgrade with a migration in between", sent).await;
    // and what takes away something that it uses keeps it from starting
    fleet.stop();
    fleet.contract().await;
    let refused = fleet.refused();
    assert!(refused.contains("upgrade it"), "{refused}");
}

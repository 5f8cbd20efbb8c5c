//! Whether a group would find a free connection, asked before it is marked as being handed over.

use super::{mail, settings, transport};
use futures_util::FutureExt as _;
use rescind_jobs::effects::Lane;
use rescind_tests::app::eventually;
use rescind_tests::smtp_script::{Act, Script, SmtpScript};
use rescind_worker::config::Smtp as Settings;
use rescind_worker::mail::transport::{Delivery, Outgoing, Transport};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use uuid::Uuid;

fn send(transport: &Arc<Transport>, group: Vec<Outgoing>) -> JoinHandle<Vec<(Uuid, Delivery)>> {
    let transport = Arc::clone(transport);
    tokio::spawn(async move { transport.send(group, Lane::Background).await })
}

#[tokio::test]
async fn the_background_has_none_in_the_connection_that_it_leaves_to_others() {
    let server = SmtpScript::start(vec![Script::friendly().on("MAIL", Act::Hang)]).await;
    let transport = Arc::new(transport(Settings { connections: 2, ..settings(server.port) }));
    assert!(transport.room(Lane::Background).now_or_never().is_some(), "nothing is under way");
    let hangs = send(&transport, vec![mail(1, "a")]);
    eventually("it is under way", async || server.commands(0).len() > 1).await;
    assert!(transport.room(Lane::Background).now_or_never().is_none(), "its share is in use");
    assert!(transport.room(Lane::Request).now_or_never().is_some());
    hangs.abort();
}

#[tokio::test]
async fn the_background_gives_way_to_a_group_that_asks_for_room() {
    let late = || Script::friendly().on(".", Act::Late(Duration::from_millis(300), "250 2.0.0 ok"));
    let server = SmtpScript::start(vec![late()]).await;
    let transport = Arc::new(transport(settings(server.port)));
    let patient = send(&transport, vec![mail(1, "a"), mail(2, "b"), mail(3, "c")]);
    eventually("the first mail has come", async || server.offered().len() == 1).await;
    transport.room(Lane::Request).await;
    assert!(server.taken().len() < 3, "it has not waited for the whole group");
    assert!(patient.await.expect("sends").iter().all(|(_, outcome)| *outcome == Delivery::Sent));
}

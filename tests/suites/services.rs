//! The services that tests start for themselves come back, after a crash too, with what they held.

use rescind_tests::pika::{Reader, publish};
use rescind_tests::service::{Kind, Service};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::path::PathBuf;
use std::time::Duration;

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("rescind-services-{name}-{}", std::process::id()))
}

#[tokio::test]
async fn a_private_postgres_survives_its_crash() {
    let folder = folder("postgres");
    let mut service = Service::start(Kind::Postgres, &folder);
    let url = service.url().to_owned();
    let mut connection = PgConnection::connect(&url).await.expect("it lets us in");
    connection.execute("create table kept as select 7 as number").await.expect("it writes");

    service.crash();
    assert!(PgConnection::connect(&url).await.is_err(), "it is down");
    service.start_again();

    assert_eq!(service.url(), url);
    let mut connection = PgConnection::connect(&url).await.expect("it is back");
    let number: i32 =
        sqlx::query_scalar("select number from kept").fetch_one(&mut connection).await.expect("kept");
    assert_eq!(number, 7);
    drop(service);
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[test]
fn a_private_broker_survives_its_crash() {
    let folder = folder("rabbitmq");
    let mut service = Service::start(Kind::RabbitMq, &folder);
    let url = service.url().to_owned();
    // A durable queue, bound and left behind.
    let limit = Duration::from_millis(100);
    Reader::with_options(&url, "kept", &["privacy.jobs:#"], 1, limit, &["--keep"]).messages();
    let message = json!({"specversion": "1.0", "id": "1", "source": "shop", "type": "a.b", "data": {"n": 1}});
    let answers = publish(&url, &["--binary"], &[message.to_string()]);
    assert_eq!(answers, [json!({"id": "1", "confirmed": true})]);
    let answers = publish(&url, &["--exchange", ""], &[message.to_string()]);
    assert_eq!(answers[0]["reason"], "UnroutableError", "nobody is bound there");

    // RabbitMQ 3.10 writes down half a second late that a quorum queue was made. One that is younger when the
    // node crashes never gets a leader again: consuming from it hangs for a minute, then ends the connection.
    std::thread::sleep(Duration::from_secs(2));
    service.crash();
    service.start_again();

    let messages = Reader::new(&url, "kept", &[], 1, Duration::from_secs(20)).messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["routing_key"], "a.b");
    assert_eq!(messages[0]["headers"]["cloudEvents:source"], "shop");
    assert_eq!(messages[0]["body"], json!({"n": 1}));
    drop(service);
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

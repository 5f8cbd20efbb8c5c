//! PostgreSQL in every trouble that it can have while a worker works on it.

use super::{SOURCES, TOKEN, requests};
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::operations::example_policy;
use rescind_tests::report::{Figures, note, outage};
use rescind_tests::service::{Kind, Service};
use rescind_tests::small_disk::SmallDisk;
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};
use rescind_tests::temp_folder::TempFolder;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::collections::BTreeSet;
use std::time::Duration;

/// A session beside the worker's, as an administrator's.
struct Session(PgConnection);

impl Session {
    async fn on(database: &TestDatabase) -> Self {
        Self(PgConnection::connect(&database.url()).await.expect("the server lets us in"))
    }

    async fn run(&mut self, statement: &str) {
        let ran = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut self.0).await;
        ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    async fn number(&mut self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut self.0).await.expect("a number")
    }

    /// A setting of this database, for the sessions that begin from now on.
    async fn set(&mut self, setting: &str) {
        self.run(&format!(
            "do $$ begin execute format('alter database %I set {}', current_database()); end $$",
            setting.replace('\'', "''")
        ))
        .await;
    }

    /// Ends every other session of the database; returns how many there were.
    async fn cut(&mut self) -> i64 {
        self.number(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await
    }

    /// Waits until a session of the database waits for a lock.
    async fn until_somebody_waits(&mut self) {
        let waiting = "select count(*) from pg_stat_activity \
                       where datname = current_database() and wait_event_type = 'Lock'";
        eventually("a session waits for a lock", async || self.number(waiting).await > 0).await;
    }
}

/// A worker at the shared broker with mail going to a sink.
struct Rig {
    app: TestApp,
    broker: TestBroker,
    sink: SmtpSink,
}

impl Rig {
    async fn on(database: TestDatabase, more: &[(&str, &str)]) -> Self {
        let (broker, sink) = (TestBroker::shared(), SmtpSink::start(SinkOptions::default()).await);
        let smtp = format!("smtp://127.0.0.1:{}", sink.port);
        let mut settings = broker.settings();
        settings.extend([("RESCIND_MAIL__TRANSPORT", "smtp"), ("RESCIND_MAIL__SMTP__URL", smtp.as_str())]);
        settings.extend(more);
        let mut app = TestApp::with(database, Some(&example_policy(SOURCES)), &settings).await;
        app.token = Some(TOKEN);
        app.ready().await;
        Self { app, broker, sink }
    }

    /// Everything that was sent was decided once, and mailed once; stops the worker.
    async fn all_once(mut self, what: &str, count: usize) {
        self.app.ready().await;
        let wanted = i64::try_from(count).unwrap();
        eventually("all is decided", async || {
            self.app.count("select count(*) from consent_request").await >= wanted
        })
        .await;
        self.app.quiet().await;
        let mails = self.sink.mails();
        let to: BTreeSet<_> = mails.iter().map(|mail| mail.rcpt_to.clone()).collect();
        let lost = count - to.len().min(count);
        let (doubled, uncertain) =
            (mails.len() - to.len(), self.app.count("select count(*) from mail where state = 6").await);
        let decided = self.app.count("select count(*) from consent_request").await;
        let decided_twice = usize::try_from(decided).unwrap().saturating_sub(count);
        let uncertain = usize::try_from(uncertain).unwrap();
        let figures = Figures { messages: count, lost, decided_twice, mailed_twice: doubled, uncertain };
        outage(what, figures);
        assert_eq!(figures, Figures { messages: count, ..Figures::default() });
        assert_eq!(decided, wanted);
        assert_eq!(self.app.count("select count(*) from parked").await, 0);
        assert_eq!(self.app.count("select count(*) from mail where state <> 3").await, 0, "all are sent");
        self.app.stop().await;
        assert_eq!(self.broker.waiting().await, 0, "everything was acknowledged");
    }

    /// The store is not available, and in the end it says why, in `/readyz` as in the metrics. The first connections
    /// that fail may say something else: that they were cut.
    async fn says(&self, code: &str) {
        eventually(&format!("the store is down because of {code}"), async || {
            let (_, report) = self.app.readyz().await;
            let store = &report["parts"]["store"];
            store["state"] == "down" && store["reason"].as_str().is_some_and(|reason| reason.contains(code))
        })
        .await;
        let (_, metrics) = self.app.get(&format!("http://{}/metrics", self.app.worker().ops)).await;
        assert!(metrics.contains("rescind_part_ready{part=\"store\"} 0"), "{metrics}");
        assert!(metrics.contains("rescind_part_trouble{part=\"store\",reason=\""), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_at_any_moment_lose_and_double_nothing() {
    let rig = Rig::on(TestDatabase::postgres().await, &[("RESCIND_MAIL__GROUP_SIZE", "8")]).await;
    let mut session = Session::on(&rig.app.database).await;
    let mut cut = 0;
    for part in 0..6 {
        rig.broker.publish(&[], &requests(&rig.app, part * 50..(part + 1) * 50));
        for pause in [13, 47, 5, 29] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            cut += session.cut().await;
        }
    }
    note(&format!("{cut} connections were cut"));
    assert!(cut > 0);
    rig.all_once("PostgreSQL: connections cut", 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_costs_another_round() {
    let database = TestDatabase::postgres().await;
    // the worker looks for deadlocks first, and is the one to give way
    Session::on(&database).await.set("deadlock_timeout = '2s'").await;
    let app = TestApp::on(database).await;
    app.request("ana@example.org").await;
    app.quiet().await;
    let mut session = Session::on(&app.database).await;
    session.run("set deadlock_timeout = '60s'; begin; select 1 from subject for update").await;
    let data = json!({"subject": {"email": "ana@example.org"}, "purposes": ["newsletter"]});
    let message = app.message("consent.withdraw.v1", data);
    let id = message["id"].as_str().unwrap().to_owned();
    let ((status, answer), ()) = tokio::join!(app.post(&message), async {
        let mut watch = Session::on(&app.database).await;
        watch.until_somebody_waits().await;
        // it has entered the message's id, and waits for the subject; now we wait for the id
        let enter =
            "insert into inbox select source, '{}', body_mac, received_at from inbox limit 1; rollback";
        session.run(&enter.replace("{}", &id)).await;
    });
    assert_eq!((status, &answer["status"]), (202, &json!("accepted")), "{answer}");
    assert!(app.metric("rescind_batches_run_again_total").await >= 1.0, "it had to give way");
    app.quiet().await;
    assert_eq!(app.count("select count(*) from consent_record").await, 1);
    assert_eq!(app.count("select count(*) from parked").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serialization_failure_costs_another_round() {
    let database = TestDatabase::postgres().await;
    Session::on(&database).await.set("default_transaction_isolation = 'serializable'").await;
    let app = TestApp::on(database).await;
    app.request("ana@example.org").await;
    app.quiet().await;
    // somebody changes the subject after the worker's transaction has begun
    let mut session = Session::on(&app.database).await;
    session.run("begin; update subject set locale = 'fr'").await;
    let data = json!({"subject": {"email": "ana@example.org"}, "purposes": ["newsletter"]});
    let message = app.message("consent.withdraw.v1", data);
    let ((status, answer), ()) = tokio::join!(app.post(&message), async {
        Session::on(&app.database).await.until_somebody_waits().await;
        session.run("commit").await;
    });
    assert_eq!((status, &answer["status"]), (202, &json!("accepted")), "{answer}");
    assert!(app.metric("rescind_batches_run_again_total").await >= 1.0, "its snapshot was too old");

    // and many at once, from two workers
    let (two, mut posts) = (app.replica().await, tokio::task::JoinSet::new());
    for n in 0..60 {
        let subject = json!({"email": format!("ben{}@example.org", n % 6)});
        let message = app.message("subject.upsert.v1", json!({"subject": subject}));
        let target = if n % 2 == 0 { &app } else { &two };
        let post = target.http.post(target.url("/v1/messages")).json(&message).send();
        posts.spawn(async move { post.await.expect("an answer").status().as_u16() });
    }
    while let Some(status) = posts.join_next().await {
        assert_eq!(status.expect("it ran"), 202);
    }
    app.quiet().await;
    assert_eq!(app.count("select count(*) from subject").await, 7);
    assert_eq!(app.count("select count(*) from parked").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_only_reads_is_waited_for() {
    let rig = Rig::on(TestDatabase::postgres().await, &[]).await;
    let mut session = Session::on(&rig.app.database).await;
    // as after a failover, when the address leads to a standby
    session.set("default_transaction_read_only = on").await;
    session.cut().await;
    rig.broker.publish(&[], &requests(&rig.app, 0..40));
    let posted = requests(&rig.app, 40..41).remove(0);
    assert_eq!(rig.app.post(&posted).await.0, 503, "nothing can be stored");
    rig.says("25006").await;
    rig.app.expect_part("broker_intake", "down").await;
    assert!(rig.sink.mails().is_empty());

    session.run("set default_transaction_read_only = off").await;
    session.set("default_transaction_read_only = off").await;
    session.cut().await;
    rig.app.ready().await;
    assert_eq!(rig.app.post(&posted).await.0, 202);
    rig.all_once("PostgreSQL: read-only", 41).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_free_connections_is_waited_for() {
    let database = TestDatabase::postgres().await;
    let mut admin = Session::on(&database).await;
    let role = format!("rescind_few_{}", std::process::id());
    let owner = format!(
        "create role {role} login password 'few' connection limit 4; \
         do $$ begin execute format('alter database %I owner to {role}', current_database()); end $$"
    );
    admin.run(&owner).await;
    let url = database.url();
    let (start, rest) = url.split_once("://").unwrap();
    let limited = format!("{start}://{role}:few@{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host));
    let rig = Rig::on(TestDatabase::at(&limited), &[("RESCIND_STORE__CONNECTIONS", "4")]).await;
    // others take what the worker's connections leave when they break
    let mut others = Vec::new();
    eventually("others have all connections", async || {
        if let Ok(other) = PgConnection::connect(&limited).await {
            others.push(other);
        }
        if others.len() < 4 {
            let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                       where datname = current_database() and application_name = 'rescind'";
            admin.number(cut).await;
        }
        others.len() == 4
    })
    .await;
    rig.broker.publish(&[], &requests(&rig.app, 0..40));
    rig.says("53300").await;
    let posted = requests(&rig.app, 40..41).remove(0);
    assert_eq!(rig.app.post(&posted).await.0, 503);

    drop(others);
    rig.app.ready().await;
    assert_eq!(rig.app.post(&posted).await.0, 202);
    rig.all_once("PostgreSQL: no free connection", 41).await;
    admin
        .run(&format!("reassign owned by {role} to current_user; drop owned by {role}; drop role {role}"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_waited_for() {
    let folder = TempFolder::new("full");
    let service = Service::start(Kind::Postgres, folder.path().join("postgres"));
    let disk = SmallDisk::mount(48);
    let mut admin = Session::on(&TestDatabase::at(service.url())).await;
    match &disk {
        Some(disk) => {
            let path = disk.path().join("space");
            std::fs::create_dir(&path).unwrap();
            give_to_the_server(&path, &folder);
            admin.run(&format!("create tablespace small location '{}'", path.display())).await;
            admin.run("create database filling tablespace small").await;
        }
        None => admin.run("create database filling").await,
    }
    let url = service.url().rsplit_once('/').map(|(start, _)| format!("{start}/filling")).unwrap();
    let rig = Rig::on(TestDatabase::at(&url), &[]).await;
    rig.broker.publish(&[], &requests(&rig.app, 0..10));
    rig.sink.wait_for(10).await;
    rig.app.quiet().await;

    let mut session = Session::on(&rig.app.database).await;
    match &disk {
        Some(disk) => disk.fill(),
        // the words of a server whose disk is full, where no disk can be filled
        None => {
            session
                .run(
                    "create function full_disk() returns trigger language plpgsql as \
                     $$ begin raise exception 'No space left on device' using errcode = '53100'; end $$; \
                     create trigger full_disk before insert on audit execute function full_disk(); \
                     create trigger full_disk before insert on probe execute function full_disk()",
                )
                .await;
        }
    }
    rig.broker.publish(&[], &requests(&rig.app, 10..400));
    rig.says("53100").await;
    rig.app.expect_part("broker_intake", "down").await;
    // it stays so as long as the disk is full, and takes what it holds no further
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(rig.app.part("store").await, "down");
    }
    match &disk {
        Some(disk) => disk.clear(),
        None => session.run("drop function full_disk() cascade").await,
    }
    rig.all_once("PostgreSQL: disk full", 400).await;
    drop(session);
    drop(admin);
    service.stop();
}

/// The server does not run as root, but as whoever its own files belong to.
fn give_to_the_server(path: &std::path::Path, folder: &TempFolder) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let data = std::fs::metadata(folder.path().join("postgres/data")).expect("the server's data");
    chown(path, Some(data.uid()), Some(data.gid())).expect("it can be given away");
}

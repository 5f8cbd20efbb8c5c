//! Replacing the key-encryption key while workers run: nothing waits, nothing is lost, and in the end the former key
//! opens nothing.

use rescind_jobs::protection::KeyId;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::on_both;
use rescind_worker::app::Opened;
use rescind_worker::clock::Randomness;
use rescind_worker::config::KeySource;
use rescind_worker::{key_source, rotation};
use serde_json::{Value, json};
use std::path::PathBuf;

on_both! {
    a_key_is_replaced_while_the_worker_runs,
    a_run_that_was_broken_off_goes_on,
    a_mail_waits_for_a_key_that_is_missing,
}

fn file(app: &TestApp) -> PathBuf {
    app.folder.path().join("data/rescind.key")
}

/// The lines of the key file: the first key wraps.
fn lines(app: &TestApp) -> Vec<String> {
    std::fs::read_to_string(file(app)).unwrap().lines().map(str::to_owned).collect()
}

fn lay_down(app: &TestApp, keys: &[&str]) {
    // as a whole, as whoever administers a machine should
    let draft = file(app).with_extension("draft");
    std::fs::copy(file(app), &draft).unwrap();
    std::fs::write(&draft, keys.join("\n")).unwrap();
    std::fs::rename(draft, file(app)).unwrap();
}

fn current(app: &TestApp) -> KeyId {
    app.worker().engine.vault().ring().current()
}

async fn taken_up(app: &TestApp, ids: &[KeyId]) {
    let ring = || app.worker().engine.vault().ring();
    eventually("the keys are taken up", async || ring().ids().eq(ids.iter().copied())).await;
}

/// Key, role and what it wraps, a key each.
async fn status(app: &TestApp) -> Vec<(String, String, [i64; 3])> {
    let keys = app.rescind(&["keys", "status", "--json"]).await.json();
    let number = |key: &Value, name: &str| key[name].as_i64().unwrap();
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    keys.as_array()
        .unwrap()
        .iter()
        .map(|key| {
            let numbers = ["subject_keys", "day_keys", "root_keys"].map(|name| number(key, name));
            (text(key, "key"), text(key, "role"), numbers)
        })
        .collect()
}

async fn rotate(app: &TestApp) -> String {
    app.rescind(&["keys", "rotate", "--settle-seconds", "0"]).await.done()
}

/// Leaves a key of a day behind: a message of the command line that is parked.
async fn park(app: &TestApp) {
    let data = json!({"subject": {"email": "eve@example.org"}, "purposes": ["no-such-purpose"]});
    let message = app.message("consent.withdraw.v1", data).to_string();
    app.rescind_reading(&message, &["send", "-"]).await;
    let job = json!({"subject": {"email": "eve@example.org"}, "contents": ["newsletter"]});
    app.rescind_reading(&app.message("consent.request.v1", job).to_string(), &["send", "-"]).await.done();
}

async fn a_key_is_replaced_while_the_worker_runs(mut app: TestApp) {
    for n in 0..30 {
        app.request(&format!("ana@a{n}.example")).await;
    }
    park(&app).await;
    app.quiet().await;
    let before = app.letter(1).await;
    let old = current(&app);
    let (_, role, wrapped) = status(&app).await.remove(0);
    assert_eq!((role.as_str(), wrapped), ("current", [62, 1, 3]));

    let source = KeySource::File(file(&app));
    let new = key_source::put_new_key_first(&source, &Randomness::system()).unwrap().current();
    taken_up(&app, &[new, old]).await;

    // messages and answers go on meanwhile
    let running = async {
        for n in 0..30 {
            app.request(&format!("bea@b{n}.example")).await;
            app.request(&format!("eva@e{n}.example")).await;
        }
        app.agree(&before.link()).await;
    };
    let (said, ()) = tokio::join!(rotate(&app), running);
    assert!(said.contains(&format!("Nothing needs {old} any more")), "{said}");
    app.quiet().await;
    let wrapped = status(&app).await;
    assert_eq!((wrapped[0].0.as_str(), wrapped[0].2), (new.to_string().as_str(), [182, 1, 3]));
    assert_eq!((wrapped[1].0.as_str(), wrapped[1].2), (old.to_string().as_str(), [0, 0, 0]));
    assert_eq!(app.letters().len(), 91, "every mail found its address");
    assert!(app.allowed(&before.to).await);
    let acts = "select count(*) from audit where detail like '%\"act\":\"key_replaced\"%'";
    assert_eq!(app.count(acts).await, 1, "the trail tells of it");

    // the former key is taken off, under the running worker and for the next one
    let keys = lines(&app);
    lay_down(&app, &[&keys[0]]);
    taken_up(&app, &[new]).await;
    app.request("cleo@example.org").await;
    app.agree(&app.letter(92).await.link()).await;
    app.restart_with(&[]).await;
    let link = app.letters().into_iter().find(|letter| letter.to == "bea@b7.example").unwrap().link();
    let (_, token) = link.split_once("/c/").unwrap();
    app.agree(&app.url(&format!("/c/{token}"))).await;
    assert!(app.allowed("cleo@example.org").await && app.allowed("bea@b7.example").await);
    assert_eq!(app.part("keys").await, "not there", "nothing to complain about");

    // and with the former key alone nothing starts
    app.stop().await;
    lay_down(&app, &[&keys[1]]);
    let opened = Opened::open(app.config(), app.clock.clone(), Randomness::system()).await;
    let error = opened.err().expect("another key").to_string();
    assert!(error.contains(&new.to_string()) && error.contains("keys status"), "{error}");
    assert_eq!(status(&app).await.last().unwrap().1, "missing", "the status is told all the same");
}

async fn a_run_that_was_broken_off_goes_on(mut app: TestApp) {
    for n in 0..120 {
        app.request(&format!("ana@a{n}.example")).await;
    }
    app.quiet().await;
    let old = current(&app);
    let source = KeySource::File(file(&app));
    let ring = key_source::put_new_key_first(&source, &Randomness::system()).unwrap();
    let new = ring.current();
    taken_up(&app, &[new, old]).await;
    // ended at the first transaction, as by a crash
    let pool = app.worker().engine.pool().clone();
    let broken = tokio::spawn(async move {
        let mut told = |count| panic!("broken off after {count}");
        rotation::rewrap(&pool, &ring, &Randomness::system(), &mut told).await
    });
    assert!(broken.await.is_err_and(|end| end.is_panic()));
    let wrapped = status(&app).await;
    assert_eq!((wrapped[0].2, wrapped[1].2), ([200, 0, 0], [40, 0, 3]), "half of it, the root keys last");
    let said = app.rescind(&["keys", "status"]).await.done();
    assert!(said.contains("still in use"), "{said}");

    // under both keys everything works; without the former one nothing starts
    let links: Vec<_> = app.letters().into_iter().map(|letter| letter.link()).collect();
    app.agree(&links[0]).await;
    app.agree(&links[119]).await;
    app.quiet().await;
    app.stop().await;
    let keys = lines(&app);
    lay_down(&app, &[&keys[0]]);
    let opened = Opened::open(app.config(), app.clock.clone(), Randomness::system()).await;
    assert!(opened.err().expect("a key is missing").to_string().contains(&old.to_string()));
    lay_down(&app, &[&keys[0], &keys[1]]);
    app.start().await;

    let said = rotate(&app).await;
    assert!(said.contains("40 keys of subjects and days"), "{said}");
    let wrapped = status(&app).await;
    assert_eq!((wrapped[0].2, wrapped[1].2), ([240, 0, 3], [0, 0, 0]));
    assert!(rotate(&app).await.contains("wraps everything already"));
}

async fn a_mail_waits_for_a_key_that_is_missing(mut app: TestApp) {
    app.request("ana@example.org").await;
    app.letter(1).await;
    let old = current(&app);
    let source = KeySource::File(file(&app));
    let ring = key_source::put_new_key_first(&source, &Randomness::system()).unwrap();
    taken_up(&app, &[ring.current(), old]).await;
    // all but the root keys, so that a worker with the former key starts
    let pool = app.worker().engine.pool();
    rotation::rewrap(pool, &ring, &Randomness::system(), &mut |_| {}).await.unwrap();
    app.stop().await;
    let keys = lines(&app);
    lay_down(&app, &[&keys[1]]);
    app.start().await;
    app.advance(rescind_jobs::time::Span::days(4));
    eventually("the reminder was tried", async || {
        app.count("select count(*) from mail where state = 0 and trouble like '%key is missing%'").await == 1
    })
    .await;
    app.expect_part("keys", "degraded").await;
    assert_eq!(app.letters().len(), 1);
    lay_down(&app, &[&keys[0], &keys[1]]);
    app.ready().await;
    app.advance(rescind_jobs::time::Span::minutes(20));
    assert_eq!(app.letter(2).await.to, "ana@example.org", "it left when the key was there");
}

/// Each replica has its key from elsewhere: told of the new key first, then wrapping by it, then rotated.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_told_one_after_the_other() {
    let one = TestApp::postgres().await;
    let mut two = one.replica().await;
    let old = lines(&one).remove(0);
    let (fresh, former) = ("CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=", old.as_str());
    let ask = async |app: &TestApp, name: &str| app.request(&format!("{name}@example.org")).await;
    ask(&one, "before").await;
    for app in [&one, &two] {
        lay_down(app, &[former, fresh]);
        eventually("it knows both", async || app.worker().engine.vault().ring().ids().count() == 2).await;
        ask(&one, "first").await;
        ask(&two, "second").await;
    }
    for app in [&one, &two] {
        let before = current(app);
        lay_down(app, &[fresh, former]);
        eventually("it wraps by the new one", async || current(app) != before).await;
        // one wraps by the new key, the other still by the former one; both read both
        ask(&one, "third").await;
        ask(&two, "fourth").await;
    }
    rotate(&one).await;
    assert_eq!(status(&two).await[1].2, [0, 0, 0]);
    for app in [&one, &two] {
        lay_down(app, &[fresh]);
        eventually("the former key is gone", async || app.worker().engine.vault().ring().ids().count() == 1)
            .await;
    }
    two.restart_with(&[]).await;
    ask(&two, "after").await;
    one.quiet().await;
    assert_eq!(one.letters().len() + two.letters().len(), 6, "one each");
}

/// With one key in a file, the command does everything.
#[tokio::test(flavor = "multi_thread")]
async fn one_command_makes_the_key_and_wraps_by_it() {
    let app = TestApp::sqlite().await;
    app.request("ana@example.org").await;
    let old = current(&app);
    let said = app.rescind(&["keys", "rotate", "--settle-seconds", "3"]).await.done();
    assert!(said.contains("A new key") && said.contains(&format!("Nothing needs {old}")), "{said}");
    assert_ne!(current(&app), old, "the running worker wraps by it");
    for secret in lines(&app) {
        assert!(!said.contains(&secret), "a key is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_the_operator_gives_the_new_key() {
    let mut app = TestApp::sqlite().await;
    let key = file(&app);
    let command = format!("[\"cat\", {:?}]", key.display().to_string());
    app.restart_with(&[("RESCIND_KEYS__COMMAND", &command)]).await;
    app.request("ana@example.org").await;
    let error = app.rescind(&["keys", "rotate"]).await.failed();
    assert!(error.contains("keys.command") && error.contains("docs/security.md"), "{error}");
    let old = lines(&app).remove(0);
    lay_down(&app, &["CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=", &old]);
    app.restart_with(&[]).await;
    assert!(rotate(&app).await.contains("2 keys of subjects and days"));
}

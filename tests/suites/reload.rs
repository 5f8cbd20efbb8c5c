//! Policy and templates are read anew while the worker runs, all or nothing (M8, M11).

use rescind_jobs::effects::Lane;
use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::on_both;
use rescind_tests::program::{self, Program};
use rescind_tests::temp_folder::TempFolder;
use rescind_worker::policy_files::EXAMPLE;
use rescind_worker::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use serde_json::json;

on_both! {
    what_is_reloaded_holds_from_then_on,
    what_does_not_hold_changes_nothing,
    a_published_wording_cannot_be_edited_by_a_reload,
    templates_are_reloaded_with_the_policy,
}

/// The example with a further content, and a purpose that it belongs to.
fn with_offers() -> String {
    format!(
        "{EXAMPLE}\n[contents.offers]\npurpose = \"newsletter\"\n[[contents.offers.versions]]\nversion = 1\n\
         valid_from = \"2026-01-01\"\ntitle.en = \"Offers\"\ntext.en = \"I agree to offers by mail.\"\n"
    )
}

/// Writes the policy's file under the running worker.
fn write(app: &TestApp, policy: &str) {
    std::fs::write(app.folder.path().join("policy.toml"), policy).expect("the policy can be written");
}

async fn under(mut app: TestApp, policy: &str) -> TestApp {
    app.restart_with_policy(policy).await;
    app
}

async fn hash(app: &TestApp) -> String {
    app.readyz().await.1["policy"]["hash"].as_str().expect("a hash").to_owned()
}

fn offers(email: &str) -> serde_json::Value {
    json!({"subject": {"email": email, "locale": "en"}, "contents": ["offers"]})
}

async fn what_is_reloaded_holds_from_then_on(app: TestApp) {
    let app = under(app, EXAMPLE).await;
    let before = hash(&app).await;
    assert_eq!(app.readyz().await.1["policy"]["last_reload"], json!(null));
    assert_eq!(app.refused("consent.request.v1", offers("ana@example.org")).await["code"], "unknown_content");
    write(&app, &with_offers());
    assert!(app.worker().reload().await);
    let after = hash(&app).await;
    assert_ne!(before, after);
    assert_eq!(app.readyz().await.1["policy"]["last_reload"]["outcome"], "applied");
    assert_eq!(app.metric(&format!("rescind_policy{{hash=\"{after}\"}}")).await, 1.0);
    assert_eq!(app.metric(&format!("rescind_policy{{hash=\"{before}\"}}")).await, 0.0, "one is in force");
    assert_eq!(app.metric("rescind_policy_reloads_total{outcome=\"applied\"}").await, 1.0);

    // decision, mail, page and gate go by the new one
    app.send("consent.request.v1", offers("ana@example.org")).await;
    let letter = app.letter(1).await;
    assert!(letter.text.contains("I agree to offers by mail."), "{}", letter.text);
    app.agree(&letter.link()).await;
    assert!(app.allowed("ana@example.org").await);
    let decided = app.column("select detail from audit order by at, sequence, ordinal").await;
    assert!(decided.iter().all(|act| act.contains(&after)), "each act names the policy it was decided under");
}

async fn what_does_not_hold_changes_nothing(app: TestApp) {
    let app = under(app, EXAMPLE).await;
    let before = hash(&app).await;
    for broken in [
        "not toml",
        &with_offers().replace(
            "purpose = \"newsletter\"\n[[contents.offers",
            "purpose = \"nothing\"\n[[contents.offers",
        ),
    ] {
        write(&app, broken);
        assert!(!app.worker().reload().await, "{broken}");
        let (status, ready) = app.readyz().await;
        assert_eq!((status, hash(&app).await), (200, before.clone()), "the old one goes on");
        assert_eq!(ready["policy"]["last_reload"]["outcome"], "refused");
        assert_eq!(ready["parts"]["policy"]["state"], "degraded");
    }
    assert_eq!(app.metric("rescind_policy_reloads_total{outcome=\"refused\"}").await, 2.0);
    app.request("ana@example.org").await;
    app.letter(1).await;
    write(&app, EXAMPLE);
    assert!(app.worker().reload().await);
    app.expect_part("policy", "ready").await;
    app.quiet().await;
}

async fn a_published_wording_cannot_be_edited_by_a_reload(app: TestApp) {
    let app = under(app, EXAMPLE).await;
    let before = hash(&app).await;
    write(&app, &EXAMPLE.replace("about once a month", "about once a day"));
    assert!(!app.worker().reload().await);
    assert_eq!(hash(&app).await, before);
}

async fn templates_are_reloaded_with_the_policy(mut app: TestApp) {
    let folder = app.folder.path().join("templates");
    std::fs::create_dir_all(folder.join("pages")).expect("a folder");
    let setting = folder.display().to_string();
    app.restart_with(&[("RESCIND_TEMPLATES", &setting)]).await;
    let shipped =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/pages/home.hbs"));
    let page = shipped.expect("the shipped page");
    std::fs::write(folder.join("pages/home.hbs"), format!("{page}\n<!-- ours -->\n")).expect("a template");
    assert!(app.worker().reload().await);
    assert!(app.get(&app.url("/")).await.1.contains("<!-- ours -->"));
    std::fs::write(folder.join("pages/home.hbs"), "{{#if}}").expect("a template");
    assert!(!app.worker().reload().await, "a template that does not hold is refused with the policy");
    assert!(app.get(&app.url("/")).await.1.contains("<!-- ours -->"));
}

/// On PostgreSQL: SQLite has one worker.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_behind_postpones_what_it_does_not_know() {
    let app = under(TestApp::postgres().await, EXAMPLE).await;
    let behind = app.replica().await;
    write(&app, &with_offers());
    app.advance(Span::seconds(1));
    assert!(app.worker().reload().await);

    // who waits is told to send it again; who does not is not told no, and nothing is parked
    let message = app.message("consent.request.v1", offers("ben@example.org"));
    let (status, problem) = behind.post(&message).await;
    assert_eq!((status, &problem["code"]), (503, &json!("policy_behind")));
    let incoming = Incoming {
        body: message.to_string().into_bytes(),
        sender: Sender::Local,
        on_refusal: OnRefusal::Park,
        redelivered: false,
        answer: Answering::default(),
    };
    let outcomes = behind.worker().engine.handle(vec![incoming]).await.expect("the store answers");
    assert_eq!(outcomes, [Outcome::Postponed]);
    assert_eq!(app.count("select count(*) from parked").await, 0);
    assert_eq!(app.count("select count(*) from job where kind is null").await, 1);

    // whoever is not behind decides it when its time has come, and whoever sends the mail
    assert!(!behind.worker().engine.policy().contents.contains_key("offers"));
    write(&behind, &with_offers());
    assert!(behind.worker().reload().await);
    app.advance(Span::seconds(15));
    eventually("it is decided", async || app.count("select count(*) from consent_request").await == 1).await;
    assert_eq!(app.count("select count(*) from parked").await, 0);
    let lane = Lane::Request as i16;
    assert_eq!(app.column("select cast(lane as text) from mail").await, [lane.to_string()]);
    app.quiet().await;
    let sent = app.letters().len() + behind.letters().len();
    assert_eq!(sent, 1);
    let mut behind = behind;
    behind.stop().await;
}

/// The program, told by a signal, and telling a service manager.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_reloads_it_and_is_told() {
    let folder = TempFolder::new("reload");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("policy.toml"), EXAMPLE).expect("a policy");
    let manager = std::os::unix::net::UnixDatagram::bind(path("notify")).expect("a socket");
    manager.set_nonblocking(true).expect("a socket");
    let mut settings = program::settings(&folder.path().join("data"), &format!("sqlite://{}", path("db")));
    settings.extend([
        ("RESCIND_POLICY", path("policy.toml")),
        ("NOTIFY_SOCKET", path("notify")),
        ("WATCHDOG_USEC", "300000".to_owned()),
    ]);
    let program = Program::start(&settings);
    let mut said = Vec::new();
    let mut hear = async |what: &str, times: usize| {
        eventually(&format!("{what} is said {times} times"), async || {
            let mut text = [0; 256];
            while let Ok(length) = manager.recv(&mut text) {
                said.push(String::from_utf8_lossy(&text[..length]).into_owned());
            }
            said.iter().filter(|line| *line == what).count() >= times
        })
        .await;
    };
    hear("READY=1", 1).await;
    hear("WATCHDOG=1", 2).await;
    std::fs::write(path("policy.toml"), "not toml").expect("a policy");
    program.reload();
    hear("RELOADING=1", 1).await;
    hear("READY=1", 2).await;
    let log = program.log().join("\n");
    assert!(log.contains("reload refused: policy.toml:1"), "{log}");
    std::fs::write(path("policy.toml"), with_offers()).expect("a policy");
    program.reload();
    hear("READY=1", 3).await;
    assert!(program.log().iter().any(|line| line.contains("are in force")));
    assert_eq!(program.terminate(), Some(0));
    hear("STOPPING=1", 1).await;
}

//! SQLite in every trouble that a file can have while a worker works on it.

use super::requests;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::database::TestDatabase;
use rescind_tests::program::{Program, settings};
use rescind_tests::report::{Figures, note, outage};
use rescind_tests::small_disk::SmallDisk;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Another process that has the database locked for writing until this is let go.
struct Lock(Child);

impl Lock {
    fn on(file: &Path) -> Self {
        let python = std::env::var("RESCIND_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".to_owned());
        let script = "import sqlite3, sys\n\
                      database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)\n\
                      database.execute('begin exclusive')\n\
                      print('locked', flush=True)\n\
                      sys.stdin.read()\n\
                      database.execute('rollback')\n";
        let mut command = Command::new(python);
        command.args(["-c", script]).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python is there");
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("it speaks");
        assert_eq!(line.trim(), "locked");
        Self(child)
    }

    fn let_go(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("it ends").success());
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // it has ended, unless the test failed
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn reason(app: &TestApp) -> String {
    app.expect_part("store", "down").await;
    let (status, report) = app.readyz().await;
    assert_eq!(status, 503);
    report["parts"]["store"]["reason"].as_str().unwrap_or_default().to_owned()
}

async fn all_once(mut app: TestApp, what: &str, count: usize) {
    app.ready().await;
    app.letter(count).await;
    app.quiet().await;
    let decided = app.count("select count(*) from consent_request").await;
    let (mails, decided) = (app.letters().len(), usize::try_from(decided).unwrap());
    let lost = count.saturating_sub(decided.min(mails));
    let (decided_twice, mailed_twice) = (decided.saturating_sub(count), mails.saturating_sub(count));
    let figures = Figures { messages: count, lost, decided_twice, mailed_twice, uncertain: 0 };
    outage(what, figures);
    assert_eq!(figures, Figures { messages: count, ..Figures::default() });
    assert_eq!(app.count("select count(*) from parked").await, 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_process_has_locked_is_waited_for() {
    let app = TestApp::sqlite().await;
    let mut messages = requests(&app, 0..3);
    assert_eq!(app.post(&messages.remove(0)).await.0, 202);
    app.quiet().await;
    let lock = Lock::on(&app.database.file().expect("a file"));
    let (status, problem) = app.post(&messages[0]).await;
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")), "{problem}");
    let reason = reason(&app).await;
    assert!(reason.contains("unavailable"), "{reason}");
    assert!(!app.allowed("ana@d0.example").await, "who only reads is not kept waiting");
    lock.let_go();
    app.ready().await;
    for message in &messages {
        assert_eq!(app.post(message).await.0, 202);
    }
    all_once(app, "SQLite: locked by another process", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_is_gone_takes_nothing() {
    let app = TestApp::sqlite().await;
    let messages = requests(&app, 0..4);
    assert_eq!(app.post(&messages[0]).await.0, 202);
    app.quiet().await;
    let file = app.database.file().expect("a file");
    let aside = file.with_extension("aside");
    std::fs::rename(&file, &aside).unwrap();
    // SQLite would take it, into a file that nobody can open any more
    assert_eq!(app.post(&messages[1]).await.0, 503);
    assert!(reason(&app).await.contains("removed"));
    // nor does it take one that has its name
    std::fs::write(&file, b"").unwrap();
    eventually("it is told apart", async || reason(&app).await.contains("replaced")).await;
    assert_eq!(app.post(&messages[2]).await.0, 503);
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0, "no new database was made in its place");

    std::fs::rename(&aside, &file).unwrap();
    app.ready().await;
    for message in &messages[1..] {
        assert_eq!(app.post(message).await.0, 202);
    }
    all_once(app, "SQLite: file removed", 4).await;
}

/// Fills the disk of a worker up. Where no small disk can be mounted, its files may not grow instead (`prlimit`).
enum Full<'a> {
    Disk(&'a SmallDisk),
    Limit(u32),
}

impl Full<'_> {
    fn begin(&self, data: &Path) {
        match self {
            Self::Disk(disk) => disk.fill(),
            Self::Limit(pid) => {
                let longest = std::fs::metadata(data.join("rescind.db-wal")).map_or(0, |file| file.len());
                limit(*pid, &longest.to_string());
            }
        }
    }

    fn end(&self) {
        match self {
            Self::Disk(disk) => disk.clear(),
            Self::Limit(pid) => limit(*pid, "unlimited"),
        }
    }
}

fn limit(pid: u32, bytes: &str) {
    let pid = pid.to_string();
    let set = Command::new("prlimit")
        .args(["--pid", &pid, &format!("--fsize={bytes}:")])
        .status()
        .expect("prlimit");
    assert!(set.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_waited_for() {
    let (disk, folder) = (SmallDisk::mount(32), rescind_tests::temp_folder::TempFolder::new("full"));
    let data = disk.as_ref().map_or(folder.path(), SmallDisk::path).join("data");
    let database = TestDatabase::file_in(&data);
    std::fs::create_dir_all(&data).unwrap();
    let program = Program::start_on_limited_files(&settings(&data, &database.url()));
    let full = disk.as_ref().map_or(Full::Limit(program.pid()), Full::Disk);
    let http = rescind_tests::app::client();
    let now = rescind_worker::clock::Clock::system().now();
    let post = async |n: usize| {
        let message = json!({"specversion": "1.0", "id": format!("full-{n}"), "source": "shop",
            "type": "consent.request.v1", "time": now,
            "data": {"subject": {"email": format!("ana@d{n}.example")}, "contents": ["newsletter"]}});
        let url = format!("http://{}/v1/messages", program.http);
        http.post(url).json(&message).send().await.expect("an answer").status().as_u16()
    };
    let store = async || {
        let url = format!("http://{}/readyz", program.ops);
        let report: Value = http.get(url).send().await.expect("an answer").json().await.expect("JSON");
        report["parts"]["store"].clone()
    };
    for n in 0..5 {
        assert_eq!(post(n).await, 202);
    }
    full.begin(&data);
    let mut taken = 5;
    // what is there already still holds a little
    while post(taken).await == 202 {
        taken += 1;
        assert!(taken < 2000, "the disk is full");
    }
    eventually("it says so", async || store().await["state"] == "down").await;
    let reason = store().await;
    note(&format!("SQLite: {taken} messages taken until the disk was full, then {reason}"));
    for n in taken..taken + 5 {
        assert_eq!(post(n).await, 503);
    }
    full.end();
    eventually("it is well again", async || store().await["state"] == "ready").await;
    for n in taken..taken + 5 {
        assert_eq!(post(n).await, 202);
    }
    let mails = || {
        let files = std::fs::read_dir(data.join("mailbox")).into_iter().flatten().filter_map(Result::ok);
        files.filter(|file| file.path().extension().is_some_and(|x| x == "eml")).count()
    };
    eventually("every mail has left", async || mails() == taken + 5).await;
    assert_eq!(program.terminate(), Some(0));
    let pool = rescind_worker::store::Pool::open(&database.database(), 2).await.expect("the store");
    let query: &'static _ =
        Box::leak(Box::new(rescind_worker::store::dialect::sql("select count(*) from consent_request")));
    let rows = pool.read(query, vec![]).await.expect("a query");
    assert_eq!(rows[0].get::<i64>(0).unwrap(), i64::try_from(taken + 5).unwrap(), "each once");
    pool.close().await;
}

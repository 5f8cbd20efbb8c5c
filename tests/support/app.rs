//! A whole worker for a test: real store, real HTTP, mail into a mailbox or over real SMTP, and a clock that the test
//! moves. A test asserts on what a user could see: answers, mails, events, the registers.

use crate::database::TestDatabase;
use crate::temp_folder::TempFolder;
use rescind_jobs::time::{Span, Timestamp};
use rescind_worker::app::Opened;
use rescind_worker::clock::{Clock, Randomness};
use rescind_worker::config::Config;
use rescind_worker::mail::transport::mailbox::Mailbox;
use rescind_worker::store::{Arg, StoreError};
use rescind_worker::worker::Worker;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A running worker with everything around it.
pub struct TestApp {
    /// Its database, which replicas share.
    pub database: Arc<TestDatabase>,
    /// Its clock.
    pub clock: Clock,
    /// Its folder.
    pub folder: TempFolder,
    /// The worker; none while it is stopped.
    pub worker: Option<Worker>,
    /// A client that follows no redirects.
    pub http: reqwest::Client,
    /// The bearer token of its requests, for a policy with sources.
    pub token: Option<&'static str>,
    pub(crate) overrides: Vec<(String, String)>,
    pub(crate) policy: Option<String>,
    pub(crate) ids: Arc<AtomicU64>,
}

/// A mail as its reader sees it.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its recipient.
    pub to: String,
    /// Its sender.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}

impl Letter {
    /// The personal link in it.
    pub fn link(&self) -> String {
        link_in(&self.text)
    }

    /// Whether it goes to the example policy's staff.
    pub fn is_to_staff(&self) -> bool {
        self.to.ends_with("@staff.example.org")
    }
}

/// The first link in a mail's text.
pub fn link_in(text: &str) -> String {
    let start = text.find("http://").or_else(|| text.find("https://")).expect("the mail has a link");
    let link = text[start..].split_whitespace().next().expect("a link");
    link.trim_end_matches(['.', ',', '>']).to_owned()
}

/// The longest wait for something that must happen: much more than it takes, for a machine that has other work too.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
///
/// # Panics
/// When it does not within [`PATIENCE`]; tells `what`.
pub async fn eventually<F: AsyncFnMut() -> bool>(what: &str, mut condition: F) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a look into the store finds: a connection that was cut while it rested is noticed by whoever uses it next.
async fn patiently<T>(look: impl AsyncFn() -> Result<T, StoreError>) -> T {
    let started = Instant::now();
    loop {
        match look().await {
            Ok(found) => return found,
            Err(StoreError::Unavailable(_)) if started.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("a query: {error}"),
        }
    }
}

/// The time at which tests begin.
pub fn beginning() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-22T09:00:00Z").expect("a time")
}

impl TestApp {
    /// On a database, with the built-in example policy.
    pub async fn on(database: TestDatabase) -> Self {
        Self::with(database, None, &[]).await
    }

    /// On SQLite.
    pub async fn sqlite() -> Self {
        Self::on(TestDatabase::sqlite().await).await
    }

    /// On PostgreSQL.
    pub async fn postgres() -> Self {
        Self::on(TestDatabase::postgres().await).await
    }

    /// With a policy of its own and further settings, as environment variables.
    pub async fn with(database: TestDatabase, policy: Option<&str>, settings: &[(&str, &str)]) -> Self {
        install_crypto();
        crate::stuck::tell_when_stuck();
        let mut app = Self {
            database: Arc::new(database),
            clock: Clock::set_to(beginning()),
            folder: TempFolder::new("app"),
            worker: None,
            http: client(),
            token: None,
            overrides: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            policy: policy.map(str::to_owned),
            ids: Arc::new(AtomicU64::new(1)),
        };
        app.start().await;
        app
    }

    /// The environment that the worker starts with, and commands run in.
    pub fn environment(&self) -> Vec<(String, String)> {
        let data = self.folder.path().join("data");
        let mut variables = vec![
            ("RESCIND_DATA_DIR".to_owned(), data.display().to_string()),
            ("RESCIND_STORE__URL".to_owned(), self.database.url()),
            ("RESCIND_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("RESCIND_OPS__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("RESCIND_RUNNER__POLL_INTERVAL_MILLISECONDS".to_owned(), "20".to_owned()),
        ];
        if let Some(text) = &self.policy {
            let file = self.folder.path().join("policy.toml");
            std::fs::write(&file, text).expect("the policy can be written");
            variables.push(("RESCIND_POLICY".to_owned(), file.display().to_string()));
        }
        variables.extend(self.overrides.iter().cloned());
        variables
    }

    /// The configuration that the worker starts with.
    pub fn config(&self) -> Config {
        Config::load(None, self.environment().into_iter()).unwrap_or_else(|e| panic!("configuration:\n{e}"))
    }

    /// Opens the store and the keys, as a second replica or a command would.
    pub async fn open(&self) -> Opened {
        let opened = Opened::open(self.config(), self.clock.clone(), Randomness::system()).await;
        opened.unwrap_or_else(|e| panic!("{e}"))
    }

    /// Starts the worker. `RESCIND_TEST_LOG` shows its log.
    pub async fn start(&mut self) {
        if std::env::var_os("RESCIND_TEST_LOG").is_some() {
            let log = rescind_worker::config::Log {
                format: rescind_worker::config::LogFormat::Pretty,
                filter: "debug,sqlx=info,hyper=info".to_owned(),
            };
            // another test of this process may have started it
            let _ = rescind_worker::log::start(&log);
        }
        let worker = Worker::start(self.open().await).await;
        self.worker = Some(worker.unwrap_or_else(|e| panic!("{e}")));
    }

    /// Lays down another policy; it holds from the next start on.
    pub fn lay_down(&mut self, policy: &str) {
        self.policy = Some(policy.to_owned());
    }

    /// Stops the worker, in order.
    pub async fn stop(&mut self) {
        if let Some(worker) = self.worker.take() {
            assert!(worker.stop().await, "the worker did not finish within the grace period");
        }
    }

    /// The running worker.
    pub fn worker(&self) -> &Worker {
        self.worker.as_ref().expect("the worker runs")
    }

    /// The base of its pages.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.worker().http)
    }

    /// Moves the clock.
    pub fn advance(&self, span: Span) {
        self.clock.advance(span);
    }

    /// A message with a fresh id, told now.
    pub fn message(&self, kind: &str, data: Value) -> Value {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        json!({"specversion": "1.0", "id": format!("m-{id}"), "source": "shop", "type": kind,
               "time": self.clock.now(), "data": data})
    }

    /// A call of the machine API, with the token if there is one.
    fn call(&self, path: &str) -> reqwest::RequestBuilder {
        let call = self.http.post(self.url(path));
        match self.token {
            Some(token) => call.bearer_auth(token),
            None => call,
        }
    }

    /// Posts a message, or a list of them.
    pub async fn post(&self, message: &Value) -> (u16, Value) {
        let response = self.call("/v1/messages").json(message).send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.json().await.expect("a JSON answer"))
    }

    /// Sends a message that must be accepted.
    pub async fn send(&self, kind: &str, data: Value) {
        let (status, answer) = self.post(&self.message(kind, data)).await;
        assert_eq!(status, 202, "{answer}");
    }

    /// Sends a message that must be refused; returns the problem.
    pub async fn refused(&self, kind: &str, data: Value) -> Value {
        let (status, answer) = self.post(&self.message(kind, data)).await;
        assert!(status >= 400, "accepted, but should have been refused: {answer}");
        answer
    }

    /// Asks Ana for consent to the newsletter.
    pub async fn request(&self, email: &str) {
        let subject = json!({"email": email, "name": "Ana", "locale": "de"});
        self.send("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]})).await;
    }

    /// All mails that have left to subjects, oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        self.all_letters().into_iter().filter(|letter| !letter.is_to_staff()).collect()
    }

    /// All mails that have left to the staff of the example policy, oldest first.
    pub fn staff_letters(&self) -> Vec<Letter> {
        self.all_letters().into_iter().filter(Letter::is_to_staff).collect()
    }

    /// Waits for the n-th mail (from 1) to staff, and returns it.
    pub async fn staff_letter(&self, n: usize) -> Letter {
        eventually(&format!("mail {n} to staff"), async || self.staff_letters().len() >= n).await;
        self.staff_letters().swap_remove(n - 1)
    }

    fn all_letters(&self) -> Vec<Letter> {
        let folder = self.folder.path().join("data/mailbox");
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(|e| Some(e.ok()?.path()))
            .filter(|p| p.extension().is_some_and(|x| x == "eml"))
            .collect();
        files.sort_by_key(|p| std::fs::metadata(p).and_then(|m| m.modified()).ok());
        files.iter().map(|p| letter(&std::fs::read(p).expect("a mail"))).collect()
    }

    /// Waits for the n-th mail (from 1), and returns it.
    pub async fn letter(&self, n: usize) -> Letter {
        eventually(&format!("mail {n}"), async || self.letters().len() >= n).await;
        self.letters().swap_remove(n - 1)
    }

    /// Opens a page; returns status and body.
    pub async fn get(&self, url: &str) -> (u16, String) {
        let response = self.http.get(url).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a body"))
    }

    /// Answers a request on its page as a person does: opens it, ticks the box (or not), presses the button. Returns
    /// the status of the page that comes of it.
    pub async fn answer(&self, link: &str, answer: &str, ticked: bool) -> u16 {
        let (status, page) = self.get(link).await;
        assert_eq!(status, 200, "{page}");
        let mut form = vec![("nonce", nonce(&page)), ("answer", answer.to_owned())];
        if ticked {
            form.push(("agree", "yes".to_owned()));
        }
        let response = self.http.post(link).form(&form).send().await.expect("an answer");
        let status = response.status().as_u16();
        if status == 303 {
            let to = response.headers()["location"].to_str().expect("a location").to_owned();
            let to = reqwest::Url::parse(link).and_then(|l| l.join(&to)).expect("a URL");
            return self.get(to.as_str()).await.0;
        }
        status
    }

    /// Acknowledges a notice on its page as a member of staff does; returns the page that comes of it.
    pub async fn acknowledge(&self, link: &str) -> String {
        let (status, page) = self.get(link).await;
        assert_eq!(status, 200, "{page}");
        let form = [("nonce", nonce(&page))];
        let response = self.http.post(link).form(&form).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 303);
        let (status, page) = self.get(link).await;
        assert_eq!(status, 200);
        page
    }

    /// Agrees on the page of the link.
    pub async fn agree(&self, link: &str) {
        assert_eq!(self.answer(link, "granted", true).await, 200);
    }

    /// Asks the gate.
    pub async fn gate(&self, email: &str, purpose: &str) -> Value {
        let question = json!({"subject": {"email": email}, "purpose": purpose});
        let response = self.call("/v1/gate").json(&question).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        response.json().await.expect("JSON")
    }

    /// Whether the gate lets the newsletter go to this address.
    pub async fn allowed(&self, email: &str) -> bool {
        self.gate(email, "newsletter").await["allowed"] == json!(true)
    }

    /// The types of all events so far that have been dealt with, in the order of their subjects' numbers.
    pub async fn events(&self) -> Vec<String> {
        self.column("select kind from event where state >= 2 order by subject_id, sequence").await
    }

    /// Waits until these events have left.
    pub async fn expect_events(&self, kinds: &[&str]) {
        eventually(&format!("events {kinds:?}"), async || self.events().await == kinds).await;
    }

    /// The acts about subjects in the trail, in order.
    pub async fn acts(&self) -> Vec<String> {
        let details = self.column("select detail from audit where subject_id is not null order by subject_id, sequence, ordinal").await;
        details
            .iter()
            .map(|d| {
                let detail: Value = serde_json::from_str(d).expect("JSON");
                detail["act"].as_str().expect("an act").to_owned()
            })
            .collect()
    }

    /// The first column of a query, as text.
    pub async fn column(&self, query: &'static str) -> Vec<String> {
        let query: &'static rescind_worker::store::dialect::Sql =
            Box::leak(Box::new(rescind_worker::store::dialect::sql(query)));
        let rows = patiently(async || self.worker().engine.pool().read(query, Vec::<Arg>::new()).await).await;
        rows.iter().map(|row| row.get::<String>(0).expect("text")).collect()
    }

    /// Changes the store by a statement.
    pub async fn execute(&self, statement: &'static str) {
        let statement: &'static rescind_worker::store::dialect::Sql =
            Box::leak(Box::new(rescind_worker::store::dialect::sql(statement)));
        self.worker().engine.pool().write(statement, Vec::new()).await.expect("a statement");
    }

    /// The number that a query counts.
    pub async fn count(&self, query: &'static str) -> i64 {
        let query: &'static rescind_worker::store::dialect::Sql =
            Box::leak(Box::new(rescind_worker::store::dialect::sql(query)));
        let rows = patiently(async || self.worker().engine.pool().read(query, Vec::<Arg>::new()).await).await;
        rows[0].get::<i64>(0).expect("a number")
    }

    /// Waits until nothing is left to do now: no due job, no queued mail or event.
    pub async fn quiet(&self) {
        eventually("everything due is done", async || {
            let pool = self.worker().engine.pool();
            let (jobs, _) =
                patiently(async || rescind_worker::store::queue::depth(pool, self.clock.now()).await).await;
            let mails = self.count("select count(*) from mail where state in (0, 1, 2)").await;
            let events = self.count("select count(*) from event where state in (0, 1)").await;
            jobs == 0 && mails == 0 && events == 0
        })
        .await;
    }

    /// The development mailbox.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::open(self.folder.path().join("data/mailbox")).expect("the mailbox")
    }
}

/// The hidden nonce of a page's form.
pub fn nonce(page: &str) -> String {
    let at = page.find("name=\"nonce\"").expect("the page has a nonce");
    let value = page[at..].split("value=\"").nth(1).expect("a value");
    value.split('"').next().expect("a value").to_owned()
}

/// A client that follows no redirects.
pub fn client() -> reqwest::Client {
    install_crypto();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .expect("a client")
}

/// One provider of cryptography for TLS, as in the program.
pub fn install_crypto() {
    // a second installation is refused, and changes nothing
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn letter(bytes: &[u8]) -> Letter {
    let mail = mail_parser::MessageParser::default().parse(bytes).expect("a mail");
    let address = |a: Option<&mail_parser::Address<'_>>| {
        a.and_then(|a| a.first()).and_then(|a| a.address()).unwrap_or_default().to_owned()
    };
    Letter {
        to: address(mail.to()),
        from: address(mail.from()),
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: mail.body_text(0).unwrap_or_default().into_owned(),
        html: mail.body_html(0).unwrap_or_default().into_owned(),
    }
}

//! Double opt-in by way of RabbitMQ and PostgreSQL, published by a client that is not ours, mail leaving over real
//! SMTP; and what becomes of messages that are wrong, repeated or not allowed (M1, M2, M4, M5, D1).

mod asking;
mod refusals;
mod repeats;
mod story;

use rescind_tests::app::{TestApp, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::operations::example_policy;
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};
use serde_json::{Value, json};

/// The sources of the development environment: an app with a token, and everything for the broker's unnamed senders.
const SOURCES: &str = include_str!("../../config/sources.toml");
/// The app's token there.
const TOKEN: &str = "rescind-development-token";

/// A worker at a broker, with mail going to a sink.
struct Rig {
    app: TestApp,
    broker: TestBroker,
    sink: SmtpSink,
}

impl Rig {
    async fn postgres() -> Self {
        Self::new(TestDatabase::postgres().await, TestBroker::shared(), SOURCES).await
    }

    async fn new(database: TestDatabase, broker: TestBroker, sources: &str) -> Self {
        let sink = SmtpSink::start(SinkOptions::default()).await;
        let smtp = format!("smtp://127.0.0.1:{}", sink.port);
        let mut settings = broker.settings();
        settings.extend([("RESCIND_MAIL__TRANSPORT", "smtp"), ("RESCIND_MAIL__SMTP__URL", &smtp)]);
        let mut app = TestApp::with(database, Some(&example_policy(sources)), &settings).await;
        app.token = Some(TOKEN);
        app.ready().await;
        Self { app, broker, sink }
    }

    /// An app's request for consent to the newsletter.
    fn request(&self, id: &str, subject: Value) -> Value {
        json!({"specversion": "1.0", "id": id, "source": "shop", "type": "consent.request.v1",
               "time": self.app.clock.now(), "data": {"subject": subject, "contents": ["newsletter"]}})
    }

    /// Waits until so many messages have come to this outcome.
    async fn expect_outcomes(&self, labels: &str, count: u32) {
        let name = format!("rescind_messages_total{{{labels}}}");
        eventually(&format!("{count} times {labels}"), async || {
            self.app.metric(&name).await >= f64::from(count)
        })
        .await;
    }

    /// The codes of what is parked.
    async fn parked(&self) -> Vec<String> {
        self.app.column("select code from parked order by id").await
    }

    /// Stops the worker, and shows that everything it took was acknowledged.
    async fn end(mut self) {
        self.app.quiet().await;
        self.app.stop().await;
        assert_eq!(self.broker.waiting().await, 0, "what a worker has not acknowledged returns to the queue");
    }
}

//! Sections `store` and `intake.amqp`: the services Rescind connects to.
//!
//! Rule: their addresses may hold passwords, so an error about one never repeats any of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::file;
use super::problem::quoted;
use super::resolve::Resolver;
use super::secret::Secret;
use super::types::{Amqp, Database, Store, Telemetry};

impl Resolver<'_> {
    pub(super) fn store(&mut self, store: file::Store, data_dir: &Path) -> Option<Store> {
        let connections = store.connections;
        let database = match store.url {
            None => Database::Sqlite(data_dir.join("rescind.db")),
            Some(url) => match database(&url) {
                Ok(database) => database,
                Err(expected) => {
                    self.refuse("store.url", "a URL that is not shown", expected);
                    return None;
                }
            },
        };
        Some(Store { database, connections })
    }

    /// `Some(None)`: not used; `None`: an error.
    pub(super) fn amqp(&mut self, amqp: file::Amqp) -> Option<Option<Amqp>> {
        // A queue is bound to everything of its exchange: our own events would come back as messages, and one message
        // would come by both ways.
        let mut twice = None;
        if [&amqp.exchange, &amqp.bulk_exchange].contains(&&amqp.events_exchange) {
            twice = Some(("intake.amqp.events_exchange", &amqp.events_exchange, "another exchange"));
        } else if amqp.exchange == amqp.bulk_exchange {
            twice = Some(("intake.amqp.bulk_exchange", &amqp.bulk_exchange, "another exchange"));
        } else if amqp.queue == amqp.bulk_queue {
            twice = Some(("intake.amqp.bulk_queue", &amqp.bulk_queue, "another queue"));
        }
        if let Some((key, value, expected)) = twice {
            self.refuse(key, quoted(value), expected);
            return None;
        }
        let Some(url) = amqp.url else {
            // A section that says something without naming a broker was meant to be used.
            if let Some(key) = self.changed("intake.amqp.") {
                self.missing("intake.amqp.url", &key, format!("the address of the broker, as {key} is set"));
                return None;
            }
            return Some(None);
        };
        let parsed = Url::parse(&url).ok();
        if !parsed.is_some_and(|url| matches!(url.scheme(), "amqp" | "amqps") && url.has_host()) {
            self.refuse(
                "intake.amqp.url",
                "a URL that is not shown",
                "amqp://USER:PASSWORD@HOST:5672/VHOST or amqps://… (special characters percent-encoded)",
            );
            return None;
        }
        Some(Some(Amqp {
            url: Secret::new(url),
            queue: amqp.queue,
            exchange: amqp.exchange,
            bulk_queue: amqp.bulk_queue,
            bulk_exchange: amqp.bulk_exchange,
            events_exchange: amqp.events_exchange,
            prefetch: amqp.prefetch,
            channels: amqp.channels,
            heartbeat: Duration::from_secs(amqp.heartbeat_seconds.into()),
        }))
    }
}

impl Resolver<'_> {
    pub(super) fn telemetry(&mut self, telemetry: file::Telemetry) -> Option<Telemetry> {
        if let Some(text) = &telemetry.otlp_url {
            let usable = |url: &Url| {
                matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.username().is_empty()
                    && url.password().is_none()
                    && url.query().is_none()
                    && url.fragment().is_none()
            };
            if !Url::parse(text).is_ok_and(|url| usable(&url)) {
                let expected =
                    "an address such as http://127.0.0.1:4318, without user, password or parameters";
                self.refuse("telemetry.otlp_url", "a URL that is not shown", expected);
                return None;
            }
        }
        Some(Telemetry {
            otlp_url: telemetry.otlp_url,
            service_name: telemetry.service_name,
            sample_percent: telemetry.sample_percent,
            metrics_interval: Duration::from_secs(telemetry.metrics_interval_seconds.into()),
        })
    }
}

/// The database of a URL; the error says what is expected.
fn database(url: &str) -> Result<Database, &'static str> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        // A database in memory would be another one for each connection.
        return match path {
            "" | ":memory:" => Err("sqlite:// followed by the path of a file"),
            path if path.contains('?') => Err("sqlite:// followed by a path, without parameters"),
            path => Ok(Database::Sqlite(PathBuf::from(path))),
        };
    }
    match Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "postgres" | "postgresql") => {
            Ok(Database::Postgres(Secret::new(url.to_owned())))
        }
        _ => Err(
            "sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE (special characters percent-encoded)",
        ),
    }
}

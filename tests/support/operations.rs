//! What a test does to a worker as its operator does: other settings, a second replica, a look at its health.

use crate::app::{TestApp, client, eventually};
use crate::temp_folder::TempFolder;
use serde_json::Value;
use std::sync::Arc;

/// The example policy, with `more` behind it.
pub fn example_policy(more: &str) -> String {
    format!("{}\n{more}", include_str!("../../config/policy/example.toml"))
}

impl TestApp {
    /// Stops it and starts it with these settings besides.
    pub async fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.stop().await;
        for (name, value) in settings {
            self.overrides.retain(|(known, _)| known != name);
            self.overrides.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.start().await;
    }

    /// Stops it and starts it with another policy.
    pub async fn restart_with_policy(&mut self, policy: &str) {
        self.stop().await;
        self.policy = Some(policy.to_owned());
        self.start().await;
    }

    /// Lets mail leave over SMTP to this port, over one connection, so that mails come in order.
    pub async fn mail_to(&mut self, port: u16) {
        let url = format!("smtp://127.0.0.1:{port}");
        self.mail_by(&url).await;
    }

    /// The same, with a URL.
    pub async fn mail_by(&mut self, url: &str) {
        self.restart_with(&[
            ("RESCIND_MAIL__TRANSPORT", "smtp"),
            ("RESCIND_MAIL__SMTP__URL", url),
            ("RESCIND_MAIL__SMTP__CONNECTIONS", "1"),
        ])
        .await;
    }

    /// A second worker on the same database, with the same keys and the same clock, as on another machine.
    pub async fn replica(&self) -> Self {
        let folder = TempFolder::new("replica");
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::copy(self.folder.path().join("data/rescind.key"), data.join("rescind.key"))
            .expect("the key can be copied");
        let mut replica = Self {
            database: Arc::clone(&self.database),
            clock: self.clock.clone(),
            folder,
            worker: None,
            http: client(),
            token: self.token,
            overrides: self.overrides.clone(),
            policy: self.policy.clone(),
            ids: Arc::clone(&self.ids),
        };
        replica.start().await;
        replica
    }

    /// What `/readyz` says: its status, and how each part does.
    pub async fn readyz(&self) -> (u16, Value) {
        let url = format!("http://{}/readyz", self.worker().ops);
        let (status, body) = self.get(&url).await;
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    /// How a part does: `ready`, `degraded` or `down`.
    pub async fn part(&self, name: &str) -> String {
        let (_, report) = self.readyz().await;
        report["parts"][name]["state"].as_str().unwrap_or("not there").to_owned()
    }

    /// Waits until a part does so.
    pub async fn expect_part(&self, name: &str, state: &str) {
        eventually(&format!("{name} is {state}"), async || self.part(name).await == state).await;
    }

    /// Waits until every part is ready.
    pub async fn ready(&self) {
        eventually("every part is ready", async || {
            let (_, report) = self.readyz().await;
            report["parts"].as_object().is_some_and(|parts| parts.values().all(|p| p["state"] == "ready"))
        })
        .await;
    }

    /// The value of a metric, named with its labels as it is written; 0 while it is not there.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.get(&format!("http://{}/metrics", self.worker().ops)).await;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().expect("a number"))
    }
}

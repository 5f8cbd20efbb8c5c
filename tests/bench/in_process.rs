//! Rescind's engine in this process, for what is measured without broker and mail.

use crate::candidates::worker_settings;
use crate::messages;
use crate::place::now_micros;
use rescind_jobs::time::Span;
use rescind_tests::temp_folder::TempFolder;
use rescind_worker::app::Opened;
use rescind_worker::clock::{Clock, Randomness};
use rescind_worker::config::Config;
use rescind_worker::metrics::Metrics;
use rescind_worker::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use rescind_worker::runner::{Engine, Settings, Woken};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Messages in a transaction: Rescind's default.
pub(crate) const BATCH: usize = 256;

/// An engine over a store, with the settings of a worker.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) opened: Opened,
    // dropped after what uses it
    _folder: TempFolder,
}

impl Rig {
    /// Over this store.
    pub(crate) async fn open(store: &str) -> Self {
        let folder = TempFolder::new("bench");
        let settings = worker_settings(folder.path(), store, 25, None);
        let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value));
        let config = Config::load(None, settings).unwrap_or_else(|e| panic!("configuration:\n{e}"));
        let opened = Opened::open(config, Clock::system(), Randomness::system()).await;
        let opened = opened.unwrap_or_else(|e| panic!("{e}"));
        let settings =
            Settings { batch_size: BATCH, inbox: Span::days(30), body_limit: 1 << 20, max_attempts: 5 };
        let engine = Engine::new(
            opened.pool.clone(),
            Arc::clone(&opened.policy),
            Arc::clone(&opened.vault),
            opened.clock.clone(),
            opened.randomness.clone(),
            settings,
            Woken::default(),
            Arc::new(Metrics::default()),
        );
        Self { engine, opened, _folder: folder }
    }

    /// Decides messages in batches, with so many runners at the same time; each must be taken.
    pub(crate) async fn decide(&self, batches: Vec<Vec<Incoming>>, runners: usize) {
        let batches = Arc::new(Mutex::new(VecDeque::from(batches)));
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..runners {
            let (engine, batches) = (self.engine.clone(), Arc::clone(&batches));
            running.spawn(async move {
                loop {
                    let next = batches.lock().expect("no panic while held").pop_front();
                    let Some(batch) = next else { return };
                    let outcomes = engine.handle(batch).await.expect("the store answers");
                    assert!(outcomes.iter().all(|o| *o == Outcome::Done), "every message is taken");
                }
            });
        }
        while let Some(ended) = running.join_next().await {
            ended.expect("a runner ends");
        }
    }

    /// Ends it.
    pub(crate) async fn close(self) {
        self.engine.pool().close().await;
    }
}

/// The bodies of messages about subjects `from..to`.
pub(crate) fn bodies(from: usize, to: usize) -> Vec<Vec<u8>> {
    let body = |n| messages::request(&format!("bench-{n}"), n, now_micros()).to_string().into_bytes();
    (from..to).map(body).collect()
}

/// The same in batches, as an intake hands them in.
pub(crate) fn batches(from: usize, to: usize) -> Vec<Vec<Incoming>> {
    let incoming = |body: Vec<u8>| Incoming {
        body,
        sender: Sender::Broker,
        on_refusal: OnRefusal::Park,
        redelivered: false,
        answer: Answering::default(),
    };
    bodies(from, to).chunks(BATCH).map(|chunk| chunk.iter().cloned().map(incoming).collect()).collect()
}

//! A stand-in for the engine: it notes what it is given and does as the test says.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rescind_jobs::envelope::Envelope;
use rescind_worker::amqp::{Handle, Unavailable};
use rescind_worker::runner::message::{Incoming, Outcome, Sender};
use tokio::sync::Semaphore;

/// Notes what it is given.
pub(crate) struct Engine {
    /// How often each id was decided.
    pub(crate) decided: Mutex<HashMap<String, usize>>,
    /// Ids that came with the redelivered flag.
    pub(crate) redelivered: Mutex<Vec<String>>,
    /// Everything that was handed over, decided or not.
    pub(crate) handed_over: AtomicUsize,
    pub(crate) batches: AtomicUsize,
    pub(crate) largest: AtomicUsize,
    pub(crate) asked_ready: AtomicUsize,
    pub(crate) users: Mutex<Vec<Option<String>>>,
    pub(crate) envelopes: Mutex<Vec<Envelope>>,
    pub(crate) store_fails: AtomicBool,
    pub(crate) store_is_ready: AtomicBool,
    pub(crate) panic_once: AtomicBool,
    /// A batch takes one permit.
    pub(crate) gate: Semaphore,
}

impl Engine {
    pub(crate) fn new() -> Self {
        Self {
            decided: Mutex::default(),
            redelivered: Mutex::default(),
            handed_over: AtomicUsize::new(0),
            batches: AtomicUsize::new(0),
            largest: AtomicUsize::new(0),
            asked_ready: AtomicUsize::new(0),
            users: Mutex::default(),
            envelopes: Mutex::default(),
            store_fails: AtomicBool::new(false),
            store_is_ready: AtomicBool::new(true),
            panic_once: AtomicBool::new(false),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    /// One whose batches wait until the test adds permits.
    pub(crate) fn gated() -> Self {
        Self { gate: Semaphore::new(0), ..Self::new() }
    }

    pub(crate) fn decided(&self) -> usize {
        self.decided.lock().expect("whole").len()
    }

    pub(crate) fn decided_once_each(&self) -> bool {
        self.decided.lock().expect("whole").values().all(|times| *times == 1)
    }
}

impl Handle for Engine {
    async fn handle(&self, batch: Vec<Incoming>) -> Result<Vec<Outcome>, Unavailable> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.largest.fetch_max(batch.len(), Ordering::SeqCst);
        self.handed_over.fetch_add(batch.len(), Ordering::SeqCst);
        self.gate.acquire().await.expect("open").forget();
        assert!(!self.panic_once.swap(false, Ordering::SeqCst), "the test asked for this panic");
        if self.store_fails.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        let mut outcomes = Vec::new();
        for message in batch {
            outcomes.push(match Envelope::parse(&message.body) {
                Ok(envelope) => {
                    *self.decided.lock().expect("whole").entry(envelope.id.clone()).or_default() += 1;
                    if message.redelivered {
                        self.redelivered.lock().expect("whole").push(envelope.id.clone());
                    }
                    self.envelopes.lock().expect("whole").push(envelope);
                    Outcome::Done
                }
                Err(refusal) => Outcome::Refused(refusal),
            });
        }
        Ok(outcomes)
    }

    fn sender_of(&self, amqp_user: Option<&str>) -> Sender {
        self.users.lock().expect("whole").push(amqp_user.map(str::to_owned));
        Sender::Broker
    }

    async fn ready(&self) -> bool {
        self.asked_ready.fetch_add(1, Ordering::SeqCst);
        self.store_is_ready.load(Ordering::SeqCst)
    }
}

//! How a connection to the broker stands, for `/readyz`, metrics and the log.
//!
//! Rule: a trouble is a closed kind with a sentence; the log gets a line when the kind changes, not one an attempt.

use tokio::sync::watch;

macro_rules! troubles {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $sentence:literal);+ $(;)?) => {
        /// What is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Trouble { $($(#[$doc])* $name),+ }

        impl Trouble {
            /// Stable, for programs: `unreachable`, `topology_mismatch` …
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// What it means and what to do, for people.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence),+ }
            }
        }
    };
}

troubles! {
    /// The URL cannot be read.
    InvalidUrl = "invalid_url", "The broker's URL cannot be read; see intake.amqp.url.";
    /// No connection: name, address, port, TLS.
    Unreachable = "unreachable", "The broker cannot be reached; trying again.";
    /// The broker did not answer in time.
    Timeout = "timeout", "The broker did not answer in time; trying again.";
    /// User or password.
    Credentials = "credentials", "The broker refuses user or password; see intake.amqp.url.";
    /// The virtual host does not exist or is not this user's.
    VirtualHost = "virtual_host",
        "The broker refuses the virtual host; the default one is written %2f in intake.amqp.url.";
    /// The user lacks a permission.
    Permission = "permission",
        "The broker's user lacks a permission: configure, write and read on its queue and exchanges.";
    /// A queue or exchange exists with other properties.
    TopologyMismatch = "topology_mismatch",
        "A queue or exchange of this name exists with another type; delete it or configure another name.";
    /// A name that AMQP cannot carry.
    InvalidName = "invalid_name", "A configured queue or exchange has a name longer than 255 bytes.";
    /// An open connection broke.
    ConnectionLost = "connection_lost", "The connection to the broker was lost; connecting again.";
    /// A channel was closed.
    ChannelClosed = "channel_closed", "The broker closed a channel; connecting again.";
    /// The broker ended the consumer, for example because the queue was deleted.
    ConsumerCancelled = "consumer_cancelled", "The broker ended the consumer; declaring the queue again.";
    /// A message whose properties are not UTF-8; it takes the connection down whenever it is delivered.
    Undecodable = "undecodable",
        "A message has properties that are not UTF-8 and breaks the connection; the queue's delivery limit removes it.";
    /// The broker takes no messages at present (memory or disk alarm).
    Blocked = "blocked", "The broker takes no messages at present: a memory or disk alarm; waiting.";
    /// The broker did not take over an event.
    NotConfirmed = "not_confirmed", "The broker did not confirm events; they will be sent again.";
    /// Our own store is down.
    StoreUnavailable = "store_unavailable", "The store is not available; consuming pauses until it is.";
    /// The engine broke its promise or panicked.
    Engine = "engine", "A batch ended without an outcome; its messages return to the queue.";
}

/// How it stands at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// There is a connection.
    pub connected: bool,
    /// Messages are being taken (intake only).
    pub consuming: bool,
    /// The broker takes no messages at present (publisher only).
    pub blocked: bool,
    /// The last thing that went wrong since the start, mended or not.
    pub last_error_kind: Option<Trouble>,
}

/// The state of one connection, shared with whoever reports it.
#[derive(Debug)]
pub struct Health {
    name: &'static str,
    state: watch::Sender<Snapshot>,
}

impl Health {
    /// A connection that is not open yet; `name` is what the log calls it.
    pub fn new(name: &'static str) -> Self {
        Self { name, state: watch::Sender::new(Snapshot::default()) }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// How it stands now.
    pub fn snapshot(&self) -> Snapshot {
        *self.state.borrow()
    }

    /// To be told of changes.
    pub fn subscribe(&self) -> watch::Receiver<Snapshot> {
        self.state.subscribe()
    }

    pub(super) fn set_connected(&self) {
        self.change(|s| s.connected = true);
        tracing::info!(connection = self.name, "connected to RabbitMQ");
    }

    pub(super) fn set_consuming(&self, consuming: bool) {
        self.change(|s| s.consuming = consuming);
    }

    pub(super) fn set_closed(&self) {
        self.change(|s| (s.connected, s.consuming, s.blocked) = (false, false, false));
    }

    pub(super) fn set_blocked(&self, blocked: bool) {
        if blocked && !self.snapshot().blocked {
            self.trouble(Trouble::Blocked, "");
        }
        self.change(|s| s.blocked = blocked);
    }

    /// Notes a trouble. `detail` is the broker's or the system's own text; it names queues and addresses, never what
    /// messages hold.
    pub(super) fn trouble(&self, trouble: Trouble, detail: &str) {
        let before = self.snapshot();
        self.change(|s| s.last_error_kind = Some(trouble));
        if before.connected || before.last_error_kind != Some(trouble) {
            tracing::warn!(
                connection = self.name,
                kind = trouble.as_str(),
                detail,
                "RabbitMQ: {}",
                trouble.sentence()
            );
        } else {
            tracing::debug!(connection = self.name, kind = trouble.as_str(), "RabbitMQ: still so");
        }
    }

    fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        self.state.send_if_modified(|state| {
            let before = *state;
            change(state);
            *state != before
        });
    }
}

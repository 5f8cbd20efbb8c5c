//! The configuration as the rest of the program sees it.
//!
//! Rule: domain types only. What is here was checked; nothing downstream checks it again.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::cidr::IpNetwork;
use super::public_url::PublicUrl;
use super::secret::Secret;
use super::smtp::Smtp;

pub use super::file::LogFormat;

/// The whole configuration. Paths are as given: relative ones count from the working directory.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of everything kept on this machine.
    pub data_dir: PathBuf,
    /// File or folder with the policy; `None`: the embedded example policy.
    pub policy: Option<PathBuf>,
    /// Folder with templates that replace embedded ones.
    pub templates: Option<PathBuf>,
    /// The public listener.
    pub http: Http,
    /// The listener for operators.
    pub ops: Ops,
    /// The database.
    pub store: Store,
    /// Intake apart from HTTP and the command line.
    pub intake: Intake,
    /// The runner of jobs.
    pub runner: Runner,
    /// Outgoing mail.
    pub mail: Mail,
    /// Calls to the outside.
    pub egress: Egress,
    /// The file with the endpoints of webhooks.
    pub webhooks: Option<PathBuf>,
    /// The file with the channels by which staff are told beside mail.
    pub staff_channels: Option<PathBuf>,
    /// Where the key-encryption key comes from.
    pub keys: KeySource,
    /// Logging.
    pub log: Log,
    /// Traces and metrics for OpenTelemetry.
    pub telemetry: Telemetry,
    /// The end of a run.
    pub shutdown: Shutdown,
    /// Periods of our own records.
    pub housekeeping: Housekeeping,
}

impl Config {
    /// Whether others than this machine can reach the program or are meant to: the listener or the base of
    /// links is not loopback. An unspecified address (`0.0.0.0`, `[::]`) is public.
    pub fn is_public(&self) -> bool {
        !is_loopback(self.http.listen.ip()) || !self.http.public_url.is_loopback()
    }
}

pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Section `http`.
#[derive(Debug, Clone)]
pub struct Http {
    /// Address to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Base of all links.
    pub public_url: PublicUrl,
    /// Whether `public_url` was derived from `listen`; then it is derived again once the port is known.
    pub public_url_is_derived: bool,
    /// Largest body in bytes.
    pub body_limit: usize,
    /// Most messages in one POST.
    pub batch_limit: usize,
    /// Longest time a request may take.
    pub request_timeout: Duration,
    /// Proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNetwork>,
}

impl Http {
    /// Takes the address that was really bound, which differs from `listen` when the port was 0.
    pub fn bound_to(&mut self, address: SocketAddr) {
        self.listen = address;
        if self.public_url_is_derived {
            self.public_url = PublicUrl::of_listener(address);
        }
    }

    /// Whether this peer may speak for others by X-Forwarded-For.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }
}

/// Section `ops`.
#[derive(Debug, Clone)]
pub struct Ops {
    /// Address to listen on.
    pub listen: SocketAddr,
}

/// Section `store`.
#[derive(Debug, Clone)]
pub struct Store {
    /// Which database.
    pub database: Database,
    /// Connections: of PostgreSQL all, of SQLite those that read.
    pub connections: u32,
}

/// Where the data are.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the URL may hold a password.
    Postgres(Secret),
}

/// Section `intake`.
#[derive(Debug, Clone)]
pub struct Intake {
    /// RabbitMQ, if it is used.
    pub amqp: Option<Amqp>,
}

/// Section `intake.amqp`.
#[derive(Debug, Clone)]
pub struct Amqp {
    /// `amqp://` or `amqps://`.
    pub url: Secret,
    /// Queue to consume.
    pub queue: String,
    /// Exchange of messages.
    pub exchange: String,
    /// Queue to consume beside it, in the background.
    pub bulk_queue: String,
    /// Exchange of what goes there; another one than `exchange`.
    pub bulk_exchange: String,
    /// Exchange of events; another one than those two.
    pub events_exchange: String,
    /// Unacknowledged messages a channel, 1 to 2000.
    pub prefetch: u16,
    /// Channels, 1 to 16.
    pub channels: u16,
    /// Heartbeat, whole seconds.
    pub heartbeat: Duration,
}

/// The longest [`Runner::poll_interval`], in milliseconds.
pub const LONGEST_POLL: u32 = 60_000;

/// Section `runner`.
#[derive(Debug, Clone)]
pub struct Runner {
    /// Most messages in one transaction, 1 to 2000.
    pub batch_size: usize,
    /// Messages that wait in memory.
    pub queue_capacity: usize,
    /// Time between two looks for due work.
    pub poll_interval: Duration,
    /// Attempts before a message is parked, 1 or more.
    pub max_attempts: u32,
}

/// Section `mail`.
#[derive(Debug, Clone)]
pub struct Mail {
    /// How mail leaves.
    pub transport: Transport,
    /// Mails marked as leaving in one transaction.
    pub group_size: usize,
    /// When a mail is tried again.
    pub retry: Retry,
}

/// How mail leaves.
#[derive(Debug, Clone)]
pub enum Transport {
    /// The development mailbox in this folder.
    Mailbox(PathBuf),
    /// A Maildir.
    Maildir(PathBuf),
    /// An SMTP server.
    Smtp(Smtp),
}

/// When a mail is tried again; `initial <= maximum <= give_up`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Wait before the second attempt.
    pub initial: Duration,
    /// Longest wait.
    pub maximum: Duration,
    /// Time after which a mail that never left counts as failed.
    pub give_up: Duration,
}

/// Section `egress`.
#[derive(Debug, Clone)]
pub struct Egress {
    /// Whether http is refused.
    pub https_only: bool,
    /// Networks that may be called although they are not public.
    pub allowed_networks: Vec<IpNetwork>,
    /// Longest time a call may take, its answer included.
    pub timeout: Duration,
    /// Largest answer in bytes.
    pub response_limit: usize,
    /// PEM file with certificates to trust beside those of the system.
    pub root_certificate_file: Option<PathBuf>,
}

/// Where the key-encryption key comes from. It is 32 bytes, in base64 from variable or program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file, made on the first start.
    File(PathBuf),
    /// The environment variable of this name.
    Env(String),
    /// What this program prints; never empty, the first item is the program.
    Command(Vec<String>),
}

/// Section `log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Form of the log.
    pub format: LogFormat,
    /// Directives that `EnvFilter` was seen to accept.
    pub filter: String,
}

/// Section `telemetry`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// Base of the collector's addresses; none: nothing is told.
    pub otlp_url: Option<String>,
    /// The name that this service has there.
    pub service_name: String,
    /// Of traces that begin here, so many of a hundred are told.
    pub sample_percent: u32,
    /// Time between two reports of all metrics.
    pub metrics_interval: Duration,
}

/// Section `shutdown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown {
    /// Time to finish after SIGTERM.
    pub grace: Duration,
}

/// Section `housekeeping`; no period is ever zero, and an absent one keeps for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Housekeeping {
    /// Ids of messages.
    pub inbox: Duration,
    /// Mails and events that are done.
    pub outbox: Duration,
    /// Parked messages; `None`: until somebody retries or drops them.
    pub parked: Option<Duration>,
    /// Closed requests for consent.
    pub closed_requests: Duration,
    /// Reports of sweeps.
    pub sweep_runs: Duration,
    /// Time between two runs.
    pub interval: Duration,
}

//! The shape of a configuration file.
//!
//! Rule: this is the one declaration of every key. The JSON Schema is generated from it (the comments here
//! become its descriptions), and names, environment variables, kinds and ranges are checked against that
//! schema. Defaults are not here but in `config/rescind.toml`; a key that may be absent is an `Option`.
//! `writeOnly` marks a secret, which then also has a `…_file` twin.

mod mail;

use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use mail::{Mail, Smtp, TransportName};

/// The configuration of Rescind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "rescind.toml")]
pub(super) struct File {
    /// Folder of everything Rescind keeps on this machine; made when it is missing.
    pub(super) data_dir: String,
    /// File or folder with the policy; without it the embedded example policy applies.
    pub(super) policy: Option<String>,
    /// Folder with templates that replace the embedded ones, file by file.
    pub(super) templates: Option<String>,
    pub(super) http: Http,
    pub(super) ops: Ops,
    pub(super) store: Store,
    pub(super) intake: Intake,
    pub(super) runner: Runner,
    pub(super) mail: Mail,
    pub(super) egress: Egress,
    #[serde(default)]
    pub(super) webhooks: Webhooks,
    #[serde(default)]
    pub(super) staff_channels: StaffChannels,
    #[serde(default)]
    pub(super) keys: Keys,
    pub(super) log: Log,
    pub(super) telemetry: Telemetry,
    pub(super) shutdown: Shutdown,
    pub(super) housekeeping: Housekeeping,
}

/// The public listener: messages, the gate, and the pages that links in mails lead to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    /// IP address and port to listen on.
    pub(super) listen: String,
    /// Base of all links in mails, http or https; by default http:// and the listening address.
    pub(super) public_url: Option<String>,
    /// Largest body of a request, in bytes.
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub(super) body_limit_bytes: u32,
    /// Most messages in one POST.
    #[schemars(range(min = 1, max = 10_000))]
    pub(super) batch_limit: u32,
    /// Longest time a request may take, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub(super) request_timeout_seconds: u32,
    /// Addresses and networks of reverse proxies whose X-Forwarded-For is believed.
    #[expect(dead_code, reason = "read from the layer, which knows the place of each item")]
    pub(super) trusted_proxies: Vec<String>,
}

/// The listener for operators: health, metrics, staff console.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ops {
    /// IP address and port to listen on.
    pub(super) listen: String,
}

/// The database.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE; by default rescind.db in the data folder.
    #[schemars(extend("writeOnly" = true))]
    pub(super) url: Option<String>,
    /// File that holds the URL.
    #[expect(dead_code, reason = "its content is put into the key it stands for before this is read")]
    pub(super) url_file: Option<String>,
    /// Connections to PostgreSQL; on SQLite, to read with.
    #[schemars(range(min = 2, max = 500))]
    pub(super) connections: u32,
}

/// Where messages come from, apart from HTTP and the command line.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Intake {
    pub(super) amqp: Amqp,
}

/// RabbitMQ; used when its URL is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Amqp {
    /// amqp:// or amqps:// with user, password, host and virtual host.
    #[schemars(extend("writeOnly" = true))]
    pub(super) url: Option<String>,
    /// File that holds the URL.
    #[expect(dead_code, reason = "its content is put into the key it stands for before this is read")]
    pub(super) url_file: Option<String>,
    /// Quorum queue to take messages from.
    #[schemars(length(max = 255))]
    pub(super) queue: String,
    /// Topic exchange the queue is bound to.
    #[schemars(length(max = 255))]
    pub(super) exchange: String,
    /// Quorum queue for what nobody waits for.
    #[schemars(length(max = 255))]
    pub(super) bulk_queue: String,
    /// Topic exchange that one is bound to.
    #[schemars(length(max = 255))]
    pub(super) bulk_exchange: String,
    /// Topic exchange that events are published to.
    #[schemars(length(max = 255))]
    pub(super) events_exchange: String,
    /// Messages a channel holds without acknowledgement.
    #[schemars(range(min = 1, max = 2000))]
    pub(super) prefetch: u16,
    /// Channels, each with one batch at a time.
    #[schemars(range(min = 1, max = 16))]
    pub(super) channels: u16,
    /// Heartbeat of the connection, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub(super) heartbeat_seconds: u16,
}

/// The part that decides messages.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Runner {
    /// Most messages in one transaction.
    #[schemars(range(min = 1, max = 2000))]
    pub(super) batch_size: u32,
    /// Messages that wait in memory before senders have to.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) queue_capacity: u32,
    /// Time between two looks for work that another replica left, in milliseconds.
    #[schemars(range(min = 10, max = super::types::LONGEST_POLL))]
    pub(super) poll_interval_milliseconds: u32,
    /// Attempts before a message is parked.
    #[schemars(range(min = 1, max = 100))]
    pub(super) max_attempts: u32,
}

/// Calls to the outside, such as webhooks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Egress {
    /// Which addresses may be called by their scheme.
    pub(super) schemes: Schemes,
    /// Addresses and networks that may be called although they are not public.
    #[expect(dead_code, reason = "read from the layer, which knows the place of each item")]
    pub(super) allowed_networks: Vec<String>,
    /// Longest time a call may take, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub(super) timeout_seconds: u32,
    /// Largest answer, in bytes.
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub(super) response_limit_bytes: u32,
    /// PEM file with certificates to trust beside those of the system.
    pub(super) root_certificate_file: Option<String>,
}

/// Events as webhooks.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Webhooks {
    /// TOML file with the endpoints and the secrets of their signatures; without it there are no webhooks.
    pub(super) file: Option<String>,
}

/// Channels by which staff are told beside mail.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StaffChannels {
    /// TOML file with the channels, their addresses and secrets; without it staff are told by mail alone.
    pub(super) file: Option<String>,
}

/// Which addresses may be called by their scheme.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Schemes {
    /// https alone.
    Https,
    /// https and http.
    Any,
}

/// The key that encrypts the keys of subjects. At most one of the three.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Keys {
    /// File with the key; by default rescind.key in the data folder, made on the first start with mode 0600.
    pub(super) file: Option<String>,
    /// Name of the environment variable that holds the key: 32 bytes in base64.
    pub(super) env: Option<String>,
    /// Program and arguments; what it prints is the key: 32 bytes in base64.
    pub(super) command: Option<Vec<String>>,
}

/// What is logged, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// Form of the log.
    pub(super) format: LogFormat,
    /// Levels, overall and by module, such as info or info,rescind_worker::mail=debug.
    pub(super) filter: String,
}

/// Form of the log.
#[derive(Debug, Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// `Pretty` on a terminal, otherwise `Json`.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Traces and metrics for OpenTelemetry; nothing of it runs without an address.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Telemetry {
    /// Base of the collector's addresses, http or https: /v1/traces and /v1/metrics are appended (OTLP, JSON).
    pub(super) otlp_url: Option<String>,
    /// The name that this service has there.
    #[schemars(length(min = 1, max = 255))]
    pub(super) service_name: String,
    /// Of traces that begin here, so many of a hundred are told; one that a sender has begun is told if the sender does.
    #[schemars(range(min = 1, max = 100))]
    pub(super) sample_percent: u32,
    /// Time between two reports of all metrics, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub(super) metrics_interval_seconds: u32,
}

/// The end of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Shutdown {
    /// Time to finish what is in flight after SIGTERM, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub(super) grace_seconds: u32,
}

/// How long Rescind keeps records of its own work.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Housekeeping {
    /// Ids of messages, by which a repeated one is known, in days.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) inbox_days: u32,
    /// Mails and events that are done, in days.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) outbox_days: u32,
    /// Parked messages, in days; absent: until somebody retries or drops them.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) parked_days: Option<u32>,
    /// Requests for consent that are closed, in days.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) closed_requests_days: u32,
    /// Reports of sweeps, in days.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) sweep_runs_days: u32,
    /// Time between two runs of housekeeping, in minutes.
    #[schemars(range(min = 1, max = 10_080))]
    pub(super) interval_minutes: u32,
}

//! From checked texts and numbers to the domain types of the configuration.
//!
//! Rule: every section is looked at before anything is given up, so that all errors come out at once; hence
//! each reading yields an `Option` and notes why it has nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::cidr::IpNetwork;
use super::file;
use super::layer::Layer;
use super::problem::{Place, Problems, quoted};
use super::public_url::PublicUrl;
use super::types::{Config, Egress, Housekeeping, Http, Intake, KeySource, Log, Ops, Runner, Shutdown};
use super::value::{Given, Value};

/// The configuration that a file with all layers in it means; `None` after an error.
pub(super) fn resolve(
    file: file::File,
    layer: &Layer,
    defaults: &Layer,
    problems: &mut Problems,
) -> Option<Config> {
    let mut cx = Resolver { layer, defaults, problems };
    let data_dir = PathBuf::from(file.data_dir);
    let http = cx.http(file.http);
    let ops = cx.parsed("ops.listen", &file.ops.listen, ADDRESS).map(|listen| Ops { listen });
    if let (Some(http), Some(ops)) = (&http, &ops) {
        cx.two_listeners(http, ops);
    }
    let store = cx.store(file.store, &data_dir);
    let amqp = cx.amqp(file.intake.amqp);
    let mail = cx.mail(file.mail, &data_dir);
    let egress = cx.egress(file.egress);
    let keys = cx.keys(file.keys, &data_dir);
    let log = cx.log(file.log);
    let telemetry = cx.telemetry(file.telemetry);
    Some(Config {
        http: http?,
        ops: ops?,
        store: store?,
        intake: Intake { amqp: amqp? },
        mail: mail?,
        egress,
        webhooks: file.webhooks.file.map(PathBuf::from),
        staff_channels: file.staff_channels.file.map(PathBuf::from),
        keys: keys?,
        log: log?,
        telemetry: telemetry?,
        policy: file.policy.map(PathBuf::from),
        templates: file.templates.map(PathBuf::from),
        runner: Runner {
            batch_size: size(file.runner.batch_size),
            queue_capacity: size(file.runner.queue_capacity),
            poll_interval: Duration::from_millis(file.runner.poll_interval_milliseconds.into()),
            max_attempts: file.runner.max_attempts,
        },
        shutdown: Shutdown { grace: seconds(file.shutdown.grace_seconds) },
        housekeeping: Housekeeping {
            inbox: days(file.housekeeping.inbox_days),
            outbox: days(file.housekeeping.outbox_days),
            parked: file.housekeeping.parked_days.map(days),
            closed_requests: days(file.housekeeping.closed_requests_days),
            sweep_runs: days(file.housekeeping.sweep_runs_days),
            interval: Duration::from_secs(u64::from(file.housekeeping.interval_minutes) * 60),
        },
        data_dir,
    })
}

const ADDRESS: &str = "an IP address and a port such as 127.0.0.1:8080 or [::1]:8080";

pub(super) fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}

/// A count that the schema keeps within 32 bits, which every platform we build for can address.
pub(super) fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

pub(super) struct Resolver<'a> {
    layer: &'a Layer,
    defaults: &'a Layer,
    problems: &'a mut Problems,
}

impl Resolver<'_> {
    /// Where the value of a key was given.
    pub(super) fn place(&self, key: &str) -> Place {
        self.layer.get(key).map_or(Place::Defaults, |given| given.place.clone())
    }

    /// Notes an error of a value that was given.
    pub(super) fn refuse(&mut self, key: &str, found: impl Into<String>, expected: impl Into<String>) {
        let place = self.place(key);
        self.problems.add(&place, key, found, expected);
    }

    /// Notes that a key is missing that `because` demands, unless its value was refused already.
    pub(super) fn missing(&mut self, key: &str, because: &str, expected: impl Into<String>) {
        let variable = key.replace('.', "__").to_uppercase();
        if !self.problems.mention(key) && !self.problems.mention(&format!("{key}_file")) {
            let expected = format!("{} (RESCIND_{variable})", expected.into());
            let place = self.place(because);
            self.problems.add(&place, key, "nothing", expected);
        }
    }

    /// The first key of a section that was given another value than its default.
    pub(super) fn changed(&self, section: &str) -> Option<String> {
        let default = |key: &str| self.defaults.get(key).map(|given| given.value.to_json());
        let changed = |key: &str, given: &Given| default(key) != Some(given.value.to_json());
        let (key, _) =
            self.layer.iter().find(|(key, given)| key.starts_with(section) && changed(key, given))?;
        Some(key.clone())
    }

    fn parsed<T: FromStr>(&mut self, key: &str, text: &str, expected: &str) -> Option<T> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.refuse(key, quoted(text), expected);
        }
        parsed
    }

    fn http(&mut self, http: file::Http) -> Option<Http> {
        let listen: Option<SocketAddr> = self.parsed("http.listen", &http.listen, ADDRESS);
        let public_url_is_derived = http.public_url.is_none();
        let public_url = match http.public_url {
            None => listen.map(PublicUrl::of_listener),
            Some(text) => match PublicUrl::parse(&text) {
                Ok(url) => Some(url),
                Err((found, expected)) => {
                    self.refuse("http.public_url", found, expected);
                    None
                }
            },
        };
        let trusted_proxies = self.networks("http.trusted_proxies");
        Some(Http {
            listen: listen?,
            public_url: public_url?,
            public_url_is_derived,
            body_limit: size(http.body_limit_bytes),
            batch_limit: size(http.batch_limit),
            request_timeout: seconds(http.request_timeout_seconds),
            trusted_proxies,
        })
    }

    /// The networks of a list; each wrong item is an error of its own, at its own place.
    fn networks(&mut self, key: &str) -> Vec<IpNetwork> {
        let layer = self.layer;
        let Some(Given { value: Value::List(items), .. }) = layer.get(key) else { return Vec::new() };
        let mut networks = Vec::new();
        for (text, place) in items {
            match text.parse() {
                Ok(network) => networks.push(network),
                Err(error) => {
                    let error: super::cidr::NotANetwork = error;
                    self.problems.add(place, key, quoted(text), error.to_string());
                }
            }
        }
        networks
    }

    fn egress(&mut self, egress: file::Egress) -> Egress {
        Egress {
            https_only: egress.schemes == file::Schemes::Https,
            allowed_networks: self.networks("egress.allowed_networks"),
            timeout: seconds(egress.timeout_seconds),
            response_limit: size(egress.response_limit_bytes),
            root_certificate_file: egress.root_certificate_file.map(PathBuf::from),
        }
    }

    fn two_listeners(&mut self, http: &Http, ops: &Ops) {
        if http.listen == ops.listen && ops.listen.port() != 0 {
            // The error belongs to the key that was changed, not to a default.
            let (key, other) = match self.place("ops.listen") {
                Place::Defaults => ("http.listen", "ops.listen"),
                _ => ("ops.listen", "http.listen"),
            };
            self.refuse(key, quoted(&ops.listen.to_string()), format!("another address than {other}"));
        }
    }

    fn keys(&mut self, keys: file::Keys, data_dir: &Path) -> Option<KeySource> {
        match (keys.file, keys.env, keys.command) {
            (_, Some(name), _) if name.contains('=') => {
                // Whoever writes NAME=VALUE here has just written the key itself.
                self.refuse("keys.env", "a name with =", "the name of an environment variable alone");
                None
            }
            (_, Some(name), _) => Some(KeySource::Env(name)),
            (_, _, Some(command)) if command.is_empty() => {
                self.refuse("keys.command", "an empty list", "a program and its arguments");
                None
            }
            (_, _, Some(command)) => Some(KeySource::Command(command)),
            (file, None, None) => {
                Some(KeySource::File(file.map_or_else(|| data_dir.join("rescind.key"), PathBuf::from)))
            }
        }
    }

    fn log(&mut self, log: file::Log) -> Option<Log> {
        if tracing_subscriber::EnvFilter::builder().parse(&log.filter).is_err() {
            self.refuse(
                "log.filter",
                quoted(&log.filter),
                "levels (error, warn, info, debug, trace) such as info or info,rescind_worker::mail=debug",
            );
            return None;
        }
        Some(Log { format: log.format, filter: log.filter })
    }
}

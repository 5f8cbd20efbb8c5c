//! Defaults, file, environment, and what they mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::*;
use super::{Folder, environment, load};

#[test]
fn without_any_configuration_the_defaults_apply() {
    let config = Config::load(None, environment(&[])).expect("the defaults");
    assert_eq!(config.data_dir, Path::new("./rescind-data"));
    assert_eq!((config.policy.as_ref(), config.templates.as_ref()), (None, None));
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.http.public_url.as_str(), "http://127.0.0.1:8080");
    assert_eq!((config.http.body_limit, config.http.batch_limit), (1_048_576, 1000));
    assert_eq!(config.http.request_timeout, Duration::from_secs(30));
    assert!(config.http.trusted_proxies.is_empty());
    assert_eq!(config.ops.listen.to_string(), "127.0.0.1:8081");
    assert!(
        matches!(&config.store.database, Database::Sqlite(path) if path == Path::new("./rescind-data/rescind.db"))
    );
    assert_eq!(config.store.connections, 8);
    assert!(config.intake.amqp.is_none());
    assert_eq!((config.runner.batch_size, config.runner.queue_capacity), (256, 1024));
    assert_eq!((config.runner.poll_interval, config.runner.max_attempts), (Duration::from_millis(500), 5));
    assert!(
        matches!(&config.mail.transport, Transport::Mailbox(path) if path == Path::new("./rescind-data/mailbox"))
    );
    assert_eq!(config.mail.group_size, 64);
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let retry = Retry { initial: Duration::from_secs(30), maximum: hours(1), give_up: hours(72) };
    assert_eq!(config.mail.retry, retry);
    assert_eq!(config.keys, KeySource::File(PathBuf::from("./rescind-data/rescind.key")));
    assert_eq!(config.log, Log { format: LogFormat::Auto, filter: "info".to_owned() });
    assert_eq!(config.shutdown.grace, Duration::from_secs(30));
    let housekeeping = Housekeeping {
        inbox: hours(24 * 30),
        outbox: hours(24 * 90),
        parked: None,
        closed_requests: hours(24 * 30),
        sweep_runs: hours(24 * 365),
        interval: hours(1),
    };
    assert_eq!(config.housekeeping, housekeeping);
    assert!(!config.is_public());
}

#[test]
fn the_default_file_given_as_file_changes_nothing() {
    let embedded = Config::load(None, environment(&[])).expect("the defaults");
    let given = load(DEFAULT_FILE, &[]).expect("the defaults");
    assert_eq!(format!("{given:?}"), format!("{embedded:?}"));
}

#[test]
fn environment_beats_file_beats_defaults_key_by_key() {
    let document = "[http]\nlisten = \"127.0.0.1:9000\"\nbatch_limit = 5\n[runner]\nbatch_size = 7\n";
    let config = load(document, &[("RESCIND_HTTP__LISTEN", "127.0.0.1:9999"), ("PATH", "/bin")])
        .expect("a configuration");
    assert_eq!(config.http.listen.port(), 9999);
    assert_eq!(config.http.batch_limit, 5);
    assert_eq!(config.runner.batch_size, 7);
    assert_eq!(config.runner.queue_capacity, 1024);
    assert_eq!(config.http.public_url.as_str(), "http://127.0.0.1:9999");
}

#[test]
fn what_is_derived_follows_the_data_folder() {
    let config = load("", &[("RESCIND_DATA_DIR", "/var/lib/rescind")]).expect("a configuration");
    assert!(
        matches!(&config.store.database, Database::Sqlite(path) if path == Path::new("/var/lib/rescind/rescind.db"))
    );
    assert_eq!(config.keys, KeySource::File(PathBuf::from("/var/lib/rescind/rescind.key")));
    assert!(
        matches!(&config.mail.transport, Transport::Mailbox(path) if path == Path::new("/var/lib/rescind/mailbox"))
    );
}

#[test]
fn the_variables_of_the_contract_are_understood() {
    let config = load(
        "",
        &[
            ("RESCIND_HTTP__LISTEN", "[::1]:0"),
            ("RESCIND_HTTP__PUBLIC_URL", "https://privacy.example.org/"),
            ("RESCIND_HTTP__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("RESCIND_OPS__LISTEN", "127.0.0.1:0"),
            ("RESCIND_STORE__URL", "postgres://rescind:hunter2@db.example.org/rescind"),
            ("RESCIND_INTAKE__AMQP__URL", "amqp://rescind:hunter2@mq.example.org:5672/%2f"),
            ("RESCIND_MAIL__TRANSPORT", "smtp"),
            ("RESCIND_MAIL__SMTP__URL", "smtp://127.0.0.1:2525"),
            ("RESCIND_POLICY", "policy"),
            ("RESCIND_KEYS__ENV", "RESCIND_KEY"),
            ("RESCIND_KEY", "not looked at here"),
            ("RESCIND_CONFIG", "reserved"),
            ("RESCIND_TEST_POSTGRES", "reserved"),
            ("RESCIND_UPDATE_SNAPSHOTS", "1"),
        ],
    )
    .expect("a configuration");
    assert!(config.is_public());
    assert_eq!(config.http.public_url.link("/c/x"), "https://privacy.example.org/c/x");
    assert!(config.http.trusts("10.9.8.7".parse().expect("an address")));
    assert!(config.http.trusts("::1".parse().expect("an address")));
    assert!(!config.http.trusts("192.0.2.1".parse().expect("an address")));
    let amqp = config.intake.amqp.as_ref().expect("a broker");
    assert_eq!((amqp.queue.as_str(), amqp.prefetch, amqp.channels), ("rescind.jobs", 256, 2));
    assert_eq!(config.policy.as_deref(), Some(Path::new("policy")));
    assert_eq!(config.keys, KeySource::Env("RESCIND_KEY".to_owned()));
    let Transport::Smtp(smtp) = &config.mail.transport else { panic!("not smtp") };
    assert_eq!((smtp.server.port, smtp.server.tls, smtp.connections), (2525, SmtpTls::None, 8));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn lists_in_variables_may_be_arrays() {
    let command = ("RESCIND_KEYS__COMMAND", "[\"/bin/cat\", \"a, b\"]");
    let config = load("", &[command, ("RESCIND_HTTP__TRUSTED_PROXIES", "[]")]).expect("a configuration");
    assert_eq!(config.keys, KeySource::Command(vec!["/bin/cat".to_owned(), "a, b".to_owned()]));
    assert!(config.http.trusted_proxies.is_empty());
}

#[test]
fn a_later_layer_replaces_the_alternative_of_an_earlier_one() {
    let document = "[keys]\nfile = \"k\"\n[store]\nurl = \"sqlite://a.db\"\n";
    let folder = Folder::new();
    let url = folder.file("url", "sqlite://b.db\n");
    let url = url.display().to_string();
    let config = load(document, &[("RESCIND_KEYS__ENV", "K"), ("RESCIND_STORE__URL_FILE", &url)])
        .expect("a configuration");
    assert_eq!(config.keys, KeySource::Env("K".to_owned()));
    assert!(matches!(&config.store.database, Database::Sqlite(path) if path == Path::new("b.db")));
}

#[test]
fn a_public_listener_or_address_is_public() {
    for (listen, url, public) in [
        ("127.0.0.1:8080", None, false),
        ("[::1]:8080", None, false),
        ("127.0.0.1:8080", Some("http://localhost:8080"), false),
        ("0.0.0.0:8080", None, true),
        ("0.0.0.0:8080", Some("http://localhost:8080"), true),
        ("[::]:8080", None, true),
        ("192.0.2.1:8080", None, true),
        ("127.0.0.1:8080", Some("https://privacy.example.org"), true),
    ] {
        let mut variables = vec![("RESCIND_HTTP__LISTEN", listen)];
        variables.extend(url.map(|url| ("RESCIND_HTTP__PUBLIC_URL", url)));
        let config = load("", &variables).expect("a configuration");
        assert_eq!(config.is_public(), public, "{listen} {url:?}");
    }
}

#[test]
fn a_derived_address_follows_the_port_that_was_bound() {
    let mut config = load("", &[("RESCIND_HTTP__LISTEN", "127.0.0.1:0")]).expect("a configuration");
    config.http.bound_to("127.0.0.1:4321".parse().expect("an address"));
    assert_eq!(config.http.public_url.as_str(), "http://127.0.0.1:4321");

    let given = [("RESCIND_HTTP__PUBLIC_URL", "https://privacy.example.org")];
    let mut config = load("", &given).expect("a configuration");
    config.http.bound_to("127.0.0.1:4321".parse().expect("an address"));
    assert_eq!(config.http.public_url.as_str(), "https://privacy.example.org");
}

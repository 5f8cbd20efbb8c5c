//! What the crates may rest on: the direction tests → worker → jobs, a domain without drivers, one provider
//! of cryptography, known origins and licences, and no third version of anything.
//!
//! Licences and versions are judged for the machine the test runs on, from what cargo has resolved and already fetched;
//! origins and bans for every platform, from the lock file.

use crate::layout::root;
use crate::licence;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Never in the domain: what does I/O or runs it.
const DRIVERS: &[&str] = &[
    "async-global-executor",
    "axum",
    "hyper",
    "lapin",
    "lettre",
    "mio",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "sqlx-core",
    "tokio",
];

/// Never anywhere, with the reason.
const BANNED: &[(&str, &str)] = &[
    ("aws-lc-rs", "ring is the one provider; two of them panic at the first connection"),
    ("aws-lc-sys", "ring is the one provider; two of them panic at the first connection"),
    ("native-tls", "rustls is the one TLS implementation"),
    ("openssl", "rustls is the one TLS implementation"),
    ("openssl-sys", "rustls is the one TLS implementation"),
    ("atty", "unmaintained: std::io::IsTerminal"),
    ("async-std", "tokio is the one runtime of the worker"),
    ("serde_yaml", "unmaintained, and the configuration is TOML"),
];

/// Crates that are there in two versions, with the reason. Whoever is no longer there twice must be taken off.
const TWICE: &[(&str, &str)] = &[
    ("base64", "mail and HTTP are a version ahead of the databases"),
    ("block-buffer", RUST_CRYPTO),
    ("cipher", RUST_CRYPTO),
    ("const-oid", RUST_CRYPTO),
    ("cpufeatures", RUST_CRYPTO),
    ("crypto-common", RUST_CRYPTO),
    ("digest", RUST_CRYPTO),
    ("getrandom", "ring is a generation behind rand"),
    ("hashbrown", "sqlx's hash tables are behind indexmap's"),
    ("hmac", RUST_CRYPTO),
    ("inout", RUST_CRYPTO),
    ("nom", "certificates in AMQP are read by an older one than AMQP and mail"),
    ("phf", "cron's tables are behind chrono-tz's"),
    ("phf_shared", "cron's tables are behind chrono-tz's"),
    ("rand", "made into cron's tables at compile time"),
    ("rand_core", RUST_CRYPTO),
    ("sha1", RUST_CRYPTO),
    ("sha2", RUST_CRYPTO),
    ("syn", "macros move to the next generation one by one; nothing of it is linked"),
    ("synstructure", "follows syn"),
    ("winnow", "cron is a generation behind toml"),
];
const RUST_CRYPTO: &str = "the crates of this family move to the next generation one by one";

const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Runs the cargo that runs this test, without the network. Takes its arguments, gives what it printed.
fn cargo(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// This machine's target. Without it cargo would ask for the sources of every other platform's crates too.
fn host() -> String {
    let version = cargo(&["-vV"]);
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host").to_owned()
}

/// The packages of `cargo metadata`, those of the workspace included.
fn packages() -> Vec<Value> {
    let text =
        cargo(&["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host()]);
    let mut metadata: Value = serde_json::from_str(&text).expect("cargo metadata is JSON");
    serde_json::from_value(metadata["packages"].take()).expect("cargo metadata lists packages")
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

/// The names of all packages that `package` rests on, with the features it asks for and no other member's.
/// `edges` are kinds as `cargo tree` knows them.
fn closure(package: &str, edges: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "--package",
        package,
        "--edges",
        edges,
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--locked",
        "--offline",
    ]);
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_direction_is_tests_worker_jobs() {
    let members = ["rescind-jobs", "rescind-worker", "rescind-tests"];
    let expected: [&[&str]; 3] = [&[], &["rescind-jobs"], &["rescind-jobs", "rescind-worker"]];
    for (member, allowed) in members.iter().zip(expected) {
        let reached = closure(member, "normal,build,dev");
        let found: Vec<_> =
            members.iter().filter(|other| *other != member && reached.contains(**other)).collect();
        assert!(found.iter().all(|other| allowed.contains(other)), "{member} rests on {found:?}");
    }
}

#[test]
fn the_domain_reaches_no_driver() {
    let reached = closure("rescind-jobs", "normal");
    let found: Vec<_> = DRIVERS.iter().filter(|name| reached.contains(**name)).collect();
    assert!(found.is_empty(), "rescind-jobs rests on {found:?}");
}

#[test]
fn one_provider_of_cryptography() {
    let reached = closure("rescind-worker", "normal,build");
    assert!(reached.contains("ring"), "the worker's TLS rests on ring");
    for other in
        ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "boring", "rustls-openssl"]
    {
        assert!(!reached.contains(other), "a second provider of cryptography: {other}");
    }
}

#[test]
fn nothing_banned_is_there() {
    let reached = closure("rescind-tests", "normal,build,dev");
    let found: Vec<_> = BANNED.iter().filter(|(name, _)| reached.contains(*name)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn everything_comes_from_the_registry_or_this_workspace() {
    let found: Vec<_> = packages()
        .iter()
        .filter(|package| match package["source"].as_str() {
            Some(source) => !source.starts_with("registry+"),
            None => !text(package, "name").starts_with("rescind-"),
        })
        .map(|package| text(package, "id").to_owned())
        .collect();
    assert!(found.is_empty(), "from elsewhere: {found:?}");
}

/// The blocks of `Cargo.lock`, each a name and the lines of it; every platform's.
fn locked() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is there");
    let blocks = text.split("[[package]]").skip(1);
    let name = |block: &str| {
        block.split("name = \"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
    };
    blocks.map(|block| (name(block).expect("a package has a name"), block.to_owned())).collect()
}

#[test]
fn nothing_banned_or_from_elsewhere_is_locked_for_any_platform() {
    let locked = locked();
    assert!(locked.len() > 200, "the lock file was read");
    let banned: Vec<_> =
        BANNED.iter().filter(|(banned, _)| locked.iter().any(|(name, _)| name == banned)).collect();
    assert!(banned.is_empty(), "{banned:#?}");
    let loose: Vec<_> = locked
        .iter()
        .filter(|(name, block)| {
            let registry = block.contains("source = \"registry+") && block.contains("checksum = \"");
            !registry && !name.starts_with("rescind-")
        })
        .map(|(name, _)| name)
        .collect();
    assert!(loose.is_empty(), "without a registry and a checksum: {loose:?}");
}

#[test]
fn licences_are_allowed() {
    let found: Vec<_> = packages()
        .iter()
        .filter(|package| !licence::satisfied(text(package, "license"), LICENCES))
        .map(|package| format!("{}: {:?}", text(package, "name"), text(package, "license")))
        .collect();
    assert!(found.is_empty(), "not allowed: {found:#?}");
}

#[test]
fn no_crate_is_there_in_a_version_too_many() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        versions
            .entry(text(&package, "name").to_owned())
            .or_default()
            .insert(text(&package, "version").to_owned());
    }
    let known: BTreeSet<_> = TWICE.iter().map(|(name, _)| *name).collect();
    let twice = |name: &str| versions.get(name).map_or(0, BTreeSet::len) == 2;
    let wrong: Vec<_> = versions
        .iter()
        .filter(|(name, found)| found.len() > 2 || (found.len() == 2 && !known.contains(name.as_str())))
        .collect();
    assert!(
        wrong.is_empty(),
        "more versions than needed; align them or give the reason in TWICE: {wrong:#?}"
    );
    let gone: Vec<_> = known.iter().filter(|name| !twice(name)).collect();
    assert!(gone.is_empty(), "no longer there twice, take them off TWICE: {gone:?}");
}

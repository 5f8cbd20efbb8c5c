//! `rescind keys`: the key-encryption keys, and replacing one by another.

use super::failure::Failure;
use super::output::Form;
use super::session::Session;
use crate::config::KeySource;
use crate::store::Pool;
use crate::store::wrapping::{self, Wrapped};
use crate::{key_source, rotation};
use rescind_jobs::policy::Role;
use rescind_jobs::protection::{KeyId, KeyRing};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Which keys are given, and what each of them wraps
    Status {
        #[command(flatten)]
        form: Form,
    },
    /// Wrap everything by the first key; makes a new one and puts it first where there is but one, in a file
    Rotate {
        /// Wait so long for running workers to take the new key up
        #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=600))]
        settle_seconds: u16,
    },
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Status { form } => status(session, form).await,
        Command::Rotate { settle_seconds } => rotate(session, settle_seconds).await,
    }
}

/// A key and what it wraps.
#[derive(Serialize)]
struct Key {
    key: String,
    /// `current`, `former` or `missing`.
    role: &'static str,
    subject_keys: i64,
    day_keys: i64,
    root_keys: i64,
}

/// Keys are told even where they do not fit, so nothing but configuration, keys and store is looked at.
async fn status(session: &mut Session<'_>, form: Form) -> Result<(), Failure> {
    let config = session.config()?;
    if matches!(&config.keys, KeySource::File(path) if !path.exists()) {
        return Err(Failure::failed("there is no key file yet; the first start makes it"));
    }
    let ring = key_source::read(&config.keys, &session.randomness).map_err(crate::app::StartError::from)?;
    let pool = Pool::open(&config.store.database, 2).await.map_err(crate::app::StartError::from)?;
    let census = wrapping::census(&pool).await?;
    let keys = keys(&ring, &census);
    let head = ["key", "role", "subject keys", "day keys", "root keys"];
    session.out.list(form, &keys, &head, "There are no keys.", |key| {
        let numbers = [key.subject_keys, key.day_keys, key.root_keys].map(|n| n.to_string());
        [vec![key.key.clone(), key.role.to_owned()], numbers.to_vec()].concat()
    })?;
    if form.json {
        return Ok(());
    }
    session.out.line("")?;
    session.out.line(advice(&ring, &keys))
}

fn keys(ring: &KeyRing, census: &BTreeMap<KeyId, Wrapped>) -> Vec<Key> {
    let missing = census.keys().copied().filter(|id| !ring.has(*id));
    ring.ids()
        .chain(missing)
        .map(|id| {
            let wrapped = census.get(&id).copied().unwrap_or_default();
            let role = match id {
                id if id == ring.current() => "current",
                id if ring.has(id) => "former",
                _ => "missing",
            };
            let Wrapped { subject_keys, day_keys, root_keys } = wrapped;
            Key { key: id.to_string(), role, subject_keys, day_keys, root_keys }
        })
        .collect()
}

fn advice(ring: &KeyRing, keys: &[Key]) -> String {
    let used = |key: &&Key| key.subject_keys + key.day_keys + key.root_keys > 0;
    if let Some(key) = keys.iter().find(|key| key.role == "missing") {
        return format!(
            "The key {} is missing: what it wraps cannot be read. Give it as a further key.",
            key.key
        );
    }
    if keys.iter().filter(|key| key.role == "former").any(|key| used(&key)) {
        return "A former key is still in use; `rescind keys rotate` wraps everything by the current one."
            .to_owned();
    }
    let free: Vec<String> = ring.ids().skip(1).map(|id| id.to_string()).collect();
    match free.is_empty() {
        true => "One key wraps everything.".to_owned(),
        false => format!(
            "Nothing needs {} any more. Take it off where the keys are kept; backups of the database that were made \
             before need it still.",
            free.join(", ")
        ),
    }
}

async fn rotate(session: &mut Session<'_>, settle_seconds: u16) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    let actor = session.actor(&opened, Role::Administer).await?;
    let mut ring = opened.vault.ring();
    let failed = |error: rotation::RotationError| Failure::failed(error.to_string());
    if rotation::others(&opened.pool, &ring).await?.is_empty() {
        if ring.ids().count() > 1 {
            session.out.line(format!("The first key, {}, wraps everything already.", ring.current()))?;
            return status(session, Form { json: false }).await;
        }
        let made = key_source::put_new_key_first(&opened.config.keys, &session.randomness);
        opened.vault.adopt(made.map_err(|error| Failure::failed(error.to_string()))?);
        ring = opened.vault.ring();
        session.out.line(format!("A new key, {}, was made and put first.", ring.current()))?;
    }
    if settle_seconds > 0 {
        session.out.line(format!("Waiting {settle_seconds} s for running workers to take it up."))?;
        session.out.sink().flush()?;
        tokio::time::sleep(Duration::from_secs(settle_seconds.into())).await;
    }
    let mut count = 0;
    let wrapped = rotation::rewrap(&opened.pool, &ring, &session.randomness, &mut |keys| count += keys).await;
    session.out.line(format!("{count} keys of subjects and days were wrapped anew."))?;
    wrapped.map_err(failed)?;
    let (now, policy) = (opened.clock.now(), opened.policy.hash_hex());
    rotation::finish(&opened.pool, &ring, &session.randomness, now, (&actor, &policy))
        .await
        .map_err(failed)?;
    status(session, Form { json: false }).await
}

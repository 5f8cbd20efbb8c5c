//! Putting a worker together. The only place that names every part.

use crate::clock::{Clock, NoRandomness, Randomness};
use crate::config::{Config, Database};
use crate::key_source::{self, KeyError};
use crate::policy_files::{PolicyFilesError, load_policy};
use crate::render::{RenderError, Renderer};
use crate::staff_channel_file::{self, StaffChannel};
use crate::store::{Pool, StoreError, Tx, keys, published};
use rescind_jobs::policy::Policy;
use rescind_jobs::protection::{KeyId, Vault};
use rescind_jobs::registry;
use rescind_jobs::time::Timestamp;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a worker does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyFilesError),
    /// The templates.
    #[error("templates: {0}")]
    Templates(#[from] RenderError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key does not fit the database.
    #[error("the key-encryption key does not open this database's keys, which belong to another{}", named(.0))]
    WrongKey(Option<KeyId>),
    /// The database.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// A published content was edited.
    #[error(
        "policy: the text of content \"{content}\" version {version} ({locale}) was changed after it was published; \
         add a new version instead"
    )]
    ContentEdited {
        /// Which content.
        content: String,
        /// Which version.
        version: u32,
        /// In which language.
        locale: &'static str,
    },
    /// Reading the files ended by a panic; its place is in the log.
    #[error("policy and templates could not be read: a fault of ours, see the log")]
    Unread,
    /// A folder or socket.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// Without sources, only this machine may send.
    #[error(
        "http.listen or http.public_url is reachable from elsewhere, but the policy names no sources: whoever reaches \
         it could send messages; add [sources.NAME] with a token to the policy, or listen on 127.0.0.1"
    )]
    PublicWithoutSources,
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The client of the collector.
    #[error("telemetry: {0}")]
    Telemetry(#[from] crate::trust::TrustProblem),
    /// The endpoints of webhooks.
    #[error("{0}")]
    Webhooks(String),
    /// The channels of staff.
    #[error("{0}")]
    StaffChannels(String),
    /// The client that calls out.
    #[error("egress: {0}")]
    Egress(#[from] crate::egress::EgressError),
    /// The mail transport.
    #[error("mail: {0}")]
    Mail(#[from] crate::mail::transport::OpenError),
}

fn named(key: &Option<KeyId>) -> String {
    key.map_or_else(String::new, |id| {
        format!(": {id}; `rescind keys status` tells which keys are given and which are needed")
    })
}

/// What every command works with: configuration, policy, keys and the open store.
#[derive(Clone)]
pub struct Opened {
    /// The configuration.
    pub config: Arc<Config>,
    /// The policy.
    pub policy: Arc<Policy>,
    /// When the policy was read.
    pub policy_read_at: Timestamp,
    /// What the policy's author should look at.
    pub policy_warnings: Vec<String>,
    /// The keys.
    pub vault: Arc<Vault>,
    /// The store.
    pub pool: Pool,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub randomness: Randomness,
}

/// Reads the policy that the configuration names; the channels that it names must be there.
///
/// # Errors
/// Everything that is wrong with it.
pub fn policy(config: &Config) -> Result<rescind_jobs::policy::file::Loaded, StartError> {
    let types: Vec<&str> = registry::public_names().collect();
    let loaded = load_policy(config.policy.as_deref(), &types)?;
    let channels = staff_channels(config)?;
    let missing = staff_channel_file::missing(&loaded.policy, &channels, config.staff_channels.as_deref());
    if missing.is_empty() { Ok(loaded) } else { Err(StartError::StaffChannels(missing.join("\n"))) }
}

/// Reads the channels of staff that the configuration names.
///
/// # Errors
/// Everything that is wrong with them.
pub fn staff_channels(config: &Config) -> Result<Vec<StaffChannel>, StartError> {
    staff_channel_file::read(config).map_err(StartError::StaffChannels)
}

/// Reads the endpoints of webhooks that the configuration names.
///
/// # Errors
/// Everything that is wrong with them.
pub fn endpoints(config: &Config) -> Result<Vec<crate::webhook_file::Endpoint>, StartError> {
    let read = config.webhooks.as_deref().map_or(Ok(Vec::new()), crate::webhook_file::read);
    read.map_err(StartError::Webhooks)
}

/// Reads the templates that the configuration names.
///
/// # Errors
/// Everything that is wrong with them.
pub fn renderer(config: &Config) -> Result<Renderer, StartError> {
    Ok(Renderer::load(config.templates.as_deref())?)
}

impl Opened {
    /// Opens the store, brings its tables up to date, reads the keys and the policy.
    ///
    /// # Errors
    /// The first thing that stands in the way.
    pub async fn open(config: Config, clock: Clock, randomness: Randomness) -> Result<Self, StartError> {
        let loaded = policy(&config)?;
        make_folder(&config.data_dir)?;
        if let Database::Sqlite(path) = &config.store.database
            && let Some(folder) = path.parent()
        {
            make_folder(folder)?;
        }
        let ring = key_source::read(&config.keys, &randomness)?;
        let pool = Pool::open(&config.store.database, config.store.connections).await?;
        let now = clock.now();
        let mut rng = randomness.generator()?;
        let mut tx = pool.begin().await?;
        let roots = keys::roots(&mut tx, &ring, now, &mut rng).await.map_err(|e| match e {
            StoreError::Unsealable(why) => StartError::WrongKey(why.missing),
            other => other.into(),
        })?;
        publish(&mut tx, &loaded.policy, now).await?;
        tx.commit().await?;
        Ok(Self {
            config: Arc::new(config),
            policy: Arc::new(loaded.policy),
            policy_read_at: now,
            policy_warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
            vault: Arc::new(Vault::new(ring, roots)),
            pool,
            clock,
            randomness,
        })
    }
}

/// Enters the policy's contents as published.
///
/// # Errors
/// When one was published before with another text.
pub(crate) async fn publish(tx: &mut Tx, policy: &Policy, now: Timestamp) -> Result<(), StartError> {
    match published::enter(tx, &policy.published(), now).await? {
        Some((content, version, locale)) => {
            Err(StartError::ContentEdited { content: content.to_string(), version, locale: locale.as_str() })
        }
        None => Ok(()),
    }
}

/// Makes a folder that only its owner may enter.
fn make_folder(path: &std::path::Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    let path = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&path)
        .map_err(|source| StartError::Io { what: format!("folder {}", path.display()), source })
}

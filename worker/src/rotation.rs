//! Replacing the key-encryption key while workers run: they take the new key up, then everything is wrapped by it.
//!
//! Rule: the root keys go last. A worker that cannot open them does not start, so as long as anything is left that only
//! a former key opens, no worker starts without that key.

use crate::clock::{NoRandomness, Randomness};
use crate::config::KeySource;
use crate::key_source::{self, KeyError};
use crate::store::wrapping::{self, Wrapped};
use crate::store::{Pool, StoreError, audit};
use rescind_jobs::audit::{Act, Actor, AuditEvent, Cause};
use rescind_jobs::protection::{KeyId, KeyRing, Vault};
use rescind_jobs::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Subjects, or days, in a transaction: they are locked meanwhile, and batches wait for them.
const BATCH: i64 = 100;
/// How often everything is gone through before it is given up: workers that were not told of the new key go on to wrap
/// by the former one.
const PASSES: u32 = 5;
/// How often a transaction is tried when the store is busy.
const TRIES: u32 = 5;
/// How often a running worker looks at its key file.
const LOOK: Duration = Duration::from_secs(1);

/// Why the keys are not all wrapped anew. What was done stays done, and another run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Keys of the database need a key that was not given.
    #[error("{count} keys are wrapped by {id}, which is not among the keys given; add it as a further key")]
    Missing {
        /// Which.
        id: KeyId,
        /// How many.
        count: i64,
    },
    /// Somebody goes on to wrap by a former key.
    #[error(
        "a worker goes on to wrap by {0}: restart every worker with the new key first, and run this again"
    )]
    Contended(KeyId),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// Wraps everything by the current key of `ring`. `told` hears of every transaction how many keys it wrapped.
///
/// # Errors
/// What stands in the way; it can be run again.
pub async fn rewrap(
    pool: &Pool,
    ring: &KeyRing,
    randomness: &Randomness,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<(), RotationError> {
    for _ in 0..PASSES {
        let left = others(pool, ring).await?;
        if let Some((id, wrapped)) = left.iter().find(|(id, _)| !ring.has(**id)) {
            let count = wrapped.subject_keys + wrapped.day_keys + wrapped.root_keys;
            return Err(RotationError::Missing { id: *id, count });
        }
        if left.values().all(|wrapped| wrapped.subject_keys == 0 && wrapped.day_keys == 0) {
            return Ok(());
        }
        let mut after = Uuid::nil();
        loop {
            let ids = wrapping::subjects_left(pool, ring, after, BATCH).await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            told(in_transaction(pool, ring, randomness, Some(&ids)).await?);
        }
        loop {
            match in_transaction(pool, ring, randomness, None).await? {
                0 => break,
                count => told(count),
            }
        }
    }
    match others(pool, ring).await?.into_iter().find(|(_, left)| left.subject_keys + left.day_keys > 0) {
        Some((id, _)) => Err(RotationError::Contended(id)),
        None => Ok(()),
    }
}

/// Wraps the root keys by the current key, and enters in the trail that the key was replaced; after [`rewrap`]. `by` is
/// who does it, and the hash of the policy.
///
/// # Errors
/// When the store is not available.
pub async fn finish(
    pool: &Pool,
    ring: &KeyRing,
    randomness: &Randomness,
    now: Timestamp,
    by: (&Actor, &str),
) -> Result<u64, RotationError> {
    let mut rng = randomness.generator()?;
    let mut tx = pool.begin().await?;
    let count = wrapping::roots(&mut tx, ring, &mut rng).await?;
    if count > 0 {
        let (actor, policy) = by;
        let act = Act::KeyReplaced { key: ring.current().to_string(), actor: actor.clone() };
        let source = actor.to_string();
        let cause = Cause { source: &source, message: "", policy };
        audit::add(&mut tx, &[AuditEvent::new(&act, None, (0, 0), now, cause, &mut rng)]).await?;
    }
    tx.commit().await?;
    Ok(count)
}

/// What other keys than the current one wrap.
///
/// # Errors
/// When the store is not available.
pub async fn others(pool: &Pool, ring: &KeyRing) -> Result<BTreeMap<KeyId, Wrapped>, StoreError> {
    let mut census = wrapping::census(pool).await?;
    census.remove(&ring.current());
    Ok(census)
}

/// One transaction: these subjects, or some days.
async fn in_transaction(
    pool: &Pool,
    ring: &KeyRing,
    randomness: &Randomness,
    subjects: Option<&[Uuid]>,
) -> Result<u64, RotationError> {
    let mut pause = Duration::from_millis(50);
    let mut tries = 1;
    loop {
        let attempt = async {
            let mut rng = randomness.generator()?;
            let mut tx = pool.begin().await?;
            let count = match subjects {
                Some(ids) => wrapping::subjects(&mut tx, ring, ids, &mut rng).await?,
                None => wrapping::days(&mut tx, ring, BATCH, &mut rng).await?,
            };
            tx.commit().await?;
            Ok(count)
        };
        match attempt.await {
            Err(RotationError::Store(error)) if error.is_transient() && tries < TRIES => {
                tokio::time::sleep(pause).await;
                pause *= 2;
                tries += 1;
            }
            ended => return ended,
        }
    }
}

/// A running worker's eye on its key file.
pub struct Watch {
    /// Where its keys come from; only a file can change under it.
    pub source: KeySource,
    /// Where the keys are used.
    pub vault: Arc<Vault>,
    /// To see that the keys open what is there.
    pub pool: Pool,
    /// For reading.
    pub randomness: Randomness,
    /// What is wrong with the keys, for the health report.
    pub trouble: Arc<Mutex<Option<String>>>,
}

impl Watch {
    /// Takes up what changes in the key file, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        // none at first: the file may have changed since the worker read it
        let mut seen = None;
        loop {
            let mark = key_source::mark(&self.source);
            let trouble = match (&self.source, mark) {
                (KeySource::File(_), None) => {
                    Some("the key file is gone; the keys in memory go on".to_owned())
                }
                (KeySource::File(_), mark) if mark != seen => match self.take_up().await {
                    Ok(()) => {
                        seen = mark;
                        None
                    }
                    Err(why) => Some(why),
                },
                _ => None,
            };
            let missing =
                self.vault.missing().map(|id| format!("the key-encryption key {id} is missing here"));
            self.tell(trouble.or(missing));
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn take_up(&self) -> Result<(), String> {
        let ring = key_source::read(&self.source, &self.randomness).map_err(|e: KeyError| e.to_string())?;
        let before = self.vault.ring();
        if before.ids().eq(ring.ids()) {
            return Ok(());
        }
        let wrappers = wrapping::root_wrappers(&self.pool).await.map_err(|e| e.to_string())?;
        if let Some(lacking) = wrappers.into_iter().find(|id| !ring.has(*id)) {
            return Err(format!("the key file lacks {lacking}, which is in use; the keys in memory go on"));
        }
        tracing::info!(current = %ring.current(), keys = ring.ids().count(), "the key file has changed: taken up");
        self.vault.adopt(ring);
        Ok(())
    }

    fn tell(&self, trouble: Option<String>) {
        // a thread that panicked while holding it has left a whole value all the same
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != trouble {
            if let Some(trouble) = &trouble {
                tracing::error!(trouble, "trouble with the key-encryption keys");
            }
            *known = trouble;
        }
    }
}

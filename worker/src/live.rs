//! What may be exchanged while the worker runs. Whoever works with it takes it once, at the beginning, and keeps it to
//! the end: a batch that has begun under one policy ends under it.

use rescind_jobs::policy::Policy;
use rescind_jobs::time::Timestamp;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

/// A value that may be exchanged. Cheap to clone; all clones see the same.
#[derive(Debug)]
pub struct Live<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Live<T> {
    /// Begins with a value.
    pub fn new(value: T) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(value))))
    }

    /// The value now.
    pub fn now(&self) -> Arc<T> {
        // exchanging it is one assignment, whole whatever panicked
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Exchanges the value; who took the one before keeps it.
    pub fn put(&self, value: Arc<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

/// A policy that is in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Its hash in hexadecimal digits.
    pub hex: String,
    /// When its files were read; none: never mind what was published since.
    pub read_at: Option<Timestamp>,
}

impl InForce {
    /// A policy that was read at a time.
    pub fn new(policy: Arc<Policy>, read_at: Timestamp) -> Self {
        Self { hex: policy.hash_hex(), policy, read_at: Some(read_at) }
    }
}

impl Deref for InForce {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.policy
    }
}

impl From<Arc<Policy>> for Live<InForce> {
    fn from(policy: Arc<Policy>) -> Self {
        Self::new(InForce { hex: policy.hash_hex(), policy, read_at: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_begun_keeps_what_it_began_with() {
        let live = Live::new(1);
        let (begun, other) = (live.now(), live.clone());
        other.put(Arc::new(2));
        assert_eq!((*begun, *live.now(), *other.now()), (1, 2, 2));
    }
}

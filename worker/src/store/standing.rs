//! Whether the store takes what is written to it.
//!
//! A pulse writes nothing, so it finds a full disk well: a batch that failed on it would be tried again and again, and
//! nobody would be told why. So a failure is remembered, and from then on the store has to prove itself by writing.

use super::error::{Result, StoreError};
use super::pool::Pool;
use std::sync::{Mutex, PoisonError};

/// What the last batches met.
#[derive(Debug, Default)]
pub struct Standing {
    failed: Mutex<bool>,
}

impl Standing {
    /// Notes how a batch ended that had something to write.
    pub fn note<T>(&self, ended: &Result<T>) {
        match ended {
            Ok(_) => self.set(false),
            Err(StoreError::Unavailable(_)) => self.set(true),
            // another batch was faster, or a mistake that writing more does not mend
            Err(_) => {}
        }
    }

    /// Whether the store takes what is written to it now.
    ///
    /// # Errors
    /// Why not.
    pub async fn examine(&self, pool: &Pool) -> Result<()> {
        if !*self.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            return pool.pulse().await;
        }
        pool.prove().await?;
        self.set(false);
        Ok(())
    }

    fn set(&self, failed: bool) {
        // a thread that panicked while holding it has left a whole value all the same
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }
}

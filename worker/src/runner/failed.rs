//! Why a batch did not run, and what is told of a message that cannot be decided.

use crate::store::StoreError;
use rescind_jobs::refusal::{Refusal, RefusalCode};

/// Why a batch did not run.
pub(super) enum Failed {
    /// It must be run in parts; a single message is refused with this.
    Split(Refusal),
    /// The store.
    Store(StoreError),
}

impl Failed {
    /// What a part of the batch may be to blame for splits it, down to the one message that must not stop the others.
    pub(super) fn of(error: StoreError) -> Self {
        match error {
            StoreError::Data(_) => Self::Split(Refusal::new(
                RefusalCode::NotStorable,
                "The database refuses a value of this message.",
            )),
            StoreError::Unreadable { .. } | StoreError::Unsealable(_) => {
                tracing::error!(%error, "what is stored about a subject cannot be read");
                Self::Split(Refusal::new(
                    RefusalCode::InternalError,
                    "What is stored about the subject cannot be read. The operator finds the place in the log.",
                ))
            }
            other => Self::Store(other),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) fn undecided() -> Refusal {
    Refusal::new(
        RefusalCode::InternalError,
        "The message could not be decided, though it was tried many times: what is stored about its subject does not \
         fit together.",
    )
}

pub(super) fn sealed() -> Refusal {
    Refusal::new(
        RefusalCode::InternalError,
        "The body does not open: the key of its day is gone, or another.",
    )
}

pub(super) fn crashed() -> Refusal {
    Refusal::new(RefusalCode::Crashed, "The worker died several times while this message was in flight.")
}

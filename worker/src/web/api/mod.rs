//! What applications call.

mod batch;
pub(super) mod gate;
pub(super) mod messages;
pub(super) mod snapshot;

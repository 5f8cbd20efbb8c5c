//! Checking a message as the runner would, before it is written anywhere: a sender who can be told at once is told at
//! once.

use super::message::{Answering, Incoming, OnRefusal, Sender};
use super::prepare::Preparation;
use rescind_jobs::effects::Lane;
use rescind_jobs::policy::Policy;
use rescind_jobs::protection::Vault;
use rescind_jobs::refusal::Refusal;
use rescind_jobs::time::{Span, Timestamp};

/// What checking needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Checker<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The keys.
    pub vault: &'a Vault,
    /// The time.
    pub now: Timestamp,
    /// For how long message ids are kept.
    pub inbox: Span,
    /// The largest message, in bytes.
    pub body_limit: usize,
}

impl Checker<'_> {
    /// Checks envelope, type, rights and data of a message. What depends on the state of a subject is not known yet.
    ///
    /// # Errors
    /// The refusal that the runner would give.
    pub fn check(&self, body: &[u8], sender: Sender) -> Result<(), Refusal> {
        let Self { policy, vault, now, inbox, body_limit } = *self;
        let (body, on_refusal, answer) = (body.to_vec(), OnRefusal::Tell, Answering::default());
        let incoming = Incoming { body, sender, on_refusal, redelivered: false, answer };
        let lane = Lane::Request;
        Preparation { policy, vault, now, lane, inbox, body_limit }.incoming(incoming).task.map(drop)
    }
}

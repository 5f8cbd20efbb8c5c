//! An act as an event of the trail: when, about whom, and its Merkle leaf.

use super::Act;
use crate::model::SubjectId;
use crate::protection::new_id;
use crate::time::Timestamp;
use rand_core::CryptoRng;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// An event of the trail.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// Its id.
    pub id: Uuid,
    /// About whom.
    pub subject: Option<SubjectId>,
    /// The number of the decision about this subject.
    pub sequence: i64,
    /// The number of the act within the decision.
    pub ordinal: i16,
    /// When.
    pub at: Timestamp,
    /// The event as canonical JSON (RFC 8785), byte for byte what the leaf was made from.
    pub detail: String,
    /// Random bytes that keep an event from being guessed from its leaf.
    pub salt: [u8; 16],
    /// The Merkle leaf (RFC 9162, section 2.1.1): SHA-256 of 0, salt and detail.
    pub leaf: [u8; 32],
}

/// Who made the act happen, and under which rules.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// The authenticated source of the message.
    pub source: &'a str,
    /// Checksum of the message's id; ids are chosen by senders and could hold anything.
    pub message: &'a str,
    /// The policy's hash in hexadecimal digits.
    pub policy: &'a str,
}

#[derive(Serialize)]
struct Detail<'a> {
    #[serde(flatten)]
    act: &'a Act,
    at: Timestamp,
    id: Uuid,
    message: &'a str,
    policy: &'a str,
    ordinal: i16,
    sequence: i64,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectId>,
}

impl AuditEvent {
    /// The event of `act`, the `ordinal`-th of the `sequence`-th decision about its subject.
    pub fn new(
        act: &Act,
        subject: Option<SubjectId>,
        (sequence, ordinal): (i64, i16),
        at: Timestamp,
        cause: Cause<'_>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let id = new_id(at, rng);
        let detail = Detail {
            act,
            at,
            id,
            message: cause.message,
            policy: cause.policy,
            ordinal,
            sequence,
            source: cause.source,
            subject,
        };
        // names, numbers and texts always serialise
        let detail = serde_json_canonicalizer::to_string(&detail).unwrap_or_default();
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let leaf = leaf(&salt, &detail);
        Self { id, subject, sequence, ordinal, at, detail, salt, leaf }
    }
}

/// The Merkle leaf of an event.
pub fn leaf(salt: &[u8], detail: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(salt);
    hash.update(detail.as_bytes());
    hash.finalize().into()
}

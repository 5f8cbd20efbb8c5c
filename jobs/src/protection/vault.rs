//! The keys of an installation. The key-encryption key comes from outside the database and wraps everything else:
//! the subjects' keys, and the root keys from which indexes, links and checksums derive. The roots are random and
//! live wrapped in the database, so that the key-encryption key can be replaced without touching an index.

use super::{BlindIndex, DataKey, KeyId, KeyRing, Place, Unsealable, WrappedKey};
use crate::model::IdentityValue;
use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use std::sync::{Arc, PoisonError, RwLock};
use uuid::Uuid;

/// Random roots, one for each use, so that a leak of one says nothing of the others.
#[derive(Clone, Debug)]
pub struct RootKeys {
    /// For blind indexes.
    pub index: DataKey,
    /// For links in mails and for page nonces.
    pub link: DataKey,
    /// For checksums of message bodies and the names of counters.
    pub mac: DataKey,
}

/// All keys of an installation, ready for use.
#[derive(Debug)]
pub struct Vault {
    ring: RwLock<Arc<KeyRing>>,
    missing: RwLock<Option<KeyId>>,
    roots: RootKeys,
}

/// What a link opens; part of what its token is derived from, so that no token serves two uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Answering one request for consent.
    Confirm,
    /// Acknowledging one notice to staff.
    Notice,
    /// Ending mailings to one subject under one purpose.
    Unsubscribe,
    /// A subject's own page, permanently.
    Preferences,
    /// Confirming a new email address.
    Address,
}

impl LinkKind {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Confirm => b"link/confirm",
            Self::Notice => b"link/notice",
            Self::Unsubscribe => b"link/unsubscribe",
            Self::Preferences => b"link/preferences",
            Self::Address => b"link/address",
        }
    }
}

fn hmac(key: &DataKey, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The hash under which the store keeps a link's token.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Vault {
    /// A vault from its keys.
    pub fn new(ring: impl Into<KeyRing>, roots: RootKeys) -> Self {
        Self { ring: RwLock::new(Arc::new(ring.into())), missing: RwLock::new(None), roots }
    }

    /// The key-encryption keys.
    pub fn ring(&self) -> Arc<KeyRing> {
        // what is held there is replaced as a whole, so it is good whatever panicked
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with other key-encryption keys.
    pub fn adopt(&self, ring: KeyRing) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        *self.missing.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A key-encryption key that something needed since the keys were given, and that is not among them.
    pub fn missing(&self) -> Option<KeyId> {
        *self.missing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a fresh key, and wraps it for `place`.
    pub fn new_key(&self, place: Place, rng: &mut dyn CryptoRng) -> (DataKey, WrappedKey) {
        let key = DataKey::generate(rng);
        let wrapped = self.ring().wrap(&key, place, rng);
        (key, wrapped)
    }

    /// Opens a key that was wrapped for `place`.
    pub fn unwrap(&self, key: &WrappedKey, place: Place) -> Result<DataKey, Unsealable> {
        let opened = self.ring().unwrap(key, place);
        if let Err(Unsealable { missing: Some(id), .. }) = opened {
            *self.missing.write().unwrap_or_else(PoisonError::into_inner) = Some(id);
        }
        opened
    }

    /// The blind index of an identity.
    pub fn blind_index(&self, identity: &IdentityValue) -> BlindIndex {
        let (kind, value) = identity.index_parts();
        BlindIndex(hmac(&self.roots.index, &[b"identity", kind.as_bytes(), value.as_bytes()]))
    }

    /// The blind index of something else that must be found or told apart, such as one of a subject's contacts.
    pub fn blind_index_of(&self, use_: &str, value: &str) -> BlindIndex {
        BlindIndex(hmac(&self.roots.index, &[use_.as_bytes(), value.as_bytes()]))
    }

    /// The token of a personal link: 160 bits in lower-case base32, because local parts of addresses, where tokens
    /// also travel, are case-folded on the way. Derived, not stored; a higher generation revokes it.
    pub fn link_token(&self, kind: LinkKind, id: Uuid, generation: i16) -> String {
        let mac = hmac(&self.roots.link, &[kind.label(), id.as_bytes(), &generation.to_be_bytes()]);
        data_encoding::BASE32_NOPAD.encode(&mac[..20]).to_ascii_lowercase()
    }

    /// A nonce for a form: bound to what the form acts on and to the hour in which its page was shown.
    pub fn page_nonce(&self, token: &str, hour: i64) -> String {
        let mac = hmac(&self.roots.link, &[b"page", token.as_bytes(), &hour.to_be_bytes()]);
        data_encoding::BASE32_NOPAD.encode(&mac[..15]).to_ascii_lowercase()
    }

    /// The code that is mailed for a subject's page: eight digits, which every keyboard has. Derived, not stored.
    pub fn page_code(&self, id: Uuid) -> String {
        let mac = hmac(&self.roots.link, &[b"page/code", id.as_bytes()]);
        let mut number = [0; 8];
        number.copy_from_slice(&mac[..8]);
        format!("{:08}", u64::from_be_bytes(number) % 100_000_000)
    }

    /// What a page holds after the code was entered: bound to its address, the code and the time until which it holds.
    pub fn page_pass(&self, token: &str, code: Uuid, until: crate::time::Timestamp) -> String {
        let until = until.micros();
        let mac =
            hmac(&self.roots.link, &[b"page/pass", token.as_bytes(), code.as_bytes(), &until.to_be_bytes()]);
        let mac = data_encoding::BASE32_NOPAD.encode(&mac[..20]).to_ascii_lowercase();
        format!("{}.{until}.{mac}", code.simple())
    }

    /// Checksum of a message's body, by which a repeat is told from another message under the same id. Keyed,
    /// because a bare hash of a body with an address in it could be guessed.
    pub fn body_mac(&self, body: &[u8]) -> [u8; 32] {
        hmac(&self.roots.mac, &[b"body", body])
    }

    /// An id that follows from what it is about: made twice, it is the same.
    pub fn derived_id(&self, scope: &str, value: &[u8]) -> Uuid {
        let mac = hmac(&self.roots.mac, &[b"id", scope.as_bytes(), value]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&mac[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// The name of a counter.
    pub fn counter_key(&self, scope: &str, value: &[u8]) -> [u8; 32] {
        hmac(&self.roots.mac, &[b"counter", scope.as_bytes(), value])
    }
}

//! The key-encryption keys that an installation is given: one that wraps, and others that still open what they have
//! wrapped, so that one can be replaced by another while everything runs. Every wrapped key names the one that wraps
//! it, which tells what is left to do, and a wrong key from a damaged value.

use super::{DataKey, Place, Sealed, Unsealable, WrappedKey};
use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use sha2::Sha256;
use std::fmt;

/// The name of a key-encryption key. Derived from it, and says nothing about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; Self::LENGTH]);

impl KeyId {
    /// Bytes of a name, which stand before what the key has wrapped.
    pub const LENGTH: usize = 8;
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl WrappedKey {
    /// By which key it is wrapped; none if it is too short to be one.
    pub fn key_id(&self) -> Option<KeyId> {
        self.0.first_chunk().map(|id| KeyId(*id))
    }
}

/// A key from outside the database; wraps the others.
#[derive(Clone)]
pub struct KeyEncryptionKey {
    id: KeyId,
    key: DataKey,
}

impl KeyEncryptionKey {
    /// A key from its bytes.
    pub fn new(key: DataKey) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
        mac.update(b"rescind/key-encryption-key/id");
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        let mut id = [0; KeyId::LENGTH];
        id.copy_from_slice(&digest[..KeyId::LENGTH]);
        Self { id: KeyId(id), key }
    }

    /// Its name.
    pub const fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEncryptionKey({})", self.id)
    }
}

/// All key-encryption keys that were given; at least one.
#[derive(Clone, Debug)]
pub struct KeyRing {
    current: KeyEncryptionKey,
    former: Vec<KeyEncryptionKey>,
}

impl KeyRing {
    /// `current` wraps; `former` open only.
    pub const fn new(current: KeyEncryptionKey, former: Vec<KeyEncryptionKey>) -> Self {
        Self { current, former }
    }

    /// The key that wraps.
    pub const fn current(&self) -> KeyId {
        self.current.id
    }

    /// Every key, the one that wraps first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.all().map(KeyEncryptionKey::id)
    }

    /// Whether it has this key.
    pub fn has(&self, id: KeyId) -> bool {
        self.all().any(|key| key.id == id)
    }

    fn all(&self) -> impl Iterator<Item = &KeyEncryptionKey> {
        std::iter::once(&self.current).chain(&self.former)
    }

    /// Wraps a key for `place` under the current key.
    pub fn wrap(&self, key: &DataKey, place: Place, rng: &mut dyn CryptoRng) -> WrappedKey {
        let mut wrapped = self.current.id.0.to_vec();
        wrapped.extend(self.current.key.seal(place, key.bytes(), rng).0);
        WrappedKey(wrapped)
    }

    /// Opens a key that was wrapped for `place` by one of these keys.
    ///
    /// # Errors
    /// Names the key that is missing, if it is that.
    pub fn unwrap(&self, key: &WrappedKey, place: Place) -> Result<DataKey, Unsealable> {
        let failed = Unsealable { table: place.table, column: place.column, missing: None };
        let (id, sealed) = key.0.split_first_chunk().ok_or(failed)?;
        let id = KeyId(*id);
        let by = self.all().find(|key| key.id == id).ok_or(Unsealable { missing: Some(id), ..failed })?;
        let plain = zeroize::Zeroizing::new(by.key.open(place, &Sealed(sealed.to_vec()))?);
        Ok(DataKey::new(<[u8; 32]>::try_from(&plain[..]).map_err(|_| failed)?))
    }
}

impl From<DataKey> for KeyRing {
    fn from(key: DataKey) -> Self {
        Self::new(KeyEncryptionKey::new(key), Vec::new())
    }
}

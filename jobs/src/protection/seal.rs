//! Sealing with XChaCha20-Poly1305. What is sealed is bound to its place (table, column, owner, key version) as
//! associated data, so that a value copied to another row does not open.

use super::KeyId;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use std::fmt;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

const NONCE: usize = 24;

/// Where a sealed value lives.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Whose row it is: a subject, or what stands in for one.
    pub owner: Uuid,
    /// The version of the key.
    pub key_version: i16,
}

impl Place {
    fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(64);
        for part in [self.table, self.column] {
            data.extend_from_slice(part.as_bytes());
            data.push(0);
        }
        data.extend_from_slice(self.owner.as_bytes());
        data.extend_from_slice(&self.key_version.to_be_bytes());
        data
    }
}

/// A sealed value: nonce and ciphertext.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

/// A data key, sealed by a key-encryption key, whose name comes first.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrappedKey")
    }
}

/// A sealed value does not open: another key, another place, or damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value of {table}.{column} does not open: {}", self.why())]
pub struct Unsealable {
    /// The table it was read from.
    pub table: &'static str,
    /// The column it was read from.
    pub column: &'static str,
    /// The key-encryption key that it needs and that was not given; then it may open later.
    pub missing: Option<KeyId>,
}

impl Unsealable {
    fn why(&self) -> String {
        match self.missing {
            Some(key) => format!("the key-encryption key {key} is missing here"),
            None => "it was sealed under another key or for another row".to_owned(),
        }
    }
}

/// A key that seals values; wiped when dropped, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

impl DataKey {
    /// A key from its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals `plain` for `place`.
    pub fn seal(&self, place: Place, plain: &[u8], rng: &mut dyn CryptoRng) -> Sealed {
        let mut nonce = [0u8; NONCE];
        rng.fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: &place.associated_data() };
        let cipher = XChaCha20Poly1305::new((&self.0).into());
        let mut sealed = nonce.to_vec();
        // encryption fails only beyond 256 GiB, which no message comes near
        sealed.extend(cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default());
        Sealed(sealed)
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, place: Place, sealed: &Sealed) -> Result<Vec<u8>, Unsealable> {
        let failed = Unsealable { table: place.table, column: place.column, missing: None };
        let (nonce, text) = sealed.0.split_first_chunk::<NONCE>().ok_or(failed)?;
        let payload = Payload { msg: text, aad: &place.associated_data() };
        XChaCha20Poly1305::new((&self.0).into()).decrypt(&XNonce::from(*nonce), payload).map_err(|_| failed)
    }

    /// Opens text that was sealed for `place`.
    pub fn open_text(&self, place: Place, sealed: &Sealed) -> Result<String, Unsealable> {
        let failed = Unsealable { table: place.table, column: place.column, missing: None };
        String::from_utf8(self.open(place, sealed)?).map_err(|_| failed)
    }
}

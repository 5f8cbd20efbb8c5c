//! Blind indexes: keyed hashes by which an identity is found without being stored in the open.

use std::fmt;

/// HMAC-SHA-256 of a normalised identity under the key of its kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlindIndex(pub [u8; 32]);

impl fmt::Debug for BlindIndex {
    // pseudonymous, but still personal data (Art. 4(5)): not for logs
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindIndex")
    }
}

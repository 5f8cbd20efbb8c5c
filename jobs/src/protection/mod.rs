//! How personal data are kept: values sealed under a key of their subject, keys wrapped by the key-encryption key,
//! look-ups by keyed blind indexes. Destroying a subject's key destroys its data, also in every backup.

mod index;
pub mod mask;
mod ring;
mod seal;
mod vault;

pub use index::BlindIndex;
pub use ring::{KeyEncryptionKey, KeyId, KeyRing};
pub use seal::{DataKey, Place, Sealed, Unsealable, WrappedKey};
pub use vault::{LinkKind, RootKeys, Vault, token_hash};

use chrono::Timelike;
use rand_core::CryptoRng;
use uuid::Uuid;

/// A UUID version 7 (RFC 9562) from the time and the generator that were handed in.
pub fn new_id(now: crate::time::Timestamp, rng: &mut dyn CryptoRng) -> Uuid {
    let time = now.to_chrono();
    let seconds = u64::try_from(time.timestamp()).unwrap_or(0);
    let millis = seconds.saturating_mul(1000) + u64::from(time.nanosecond() / 1_000_000);
    let mut random = [0u8; 10];
    rng.fill_bytes(&mut random);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

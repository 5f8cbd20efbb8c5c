//! Contents: the exact wordings that subjects agree to, version by version.

use crate::code::{CategoryId, ChannelId, ContentId, PurposeId};
use crate::locale::{Locale, Texts};
use crate::time::Timestamp;
use std::sync::Arc;

/// A content with its versions, oldest first; never empty.
#[derive(Clone, Debug)]
pub struct Content {
    /// Its name.
    pub id: ContentId,
    /// Its one purpose: a wording that merged several could not be answered freely (recital 43).
    pub purpose: PurposeId,
    /// The consent category it belongs to.
    pub category: CategoryId,
    /// Terms of use, not a consent: they may never grant a purpose that rests on consent.
    pub terms: bool,
    /// Versions, ascending.
    pub versions: Vec<ContentVersion>,
}

/// One version of a wording; never edited once published.
#[derive(Clone, Debug)]
pub struct ContentVersion {
    /// 1, 2, 3 …
    pub version: u32,
    /// From when on consent may be recorded under it.
    pub valid_from: Timestamp,
    /// Title by language.
    pub title: Texts,
    /// Full text by language; paragraphs are separated by blank lines.
    pub text: Texts,
    /// The linked regulation.
    pub regulation: Option<Document>,
    /// Which links a consent may carry.
    pub concerns: Concerns,
    /// The channels that it covers; empty: no channel in particular.
    pub channels: Vec<ChannelId>,
}

/// What a content concerns (A3): only then may a consent be linked to one of the subject's addresses or contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Concerns {
    /// A consent may name one of the subject's addresses.
    pub addresses: bool,
    /// A consent may name one of the subject's contacts.
    pub contacts: bool,
}

/// A file of the policy: attached to mail, or linked from pages.
#[derive(Clone, Debug)]
pub struct Document {
    /// The name shown to subjects.
    pub filename: String,
    /// Such as `application/pdf`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

impl Content {
    /// The newest version that is valid at `now`.
    pub fn current(&self, now: Timestamp) -> Option<&ContentVersion> {
        self.versions.iter().rev().find(|v| v.valid_from <= now)
    }

    /// A version by its number.
    pub fn version(&self, version: u32) -> Option<&ContentVersion> {
        self.versions.iter().find(|v| v.version == version)
    }
}

impl ContentVersion {
    /// SHA-256 over title and text in `locale`; stored at publication, so that a later edit is found out.
    pub fn text_hash(&self, locale: Locale) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        let title = self.title.get(locale).1;
        hash.update((title.len() as u64).to_be_bytes());
        hash.update(title.as_bytes());
        hash.update(self.text.get(locale).1.as_bytes());
        hash.finalize().into()
    }
}

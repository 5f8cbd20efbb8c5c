//! A subject's own page: a permanent personal address (D6). Newsletters get forwarded, so the address alone shows what was
//! agreed to and takes it back, and nothing more.

use super::subject::{Subject, SubjectId};
use crate::protection::{LinkKind, Sealed, Vault, token_hash};
use crate::time::{Span, Timestamp};
use uuid::Uuid;

/// The address of a subject's page. The token is derived, see [`Vault::link_token`]; here is what tells whether it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalPage {
    /// Raising it makes another address, and the one before invalid.
    pub generation: i16,
    /// SHA-256 of the token; none: the address is revoked.
    pub token_hash: Option<[u8; 32]>,
    /// The last code that was mailed.
    pub code: Option<PageCode>,
    /// A new email address that waits to be confirmed.
    pub address: Option<NewAddress>,
}

/// An email address that the subject gave on its page. It is nobody's identity until whoever reads the mail sent there has
/// confirmed it, so nothing is found or decided by it before (G9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAddress {
    /// Its id, from which the token of the link in the mail derives.
    pub id: Uuid,
    /// SHA-256 of that token.
    pub token_hash: [u8; 32],
    /// The address, under the subject's contact key.
    pub sealed: Sealed,
    /// Until when it can be confirmed.
    pub until: Timestamp,
}

impl NewAddress {
    /// How long a new address can be confirmed.
    pub const PERIOD: Span = Span::days(1);
    /// For how long a mail to it is on the way, so that a button pressed twice sends one.
    const ON_THE_WAY: Span = Span::minutes(1);

    /// A new one, given at `now`.
    pub fn new(id: Uuid, sealed: Sealed, now: Timestamp, vault: &Vault) -> Self {
        let token_hash = token_hash(&Self::token(id, vault));
        Self { id, token_hash, sealed, until: now.plus(Self::PERIOD) }
    }

    /// The token of the link that confirms it.
    pub fn token(id: Uuid, vault: &Vault) -> String {
        vault.link_token(LinkKind::Address, id, 0)
    }

    /// Whether it was given so shortly before `now` that its mail is on the way.
    pub fn is_on_the_way(&self, now: Timestamp) -> bool {
        now.plus(Self::PERIOD) < self.until.plus(Self::ON_THE_WAY)
    }
}

/// A code that was mailed to the subject, and unlocks what the address alone does not. It is derived from its id, see
/// [`Vault::page_code`]; the store holds no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCode {
    /// Its id.
    pub id: Uuid,
    /// Until when it can be entered.
    pub until: Timestamp,
    /// How many tries are gone.
    pub tries: i16,
}

impl PageCode {
    /// How long a code can be entered.
    pub const PERIOD: Span = Span::minutes(15);
    /// For how long a code that nobody has tried yet stands, whoever asks for another: its mail is on the way.
    const ON_THE_WAY: Span = Span::minutes(1);
    /// How often a code can be tried.
    pub const MOST_TRIES: i16 = 5;
    /// Stands for its tries once it was entered.
    const ENTERED: i16 = -1;

    /// Whether it can be entered at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.tries < Self::MOST_TRIES && self.until > now
    }

    /// A new one, made at `now`.
    pub fn new(id: Uuid, now: Timestamp) -> Self {
        Self { id, until: now.plus(Self::PERIOD), tries: 0 }
    }

    /// Whether it was made so shortly before `now` that its mail is on the way.
    pub fn is_on_the_way(&self, now: Timestamp) -> bool {
        self.tries == 0 && now.plus(Self::PERIOD) < self.until.plus(Self::ON_THE_WAY)
    }

    /// It was entered; whether for the first time. A second press of the same button opens as well, until its time is over.
    pub const fn enter(&mut self) -> bool {
        let first = self.tries != Self::ENTERED;
        self.tries = Self::ENTERED;
        first
    }
}

impl PersonalPage {
    /// The page of a subject that had none.
    pub fn first(subject: SubjectId, vault: &Vault) -> Self {
        Self::of_generation(subject, 0, vault)
    }

    fn of_generation(subject: SubjectId, generation: i16, vault: &Vault) -> Self {
        let token = vault.link_token(LinkKind::Preferences, subject.0, generation);
        Self { generation, token_hash: Some(token_hash(&token)), code: None, address: None }
    }

    /// The token of its address; none if it is revoked.
    pub fn token(&self, subject: SubjectId, vault: &Vault) -> Option<String> {
        self.token_hash?;
        Some(vault.link_token(LinkKind::Preferences, subject.0, self.generation))
    }

    /// Gives it another address. The one before opens nothing from then on.
    pub fn reissue(&mut self, subject: SubjectId, vault: &Vault) {
        *self = Self::of_generation(subject, self.generation.saturating_add(1), vault);
    }

    /// Takes its address away until another one is issued.
    pub fn revoke(&mut self) {
        (self.token_hash, self.code, self.address) = (None, None, None);
    }
}

impl Subject {
    /// Makes sure that the subject has a page. Where one is stored already, storing this one changes nothing.
    pub fn open_page(&mut self, vault: &Vault) -> &mut PersonalPage {
        let id = self.id;
        self.page.get_or_insert_with(|| PersonalPage::first(id, vault))
    }
}

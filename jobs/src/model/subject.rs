//! The data subject: the unit of consistency. A job changes one, and only one.

use super::consent::Consent;
use super::identity::{Identity, IdentityKind, IdentityValue};
use super::notice::StaffNotice;
use super::origin::DataOrigin;
use super::page::PersonalPage;
use super::request::ConsentRequest;
use super::restriction::{Ground, Objection, Restriction};
use super::soft_opt_in::SoftOptIn;
use super::topic::TopicChoice;
use crate::code::{DataSourceId, FieldId, PurposeId, StaffId, TopicId};
use crate::locale::Locale;
use crate::protection::{BlindIndex, DataKey, Place, Sealed, Unsealable, Vault, WrappedKey, new_id};
use crate::time::Timestamp;
use rand_core::CryptoRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A data subject's id (UUID version 7). Pseudonymous: it says nothing without the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SubjectId(pub Uuid);

impl std::fmt::Display for SubjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a subject's data stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum SubjectState {
    /// In use.
    Active = 0,
    /// Frozen (Art. 18).
    Restricted = 1,
    /// Being erased.
    Erasing = 2,
    /// Erased.
    Erased = 3,
}

impl SubjectState {
    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        [Self::Active, Self::Restricted, Self::Erasing, Self::Erased].into_iter().find(|s| *s as i16 == value)
    }

    /// The name as written in registers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Restricted => "restricted",
            Self::Erasing => "erasing",
            Self::Erased => "erased",
        }
    }
}

/// What a subject is to the controller (B1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum SubjectKind {
    /// A contact.
    #[default]
    Contact = 0,
    /// A lead.
    Lead = 1,
    /// An employee.
    Employee = 2,
    /// A contractor.
    Contractor = 3,
}

impl SubjectKind {
    /// As stored.
    pub fn from_i16(value: i16) -> Option<Self> {
        [Self::Contact, Self::Lead, Self::Employee, Self::Contractor].into_iter().find(|s| *s as i16 == value)
    }

    /// The name as written in registers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Lead => "lead",
            Self::Employee => "employee",
            Self::Contractor => "contractor",
        }
    }
}

/// A subject's own keys. Erasure destroys the contact key; evidence of consent has its own key and period
/// (Art. 7(1), 17(3)(e)).
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectKeys {
    /// For contact data; none once destroyed.
    pub contact: Option<WrappedKey>,
    /// For evidence; none once destroyed.
    pub evidence: Option<WrappedKey>,
    /// The version under which both are wrapped.
    pub version: i16,
}

/// What a consent may be linked to beside identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum LinkedKind {
    /// A postal or other address.
    Address = 0,
    /// A contact person.
    Contact = 1,
}

impl LinkedKind {
    /// As stored.
    pub const fn from_i16(value: i16) -> Option<Self> {
        match value {
            0 => Some(Self::Address),
            1 => Some(Self::Contact),
            _ => None,
        }
    }
}

/// An address or contact of a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// What it is found by.
    pub index: BlindIndex,
    /// Address or contact.
    pub kind: LinkedKind,
    /// Its value, under the contact key.
    pub sealed: Sealed,
    /// In use.
    pub active: bool,
}

/// A data subject, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Its id.
    pub id: SubjectId,
    /// Counts the decisions that changed it; 0 before the first.
    pub version: i64,
    /// Where its data stand.
    pub state: SubjectState,
    /// What it is to the controller.
    pub kind: SubjectKind,
    /// The language it wants, if known.
    pub locale: Option<Locale>,
    /// Its keys.
    pub keys: SubjectKeys,
    /// The number of the last event published about it.
    pub event_sequence: i64,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// Known only through requests for consent that nobody confirmed; erased with the last of them (D3).
    pub provisional: bool,
    /// The member of staff who looks after it.
    pub caretaker: Option<StaffId>,
    /// An app says that it is a child, without telling its birthday.
    pub child: bool,
    /// What it is found by.
    pub identities: Vec<Identity>,
    /// Values of the policy's fields, under the contact key.
    pub fields: BTreeMap<FieldId, Sealed>,
    /// Addresses and contacts.
    pub links: Vec<Link>,
    /// Current consents by purpose.
    pub consents: BTreeMap<PurposeId, Consent>,
    /// Requests for consent: the open ones, and those asked or answered lately.
    pub requests: Vec<ConsentRequest>,
    /// Notices to staff about it: those that a job asked for, and those made since.
    pub notices: Vec<StaffNotice>,
    /// Restrictions by ground; read only for jobs that decide about them.
    pub restrictions: BTreeMap<Ground, Restriction>,
    /// Objections by purpose; read only for jobs that decide about them.
    pub objections: BTreeMap<PurposeId, Objection>,
    /// Where data of it came from; read only for jobs that decide about rights.
    pub origins: BTreeMap<DataSourceId, DataOrigin>,
    /// What soft opt-in rests on, by purpose; read with objections.
    pub soft_opt_ins: BTreeMap<PurposeId, SoftOptIn>,
    /// The address of its own page; read only for what changes it.
    pub page: Option<PersonalPage>,
    /// What it said of topics; read with its page.
    pub topics: BTreeMap<(PurposeId, TopicId), TopicChoice>,
}

const KEY_VERSION: i16 = 1;

impl Subject {
    /// A subject just heard of, without identities.
    pub fn new(now: Timestamp, vault: &Vault, rng: &mut dyn CryptoRng) -> Self {
        let id = SubjectId(new_id(now, rng));
        let (_, contact) = vault.new_key(Self::key_place(id, "contact_key"), rng);
        let (_, evidence) = vault.new_key(Self::key_place(id, "evidence_key"), rng);
        Self {
            id,
            version: 0,
            state: SubjectState::Active,
            kind: SubjectKind::default(),
            locale: None,
            keys: SubjectKeys { contact: Some(contact), evidence: Some(evidence), version: KEY_VERSION },
            event_sequence: 0,
            created_at: now,
            provisional: true,
            caretaker: None,
            child: false,
            identities: Vec::new(),
            fields: BTreeMap::new(),
            links: Vec::new(),
            consents: BTreeMap::new(),
            requests: Vec::new(),
            notices: Vec::new(),
            restrictions: BTreeMap::new(),
            objections: BTreeMap::new(),
            origins: BTreeMap::new(),
            soft_opt_ins: BTreeMap::new(),
            page: None,
            topics: BTreeMap::new(),
        }
    }

    fn key_place(id: SubjectId, column: &'static str) -> Place {
        Place { table: "subject", column, owner: id.0, key_version: KEY_VERSION }
    }

    /// Where a value of this subject lives.
    pub fn place(&self, table: &'static str, column: &'static str) -> Place {
        Place { table, column, owner: self.id.0, key_version: self.keys.version }
    }

    /// The key of its contact data.
    pub fn contact_key(&self, vault: &Vault) -> Result<DataKey, Unsealable> {
        let place = Self::key_place(self.id, "contact_key");
        let gone = Unsealable { table: place.table, column: place.column, missing: None };
        vault.unwrap(self.keys.contact.as_ref().ok_or(gone)?, place)
    }

    /// The key of its evidence.
    pub fn evidence_key(&self, vault: &Vault) -> Result<DataKey, Unsealable> {
        let place = Self::key_place(self.id, "evidence_key");
        let gone = Unsealable { table: place.table, column: place.column, missing: None };
        vault.unwrap(self.keys.evidence.as_ref().ok_or(gone)?, place)
    }

    /// Adds an identity that nobody else has. The first of its kind is the primary one.
    pub fn add_identity(
        &mut self,
        value: &IdentityValue,
        vault: &Vault,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Unsealable> {
        let index = vault.blind_index(value);
        if self.identities.iter().any(|i| i.index == index) {
            return Ok(());
        }
        let primary = !self.identities.iter().any(|i| i.kind == *value.kind() && i.primary);
        let sealed =
            self.contact_key(vault)?.seal(self.place("identity", "sealed"), value.expose().as_bytes(), rng);
        self.identities.push(Identity {
            index,
            kind: value.kind().clone(),
            sealed,
            primary,
            active: true,
            undeliverable_at: None,
        });
        Ok(())
    }

    /// The identity found by `index`.
    pub fn identity(&self, index: &BlindIndex) -> Option<&Identity> {
        self.identities.iter().find(|i| i.index == *index)
    }

    /// The address of this kind that is used unless a message names another.
    pub fn primary(&self, kind: &IdentityKind) -> Option<&Identity> {
        self.identities.iter().find(|i| i.kind == *kind && i.primary)
    }

    /// Opens an identity.
    pub fn open_identity(&self, identity: &Identity, vault: &Vault) -> Result<String, Unsealable> {
        self.contact_key(vault)?.open_text(self.place("identity", "sealed"), &identity.sealed)
    }
}

//! The policy: what the controller has laid down, as domain types. Whatever is here has been checked as a whole;
//! nothing downstream checks it again.

mod children;
mod content;
mod controller;
mod data_source;
mod dictionary;
mod field;
pub mod file;
mod form;
mod limits;
mod masking;
mod notice;
mod purpose;
mod schedule;
mod source;
mod staff;

pub use children::Children;
pub use content::{Concerns, Content, ContentVersion, Document};
pub use controller::{Controller, MailIdentity};
pub use data_source::DataSource;
pub use dictionary::{Dictionaries, Dictionary};
pub use field::{DataKind, Field, FieldClass, FieldKind};
pub use form::ConsentForm;
pub use limits::{Limits, Periods};
pub use masking::{Handling, Masking};
pub use notice::{PrivacyNotice, PurposeNotice};
pub use purpose::{Channel, ChannelKind, LawfulBasis, OptIn, Purpose, Topic};
pub use schedule::{CatchUp, ScheduleRule};
pub use source::{Source, TypePattern};
pub use staff::{NoticeChannel, Pace, Role, StaffGroup, StaffMember, StaffNotices};

use crate::code::{
    ChannelId, ContentId, DataSourceId, FieldId, FormId, GroupId, MailIdentityId, PurposeId, RecipientId,
    ScheduleId, SourceId, StaffId, TopicId,
};
use crate::locale::{Locale, Texts};
use std::collections::{BTreeMap, BTreeSet};

/// Everything the controller has laid down.
#[derive(Clone, Debug)]
pub struct Policy {
    /// SHA-256 over the policy's files; stored with every decision, so that it can be shown under which rules it fell.
    pub hash: [u8; 32],
    /// Who is responsible (Art. 4(7)).
    pub controller: Controller,
    /// The language used where a subject has stated none.
    pub default_locale: Locale,
    /// Features that are switched on; everything else is off.
    pub features: BTreeSet<Feature>,
    /// What personal data are used for.
    pub purposes: BTreeMap<PurposeId, Purpose>,
    /// Titles of those who receive data; purposes may name others too.
    pub recipients: BTreeMap<RecipientId, Texts>,
    /// Where data come from that subjects have not given themselves.
    pub data_sources: BTreeMap<DataSourceId, DataSource>,
    /// Subscription topics.
    pub topics: BTreeMap<TopicId, Topic>,
    /// Channels of communication.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// Wordings that subjects agree to.
    pub contents: BTreeMap<ContentId, Content>,
    /// Categories, sources, reasons.
    pub dictionaries: Dictionaries,
    /// Forms for consent that Rescind hosts.
    pub forms: BTreeMap<FormId, ConsentForm>,
    /// What may be known of a subject.
    pub fields: BTreeMap<FieldId, Field>,
    /// Who may send which messages. Empty: nobody is configured, then only this machine may send, see `docs/security.md`.
    pub sources: BTreeMap<SourceId, Source>,
    /// Sender names and addresses.
    pub mail_identities: BTreeMap<MailIdentityId, MailIdentity>,
    /// Caps of double opt-in.
    pub limits: Limits,
    /// How long things last.
    pub periods: Periods,
    /// The controller's people.
    pub staff: BTreeMap<StaffId, StaffMember>,
    /// The groups that they work in.
    pub staff_groups: BTreeMap<GroupId, StaffGroup>,
    /// How they are told what to stop.
    pub staff_notices: StaffNotices,
    /// From which age on a person consents alone (Art. 8).
    pub children: Children,
    /// How much of a value staff see.
    pub masking: Masking,
    /// What the privacy notice tells beyond all this.
    pub privacy_notice: PrivacyNotice,
    /// What happens by the clock.
    pub schedules: BTreeMap<ScheduleId, ScheduleRule>,
}

/// A feature that must be switched on before it is used (the master switch is the absence of all of them).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Asking for consent by double opt-in mail.
    ConsentRequests,
    /// Recording consent taken elsewhere.
    ConsentRecords,
    /// The gate: may this purpose be processed for this subject now?
    Gate,
    /// Sending the mailings of apps.
    Mailings,
    /// Changing the email address on the subject's own page.
    AddressChanges,
    /// Telling subjects where their data came from (Art. 14).
    SourceNotices,
    /// Schedules.
    Schedules,
    /// Keeping data about criminal convictions and offences (Art. 10): only where a law provides for it.
    CriminalRecords,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 8] = [
        Self::ConsentRequests,
        Self::ConsentRecords,
        Self::Gate,
        Self::Mailings,
        Self::AddressChanges,
        Self::SourceNotices,
        Self::Schedules,
        Self::CriminalRecords,
    ];

    /// The name as written in the policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsentRequests => "consent_requests",
            Self::ConsentRecords => "consent_records",
            Self::Gate => "gate",
            Self::Mailings => "mailings",
            Self::AddressChanges => "address_changes",
            Self::SourceNotices => "source_notices",
            Self::Schedules => "schedules",
            Self::CriminalRecords => "criminal_records",
        }
    }
}

impl Policy {
    /// The hash in hexadecimal digits.
    pub fn hash_hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.hash)
    }

    /// Every wording there is: content, version, language and the hash of title and text. Stored when a version is
    /// published; a later start compares them, because a published wording is never edited (A4).
    pub fn published(&self) -> Vec<(ContentId, u32, Locale, [u8; 32])> {
        let mut all = Vec::new();
        for content in self.contents.values() {
            for version in &content.versions {
                for (locale, _) in version.text.iter() {
                    all.push((content.id.clone(), version.version, locale, version.text_hash(locale)));
                }
            }
        }
        all
    }
}

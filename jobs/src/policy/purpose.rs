//! Purposes of processing, with topics and channels.

use super::Document;
use crate::code::{ChannelId, FieldId, MailIdentityId, PurposeId, RecipientId, TopicId};
use crate::locale::Texts;
use crate::time::Span;
use std::collections::BTreeSet;

/// A purpose of processing (Art. 5(1)(b)).
#[derive(Clone, Debug)]
pub struct Purpose {
    /// Its name in messages.
    pub id: PurposeId,
    /// Its title for people.
    pub title: Texts,
    /// What it rests on (Art. 6(1)).
    pub basis: LawfulBasis,
    /// It needs explicit consent (Art. 9(2)(a)).
    pub special_category: bool,
    /// Direct marketing (Art. 21(2), ePrivacy 13).
    pub marketing: bool,
    /// A consent to it ends after this span; none: it does not end by itself.
    pub consent_period: Option<Span>,
    /// Opt-in states that allow it to be used (B12); empty unless it rests on consent.
    pub allowed_by: BTreeSet<OptIn>,
    /// Who its confirmation mails come from (D9).
    pub mail_identity: MailIdentityId,
    /// A document attached to its mails (A6).
    pub document: Option<Document>,
    /// Purposes for which data collected for this one may also be used (Art. 6(4)); never opens a consent-based one.
    pub compatible_with: BTreeSet<PurposeId>,
    /// Who may receive data for it (Art. 13(1)(e)).
    pub recipients: BTreeSet<RecipientId>,
    /// Topics that can be subscribed to within it.
    pub topics: BTreeSet<TopicId>,
    /// The fields of a subject that it needs.
    pub fields: BTreeSet<FieldId>,
    /// When its consent is withdrawn, the values of its fields are erased unless another purpose needs them (Art. 17(1)(b)).
    pub erase_on_withdrawal: bool,
    /// It goes on while processing is restricted: claims, the rights of others, important public interest (Art. 18(2)).
    pub during_restriction: bool,
}

/// The lawful bases of Art. 6(1), and soft opt-in of ePrivacy 13(2) as a basis of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LawfulBasis {
    /// (a)
    Consent,
    /// (b)
    Contract,
    /// (c)
    LegalObligation,
    /// (d)
    VitalInterests,
    /// (e)
    PublicTask,
    /// (f), with a reference to the balancing test.
    LegitimateInterest {
        /// Where the balancing test is kept.
        balancing_test: String,
    },
    /// Article 13(2) of Directive 2002/58/EC: direct marketing of similar products or services of the controller's own, by
    /// contact details that customers gave with a sale, until they object.
    SoftOptIn {
        /// What was sold, and is advertised the like of; told to people.
        similar_to: Texts,
        /// By which channels: only electronic ones.
        channels: BTreeSet<ChannelId>,
    },
}

impl LawfulBasis {
    /// Whether a subject may object to processing on this basis (Art. 21(1)).
    pub const fn is_objectionable(&self) -> bool {
        matches!(self, Self::PublicTask | Self::LegitimateInterest { .. } | Self::SoftOptIn { .. })
    }

    /// Whether it is soft opt-in.
    pub const fn is_soft_opt_in(&self) -> bool {
        matches!(self, Self::SoftOptIn { .. })
    }

    /// The name as written in policy and answers.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Contract => "contract",
            Self::LegalObligation => "legal_obligation",
            Self::VitalInterests => "vital_interests",
            Self::PublicTask => "public_task",
            Self::LegitimateInterest { .. } => "legitimate_interest",
            Self::SoftOptIn { .. } => "soft_opt_in",
        }
    }
}

/// Opt-in states as a marketer knows them (B12).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
#[repr(i16)]
pub enum OptIn {
    /// Nothing was said, or the address changed since.
    #[default]
    None = 0,
    /// Entered by staff.
    SingleStaff = 1,
    /// Given in a form.
    SingleForm = 2,
    /// Confirmed by the subject's own act.
    Double = 3,
    /// Ended by staff.
    OptedOutStaff = 4,
    /// Ended by the subject.
    OptedOutSubject = 5,
}

impl OptIn {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::SingleStaff,
        Self::SingleForm,
        Self::Double,
        Self::OptedOutStaff,
        Self::OptedOutSubject,
    ];

    /// The name as written in policy and registers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SingleStaff => "single_staff",
            Self::SingleForm => "single_form",
            Self::Double => "double",
            Self::OptedOutStaff => "opted_out_staff",
            Self::OptedOutSubject => "opted_out_subject",
        }
    }
}

/// A subscription topic.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name in messages.
    pub id: TopicId,
    /// Its title for people.
    pub title: Texts,
}

/// A channel of communication.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name in messages.
    pub id: ChannelId,
    /// Its title for people.
    pub title: Texts,
    /// What kind of address it uses.
    pub kind: ChannelKind,
}

/// What kind of address a channel uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Electronic mail.
    Email,
    /// Telephone and text messages.
    Phone,
    /// Letters.
    Post,
    /// Anything else.
    Other,
}

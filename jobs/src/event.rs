//! What apps are told. Held as names, numbers and references; the subject's identities are opened only when the
//! event leaves.

use crate::code::{ContentId, EntryCode, FieldId, PurposeId, TopicId};
use crate::gate::GateReason;
use crate::locale::Locale;
use crate::model::Ground;
use crate::policy::OptIn;
use crate::refusal::FieldProblem;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An event about one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    /// A subject gave consent to a purpose.
    #[serde(rename = "consent.granted.v1")]
    ConsentGranted(ConsentGranted),
    /// A subject refused consent to a purpose.
    #[serde(rename = "consent.refused.v1")]
    ConsentRefused(ConsentRefused),
    /// Nobody answered a request for consent in time.
    #[serde(rename = "consent.request_expired.v1")]
    ConsentRequestExpired(ConsentRequestExpired),
    /// The period of a consent is over.
    #[serde(rename = "consent.expired.v1")]
    ConsentExpired(ConsentExpired),
    /// A subject took consent back.
    #[serde(rename = "consent.withdrawn.v1")]
    ConsentWithdrawn(ConsentWithdrawn),
    /// A subject left a topic, or chose it again.
    #[serde(rename = "topic.changed.v1")]
    TopicChanged(TopicChanged),
    /// A customer may be told of similar products, until it objects.
    #[serde(rename = "soft_opt_in.recorded.v1")]
    SoftOptInRecorded(SoftOptInRecorded),
    /// A purpose is no longer to be processed for a subject: stop.
    #[serde(rename = "processing.stop.v1")]
    ProcessingStop(ProcessingStop),
    /// Values of a subject's fields were erased.
    #[serde(rename = "subject.fields_erased.v1")]
    FieldsErased(FieldsErased),
    /// Processing of a subject's data is restricted.
    #[serde(rename = "subject.restricted.v1")]
    SubjectRestricted(SubjectRestricted),
    /// Processing of a subject's data is no longer restricted.
    #[serde(rename = "subject.unrestricted.v1")]
    SubjectUnrestricted(SubjectUnrestricted),
    /// A mailing was not sent.
    #[serde(rename = "mail.suppressed.v1")]
    MailSuppressed(MailSuppressed),
    /// The gate was asked by a message; answered to its `replyto`.
    #[serde(rename = "gate.answered.v1")]
    GateAnswered(GateAnswered),
    /// A message was refused; answered to its `replyto`.
    #[serde(rename = "message.refused.v1")]
    MessageRefused(MessageRefused),
}

/// A subject gave consent to a purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentGranted {
    /// The purpose.
    pub purpose: PurposeId,
    /// The content agreed to.
    pub content: ContentId,
    /// Its version.
    pub version: u32,
    /// The language it was shown in.
    pub locale: Locale,
    /// How it counts as opt-in.
    pub opt_in: OptIn,
    /// When it was given.
    pub granted_at: Timestamp,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The consent id.
    pub consent: Uuid,
}

/// A subject refused consent to a purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentRefused {
    /// The purpose.
    pub purpose: PurposeId,
    /// When it was refused.
    pub refused_at: Timestamp,
    /// The consent id.
    pub consent: Uuid,
}

/// Nobody answered a request for consent in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentRequestExpired {
    /// The purpose.
    pub purpose: PurposeId,
    /// When consent was asked for.
    pub requested_at: Timestamp,
    /// The request.
    pub request: Uuid,
}

/// The period of a consent is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentExpired {
    /// The purpose.
    pub purpose: PurposeId,
    /// When it ended.
    pub expired_at: Timestamp,
}

/// A subject took consent back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentWithdrawn {
    /// The purpose.
    pub purpose: PurposeId,
    /// When it was withdrawn.
    pub withdrawn_at: Timestamp,
    /// Why, if told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<EntryCode>,
    /// The consent id of the withdrawal.
    pub consent: Uuid,
}

/// A subject left a topic, or chose it again; the consent to the purpose stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopicChanged {
    /// Within which purpose.
    pub purpose: PurposeId,
    /// Which topic.
    pub topic: TopicId,
    /// Chosen, or left.
    pub subscribed: bool,
    /// When.
    pub changed_at: Timestamp,
}

/// A customer was told at a sale that it could object, and did not (ePrivacy Directive 13(2)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SoftOptInRecorded {
    /// The purpose.
    pub purpose: PurposeId,
    /// When the sale was.
    pub sold_at: Timestamp,
}

/// A purpose is no longer to be processed for a subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessingStop {
    /// The purpose; none: every one that does not go on during a restriction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<PurposeId>,
    /// Why.
    pub cause: StopCause,
    /// Since when.
    pub since: Timestamp,
}

/// Why processing stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// Consent was withdrawn (Art. 7(3)).
    Withdrawal,
    /// The subject objected (Art. 21).
    Objection,
    /// Processing is restricted (Art. 18).
    Restriction,
    /// The consent was recorded for this purpose by mistake.
    Correction,
}

/// Values of a subject's fields were erased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldsErased {
    /// Which fields.
    pub fields: Vec<FieldId>,
    /// The purposes that they rested on.
    pub purposes: Vec<PurposeId>,
}

/// Processing of a subject's data is restricted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectRestricted {
    /// Why (Art. 18(1)).
    pub ground: Ground,
    /// Since when.
    pub since: Timestamp,
}

/// Processing of a subject's data is no longer restricted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectUnrestricted {
    /// On which grounds it was restricted.
    pub grounds: Vec<Ground>,
    /// When that ended.
    pub lifted_at: Timestamp,
}

/// A mailing was not sent, when it was handed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MailSuppressed {
    /// What it was to serve.
    pub purpose: PurposeId,
    /// The id of the message that ordered it.
    pub message: String,
    /// What the gate said; none: there is no address that mail could go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<GateReason>,
}

/// What the gate says to a `gate.check.v1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateAnswered {
    /// Who asked.
    pub source: String,
    /// The id of the message that asked.
    pub check: String,
    /// What the data are to be used for.
    pub purpose: PurposeId,
    /// Whether the purpose may be processed.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: GateReason,
    /// What the purpose rests on (Art. 6(1)); absent where the subject itself is in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Since when the consent stands where it stands; absent where no consent decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// A message was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRefused {
    /// The message's source.
    pub source: String,
    /// The message's id.
    pub id: String,
    /// The stable code.
    pub code: String,
    /// One sentence.
    pub detail: String,
    /// What is wrong with which field.
    pub fields: Vec<FieldProblem>,
}

impl Event {
    /// The type on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ConsentGranted(_) => "consent.granted.v1",
            Self::ConsentRefused(_) => "consent.refused.v1",
            Self::ConsentRequestExpired(_) => "consent.request_expired.v1",
            Self::ConsentExpired(_) => "consent.expired.v1",
            Self::ConsentWithdrawn(_) => "consent.withdrawn.v1",
            Self::TopicChanged(_) => "topic.changed.v1",
            Self::SoftOptInRecorded(_) => "soft_opt_in.recorded.v1",
            Self::ProcessingStop(_) => "processing.stop.v1",
            Self::FieldsErased(_) => "subject.fields_erased.v1",
            Self::SubjectRestricted(_) => "subject.restricted.v1",
            Self::SubjectUnrestricted(_) => "subject.unrestricted.v1",
            Self::MailSuppressed(_) => "mail.suppressed.v1",
            Self::GateAnswered(_) => "gate.answered.v1",
            Self::MessageRefused(_) => "message.refused.v1",
        }
    }

    /// Every type on the wire.
    pub const KINDS: [&'static str; 14] = [
        "consent.granted.v1",
        "consent.refused.v1",
        "consent.request_expired.v1",
        "consent.expired.v1",
        "consent.withdrawn.v1",
        "topic.changed.v1",
        "soft_opt_in.recorded.v1",
        "processing.stop.v1",
        "subject.fields_erased.v1",
        "subject.restricted.v1",
        "subject.unrestricted.v1",
        "mail.suppressed.v1",
        "gate.answered.v1",
        "message.refused.v1",
    ];
}

//! Why a message was not carried out. A refusal is final: what may succeed later is an error of the store, never a
//! refusal. Its text goes to senders, logs and the list of parked messages, so it names fields, never their values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A final "no" with a stable code, a sentence for the sender, and the fields it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Stable, for programs: `unknown_content`, `invalid_field` …
    pub code: RefusalCode,
    /// One sentence that says what is wrong and how to mend it. Holds no personal data.
    pub detail: String,
    /// What is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}

/// One field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldProblem {
    /// Where, as dots and indexes from the message's root: `data.subject.email`, `data.contents[0]`.
    pub field: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// The stable codes of refusals; `docs/messages.md` explains each to senders.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum RefusalCode { $($(#[$doc])* #[serde(rename = $text)] $name),+ }

        impl RefusalCode {
            /// Every code, for documentation and tests.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it is written on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The code written as `text`.
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

codes! {
    /// Not JSON, or not JSON in UTF-8.
    MalformedJson = "malformed_json",
    /// JSON, but not a CloudEvents 1.0 envelope.
    InvalidEnvelope = "invalid_envelope",
    /// No job of this type and version is known, or it is not one that may be sent.
    UnknownType = "unknown_type",
    /// A field of `data` is missing, unknown, or not what it must be.
    InvalidField = "invalid_field",
    /// The text holds a NUL character, which not every database can store.
    NulCharacter = "nul_character",
    /// Larger than the configured limit.
    TooLarge = "too_large",
    /// The sender may not send this type.
    NotAllowed = "not_allowed",
    /// The feature is switched off in the policy.
    FeatureDisabled = "feature_disabled",
    /// The policy knows no such content.
    UnknownContent = "unknown_content",
    /// The content exists, but not for this use: other category, not yet valid, terms.
    UnusableContent = "unusable_content",
    /// The policy knows no such purpose.
    UnknownPurpose = "unknown_purpose",
    /// The dictionary has no such value.
    UnknownCode = "unknown_code",
    /// No data subject answers to what the message names.
    UnknownSubject = "unknown_subject",
    /// The message names identities of more than one data subject.
    ConflictingIdentities = "conflicting_identities",
    /// The time of the act lies in the future.
    FutureTime = "future_time",
    /// The time of the act lies before what it refers to.
    TimeOutOfRange = "time_out_of_range",
    /// The message is older than the time for which ids are kept, so a repeat could not be told from a first.
    TooOld = "too_old",
    /// The same sender used this id for another body.
    IdReused = "id_reused",
    /// A cap of double opt-in is reached.
    LimitReached = "limit_reached",
    /// The subject's data may not be processed now (restricted, being erased).
    SubjectClosed = "subject_closed",
    /// The purpose rests on a basis against which nobody can object (Art. 21(1)).
    NotObjectionable = "not_objectionable",
    /// A list does not revive what the subject has withdrawn, refused or objected to.
    LeftAlone = "left_alone",
    /// There is no restriction to lift.
    NotRestricted = "not_restricted",
    /// The subject must be told first, and mail does not reach it.
    SubjectUnreachable = "subject_unreachable",
    /// A child consents through a guardian only (Art. 8).
    GuardianRequired = "guardian_required",
    /// Special categories of data need explicit consent (Art. 9(2)(a)).
    ExplicitConsentRequired = "explicit_consent_required",
    /// One answer to several purposes (recital 43).
    MergedPurposes = "merged_purposes",
    /// Nothing to confirm: unknown, expired, used or voided link.
    LinkInvalid = "link_invalid",
    /// The decision itself failed; the error is on the operator's side.
    InternalError = "internal_error",
    /// A database refused one of the values.
    NotStorable = "not_storable",
    /// The worker died while this message was in flight, several times.
    Crashed = "crashed",
}

impl Refusal {
    /// A refusal with a code and a sentence.
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), fields: Vec::new() }
    }

    /// A refusal for one field; the sentence is the problem.
    pub fn field(code: RefusalCode, field: impl Into<String>, problem: impl Into<String>) -> Self {
        let (field, problem) = (field.into(), problem.into());
        let detail = format!("{field}: {problem}");
        Self { code, detail, fields: vec![FieldProblem { field, problem }] }
    }

    /// A wrong field.
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::field(RefusalCode::InvalidField, field, problem)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! What may be known of a subject, field by field.

use crate::code::FieldId;
use crate::locale::Texts;

/// A field of a data subject.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in messages.
    pub id: FieldId,
    /// Its title for people.
    pub title: Texts,
    /// What its values look like.
    pub kind: FieldKind,
    /// How it is to be protected.
    pub class: FieldClass,
    /// Whether the law guards data of this kind specially.
    pub data: DataKind,
    /// The subject may see and correct it.
    pub self_service: bool,
    /// It is part of an export to the subject.
    pub export: bool,
}

/// What a field's values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A name or other short text, one line.
    Text,
    /// An email address.
    Email,
    /// A phone number in international form.
    Phone,
    /// A date, `YYYY-MM-DD`.
    Date,
}

/// How a field is classified (I1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldClass {
    /// It identifies the subject, alone or with others.
    pub identifying: bool,
    /// It is sensitive.
    pub sensitive: bool,
}

/// Kinds of data that the law guards specially.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// Anything else.
    #[default]
    Ordinary,
    /// A special category (Art. 9): only with explicit consent.
    Special,
    /// Criminal convictions and offences (Art. 10): only where the feature is switched on.
    Criminal,
}

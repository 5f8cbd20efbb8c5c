//! How messages name a data subject.

use crate::code::IdScheme;
use crate::locale::Locale;
use crate::model::{IdentityValue, SubjectId, SubjectKind};
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A data subject as a message names it: by email, phone, or any id; at least one of them.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectRef {
    /// The id that Rescind gave, as told in its events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SubjectId>,
    /// Email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number in international form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Ids that apps gave, by app: `{"shop": "4711"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<IdScheme, String>,
    /// The name to address the subject by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The language to address the subject in; a BCP 47 tag such as `de` or `de-AT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What the subject is to the controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SubjectKind>,
}

impl std::fmt::Debug for SubjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubjectRef")
    }
}

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 200;

impl SubjectRef {
    /// A subject by the id that Rescind gave.
    pub fn known(id: SubjectId) -> Self {
        Self { id: Some(id), ..Self::default() }
    }

    /// The identities named, normalised; a refusal that lists every wrong field, or that none is named.
    pub fn identities(&self) -> Result<Vec<IdentityValue>, Refusal> {
        let mut problems = Vec::new();
        let mut found = Vec::new();
        let mut take = |field: String, result: Result<IdentityValue, _>| match result {
            Ok(value) => found.push(value),
            Err(e) => {
                problems.push(FieldProblem { field, problem: crate::model::IdentityProblem::to_string(&e) })
            }
        };
        if let Some(email) = &self.email {
            take("data.subject.email".into(), IdentityValue::email(email));
        }
        if let Some(phone) = &self.phone {
            take("data.subject.phone".into(), IdentityValue::phone(phone));
        }
        for (scheme, id) in &self.ids {
            take(format!("data.subject.ids.{scheme}"), IdentityValue::external(scheme.clone(), id));
        }
        if self
            .name
            .as_ref()
            .is_some_and(|n| n.chars().count() > LONGEST_NAME || n.chars().any(char::is_control))
        {
            problems.push(FieldProblem {
                field: "data.subject.name".into(),
                problem: format!("must be one line of at most {LONGEST_NAME} characters"),
            });
        }
        if self.locale.as_ref().is_some_and(|l| !is_language_tag(l)) {
            problems.push(FieldProblem {
                field: "data.subject.locale".into(),
                problem: "must be a language tag like de or de-AT".into(),
            });
        }
        if found.is_empty() && problems.is_empty() && self.id.is_none() {
            problems.push(FieldProblem {
                field: "data.subject".into(),
                problem: "must name the subject by email, phone, ids or id".into(),
            });
        }
        if problems.is_empty() {
            return Ok(found);
        }
        let detail =
            problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
        Err(Refusal { code: RefusalCode::InvalidField, detail, fields: problems })
    }

    /// The language named, if Rescind has texts in it.
    pub fn locale(&self) -> Option<Locale> {
        self.locale.as_deref().and_then(Locale::from_tag)
    }
}

fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

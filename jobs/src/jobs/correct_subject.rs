//! The subject corrects its data on its own page, after the code that was mailed to it (Art. 16, G7).

use super::guards;
use super::naming::set_field;
use super::upsert_subject::value_problem;
use crate::audit::Act;
use crate::code::FieldId;
use crate::decision::Decision;
use crate::job::{Concerns, Job};
use crate::model::{Subject, SubjectId, SubjectState};
use crate::refusal::{FieldProblem, Refusal, RefusalCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `subject.correct.v1`: new values of fields that the policy lets the subject correct.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectSubject {
    /// Whose.
    pub subject: SubjectId,
    /// The values; an empty text erases one.
    pub fields: BTreeMap<FieldId, String>,
}

impl Job for CorrectSubject {
    const KIND: &'static str = "subject.correct.v1";
    const INTERNAL: bool = true;

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(self.subject)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        if subject.state != SubjectState::Active {
            return Err(Refusal::new(
                RefusalCode::SubjectClosed,
                "The subject's data are restricted or being erased; they may not be changed.",
            ));
        }
        let is_child = guards::is_child(subject, cx)?;
        let mut problems = Vec::new();
        for (name, value) in &self.fields {
            let field = cx.policy().fields.get(name).filter(|field| field.self_service);
            let problem = match field {
                None => Some("is not a field that the subject corrects".to_owned()),
                // a child must not grow up by a click, nor by having no age
                Some(_) if cx.policy().children.birthday.as_ref() == Some(name) && is_child => {
                    Some("cannot be changed here".to_owned())
                }
                Some(_) if value.is_empty() => None,
                Some(field) => value_problem(field.kind, value)
                    .or_else(|| guards::field_problem(name, subject, cx).map(|(_, problem)| problem)),
            };
            problems.extend(
                problem.map(|problem| FieldProblem { field: format!("data.fields.{name}"), problem }),
            );
        }
        if !problems.is_empty() {
            let detail = "A value cannot be taken.".to_owned();
            return Err(Refusal { code: RefusalCode::InvalidField, detail, fields: problems });
        }
        let mut changed = Vec::new();
        for (field, value) in &self.fields {
            let new = match value.is_empty() {
                true => subject.fields.remove(field).is_some(),
                false => set_field(subject, field.clone(), value, cx)?,
            };
            if new {
                changed.push(field.clone());
            }
        }
        if !changed.is_empty() {
            cx.record(&Act::FieldsChanged { fields: changed });
        }
        Ok(())
    }
}

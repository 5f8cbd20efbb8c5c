//! A job: the argument struct of a message, and what is decided about it.

use crate::decision::Decision;
use crate::gate::Known;
use crate::model::{Subject, SubjectId};
use crate::policy::{Feature, Policy};
use crate::refusal::{Refusal, RefusalCode};
use crate::subject_ref::SubjectRef;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// Whom a message concerns.
#[derive(Debug)]
pub enum Concerns<'a> {
    /// A subject named by its identities.
    Named(&'a SubjectRef),
    /// A subject by its id.
    Known(SubjectId),
    /// A subject that is asked about and stays as it is: the gate's question for `purpose`.
    Asked {
        /// As named.
        subject: &'a SubjectRef,
        /// What its data are to be used for.
        purpose: &'a crate::code::PurposeId,
    },
    /// The subject of a request for consent.
    Request(Uuid),
    /// Nobody in particular.
    Nobody,
    /// Many: the message expands, page by page, into one job a subject.
    Many(Selection),
}

/// Which subjects a message expands to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Those with a granted consent to a purpose.
    Granted(crate::code::PurposeId),
    /// The consents that a filter describes, each on its own.
    Consents(crate::jobs::ConsentsWhere),
}

/// What a message about many subjects becomes for each of them.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The type of the job for each subject.
    pub kind: &'static str,
    /// Its data.
    pub data: Value,
}

/// A message's type: its data, and the decision about it.
pub trait Job: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The stable type: stored, routed on, never reused.
    const KIND: &'static str;
    /// Only Rescind itself may send it.
    const INTERNAL: bool = false;
    /// The feature that must be switched on.
    const FEATURE: Option<Feature> = None;
    /// An unknown subject is created.
    const CREATES: bool = false;
    /// The name it gives replaces a known one. Elsewhere a name is taken only where none is known: whoever fills in a
    /// form must not rename somebody who has confirmed.
    const RENAMES: bool = false;
    /// Where identities point at several subjects, it is applied to each; else it is parked for staff.
    const EVERY_MATCH: bool = false;

    /// It decides about restrictions and objections, so they are read with the subject.
    const RIGHTS: bool = false;

    /// It decides about the subject's own page, so that is read with the subject.
    const PAGE: bool = false;

    /// Whom it concerns.
    fn concerns(&self) -> Concerns<'_>;

    /// Whether it decides about restrictions and objections; see [`Self::RIGHTS`].
    fn rights(&self) -> bool {
        Self::RIGHTS
    }

    /// Whether it is applied to every match; see [`Self::EVERY_MATCH`].
    fn every_match(&self) -> bool {
        Self::EVERY_MATCH
    }

    /// The cause of the notices to staff that it decides about; they are read with the subject.
    fn notices(&self) -> Option<Uuid> {
        None
    }

    /// Decides. Whatever it does to `subject` and orders from `cx` counts only if it returns `Ok`.
    ///
    /// # Errors
    /// A refusal is final; the message is refused to its sender, or parked.
    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let _ = (subject, cx);
        Err(Refusal::new(RefusalCode::InternalError, "This type is not about one subject."))
    }

    /// Decides what concerns nobody in particular.
    ///
    /// # Errors
    /// As for [`Self::decide`].
    fn decide_alone(&self, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let _ = cx;
        Err(Refusal::new(RefusalCode::InternalError, "This type is about one subject."))
    }

    /// Answers a question about what is known of the subjects that answer to its naming.
    ///
    /// # Errors
    /// As for [`Self::decide`].
    fn answer(&self, known: &[Known], cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let _ = (known, cx);
        Err(Refusal::new(RefusalCode::InternalError, "This type asks nothing."))
    }

    /// What it becomes for each of many subjects.
    ///
    /// # Errors
    /// As for [`Self::decide`].
    fn expand(&self, policy: &Policy, now: Timestamp) -> Result<Expansion, Refusal> {
        let _ = (policy, now);
        Err(Refusal::new(RefusalCode::InternalError, "This type is not about many subjects."))
    }
}

/// A job of any type.
pub trait AnyJob: Send + Sync {
    /// See [`Job::concerns`].
    fn concerns(&self) -> Concerns<'_>;
    /// The subject as named, if it is named.
    fn named(&self) -> Option<&SubjectRef>;
    /// See [`Job::CREATES`].
    fn creates(&self) -> bool;
    /// See [`Job::every_match`].
    fn every_match(&self) -> bool;
    /// See [`Job::RENAMES`].
    fn renames(&self) -> bool;
    /// See [`Job::rights`].
    fn rights(&self) -> bool;
    /// See [`Job::PAGE`].
    fn page(&self) -> bool;
    /// See [`Job::notices`].
    fn notices(&self) -> Option<Uuid>;
    /// See [`Job::decide`].
    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal>;
    /// See [`Job::decide_alone`].
    fn decide_alone(&self, cx: &mut Decision<'_>) -> Result<(), Refusal>;
    /// See [`Job::answer`].
    fn answer(&self, known: &[Known], cx: &mut Decision<'_>) -> Result<(), Refusal>;
    /// See [`Job::expand`].
    fn expand(&self, policy: &Policy, now: Timestamp) -> Result<Expansion, Refusal>;
}

impl<J: Job> AnyJob for J {
    fn concerns(&self) -> Concerns<'_> {
        Job::concerns(self)
    }

    fn named(&self) -> Option<&SubjectRef> {
        match Job::concerns(self) {
            Concerns::Named(subject) => Some(subject),
            _ => None,
        }
    }

    fn creates(&self) -> bool {
        J::CREATES
    }

    fn every_match(&self) -> bool {
        Job::every_match(self)
    }

    fn renames(&self) -> bool {
        J::RENAMES
    }

    fn rights(&self) -> bool {
        Job::rights(self)
    }

    fn page(&self) -> bool {
        J::PAGE
    }

    fn notices(&self) -> Option<Uuid> {
        Job::notices(self)
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        Job::decide(self, subject, cx)
    }

    fn decide_alone(&self, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        Job::decide_alone(self, cx)
    }

    fn answer(&self, known: &[Known], cx: &mut Decision<'_>) -> Result<(), Refusal> {
        Job::answer(self, known, cx)
    }

    fn expand(&self, policy: &Policy, now: Timestamp) -> Result<Expansion, Refusal> {
        Job::expand(self, policy, now)
    }
}

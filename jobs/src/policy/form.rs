//! Forms for consent that Rescind hosts: one question for each purpose (C11).

use crate::code::{ContentId, FormId};
use crate::locale::Texts;

/// A form at `/form/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentForm {
    /// Its name.
    pub id: FormId,
    /// Its title for people.
    pub title: Texts,
    /// What stands above the questions.
    pub intro: Option<Texts>,
    /// What is asked, in this order; each of another purpose by consent.
    pub contents: Vec<ContentId>,
    /// Terms of use that have to be accepted.
    pub terms: Option<ContentId>,
}

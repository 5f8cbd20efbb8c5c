//! The parameters of a form for consent that Rescind hosts.

use serde::Serialize;

use super::preferences::WordingBlock;
use super::samples::{self, Sample};
use super::{ControllerBlock, PageParameters};

/// A form for consent: one answer for each purpose. It posts `nonce`, `answer.CONTENT` (`agree` or `disagree`) for each
/// question, `email`, and `terms` (the version) where terms are asked.
#[derive(Clone, Serialize)]
pub struct FormPage {
    /// Who asks.
    pub controller: ControllerBlock,
    /// The form's title.
    pub title: String,
    /// What stands above the questions.
    pub intro: Option<String>,
    /// What is asked.
    pub questions: Vec<Question>,
    /// Terms that have to be accepted.
    pub terms: Option<WordingBlock>,
    /// The box of the terms was not ticked.
    pub terms_missing: bool,
    /// The address that was typed.
    pub email: String,
    /// It is none.
    pub email_wrong: bool,
    /// The page was too old, or too much was asked for: `stale` or `many`.
    pub problem: Option<&'static str>,
    /// What proves that the form comes from this page.
    pub nonce: String,
}

/// One purpose of a form.
#[derive(Clone, Serialize)]
pub struct Question {
    /// The content's name.
    pub content: String,
    /// What the data are to be used for.
    pub purpose_title: String,
    /// The wording.
    pub wording: WordingBlock,
    /// The answer that was given before something else was found missing: `agree` or `disagree`.
    pub answer: Option<&'static str>,
    /// No answer was given.
    pub missing: bool,
}

/// After a form: what happens next. It says the same whether or not the address is known.
#[derive(Clone, Serialize)]
pub struct FormSentPage {
    /// Who asked.
    pub controller: ControllerBlock,
    /// Something was agreed to, so a mail asks for its confirmation.
    pub asked: bool,
}

impl PageParameters for FormPage {
    const TEMPLATE: &'static str = "form";

    fn samples(locale: &'static str) -> Vec<Self> {
        let Sample { purpose, title, text, .. } = samples::of(locale);
        let wording = WordingBlock {
            content_title: title.to_owned(),
            content_text: text.to_owned(),
            content_version: "3".to_owned(),
            content_locale: locale.to_owned(),
        };
        let question = |content: &str, answer, missing| Question {
            content: content.to_owned(),
            purpose_title: purpose.to_owned(),
            wording: wording.clone(),
            answer,
            missing,
        };
        let full = Self {
            controller: samples::controller(),
            title: title.to_owned(),
            intro: Some(text.to_owned()),
            questions: vec![
                question("newsletter", Some("agree"), false),
                question("events", Some("disagree"), false),
                question("offers", None, true),
            ],
            terms: Some(wording.clone()),
            terms_missing: true,
            email: "ana@".to_owned(),
            email_wrong: true,
            problem: Some("stale"),
            nonce: "orsxg5dfmq4tcnzv".to_owned(),
        };
        let fresh = Self {
            intro: None,
            questions: vec![question("newsletter", None, false)],
            terms: None,
            terms_missing: false,
            email: String::new(),
            email_wrong: false,
            problem: None,
            ..full.clone()
        };
        let many = Self { problem: Some("many"), ..fresh.clone() };
        vec![full, fresh, many]
    }
}

impl PageParameters for FormSentPage {
    const TEMPLATE: &'static str = "form_sent";

    fn samples(_: &'static str) -> Vec<Self> {
        let asked = Self { controller: samples::controller(), asked: true };
        vec![asked.clone(), Self { asked: false, ..asked }]
    }

    // the form itself has the same address
    fn switch(&self) -> &'static str {
        if self.asked { "?sent=1&" } else { "?sent=0&" }
    }
}

//! The parameters of what a subject changes on its own page, and of the mail with the code that unlocks it.

use serde::Serialize;

use super::preferences::WordingBlock;
use super::samples::{self, Sample};
use super::{ControllerBlock, MailParameters, PageParameters};

/// The mail with the code for the subject's own page.
#[derive(Clone, Serialize)]
pub struct PageCodeMail {
    /// Who sends it.
    pub controller: ControllerBlock,
    /// The name to address the person by.
    pub recipient_name: Option<String>,
    /// The code, in two groups of four digits.
    pub code: String,
    /// For how many minutes it can be entered.
    pub minutes: i64,
    /// The person's own page; `None` where its address was revoked.
    pub preferences_url: Option<String>,
}

/// Has a code sent (`step` is `ask`), or asks for it (`enter`). Its forms post `nonce` to `code`, and `nonce` and `code` to
/// `unlock`.
#[derive(Clone, Serialize)]
pub struct UnlockPage {
    /// Who asks.
    pub controller: ControllerBlock,
    /// `ask` or `enter`.
    pub step: &'static str,
    /// Why it did not work: `wrong`, `many`, `unreachable`, `closed` or `stale`.
    pub problem: Option<&'static str>,
    /// For how many minutes a code can be entered.
    pub minutes: i64,
    /// What proves that a form comes from this page.
    pub nonce: String,
    /// What follows the address of a form, so that a chosen language stays.
    pub suffix: String,
    /// Back to the subject's own page.
    pub back_url: String,
}

/// What a subject can change once the code was entered. Its forms post to `edit`: `nonce`, `pass` and either `give`,
/// `version` and `agree=yes`, or `choose` and `topic`, or `correct=yes` and a field `field.NAME` for each value.
#[derive(Clone, Serialize)]
pub struct EditPage {
    /// Who asks.
    pub controller: ControllerBlock,
    /// Something was changed just now.
    pub done: bool,
    /// What proves that the code was entered.
    pub pass: String,
    /// What proves that a form comes from this page.
    pub nonce: String,
    /// What follows the address of a form, so that a chosen language stays.
    pub suffix: String,
    /// What the subject can agree to.
    pub offers: Vec<Offer>,
    /// The topics that it has left and can choose again.
    pub topics: Vec<TopicOffer>,
    /// What it can correct.
    pub fields: Vec<EditField>,
    /// The email address, where it can be changed.
    pub email: Option<EditEmail>,
    /// Back to the subject's own page.
    pub back_url: String,
}

/// The email address that mail goes to. The form posts `nonce`, `pass` and `email`.
#[derive(Clone, Serialize)]
pub struct EditEmail {
    /// As it is.
    pub current: String,
    /// As it was entered.
    pub given: String,
    /// What was entered is no address.
    pub wrong: bool,
    /// Too many mails were asked for.
    pub many: bool,
    /// A mail is on its way to the new one.
    pub sent: bool,
}

/// A wording that a subject can agree to.
#[derive(Clone, Serialize)]
pub struct Offer {
    /// The content's name.
    pub content: String,
    /// What the data are to be used for.
    pub purpose_title: String,
    /// The wording.
    pub wording: WordingBlock,
    /// The button was pressed without the box being ticked.
    pub box_missing: bool,
}

/// A topic that a subject can choose again.
#[derive(Clone, Serialize)]
pub struct TopicOffer {
    /// The purpose's name.
    pub purpose: String,
    /// The topic's name.
    pub topic: String,
    /// What the topic is called.
    pub topic_title: String,
    /// What the purpose is called.
    pub purpose_title: String,
}

/// A value that a subject can correct.
#[derive(Clone, Serialize)]
pub struct EditField {
    /// The field's name.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// Its value, empty if there is none.
    pub value: String,
    /// The kind of input: `text`, `email`, `tel` or `date`.
    pub input: &'static str,
    /// What browsers may fill in (HTML, "autofill").
    pub autocomplete: &'static str,
    /// The value that was sent cannot be taken.
    pub wrong: bool,
}

impl MailParameters for PageCodeMail {
    const TEMPLATE: &'static str = "page_code";

    fn samples(_: &'static str) -> Vec<Self> {
        let full = Self {
            controller: samples::controller(),
            recipient_name: Some("Ana Lindqvist".to_owned()),
            code: "2718 2818".to_owned(),
            minutes: 15,
            preferences_url: Some("https://rescind.harbour.example/p/mzxw6ytboi".to_owned()),
        };
        let sparse = Self { recipient_name: None, preferences_url: None, ..full.clone() };
        vec![full, sparse]
    }
}

impl PageParameters for UnlockPage {
    const TEMPLATE: &'static str = "unlock";

    fn samples(_: &'static str) -> Vec<Self> {
        let ask = Self {
            controller: samples::controller(),
            step: "ask",
            problem: None,
            minutes: 15,
            nonce: "orsxg5dfmq4tcnzv".to_owned(),
            suffix: "?lang=en".to_owned(),
            back_url: "../mzxw6ytboi".to_owned(),
        };
        let enter = Self { step: "enter", ..ask.clone() };
        let with = |step, problem| Self { step, problem: Some(problem), ..ask.clone() };
        vec![
            enter,
            ask.clone(),
            with("enter", "wrong"),
            with("ask", "many"),
            with("ask", "unreachable"),
            with("ask", "closed"),
            with("ask", "stale"),
        ]
    }

    // the addresses of forms show what can be entered, as long as a code is open
    fn switch(&self) -> &'static str {
        if self.step == "enter" { "code?" } else { "change?" }
    }
}

impl PageParameters for EditPage {
    const TEMPLATE: &'static str = "edit";

    fn samples(locale: &'static str) -> Vec<Self> {
        let Sample { purpose, title, text, .. } = samples::of(locale);
        let offer = Offer {
            content: "newsletter".to_owned(),
            purpose_title: purpose.to_owned(),
            wording: WordingBlock {
                content_title: title.to_owned(),
                content_text: text.to_owned(),
                content_version: "3".to_owned(),
                content_locale: locale.to_owned(),
            },
            box_missing: true,
        };
        let field = |name: &str, label: &str, value: &str, input, autocomplete, wrong| EditField {
            name: name.to_owned(),
            label: label.to_owned(),
            value: value.to_owned(),
            input,
            autocomplete,
            wrong,
        };
        let full = Self {
            controller: samples::controller(),
            done: true,
            pass: "0192d7a000007000.1795338000000000.mzxw6ytboi".to_owned(),
            nonce: "orsxg5dfmq4tcnzv".to_owned(),
            suffix: String::new(),
            offers: vec![offer],
            topics: vec![TopicOffer {
                purpose: "newsletter".to_owned(),
                topic: "events".to_owned(),
                topic_title: "Events".to_owned(),
                purpose_title: purpose.to_owned(),
            }],
            fields: vec![
                field("first_name", "First name", "Ana", "text", "given-name", false),
                field("birthday", "Date of birth", "31.12.1990", "date", "bday", true),
            ],
            email: Some(EditEmail {
                current: "ana@harbour.example".to_owned(),
                given: "ana@quay".to_owned(),
                wrong: true,
                many: true,
                sent: true,
            }),
            back_url: "../mzxw6ytboi".to_owned(),
        };
        let sparse = Self {
            done: false,
            offers: Vec::new(),
            topics: Vec::new(),
            fields: Vec::new(),
            email: None,
            ..full.clone()
        };
        vec![full, sparse]
    }

    // what unlocks the page never stands in an address: the way leads by the code, which can be entered again
    fn switch(&self) -> &'static str {
        "code?"
    }
}

//! The parameters of a subject's own page.

use serde::Serialize;

use super::samples::{self, Sample};
use super::{ControllerBlock, PageParameters};

/// A subject's own page: what it has agreed to. Shows nothing that tells who the subject is, because its address may
/// have been passed on.
#[derive(Clone, Serialize)]
pub struct PreferencesPage {
    /// Who asks.
    pub controller: ControllerBlock,
    /// Something was changed just now.
    pub done: bool,
    /// Every purpose that rests on consent, and those by soft opt-in that the subject is a customer for.
    pub purposes: Vec<PurposeLine>,
    /// Where all of them are withdrawn; `None` where there is nothing to withdraw.
    pub withdraw_all_url: Option<String>,
    /// Where consent is given and data are corrected.
    pub change_url: String,
}

/// One purpose on a subject's own page.
#[derive(Clone, Serialize)]
pub struct PurposeLine {
    /// What the data are used for.
    pub purpose_title: String,
    /// `granted`, `unconfirmed`, `none`, `requested`, `refused`, `withdrawn` or `expired`; by soft opt-in `customer` or
    /// `objected`.
    pub state: &'static str,
    /// Since when: a date, written out in the page's locale.
    pub since: String,
    /// When a consent ends by itself.
    pub expires_at: Option<String>,
    /// What was bought, whose like a customer is told of.
    pub similar_to: Option<String>,
    /// What was agreed to.
    pub wording: Option<WordingBlock>,
    /// The topics within it, while consent or soft opt-in stands.
    pub topics: Vec<TopicLine>,
    /// Where it is withdrawn, or ended by an objection; `None` where there is nothing to end.
    pub withdraw_url: Option<String>,
}

/// One topic on a subject's own page.
#[derive(Clone, Serialize)]
pub struct TopicLine {
    /// What it is called.
    pub topic_title: String,
    /// Since when it is left; `None`: it is not.
    pub left_at: Option<String>,
    /// Where it is left; `None` where it is left already.
    pub leave_url: Option<String>,
}

/// A wording as shown on a page.
#[derive(Clone, Serialize)]
pub struct WordingBlock {
    /// Its title.
    pub content_title: String,
    /// The wording itself; paragraphs are separated by empty lines.
    pub content_text: String,
    /// Its version.
    pub content_version: String,
    /// The locale that it is written in, which need not be the page's.
    pub content_locale: String,
}

/// Asks whether a topic is really to be left. Its form posts `nonce` to the page's own address.
#[derive(Clone, Serialize)]
pub struct LeavePage {
    /// Who is told.
    pub controller: ControllerBlock,
    /// The title of the topic.
    pub topic: String,
    /// The title of the purpose, whose consent stays.
    pub purpose: String,
    /// What proves that the form comes from this page.
    pub nonce: String,
    /// Back to the subject's own page.
    pub back_url: String,
}

/// Asks whether consent is really to be withdrawn, or soft opt-in ended. Its form posts `nonce` to the page's own address.
#[derive(Clone, Serialize)]
pub struct WithdrawPage {
    /// Who is told.
    pub controller: ControllerBlock,
    /// It is an objection to what rests on soft opt-in, and to nothing else.
    pub objection: bool,
    /// The titles of what is withdrawn.
    pub purposes: Vec<String>,
    /// What proves that the form comes from this page.
    pub nonce: String,
    /// Back to the subject's own page.
    pub back_url: String,
}

impl PageParameters for PreferencesPage {
    const TEMPLATE: &'static str = "preferences";

    fn samples(locale: &'static str) -> Vec<Self> {
        let Sample { purpose, title, text, requested_at, expires_at, .. } = samples::of(locale);
        let granted = PurposeLine {
            purpose_title: purpose.to_owned(),
            state: "granted",
            since: requested_at.to_owned(),
            expires_at: Some(expires_at.to_owned()),
            similar_to: None,
            wording: Some(WordingBlock {
                content_title: title.to_owned(),
                content_text: text.to_owned(),
                content_version: "3".to_owned(),
                content_locale: locale.to_owned(),
            }),
            topics: vec![
                TopicLine {
                    topic_title: "Offers".to_owned(),
                    left_at: None,
                    leave_url: Some("mzxw6ytboi/topics/newsletter/offers".to_owned()),
                },
                TopicLine {
                    topic_title: "Events".to_owned(),
                    left_at: Some(requested_at.to_owned()),
                    leave_url: None,
                },
            ],
            withdraw_url: Some("mzxw6ytboi/withdraw/newsletter".to_owned()),
        };
        let ended = |state| PurposeLine {
            state,
            expires_at: None,
            wording: None,
            topics: Vec::new(),
            withdraw_url: None,
            ..granted.clone()
        };
        let states = ["unconfirmed", "none", "requested", "refused", "withdrawn", "expired", "objected"];
        let customer = PurposeLine {
            similar_to: Some("Harbour Books".to_owned()),
            withdraw_url: Some("mzxw6ytboi/withdraw/similar_products".to_owned()),
            ..ended("customer")
        };
        let full = Self {
            controller: samples::controller(),
            done: true,
            purposes: [granted.clone(), customer].into_iter().chain(states.map(ended)).collect(),
            withdraw_all_url: Some("mzxw6ytboi/withdraw".to_owned()),
            change_url: "mzxw6ytboi/change".to_owned(),
        };
        let sparse = Self { done: false, purposes: Vec::new(), withdraw_all_url: None, ..full.clone() };
        vec![full, sparse]
    }

    // what was done stays said
    fn switch(&self) -> &'static str {
        if self.done { "?done=1&" } else { "?" }
    }
}

impl PageParameters for WithdrawPage {
    const TEMPLATE: &'static str = "withdraw";

    fn samples(locale: &'static str) -> Vec<Self> {
        let consent = Self {
            controller: samples::controller(),
            objection: false,
            purposes: vec![samples::of(locale).purpose.to_owned()],
            nonce: "orsxg5dfmq4tcnzv".to_owned(),
            back_url: "../../mzxw6ytboi".to_owned(),
        };
        vec![consent.clone(), Self { objection: true, ..consent }]
    }
}

impl PageParameters for LeavePage {
    const TEMPLATE: &'static str = "leave";

    fn samples(locale: &'static str) -> Vec<Self> {
        vec![Self {
            controller: samples::controller(),
            topic: "Offers".to_owned(),
            purpose: samples::of(locale).purpose.to_owned(),
            nonce: "orsxg5dfmq4tcnzv".to_owned(),
            back_url: "../../../mzxw6ytboi".to_owned(),
        }]
    }
}

//! What a template gets: one struct a template, with samples, so that every template can be shown and tested without
//! a running system.
//!
//! Rule: these structs hold personal data for the moment of rendering. They have no `Debug` and no `Display`.

mod address;
mod changing;
mod form;
mod mailing;
mod mails;
mod pages;
mod preferences;
mod privacy;
mod rights;
mod samples;
mod source_notice;
mod staff;

use serde::Serialize;

pub use address::{AddressPage, ConfirmAddress};
pub use changing::{EditEmail, EditField, EditPage, Offer, PageCodeMail, TopicOffer, UnlockPage};
pub use form::{FormPage, FormSentPage, Question};
pub use mailing::{Mailing, MailingButton, UnsubscribePage};
pub use mails::{ConfirmConsent, RemindConsent};
pub use pages::{Answer, AnsweredPage, ConfirmPage, HomePage, LinkInvalidPage, Regulation, TroublePage};

pub use preferences::{LeavePage, PreferencesPage, PurposeLine, TopicLine, WithdrawPage, WordingBlock};
pub use privacy::{PrivacyPage, PurposeBlock, Told};
pub use rights::{RestrictionConfirmed, RestrictionEnding};
pub use source_notice::SourceNotice;
pub use staff::{
    DigestItem, NoticePage, PersonLine, StaffDigest, StaffErasureRequest, StaffEscalation, StaffNotice,
    StaffObjection, StaffRestriction, StaffUnclear, StaffUnreachable, StaffWebhook, StaffWithdrawal,
};

use super::locale::LOCALES;

/// The parameters of a mail.
pub trait MailParameters: Serialize {
    /// The folder below `templates/emails`.
    const TEMPLATE: &'static str;

    /// The names of the parameters that differ from mail to mail of the same kind, at most eight.
    const OWN: &'static [&'static str] = &[];

    /// Examples as they could occur, written in `locale` (one of [`LOCALES`]). The first one shows everything.
    fn samples(locale: &'static str) -> Vec<Self>
    where
        Self: Sized;

    /// The same with marks in place of what is its own, and that, in the order of [`Self::OWN`]; empty where there is
    /// none. None for a mail that has nothing in common with others.
    fn parts(&self) -> Option<(Self, Vec<&str>)>
    where
        Self: Sized,
    {
        None
    }
}

/// The parameters of a page.
pub trait PageParameters: Serialize {
    /// The name of the file below `templates/pages`, without `.hbs`.
    const TEMPLATE: &'static str;

    /// Examples as they could occur, written in `locale` (one of [`LOCALES`]). The first one shows everything.
    fn samples(locale: &'static str) -> Vec<Self>
    where
        Self: Sized;

    /// The locales that the page offers to switch to: all of them, unless its contents exist in fewer. With fewer than
    /// two there is nothing to switch, and no switch.
    fn locales(&self) -> &[&'static str] {
        &LOCALES
    }

    /// Where the links of the language switch lead, up to the parameter that names the language. Left out: to this very
    /// page. What answers a form that has a place of its own leads to the page by which one gets there.
    fn switch(&self) -> &'static str {
        "?"
    }
}

/// Who is responsible and how to reach them (Art. 13(1)(a)), as shown below every mail and page that asks something.
#[derive(Clone, Serialize)]
pub struct ControllerBlock {
    /// The controller's name.
    pub name: String,
    /// The postal address, a line each.
    pub address: String,
    /// Where to write to in matters of data protection.
    pub email: String,
    /// A telephone number, as people write it.
    pub phone: Option<String>,
    /// The privacy notice (`https`).
    pub privacy_url: Option<String>,
}

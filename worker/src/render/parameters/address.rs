//! A new email address: the mail that asks there, and the page on which it is confirmed.

use super::{ControllerBlock, LOCALES, MailParameters, PageParameters, samples};
use serde::Serialize;

/// The mail that asks at a new address whether it is the person's own.
#[derive(Clone, Serialize)]
pub struct ConfirmAddress {
    /// Who asks.
    pub controller: ControllerBlock,
    /// The page on which it is confirmed.
    pub confirm_url: String,
    /// Until when it can be confirmed.
    pub expires_at: String,
}

/// What the link in that mail opens. Its form posts `nonce` to the same address.
#[derive(Clone, Serialize)]
pub struct AddressPage {
    /// Who asks.
    pub controller: ControllerBlock,
    /// It is confirmed.
    pub done: bool,
    /// It is another person's.
    pub taken: bool,
    /// What proves that a form comes from this page.
    pub nonce: String,
}

impl MailParameters for ConfirmAddress {
    const TEMPLATE: &'static str = "confirm_address";

    fn samples(locale: &'static str) -> Vec<Self> {
        vec![Self {
            controller: samples::controller(),
            confirm_url: "https://rescind.harbour.example/a/mzxw6ytboi".to_owned(),
            expires_at: samples::of(locale).expires_at.to_owned(),
        }]
    }
}

impl PageParameters for AddressPage {
    const TEMPLATE: &'static str = "address";

    fn samples(_: &'static str) -> Vec<Self> {
        let open = Self {
            controller: samples::controller(),
            done: false,
            taken: false,
            nonce: "orsxg5dfmq4tcnzv".to_owned(),
        };
        vec![open.clone(), Self { done: true, ..open.clone() }, Self { taken: true, ..open }]
    }

    // once it is confirmed, the link opens nothing any more
    fn locales(&self) -> &[&'static str] {
        if self.done { &[] } else { &LOCALES }
    }
}

//! The parameters of the mail that tells somebody where data about them came from (Art. 14).

use super::mails::plausible;
use super::privacy::PrivacyPage;
use super::{ControllerBlock, MailParameters, PageParameters, PurposeBlock, Told};
use serde::Serialize;

/// Where data came from, what they are used for, and which rights there are.
#[derive(Clone, Serialize)]
pub struct SourceNotice {
    /// Who is responsible.
    pub controller: ControllerBlock,
    /// The name to greet with, if it looks like one.
    #[serde(serialize_with = "plausible")]
    pub recipient_name: Option<String>,
    /// Where the data came from.
    pub source: Told,
    /// The source is publicly accessible.
    pub public: bool,
    /// Which data came from there.
    pub data: Option<Told>,
    /// How the data protection officer is reached, a line each.
    pub officer: Option<String>,
    /// What the data are used for.
    pub purposes: Vec<PurposeBlock>,
    /// Who receives data.
    pub recipients: Option<Told>,
    /// Which data go to third countries.
    pub transfers: Option<Told>,
    /// Automated decisions; `None`: there are none.
    pub automated_decisions: Option<Told>,
    /// The supervisory authority.
    pub authority: Option<Told>,
    /// Some purpose rests on consent.
    pub by_consent: bool,
    /// Some purpose can be objected to.
    pub objectionable: bool,
    /// The privacy notice.
    pub privacy_url: String,
    /// The person's own page; none if its address was revoked.
    pub preferences_url: Option<String>,
}

impl MailParameters for SourceNotice {
    const TEMPLATE: &'static str = "source_notice";

    fn samples(locale: &'static str) -> Vec<Self> {
        let page = PrivacyPage::samples(locale).swap_remove(0);
        let full = Self {
            controller: page.controller,
            recipient_name: Some("Ana Lindqvist".to_owned()),
            source: Told { text: "Quay Trade Directory".to_owned(), locale: "en".to_owned() },
            public: true,
            data: page.recipients.clone(),
            officer: page.officer,
            purposes: page.purposes,
            recipients: page.recipients,
            transfers: page.transfers,
            automated_decisions: page.automated_decisions,
            authority: page.authority,
            by_consent: true,
            objectionable: true,
            privacy_url: "https://harbour.example/privacy".to_owned(),
            preferences_url: Some("https://rescind.harbour.example/p/mzxw6ytboi".to_owned()),
        };
        let sparse = Self {
            recipient_name: None,
            public: false,
            data: None,
            officer: None,
            purposes: full.purposes.iter().skip(2).take(1).cloned().collect(),
            recipients: None,
            transfers: None,
            automated_decisions: None,
            authority: None,
            by_consent: false,
            objectionable: false,
            preferences_url: None,
            ..full.clone()
        };
        vec![full, sparse]
    }
}

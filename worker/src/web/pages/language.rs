//! Which language a page is shown in: the one chosen on the page, else the one the subject was written to in, else
//! the best that the browser asks for, else the policy's.

use crate::render::{LOCALES, best_locale};
use axum::http::{HeaderMap, Uri, header};
use rescind_jobs::locale::Locale;
use rescind_jobs::policy::Policy;
use url::form_urlencoded;

/// What a request says of its reader's languages.
pub(super) struct Reader<'r> {
    /// Chosen on the page.
    pub(super) chosen: Option<Locale>,
    accepted: Option<&'r str>,
}

impl<'r> Reader<'r> {
    pub(super) fn of(uri: &Uri, headers: &'r HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default().as_bytes();
        let chosen = form_urlencoded::parse(query)
            .find(|(name, _)| name == "lang")
            .and_then(|(_, tag)| Locale::from_tag(&tag));
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self { chosen, accepted }
    }

    /// For a page about a request for consent.
    pub(super) fn of_request(&self, request: Locale) -> Locale {
        self.chosen.unwrap_or(request)
    }

    /// For any other page; an invalid link must not be told by its language.
    pub(super) fn general(&self, policy: &Policy) -> Locale {
        let accepted = || Locale::from_tag(best_locale(self.accepted?, &LOCALES));
        self.chosen.or_else(accepted).unwrap_or(policy.default_locale)
    }
}

//! The list of all templates, and what can be done with each without knowing its parameters: name it, render its
//! samples, tell which of the operator's files go into it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::locale::{FALLBACK, LOCALES, known};
use super::{
    AddressPage, AnsweredPage, ConfirmAddress, ConfirmConsent, ConfirmPage, EditPage, FormPage, FormSentPage,
    HomePage, LeavePage, LinkInvalidPage, MailParameters, Mailing, NoticePage, PageCodeMail, PageParameters,
    PreferencesPage, PrivacyPage, RemindConsent, RenderError, RenderedMail, Renderer, RestrictionConfirmed,
    RestrictionEnding, STYLESHEET, SourceNotice, StaffDigest, StaffErasureRequest, StaffEscalation,
    StaffObjection, StaffRestriction, StaffUnclear, StaffUnreachable, StaffWebhook, StaffWithdrawal,
    TroublePage, UnlockPage, UnsubscribePage, WithdrawPage,
};

/// What a sample of a template looks like.
#[derive(Clone)]
pub enum Rendered {
    /// The sample of a mail.
    Mail(RenderedMail),
    /// The sample of a page.
    Page(String),
}

/// Whether a template makes a mail or a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateKind {
    /// `templates/emails/<name>/`
    Mail,
    /// `templates/pages/<name>.hbs`
    Page,
}

/// One line of `rescind templates list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateInfo {
    /// The name of the template.
    pub name: &'static str,
    /// Mail or page.
    pub kind: TemplateKind,
    /// The files of the operator that go into it, shared ones (layout, texts) included.
    pub overridden: Vec<String>,
}

/// A template as it is known to the program: its name and its samples.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) kind: TemplateKind,
    /// Parameters that differ from mail to mail.
    own: &'static [&'static str],
    #[cfg(test)]
    pub(super) values: fn(&'static str) -> Vec<serde_json::Value>,
    samples: fn(&Renderer, &'static str) -> Result<Vec<Rendered>, RenderError>,
}

/// Every template. A new one is its files, its parameters, and a line here.
pub(super) const KNOWN: [Known; 33] = [
    mail::<ConfirmConsent>(),
    mail::<RemindConsent>(),
    mail::<RestrictionConfirmed>(),
    mail::<RestrictionEnding>(),
    mail::<SourceNotice>(),
    mail::<Mailing>(),
    mail::<PageCodeMail>(),
    mail::<ConfirmAddress>(),
    mail::<StaffWithdrawal>(),
    mail::<StaffErasureRequest>(),
    mail::<StaffRestriction>(),
    mail::<StaffObjection>(),
    mail::<StaffUnreachable>(),
    mail::<StaffUnclear>(),
    mail::<StaffEscalation>(),
    mail::<StaffWebhook>(),
    mail::<StaffDigest>(),
    page::<NoticePage>(),
    page::<ConfirmPage>(),
    page::<AnsweredPage>(),
    page::<UnsubscribePage>(),
    page::<PreferencesPage>(),
    page::<WithdrawPage>(),
    page::<LeavePage>(),
    page::<UnlockPage>(),
    page::<EditPage>(),
    page::<AddressPage>(),
    page::<FormPage>(),
    page::<FormSentPage>(),
    page::<PrivacyPage>(),
    page::<LinkInvalidPage>(),
    page::<TroublePage>(),
    page::<HomePage>(),
];

/// Parameters without their type, for tests that change each of them.
#[cfg(test)]
fn value(parameters: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(parameters).expect("texts and lists")
}

const fn mail<P: MailParameters>() -> Known {
    Known {
        name: P::TEMPLATE,
        kind: TemplateKind::Mail,
        own: P::OWN,
        #[cfg(test)]
        values: |locale| P::samples(locale).iter().map(value).collect(),
        samples: |renderer, locale| {
            P::samples(locale)
                .iter()
                .map(|sample| Ok(Rendered::Mail(renderer.mail(sample, locale)?)))
                .collect()
        },
    }
}

const fn page<P: PageParameters>() -> Known {
    Known {
        name: P::TEMPLATE,
        kind: TemplateKind::Page,
        own: &[],
        #[cfg(test)]
        values: |locale| P::samples(locale).iter().map(value).collect(),
        samples: |renderer, locale| {
            P::samples(locale)
                .iter()
                .map(|sample| Ok(Rendered::Page(renderer.page(sample, locale)?)))
                .collect()
        },
    }
}

impl Renderer {
    /// Renders all samples of the template called `template`, the fullest first.
    ///
    /// # Errors
    /// [`RenderError::UnknownTemplate`], and as [`Renderer::mail`].
    pub fn render_sample(&self, template: &str, locale: &str) -> Result<Vec<Rendered>, RenderError> {
        let locale = known(locale).unwrap_or(FALLBACK);
        let found = KNOWN.iter().find(|known| known.name == template);
        (found.ok_or_else(|| RenderError::UnknownTemplate(template.to_owned()))?.samples)(self, locale)
    }

    /// Every template, with the operator's files that go into it.
    #[must_use]
    pub fn list(&self) -> Vec<TemplateInfo> {
        KNOWN
            .iter()
            .map(|&Known { name, kind, .. }| {
                let own = self
                    .sources
                    .iter()
                    .filter(|(file, source)| source.own.is_some() && feeds(file, kind, name));
                TemplateInfo { name, kind, overridden: own.map(|(file, _)| file.clone()).collect() }
            })
            .collect()
    }

    /// The templates whose mails may come from a mould.
    pub(super) fn fit_for_moulds(&self) -> BTreeSet<&'static str> {
        let fit = |known: &&Known| {
            !known.own.is_empty() && self.engines.only_insert(known.name, known.own, &self.texts)
        };
        KNOWN.iter().filter(fit).map(|known| known.name).collect()
    }

    /// Renders every sample of every template in every locale, and forgets the result: what fails here would have failed
    /// in somebody's mail.
    pub(super) fn check_samples(&self) -> Result<(), RenderError> {
        KNOWN.iter().try_for_each(|known| {
            LOCALES.into_iter().try_for_each(|locale| (known.samples)(self, locale).map(drop))
        })
    }
}

/// Whether a file of the templates folder goes into a template.
fn feeds(file: &str, kind: TemplateKind, name: &str) -> bool {
    let (prefix, texts) = match kind {
        TemplateKind::Mail => ("emails/", "/mails.ftl"),
        TemplateKind::Page => ("pages/", "/pages.ftl"),
    };
    match file.strip_prefix(prefix) {
        Some(rest) => {
            let piece = rest.split(['/', '.']).next().unwrap_or_default();
            piece == name || piece.starts_with('_') || file == STYLESHEET
        }
        // notices to staff, and how to end a mailing, are told by mail and on a page
        None => {
            let ends = |end: &&str| file.ends_with(*end);
            let shared = [texts, "/common.ftl", "/staff.ftl", "/rights.ftl", "/mailing.ftl"];
            // it tells by mail what the privacy notice tells on a page
            let own = ["/source_notice.ftl", "/pages.ftl"];
            shared.iter().any(ends) || (name == SourceNotice::TEMPLATE && own.iter().any(ends))
        }
    }
}

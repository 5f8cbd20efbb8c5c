//! Renders mails and pages from the templates folder: handlebars for the shape, Fluent for the words.
//!
//! Everything that can be wrong with a template is found by [`Renderer::load`]: it compiles all of them, checks every
//! text in every locale, and renders every sample. After that a [`Renderer`] never changes and can be shared.
//!
//! Rule: rendering is pure. It gets typed parameters ([`MailParameters`], [`PageParameters`]) and a locale, and gives
//! text; it knows no clock, no database and no address to send to.

mod catalog;
mod engines;
mod error;
mod helpers;
mod inserted;
mod locale;
mod moulds;
mod parameters;
mod plain;
mod source;
#[cfg(test)]
mod tests;
mod texts;
mod uses;

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

pub use catalog::{Rendered, TemplateInfo, TemplateKind};
pub use error::RenderError;
pub use locale::{FALLBACK, LOCALES, best_locale, direction, known};
pub use parameters::{
    AddressPage, Answer, AnsweredPage, ConfirmAddress, ConfirmConsent, ConfirmPage, ControllerBlock,
    DigestItem, EditEmail, EditField, EditPage, FormPage, FormSentPage, HomePage, LeavePage, LinkInvalidPage,
    MailParameters, Mailing, MailingButton, NoticePage, Offer, PageCodeMail, PageParameters, PersonLine,
    PreferencesPage, PrivacyPage, PurposeBlock, PurposeLine, Question, Regulation, RemindConsent,
    RestrictionConfirmed, RestrictionEnding, SourceNotice, StaffDigest, StaffErasureRequest, StaffEscalation,
    StaffNotice, StaffObjection, StaffRestriction, StaffUnclear, StaffUnreachable, StaffWebhook,
    StaffWithdrawal, Told, TopicLine, TopicOffer, TroublePage, UnlockPage, UnsubscribePage, WithdrawPage,
    WordingBlock,
};

use engines::{Engines, Part};
use moulds::{Moulds, Raw};
use source::Sources;
use texts::Texts;

const STYLESHEET: &str = "pages/style.css";

/// All templates and texts, ready to render. Immutable; share it in an `Arc`.
pub struct Renderer {
    sources: Sources,
    texts: Arc<Texts>,
    engines: Engines,
    moulds: Moulds,
    base_path: String,
}

/// A mail, ready to be composed. It holds personal data and therefore has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// One line.
    pub subject: String,
    /// The plain-text part, wrapped at 72 columns.
    pub text: String,
    /// The HTML part, complete and without anything external.
    pub html: String,
}

impl RenderedMail {
    fn of(raw: &Raw) -> Self {
        Self {
            subject: plain::one_line(&raw.subject),
            text: plain::tidy(&raw.text),
            html: plain::clean(&raw.html),
        }
    }
}

/// What every template can name beside its own parameters.
#[derive(Serialize)]
struct Root<'a, P> {
    locale: &'static str,
    dir: &'static str,
    #[serde(flatten)]
    page: Option<PageRoot<'a>>,
    #[serde(flatten)]
    parameters: &'a P,
}

/// What every page can name besides.
#[derive(Serialize)]
struct PageRoot<'a> {
    base_path: &'a str,
    switch: &'static str,
    languages: Vec<Language>,
}

/// An entry of a page's language switch.
#[derive(Serialize)]
struct Language {
    locale: &'static str,
    name: String,
    current: bool,
}

impl Renderer {
    /// Loads the embedded templates, with the files of the operator's folder laid over those of the same path. Texts
    /// (`.ftl`) are overridden one by one, all other files whole.
    ///
    /// # Errors
    /// Whatever is wrong with any template, text or file of the folder, by its name and line.
    pub fn load(overrides: Option<&Path>) -> Result<Self, RenderError> {
        let sources = source::read(overrides)?;
        let texts = Arc::new(Texts::load(&sources)?);
        let engines = Engines::compile(&sources, &texts)?;
        let moulds = Moulds::default();
        let renderer = Self { sources, texts, engines, moulds, base_path: String::new() };
        renderer.check_own_texts()?;
        renderer.check_samples()?;
        let moulds = Moulds::new(renderer.fit_for_moulds());
        Ok(Self { moulds, ..renderer })
    }

    /// For a service that is published below a path, such as `/privacy`: where pages look for their stylesheet.
    #[must_use]
    pub fn with_base_path(mut self, path: &str) -> Self {
        self.base_path = path.trim_end_matches('/').to_owned();
        self
    }

    /// Renders a mail. `locale` may be any language tag; an unknown one gives English.
    ///
    /// # Errors
    /// [`RenderError::Render`] if the template fails with these parameters, which the samples make unlikely.
    pub fn mail<P: MailParameters>(&self, parameters: &P, locale: &str) -> Result<RenderedMail, RenderError> {
        let locale = known(locale).unwrap_or(FALLBACK);
        let filled = match parameters.parts().filter(|_| self.moulds.fits(P::TEMPLATE)) {
            Some((common, own)) => {
                let render = |marked| match marked {
                    true => self.raw(P::TEMPLATE, &common, locale),
                    false => self.raw(P::TEMPLATE, parameters, locale),
                };
                let key = serde_json::to_string(&common);
                key.ok()
                    .map(|key| self.moulds.fill(P::TEMPLATE, locale, key, &own, render))
                    .transpose()?
                    .flatten()
            }
            None => None,
        };
        Ok(match filled {
            Some(raw) => RenderedMail::of(&raw),
            None => self.mail_of(P::TEMPLATE, parameters, locale)?,
        })
    }

    /// Renders a mail without a mould.
    fn mail_of(
        &self,
        template: &str,
        parameters: &impl Serialize,
        locale: &str,
    ) -> Result<RenderedMail, RenderError> {
        let locale = known(locale).unwrap_or(FALLBACK);
        Ok(RenderedMail::of(&self.raw(template, parameters, locale)?))
    }

    fn raw(
        &self,
        template: &str,
        parameters: &impl Serialize,
        locale: &'static str,
    ) -> Result<Raw, RenderError> {
        let root = Root { locale, dir: direction(locale), page: None, parameters };
        let render =
            |part, piece: &str| self.engines.render(part, &format!("emails/{template}/{piece}.hbs"), &root);
        Ok(Raw {
            subject: render(Part::Text, "subject")?,
            text: render(Part::Text, "text")?,
            html: render(Part::Html, "html")?,
        })
    }

    /// Renders a page. `locale` may be any language tag; an unknown one gives English.
    ///
    /// # Errors
    /// As [`Renderer::mail`].
    pub fn page<P: PageParameters>(&self, parameters: &P, locale: &str) -> Result<String, RenderError> {
        self.page_of(P::TEMPLATE, parameters, (parameters.locales(), parameters.switch()), locale)
    }

    fn page_of(
        &self,
        template: &str,
        parameters: &impl Serialize,
        (offered, switch): (&[&'static str], &'static str),
        locale: &str,
    ) -> Result<String, RenderError> {
        let locale = known(locale).unwrap_or(FALLBACK);
        let page =
            PageRoot { base_path: &self.base_path, switch, languages: self.languages(offered, locale) };
        let root = Root { locale, dir: direction(locale), page: Some(page), parameters };
        Ok(plain::clean(&self.engines.render(Part::Page, &format!("pages/{template}.hbs"), &root)?))
    }

    /// The stylesheet of the pages, to be served as `text/css` at `/style.css` below the base path.
    #[must_use]
    pub fn stylesheet(&self) -> &str {
        self.sources.get(STYLESHEET).map_or("", source::Source::text)
    }

    /// A date in its long form, as in "23 November 2026".
    #[must_use]
    pub fn format_date(&self, date: NaiveDate, locale: &str) -> String {
        self.texts.date(date, known(locale).unwrap_or(FALLBACK))
    }

    /// A text that takes no arguments, in a language.
    pub(crate) fn text(&self, key: &str, locale: &str) -> String {
        let locale = known(locale).unwrap_or(FALLBACK);
        self.texts.get(locale, key, &Default::default()).unwrap_or_default()
    }

    fn languages(&self, offered: &[&'static str], current: &str) -> Vec<Language> {
        if offered.len() < 2 {
            return Vec::new();
        }
        let name = |locale: &str| self.texts.get(locale, "language-name", &Default::default());
        let language = |&locale: &&'static str| Language {
            locale,
            name: name(locale).unwrap_or_else(|_| locale.to_owned()),
            current: locale == current,
        };
        offered.iter().map(language).collect()
    }

    /// A text of the operator that overrides nothing and that no template uses is misspelt.
    fn check_own_texts(&self) -> Result<(), RenderError> {
        for (file, source) in self.sources.iter().filter(|(file, _)| file.ends_with(".ftl")) {
            let shipped = texts::keys(file, source.shipped)?;
            for key in texts::keys(file, source.own.as_deref().unwrap_or_default())? {
                if !shipped.contains(&key) && !self.engines.uses_text(&key) {
                    return Err(RenderError::UnusedKey { file: file.clone(), key });
                }
            }
        }
        Ok(())
    }
}

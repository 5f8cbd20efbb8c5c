//! The languages that subjects are addressed in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A language that Rescind has texts in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// English
    #[default]
    En,
    /// German
    De,
    /// French
    Fr,
    /// Polish
    Pl,
    /// Bulgarian
    Bg,
    /// Russian
    Ru,
    /// Ukrainian
    Uk,
}

impl Locale {
    /// Every language.
    pub const ALL: [Self; 7] = [Self::En, Self::De, Self::Fr, Self::Pl, Self::Bg, Self::Ru, Self::Uk];

    /// The language subtag (BCP 47).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Pl => "pl",
            Self::Bg => "bg",
            Self::Ru => "ru",
            Self::Uk => "uk",
        }
    }

    /// The language of a BCP 47 tag such as `de`, `de-AT` or `de_AT`; none if Rescind has no texts in it.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|l| language.eq_ignore_ascii_case(l.as_str()))
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One text in several languages; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    by_locale: BTreeMap<Locale, String>,
    fallback: Locale,
}

impl Texts {
    /// The texts, if there is at least one. `preferred` is shown where a language is missing; without it, the first.
    pub fn new(by_locale: BTreeMap<Locale, String>, preferred: Locale) -> Option<Self> {
        let first = *by_locale.keys().next()?;
        let fallback = if by_locale.contains_key(&preferred) { preferred } else { first };
        Some(Self { by_locale, fallback })
    }

    /// The text for `locale` together with the language it really is in: a proof of consent names the wording that
    /// was shown, not the one that was wished for.
    pub fn get(&self, locale: Locale) -> (Locale, &str) {
        let shown = if self.by_locale.contains_key(&locale) { locale } else { self.fallback };
        (shown, self.by_locale.get(&shown).map_or("", String::as_str))
    }

    /// All texts, in the order of [`Locale`].
    pub fn iter(&self) -> impl Iterator<Item = (Locale, &str)> {
        self.by_locale.iter().map(|(l, t)| (*l, t.as_str()))
    }
}

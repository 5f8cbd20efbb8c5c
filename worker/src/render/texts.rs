//! The texts of mails and pages, per locale, by Fluent.
//!
//! Rule: every locale has every text with the same variables (checked at load); an operator's file replaces single
//! texts, so that what it leaves out still comes from the program and survives an upgrade.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use unic_langid::LanguageIdentifier;

use super::RenderError;
use super::locale::{FALLBACK, LOCALES};
use super::source::Sources;

/// How many texts may lead on to each other before it counts as a circle.
const DEPTH: usize = 8;

/// All texts of all locales.
pub(super) struct Texts {
    bundles: BTreeMap<&'static str, FluentBundle<FluentResource>>,
}

impl Texts {
    /// Reads `locales/<locale>/*.ftl`.
    pub(super) fn load(sources: &Sources) -> Result<Self, RenderError> {
        let mut bundles = BTreeMap::new();
        for locale in LOCALES {
            let language: LanguageIdentifier = locale.parse().unwrap_or_default();
            let mut bundle = FluentBundle::new_concurrent(vec![language]);
            // The marks would be shown as boxes by some mail programs, and break addresses when copied.
            bundle.set_use_isolating(false);
            let folder = format!("locales/{locale}/");
            let files = || sources.range(folder.clone()..).take_while(|(file, _)| file.starts_with(&folder));
            for (file, source) in files() {
                bundle.add_resource(parse(file, source.shipped)?).map_err(|errors| twice(file, &errors))?;
            }
            for (file, source) in files() {
                if let Some(text) = &source.own {
                    bundle.add_resource_overriding(parse(file, text)?);
                }
            }
            bundles.insert(locale, bundle);
        }
        Ok(Self { bundles })
    }

    /// The text `key` in `locale`, else in English, with its variables filled in; `Err` holds a reason free of values.
    pub(super) fn get(&self, locale: &str, key: &str, values: &FluentArgs<'_>) -> Result<String, String> {
        let (bundle, pattern) = [locale, FALLBACK]
            .into_iter()
            .filter_map(|locale| self.bundles.get(locale))
            .find_map(|bundle| Some((bundle, bundle.get_message(key)?.value()?)))
            .ok_or_else(|| format!("there is no text \"{key}\""))?;
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(values), &mut errors).into_owned();
        if errors.is_empty() {
            Ok(text)
        } else {
            Err(format!("the text \"{key}\" lacks a value or a text it names"))
        }
    }

    /// The names of the variables that the text `key` uses in `locale`; `None` where there is no such text.
    pub(super) fn variables(&self, locale: &str, key: &str) -> Option<BTreeSet<String>> {
        let bundle = self.bundles.get(locale)?;
        let mut names = BTreeSet::new();
        collect(bundle, bundle.get_message(key)?.value()?, DEPTH, &mut names);
        Some(names)
    }

    /// Whether the text `key` does nothing in `locale` with the variable `name` but insert it.
    pub(super) fn only_inserts(&self, locale: &str, key: &str, name: &str) -> bool {
        let found =
            self.bundles.get(locale).and_then(|bundle| Some((bundle, bundle.get_message(key)?.value()?)));
        found.is_some_and(|(bundle, pattern)| inserts(bundle, pattern, DEPTH, name))
    }

    /// A date in its long form, as in "23 November 2026".
    pub(super) fn date(&self, date: NaiveDate, locale: &str) -> String {
        let mut values = FluentArgs::new();
        values.set("day", date.day());
        values.set("month", date.month());
        // As text: a year takes no thousands separator.
        values.set("year", date.year().to_string());
        self.get(locale, "date-long", &values).unwrap_or_else(|_| date.to_string())
    }
}

/// The keys of the texts in a file that was loaded before.
pub(super) fn keys(file: &str, text: &str) -> Result<Vec<String>, RenderError> {
    let resource = parse(file, text)?;
    Ok(resource
        .entries()
        .filter_map(|entry| match entry {
            Entry::Message(message) => Some(message.id.name.to_owned()),
            _ => None,
        })
        .collect())
}

fn parse(file: &str, text: &str) -> Result<FluentResource, RenderError> {
    // Fluent wants line feeds only; an editor on Windows may have written others.
    FluentResource::try_new(text.replace("\r\n", "\n")).map_err(|(resource, errors)| {
        let reason = errors.first().map_or_else(String::new, |error| {
            let before = resource.source().get(..error.pos.start).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, error.kind)
        });
        RenderError::Texts { file: file.to_owned(), reason }
    })
}

fn twice(file: &str, errors: &[FluentError]) -> RenderError {
    let reason = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    RenderError::Texts { file: file.to_owned(), reason }
}

type Bundle = FluentBundle<FluentResource>;

fn collect(bundle: &Bundle, pattern: &Pattern<&str>, depth: usize, names: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            collect_expression(bundle, expression, depth, names);
        }
    }
}

fn inserts(bundle: &Bundle, pattern: &Pattern<&str>, depth: usize, name: &str) -> bool {
    pattern.elements.iter().all(|element| match element {
        PatternElement::TextElement { .. } => true,
        PatternElement::Placeable { expression } => expression_inserts(bundle, expression, depth, name),
    })
}

fn expression_inserts(bundle: &Bundle, expression: &Expression<&str>, depth: usize, name: &str) -> bool {
    let untouched = |inline: &InlineExpression<&str>| {
        let mut names = BTreeSet::new();
        collect_inline(bundle, inline, depth, &mut names);
        !names.contains(name)
    };
    match expression {
        Expression::Inline(InlineExpression::VariableReference { .. }) => true,
        Expression::Inline(InlineExpression::Placeable { expression }) => {
            expression_inserts(bundle, expression, depth, name)
        }
        Expression::Inline(InlineExpression::MessageReference { id, attribute }) => {
            let pattern = bundle.get_message(id.name).and_then(|message| message.value());
            attribute.is_none()
                && depth > 0
                && pattern.is_some_and(|pattern| inserts(bundle, pattern, depth - 1, name))
        }
        Expression::Inline(inline) => untouched(inline),
        Expression::Select { selector, variants } => {
            untouched(selector) && variants.iter().all(|v| inserts(bundle, &v.value, depth, name))
        }
    }
}

fn collect_expression(
    bundle: &Bundle,
    expression: &Expression<&str>,
    depth: usize,
    names: &mut BTreeSet<String>,
) {
    match expression {
        Expression::Inline(inline) => collect_inline(bundle, inline, depth, names),
        Expression::Select { selector, variants } => {
            collect_inline(bundle, selector, depth, names);
            variants.iter().for_each(|variant| collect(bundle, &variant.value, depth, names));
        }
    }
}

fn collect_inline(
    bundle: &Bundle,
    inline: &InlineExpression<&str>,
    depth: usize,
    names: &mut BTreeSet<String>,
) {
    match inline {
        InlineExpression::VariableReference { id } => {
            names.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments, .. } => {
            arguments.positional.iter().for_each(|inline| collect_inline(bundle, inline, depth, names));
        }
        InlineExpression::Placeable { expression } => collect_expression(bundle, expression, depth, names),
        InlineExpression::MessageReference { id, .. } if depth > 0 => {
            if let Some(pattern) = bundle.get_message(id.name).and_then(|message| message.value()) {
                collect(bundle, pattern, depth - 1, names);
            }
        }
        // Literals hold no variable, and a term sees none of the caller's.
        _ => {}
    }
}

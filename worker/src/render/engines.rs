//! The compiled templates: one handlebars registry for each way of escaping, so that no template can get the wrong one.
//!
//! Rule: strict mode everywhere. A name that a template misspells is an error at load (the samples are rendered), not a
//! gap in somebody's mail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handlebars::{Handlebars, Template, html_escape, no_escape};
use serde::Serialize;

use super::source::Sources;
use super::texts::Texts;
use super::{RenderError, helpers, inserted, uses};

/// The part of the output that a template makes, and so how its values are escaped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The HTML part of a mail.
    Html,
    /// The subject and the text part of a mail.
    Text,
    /// A page.
    Page,
}

/// All compiled templates.
pub(super) struct Engines {
    registries: BTreeMap<Part, Handlebars<'static>>,
    used: BTreeSet<String>,
}

impl Engines {
    /// Compiles every template, and checks that every text it uses exists in every locale with the variables it gives.
    pub(super) fn compile(sources: &Sources, texts: &Arc<Texts>) -> Result<Self, RenderError> {
        let registry = |escape: fn(&str) -> String| {
            let mut registry = Handlebars::new();
            registry.set_strict_mode(true);
            registry.set_prevent_indent(true);
            registry.register_escape_fn(escape);
            helpers::register(&mut registry, texts);
            registry
        };
        let mut registries = BTreeMap::from([
            (Part::Html, registry(html_escape)),
            (Part::Text, registry(no_escape)),
            (Part::Page, registry(html_escape)),
        ]);
        let mut used = BTreeSet::new();
        for (file, source) in sources {
            let Some((part, name)) = place(file) else { continue };
            let template = Template::compile_with_name(source.text(), file.clone()).map_err(|error| {
                let (line, column) = error.pos().unwrap_or_default();
                let reason = format!("line {line}, column {column}: {}", error.reason());
                RenderError::Template { file: file.clone(), reason }
            })?;
            check_texts(file, &template, texts, &mut used)?;
            if let Some(registry) = registries.get_mut(&part) {
                registry.register_template(name, template);
            }
        }
        Ok(Self { registries, used })
    }

    /// Whether any template uses the text of that key.
    pub(super) fn uses_text(&self, key: &str) -> bool {
        self.used.contains(key)
    }

    /// Whether the templates of a mail only insert the values of these names.
    pub(super) fn only_insert(&self, template: &str, names: &[&str], texts: &Texts) -> bool {
        let own = format!("emails/{template}/");
        // each of its own files, and every piece that it could share
        let meant = |file: &str| file.starts_with(&own) || !file.starts_with("emails/");
        [Part::Html, Part::Text].into_iter().all(|part| {
            let all = self.registries.get(&part).into_iter().flat_map(Handlebars::get_templates);
            let templates: Vec<_> = all.filter(|(file, _)| meant(file)).map(|(_, t)| t).collect();
            inserted::only_inserted(&templates, names, texts)
        })
    }

    /// Renders one file with its parameters.
    pub(super) fn render(
        &self,
        part: Part,
        file: &str,
        parameters: &impl Serialize,
    ) -> Result<String, RenderError> {
        let registry =
            self.registries.get(&part).ok_or_else(|| RenderError::UnknownTemplate(file.to_owned()))?;
        registry.render(file, parameters).map_err(|error| {
            let place = error.template_name.as_deref().unwrap_or(file);
            let line = error.line_no.map_or_else(String::new, |line| format!("line {line}: "));
            RenderError::Render { file: place.to_owned(), reason: format!("{line}{}", error.reason()) }
        })
    }
}

/// Which registry a file belongs to and by what name: shared pieces, whose names begin with `_`, by their short name
/// (`{{> request}}`), all others by their path. `None` for what is no template.
fn place(file: &str) -> Option<(Part, &str)> {
    let path = file.strip_suffix(".hbs")?;
    if let Some(page) = path.strip_prefix("pages/") {
        return Some((Part::Page, page.strip_prefix('_').unwrap_or(file)));
    }
    let (folder, piece) = path.strip_prefix("emails/")?.split_once('/')?;
    let part = if piece == "html" { Part::Html } else { Part::Text };
    Some((part, folder.strip_prefix('_').unwrap_or(file)))
}

fn check_texts(
    file: &str,
    template: &Template,
    texts: &Texts,
    used: &mut BTreeSet<String>,
) -> Result<(), RenderError> {
    for uses::Use { key, values } in uses::of(template) {
        let key = key.ok_or_else(|| RenderError::Template {
            file: file.to_owned(),
            reason: "the key of a text has to be written out: {{t \"key\"}}".to_owned(),
        })?;
        for locale in super::LOCALES {
            let Some(named) = texts.variables(locale, &key) else {
                return Err(RenderError::MissingKey { file: file.to_owned(), key, locale });
            };
            if named != values {
                let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
                let (given, named) = (list(&values), list(&named));
                return Err(RenderError::Variables { file: file.to_owned(), key, locale, given, named });
            }
        }
        used.insert(key);
    }
    Ok(())
}

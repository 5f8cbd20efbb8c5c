//! Which values the mails of a template only insert: found in the syntax trees, so that it holds for every value.
//!
//! Such a value is printed as it is, printed by a text that only inserts it, or asked whether it is there; it is never
//! compared, cut, counted or looked into. Whatever is not understood here counts as more than inserting.

use std::collections::BTreeSet;

use handlebars::Template;
use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};

use super::locale::LOCALES;
use super::texts::Texts;

/// Whether all of `templates`, which may include each other, only insert the values of these names.
pub(super) fn only_inserted(templates: &[&Template], names: &[&str], texts: &Texts) -> bool {
    let mut names: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    loop {
        // what a value is handed on as has to be inserted only, too
        let mut found = Search { names: &names, texts, inside: 0, handed_on: BTreeSet::new(), sound: true };
        templates.iter().for_each(|template| found.template(template));
        let Search { handed_on, sound, .. } = found;
        if !sound {
            return false;
        }
        let known = names.len();
        names.extend(handed_on);
        if names.len() == known {
            return true;
        }
    }
}

struct Search<'a> {
    names: &'a BTreeSet<String>,
    texts: &'a Texts,
    /// How many loops it is in: there, `this` is an item and not all parameters.
    inside: usize,
    handed_on: BTreeSet<String>,
    sound: bool,
}

impl Search<'_> {
    fn template(&mut self, template: &Template) {
        template.elements.iter().for_each(|element| self.element(element));
    }

    fn element(&mut self, element: &TemplateElement) {
        use TemplateElement as E;
        match element {
            E::RawString(_) | E::Comment(_) => {}
            E::Expression(helper) => self.expression(helper),
            // `{{{…}}}` does not escape what it inserts, and a mould does
            E::HtmlExpression(helper) => {
                let sees = self.is_value(&helper.name) || self.call(helper);
                self.sound &= !sees;
            }
            E::HelperBlock(helper) => self.block(helper),
            E::PartialExpression(partial) | E::PartialBlock(partial) => self.partial(partial),
            _ => self.sound = false,
        }
    }

    /// `{{name}}`, `{{t "key" x=name}}`, or a helper that sees none of the values.
    fn expression(&mut self, helper: &HelperTemplate) {
        let alone = helper.params.is_empty() && helper.hash.is_empty();
        if !(alone && self.is_value(&helper.name)) {
            self.call(helper);
        }
    }

    /// A helper that is called; returns whether its result contains a value.
    fn call(&mut self, helper: &HelperTemplate) -> bool {
        let named = helper.name.as_name();
        if named == Some("t") {
            return self.text(helper);
        }
        // `lookup` finds a value by a name that is computed, and whoever is given everything, by none
        let sees = self.mentions(&helper.name)
            || helper
                .params
                .iter()
                .chain(helper.hash.values())
                .any(|p| self.mentions(p) || self.is_everything(p));
        self.sound &= !sees && named.is_some_and(|name| name != "lookup");
        false
    }

    /// A text; returns whether it contains a value.
    fn text(&mut self, helper: &HelperTemplate) -> bool {
        let key = match helper.params.as_slice() {
            [Parameter::Literal(key)] => key.as_str(),
            _ => None,
        };
        let mut contains = false;
        for (variable, value) in &helper.hash {
            if self.is_value(value) {
                contains = true;
                self.sound &= key.is_some_and(|key| {
                    LOCALES.into_iter().all(|locale| self.texts.only_inserts(locale, key, variable))
                });
            } else {
                self.sound &= !self.mentions(value);
            }
        }
        self.sound &= key.is_some();
        contains
    }

    /// A block: `if` and `unless` may ask whether a value is there.
    fn block(&mut self, helper: &HelperTemplate) {
        let asks = matches!(helper.name.as_name(), Some("if" | "unless"))
            && helper.hash.is_empty()
            && matches!(helper.params.as_slice(), [value] if self.is_value(value));
        if !asks {
            self.call(helper);
        }
        let loops = usize::from(matches!(helper.name.as_name(), Some("each" | "with")));
        self.inside += loops;
        helper.template.iter().for_each(|template| self.template(template));
        self.inside -= loops;
        helper.inverse.iter().for_each(|template| self.template(template));
    }

    /// A piece that is included, with what it is handed.
    fn partial(&mut self, partial: &DecoratorTemplate) {
        // one named by its path can be a piece of another mail, and one whose name is computed can be any
        self.sound &= partial.name.as_name().is_some_and(|name| !name.contains('/'));
        self.sound &= !partial.params.iter().any(|p| self.mentions(p) || self.is_everything(p));
        for (name, value) in &partial.hash {
            let contains = match value {
                Parameter::Subexpression(call) => match call.as_element() {
                    TemplateElement::Expression(helper) | TemplateElement::HtmlExpression(helper) => {
                        self.call(helper)
                    }
                    _ => {
                        self.sound = false;
                        false
                    }
                },
                value if self.is_value(value) => true,
                value => {
                    self.sound &= !self.mentions(value);
                    false
                }
            };
            if contains {
                self.handed_on.insert(name.clone());
            }
        }
        partial.template.iter().for_each(|template| self.template(template));
    }

    /// Whether it is exactly one of the values.
    fn is_value(&self, parameter: &Parameter) -> bool {
        parameter.as_name().is_some_and(|name| self.names.contains(name))
    }

    /// Whether it stands for all parameters.
    fn is_everything(&self, parameter: &Parameter) -> bool {
        parameter.as_name().is_some_and(|name| {
            name.starts_with("@root")
                || name.starts_with("..")
                || self.inside == 0 && (matches!(name, "this" | ".") || name.starts_with("this/"))
        })
    }

    /// Whether one of the values could be meant anywhere in it.
    fn mentions(&self, parameter: &Parameter) -> bool {
        match parameter {
            Parameter::Subexpression(call) => {
                let (params, hash) = (call.params(), call.hash());
                let inside = params.into_iter().flatten().chain(hash.into_iter().flat_map(|h| h.values()));
                inside.into_iter().any(|p| self.mentions(p))
            }
            other => other
                .as_name()
                .is_some_and(|name| name.split(['.', '/', '[', ']']).any(|part| self.names.contains(part))),
        }
    }
}

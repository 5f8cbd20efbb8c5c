//! Which texts a template uses: found in its syntax tree, so that a missing one shows at load and not in a mail.

use std::collections::BTreeSet;

use handlebars::Template;
use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};

/// One `{{t "key" name=value}}` of a template.
#[derive(Debug, PartialEq)]
pub(super) struct Use {
    /// The key; `None` where it is computed, which cannot be checked and is therefore refused.
    pub(super) key: Option<String>,
    /// The names of the values it gives.
    pub(super) values: BTreeSet<String>,
}

/// Every use of a text in a template, subexpressions and nested blocks included.
pub(super) fn of(template: &Template) -> Vec<Use> {
    let mut uses = Vec::new();
    in_template(template, &mut uses);
    uses
}

fn in_template(template: &Template, uses: &mut Vec<Use>) {
    template.elements.iter().for_each(|element| in_element(element, uses));
}

fn in_element(element: &TemplateElement, uses: &mut Vec<Use>) {
    use TemplateElement as E;
    match element {
        E::HtmlExpression(helper) | E::Expression(helper) | E::HelperBlock(helper) => in_helper(helper, uses),
        E::DecoratorExpression(decorator)
        | E::DecoratorBlock(decorator)
        | E::PartialExpression(decorator)
        | E::PartialBlock(decorator) => in_decorator(decorator, uses),
        _ => {}
    }
}

fn in_helper(helper: &HelperTemplate, uses: &mut Vec<Use>) {
    if matches!(&helper.name, Parameter::Name(name) if name == "t") {
        let key = match helper.params.as_slice() {
            [Parameter::Literal(key)] => key.as_str().map(str::to_owned),
            _ => None,
        };
        uses.push(Use { key, values: helper.hash.keys().cloned().collect() });
    }
    helper.params.iter().chain(helper.hash.values()).for_each(|parameter| in_parameter(parameter, uses));
    helper.template.iter().chain(&helper.inverse).for_each(|template| in_template(template, uses));
}

fn in_decorator(decorator: &DecoratorTemplate, uses: &mut Vec<Use>) {
    decorator
        .params
        .iter()
        .chain(decorator.hash.values())
        .for_each(|parameter| in_parameter(parameter, uses));
    decorator.template.iter().for_each(|template| in_template(template, uses));
}

fn in_parameter(parameter: &Parameter, uses: &mut Vec<Use>) {
    if let Parameter::Subexpression(expression) = parameter {
        in_element(expression.as_element(), uses);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_found_wherever_they_stand() {
        let source = r#"{{t "a"}}{{#if x}}{{t "b" n=x}}{{else}}{{{t "c"}}}{{/if}}{{#> p title=(t "d" m=x)}}{{t "e"}}{{/p}}
            {{#each (lines (t "f"))}}{{t key}}{{/each}}"#;
        let uses = of(&Template::compile(source).expect("compiles"));
        let keys: Vec<_> = uses.iter().map(|used| used.key.as_deref()).collect();
        assert_eq!(keys, [Some("a"), Some("b"), Some("c"), Some("d"), Some("e"), Some("f"), None]);
        assert_eq!(uses[3].values, BTreeSet::from(["m".to_owned()]));
    }
}

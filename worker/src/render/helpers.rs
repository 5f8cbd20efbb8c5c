//! What templates can call beyond handlebars itself: `t`, `lines` and `paragraphs`.
//!
//! Rule: a helper returns values, never markup, so that the one escaping of the template is the only one and nothing
//! escapes it.

use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentValue};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, JsonValue, RenderContext, RenderError, RenderErrorReason,
    ScopedJson,
};

use super::locale::FALLBACK;
use super::texts::Texts;

/// Gives a registry all helpers, and takes away the one that would write parameters into the log.
pub(super) fn register(registry: &mut Handlebars<'static>, texts: &Arc<Texts>) {
    registry.unregister_helper("log");
    registry.register_helper("t", Box::new(Translate(Arc::clone(texts))));
    registry.register_helper("lines", Box::new(Split(lines)));
    registry.register_helper("paragraphs", Box::new(Split(paragraphs)));
}

/// `{{t "key" name=value}}`: the text of that key in the locale of the mail or page.
struct Translate(Arc<Texts>);

impl HelperDef for Translate {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let key = helper
            .param(0)
            .and_then(|key| key.value().as_str())
            .ok_or(RenderErrorReason::ParamNotFoundForIndex("t", 0))?;
        let mut values = FluentArgs::with_capacity(helper.hash().len());
        for (name, value) in helper.hash() {
            if registry.strict_mode() && value.is_value_missing() {
                return Err(RenderError::strict_error(value.relative_path()));
            }
            values.set(*name, fluent(value.value()));
        }
        let locale = context.data().get("locale").and_then(JsonValue::as_str).unwrap_or(FALLBACK);
        let text = self.0.get(locale, key, &values).map_err(RenderErrorReason::Other)?;
        Ok(ScopedJson::Derived(JsonValue::String(text)))
    }
}

/// Numbers stay numbers, so that a text can choose its plural by them.
fn fluent(value: &JsonValue) -> FluentValue<'static> {
    match value {
        JsonValue::String(text) => FluentValue::from(text.clone()),
        JsonValue::Number(number) => number.as_f64().map_or(FluentValue::None, FluentValue::from),
        JsonValue::Bool(bool) => FluentValue::from(bool.to_string()),
        _ => FluentValue::None,
    }
}

/// `(lines text)` and `(paragraphs text)`: a text cut into a list for `{{#each}}`.
struct Split(fn(&str) -> JsonValue);

impl HelperDef for Split {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let text = helper
            .param(0)
            .and_then(|text| text.value().as_str())
            .ok_or(RenderErrorReason::InvalidParamType("text"))?;
        Ok(ScopedJson::Derived(self.0(text)))
    }
}

/// The lines that are not empty.
fn lines(text: &str) -> JsonValue {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The paragraphs, separated by empty lines, each as a list of its lines.
fn paragraphs(text: &str) -> JsonValue {
    let mut paragraphs: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(paragraph) if !line.is_empty() => paragraph.push(line),
            _ => paragraphs.push(Vec::new()),
        }
    }
    paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty()).map(JsonValue::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paragraphs_are_cut_at_empty_lines() {
        assert_eq!(paragraphs("\na\r\nb\n\n \n c \n"), json!([["a", "b"], ["c"]]));
        assert_eq!(paragraphs(""), json!([]));
    }

    #[test]
    fn lines_are_trimmed() {
        assert_eq!(lines("12 Quay Street \n\nBristol"), json!(["12 Quay Street", "Bristol"]));
    }
}

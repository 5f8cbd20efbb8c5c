//! Values as they were given, each with its place, checked against the kind of their key.
//!
//! Rule: a value that passes here has the right form and range, so what follows only asks for its meaning.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::problem::{Place, quoted};
use super::schema::{Key, Kind};

/// A value of the right kind.
#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    /// Each item with its own place, so that an error points at the item.
    List(Vec<(String, Place)>),
}

impl Value {
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => json!(text),
            Self::Whole(number) => json!(number),
            Self::List(items) => items.iter().map(|(text, _)| json!(text)).collect(),
        }
    }
}

/// A value and where it was given.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// Why a value does not fit its key: place (of the item, in a list), what was found, what is expected.
pub(super) struct Misfit {
    pub(super) place: Place,
    pub(super) found: String,
    pub(super) expected: String,
}

/// Checks a value of a TOML document; `place` gives the place of an offset in it.
pub(super) fn from_toml(
    key: &Key,
    value: &DeValue<'_>,
    at: usize,
    place: &dyn Fn(usize) -> Place,
) -> Result<Value, Misfit> {
    let misfit = |at: usize, value: &DeValue<'_>, expected: String| Misfit {
        place: place(at),
        found: found(value, key.secret),
        expected,
    };
    match (&key.kind, value) {
        (Kind::List, DeValue::Array(array)) => {
            let mut items = Vec::new();
            for item in array.iter() {
                let at = item.span().start;
                let text = match item.get_ref() {
                    DeValue::String(text) => text,
                    other => return Err(misfit(at, other, "a text in quotes".to_owned())),
                };
                check_text(text, MAXIMUM_ITEM).map_err(|expected| misfit(at, item.get_ref(), expected))?;
                items.push((text.to_string(), place(at)));
            }
            Ok(Value::List(items))
        }
        (Kind::Whole { minimum, maximum }, DeValue::Integer(number)) => {
            i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .filter(|number| (*minimum..=*maximum).contains(number))
                .map(Value::Whole)
                .ok_or_else(|| misfit(at, value, expected(&key.kind)))
        }
        (Kind::Text { .. } | Kind::Choice(_), DeValue::String(text)) => {
            check(key, text).map_err(|expected| misfit(at, value, expected))
        }
        _ => Err(misfit(at, value, expected(&key.kind))),
    }
}

/// Checks a value of the environment: numbers in decimal, lists as a TOML array or separated by commas.
pub(super) fn from_text(key: &Key, text: &str, place: &Place) -> Result<Value, Misfit> {
    let misfit = |expected: String| Misfit {
        place: place.clone(),
        found: if key.secret { "a value that is not shown".to_owned() } else { quoted(text) },
        expected,
    };
    match &key.kind {
        Kind::Whole { minimum, maximum } => text
            .parse()
            .ok()
            .filter(|number| (*minimum..=*maximum).contains(number))
            .map(Value::Whole)
            .ok_or_else(|| misfit(expected(&key.kind))),
        Kind::List if text.trim_start().starts_with('[') => {
            let array = DeValue::parse(text).map_err(|_| misfit(expected(&key.kind)))?;
            from_toml(key, array.get_ref(), 0, &|_| place.clone())
        }
        Kind::List => text
            .split(',')
            .map(|item| {
                check_text(item.trim(), MAXIMUM_ITEM).map_err(misfit)?;
                Ok((item.trim().to_owned(), place.clone()))
            })
            .collect::<Result<_, _>>()
            .map(Value::List),
        Kind::Text { .. } | Kind::Choice(_) => check(key, text).map_err(misfit),
    }
}

const MAXIMUM_ITEM: usize = 4096;

/// Checks a text of a key that takes one; the error says what is expected.
pub(super) fn check(key: &Key, text: &str) -> Result<Value, String> {
    match &key.kind {
        Kind::Text { maximum_length } => check_text(text, *maximum_length)?,
        Kind::Choice(choices) if choices.iter().any(|choice| choice == text) => (),
        kind => return Err(expected(kind)),
    }
    Ok(Value::Text(text.to_owned()))
}

fn check_text(text: &str, maximum: usize) -> Result<(), String> {
    if text.trim().is_empty() {
        // Empty could mean "none", "default" or a forgotten variable: it is never guessed which.
        return Err("a text that is not empty; leave the key out to take its default".to_owned());
    }
    if text.len() > maximum {
        return Err(format!("at most {maximum} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("a text without control characters".to_owned());
    }
    Ok(())
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Text { .. } => "a text in quotes".to_owned(),
        Kind::Whole { minimum, maximum } => format!("a whole number from {minimum} to {maximum}"),
        Kind::Choice(choices) => {
            let choices: Vec<String> = choices.iter().map(|choice| format!("{choice:?}")).collect();
            format!("one of {}", choices.join(", "))
        }
        Kind::List => "a list of texts such as [\"one\", \"two\"]".to_owned(),
    }
}

fn found(value: &DeValue<'_>, secret: bool) -> String {
    match value {
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a section".to_owned(),
        _ if secret => "a value that is not shown".to_owned(),
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => format!("{}, a number with a fraction", number.as_str()),
        DeValue::Boolean(truth) => format!("{truth} without quotes"),
        DeValue::Datetime(_) => "a date or time".to_owned(),
    }
}

//! The JSON Schema of the configuration, and the list of keys drawn from it.
//!
//! Rule: what the schema says is what is checked. Everything generic (which keys exist, their kinds and
//! ranges, their environment variables) is read from the schema here and nowhere repeated.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use super::file::File;

/// What a key takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Text { maximum_length: usize },
    Whole { minimum: i64, maximum: i64 },
    Choice(Vec<String>),
    List,
}

/// One key of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// With its sections: `mail.smtp.url`.
    pub(super) path: String,
    pub(super) kind: Kind,
    /// Whether its value must not be shown.
    pub(super) secret: bool,
}

impl Key {
    /// The environment variable: `RESCIND_MAIL__SMTP__URL`.
    pub(super) fn variable(&self) -> String {
        format!("RESCIND_{}", self.path.replace('.', "__").to_uppercase())
    }

    /// For a secret, the key of the file that may hold it.
    pub(super) fn twin(&self) -> String {
        format!("{}_file", self.path)
    }
}

/// All keys.
pub(super) struct Catalogue(Vec<Key>);

impl Catalogue {
    pub(super) fn new() -> Self {
        let mut keys = Vec::new();
        visit(&mut bare(), "", &mut |path, schema| {
            keys.push(Key {
                path: path.to_owned(),
                kind: kind(schema),
                secret: schema.get("writeOnly") == Some(&Json::Bool(true)),
            });
        });
        Self(keys)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    pub(super) fn get(&self, path: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.path == path)
    }

    pub(super) fn is_section(&self, path: &str) -> bool {
        self.0.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }

    /// Names directly in a section (`""` is the whole file): its keys and the sections below it.
    pub(super) fn names_in(&self, section: &str) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for key in &self.0 {
            let rest = match section {
                "" => Some(key.path.as_str()),
                section => key.path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')),
            };
            let Some(name) = rest.and_then(|rest| rest.split('.').next()) else { continue };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// The schema as generated, made to fit a file that may leave every key out and knows no null.
fn bare() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<File>().to_value();
    tidy(&mut schema);
    schema
}

fn tidy(schema: &mut Json) {
    let Some(object) = schema.as_object_mut() else { return };
    // Every key has a default or may be absent; unsigned formats are no part of JSON Schema.
    for name in ["required", "format", "default"] {
        object.remove(name);
    }
    if let Some(first) = object.get("type").and_then(Json::as_array).and_then(|types| types.first()).cloned()
    {
        object.insert("type".to_owned(), first);
    }
    // An empty text never means anything.
    if object.get("type") == Some(&json!("string")) && !object.contains_key("enum") {
        object.insert("minLength".to_owned(), json!(1));
    }
    if let Some(properties) = object.get_mut("properties").and_then(Json::as_object_mut) {
        properties.values_mut().for_each(tidy);
    }
    if let Some(items) = object.get_mut("items") {
        tidy(items);
    }
}

/// Calls `leaf` with the path and schema of every key.
fn visit(schema: &mut Json, path: &str, leaf: &mut dyn FnMut(&str, &mut Map<String, Json>)) {
    let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) else { return };
    for (name, schema) in properties {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if schema.get("properties").is_some() {
            visit(schema, &path, leaf);
        } else if let Some(object) = schema.as_object_mut() {
            leaf(&path, object);
        }
    }
}

fn kind(schema: &Map<String, Json>) -> Kind {
    let number = |name: &str| schema.get(name).and_then(Json::as_i64);
    let plain = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
    let described = schema.get("oneOf").and_then(Json::as_array).into_iter().flatten();
    let choices: Vec<String> = plain
        .chain(described.filter_map(|choice| choice.get("const")))
        .filter_map(|choice| choice.as_str().map(str::to_owned))
        .collect();
    match schema.get("type").and_then(Json::as_str) {
        _ if !choices.is_empty() => Kind::Choice(choices),
        Some("integer") => Kind::Whole {
            minimum: number("minimum").unwrap_or(0),
            maximum: number("maximum").unwrap_or(i64::from(u16::MAX)),
        },
        Some("array") => Kind::List,
        _ => Kind::Text {
            maximum_length: number("maxLength").and_then(|n| usize::try_from(n).ok()).unwrap_or(4096),
        },
    }
}

/// JSON Schema (2020-12) of the configuration file: every key with its meaning, range, default where it has
/// a fixed one, and the environment variable that sets it (`x-environment`).
pub fn config_schema() -> Json {
    let catalogue = Catalogue::new();
    let defaults = super::layer::defaults(&catalogue);
    let mut schema = bare();
    visit(&mut schema, "", &mut |path, object| {
        if let Some(key) = catalogue.get(path) {
            object.insert("x-environment".to_owned(), json!(key.variable()));
        }
        if let Some(given) = defaults.get(path) {
            object.insert("default".to_owned(), given.value.to_json());
        }
    });
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described_and_bounded() {
        let mut count = 0;
        visit(&mut config_schema(), "", &mut |path, schema| {
            count += 1;
            let description = schema.get("description").and_then(Json::as_str).unwrap_or_default();
            assert!(description.len() > 10, "{path} has no description");
            if schema.get("type") == Some(&json!("integer")) {
                assert!(schema.get("minimum").and_then(Json::as_i64).is_some_and(|n| n > 0), "{path}");
                let maximum = schema.get("maximum").and_then(Json::as_i64);
                assert!(maximum.is_some_and(|n| n <= i64::from(u32::MAX)), "{path}");
            }
        });
        assert!(count > 50, "only {count} keys found");
    }

    #[test]
    fn every_secret_can_come_from_a_file() {
        let catalogue = Catalogue::new();
        let secrets: Vec<&Key> = catalogue.iter().filter(|key| key.secret).collect();
        assert_eq!(secrets.len(), 4);
        for key in secrets {
            assert!(catalogue.get(&key.twin()).is_some(), "{} lacks its twin", key.path);
        }
    }

    #[test]
    fn the_schema_refuses_unknown_keys_everywhere() {
        let schema = config_schema();
        for pointer in ["", "/properties/http", "/properties/mail/properties/smtp", "/properties/intake"] {
            let section = schema.pointer(pointer).expect(pointer);
            assert_eq!(section.get("additionalProperties"), Some(&json!(false)), "{pointer}");
        }
    }

    #[test]
    fn kinds_are_read_from_the_schema() {
        let catalogue = Catalogue::new();
        let kind = |path: &str| catalogue.get(path).map(|key| key.kind.clone());
        assert_eq!(kind("intake.amqp.prefetch"), Some(Kind::Whole { minimum: 1, maximum: 2000 }));
        assert_eq!(kind("housekeeping.parked_days"), Some(Kind::Whole { minimum: 1, maximum: 36_500 }));
        assert_eq!(kind("keys.command"), Some(Kind::List));
        assert_eq!(kind("mail.smtp.helo"), Some(Kind::Text { maximum_length: 255 }));
        assert_eq!(
            kind("mail.transport"),
            Some(Kind::Choice(vec!["mailbox".into(), "maildir".into(), "smtp".into()]))
        );
    }

    #[test]
    fn the_schema_names_defaults_and_variables() {
        let schema = config_schema();
        let listen = schema.pointer("/properties/http/properties/listen").expect("the key");
        assert_eq!(listen["default"], "127.0.0.1:8080");
        assert_eq!(listen["x-environment"], "RESCIND_HTTP__LISTEN");
        assert_eq!(schema.pointer("/properties/http/properties/trusted_proxies/default"), Some(&json!([])));
    }
}

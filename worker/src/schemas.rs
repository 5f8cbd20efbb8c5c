//! JSON Schemas of everything that is exchanged with Rescind or configured: messages, events, configuration, policy.
//! Drawn from the very types that read and write them; `config/schemas/` holds a copy that a test keeps current.

mod asyncapi;

use crate::config::config_schema;
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::envelope::LONGEST_ATTRIBUTE;
use rescind_jobs::event::Event;
use rescind_jobs::policy::file::policy_schema;
use rescind_jobs::registry;
use serde_json::{Map, Value, json};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// One schema.
#[derive(Clone, Debug)]
pub struct SchemaFile {
    /// `messages`, `events`, `config`, `policy` or `asyncapi`.
    pub group: &'static str,
    /// What it describes: a type, `config` or `policy`.
    pub name: &'static str,
    /// The schema.
    pub schema: Value,
}

impl SchemaFile {
    /// Its path below `config/schemas/`.
    pub fn path(&self) -> String {
        match self.group {
            group @ ("messages" | "events") => format!("{group}/{}.json", self.name),
            group => format!("{group}.json"),
        }
    }

    /// The schema as a file holds it.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.schema)
    }
}

/// Every schema.
pub fn all() -> Vec<SchemaFile> {
    let messages = registry::KINDS.iter().filter(|kind| !kind.internal).map(|kind| SchemaFile {
        group: "messages",
        name: kind.name,
        schema: message(kind.name, kind.schema().to_value()),
    });
    let events = event_data().into_iter().map(|(name, data)| SchemaFile {
        group: "events",
        name,
        schema: event(name, data),
    });
    let files = [("config", config_schema()), ("policy", policy_schema())];
    let files = files.map(|(name, schema)| SchemaFile { group: name, name, schema });
    let mut all: Vec<SchemaFile> = messages.chain(events).chain(files).collect();
    let schema = asyncapi::document(&all);
    all.push(SchemaFile { group: "asyncapi", name: "asyncapi", schema });
    all
}

/// The whole message of a type, as it is sent.
fn message(name: &str, data: Value) -> Value {
    let extra = json!({
        "source": text("Who sends it; for an authenticated source its name in the policy."),
        "replyto": text("The queue that a refusal, or what the message asks, is answered to."),
    });
    envelope(name, data, extra, &[])
}

/// The whole event of a type, as it is published.
fn event(name: &str, mut data: Value) -> Value {
    let mut extra = json!({
        "source": {"const": INTERNAL_SOURCE},
        "datacontenttype": {"const": "application/json"},
    });
    // an answer is about a message, every other event about a subject
    if ANSWERS.contains(&name) {
        return envelope(name, data, extra, &[]);
    }
    extra["subject"] = json!({"type": "string", "format": "uuid", "description": "Whom it is about."});
    extra["sequence"] = json!({"type": "string", "pattern": "^[0-9]{20}$",
        "description": "The event's number among those about this subject; they are published in this order."});
    data["properties"]["subject"] = json!({
        "type": "object",
        "description": "The subject's id, the ids that apps gave, and the email address only where there is no such id.",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "ids": {"type": "object", "additionalProperties": {"type": "string"}},
            "email": {"type": "string"},
        },
        "required": ["id"],
    });
    if let Some(required) = data.get_mut("required").and_then(Value::as_array_mut) {
        required.push(json!("subject"));
    }
    envelope(name, data, extra, &["subject", "sequence"])
}

/// The events that answer a message, and so are not about a subject.
const ANSWERS: [&str; 2] = ["gate.answered.v1", "message.refused.v1"];

fn text(description: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": LONGEST_ATTRIBUTE, "description": description})
}

/// CloudEvents 1.0 in its JSON form around `data`, with further attributes.
fn envelope(name: &str, mut data: Value, extra: Value, further_required: &[&str]) -> Value {
    let definitions = data.as_object_mut().and_then(|data| {
        data.remove("$schema");
        data.remove("$defs")
    });
    let mut properties = json!({
        "specversion": {"const": "1.0", "description": "The version of CloudEvents."},
        "id": text("Unique for the source. The same id with the same body is the same message again."),
        "type": {"const": name},
        "time": {"type": "string", "format": "date-time",
                 "description": "When it happened; RFC 3339 with an offset."},
        "traceparent": text("W3C trace context."),
        "correlationid": text("Given back with every event that follows from it."),
    });
    if let (Value::Object(properties), Value::Object(extra)) = (&mut properties, extra) {
        properties.extend(extra);
    }
    let required = ["specversion", "id", "source", "type", "time", "data"];
    let required: Vec<&str> = required.iter().chain(further_required).copied().collect();
    let mut schema = json!({
        "$schema": DIALECT,
        "title": name,
        "description": data.get("description").cloned().unwrap_or_default(),
        "type": "object",
        "required": required,
    });
    properties["data"] = data;
    schema["properties"] = properties;
    if let Some(definitions) = definitions {
        schema["$defs"] = definitions;
    }
    schema
}

/// The data of every event, by type, out of the schema of the one enum that holds them all.
fn event_data() -> Vec<(&'static str, Value)> {
    let root = schemars::schema_for!(Event).to_value();
    let variants = root.get("oneOf").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let definitions = root.get("$defs").and_then(Value::as_object);
    Event::KINDS
        .into_iter()
        .filter_map(|kind| {
            let variant =
                variants.iter().find(|v| v.pointer("/properties/type/const") == Some(&json!(kind)))?;
            let mut data = variant.pointer("/properties/data")?.clone();
            let mut definitions = definitions.cloned().unwrap_or_default();
            if let Some(name) =
                data.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"))
            {
                data = definitions.remove(name)?;
            }
            keep_used(&data, &mut definitions);
            if !definitions.is_empty() {
                data.as_object_mut()?.insert("$defs".to_owned(), Value::Object(definitions));
            }
            Some((kind, data))
        })
        .collect()
}

/// Leaves out the definitions that neither `data` nor a definition it uses refers to.
fn keep_used(data: &Value, definitions: &mut Map<String, Value>) {
    let mut used = Vec::new();
    let mut open = vec![data.clone()];
    while let Some(value) = open.pop() {
        let text = value.to_string();
        for (name, definition) in definitions.iter() {
            if !used.contains(name) && text.contains(&format!("\"#/$defs/{name}\"")) {
                used.push(name.clone());
                open.push(definition.clone());
            }
        }
    }
    definitions.retain(|name, _| used.contains(name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asyncapi_document_names_everything_and_refers_to_files_that_there_are() {
        let all = all();
        let document = &all.iter().find(|file| file.name == "asyncapi").expect("it is there").schema;
        let paths: Vec<_> = all.iter().map(|file| format!("./{}", file.path())).collect();
        let of = |channel: &str| {
            let messages =
                document.pointer(&format!("/channels/{channel}/messages")).and_then(Value::as_object);
            let mut names: Vec<_> = messages.expect("messages").keys().cloned().collect();
            names.sort();
            names
        };
        let sorted = |names: Vec<&'static str>| {
            let mut names: Vec<_> = names.into_iter().map(str::to_owned).collect();
            names.sort();
            names
        };
        assert_eq!(of("jobs"), sorted(registry::public_names().collect()));
        assert_eq!(of("events"), sorted(Event::KINDS.to_vec()));
        for name in of("jobs").into_iter().chain(of("events")) {
            let message = &document["components"]["messages"][&name];
            let file = message["payload"]["$ref"].as_str().expect("a reference");
            assert!(paths.contains(&file.to_owned()), "{file}");
            assert!(message["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        }
    }

    #[test]
    fn every_public_type_and_every_event_has_one() {
        let all = all();
        let names = |group| all.iter().filter(|f| f.group == group).map(|f| f.name).collect::<Vec<_>>();
        assert_eq!(names("messages"), registry::public_names().collect::<Vec<_>>());
        assert_eq!(names("events"), Event::KINDS);
        for file in &all {
            let text = file.text();
            for reference in text.split("\"#/$defs/").skip(1) {
                let name = reference.split('"').next().expect("a name");
                let pointer = format!("/$defs/{name}");
                assert!(file.schema.pointer(&pointer).is_some(), "{}: {name} is nowhere", file.path());
            }
            let described =
                file.schema.get("description").or_else(|| file.schema.pointer("/info/description"));
            assert!(described.is_some_and(Value::is_string), "{}", file.path());
        }
    }
}

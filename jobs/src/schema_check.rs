//! Every problem of a message's data at once. Reading data into a job stops at the first thing that is wrong; senders
//! want them all. So when reading has failed, the data are held against the job's own JSON Schema.
//!
//! It knows the parts of JSON Schema that the schemas of jobs use, and is asked only about data that were refused.

use crate::refusal::FieldProblem;
use serde_json::{Map, Value};

/// No more problems than this are told.
const MOST: usize = 50;

/// What is wrong with `data`, field by field; empty if the schema finds nothing.
pub fn problems(schema: &Value, data: &Value) -> Vec<FieldProblem> {
    let mut found = Vec::new();
    check(schema, schema, data, "data", &mut found);
    found.truncate(MOST);
    found
}

fn check(root: &Value, schema: &Value, data: &Value, path: &str, found: &mut Vec<FieldProblem>) {
    if found.len() >= MOST {
        return;
    }
    let schema = resolve(root, schema);
    let Value::Object(rules) = schema else { return };
    for choice in ["anyOf", "oneOf"] {
        if let Some(Value::Array(choices)) = rules.get(choice) {
            choose(root, choices, data, path, found);
        }
    }
    if let Some(types) = rules.get("type")
        && !has_type(types, data)
    {
        found.push(problem(path, format!("must be {}", name_of(types))));
        return;
    }
    if let Some(value) = rules.get("const")
        && value != data
    {
        found.push(problem(path, format!("must be {value}")));
    }
    if let Some(Value::Array(values)) = rules.get("enum")
        && !values.contains(data)
    {
        found.push(problem(path, format!("must be one of {}", list(values))));
    }
    match data {
        Value::Object(map) => object(root, rules, map, path, found),
        Value::Array(items) => array(root, rules, items, path, found),
        _ => {}
    }
}

/// Data that fit one choice are right; if they fit none, the choice of the same type tells most.
fn choose(root: &Value, choices: &[Value], data: &Value, path: &str, found: &mut Vec<FieldProblem>) {
    let mut nearest: Option<Vec<FieldProblem>> = None;
    let mut types = Vec::new();
    for choice in choices {
        let mut problems = Vec::new();
        check(root, choice, data, path, &mut problems);
        if problems.is_empty() {
            return;
        }
        let rules = resolve(root, choice);
        if rules.get("type").is_some_and(|t| has_type(t, data)) {
            nearest.get_or_insert(problems);
        }
        types.extend(expected(root, rules));
    }
    found.extend(nearest.unwrap_or_else(|| vec![problem(path, format!("must be {}", types.join(" or ")))]));
}

/// What a schema takes, in words.
fn expected(root: &Value, schema: &Value) -> Option<String> {
    let schema = resolve(root, schema);
    if let Some(value) = schema.get("const") {
        return Some(value.to_string());
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return Some(list(values));
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(Value::Array(choices)) = schema.get(choice) {
            let words: Vec<_> = choices.iter().filter_map(|c| expected(root, c)).collect();
            return Some(words.join(" or "));
        }
    }
    schema.get("type").filter(|t| t.as_str() != Some("null")).map(name_of)
}

fn object(
    root: &Value,
    rules: &Map<String, Value>,
    map: &Map<String, Value>,
    path: &str,
    found: &mut Vec<FieldProblem>,
) {
    let empty = Map::new();
    let properties = rules.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    // names of maps are checked when they are read; here their values
    let of_pattern =
        rules.get("patternProperties").and_then(Value::as_object).and_then(|p| p.values().next());
    for name in
        rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        if !map.contains_key(name) {
            found.push(problem(&format!("{path}.{name}"), "is missing".to_owned()));
        }
    }
    for (name, value) in map {
        match (properties.get(name).or(of_pattern), rules.get("additionalProperties")) {
            (Some(schema), _) => check(root, schema, value, &format!("{path}.{}", shown(name)), found),
            (None, Some(Value::Bool(false))) => {
                let known: Vec<_> = properties.keys().map(String::as_str).collect();
                let problem_ = format!("is not known here; known are {}", known.join(", "));
                found.push(problem(&format!("{path}.{}", shown(name)), problem_));
            }
            (None, Some(schema @ Value::Object(_))) => {
                check(root, schema, value, &format!("{path}.{}", shown(name)), found);
            }
            _ => {}
        }
    }
}

fn array(
    root: &Value,
    rules: &Map<String, Value>,
    items: &[Value],
    path: &str,
    found: &mut Vec<FieldProblem>,
) {
    if let Some(schema) = rules.get("items") {
        for (i, item) in items.iter().enumerate() {
            check(root, schema, item, &format!("{path}[{i}]"), found);
        }
    }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return schema };
    reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn has_type(types: &Value, data: &Value) -> bool {
    let one = |name: &str| match name {
        "null" => data.is_null(),
        "boolean" => data.is_boolean(),
        "integer" => data.is_i64() || data.is_u64(),
        "number" => data.is_number(),
        "string" => data.is_string(),
        "array" => data.is_array(),
        "object" => data.is_object(),
        _ => true,
    };
    match types {
        Value::String(name) => one(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(one),
        _ => true,
    }
}

fn name_of(types: &Value) -> String {
    let one = |name: &str| match name {
        "integer" => "a whole number",
        "array" => "a list",
        "object" => "an object",
        "string" => "a text",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "left out",
    };
    match types {
        Value::String(name) => one(name).to_owned(),
        Value::Array(names) => {
            let names: Vec<_> =
                names.iter().filter_map(Value::as_str).filter(|n| *n != "null").map(one).collect();
            names.join(" or ")
        }
        _ => "something else".to_owned(),
    }
}

fn list(values: &[Value]) -> String {
    let values: Vec<_> =
        values.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
    values.join(", ")
}

/// A name that the sender made up could hold anything.
pub(crate) fn shown(name: &str) -> String {
    let plain = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if plain { name.to_owned() } else { "(a name)".to_owned() }
}

fn problem(path: &str, problem: String) -> FieldProblem {
    FieldProblem { field: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use crate::registry::kind;
    use serde_json::{Value, json};

    fn problems(kind_: &str, data: &Value) -> Vec<(String, String)> {
        let refusal = kind(kind_).unwrap().parse(data).err().expect("refused");
        refusal.fields.into_iter().map(|f| (f.field, f.problem)).collect()
    }

    #[test]
    fn every_field_is_named() {
        let data = json!({"subject": {"email": 7, "nick": "x"}, "contents": "newsletter", "staff": false, "extra": 1});
        let fields: Vec<_> = problems("consent.request.v1", &data).into_iter().map(|(f, _)| f).collect();
        assert_eq!(
            fields,
            ["data.contents", "data.extra", "data.staff", "data.subject.email", "data.subject.nick"]
        );
    }

    #[test]
    fn values_of_maps_are_checked_and_their_names_let_be() {
        let data = json!({"subject": {"ids": {"shop": "4711", "crm": 4711}}, "contents": 1});
        let fields: Vec<_> = problems("consent.request.v1", &data).into_iter().map(|(f, _)| f).collect();
        assert_eq!(fields, ["data.contents", "data.subject.ids.crm"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let found = problems("consent.withdraw.v1", &json!({}));
        assert_eq!(
            found,
            [
                ("data.subject".to_owned(), "is missing".to_owned()),
                ("data.purposes".to_owned(), "is missing".to_owned()),
            ]
        );
    }

    #[test]
    fn a_choice_is_told_in_full() {
        let found =
            problems("consent.withdraw.v1", &json!({"subject": {"email": "a@b.c"}, "purposes": "some"}));
        assert_eq!(found[0].0, "data.purposes");
        assert!(found[0].1.contains("all"), "{found:?}");
    }

    #[test]
    fn no_value_and_no_odd_name_is_quoted() {
        let data =
            json!({"subject": {"ana@example.org": "ana@example.org"}, "contents": [{"ana@example.org": 1}]});
        let text = format!("{:?}", problems("consent.request.v1", &data));
        assert!(!text.contains("ana@"), "{text}");
    }

    #[test]
    fn no_refusal_repeats_what_the_sender_wrote() {
        let marker = "Ana.Marker@example.org";
        let subject = json!({"email": "bob@example.org"});
        for (name, data) in [
            ("consent.request.v1", json!({"subject": {"ids": {marker: "1"}}, "contents": ["newsletter"]})),
            ("consent.request.v1", json!({"subject": {marker: 1, "ids": {"shop": 7}}, "contents": [marker]})),
            ("consent.request.v1", json!({"subject": subject, "contents": ["a"], "requested_at": marker})),
            (
                "consent.request.v1",
                json!({"subject": subject, "contents": ["a"], "evidence": {"ip": marker}}),
            ),
            ("consent.request.v1", json!({"subject": {"id": marker}, "contents": ["a"]})),
            (
                "consent.request.v1",
                json!({"subject": {"email": "b@x.org", "kind": marker}, "contents": ["a"]}),
            ),
            (
                "consent.record.v1",
                json!({"subject": subject, "consents": [{"category": "a", "content": "a",
                "answer": marker}]}),
            ),
            (
                "consent.record.v1",
                json!({"subject": subject, "consents": [{"category": "a", "content": "a",
                "answer": "agree", "address": {marker: marker}}]}),
            ),
            (
                "consent.record.v1",
                json!({"subject": subject, "consents": [{"category": "a", "content": "a",
                "answer": "agree", "address": {"ids": {marker: "1"}}}]}),
            ),
            ("consent.withdraw.v1", json!({"subject": subject, "purposes": marker})),
            ("consent.withdraw.v1", json!({"subject": subject, "purposes": [marker]})),
            ("subject.upsert.v1", json!({"subject": subject, "fields": {marker: "x"}})),
            ("subject.upsert.v1", json!({"subject": subject, "fields": {marker: {marker: 1}}})),
            ("subject.upsert.v1", json!({"subject": subject, "addresses": [{"name": {marker: 1}}]})),
            ("sweep.run.v1", json!({"sweep": marker})),
            ("purpose.changed.v1", json!({"purpose": marker, "content": marker})),
        ] {
            let refusal = kind(name).expect("a type").parse(&data).err().expect("a refusal");
            let told = serde_json::to_string(&refusal).expect("JSON");
            assert!(!told.contains("Marker"), "{name} {data}: {told}");
        }
    }
}

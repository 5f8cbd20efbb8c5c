//! The schema knows what the example uses.

use super::*;

#[test]
fn the_schema_covers_the_example() {
    let schema = policy_schema();
    let example: serde_json::Value = toml::from_str(EXAMPLE).expect("toml");
    covers(&schema, &schema, &example, "");
}

/// A light check: every key of `value` is one that the schema names, and what it requires is there.
fn covers(root: &serde_json::Value, schema: &serde_json::Value, value: &serde_json::Value, path: &str) {
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.trim_start_matches('#')).expect("a definition");
        return covers(root, target, value, path);
    }
    if let Some(options) = schema["anyOf"].as_array()
        && let Some(option) = options.iter().find(|option| option["$ref"].is_string())
    {
        return covers(root, option, value, path);
    }
    if let Some(items) = value.as_array() {
        items.iter().for_each(|item| covers(root, &schema["items"], item, path));
    }
    let Some(fields) = value.as_object() else { return };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(required.as_str().expect("a name")), "{path} lacks {required}");
    }
    for (key, field) in fields {
        let path = format!("{path}.{key}");
        let named = schema["patternProperties"].as_object().and_then(|named| named.values().next());
        let other = &schema["additionalProperties"];
        match schema["properties"].get(key).or(named) {
            Some(known) => covers(root, known, field, &path),
            None => {
                assert!(other.is_object() || *other == true, "{path} is not in the schema: {schema}");
                covers(root, other, field, &path);
            }
        }
    }
}

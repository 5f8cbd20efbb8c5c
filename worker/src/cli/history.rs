//! The trail of a subject, as commands show it. It holds names and numbers only, so nothing is masked.

use super::failure::Failure;
use super::output::Output;
use crate::app::Opened;
use crate::store::audit;
use rescind_jobs::model::SubjectId;
use serde_json::Value;

/// The latest so many events are shown.
const MOST: i64 = 500;

/// What every event has; the rest is of its act.
const COMMON: [&str; 9] =
    ["act", "at", "id", "message", "ordinal", "policy", "sequence", "source", "subject"];

/// The events of a subject that `concern` lets pass, oldest first.
pub(super) async fn of(
    opened: &Opened,
    subject: SubjectId,
    concern: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>, Failure> {
    let mut events = audit::of_subject(&opened.pool, subject, MOST).await?;
    events.retain(concern);
    Ok(events)
}

/// A line each.
pub(super) fn print(out: &mut Output<'_>, events: &[Value]) -> Result<(), Failure> {
    let text = |event: &Value, key: &str| event.get(key).map(plain).unwrap_or_default();
    let rows: Vec<Vec<String>> = events
        .iter()
        .map(|event| vec![text(event, "at"), text(event, "act"), text(event, "source"), particulars(event)])
        .collect();
    out.table(&["at", "act", "source", "particulars"], &rows, "The trail is empty.")
}

fn particulars(event: &Value) -> String {
    let Value::Object(map) = event else { return String::new() };
    let own = map.iter().filter(|(key, _)| !COMMON.contains(&key.as_str()));
    own.map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(" ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn particulars_are_what_the_act_alone_has() {
        let event = json!({"act": "fields_changed", "at": "x", "id": "y", "message": "", "policy": "p",
            "sequence": 1, "source": "shop", "subject": "s", "fields": ["name", "tax_id"], "count": 2});
        assert_eq!(particulars(&event), "count=2 fields=name,tax_id");
    }
}

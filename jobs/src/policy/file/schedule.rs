//! `[schedules.…]`: messages that are sent by the clock.

use super::near;
use super::place::Place;
use super::reader::{Reader, quoted};
use crate::code::ScheduleId;
use crate::policy::{CatchUp, ScheduleRule};
use crate::refusal::FieldProblem;
use crate::registry;
use crate::schedule::{Schedule, ScheduleError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A message sent at each due time.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Schedule")]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchedule {
    /// Minute, hour, day of the month, month, day of the week, as in crontab.
    cron: String,
    /// The time zone it is meant in, by its IANA name.
    time_zone: String,
    /// What is sent.
    message: RawMessage,
    /// What to do about due times that passed while nothing ran. Default: latest.
    #[serde(default)]
    catch_up: CatchUp,
    /// A run may start while the one before is not finished. Default: false.
    #[serde(default)]
    overlap: bool,
}

/// What is sent.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ScheduledMessage")]
#[serde(deny_unknown_fields)]
struct RawMessage {
    /// The message's type.
    r#type: String,
    /// The message's data. Default: none.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    data: toml::Table,
}

pub(super) fn schedules(reader: &mut Reader<'_>, enabled: bool) -> BTreeMap<ScheduleId, ScheduleRule> {
    let mut rules = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawSchedule>("schedules", ScheduleId::new) {
        if !enabled {
            reader.warn(&at, "a schedule, but `features` lacks `schedules`", "the feature, or no schedule");
        }
        let schedule = due(reader, &at, &raw);
        let message = at.key("message");
        let message_type = raw.message.r#type;
        if !reader.known_types.contains(&message_type.as_str()) {
            let expected =
                format!("a message type that exists: {}", near::one_of(&message_type, reader.known_types));
            reader.wrong(&message.key("type"), quoted(&message_type), expected);
        }
        let data = json(toml::Value::Table(raw.message.data));
        match &data {
            Some(data) => fits(reader, &message, &message_type, data),
            None => reader.wrong(&message.key("data"), "a number that JSON cannot hold", "finite numbers"),
        }
        if let (Some(schedule), Some(data)) = (schedule, data) {
            let RawSchedule { catch_up, overlap, .. } = raw;
            let rule = ScheduleRule { id: id.clone(), schedule, message_type, data, catch_up, overlap };
            rules.insert(id, rule);
        }
    }
    rules
}

fn due(reader: &mut Reader<'_>, at: &Place, raw: &RawSchedule) -> Option<Schedule> {
    let wrong_zone = |error: &ScheduleError| matches!(error, ScheduleError::TimeZone { .. });
    let schedule = Schedule::parse(&raw.cron, &raw.time_zone);
    if let Err(why) = schedule.as_ref()
        && !wrong_zone(why)
    {
        reader.wrong(&at.key("cron"), quoted(&raw.cron), format!("five fields as in crontab ({why})"));
    }
    // asked for itself, because a wrong expression would hide a wrong zone
    if let Err(why) = Schedule::parse("@daily", &raw.time_zone) {
        let why = why.to_string();
        let expected = why.split_once(", expected ").map_or(why.as_str(), |(_, expected)| expected);
        reader.wrong(&at.key("time_zone"), quoted(&raw.time_zone), expected);
    }
    schedule.ok()
}

/// Whether the message would be taken: what is refused at three in the morning is better refused now.
fn fits(reader: &mut Reader<'_>, message: &Place, message_type: &str, data: &Value) {
    let Some(Err(refusal)) = registry::kind(message_type).map(|kind| kind.parse(data)) else { return };
    for FieldProblem { field, problem } in refusal.fields {
        let (found, expected) =
            problem.split_once(", expected ").unwrap_or((problem.as_str(), "data that this type takes"));
        reader.wrong(&below(message, &field), found, expected);
    }
}

/// The place of a field such as `data.list[0].name`.
fn below(message: &Place, field: &str) -> Place {
    field.split('.').fold(message.clone(), |place, part| {
        let mut pieces = part.split(['[', ']']).filter(|piece| !piece.is_empty());
        let place = place.key(pieces.next().unwrap_or_default());
        pieces.fold(place, |place, index| match index.parse() {
            Ok(index) => place.index(index),
            Err(_) => place.key(index),
        })
    })
}

/// The same value in JSON; dates become text, and numbers that JSON lacks make it none.
fn json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(number)?),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect::<Option<_>>()?),
        toml::Value::Table(table) => {
            let fields = table.into_iter().map(|(key, item)| Some((key, json(item)?)));
            Value::Object(fields.collect::<Option<_>>()?)
        }
    })
}

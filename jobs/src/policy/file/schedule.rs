//! `[schedules.…]`: messages that are sent by the clock.

use super::near;
use super::place::Place;
use super::reader::{Reader, quoted};
use crate::code::ScheduleId;
use crate::policy::{CatchUp, ScheduleRule};
use crate::schedule::Schedule;
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
        if data.is_none() {
            reader.wrong(&message.key("data"), "a number that JSON cannot hold", "finite numbers");
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
    if raw.time_zone.parse::<chrono_tz::Tz>().is_err() {
        let expected = "a time zone by its IANA name, such as `Europe/Berlin`";
        reader.wrong(&at.key("time_zone"), quoted(&raw.time_zone), expected);
        // the expression can still be judged
        return checked(reader, at, &raw.cron, "UTC").and(None);
    }
    checked(reader, at, &raw.cron, &raw.time_zone)
}

fn checked(reader: &mut Reader<'_>, at: &Place, cron: &str, time_zone: &str) -> Option<Schedule> {
    match Schedule::parse(cron, time_zone) {
        Ok(schedule) => Some(schedule),
        Err(why) => {
            let expected = format!("five fields as in crontab, such as `0 3 * * *` ({why})");
            reader.wrong(&at.key("cron"), quoted(cron), expected);
            None
        }
    }
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

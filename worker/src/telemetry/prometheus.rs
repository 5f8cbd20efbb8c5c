//! From the metrics' text form to OTLP: what is exported is exactly what `/metrics` shows.

use super::otlp::{attribute, nanos};
use rescind_jobs::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A sample: its whole name, its labels, its value.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
}

/// Every family of the text.
pub(super) fn metrics(text: &str, since: Timestamp, now: Timestamp) -> Vec<Value> {
    let (mut families, mut help, mut unit) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    let mut samples = Vec::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), text) => drop(help.insert(name, text.unwrap_or_default())),
            (Some("#"), Some("UNIT"), Some(name), text) => drop(unit.insert(name, text.unwrap_or_default())),
            (Some("#"), Some("TYPE"), Some(name), kind) => families.push((name, kind.unwrap_or_default())),
            (Some("#"), ..) => {}
            _ => samples.extend(sample(line)),
        }
    }
    let times = (nanos(since), nanos(now));
    let mut all = Vec::new();
    for (name, kind) in families {
        let data = match kind {
            "counter" => {
                let total = format!("{name}_total");
                let points = points(samples.iter().filter(|s| s.name == total), &times);
                ("sum", json!({"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": points}))
            }
            "gauge" => {
                ("gauge", json!({"dataPoints": points(samples.iter().filter(|s| s.name == name), &times)}))
            }
            "histogram" => (
                "histogram",
                json!({"aggregationTemporality": 2, "dataPoints": histogram(name, &samples, &times)}),
            ),
            _ => continue,
        };
        if data.1["dataPoints"].as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        let description = help.get(name).copied().unwrap_or_default();
        let unit = if unit.get(name) == Some(&"seconds") { "s" } else { "1" };
        let mut metric = json!({"name": name, "description": description, "unit": unit});
        metric[data.0] = data.1;
        all.push(metric);
    }
    all
}

fn points<'a>(samples: impl Iterator<Item = &'a Sample<'a>>, (since, now): &(String, String)) -> Vec<Value> {
    samples
        .map(|s| {
            json!({"attributes": attributes(&s.labels), "startTimeUnixNano": since, "timeUnixNano": now,
                   "asDouble": s.value})
        })
        .collect()
}

fn attributes(labels: &[(&str, String)]) -> Vec<Value> {
    labels.iter().filter(|(key, _)| *key != "le").map(|(key, value)| attribute(key, value)).collect()
}

/// Only histograms without labels of their own are in use.
fn histogram(name: &str, samples: &[Sample<'_>], (since, now): &(String, String)) -> Vec<Value> {
    let value = |suffix: &str| {
        samples.iter().find(|s| s.name.strip_prefix(name) == Some(suffix)).map_or(0.0, |s| s.value)
    };
    let (mut bounds, mut counts, mut before) = (Vec::new(), Vec::new(), 0.0);
    for s in samples.iter().filter(|s| s.name.strip_prefix(name) == Some("_bucket")) {
        let bound = s.labels.iter().find(|(key, _)| *key == "le").and_then(|(_, le)| le.parse::<f64>().ok());
        bounds.extend(bound.filter(|bound| bound.is_finite()));
        counts.push(format!("{}", s.value - before));
        before = s.value;
    }
    if counts.is_empty() {
        return Vec::new();
    }
    vec![json!({"attributes": [], "startTimeUnixNano": since, "timeUnixNano": now, "sum": value("_sum"),
                "count": format!("{}", value("_count")), "explicitBounds": bounds, "bucketCounts": counts})]
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, labels)) = series.split_once('{') else {
        return Some(Sample { name: series, labels: Vec::new(), value });
    };
    // values are names from closed lists, so none holds a quote or a comma
    let labels = labels.trim_end_matches('}').split(',').filter_map(|label| {
        let (key, value) = label.split_once('=')?;
        Some((key, value.trim_matches('"').to_owned()))
    });
    Some(Sample { name, labels: labels.collect(), value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use crate::runner::message::Outcome;
    use std::time::Duration;

    #[test]
    fn every_kind_is_told_as_it_is() {
        let metrics = Metrics::default();
        metrics.batch(&[Outcome::Done, Outcome::Done], Duration::from_millis(3));
        metrics.gauges().parked.set(4);
        let now = Timestamp::parse_rfc3339("2026-11-22T09:00:00Z").expect("a time");
        let told = super::metrics(&metrics.text(), now, now);
        let of = |name: &str| told.iter().find(|m| m["name"] == name).expect("told").clone();
        let messages = of("rescind_messages");
        let point = &messages["sum"]["dataPoints"][0];
        assert_eq!((&point["asDouble"], &messages["sum"]["isMonotonic"]), (&json!(2.0), &json!(true)));
        assert!(point["attributes"].to_string().contains("\"done\""), "{point}");
        assert_eq!(of("rescind_parked")["gauge"]["dataPoints"][0]["asDouble"], json!(4.0));
        let batches = of("rescind_batch_duration_seconds");
        let batch = &batches["histogram"]["dataPoints"][0];
        assert_eq!((&batch["count"], &batches["unit"]), (&json!("1"), &json!("s")));
        let counts = batch["bucketCounts"].as_array().expect("counts");
        assert_eq!(counts.iter().filter(|n| **n == json!("1")).count(), 1, "{batch}");
        assert_eq!(counts.len(), batch["explicitBounds"].as_array().expect("bounds").len() + 1);
    }
}

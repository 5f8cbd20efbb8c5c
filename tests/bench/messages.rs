//! The message that every candidate works on: a request for consent, one subject each.

use rescind_worker::policy_files::EXAMPLE;
use serde_json::{Value, json};

/// The address of subject `number`. Its number is told by the sink when the mail arrives.
pub(crate) fn address(number: usize) -> String {
    format!("subject{number}@example.org")
}

/// `consent.request.v1`, as an app would send it.
pub(crate) fn request(id: &str, number: usize, time: i64) -> Value {
    let time = chrono::DateTime::from_timestamp_micros(time).expect("a time");
    json!({
        "specversion": "1.0", "id": id, "source": "shop", "type": "consent.request.v1",
        "time": time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        "data": {"subject": {"email": address(number), "locale": "en"}, "contents": ["newsletter"],
                 "source": "web-form"},
    })
}

/// The token of [`policy`]'s source.
pub(crate) const TOKEN: &str = "rescind-development-token";

/// The example policy, with caps that a benchmark does not reach, and senders.
pub(crate) fn policy() -> String {
    let mut text = EXAMPLE.to_owned();
    for (key, value) in [("source", 10_000), ("", 50_000)] {
        let key = if key.is_empty() {
            "requests_per_hour".to_owned()
        } else {
            format!("requests_per_{key}_per_hour")
        };
        let default = format!("\n{key} = {value}\n");
        assert!(text.contains(&default), "the example policy has {key} = {value}");
        text = text.replace(&default, &format!("\n{key} = 1000000000\n"));
    }
    let providers = "# mail_providers = [\"example.net\"]";
    assert!(text.contains(providers), "the example policy shows mail_providers");
    text = text.replace(providers, "mail_providers = [\"example.org\"]");
    text + "\n" + include_str!("../../config/sources.toml")
}

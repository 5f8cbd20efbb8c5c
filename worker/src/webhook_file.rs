//! The file of webhooks: who gets which events, at which address, signed by which secret. It holds secrets, so it is apart
//! from configuration and policy; no error repeats an address or a secret.

use crate::config::Secret;
use data_encoding::BASE64;
use rescind_jobs::event::Event;
use rescind_jobs::policy::TypePattern;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use url::Url;

/// An endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name in lists, metrics and mails.
    pub name: String,
    /// Where it is.
    pub url: Url,
    /// The key of its signatures, in base64.
    secret: Secret,
    /// Which events it gets.
    events: Vec<TypePattern>,
}

impl Endpoint {
    /// Whether it gets events of this type.
    pub fn wants(&self, kind: &str) -> bool {
        self.events.iter().any(|pattern| pattern.allows(kind))
    }

    /// The key of its signatures.
    pub fn key(&self) -> Vec<u8> {
        key_bytes(&self.secret)
    }
}

/// What answers a message: it goes to its sender, by the broker or as the answer to its request.
const ANSWERS: [&str; 2] = ["gate.answered.v1", "message.refused.v1"];
/// What an address must be.
pub(crate) const ADDRESS: &str = "an https:// address is expected (it is not shown)";
/// What a secret must be.
pub(crate) const SECRET: &str = "whsec_ and 24 to 64 random bytes in base64 are expected (it is not shown); \
                                 make one by: echo whsec_$(openssl rand -base64 32)";

/// An address that can be called.
pub(crate) fn address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// The key of signatures, in base64, of a secret as it is written.
pub(crate) fn signing_key(secret: &str) -> Option<Secret> {
    let key = secret.strip_prefix("whsec_")?;
    let length = BASE64.decode(key.as_bytes()).ok()?.len();
    (24..=64).contains(&length).then(|| Secret::new(key.to_owned()))
}

/// The bytes of a key that [`signing_key`] has read.
pub(crate) fn key_bytes(key: &Secret) -> Vec<u8> {
    BASE64.decode(key.expose().as_bytes()).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    url: String,
    secret: String,
    events: Vec<String>,
}

/// Reads the file; every mistake of it at once.
///
/// # Errors
/// What is wrong, with the name of the endpoint and the key.
pub fn read(path: &Path) -> Result<Vec<Endpoint>, String> {
    let told = |why: String| format!("webhooks.file {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| told(error.to_string()))?;
    parse(&text).map_err(told)
}

fn parse(text: &str) -> Result<Vec<Endpoint>, String> {
    let raw: BTreeMap<String, Raw> = toml::from_str(text).map_err(|error| {
        // what stands around the place may be a secret
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count());
        format!("line {line}: expected [NAME] with url, secret and events, and nothing else")
    })?;
    let (mut endpoints, mut wrong) = (Vec::new(), Vec::new());
    for (name, raw) in raw {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            wrong.push(format!("[{name}]: a name of small letters, digits, - and _ is expected"));
        }
        let url = address(&raw.url);
        if url.is_none() {
            wrong.push(format!("{name}.url: {ADDRESS}"));
        }
        let secret = signing_key(&raw.secret);
        if secret.is_none() {
            wrong.push(format!("{name}.secret: {SECRET}"));
        }
        let mut events = Vec::new();
        for text in &raw.events {
            let pattern = TypePattern::new(text);
            let covers = |kind: &&&str| pattern.as_ref().is_some_and(|pattern| pattern.allows(kind));
            let covered: Vec<&&str> = Event::KINDS.iter().filter(covers).collect();
            match (&pattern, covered.iter().all(|kind| ANSWERS.contains(*kind))) {
                (Some(pattern), false) => events.push(pattern.clone()),
                (Some(_), true) if !covered.is_empty() => wrong.push(format!(
                    "{name}.events: {text:?} is an answer, which goes to whoever asked, and to no endpoint; leave it out"
                )),
                _ => wrong.push(format!("{name}.events: {text:?} is no event, nor a beginning of one")),
            }
        }
        if raw.events.is_empty() {
            wrong.push(format!("{name}.events: at least one is expected, such as \"consent.*\""));
        }
        if let (Some(url), Some(secret)) = (url, secret) {
            endpoints.push(Endpoint { name, url, secret, events });
        }
    }
    if wrong.is_empty() { Ok(endpoints) } else { Err(wrong.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn endpoints_are_read_and_filter_by_type() {
        let text = format!(
            "[shop]\nurl = \"https://shop.example.org/hook\"\nsecret = \"{SECRET}\"\nevents = [\"consent.*\"]\n"
        );
        let endpoints = parse(&text).expect("it holds");
        assert!(endpoints[0].wants("consent.granted.v1") && !endpoints[0].wants("processing.stop.v1"));
        assert_eq!(endpoints[0].key().len(), 24);
        assert!(!format!("{endpoints:?}").contains("MfKQ"));
    }

    #[test]
    fn what_no_endpoint_ever_gets_is_refused() {
        for (events, fits) in
            [("message.refused.v1", false), ("gate.answered.v1", false), ("gate.*", false), ("*", true)]
        {
            let text = format!(
                "[shop]\nurl = \"https://x.example\"\nsecret = \"{SECRET}\"\nevents = [\"{events}\"]\n"
            );
            let read = parse(&text);
            assert_eq!(read.is_ok(), fits, "{events}");
            assert!(read.err().is_none_or(|told| told.contains("is an answer")), "{events}");
        }
    }

    #[test]
    fn every_mistake_is_told_and_no_secret_shown() {
        let text = "[Shop]\nurl = \"ftp://user:hunter2@x\"\nsecret = \"hunter2\"\nevents = [\"consnt.*\"]\n";
        let told = parse(text).expect_err("wrong");
        for part in ["[Shop]", "Shop.url", "Shop.secret", "consnt"] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
        let told = parse("[shop]\nsecret = \"hunter2\"\nsecrt = 1\n").expect_err("unknown key");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

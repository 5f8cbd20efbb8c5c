//! The file of channels by which staff are told beside mail: a signed webhook, or the incoming webhook of a chat. Its
//! addresses are secrets, so it is apart from configuration and policy, which names channels by name alone; no error
//! repeats an address or a secret.

use crate::config::{Config, Secret, read_secret};
use crate::webhook_file::{ADDRESS, SECRET, address, key_bytes, signing_key};
use rescind_jobs::code::{self, StaffChannelId};
use rescind_jobs::policy::Policy;
use rescind_jobs::time::Span;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use url::Url;

/// A channel.
#[derive(Clone)]
pub struct StaffChannel {
    /// Its name in the policy.
    pub name: StaffChannelId,
    /// Where it is; whoever knows the address of a chat can write there.
    pub url: Url,
    /// What goes there.
    pub kind: ChannelKind,
    /// What it has not taken after so long goes by mail.
    pub mail_after: Span,
}

/// What goes to a channel.
#[derive(Clone)]
pub enum ChannelKind {
    /// A signed webhook.
    Webhook {
        /// The key of its signatures, in base64.
        key: Secret,
    },
    /// A message to a chat.
    Chat(ChatFormat),
}

/// The form of a message to a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatFormat {
    /// `{"text": "…"}`, as Slack, Mattermost, Rocket.Chat and what is made after them take it.
    #[default]
    Text,
    /// An adaptive card, as Microsoft Teams takes it from a workflow.
    Teams,
}

impl StaffChannel {
    /// The key of its signatures; none for a chat.
    pub fn key(&self) -> Option<Vec<u8>> {
        match &self.kind {
            ChannelKind::Webhook { key } => Some(key_bytes(key)),
            ChannelKind::Chat(_) => None,
        }
    }
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum RawKind {
    Webhook,
    Chat,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    kind: RawKind,
    url: Option<String>,
    url_file: Option<PathBuf>,
    secret: Option<String>,
    secret_file: Option<PathBuf>,
    format: Option<ChatFormat>,
    mail_after_minutes: Option<u32>,
}

/// How long a channel is tried by default: what has to stop at once cannot wait for long.
const MAIL_AFTER: u32 = 15;

/// Reads the channels that the configuration names; every mistake of them at once.
///
/// # Errors
/// What is wrong, with the name of the channel and the key.
pub fn read(config: &Config) -> Result<Vec<StaffChannel>, String> {
    let Some(path) = config.staff_channels.as_deref() else { return Ok(Vec::new()) };
    let told = |why: String| format!("staff_channels.file {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| told(error.to_string()))?;
    parse(&text).map_err(told)
}

/// Which channels the policy names that are not there; in words, one a line.
pub fn missing(policy: &Policy, channels: &[StaffChannel], path: Option<&Path>) -> Vec<String> {
    let known: BTreeSet<&StaffChannelId> = channels.iter().map(|channel| &channel.name).collect();
    let named = policy.staff.values().filter_map(|member| Some((&member.id, member.channel.as_ref()?)));
    named
        .filter(|(_, channel)| !known.contains(channel))
        .map(|(staff, channel)| {
            let wanted = match path {
                Some(path) => format!("add [{channel}] to {}", path.display()),
                None => format!("name a file with [{channel}] by staff_channels.file of the configuration"),
            };
            format!("policy: staff.{staff}.channel is {:?}, which is no channel: {wanted}", channel.as_str())
        })
        .collect()
}

fn parse(text: &str) -> Result<Vec<StaffChannel>, String> {
    let raw: BTreeMap<String, Raw> = toml::from_str(text).map_err(|error| {
        // what stands around the place may be a secret
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count());
        format!(
            "line {line}: expected [NAME] with kind (\"webhook\" or \"chat\"), url or url_file, for a webhook secret or \
             secret_file, for a chat format (\"text\" or \"teams\"), mail_after_minutes, and nothing else"
        )
    })?;
    let (mut channels, mut wrong) = (Vec::new(), Vec::new());
    for (name, raw) in raw {
        let before = wrong.len();
        let mut refuse = |key: &str, why: &str| wrong.push(format!("{name}.{key}: {why}"));
        let id = StaffChannelId::new(&name).filter(|_| name != "mail");
        if id.is_none() {
            refuse("name", &format!("{}; mail needs no channel", code::RULE));
        }
        let url = given("url", raw.url, raw.url_file, &mut refuse).and_then(|text| {
            address(&text).or_else(|| {
                refuse("url", ADDRESS);
                None
            })
        });
        let minutes = raw.mail_after_minutes.unwrap_or(MAIL_AFTER);
        if !(1..=1440).contains(&minutes) {
            refuse("mail_after_minutes", "1 to 1440 are expected");
        }
        let kind = match raw.kind {
            RawKind::Webhook => {
                if raw.format.is_some() {
                    refuse("format", "only a chat has one");
                }
                given("secret", raw.secret, raw.secret_file, &mut refuse)
                    .and_then(|text| {
                        signing_key(&text).or_else(|| {
                            refuse("secret", SECRET);
                            None
                        })
                    })
                    .map(|key| ChannelKind::Webhook { key })
            }
            RawKind::Chat => {
                if raw.secret.is_some() || raw.secret_file.is_some() {
                    refuse("secret", "only a webhook has one: a chat is protected by its address");
                }
                Some(ChannelKind::Chat(raw.format.unwrap_or_default()))
            }
        };
        if let (Some(name), Some(url), Some(kind)) = (id, url, kind)
            && wrong.len() == before
        {
            channels.push(StaffChannel { name, url, kind, mail_after: Span::minutes(minutes.into()) });
        }
    }
    if wrong.is_empty() { Ok(channels) } else { Err(wrong.join("; ")) }
}

/// A value that is given here or by a file.
fn given(
    key: &str,
    here: Option<String>,
    file: Option<PathBuf>,
    refuse: &mut impl FnMut(&str, &str),
) -> Option<String> {
    match (here, file) {
        (Some(text), None) => return Some(text),
        (None, Some(path)) => match read_secret(&path) {
            Ok(text) => return Some(text.to_string()),
            Err(why) => refuse(&format!("{key}_file"), &format!("{}: {why}", path.display())),
        },
        (Some(_), Some(_)) => refuse(key, &format!("either this or {key}_file is expected")),
        (None, None) => refuse(key, &format!("this or {key}_file is missing")),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_read() {
        let text = "[duty]\nkind = \"webhook\"\nurl = \"https://pager.example.org/hook\"\n\
                    secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n\
                    [privacy-room]\nkind = \"chat\"\nurl = \"https://chat.example.org/hooks/x\"\nformat = \"teams\"\n\
                    mail_after_minutes = 5\n";
        let channels = parse(text).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(channels[0].key().map(|key| key.len()), Some(24));
        assert_eq!(channels[0].mail_after, Span::minutes(15));
        assert!(
            matches!(channels[1].kind, ChannelKind::Chat(ChatFormat::Teams)) && channels[1].key().is_none()
        );
    }

    #[test]
    fn every_mistake_is_told_and_no_secret_shown() {
        let text = "[Room]\nkind = \"chat\"\nurl = \"ftp://hunter2\"\nsecret = \"hunter2\"\nmail_after_minutes = 0\n\
                    [duty]\nkind = \"webhook\"\nsecret = \"hunter2\"\nformat = \"text\"\n";
        let told = parse(text).err().expect("wrong");
        let parts = [
            "Room.name",
            "Room.url",
            "Room.secret",
            "Room.mail_after",
            "duty.url",
            "duty.secret",
            "duty.format",
        ];
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
        let told = parse("[a]\nkind = \"chat\"\nurl = \"https://hunter2\"\nurll = 1\n").err().expect("wrong");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

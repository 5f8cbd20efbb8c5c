//! `[channels.…]` and `[topics.…]`.

use super::reader::Reader;
use super::texts::RawTexts;
use crate::code::{ChannelId, TopicId};
use crate::policy::{Channel, ChannelKind, Topic};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A channel of communication.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Channel")]
#[serde(deny_unknown_fields)]
pub(super) struct RawChannel {
    /// Its title for people.
    title: RawTexts,
    /// What kind of address it uses.
    kind: ChannelKind,
}

/// A topic that can be subscribed to within a purpose.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Topic")]
#[serde(deny_unknown_fields)]
pub(super) struct RawTopic {
    /// Its title for people.
    title: RawTexts,
}

pub(super) fn channels(reader: &mut Reader<'_>) -> BTreeMap<ChannelId, Channel> {
    let mut channels = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawChannel>("channels", ChannelId::new) {
        if let Some(title) = reader.titles(&at.key("title"), &raw.title) {
            channels.insert(id.clone(), Channel { id, title, kind: raw.kind });
        }
    }
    channels
}

pub(super) fn topics(reader: &mut Reader<'_>) -> BTreeMap<TopicId, Topic> {
    let mut topics = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawTopic>("topics", TopicId::new) {
        if let Some(title) = reader.titles(&at.key("title"), &raw.title) {
            topics.insert(id.clone(), Topic { id, title });
        }
    }
    topics
}

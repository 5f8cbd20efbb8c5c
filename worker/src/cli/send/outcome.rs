//! Waiting for what becomes of messages that were sent.

use super::Message;
use crate::app::Opened;
use crate::cli::failure::Failure;
use crate::store::registers;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use uuid::Uuid;

/// What became of a message.
pub(super) enum Outcome {
    Decided,
    Parked { id: Uuid, code: String, detail: String },
    Waiting,
    Gone,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Decided => f.write_str("decided"),
            Self::Parked { id, code, detail } => write!(f, "parked as {id}: {code}: {detail}"),
            Self::Waiting => f.write_str("still waiting; is a worker running?"),
            Self::Gone => f.write_str("gone, and neither decided nor parked; somebody dropped it"),
        }
    }
}

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Waits until no row is left or the time is up, and looks where the messages are.
pub(super) async fn outcomes(
    opened: &Opened,
    messages: &[Message],
    wait: Duration,
) -> Result<Vec<Outcome>, Failure> {
    let end = tokio::time::Instant::now() + wait;
    let rows: Vec<Uuid> = messages.iter().map(|message| message.row).collect();
    let waiting = loop {
        let waiting = registers::waiting(&opened.pool, rows.clone()).await?;
        if waiting.is_empty() || tokio::time::Instant::now() >= end {
            break waiting;
        }
        tokio::time::sleep_until(end.min(tokio::time::Instant::now() + LOOK)).await;
    };
    let macs: Vec<Vec<u8>> = messages.iter().map(|m| opened.vault.body_mac(&m.body).to_vec()).collect();
    let mut by_source: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for message in messages {
        by_source.entry(&message.source).or_default().push(message.id.clone());
    }
    let mut decided: HashMap<(&str, String), Vec<u8>> = HashMap::new();
    for (source, ids) in by_source {
        let found = registers::decided(&opened.pool, source, ids).await?;
        decided.extend(found.into_iter().map(|(id, mac)| ((source, id), mac)));
    }
    let parked = registers::parked_by_mac(&opened.pool, macs.clone()).await?;
    Ok(messages
        .iter()
        .zip(macs)
        .map(|(message, mac)| {
            if waiting.contains(&message.row) {
                Outcome::Waiting
            } else if decided.get(&(message.source.as_str(), message.id.clone())) == Some(&mac) {
                Outcome::Decided
            } else if let Some((id, code, detail)) = parked.get(&mac) {
                Outcome::Parked { id: *id, code: code.clone(), detail: detail.clone() }
            } else {
                Outcome::Gone
            }
        })
        .collect())
}

//! The ways a mail can leave, behind one door.
//!
//! A transport is handed mails that are already decided, composed and recorded as `sending`; it says of each one
//! what became of it, once. Rule: `Sent` only when the other side has taken responsibility, `Uncertain` when it
//! may have, everything else only when it certainly has not. A group always gets as many outcomes as it has mails.

pub mod mailbox;
pub mod maildir;
mod names;
mod outcome;
pub mod smtp;

use std::{fmt, io};

use rescind_jobs::effects::Lane;
use thiserror::Error;
use uuid::Uuid;

use crate::config;

pub use outcome::{Delivery, Phase, ReplyCode, Trouble, TroubleKind};

/// A mail ready to leave. Its `Debug` shows the id alone.
#[derive(Clone)]
pub struct Outgoing {
    /// The outbox row.
    pub id: Uuid,
    /// `<left@right>`, the same on every attempt; files are named by it.
    pub message_id: String,
    /// Envelope sender.
    pub from: String,
    /// Envelope recipient.
    pub to: String,
    /// The composed mail.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The transport that the configuration chose.
#[derive(Debug)]
pub enum Transport {
    /// To a relay.
    Smtp(smtp::Smtp),
    /// Into a Maildir.
    Maildir(maildir::Maildir),
    /// Into the development mailbox.
    Mailbox(mailbox::Mailbox),
}

/// The transport cannot be used as configured.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The relay.
    #[error(transparent)]
    Smtp(#[from] smtp::SetupProblem),
    /// The folder for mails, which the configuration names.
    #[error("the folder for mails cannot be made: {}", .0.kind())]
    Folder(io::Error),
}

impl Transport {
    /// Opens what the configuration chose: makes folders, reads certificates, connects to nothing yet. Blocking;
    /// for start-up.
    pub fn open(chosen: &config::Transport) -> Result<Self, OpenError> {
        match chosen {
            config::Transport::Smtp(settings) => Ok(Self::Smtp(smtp::Smtp::new(settings.clone())?)),
            config::Transport::Maildir(path) => {
                maildir::Maildir::open(path).map(Self::Maildir).map_err(OpenError::Folder)
            }
            config::Transport::Mailbox(path) => {
                mailbox::Mailbox::open(path).map(Self::Mailbox).map_err(OpenError::Folder)
            }
        }
    }

    /// Sends the mails of `group` and returns one outcome for each, in the order of the group.
    ///
    /// A group in the background leaves a connection to those that somebody waits for, and gives way to them.
    ///
    /// Dropping the future abandons what is in flight: those mails have to be treated as `Uncertain`.
    pub async fn send(&self, group: Vec<Outgoing>, lane: Lane) -> Vec<(Uuid, Delivery)> {
        match self {
            Self::Smtp(smtp) => smtp.send(group, lane).await,
            Self::Maildir(maildir) => maildir.send(group).await,
            Self::Mailbox(mailbox) => mailbox.send(group).await,
        }
    }

    /// Whether the other side would take mail now; asked after it was found away. A connection that comes of it is
    /// kept for the next mail. Files are simply tried again.
    ///
    /// # Errors
    /// What would become of a mail.
    pub async fn knock(&self) -> Result<(), Delivery> {
        match self {
            Self::Smtp(smtp) => smtp.knock().await,
            Self::Maildir(_) | Self::Mailbox(_) => Ok(()),
        }
    }

    /// Waits until a connection is free for mails of this lane, or could be made; whoever asks has no claim to it. Files
    /// have room.
    pub async fn room(&self, lane: Lane) {
        if let Self::Smtp(smtp) = self {
            smtp.room(lane).await;
        }
    }

    /// How many mails can be under way at once; a group should hold several times as many.
    pub fn connections(&self) -> usize {
        match self {
            Self::Smtp(smtp) => smtp.connections(),
            Self::Maildir(_) | Self::Mailbox(_) => 1,
        }
    }

    /// Says goodbye on idle connections. A later `send` opens new ones.
    pub async fn close(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.close().await;
        }
    }
}

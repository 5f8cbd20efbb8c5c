//! The development mailbox: a folder of `.eml` files that a page lists and shows.
//!
//! For a developer's machine: mails stay until someone deletes them. Rule: an id that came from a URL is checked
//! before it becomes a path, and nothing reads the folder without a limit on what it keeps.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use mail_parser::{Message, MessageParser};
use thiserror::Error;
use uuid::Uuid;

use super::maildir::{make_folder, store_group};
use super::names::is_stem;
use super::{Delivery, Outgoing};

const EXTENSION: &str = ".eml";
/// A mail larger than this is not shown.
const LARGEST: u64 = 32 * 1024 * 1024;

/// The mailbox could not be read. Holds no name of a mail.
#[derive(Debug, Error)]
pub enum MailboxError {
    /// The folder or a file in it could not be read.
    #[error("the mailbox cannot be read: {}", .0.kind())]
    Io(io::Error),
    /// Reading was interrupted.
    #[error("reading the mailbox was interrupted")]
    Interrupted,
}

/// One line of the list. Shown to developers; has no `Debug`, because it holds addresses.
pub struct Entry {
    /// For [`Mailbox::read`] and [`Mailbox::view`]; safe in a URL path.
    pub id: String,
    /// When the file was written.
    pub received_at: DateTime<Utc>,
    /// `Name <address>` as in the mail.
    pub from: String,
    /// The same.
    pub to: String,
    /// Decoded.
    pub subject: String,
}

/// A mail taken apart for showing.
pub struct View {
    /// Decoded `From`, `To` and `Subject`, and the time it was written.
    pub entry: Entry,
    /// All header fields in their order, undecoded, unfolded.
    pub headers: Vec<(String, String)>,
    /// The plain text part.
    pub text: Option<String>,
    /// The HTML part, as sent: whoever shows it must sandbox it.
    pub html: Option<String>,
    /// Names of the attached files.
    pub attachments: Vec<String>,
}

/// The development mailbox.
#[derive(Debug, Clone)]
pub struct Mailbox {
    root: PathBuf,
}

impl Mailbox {
    /// Opens the mailbox in the folder `root`, which is made if missing, readable by the owner alone.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        make_folder(&root.join("tmp"))?;
        Ok(Self { root })
    }

    /// Writes the mails of `group`; see [`super::Transport::send`]. Trouble is always `Deferred`.
    pub async fn send(&self, group: Vec<Outgoing>) -> Vec<(Uuid, Delivery)> {
        store_group(group, self.root.join("tmp"), self.root.clone(), EXTENSION).await
    }

    /// The newest `limit` mails, newest first.
    pub async fn list(&self, limit: usize) -> Result<Vec<Entry>, MailboxError> {
        let root = self.root.clone();
        blocking(move || {
            let newest = newest(&root, limit)?;
            newest.into_iter().filter_map(|(at, id)| entry_of(&root, &id, at).transpose()).collect()
        })
        .await
    }

    /// The bytes of a mail; `None` for an id that is unknown or not one.
    pub async fn read(&self, id: &str) -> Result<Option<Vec<u8>>, MailboxError> {
        let Some(path) = path_of(&self.root, id) else { return Ok(None) };
        blocking(move || read_bounded(&path)).await
    }

    /// A mail taken apart; `None` for an id that is unknown or not one.
    pub async fn view(&self, id: &str) -> Result<Option<View>, MailboxError> {
        let Some(path) = path_of(&self.root, id) else { return Ok(None) };
        let id = id.to_owned();
        blocking(move || {
            let Some(bytes) = read_bounded(&path)? else { return Ok(None) };
            let received_at = DateTime::<Utc>::from(fs::metadata(&path)?.modified()?);
            Ok(MessageParser::default().parse(&bytes).map(|mail| view_of(&mail, id, received_at)))
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, MailboxError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| MailboxError::Interrupted)?.map_err(MailboxError::Io)
}

/// Times and ids of the newest `limit` mails; never keeps more than twice as many in memory.
fn newest(root: &Path, limit: usize) -> io::Result<Vec<(DateTime<Utc>, String)>> {
    let mut kept = Vec::new();
    let trim = |kept: &mut Vec<(DateTime<Utc>, String)>| {
        kept.sort_unstable_by(|a, b| b.cmp(a));
        kept.truncate(limit);
    };
    for file in fs::read_dir(root)? {
        let file = file?;
        let name = file.file_name();
        let Some(id) = name.to_str().and_then(|name| name.strip_suffix(EXTENSION)) else { continue };
        if !is_stem(id) {
            continue;
        }
        // Deleted between listing and asking: not there.
        let Ok(meta) = file.metadata() else { continue };
        if meta.is_file() {
            kept.push((DateTime::<Utc>::from(meta.modified()?), id.to_owned()));
        }
        if kept.len() >= limit.saturating_mul(2).max(64) {
            trim(&mut kept);
        }
    }
    trim(&mut kept);
    Ok(kept)
}

fn path_of(root: &Path, id: &str) -> Option<PathBuf> {
    is_stem(id).then(|| root.join(format!("{id}{EXTENSION}")))
}

fn read_bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // Not following links: the folder is ours, but it is a developer's machine.
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() <= LARGEST => fs::read(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn entry_of(root: &Path, id: &str, received_at: DateTime<Utc>) -> io::Result<Option<Entry>> {
    let Some(path) = path_of(root, id) else { return Ok(None) };
    let Some(bytes) = read_bounded(&path)? else { return Ok(None) };
    Ok(MessageParser::default().parse_headers(&bytes).map(|mail| summary(&mail, id.to_owned(), received_at)))
}

fn summary(mail: &Message<'_>, id: String, received_at: DateTime<Utc>) -> Entry {
    Entry {
        id,
        received_at,
        from: mail.from().map(shown).unwrap_or_default(),
        to: mail.to().map(shown).unwrap_or_default(),
        subject: mail.subject().unwrap_or_default().to_owned(),
    }
}

fn shown(addresses: &mail_parser::Address<'_>) -> String {
    let each = addresses.iter().map(|one| match (one.name(), one.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (None, Some(address)) => address.to_owned(),
        (Some(name), None) => name.to_owned(),
        (None, None) => String::new(),
    });
    each.collect::<Vec<_>>().join(", ")
}

fn view_of(mail: &Message<'_>, id: String, received_at: DateTime<Utc>) -> View {
    use mail_parser::{MimeHeaders, PartType};
    let unfolded = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
    View {
        entry: summary(mail, id, received_at),
        headers: mail.headers_raw().map(|(name, value)| (name.to_owned(), unfolded(value))).collect(),
        // The parser's own body_text and body_html convert one into the other; the page shows what was sent.
        text: mail.text_bodies().find_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            _ => None,
        }),
        html: mail.html_bodies().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.to_string()),
            _ => None,
        }),
        attachments: mail
            .attachments()
            .map(|part| part.attachment_name().unwrap_or("attachment").to_owned())
            .collect(),
    }
}

//! Turns the rendered parts of a mail into the bytes that leave (RFC 5322, MIME).
//!
//! The same composition gives the same bytes on every attempt: Message-ID and date come from the caller and the
//! MIME boundaries are derived from the Message-ID. Names and subjects come from people, so control characters in
//! them become spaces; a header field that the caller adds must be clean, otherwise composing fails.

use std::time::SystemTime;

use chrono::{DateTime, Datelike, Utc};
use lettre::address::{Address, Envelope};
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::address::{AddressProblem, WireAddress};
use super::encode;

/// Fields that composing sets itself; a caller cannot replace them.
const OWN_FIELDS: [&str; 16] = [
    "auto-submitted",
    "bcc",
    "cc",
    "content-disposition",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
    "x-auto-response-suppress",
];

/// A name, if there is one, and an address.
#[derive(Clone, Copy)]
pub struct Party<'a> {
    /// What people see; may be in any script.
    pub name: Option<&'a str>,
    /// `local@domain`; an international domain is put into ASCII.
    pub address: &'a str,
}

/// A file that goes with the mail.
#[derive(Clone, Copy)]
pub struct Attachment<'a> {
    /// Shown name, without a path.
    pub filename: &'a str,
    /// `type/subtype`, not `multipart` nor `message`.
    pub media_type: &'a str,
    /// The content, sent byte for byte (base64).
    pub bytes: &'a [u8],
}

/// Everything of one mail to one recipient.
#[derive(Clone, Copy)]
pub struct Composition<'a> {
    /// `<left@right>`, as from [`message_id`].
    pub message_id: &'a str,
    /// Who it is from.
    pub from: Party<'a>,
    /// Where answers go, when not to `from`.
    pub reply_to: Option<Party<'a>>,
    /// The one recipient.
    pub to: Party<'a>,
    /// One line, any script.
    pub subject: &'a str,
    /// The plain text.
    pub text: &'a str,
    /// The same as HTML.
    pub html: &'a str,
    /// When it was written; 1970 to 9999.
    pub date: DateTime<Utc>,
    /// Files, in order.
    pub attachments: &'a [Attachment<'a>],
    /// Further header fields, name and value, in order.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The mail cannot be composed. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ComposeError {
    /// An address cannot stand in a header field.
    #[error("{field}: {problem}")]
    Address {
        /// `From`, `Reply-To` or `To`.
        field: &'static str,
        /// What is wrong with it.
        problem: AddressProblem,
    },
    /// The Message-ID is not `<left@right>` in plain ASCII.
    #[error("the Message-ID is malformed")]
    MessageId,
    /// The date lies outside of what a mail can say.
    #[error("the date is out of range")]
    Date,
    /// A further header field has an unfit name, is one that composing sets, or its value has control characters.
    #[error("header field number {0} is not allowed")]
    Header(usize),
    /// An attachment's media type is malformed or not allowed.
    #[error("the media type of attachment number {0} is not allowed")]
    MediaType(usize),
    /// The library refused the whole.
    #[error("the mail cannot be put together")]
    Library,
}

/// The Message-ID of an outbox row: the same on every attempt, so that a repeat can be told.
pub fn message_id(outbox_id: Uuid, domain: &str) -> String {
    format!("<{}@{domain}>", outbox_id.as_simple())
}

impl Composition<'_> {
    /// The mail as bytes, lines ended by CRLF, 7-bit unless a local part is not ASCII.
    pub fn compose(&self) -> Result<Vec<u8>, ComposeError> {
        if !is_message_id(self.message_id) {
            return Err(ComposeError::MessageId);
        }
        if self.date.timestamp() < 0 || self.date.year() > 9999 {
            return Err(ComposeError::Date);
        }
        let from = mailbox("From", &self.from)?;
        let to = mailbox("To", &self.to)?;
        // Given, because the library would read the addresses back out of the encoded fields.
        let envelope = Envelope::new(Some(from.email.clone()), vec![to.email.clone()])
            .map_err(|_| ComposeError::Library)?;

        let mut builder = Message::builder()
            .envelope(envelope)
            .date(SystemTime::from(self.date))
            .message_id(Some(self.message_id.to_owned()))
            .from(from)
            .to(to)
            .subject(one_line(self.subject))
            .raw_header(own_field("Auto-Submitted", "auto-generated"))
            .raw_header(own_field("X-Auto-Response-Suppress", "All"));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(mailbox("Reply-To", reply_to)?);
        }
        for (index, (name, value)) in self.headers.iter().enumerate() {
            builder = builder.raw_header(field(name, value).ok_or(ComposeError::Header(index))?);
        }

        let texts = MultiPart::alternative()
            .boundary(boundary(self.message_id, "texts"))
            .singlepart(part(ContentType::TEXT_PLAIN, self.text))
            .singlepart(part(ContentType::TEXT_HTML, self.html));
        let body = if self.attachments.is_empty() {
            texts
        } else {
            let mut whole = MultiPart::mixed().boundary(boundary(self.message_id, "whole")).multipart(texts);
            for (index, attachment) in self.attachments.iter().enumerate() {
                whole = whole.singlepart(attached(attachment).ok_or(ComposeError::MediaType(index))?);
            }
            whole
        };
        builder.multipart(body).map(|message| message.formatted()).map_err(|_| ComposeError::Library)
    }
}

fn mailbox(field: &'static str, party: &Party<'_>) -> Result<Mailbox, ComposeError> {
    let wire =
        WireAddress::parse(party.address).map_err(|problem| ComposeError::Address { field, problem })?;
    // The library's own check is narrower than RFC 5321 in places; ours has already kept out what could do harm.
    let address = Address::new_dangerous(wire.local(), wire.domain());
    let name = party.name.map(one_line).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, address))
}

fn field(name: &str, value: &str) -> Option<HeaderValue> {
    let clean_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !clean_name || OWN_FIELDS.contains(&name.to_ascii_lowercase().as_str()) {
        return None;
    }
    if value.is_empty() || value.chars().any(char::is_control) {
        return None;
    }
    let name = HeaderName::new_from_ascii(name.to_owned()).ok()?;
    Some(HeaderValue::new(name, value.to_owned()))
}

fn own_field(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn attached(attachment: &Attachment<'_>) -> Option<SinglePart> {
    let media_type = attachment.media_type;
    let composite =
        |prefix: &str| media_type.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if composite("multipart/") || composite("message/") || media_type.chars().any(char::is_control) {
        return None;
    }
    let media_type = ContentType::parse(media_type).ok()?;
    // Always base64, so that no line ending on the way changes the file.
    let body = Body::new_with_encoding(attachment.bytes.to_vec(), ContentTransferEncoding::Base64).ok()?;
    let shown = one_line(attachment.filename).replace(['/', '\\', '"'], "_");
    let shown = if shown.is_empty() { "attachment".to_owned() } else { shown };
    Some(SinglePart::builder().header(media_type).header(ContentDisposition::attachment(&shown)).body(body))
}

/// Names and subjects on one line: control characters and line separators become single spaces, and marks that
/// turn the direction of writing, which can disguise an address, go.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() || matches!(c, ' ' | '\u{2028}' | '\u{2029}') => {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            c => line.push(c),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

fn part(media_type: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(media_type).body(encode::body(text))
}

fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.is_some_and(|inner| {
        inner.len() <= 250
            && inner.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
            && inner.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\'))
    })
}

/// `=_` never occurs in quoted-printable nor base64 text, and the rest cannot be known before the mail exists.
fn boundary(message_id: &str, part: &str) -> String {
    let digest = Sha256::new().chain_update(part).chain_update(message_id).finalize();
    format!("=_{}", data_encoding::HEXLOWER.encode(&digest[..16]))
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;

//! A notice to staff as a channel gets it: for a webhook as JSON, for a chat in a few lines. It shows what the mail would
//! show, and no more.

use super::letter::{ACKNOWLEDGED, GONE, NO_READER, NO_TEMPLATE, NoLetter, Writer};
use crate::render::StaffNotice;
use crate::staff_channel_file::{ChannelKind, ChatFormat};
use crate::store::outbox::mails::{Claimed, Material};
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::model::Recipient;
use rescind_jobs::time::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

impl Writer<'_> {
    /// Writes a notice for a channel of this kind.
    pub(super) fn message(
        &self,
        mail: &Claimed,
        kind: &ChannelKind,
        material: &Material,
    ) -> Result<Vec<u8>, NoLetter> {
        let Recipient::Staff(staff) = &mail.to else { return Err(GONE) };
        let reader = self.policy.staff.get(staff).ok_or(NO_READER)?;
        let id = mail.mail.notice().ok_or(GONE)?;
        let (subject, notice) = material.notices.get(&id).ok_or(ACKNOWLEDGED)?;
        let (told, rendered) = self.notice(&mail.mail, *subject, notice, reader, material)?;
        let title = rendered.map_err(|_| NO_TEMPLATE)?.subject;
        let word = |key| self.renderer.text(key, reader.locale.as_str());
        let body = match kind {
            ChannelKind::Webhook { .. } => json!({
                "specversion": "1.0",
                "id": mail.id,
                "source": INTERNAL_SOURCE,
                "type": "staff.notice.v1",
                "time": mail.created_at,
                "datacontenttype": "application/json",
                "data": {
                    "notice": id,
                    "kind": notice.kind.as_str(),
                    "reminder": told.reminder,
                    "staff": staff,
                    "name": told.staff_name,
                    "locale": reader.locale.as_str(),
                    "title": title,
                    "person": told.person,
                    "erased": told.erased,
                    "reference": told.reference,
                    "purposes": told.purposes,
                    "reason": told.reason,
                    "date": told.date,
                    "url": told.url,
                },
            }),
            ChannelKind::Chat(ChatFormat::Text) => {
                let person = if told.erased {
                    word("staff-erased")
                } else {
                    // in a chat a name could call a whole room, or hide a link
                    values(&told).iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" · ")
                };
                let lines = [
                    format!("{}: {title}", told.staff_name),
                    person,
                    format!("{}: {}", word("staff-button"), told.url),
                ];
                json!({"text": lines.join("\n")})
            }
            ChannelKind::Chat(ChatFormat::Teams) => {
                let person = if told.erased { word("staff-erased") } else { values(&told).join(" · ") };
                let title = format!("{}: {title}", told.staff_name);
                card(&[&title, &person], Some((&word("staff-button"), &told.url)))
            }
        };
        Ok(body.to_string().into_bytes())
    }
}

/// What tries out a channel: nothing about anybody.
pub(crate) fn trial(kind: &ChannelKind, id: Uuid, now: Timestamp) -> Vec<u8> {
    const TEXT: &str = "Rescind: a test of this channel. There is nothing to do.";
    let body = match kind {
        ChannelKind::Webhook { .. } => json!({
            "specversion": "1.0", "id": id, "source": INTERNAL_SOURCE, "type": "staff.test.v1", "time": now,
            "datacontenttype": "application/json", "data": {},
        }),
        ChannelKind::Chat(ChatFormat::Text) => json!({"text": TEXT}),
        ChannelKind::Chat(ChatFormat::Teams) => card(&[TEXT], None),
    };
    body.to_string().into_bytes()
}

/// By what the person is recognised, each in one line that no chat takes for anything but text.
fn values(told: &StaffNotice) -> Vec<String> {
    told.person.iter().map(|line| plain(&line.value)).collect()
}

fn plain(value: &str) -> String {
    let plain = |c: char| match c {
        '<' => '‹',
        '>' => '›',
        '`' => '’',
        c if c.is_control() => ' ',
        c => c,
    };
    value.chars().map(plain).collect()
}

/// An adaptive card. Its text runs are not read as Markdown.
fn card(lines: &[&str], button: Option<(&str, &str)>) -> Value {
    let block = |(n, line): (usize, &&str)| {
        let weight = if n == 0 { "Bolder" } else { "Default" };
        json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line, "weight": weight}]})
    };
    let action = |(title, url)| json!({"type": "Action.OpenUrl", "title": title, "url": url});
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": lines.iter().enumerate().map(block).collect::<Vec<_>>(),
                "actions": button.map(action).into_iter().collect::<Vec<_>>(),
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_by_a_name() {
        assert_eq!(plain("<!channel>"), "‹!channel›");
        assert_eq!(plain("Ana` @all\n<https://x|y>"), "Ana’ @all ‹https://x|y›");
    }
}

//! The mail: opened, rendered, composed.

use super::rows::{Claimed, Keys, place};
use handlebars::Handlebars;
use lettre::message::MultiPart;
use lettre::{Address, Message};
use rescind_jobs::protection::LinkKind;
use serde_json::json;

/// Renders and composes. The templates are the peers': Jinja2 reads them too.
pub(crate) struct Writer(Handlebars<'static>);

/// A mail ready to leave.
pub(crate) struct Letter {
    pub(crate) envelope: lettre::address::Envelope,
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        let mut templates = Handlebars::new();
        for (name, text) in
            [("html", include_str!("../peers/mail.html")), ("txt", include_str!("../peers/mail.txt"))]
        {
            templates.register_template_string(name, text).expect("a template");
        }
        Self(templates)
    }

    /// One mail.
    pub(crate) fn write(&self, mail: &Claimed, keys: &Keys) -> Letter {
        let key = keys.vault.unwrap(&mail.contact_key, place("subject", "contact_key", mail.subject));
        let key = key.expect("a key opens");
        let address =
            key.open_text(place("identity", "sealed", mail.subject), &mail.address).expect("an address");
        let token = keys.vault.link_token(LinkKind::Confirm, mail.request, 0);
        let parameters = json!({
            "controller": "Example Shop GmbH", "content_title": "Newsletter by email",
            "confirm_url": format!("http://127.0.0.1:8080/c/{token}"),
            "requested_at": "22 November 2026", "expires_at": "29 November 2026",
        });
        let render = |name| self.0.render(name, &parameters).expect("a template renders");
        let to: Address = address.parse().expect("an address");
        let message = Message::builder()
            .from("Example Shop <consent@example.org>".parse().expect("a sender"))
            .reply_to("privacy@example.org".parse().expect("an address"))
            .to(lettre::message::Mailbox::new(None, to))
            .date(mail.created_at.into())
            .message_id(Some(format!("<{}@example.org>", mail.id.as_simple())))
            .subject("Please confirm: Newsletter by email")
            .multipart(MultiPart::alternative_plain_html(render("txt"), render("html")))
            .expect("a mail");
        Letter { envelope: message.envelope().clone(), bytes: message.formatted() }
    }
}

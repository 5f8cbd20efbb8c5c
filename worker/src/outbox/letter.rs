//! From an ordered mail to its bytes: opened, rendered and addressed at the moment it leaves.

use crate::config::Config;
use crate::mail::compose::{Attachment, Composition, Party, message_id};
use crate::mail::transport::Outgoing;
use crate::render::{ConfirmConsent, ControllerBlock, RemindConsent, RenderedMail, Renderer};
use crate::store::outbox::mails::{Claimed, Material};
use rescind_jobs::locale::Locale;
use rescind_jobs::mail::Mail;
use rescind_jobs::policy::{ContentVersion, Document, Policy, Purpose};
use rescind_jobs::protection::{DataKey, LinkKind, Place, Sealed, Vault, WrappedKey};
use rescind_jobs::time::Timestamp;

/// What letters are made from.
pub(super) struct Writer<'a> {
    pub config: &'a Config,
    pub policy: &'a Policy,
    pub vault: &'a Vault,
    pub renderer: &'a Renderer,
}

/// Why a mail does not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoLetter {
    /// What it belongs to is gone or closed: it is no longer allowed to leave.
    Suppressed(&'static str),
    /// The policy lacks what it speaks of; another replica has a newer one.
    Later(&'static str),
    /// It cannot be written; the fault is ours.
    Failed(&'static str),
}

impl Writer<'_> {
    /// Writes one mail.
    pub(super) fn write(&self, mail: &Claimed, material: &Material) -> Result<Outgoing, NoLetter> {
        let gone = NoLetter::Suppressed("what it belongs to is gone");
        let (_, wrapped, version) = material.subjects.get(&mail.subject).ok_or(gone)?;
        let key = self.contact_key(mail, wrapped.as_ref(), *version)?;
        let sealed = material
            .addresses
            .get(&(mail.subject, mail.address))
            .ok_or(NoLetter::Suppressed("the address is not in use"))?;
        let address = open(&key, mail, "identity", *version, sealed)?;
        let name = match material.names.get(&mail.subject) {
            Some(sealed) => Some(open(&key, mail, "subject_field", *version, sealed)?),
            None => None,
        };
        let request = material.requests.get(&mail.mail.request()).ok_or(gone)?;
        let purpose = self
            .policy
            .purposes
            .get(&request.purpose)
            .ok_or(NoLetter::Later("the policy lacks the purpose"))?;
        let version = self
            .policy
            .contents
            .get(&request.content)
            .and_then(|c| c.version(request.version))
            .ok_or(NoLetter::Later("the policy lacks the content"))?;
        // the purpose's own document (A6), and the regulation that the content links (A3)
        let documents: Vec<&Document> = purpose.document.iter().chain(&version.regulation).collect();
        let rendered = self.render(mail, request, purpose, version, !documents.is_empty(), name.clone())?;
        self.compose(mail, purpose, &documents, &address, name.as_deref(), &rendered)
    }

    fn contact_key(
        &self,
        mail: &Claimed,
        key: Option<&WrappedKey>,
        version: i16,
    ) -> Result<DataKey, NoLetter> {
        let key = key.ok_or(NoLetter::Suppressed("the subject's key was destroyed"))?;
        let place =
            Place { table: "subject", column: "contact_key", owner: mail.subject.0, key_version: version };
        self.vault.unwrap(key, place).map_err(|_| NoLetter::Failed("the subject's key does not open"))
    }

    fn render(
        &self,
        mail: &Claimed,
        request: &rescind_jobs::model::ConsentRequest,
        purpose: &Purpose,
        version: &ContentVersion,
        document_attached: bool,
        name: Option<String>,
    ) -> Result<RenderedMail, NoLetter> {
        let locale = request.locale;
        let token = self.vault.link_token(LinkKind::Confirm, request.id, request.generation);
        let parameters = ConfirmConsent {
            controller: controller(self.policy),
            recipient_name: name,
            purpose_title: purpose.title.get(locale).1.to_owned(),
            content_title: version.title.get(locale).1.to_owned(),
            content_text: version.text.get(locale).1.to_owned(),
            content_version: request.version.to_string(),
            confirm_url: self.config.http.public_url.link(&format!("/c/{token}")),
            requested_at: self.date(request.requested_at, locale),
            expires_at: self.date(request.expires_at, locale),
            document_attached,
        };
        let rendered = match &mail.mail {
            Mail::ConfirmConsent { .. } => self.renderer.mail(&parameters, locale.as_str()),
            Mail::RemindConsent { .. } => self.renderer.mail(&RemindConsent(parameters), locale.as_str()),
        };
        rendered.map_err(|_| NoLetter::Failed("the template does not render"))
    }

    fn date(&self, time: Timestamp, locale: Locale) -> String {
        self.renderer.format_date(time.to_chrono().date_naive(), locale.as_str())
    }

    fn compose(
        &self,
        mail: &Claimed,
        purpose: &Purpose,
        documents: &[&Document],
        address: &str,
        name: Option<&str>,
        rendered: &RenderedMail,
    ) -> Result<Outgoing, NoLetter> {
        let from = self
            .policy
            .mail_identities
            .get(&purpose.mail_identity)
            .ok_or(NoLetter::Later("the policy lacks the mail identity"))?;
        let domain = from.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let message_id = message_id(mail.id, domain);
        let attachments: Vec<Attachment<'_>> = documents
            .iter()
            .map(|d| Attachment { filename: &d.filename, media_type: &d.media_type, bytes: &d.bytes })
            .collect();
        let bytes = Composition {
            message_id: &message_id,
            from: Party { name: Some(&from.name), address: &from.address },
            reply_to: from.reply_to.as_deref().map(|address| Party { name: None, address }),
            to: Party { name, address },
            subject: &rendered.subject,
            text: &rendered.text,
            html: &rendered.html,
            date: mail.created_at.to_chrono(),
            attachments: &attachments,
            headers: &[],
        }
        .compose()
        .map_err(|_| NoLetter::Failed("the mail cannot be composed"))?;
        Ok(Outgoing { id: mail.id, message_id, from: from.address.clone(), to: address.to_owned(), bytes })
    }
}

fn open(
    key: &DataKey,
    mail: &Claimed,
    table: &'static str,
    key_version: i16,
    sealed: &Sealed,
) -> Result<String, NoLetter> {
    let place = Place { table, column: "sealed", owner: mail.subject.0, key_version };
    key.open_text(place, sealed).map_err(|_| NoLetter::Failed("a sealed value does not open"))
}

/// The controller, as shown below mails and pages.
pub(crate) fn controller(policy: &Policy) -> ControllerBlock {
    let controller = &policy.controller;
    ControllerBlock {
        name: controller.name.clone(),
        address: controller.address.clone(),
        email: controller.email.clone(),
        phone: controller.phone.clone(),
        privacy_url: controller.privacy_url.clone(),
    }
}

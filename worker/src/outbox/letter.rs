//! From an ordered mail to its bytes: opened, rendered and addressed at the moment it leaves.

use super::mailing::Reader;
use crate::config::Config;
use crate::mail::compose::{Attachment, Composition, Party, message_id};
use crate::mail::transport::Outgoing;
use crate::personal_link;
use crate::privacy_notice;
use crate::render::{
    self, ConfirmAddress, ConfirmConsent, ControllerBlock, DigestItem, PageCodeMail, RemindConsent,
    RenderError, RenderedMail, Renderer, RestrictionConfirmed, RestrictionEnding, SourceNotice, StaffDigest,
    StaffErasureRequest, StaffEscalation, StaffObjection, StaffRestriction, StaffUnclear, StaffUnreachable,
    StaffWebhook, StaffWithdrawal,
};
use crate::staff_notice::{Person, Words, controller};
use crate::store::outbox::mails::{Asked, Claimed, Material};
use rescind_jobs::code::{DataSourceId, StaffId};
use rescind_jobs::locale::{Locale, Texts};
use rescind_jobs::mail::{Decided, Mail, WebhookTrouble};
use rescind_jobs::model::{NewAddress, NoticeKind, PageCode, Recipient, StaffNotice, SubjectId};
use rescind_jobs::policy::{
    ContentVersion, Document, LawfulBasis, MailIdentity, Policy, Purpose, StaffMember,
};
use rescind_jobs::protection::{DataKey, LinkKind, Place, Sealed, Vault, WrappedKey};
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

/// What letters are made from.
pub(super) struct Writer<'a> {
    pub config: &'a Config,
    pub policy: &'a Policy,
    pub vault: &'a Vault,
    pub renderer: &'a Renderer,
    pub now: Timestamp,
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

/// Who a mail comes from, whom it goes to, and what it brings.
pub(super) struct Envelope<'a> {
    pub from: &'a MailIdentity,
    pub address: &'a str,
    pub name: Option<&'a str>,
    pub documents: &'a [&'a Document],
    pub headers: &'a [(&'a str, &'a str)],
}

pub(super) const GONE: NoLetter = NoLetter::Suppressed("what it belongs to is gone");
pub(super) const ACKNOWLEDGED: NoLetter = NoLetter::Suppressed("it was acknowledged");
pub(super) const NO_READER: NoLetter = NoLetter::Later("the policy lacks the member of staff");
pub(super) const NO_TEMPLATE: NoLetter = NoLetter::Failed("the template does not render");
pub(super) const NO_SENDER: NoLetter = NoLetter::Later("the policy lacks the mail identity");

impl Writer<'_> {
    /// Writes one mail.
    pub(super) fn write(&self, mail: &Claimed, material: &Material) -> Result<Outgoing, NoLetter> {
        match &mail.to {
            Recipient::Staff(staff) => self.to_staff(mail, staff, material),
            Recipient::Address(_) => self.to_subject(mail, material),
        }
    }

    fn to_subject(&self, mail: &Claimed, material: &Material) -> Result<Outgoing, NoLetter> {
        let subject = mail.subject.ok_or(GONE)?;
        let about = material.addressed.get(&mail.id).ok_or(GONE)?;
        let (locale, version) = (about.locale, about.key_version);
        let key = self.contact_key(subject, about.key.as_ref(), version)?;
        if let Mail::ConfirmAddress { address } = &mail.mail {
            let place = Place {
                table: "personal_page",
                column: "address_sealed",
                owner: subject.0,
                key_version: version,
            };
            let waiting = material.pages.get(&subject).and_then(|page| page.address.as_ref());
            let waiting = waiting.filter(|waiting| waiting.id == *address && waiting.until > self.now);
            let waiting = waiting.ok_or(NoLetter::Suppressed("another address was given"))?;
            let to = key.open_text(place, &waiting.sealed);
            let to = to.map_err(|_| NoLetter::Failed("a sealed value does not open"))?;
            return self.asking_at(mail, waiting, &to, locale.unwrap_or(self.policy.default_locale));
        }
        let sealed = about.address.as_ref().ok_or(NoLetter::Suppressed("the address is not in use"))?;
        let address = open(&key, subject, "identity", version, sealed)?;
        let name = match &about.name {
            Some(sealed) => Some(open(&key, subject, "subject_field", version, sealed)?),
            None => None,
        };
        if let Some(request) = mail.mail.request() {
            let asked = about.asked.as_ref().ok_or(GONE)?;
            return self.asking(mail, request, asked, &address, name);
        }
        let locale = locale.unwrap_or(self.policy.default_locale).as_str();
        let controller = controller(self.policy);
        let rendered = match &mail.mail {
            Mail::RestrictionConfirmed => {
                let date = self.date(mail.created_at, Locale::from_tag(locale).unwrap_or_default());
                let parameters = RestrictionConfirmed { controller, recipient_name: name.clone(), date };
                self.renderer.mail(&parameters, locale)
            }
            Mail::RestrictionEnding { objection } => {
                let parameters = RestrictionEnding {
                    controller,
                    recipient_name: name.clone(),
                    upheld: *objection == Some(Decided::Upheld),
                    overridden: *objection == Some(Decided::Overridden),
                };
                self.renderer.mail(&parameters, locale)
            }
            Mail::SourceNotice { data_source } => {
                let preferences =
                    personal_link::address(material.pages.get(&subject), subject, self.vault, self.config);
                let parameters =
                    self.source_notice(data_source, name.clone(), preferences, controller, locale)?;
                self.renderer.mail(&parameters, locale)
            }
            Mail::PageCode { code } => {
                let page = material.pages.get(&subject);
                let current = page.and_then(|page| page.code.as_ref()).filter(|c| c.id == *code);
                // a newer one took its place, or the address was revoked: it opens nothing
                current.ok_or(NoLetter::Suppressed("the code is no longer valid"))?;
                let digits = self.vault.page_code(*code);
                let (first, second) = digits.split_at(4);
                let parameters = PageCodeMail {
                    controller,
                    recipient_name: name.clone(),
                    code: format!("{first} {second}"),
                    minutes: PageCode::PERIOD.as_micros() / 60_000_000,
                    preferences_url: personal_link::address(page, subject, self.vault, self.config),
                };
                self.renderer.mail(&parameters, locale)
            }
            Mail::Mailing(mailing) => {
                let words = material.mailings.get(&mail.id).ok_or(GONE)?;
                let plain = open(&key, subject, "mail", version, &words.words)?;
                let locale = Locale::from_tag(locale).unwrap_or_default();
                let reader = Reader {
                    subject,
                    known: words.known.as_ref(),
                    address: &address,
                    name: name.as_deref(),
                    locale,
                    preferences: personal_link::address(
                        material.pages.get(&subject),
                        subject,
                        self.vault,
                        self.config,
                    ),
                };
                return self.mailing(mail, mailing, &plain, reader);
            }
            _ => return Err(GONE),
        };
        let envelope = Envelope {
            from: self.policy.mail_identities.values().next().ok_or(NO_SENDER)?,
            address: &address,
            name: name.as_deref(),
            documents: &[],
            headers: &[],
        };
        self.compose(mail, &envelope, &rendered.map_err(|_| NO_TEMPLATE)?)
    }

    /// A mail that asks at a new address whether it is the subject's own. It names nobody: it may be a stranger's.
    fn asking_at(
        &self,
        mail: &Claimed,
        waiting: &NewAddress,
        to: &str,
        locale: Locale,
    ) -> Result<Outgoing, NoLetter> {
        let token = NewAddress::token(waiting.id, self.vault);
        let parameters = ConfirmAddress {
            controller: controller(self.policy),
            confirm_url: self.config.http.public_url.link(&format!("/a/{token}")),
            expires_at: self.date(waiting.until, locale),
        };
        let rendered = self.renderer.mail(&parameters, locale.as_str()).map_err(|_| NO_TEMPLATE)?;
        let envelope = Envelope {
            from: self.policy.mail_identities.values().next().ok_or(NO_SENDER)?,
            address: to,
            name: None,
            documents: &[],
            headers: &[],
        };
        self.compose(mail, &envelope, &rendered)
    }

    /// What somebody is told of data that came from elsewhere (Art. 14).
    fn source_notice(
        &self,
        source: &DataSourceId,
        recipient_name: Option<String>,
        preferences_url: Option<String>,
        controller: ControllerBlock,
        locale: &str,
    ) -> Result<SourceNotice, NoLetter> {
        let policy = self.policy;
        let lacking = NoLetter::Later("the policy lacks the source of data");
        let source = policy.data_sources.get(source).ok_or(lacking)?;
        let locale = Locale::from_tag(locale).unwrap_or_default();
        let notice = &policy.privacy_notice;
        let text = |texts: &Option<Texts>| privacy_notice::maybe(texts.as_ref(), locale);
        let purposes: Vec<&Purpose> = policy.purposes.values().filter(|p| source.serves(&p.id)).collect();
        let own = || self.config.http.public_url.link("/privacy");
        Ok(SourceNotice {
            privacy_url: controller.privacy_url.clone().unwrap_or_else(own),
            controller,
            recipient_name,
            source: privacy_notice::told(&source.title, locale),
            public: source.public,
            data: text(&source.data),
            officer: notice.officer.clone(),
            recipients: text(&notice.recipients),
            transfers: text(&notice.transfers),
            automated_decisions: text(&notice.automated_decisions),
            authority: text(&notice.authority),
            by_consent: purposes.iter().any(|p| p.basis == LawfulBasis::Consent),
            objectionable: purposes.iter().any(|p| p.marketing || p.basis.is_objectionable()),
            purposes: purposes.iter().map(|p| privacy_notice::purpose(policy, p, locale)).collect(),
            preferences_url,
        })
    }

    /// A mail that asks for consent.
    fn asking(
        &self,
        mail: &Claimed,
        request: Uuid,
        asked: &Asked,
        address: &str,
        name: Option<String>,
    ) -> Result<Outgoing, NoLetter> {
        let purpose = self
            .policy
            .purposes
            .get(&asked.purpose)
            .ok_or(NoLetter::Later("the policy lacks the purpose"))?;
        let version = self
            .policy
            .contents
            .get(&asked.content)
            .and_then(|c| c.version(asked.version))
            .ok_or(NoLetter::Later("the policy lacks the content"))?;
        // the purpose's own document (A6), and the regulation that the content links (A3)
        let documents: Vec<&Document> = purpose.document.iter().chain(&version.regulation).collect();
        let rendered =
            self.render(mail, (request, asked), purpose, version, !documents.is_empty(), name.clone())?;
        let envelope = Envelope {
            from: self.policy.mail_identities.get(&purpose.mail_identity).ok_or(NO_SENDER)?,
            address,
            name: name.as_deref(),
            documents: &documents,
            headers: &[],
        };
        self.compose(mail, &envelope, &rendered)
    }

    /// A mail to a member of staff, at the address that the policy has now.
    fn to_staff(&self, mail: &Claimed, staff: &StaffId, material: &Material) -> Result<Outgoing, NoLetter> {
        let reader = self.policy.staff.get(staff).ok_or(NO_READER)?;
        let rendered = match &mail.mail {
            Mail::StaffDigest => {
                let ids = material.digests.get(staff).map(Vec::as_slice).unwrap_or_default();
                let items: Vec<DigestItem> =
                    ids.iter().filter_map(|id| self.digest_item(*id, reader, material)).collect();
                if items.is_empty() {
                    return Err(NoLetter::Suppressed("everything was acknowledged"));
                }
                let (controller, staff_name) = (controller(self.policy), reader.name.clone());
                let digest = StaffDigest { controller, staff_name, count: items.len(), items };
                self.renderer.mail(&digest, reader.locale.as_str())
            }
            Mail::StaffWebhook { endpoint, trouble } => {
                let told = StaffWebhook {
                    controller: controller(self.policy),
                    staff_name: reader.name.clone(),
                    endpoint: endpoint.clone(),
                    date: self.date(mail.created_at, reader.locale),
                    gone: *trouble == WebhookTrouble::Gone,
                    left_out: *trouble == WebhookTrouble::LeftOut,
                };
                self.renderer.mail(&told, reader.locale.as_str())
            }
            other => {
                let id = other.notice().ok_or(GONE)?;
                let (subject, notice) = material.notices.get(&id).ok_or(ACKNOWLEDGED)?;
                self.notice(other, *subject, notice, reader, material)?.1
            }
        };
        let from = self.policy.staff_notices.mail_identity.as_ref();
        let from = from.and_then(|id| self.policy.mail_identities.get(id)).ok_or(NO_SENDER)?;
        let (address, name) = (reader.email.as_str(), Some(reader.name.as_str()));
        let envelope = Envelope { from, address, name, documents: &[], headers: &[] };
        self.compose(mail, &envelope, &rendered.map_err(|_| NO_TEMPLATE)?)
    }

    /// A notice in the words of its reader, and rendered as a mail.
    pub(super) fn notice(
        &self,
        mail: &Mail,
        subject: SubjectId,
        notice: &StaffNotice,
        reader: &StaffMember,
        material: &Material,
    ) -> Result<(render::StaffNotice, Result<RenderedMail, RenderError>), NoLetter> {
        let mut told = self.words().notice(notice, &person(subject, material)?, reader, reader.locale);
        let locale = reader.locale.as_str();
        told.reminder = mail.to_staff().ok_or(GONE)?.reminder;
        let words = told.clone();
        let rendered = match notice.kind {
            NoticeKind::Withdrawal => self.renderer.mail(&StaffWithdrawal(told), locale),
            NoticeKind::ErasureRequest => self.renderer.mail(&StaffErasureRequest(told), locale),
            NoticeKind::Restriction => self.renderer.mail(&StaffRestriction(told), locale),
            NoticeKind::Objection => self.renderer.mail(&StaffObjection(told), locale),
            NoticeKind::Unreachable => self.renderer.mail(&StaffUnreachable(told), locale),
            NoticeKind::Unclear => self.renderer.mail(&StaffUnclear(told), locale),
            NoticeKind::Escalation => self.renderer.mail(&StaffEscalation(told), locale),
        };
        Ok((words, rendered))
    }

    fn digest_item(&self, id: Uuid, reader: &StaffMember, material: &Material) -> Option<DigestItem> {
        let (subject, notice) = material.notices.get(&id)?;
        let told = self.words().notice(notice, &person(*subject, material).ok()?, reader, reader.locale);
        Some(DigestItem {
            notice_kind: notice.kind.as_str(),
            person: told.person,
            erased: told.erased,
            purposes: told.purposes,
            names: told.names,
            url: told.url,
        })
    }

    fn words(&self) -> Words<'_> {
        Words { config: self.config, policy: self.policy, vault: self.vault, renderer: self.renderer }
    }

    fn contact_key(
        &self,
        subject: SubjectId,
        key: Option<&WrappedKey>,
        version: i16,
    ) -> Result<DataKey, NoLetter> {
        let key = key.ok_or(NoLetter::Suppressed("the subject's key was destroyed"))?;
        let place = Place { table: "subject", column: "contact_key", owner: subject.0, key_version: version };
        self.vault.unwrap(key, place).map_err(|why| match why.missing {
            Some(_) => NoLetter::Later("the key-encryption key is missing here"),
            None => NoLetter::Failed("the subject's key does not open"),
        })
    }

    fn render(
        &self,
        mail: &Claimed,
        (request, asked): (Uuid, &Asked),
        purpose: &Purpose,
        version: &ContentVersion,
        document_attached: bool,
        name: Option<String>,
    ) -> Result<RenderedMail, NoLetter> {
        let locale = asked.locale;
        let token = self.vault.link_token(LinkKind::Confirm, request, asked.generation);
        let parameters = ConfirmConsent {
            controller: controller(self.policy),
            recipient_name: name,
            purpose_title: purpose.title.get(locale).1.to_owned(),
            content_title: version.title.get(locale).1.to_owned(),
            content_text: version.text.get(locale).1.to_owned(),
            content_version: asked.version.to_string(),
            confirm_url: self.config.http.public_url.link(&format!("/c/{token}")),
            requested_at: self.date(asked.requested_at, locale),
            expires_at: self.date(asked.expires_at, locale),
            document_attached,
        };
        let rendered = match &mail.mail {
            Mail::RemindConsent { .. } => self.renderer.mail(&RemindConsent(parameters), locale.as_str()),
            _ => self.renderer.mail(&parameters, locale.as_str()),
        };
        rendered.map_err(|_| NO_TEMPLATE)
    }

    fn date(&self, time: Timestamp, locale: Locale) -> String {
        self.renderer.format_date(time.to_chrono().date_naive(), locale.as_str())
    }

    pub(super) fn compose(
        &self,
        mail: &Claimed,
        envelope: &Envelope<'_>,
        rendered: &RenderedMail,
    ) -> Result<Outgoing, NoLetter> {
        let Envelope { from, address, name, documents, headers } = envelope;
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
            to: Party { name: *name, address },
            subject: &rendered.subject,
            text: &rendered.text,
            html: &rendered.html,
            date: mail.created_at.to_chrono(),
            attachments: &attachments,
            headers,
        }
        .compose()
        .map_err(|_| NoLetter::Failed("the mail cannot be composed"))?;
        let to = (*address).to_owned();
        Ok(Outgoing { id: mail.id, message_id, from: from.address.clone(), to, bytes })
    }
}

/// By what the subject of a notice is recognised.
fn person(id: SubjectId, material: &Material) -> Result<Person<'_>, NoLetter> {
    let (key, key_version) = material.keys.get(&id).ok_or(GONE)?;
    Ok(Person {
        id,
        key: key.as_ref(),
        key_version: *key_version,
        identities: material.identities.get(&id).map(Vec::as_slice).unwrap_or_default(),
        fields: material.fields.get(&id).map(Vec::as_slice).unwrap_or_default(),
    })
}

fn open(
    key: &DataKey,
    subject: SubjectId,
    table: &'static str,
    key_version: i16,
    sealed: &Sealed,
) -> Result<String, NoLetter> {
    let place = Place { table, column: "sealed", owner: subject.0, key_version };
    key.open_text(place, sealed).map_err(|_| NoLetter::Failed("a sealed value does not open"))
}

//! An app's mailing, written as it leaves: gated once more under the policy of this moment, set into a mail of ours, and
//! with the ways to end it that RFC 8058 and Art. 7(3) ask for.

use super::letter::{Envelope, NO_SENDER, NO_TEMPLATE, NoLetter, Writer};
use crate::mail::transport::Outgoing;
use crate::render::{self, MailingButton};
use crate::staff_notice::controller;
use crate::store::outbox::mails::Claimed;
use rescind_jobs::gate::{GateQuestion, Known, answer};
use rescind_jobs::locale::Locale;
use rescind_jobs::mail::{Mailing, MailingText, unsubscribe_token};
use rescind_jobs::model::SubjectId;
use rescind_jobs::policy::{LawfulBasis, Purpose};

/// To whom a mailing goes.
pub(super) struct Reader<'a> {
    pub subject: SubjectId,
    pub known: Option<&'a Known>,
    pub address: &'a str,
    pub name: Option<&'a str>,
    pub locale: Locale,
    /// The address of its own page, where it has one.
    pub preferences: Option<String>,
}

impl Writer<'_> {
    /// Writes a mailing.
    pub(super) fn mailing(
        &self,
        mail: &Claimed,
        mailing: &Mailing,
        plain: &str,
        reader: Reader<'_>,
    ) -> Result<Outgoing, NoLetter> {
        let purpose = self.policy.purposes.get(&mailing.purpose);
        let purpose = purpose.ok_or(NoLetter::Later("the policy lacks the purpose"))?;
        let question = GateQuestion {
            topic: mailing.topic.clone(),
            channel: Some(mailing.channel.clone()),
            ..GateQuestion::about(mailing.purpose.clone())
        };
        let said = answer(&question, self.policy, reader.known, self.now);
        let said = said.map_err(|_| NoLetter::Later("the policy lacks the topic or the channel"))?;
        if !said.allowed {
            return Err(NoLetter::Suppressed("the gate said no"));
        }
        let words: MailingText =
            serde_json::from_str(plain).map_err(|_| NoLetter::Failed("a sealed value cannot be read"))?;
        let link = |subject| {
            let token = unsubscribe_token(self.vault, subject, &purpose.id);
            self.config.http.public_url.link(&format!("/u/{token}"))
        };
        let unsubscribe_url = ends(purpose).then(|| link(reader.subject));
        let parameters = render::Mailing {
            controller: controller(self.policy),
            title: words.title,
            text: words.text,
            button: words.button.map(|(title, url)| MailingButton { title, url }),
            purpose_title: purpose.title.get(reader.locale).1.to_owned(),
            unsubscribe_url: unsubscribe_url.clone(),
            preferences_url: reader.preferences,
        };
        let rendered = self.renderer.mail(&parameters, reader.locale.as_str()).map_err(|_| NO_TEMPLATE)?;
        let list = unsubscribe_url.map(|url| format!("<{url}>"));
        let headers: Vec<(&str, &str)> = list
            .iter()
            .flat_map(|url| {
                [("List-Unsubscribe", url.as_str()), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
            })
            .collect();
        let envelope = Envelope {
            from: self.policy.mail_identities.get(&purpose.mail_identity).ok_or(NO_SENDER)?,
            address: reader.address,
            name: reader.name,
            documents: &[],
            headers: &headers,
        };
        self.compose(mail, &envelope, &rendered)
    }
}

/// Whether a subject ends mailings under this purpose by itself: by withdrawing, or by objecting to direct marketing.
fn ends(purpose: &Purpose) -> bool {
    purpose.basis == LawfulBasis::Consent || purpose.marketing
}

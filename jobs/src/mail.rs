//! Mails that decisions order. An order names a template and what it speaks of, never an address or a text: the mail
//! is rendered, checked once more and addressed when it leaves, so that a withdrawal that arrives in between wins.

use crate::code::{ChannelId, DataSourceId, PurposeId, TopicId};
use crate::effects::Lane;
use crate::model::{NoticeKind, SubjectId};
use crate::protection::{LinkKind, Vault};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An ordered mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Mail {
    /// Asks the subject to confirm (or decline) a request for consent.
    ConfirmConsent {
        /// Which request.
        request: Uuid,
    },
    /// Asks once more before the request ends.
    RemindConsent {
        /// Which request.
        request: Uuid,
    },
    /// Tells the subject that its data are restricted (Art. 12(3), 18).
    RestrictionConfirmed,
    /// Tells the subject that the restriction is about to end (Art. 18(3)).
    RestrictionEnding {
        /// How an objection was decided, if one was.
        objection: Option<Decided>,
    },
    /// Tells the subject where its data came from, and what is done with them (Art. 14).
    SourceNotice {
        /// Where.
        data_source: DataSourceId,
    },
    /// An app's mailing. Its words are sealed beside it.
    Mailing(Mailing),
    /// Brings the code for the subject's own page.
    PageCode {
        /// Which code.
        code: Uuid,
    },
    /// Asks at a new address whether it is the subject's own.
    ConfirmAddress {
        /// Which new address.
        address: Uuid,
    },
    /// Tells a member of staff to stop.
    StaffWithdrawal(StaffMail),
    /// Tells a member of staff of a request for erasure.
    StaffErasureRequest(StaffMail),
    /// Tells a member of staff that processing is restricted.
    StaffRestriction(StaffMail),
    /// Tells a member of staff of an objection that must be decided.
    StaffObjection(StaffMail),
    /// Tells a member of staff that a subject could not be told.
    StaffUnreachable(StaffMail),
    /// Tells a member of staff to find out what somebody meant.
    StaffUnclear(StaffMail),
    /// Tells a member of staff that others have not acknowledged.
    StaffEscalation(StaffMail),
    /// Tells an administrator that events do not get to an endpoint of webhooks.
    StaffWebhook {
        /// Its name.
        endpoint: String,
        /// Why.
        trouble: WebhookTrouble,
    },
    /// All open notices of a member of staff who wants them together.
    StaffDigest,
}

/// Why events do not get to an endpoint of webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookTrouble {
    /// It was away for too long, and is paused.
    Paused,
    /// It said that it is gone.
    Gone,
    /// It has refused an event too often, which is left out.
    LeftOut,
}

impl WebhookTrouble {
    /// The name, as in templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Gone => "gone",
            Self::LeftOut => "left_out",
        }
    }
}

/// Under what an app's mailing is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// What it serves.
    pub purpose: PurposeId,
    /// Which topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    /// By which channel.
    pub channel: ChannelId,
}

/// The words of an app's mailing; sealed under the subject's key until it leaves.
#[derive(Serialize, Deserialize)]
pub struct MailingText {
    /// Subject line and heading.
    pub title: String,
    /// Paragraphs, separated by empty lines.
    pub text: String,
    /// What stands on the button, and where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<(String, String)>,
}

/// The token of the link that ends mailings to a subject under a purpose. It is the same in every mail, so that an old
/// one still serves.
pub fn unsubscribe_token(vault: &Vault, subject: SubjectId, purpose: &PurposeId) -> String {
    let id = vault.derived_id("unsubscribe", format!("{subject}\0{purpose}").as_bytes());
    vault.link_token(LinkKind::Unsubscribe, id, 0)
}

/// What a mail to staff is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMail {
    /// The notice.
    pub notice: Uuid,
    /// It was sent before, and not acknowledged.
    #[serde(default)]
    pub reminder: bool,
    /// It is told by a channel, and by a mail of its own besides.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub besides_mail: bool,
}

/// How an objection was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// The use ends.
    Upheld,
    /// Compelling legitimate grounds override it (Art. 21(1)).
    Overridden,
}

impl Mail {
    /// The mail of a notice.
    pub const fn of_notice(kind: NoticeKind, mail: StaffMail) -> Self {
        match kind {
            NoticeKind::Withdrawal => Self::StaffWithdrawal(mail),
            NoticeKind::ErasureRequest => Self::StaffErasureRequest(mail),
            NoticeKind::Restriction => Self::StaffRestriction(mail),
            NoticeKind::Objection => Self::StaffObjection(mail),
            NoticeKind::Unreachable => Self::StaffUnreachable(mail),
            NoticeKind::Escalation => Self::StaffEscalation(mail),
            NoticeKind::Unclear => Self::StaffUnclear(mail),
        }
    }

    /// The name of the template.
    pub const fn template(&self) -> &'static str {
        match self {
            Self::ConfirmConsent { .. } => "confirm_consent",
            Self::RemindConsent { .. } => "remind_consent",
            Self::RestrictionConfirmed => "restriction_confirmed",
            Self::RestrictionEnding { .. } => "restriction_ending",
            Self::SourceNotice { .. } => "source_notice",
            Self::Mailing(_) => "mailing",
            Self::PageCode { .. } => "page_code",
            Self::ConfirmAddress { .. } => "confirm_address",
            Self::StaffWithdrawal(_) => "staff_withdrawal",
            Self::StaffErasureRequest(_) => "staff_erasure_request",
            Self::StaffRestriction(_) => "staff_restriction",
            Self::StaffObjection(_) => "staff_objection",
            Self::StaffUnreachable(_) => "staff_unreachable",
            Self::StaffEscalation(_) => "staff_escalation",
            Self::StaffWebhook { .. } => "staff_webhook",
            Self::StaffUnclear(_) => "staff_unclear",
            Self::StaffDigest => "staff_digest",
        }
    }

    /// Whether somebody waits for it. What follows from background work goes in the background anyway.
    pub const fn lane(&self) -> Lane {
        match self {
            Self::RemindConsent { .. }
            | Self::SourceNotice { .. }
            | Self::Mailing(_)
            | Self::StaffDigest
            | Self::StaffEscalation(_) => Lane::Background,
            _ => Lane::Request,
        }
    }

    /// The request for consent that it belongs to.
    pub const fn request(&self) -> Option<Uuid> {
        match self {
            Self::ConfirmConsent { request } | Self::RemindConsent { request } => Some(*request),
            _ => None,
        }
    }

    /// The notice to staff that it tells.
    pub const fn notice(&self) -> Option<Uuid> {
        match self.to_staff() {
            Some(mail) => Some(mail.notice),
            None => None,
        }
    }

    /// What a mail that tells a notice to staff is about.
    pub const fn to_staff(&self) -> Option<StaffMail> {
        match self {
            Self::StaffWithdrawal(mail)
            | Self::StaffErasureRequest(mail)
            | Self::StaffRestriction(mail)
            | Self::StaffObjection(mail)
            | Self::StaffUnreachable(mail)
            | Self::StaffUnclear(mail)
            | Self::StaffEscalation(mail) => Some(*mail),
            _ => None,
        }
    }

    /// It answers a request of the subject itself, and so leaves although processing is restricted.
    pub const fn answers_subject(&self) -> bool {
        matches!(
            self,
            Self::RestrictionConfirmed
                | Self::RestrictionEnding { .. }
                | Self::PageCode { .. }
                | Self::ConfirmAddress { .. }
        )
    }

    /// Its outcome comes back as a message (`mail.settled.v1`), because a decision waits for it.
    pub const fn is_awaited(&self) -> bool {
        matches!(self, Self::RestrictionEnding { .. } | Self::SourceNotice { .. })
    }
}

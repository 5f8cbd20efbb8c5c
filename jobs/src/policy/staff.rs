//! The controller's people: who they are, what they may do, and what they handle.

use crate::code::{FieldId, GroupId, MailIdentityId, ProcessId, PurposeId, StaffChannelId, StaffId};
use crate::locale::{Locale, Texts};
use crate::policy::Policy;
use crate::time::Span;
use std::collections::BTreeSet;

/// What a member of staff may do (I5). No role includes another.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look things up, and see values that are masked otherwise.
    View,
    /// Decide, release, send again.
    Manage,
    /// Erase and anonymise.
    Anonymise,
    /// Take data out.
    Export,
    /// Staff, tokens, and everything that no other role covers.
    Administer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::View, Self::Manage, Self::Anonymise, Self::Export, Self::Administer];

    /// The name as written in the policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Manage => "manage",
            Self::Anonymise => "anonymise",
            Self::Export => "export",
            Self::Administer => "administer",
        }
    }
}

/// When a member of staff is told.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// At once.
    #[default]
    Immediate,
    /// Together with others, every so many hours.
    Digest,
}

/// By what a member of staff is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum NoticeChannel {
    /// By mail.
    Mail = 0,
    /// By the person's channel; by mail only if that fails.
    Channel = 1,
    /// By the person's channel and by mail.
    Both = 2,
}

impl NoticeChannel {
    /// The name as written in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Channel => "channel",
            Self::Both => "both",
        }
    }

    /// As stored.
    pub const fn from_i16(value: i16) -> Option<Self> {
        match value {
            0 => Some(Self::Mail),
            1 => Some(Self::Channel),
            2 => Some(Self::Both),
            _ => None,
        }
    }
}

/// A person who works for the controller.
#[derive(Clone, Debug)]
pub struct StaffMember {
    /// The name by which messages, tokens and the trail know the person.
    pub id: StaffId,
    /// The person's name.
    pub name: String,
    /// The address that notices go to.
    pub email: String,
    /// The language that notices are written in.
    pub locale: Locale,
    /// The groups the person belongs to.
    pub groups: BTreeSet<GroupId>,
    /// What the person may do: own roles, and those of the groups.
    pub roles: BTreeSet<Role>,
    /// When the person is told by mail.
    pub pace: Pace,
    /// The channel that the person is told by, at once; none: by mail.
    pub channel: Option<StaffChannelId>,
    /// The person is told by mail besides.
    pub also_by_mail: bool,
}

/// A group of staff.
#[derive(Clone, Debug)]
pub struct StaffGroup {
    /// Its name.
    pub id: GroupId,
    /// Its title for people.
    pub title: Texts,
    /// What its members may do.
    pub roles: BTreeSet<Role>,
    /// The purposes that it handles: its members are told when they have to stop.
    pub purposes: BTreeSet<PurposeId>,
    /// The processes that it handles.
    pub processes: BTreeSet<ProcessId>,
}

/// How staff are told.
#[derive(Clone, Debug)]
pub struct StaffNotices {
    /// Who has not acknowledged is reminded after this span; none: nobody is.
    pub remind_after: Option<Span>,
    /// What nobody has acknowledged goes to others after this span; none: it does not.
    pub escalate_after: Option<Span>,
    /// The groups it goes to then; empty: the administrators.
    pub escalate_to: BTreeSet<GroupId>,
    /// How often digests leave.
    pub digest_every: Span,
    /// What of a subject is shown unmasked: `name`, `email`, `phone`, `ids`, or fields.
    pub clear: BTreeSet<String>,
    /// The sender; none only where there is no staff.
    pub mail_identity: Option<MailIdentityId>,
}

impl StaffMember {
    /// Whether the person has the role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// By what the person is told.
    pub const fn told_by(&self) -> NoticeChannel {
        match (&self.channel, self.also_by_mail) {
            (None, _) => NoticeChannel::Mail,
            (Some(_), false) => NoticeChannel::Channel,
            (Some(_), true) => NoticeChannel::Both,
        }
    }
}

impl StaffNotices {
    /// Whether a field is shown as it is.
    pub fn shows(&self, field: &FieldId) -> bool {
        self.clear.contains(field.as_str())
    }
}

impl Policy {
    /// Everybody who has to stop when these purposes end for a subject: the members of the groups that handle one of
    /// them, and the subject's caretaker. Where that is nobody, the administrators.
    pub fn staff_concerned<'p>(
        &self,
        purposes: impl IntoIterator<Item = &'p PurposeId>,
        caretaker: Option<&StaffId>,
    ) -> BTreeSet<StaffId> {
        let handled: BTreeSet<&GroupId> = purposes
            .into_iter()
            .flat_map(|purpose| self.staff_groups.values().filter(|g| g.purposes.contains(purpose)))
            .map(|group| &group.id)
            .collect();
        let concerned = |member: &&StaffMember| {
            caretaker == Some(&member.id) || member.groups.iter().any(|group| handled.contains(group))
        };
        let found: BTreeSet<_> = self.staff.values().filter(concerned).map(|m| m.id.clone()).collect();
        if found.is_empty() { self.administrators() } else { found }
    }

    /// Everybody who may administer.
    pub fn administrators(&self) -> BTreeSet<StaffId> {
        self.staff.values().filter(|m| m.has(Role::Administer)).map(|m| m.id.clone()).collect()
    }

    /// Whom a notice goes to that nobody has acknowledged.
    pub fn escalation(&self) -> BTreeSet<StaffId> {
        let to = &self.staff_notices.escalate_to;
        if to.is_empty() {
            return self.administrators();
        }
        let told = |member: &&StaffMember| member.groups.iter().any(|group| to.contains(group));
        self.staff.values().filter(told).map(|m| m.id.clone()).collect()
    }
}

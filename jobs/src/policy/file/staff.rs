//! `[staff.…]`, `[staff_groups.…]` and `[staff_notices]`: the controller's people, and how they are told.

use super::near;
use super::place::Place;
use super::reader::{Reader, quoted};
use super::texts::RawTexts;
use crate::code::{FieldId, GroupId, MailIdentityId, ProcessId, PurposeId, StaffChannelId, StaffId};
use crate::locale::Locale;
use crate::policy::{Field, LawfulBasis, Pace, Purpose, Role, StaffGroup, StaffMember, StaffNotices};
use crate::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A person who works for the controller.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "StaffMember")]
#[serde(deny_unknown_fields)]
pub(super) struct RawStaff {
    /// The person's name.
    name: String,
    /// The address that notices go to.
    email: String,
    /// The language of notices. Default: the policy's.
    locale: Option<Locale>,
    /// The groups the person belongs to.
    #[serde(default)]
    groups: Vec<String>,
    /// What the person may do, beside what the groups may.
    #[serde(default)]
    roles: Vec<Role>,
    /// When the person is told by mail: immediate or digest. Default: immediate.
    #[serde(default)]
    notices: Pace,
    /// By what the person is told: mail, or a channel of the file that `staff_channels.file` of the configuration names.
    /// Default: mail.
    channel: Option<String>,
    /// The person is told by mail besides the channel. Default: by mail only what the channel does not take.
    #[serde(default)]
    also_by_mail: bool,
}

/// A group of staff.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "StaffGroup")]
#[serde(deny_unknown_fields)]
pub(super) struct RawGroup {
    /// Its title for people.
    title: RawTexts,
    /// What its members may do.
    #[serde(default)]
    roles: Vec<Role>,
    /// The purposes that it handles: its members are told when they have to stop.
    #[serde(default)]
    purposes: Vec<String>,
    /// The processes that it handles.
    #[serde(default)]
    processes: Vec<String>,
}

/// How staff are told what to stop.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "StaffNotices")]
#[serde(deny_unknown_fields)]
pub(super) struct RawNotices {
    /// Who has not acknowledged a notice is reminded after so many hours; 0: nobody is. Default: 24.
    #[schemars(range(max = 8760))]
    remind_after_hours: Option<u32>,
    /// What was not acknowledged goes to others after so many hours; 0: it does not. Default: 72.
    #[schemars(range(max = 8760))]
    escalate_after_hours: Option<u32>,
    /// The groups it goes to then. Default: everybody with the role administer.
    #[serde(default)]
    escalate_to: Vec<String>,
    /// Digests leave every so many hours. Default: 24.
    #[schemars(range(min = 1, max = 168))]
    digest_hours: Option<u32>,
    /// What of a subject notices show unmasked: name, email, phone, ids, or fields that are not sensitive. Default: name
    /// and ids.
    clear: Option<Vec<String>>,
    /// The sender of notices. Default: the only mail identity.
    mail_identity: Option<String>,
}

pub(super) fn groups(reader: &mut Reader<'_>) -> BTreeMap<GroupId, StaffGroup> {
    let mut groups = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawGroup>("staff_groups", GroupId::new) {
        let title = reader.titles(&at.key("title"), &raw.title);
        let mut purposes = BTreeSet::new();
        for (n, purpose) in raw.purposes.iter().enumerate() {
            if reader.refers(&at.key("purposes").index(n), "purposes", purpose) {
                purposes.extend(PurposeId::new(purpose));
            }
        }
        let mut processes = BTreeSet::new();
        for (n, process) in raw.processes.iter().enumerate() {
            processes.extend(reader.name(&at.key("processes").index(n), process, ProcessId::new));
        }
        if let Some(title) = title {
            let roles = raw.roles.into_iter().collect();
            groups.insert(id.clone(), StaffGroup { id, title, roles, purposes, processes });
        }
    }
    groups
}

pub(super) fn members(
    reader: &mut Reader<'_>,
    known: &BTreeMap<GroupId, StaffGroup>,
) -> BTreeMap<StaffId, StaffMember> {
    let mut members = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawStaff>("staff", StaffId::new) {
        let name = reader.line(&at.key("name"), &raw.name);
        let channel = channel(reader, &at, &raw);
        let email = reader.address(&at.key("email"), raw.email);
        let mut roles: BTreeSet<Role> = raw.roles.into_iter().collect();
        let groups = group_names(reader, &at.key("groups"), &raw.groups);
        for group in groups.iter().filter_map(|group| known.get(group)) {
            roles.extend(&group.roles);
        }
        if let (Some(name), Some(email)) = (name, email) {
            let locale = raw.locale.unwrap_or(reader.locale);
            let (pace, also_by_mail) = (raw.notices, raw.also_by_mail);
            let member = StaffMember { id, name, email, locale, groups, roles, pace, channel, also_by_mail };
            members.insert(member.id.clone(), member);
        }
    }
    members
}

/// The channel of a person; whether there is one of that name is known where the configuration is.
fn channel(reader: &mut Reader<'_>, at: &Place, raw: &RawStaff) -> Option<StaffChannelId> {
    let given = raw.channel.as_deref().filter(|name| *name != "mail");
    if given.is_none() && raw.also_by_mail {
        let expected = "a `channel` other than `mail`, or no `also_by_mail`";
        reader.wrong(&at.key("also_by_mail"), "mail besides mail", expected);
    }
    if given.is_some() && !raw.also_by_mail && raw.notices == Pace::Digest {
        let expected = "`immediate`: a channel tells at once; or `also_by_mail = true`";
        reader.wrong(&at.key("notices"), "a digest for somebody who is told nothing by mail", expected);
    }
    given.and_then(|name| reader.name(&at.key("channel"), name, StaffChannelId::new))
}

fn group_names(reader: &mut Reader<'_>, at: &Place, names: &[String]) -> BTreeSet<GroupId> {
    let mut groups = BTreeSet::new();
    for (n, group) in names.iter().enumerate() {
        if reader.refers(&at.index(n), "staff_groups", group) {
            groups.extend(GroupId::new(group));
        }
    }
    groups
}

pub(super) fn notices(
    reader: &mut Reader<'_>,
    fields: &BTreeMap<FieldId, Field>,
    has_staff: bool,
) -> StaffNotices {
    let (at, raw) = reader
        .only("staff_notices")
        .unwrap_or_else(|| (Place::root(0).key("staff_notices"), RawNotices::default()));
    let remind_after = hours(reader, &at.key("remind_after_hours"), raw.remind_after_hours.unwrap_or(24));
    let escalate_after =
        hours(reader, &at.key("escalate_after_hours"), raw.escalate_after_hours.unwrap_or(72));
    if let (Some(remind), Some(escalate)) = (remind_after, escalate_after)
        && escalate <= remind
    {
        let found = "no later than `remind_after_hours`";
        reader.wrong(&at.key("escalate_after_hours"), found, "later than the reminder, or 0: no escalation");
    }
    let digest = raw.digest_hours.unwrap_or(24);
    let digest = reader.count(&at.key("digest_hours"), digest, 168).unwrap_or(24);
    let escalate_to = group_names(reader, &at.key("escalate_to"), &raw.escalate_to);
    StaffNotices {
        remind_after,
        escalate_after,
        escalate_to,
        digest_every: Span::hours(digest.into()),
        clear: clear(reader, &at.key("clear"), raw.clear, fields),
        mail_identity: if has_staff { sender(reader, &at, raw.mail_identity.as_deref()) } else { None },
    }
}

fn hours(reader: &mut Reader<'_>, at: &Place, hours: u32) -> Option<Span> {
    if hours > 8760 {
        reader.wrong(at, format!("{hours}"), "0 to 8760");
    }
    (hours > 0).then(|| Span::hours(hours.into()))
}

fn clear(
    reader: &mut Reader<'_>,
    at: &Place,
    given: Option<Vec<String>>,
    fields: &BTreeMap<FieldId, Field>,
) -> BTreeSet<String> {
    let Some(given) = given else { return BTreeSet::from(["name".to_owned(), "ids".to_owned()]) };
    for (n, name) in given.iter().enumerate() {
        let here = at.index(n);
        match fields.get(name.as_str()) {
            Some(field) if field.class.sensitive => {
                reader.wrong(&here, quoted(name), "a field that is not sensitive: notices travel by mail");
            }
            Some(_) => {}
            None if matches!(name.as_str(), "name" | "email" | "phone" | "ids") => {}
            None => {
                let own = ["name", "email", "phone", "ids"];
                let known: Vec<&str> = own.into_iter().chain(fields.keys().map(FieldId::as_str)).collect();
                reader.wrong(&here, quoted(name), near::one_of(name, &known));
            }
        }
    }
    given.into_iter().collect()
}

fn sender(reader: &mut Reader<'_>, at: &Place, given: Option<&str>) -> Option<MailIdentityId> {
    let here = at.key("mail_identity");
    if let Some(name) = given {
        let known = reader.refers(&here, "mail_identities", name);
        return MailIdentityId::new(name).filter(|_| known);
    }
    let all = reader.entries.get("mail_identities");
    match all.map(|all| all.keys().collect::<Vec<_>>()).as_deref() {
        Some([only]) => MailIdentityId::new(only),
        Some([_, ..]) => {
            let expected = "`mail_identity`: whom notices to staff come from, because there are several";
            reader.wrong(&here, "no `mail_identity`", expected);
            None
        }
        // noted where the section is read
        _ => None,
    }
}

/// Somebody has to stop when consent is withdrawn, or a customer objects; where nobody handles a purpose, only administrators are told.
pub(super) fn warn_of_nobody(
    reader: &mut Reader<'_>,
    purposes: &BTreeMap<PurposeId, Purpose>,
    staff: &BTreeMap<StaffId, StaffMember>,
    groups: &BTreeMap<GroupId, StaffGroup>,
) {
    if staff.is_empty() {
        return;
    }
    let ends = |p: &&Purpose| p.basis == LawfulBasis::Consent || p.basis.is_soft_opt_in();
    for purpose in purposes.values().filter(ends) {
        let handled = groups.values().any(|group| {
            group.purposes.contains(&purpose.id) && staff.values().any(|m| m.groups.contains(&group.id))
        });
        let place = reader.entries.get("purposes").and_then(|all| all.get(purpose.id.as_str())).cloned();
        if let Some(at) = place
            && !handled
        {
            reader.warn(
                &at,
                "a purpose that nobody of the staff handles",
                "a group with it, and with somebody in it",
            );
        }
    }
    if !staff.values().any(|member| member.has(Role::Administer))
        && let Some(at) = reader.entries.get("staff").and_then(|all| all.values().next()).cloned()
    {
        reader.warn(&at, "nobody with the role `administer`", "somebody whom requests and escalations reach");
    }
}

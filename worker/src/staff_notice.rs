//! A notice to staff in the words of its reader: opened, and masked as the policy says, at the moment it is shown.

use crate::config::Config;
use crate::render::{ControllerBlock, PersonLine, Renderer, StaffNotice};
use rescind_jobs::code::{FieldId, PurposeId, StaffId};
use rescind_jobs::locale::Locale;
use rescind_jobs::model::{self, Identity, IdentityKind, NoticeDetail, SubjectId};
use rescind_jobs::policy::{Policy, StaffMember};
use rescind_jobs::protection::{DataKey, LinkKind, Place, Sealed, Vault, WrappedKey};

/// What notices are put into words with.
pub(crate) struct Words<'a> {
    pub config: &'a Config,
    pub policy: &'a Policy,
    pub vault: &'a Vault,
    pub renderer: &'a Renderer,
}

/// Whom a notice is about, sealed.
pub(crate) struct Person<'a> {
    pub id: SubjectId,
    /// None once it is destroyed.
    pub key: Option<&'a WrappedKey>,
    pub key_version: i16,
    pub identities: &'a [Identity],
    pub fields: &'a [(FieldId, Sealed)],
}

/// The most values of a kind that a notice shows.
const MOST_VALUES: usize = 5;

impl Words<'_> {
    /// A notice for this member of staff, in this language.
    pub(crate) fn notice(
        &self,
        notice: &model::StaffNotice,
        person: &Person<'_>,
        reader: &StaffMember,
        locale: Locale,
    ) -> StaffNotice {
        let key = self.key(person);
        let place =
            |table| Place { table, column: "sealed", owner: person.id.0, key_version: person.key_version };
        let detail = key
            .as_ref()
            .and_then(|key| key.open(place("staff_notice"), &notice.sealed).ok())
            .and_then(|plain| serde_json::from_slice::<NoticeDetail>(&plain).ok());
        let told = detail.clone().unwrap_or_default();
        let token = self.vault.link_token(LinkKind::Notice, notice.id, notice.generation);
        let title =
            |purpose: &PurposeId| self.policy.purposes.get(purpose).map(|p| p.title.get(locale).1.to_owned());
        let purposes: Vec<String> = told.purposes.iter().filter_map(title).collect();
        let name = |id: &StaffId| {
            self.policy.staff.get(id).map_or_else(|| id.to_string(), |member| member.name.clone())
        };
        let names: Vec<String> = told.silent.iter().map(name).collect();
        let reasons = &self.policy.dictionaries.withdrawal_reasons.entries;
        let reason = told.reason.and_then(|code| Some(reasons.get(&code)?.get(locale).1.to_owned()));
        StaffNotice {
            controller: controller(self.policy),
            staff_name: reader.name.clone(),
            person: key.map(|key| self.person(person, &key, locale)).unwrap_or_default(),
            erased: detail.is_none(),
            reference: person.id.to_string(),
            purposes: purposes.join(", "),
            names: names.join(", "),
            reason,
            date: self.date(told.at.unwrap_or(notice.created_at), locale),
            reminder: false,
            url: self.config.http.public_url.link(&format!("/s/{token}")),
        }
    }

    pub(crate) fn date(&self, time: rescind_jobs::time::Timestamp, locale: Locale) -> String {
        self.renderer.format_date(time.to_chrono().date_naive(), locale.as_str())
    }

    fn key(&self, person: &Person<'_>) -> Option<DataKey> {
        let place = Place {
            table: "subject",
            column: "contact_key",
            owner: person.id.0,
            key_version: person.key_version,
        };
        self.vault.unwrap(person.key?, place).ok()
    }

    /// By what staff recognise the person: identities, masked unless the policy shows them, and the fields it shows.
    fn person(&self, person: &Person<'_>, key: &DataKey, locale: Locale) -> Vec<PersonLine> {
        let rules = &self.policy.staff_notices;
        let place =
            |table| Place { table, column: "sealed", owner: person.id.0, key_version: person.key_version };
        let mut lines = Vec::new();
        for (field, sealed) in person.fields {
            let is_name = field.as_str() == "name";
            let known = self.policy.fields.get(field);
            let (clear, sensitive) = (rules.shows(field), known.is_some_and(|f| f.class.sensitive));
            if sensitive || !(clear || is_name) {
                continue;
            }
            let Ok(value) = key.open_text(place("subject_field"), sealed) else { continue };
            let label = known.map_or_else(|| field.to_string(), |f| f.title.get(locale).1.to_owned());
            let handling = self.policy.handling(field);
            let value = if clear { value } else { self.policy.masking.mask(handling).text(&value) };
            lines.push(PersonLine { kind: "other", label, value });
        }
        for identity in person.identities.iter().filter(|i| i.active).take(MOST_VALUES * 3) {
            let Ok(value) = key.open_text(place("identity"), &identity.sealed) else { continue };
            let (kind, label, name) = match &identity.kind {
                IdentityKind::Email => ("email", String::new(), "email"),
                IdentityKind::Phone => ("phone", String::new(), "phone"),
                IdentityKind::External(scheme) => ("other", scheme.to_string(), "ids"),
            };
            let clear = rules.clear.contains(name);
            let mask = self.policy.masking.mask(self.policy.masking.identifying);
            let value = if clear { value } else { mask.identity(&identity.kind, &value) };
            lines.push(PersonLine { kind, label, value });
        }
        lines
    }
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

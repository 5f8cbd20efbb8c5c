//! `[controller]` and `[mail_identities.…]`.

use super::check;
use super::reader::{Reader, quoted};
use crate::code::MailIdentityId;
use crate::policy::{Controller, MailIdentity};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Who is responsible (Art. 4(7)), as shown to subjects.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Controller")]
#[serde(deny_unknown_fields)]
pub(super) struct RawController {
    /// Legal name.
    name: String,
    /// Postal address, a line each.
    address: String,
    /// Where subjects write to.
    email: String,
    /// Where subjects call.
    phone: Option<String>,
    /// Where the privacy notice is published; http or https.
    privacy_url: Option<String>,
    /// The operating unit, the last default of a consent's source. Default: the name.
    operating_unit: Option<String>,
}

/// A sender of mail.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "MailIdentity")]
#[serde(deny_unknown_fields)]
pub(super) struct RawMailIdentity {
    /// The name shown beside the address.
    name: String,
    /// The address that mail comes from.
    address: String,
    /// Where answers go, if elsewhere.
    reply_to: Option<String>,
}

pub(super) fn controller(reader: &mut Reader<'_>) -> Option<Controller> {
    if !reader.single.contains_key("controller") {
        reader.missing("controller", "who is responsible: `name`, `address`, `email`");
    }
    let (at, raw) = reader.only::<RawController>("controller")?;
    let name = reader.line(&at.key("name"), &raw.name);
    let address = reader.prose(&at.key("address"), &raw.address);
    let email = reader.address(&at.key("email"), raw.email);
    let phone = raw.phone.map(|phone| reader.line(&at.key("phone"), &phone));
    let unit = raw.operating_unit.map(|unit| reader.line(&at.key("operating_unit"), &unit));
    if let Some(url) = &raw.privacy_url
        && !check::is_web_address(url)
    {
        reader.wrong(&at.key("privacy_url"), quoted(url), "a web address: `https://…`");
    }
    let name = name?;
    Some(Controller {
        operating_unit: unit.flatten().unwrap_or_else(|| name.clone()),
        name,
        address: address?,
        email: email?,
        phone: phone.flatten(),
        privacy_url: raw.privacy_url,
    })
}

pub(super) fn mail_identities(reader: &mut Reader<'_>) -> BTreeMap<MailIdentityId, MailIdentity> {
    if reader.entries.get("mail_identities").is_none_or(BTreeMap::is_empty) {
        reader.missing("mail_identities", "at least one sender of mail");
    }
    let mut identities = BTreeMap::new();
    for (id, at, raw) in reader.named::<_, RawMailIdentity>("mail_identities", MailIdentityId::new) {
        let name = reader.line(&at.key("name"), &raw.name);
        let address = reader.address(&at.key("address"), raw.address);
        let reply_to = raw.reply_to.map(|to| reader.address(&at.key("reply_to"), to));
        if let (Some(name), Some(address)) = (name, address) {
            identities.insert(id, MailIdentity { name, address, reply_to: reply_to.flatten() });
        }
    }
    identities
}

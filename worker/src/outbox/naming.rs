//! Events as they leave, and subjects as the apps know them.

use crate::store::outbox::events::{Claimed, Material};
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::model::{IdentityKind, SubjectId};
use rescind_jobs::protection::{DataKey, Place, Vault};
use serde_json::{Map, Value, json};

/// Whether the subject cannot be named because a key-encryption key is missing here.
pub(crate) fn lacks_a_key(vault: &Vault, id: SubjectId, material: &Material) -> bool {
    let Some((Some(wrapped), version)) = material.keys.get(&id) else { return false };
    let place = Place { table: "subject", column: "contact_key", owner: id.0, key_version: *version };
    vault.unwrap(wrapped, place).is_err_and(|why| why.missing.is_some())
}

/// The subject's id here, and the ids that apps gave; the email address only where there is no such id, because it goes
/// to everybody who listens (Art. 5(1)(c)).
pub(crate) fn subject(vault: &Vault, id: SubjectId, material: &Material) -> Value {
    let mut subject = json!({"id": id});
    let Some((Some(wrapped), version)) = material.keys.get(&id) else { return subject };
    let place = |table, column| Place { table, column, owner: id.0, key_version: *version };
    let Ok(key) = vault.unwrap(wrapped, place("subject", "contact_key")) else { return subject };
    let open = |key: &DataKey, sealed| key.open_text(place("identity", "sealed"), sealed).ok();
    let identities = material.identities.get(&id).map(Vec::as_slice).unwrap_or_default();
    let mut ids = Map::new();
    for identity in identities {
        if let IdentityKind::External(scheme) = &identity.kind
            && (identity.primary || !ids.contains_key(scheme.as_str()))
            && let Some(value) = open(&key, &identity.sealed)
        {
            ids.insert(scheme.to_string(), Value::String(value));
        }
    }
    if ids.is_empty() {
        let email = identities.iter().find(|i| i.kind == IdentityKind::Email && i.primary);
        if let Some(value) = email.and_then(|i| open(&key, &i.sealed)) {
            subject["email"] = Value::String(value);
        }
    } else {
        subject["ids"] = Value::Object(ids);
    }
    subject
}

/// The event as CloudEvents 1.0, with the subject as the apps know it.
pub(super) fn envelope(vault: &Vault, event: &Claimed, material: &Material) -> Value {
    let told = serde_json::to_value(&event.event).unwrap_or_default();
    let mut data = match told.get("data") {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    };
    let mut envelope = json!({
        "specversion": "1.0",
        "id": event.id,
        "source": INTERNAL_SOURCE,
        "type": event.event.kind(),
        "time": event.at,
        "datacontenttype": "application/json",
    });
    if let Some(id) = event.subject {
        envelope["subject"] = json!(id);
        envelope["sequence"] = json!(format!("{:020}", event.sequence));
        data.insert("subject".to_owned(), subject(vault, id, material));
    }
    for (name, value) in [("correlationid", &event.correlation), ("traceparent", &event.traceparent)] {
        if let Some(value) = value {
            envelope[name] = json!(value);
        }
    }
    envelope["data"] = Value::Object(data);
    envelope
}

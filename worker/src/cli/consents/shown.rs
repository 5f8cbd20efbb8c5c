//! Consents and records as they are shown: addresses masked, evidence told by its presence only.

use crate::store::registers::{ConsentLine, RecordLine};
use rescind_jobs::model::SubjectId;
use rescind_jobs::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// A consent as it is shown.
#[derive(Serialize)]
pub(super) struct Shown {
    pub(super) subject: SubjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    pub(super) purpose: String,
    pub(super) state: &'static str,
    pub(super) opt_in: &'static str,
    pub(super) since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) withdrawn_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<Uuid>,
}

impl Shown {
    pub(super) fn of(line: ConsentLine, email: Option<String>) -> Self {
        let (content, version) = line.content.unzip();
        Self {
            subject: line.subject,
            email,
            purpose: line.purpose,
            state: line.state.as_str(),
            opt_in: line.opt_in.as_str(),
            since: line.since,
            expires_at: line.expires_at,
            withdrawn_at: line.withdrawn_at,
            content,
            version,
            locale: line.locale,
            source: line.source,
            record: line.record,
        }
    }

    pub(super) fn wording(&self) -> String {
        wording(self.content.as_deref(), self.version, self.locale.as_deref())
    }
}

/// Content, version and language in one cell.
pub(super) fn wording(content: Option<&str>, version: Option<i32>, locale: Option<&str>) -> String {
    match (content, version) {
        (Some(content), Some(version)) => format!("{content} {version} {}", locale.unwrap_or("-")),
        _ => "-".to_owned(),
    }
}

/// A record as it is shown.
#[derive(Serialize)]
pub(super) struct ShownRecord {
    pub(super) id: Uuid,
    pub(super) subject: SubjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    pub(super) purpose: String,
    pub(super) expression: &'static str,
    pub(super) opt_in: &'static str,
    pub(super) category: Option<String>,
    pub(super) content: Option<String>,
    pub(super) version: Option<i32>,
    pub(super) locale: Option<String>,
    pub(super) source: String,
    pub(super) reason: Option<String>,
    pub(super) regulation: Option<String>,
    pub(super) linked: bool,
    pub(super) expressed_at: Timestamp,
    pub(super) recorded_at: Timestamp,
    pub(super) told_by: String,
    pub(super) evidence: &'static str,
    pub(super) network_evidence: &'static str,
    pub(super) network_evidence_until: Option<Timestamp>,
    pub(super) policy: String,
}

const fn presence(there: bool) -> &'static str {
    if there { "present" } else { "absent" }
}

impl ShownRecord {
    pub(super) fn of(line: RecordLine, email: Option<String>) -> Self {
        let (content, version) = line.content.unzip();
        Self {
            id: line.id,
            subject: line.subject,
            email,
            purpose: line.purpose,
            expression: line.expression.as_str(),
            opt_in: line.opt_in.as_str(),
            category: line.category,
            content,
            version,
            locale: line.locale,
            source: line.source,
            reason: line.reason,
            regulation: line.regulation,
            linked: line.linked,
            expressed_at: line.expressed_at,
            recorded_at: line.recorded_at,
            told_by: line.told_by,
            evidence: presence(line.has_evidence),
            network_evidence: presence(line.has_network_evidence),
            network_evidence_until: line.network_evidence_until,
            policy: data_encoding::HEXLOWER.encode(&line.policy),
        }
    }

    pub(super) fn facts(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("record", Some(self.id.to_string())),
            ("subject", Some(self.subject.to_string())),
            ("email", self.email.clone()),
            ("purpose", Some(self.purpose.clone())),
            ("expressed", Some(format!("{} at {}", self.expression, self.expressed_at))),
            ("recorded", Some(format!("at {}, told by {}", self.recorded_at, self.told_by))),
            ("opt-in", Some(self.opt_in.to_owned())),
            ("category", self.category.clone()),
            ("content", Some(wording(self.content.as_deref(), self.version, self.locale.as_deref()))),
            ("source", Some(self.source.clone())),
            ("reason", self.reason.clone()),
            ("regulation", self.regulation.clone()),
            ("limited to an address or contact", self.linked.then(|| "yes".to_owned())),
            ("evidence", Some(self.evidence.to_owned())),
            ("IP and user agent", Some(self.network_evidence.to_owned())),
            ("  kept until", self.network_evidence_until.map(|t| t.to_string())),
            ("policy", Some(self.policy.clone())),
        ]
    }
}

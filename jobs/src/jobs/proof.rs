//! Sealing what proves an expression of will (Art. 7(1)): form, staff and manner apart from IP and user agent, which
//! have a period of their own.

use crate::code::ContentId;
use crate::decision::Decision;
use crate::model::{Evidence, Subject};
use crate::protection::Sealed;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How an expression of will came about, beside the network's traces.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Manner {
    /// The form, with its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The member of staff who entered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// How it was given: on paper, by phone, by the link of the mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// The guardian who consented for a child, and how that was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
    /// It was given expressly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explicit: bool,
    /// The record that this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<uuid::Uuid>,
    /// When the subject first asked, before confirming.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// What was refused in the same form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<ContentId>,
}

/// Traces of the network: of the first step, and of the confirmation.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct NetworkTraces {
    /// IP address and user agent when asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<NetworkTrace>,
    /// IP address and user agent when confirming.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<NetworkTrace>,
}

/// IP address and user agent.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NetworkTrace {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<std::net::IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// The longest text kept as evidence, in characters: a user agent may be of any length.
const LONGEST_TRACE: usize = 512;

/// As much of a text as is kept.
pub(crate) fn cut(text: impl AsRef<str>) -> String {
    text.as_ref().chars().take(LONGEST_TRACE).collect()
}

impl NetworkTrace {
    pub(crate) fn of(evidence: Option<&Evidence>) -> Option<Self> {
        let evidence = evidence?;
        let user_agent = evidence.user_agent.as_ref().map(cut);
        let trace = Self { ip: evidence.ip, user_agent };
        (trace != Self::default()).then_some(trace)
    }
}

pub(crate) fn seal<T: Serialize>(
    value: &T,
    column: &'static str,
    subject: &Subject,
    cx: &mut Decision<'_>,
) -> Result<Sealed, Refusal> {
    let key = subject.evidence_key(cx.vault())?;
    let plain = serde_json::to_vec(value).unwrap_or_default();
    Ok(key.seal(subject.place("consent_record", column), &plain, cx.rng()))
}

pub(crate) fn open<T: serde::de::DeserializeOwned>(
    sealed: &Sealed,
    column: &'static str,
    subject: &Subject,
    cx: &Decision<'_>,
) -> Result<Option<T>, Refusal> {
    let key = subject.evidence_key(cx.vault())?;
    let plain = key.open(subject.place("consent_record", column), sealed)?;
    Ok(serde_json::from_slice(&plain).ok())
}

/// When network traces recorded now are erased.
pub(crate) fn network_until(cx: &Decision<'_>) -> Option<Timestamp> {
    cx.policy().periods.network_evidence.map(|p| cx.now().plus(p))
}

/// How a record names a document: its checksum and file name.
pub(crate) fn document_reference(document: &crate::policy::Document) -> String {
    format!("sha256:{} {}", data_encoding::HEXLOWER.encode(&document.sha256), document.filename)
}

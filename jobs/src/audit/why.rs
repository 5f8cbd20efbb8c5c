//! Why an act was left undone.

use serde::Serialize;

/// Why an act was left undone or had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The consent stands already.
    AlreadyGranted,
    /// The consent was refused or withdrawn already.
    AlreadyEnded,
    /// The subject was asked within the request interval.
    AskedRecently,
    /// A later act is known.
    Outdated,
    /// The request is no longer open.
    RequestClosed,
    /// There is no address that mail could go to.
    NoAddress,
    /// No further mail may be sent for this request.
    MailLimit,
    /// The purpose does not rest on consent.
    NotByConsent,
    /// Processing of the subject's data is restricted.
    Restricted,
    /// The subject has said something about it.
    SaidOtherwise,
    /// No content was valid at that time.
    NoValidContent,
}

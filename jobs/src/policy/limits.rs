//! Caps and periods.

use crate::time::Span;
use std::collections::BTreeSet;

/// Caps of double opt-in (D2), against mail bombing through our own form.
#[derive(Clone, Debug)]
pub struct Limits {
    /// No second request for the same subject and purpose within this span.
    pub request_interval: Span,
    /// Mails for one request in all, the reminder included.
    pub mails_per_request: u32,
    /// Requests to one address in 24 hours, over all purposes.
    pub per_address_per_day: u32,
    /// Requests to one mail domain in an hour; providers are exempt.
    pub per_domain_per_hour: u32,
    /// Requests of one source in an hour.
    pub per_source_per_hour: u32,
    /// Requests in an hour, all together.
    pub total_per_hour: u32,
    /// Mail providers: domains that many unrelated people share.
    pub mail_providers: BTreeSet<String>,
}

/// How long things last.
#[derive(Clone, Debug)]
pub struct Periods {
    /// How long a request for consent may be answered.
    pub request: Span,
    /// When the reminder leaves, counted from the request; none: no reminder.
    pub reminder: Option<Span>,
    /// How long IP and user agent are kept with a consent record; none: as long as the record.
    pub network_evidence: Option<Span>,
    /// How long notices to staff are kept once they are acknowledged.
    pub acknowledged_notices: Span,
    /// How long personal tokens of staff are listed once they have expired.
    pub expired_tokens: Span,
    /// How long restrictions are kept once they are lifted, and objections once they are decided against.
    pub settled_rights: Span,
}

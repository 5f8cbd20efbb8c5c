//! `[limits]` and `[periods]`.

use super::check;
use super::place::Place;
use super::reader::{Reader, quoted};
use crate::policy::{Limits, Periods};
use crate::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Caps of double opt-in, against mail bombing through the operator's own form. All are 1 or more.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "Limits")]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    /// No second request for the same subject and purpose within so many hours. Default: 24.
    #[schemars(range(min = 1, max = 8760))]
    request_interval_hours: Option<u32>,
    /// Mails for one request in all, the reminder included. Default: 3, which is also the most.
    #[schemars(range(min = 1, max = 3))]
    mails_per_request: Option<u32>,
    /// Requests to one address in 24 hours, over all purposes. Default: 5.
    #[schemars(range(min = 1))]
    requests_per_address_per_day: Option<u32>,
    /// Requests to one mail domain in an hour; mail providers are exempt. Default: 20.
    #[schemars(range(min = 1))]
    requests_per_domain_per_hour: Option<u32>,
    /// Requests of one source in an hour. Default: 10000.
    #[schemars(range(min = 1))]
    requests_per_source_per_hour: Option<u32>,
    /// Requests in an hour, all together. Default: 50000.
    #[schemars(range(min = 1))]
    requests_per_hour: Option<u32>,
    /// Domains that many unrelated people share. Default: a built-in list of large providers.
    mail_providers: Option<Vec<String>>,
}

/// How long things last.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "Periods")]
#[serde(deny_unknown_fields)]
pub(super) struct RawPeriods {
    /// How long a request for consent may be answered. Default: 7.
    #[schemars(range(min = 1, max = 365))]
    request_days: Option<u32>,
    /// When the reminder leaves, counted from the request; 0: no reminder. Default: 3, if the request lasts longer.
    reminder_days: Option<u32>,
    /// How long IP and user agent are kept with a consent record. Default: as long as the record.
    #[schemars(range(min = 1, max = 36500))]
    network_evidence_days: Option<u32>,
    /// How long notices to staff are kept once they are acknowledged. Default: 365.
    #[schemars(range(min = 1, max = 36500))]
    acknowledged_notices_days: Option<u32>,
    /// How long personal tokens of staff are listed once they have expired. Default: 365.
    #[schemars(range(min = 1, max = 36500))]
    expired_tokens_days: Option<u32>,
    /// How long restrictions are kept once they are lifted, and objections once they are decided against. Default: 1095.
    #[schemars(range(min = 1, max = 36500))]
    settled_rights_days: Option<u32>,
}

/// Large providers of mailboxes: many requests to one of them in an hour are not an attack on a company.
const MAIL_PROVIDERS: [&str; 44] = [
    "abv.bg",
    "aol.com",
    "bk.ru",
    "dir.bg",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "hotmail.fr",
    "i.ua",
    "icloud.com",
    "inbox.ru",
    "interia.pl",
    "laposte.net",
    "list.ru",
    "live.com",
    "mac.com",
    "mail.bg",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "o2.pl",
    "onet.pl",
    "op.pl",
    "orange.fr",
    "outlook.com",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "sfr.fr",
    "t-online.de",
    "ukr.net",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "yahoo.com",
    "yandex.ru",
    "ymail.com",
];

pub(super) fn limits(reader: &mut Reader<'_>) -> Limits {
    let (at, raw) =
        reader.only("limits").unwrap_or_else(|| (Place::root(0).key("limits"), RawLimits::default()));
    let mut count = |key: &str, given: Option<u32>, default: u32, most: u32| {
        reader.count(&at.key(key), given.unwrap_or(default), most).unwrap_or(default)
    };
    let hours = count("request_interval_hours", raw.request_interval_hours, 24, 8760);
    let mails_per_request = count("mails_per_request", raw.mails_per_request, 3, 3);
    let per_address_per_day =
        count("requests_per_address_per_day", raw.requests_per_address_per_day, 5, u32::MAX);
    let per_domain_per_hour =
        count("requests_per_domain_per_hour", raw.requests_per_domain_per_hour, 20, u32::MAX);
    let per_source_per_hour =
        count("requests_per_source_per_hour", raw.requests_per_source_per_hour, 10_000, u32::MAX);
    let total_per_hour = count("requests_per_hour", raw.requests_per_hour, 50_000, u32::MAX);
    let mail_providers = match raw.mail_providers {
        None => MAIL_PROVIDERS.into_iter().map(str::to_owned).collect(),
        Some(given) => providers(reader, &at.key("mail_providers"), &given),
    };
    Limits {
        request_interval: Span::hours(hours.into()),
        mails_per_request,
        per_address_per_day,
        per_domain_per_hour,
        per_source_per_hour,
        total_per_hour,
        mail_providers,
    }
}

fn providers(reader: &mut Reader<'_>, at: &Place, given: &[String]) -> BTreeSet<String> {
    for (n, domain) in given.iter().enumerate().filter(|(_, domain)| !check::is_domain(domain)) {
        reader.wrong(&at.index(n), quoted(domain), "a domain such as `example.org`");
    }
    given.iter().map(|domain| domain.to_ascii_lowercase()).collect()
}

pub(super) fn periods(reader: &mut Reader<'_>, limits: &Limits) -> Periods {
    const REQUEST: u32 = 7;
    const REMINDER: u32 = 3;
    let (at, raw) =
        reader.only("periods").unwrap_or_else(|| (Place::root(0).key("periods"), RawPeriods::default()));
    let given = raw.request_days.unwrap_or(REQUEST);
    let request = reader.days(&at.key("request_days"), given, 365).unwrap_or(REQUEST);
    let reminder = match raw.reminder_days {
        None => (REMINDER < request && limits.mails_per_request > 1).then_some(REMINDER),
        Some(0) => None,
        Some(days) => {
            let here = at.key("reminder_days");
            if days >= request {
                let expected =
                    format!("less than the {request} days that the request lasts, or 0: no reminder");
                reader.wrong(&here, format!("{days}"), expected);
            } else if limits.mails_per_request < 2 {
                reader.warn(&here, "a reminder, but `limits.mails_per_request` is 1", "2 mails, or 0 days");
            }
            Some(days)
        }
    };
    let evidence = raw
        .network_evidence_days
        .and_then(|days| reader.days(&at.key("network_evidence_days"), days, 36_500));
    let mut kept = |key: &str, given: Option<u32>, default: u32| {
        let days = reader.days(&at.key(key), given.unwrap_or(default), 36_500);
        Span::days(days.unwrap_or(default).into())
    };
    let acknowledged_notices = kept("acknowledged_notices_days", raw.acknowledged_notices_days, 365);
    let expired_tokens = kept("expired_tokens_days", raw.expired_tokens_days, 365);
    // three years: a usual period of limitation
    let settled_rights = kept("settled_rights_days", raw.settled_rights_days, 1095);
    let span = |days: u32| Span::days(days.into());
    Periods {
        request: span(request),
        reminder: reminder.map(span),
        network_evidence: evidence.map(span),
        acknowledged_notices,
        expired_tokens,
        settled_rights,
    }
}

impl Reader<'_> {
    /// A number from 1 to `most`.
    pub(super) fn count(&mut self, place: &Place, number: u32, most: u32) -> Option<u32> {
        if (1..=most).contains(&number) {
            return Some(number);
        }
        let expected = if most == u32::MAX { "1 or more".to_owned() } else { format!("1 to {most}") };
        self.wrong(place, format!("{number}"), expected);
        None
    }

    /// A number of days from 1 to `most`.
    pub(super) fn days(&mut self, place: &Place, number: u32, most: u32) -> Option<u32> {
        self.count(place, number, most)
    }
}

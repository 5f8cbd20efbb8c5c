//! The steps of housekeeping, and what is old for each of them. Everything that Rescind itself keeps and that ends
//! has its step here; `docs/retention.md` tells operators the same, table by table.

use crate::config::Housekeeping;
use crate::store::housekeeping::Aged;
use rescind_jobs::policy::Policy;
use rescind_jobs::time::{Span, Timestamp};
use std::time::Duration;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its name in reports.
    pub name: &'static str,
    /// What is older goes.
    pub cut_off: Timestamp,
    /// What it does.
    pub work: Work,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Deletes by age.
    Aged(Aged),
    /// Erases subjects that were only asked.
    Provisional,
    /// Deletes keys of days that seal nothing any more.
    DayKeys,
    /// Counts rows without a subject.
    Orphans,
}

/// Ids of messages are kept a little longer than messages are taken: a sender's clock may be ahead, and a message
/// that is still taken must still be known.
const BEYOND_INBOX: Span = Span::hours(1);

/// The longest window of a counter is a day.
const COUNTERS: Span = Span::days(2);

/// A message may be parked with the key of the day it came, and tried again in a moment.
const DAY_KEYS: Span = Span::days(2);

/// The steps of a run that began at `now`. A period that is absent or empty gives no step: nothing is deleted.
pub(super) fn steps(periods: &Housekeeping, policy: &Policy, now: Timestamp) -> Vec<Step> {
    let inbox = span(periods.inbox).map(|period| sum(period, BEYOND_INBOX));
    let outbox = span(periods.outbox);
    // while a request counts against the interval between two, it stays
    let requests = span(periods.closed_requests).map(|period| period.max(policy.limits.request_interval));
    // what reminds and escalates still looks for the notices of its cause
    let told = &policy.staff_notices;
    let spans = [told.remind_after, told.escalate_after].into_iter().flatten();
    let looked_for = spans.map(|after| sum(after, told.digest_every)).max().unwrap_or(Span::ZERO);
    let notices = policy.periods.acknowledged_notices.max(looked_for);
    let rights = Some(policy.periods.settled_rights);
    let reports = span(periods.sweep_runs);
    let step = |name, period: Option<Span>, work| {
        period.map(|period| Step { name, cut_off: now.minus(period), work })
    };
    let aged = |name, period, what| step(name, period, Work::Aged(what));
    [
        aged("inbox", inbox, Aged::Inbox),
        aged("flights", inbox, Aged::Flights),
        aged("mails", outbox, Aged::Mails),
        aged("events", outbox, Aged::Events),
        aged("webhooks", outbox, Aged::Webhooks),
        aged("parked", periods.parked.and_then(span), Aged::Parked),
        aged("counters", Some(COUNTERS), Aged::Counters),
        aged("consent_requests", requests, Aged::Requests),
        aged("request_network_evidence", policy.periods.network_evidence, Aged::RequestNetwork),
        // each record carries its own time
        aged("network_evidence", Some(Span::ZERO), Aged::RecordNetwork),
        step("provisional_subjects", requests, Work::Provisional),
        step("day_keys", Some(DAY_KEYS), Work::DayKeys),
        aged("staff_notices", Some(notices), Aged::Notices),
        aged("staff_tokens", Some(policy.periods.expired_tokens), Aged::Tokens),
        aged("restrictions", rights, Aged::Restrictions),
        aged("objections", rights, Aged::Objections),
        aged("schedule_runs", reports, Aged::ScheduleRuns),
        aged("sweep_runs", reports, Aged::SweepRuns),
        step("orphans", Some(Span::ZERO), Work::Orphans),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn span(period: Duration) -> Option<Span> {
    let micros = i64::try_from(period.as_micros()).ok().filter(|micros| *micros > 0);
    micros.map(Span::micros)
}

fn sum(a: Span, b: Span) -> Span {
    Span::micros(a.as_micros().saturating_add(b.as_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn names(periods: &Housekeeping) -> Vec<&'static str> {
        let types: Vec<&str> = rescind_jobs::registry::public_names().collect();
        let policy = crate::policy_files::load_policy(None, &types).expect("the example").policy;
        let now = Timestamp::parse_rfc3339("2026-11-22T09:00:00Z").expect("a time");
        let steps = steps(periods, &policy, now);
        assert!(steps.iter().all(|step| step.cut_off <= now));
        steps.into_iter().map(|step| step.name).collect()
    }

    #[test]
    fn an_empty_or_absent_period_deletes_nothing() {
        let zero = Duration::ZERO;
        let none = Housekeeping {
            inbox: zero,
            outbox: zero,
            parked: None,
            closed_requests: zero,
            sweep_runs: zero,
            interval: DAY,
        };
        let always = [
            "counters",
            "request_network_evidence",
            "network_evidence",
            "day_keys",
            "staff_notices",
            "staff_tokens",
            "restrictions",
            "objections",
            "orphans",
        ];
        assert_eq!(names(&none), always);
        assert_eq!(names(&Housekeeping { parked: Some(zero), ..none }), always);
        let all = Housekeeping {
            inbox: DAY,
            outbox: DAY,
            parked: Some(DAY),
            closed_requests: DAY,
            sweep_runs: DAY,
            interval: DAY,
        };
        assert_eq!(names(&all).len(), 19);
    }
}

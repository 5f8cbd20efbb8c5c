//! Which due times of a schedule are to run now. Pure: the store says since when they count.

use rescind_jobs::policy::{CatchUp, ScheduleRule};
use rescind_jobs::time::{Span, Timestamp};

/// The most runs of one schedule in one tick; the rest follow in the next.
pub(super) const MOST: usize = 1000;

/// What is due.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// Due times to run now, oldest first.
    pub times: Vec<Timestamp>,
    /// There are more than these.
    pub more: bool,
}

/// The due times after `since`, up to and including `now`, that are to run. `grace` is how late a due time may be for
/// a schedule that catches nothing up. Where runs may not overlap there is at most one.
pub(super) fn due(rule: &ScheduleRule, since: Timestamp, now: Timestamp, grace: Span) -> Due {
    let latest = |after| rule.schedule.latest_between(after, now).into_iter().collect();
    match rule.catch_up {
        CatchUp::None => Due { times: latest(since.max(now.minus(grace))), more: false },
        CatchUp::Latest => Due { times: latest(since), more: false },
        CatchUp::All => {
            let most = if rule.overlap { MOST } else { 1 };
            let mut times: Vec<_> = rule.schedule.between(since, now).take(most + 1).collect();
            let more = times.len() > most;
            times.truncate(most);
            Due { times, more }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rescind_jobs::code::ScheduleId;
    use rescind_jobs::schedule::Schedule;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a time")
    }

    fn rule(catch_up: CatchUp, overlap: bool) -> ScheduleRule {
        ScheduleRule {
            id: ScheduleId::new("every-minute").expect("a name"),
            schedule: Schedule::parse("* * * * *", "UTC").expect("an expression"),
            message_type: "sweep.run.v1".to_owned(),
            data: serde_json::json!({"sweep": "housekeeping"}),
            catch_up,
            overlap,
        }
    }

    #[test]
    fn catching_up_is_bounded() {
        let (since, now) = (time("2026-01-01T00:00:00Z"), time("2026-01-02T00:00:00Z"));
        let all = due(&rule(CatchUp::All, true), since, now, Span::ZERO);
        assert_eq!((all.times.len(), all.more), (MOST, true));
        assert_eq!(all.times[0], time("2026-01-01T00:01:00Z"));
        let one = due(&rule(CatchUp::All, false), since, now, Span::ZERO);
        assert_eq!((one.times, one.more), (vec![time("2026-01-01T00:01:00Z")], true));
        let latest = due(&rule(CatchUp::Latest, true), since, now, Span::ZERO);
        assert_eq!((latest.times, latest.more), (vec![now], false));
    }

    #[test]
    fn without_catching_up_only_what_is_due_now_runs() {
        let since = time("2026-01-01T00:00:00Z");
        let rule = ScheduleRule {
            schedule: Schedule::parse("0 * * * *", "UTC").expect("an expression"),
            ..rule(CatchUp::None, false)
        };
        let at = |now: &str| due(&rule, since, time(now), Span::minutes(1)).times.len();
        assert_eq!((at("2026-01-01T01:00:00Z"), at("2026-01-01T01:00:59Z")), (1, 1));
        assert_eq!((at("2026-01-01T00:59:59Z"), at("2026-01-01T01:01:00Z")), (0, 0));
    }
}

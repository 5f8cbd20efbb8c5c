//! Due times in the operator's own wall-clock time: a crontab expression is evaluated over local dates and times as if
//! they were UTC, and each result is then given its instant by a fixed rule. A time that clocks skip is due at the
//! first instant after the gap; one that they show twice is due the first time only. Nothing is kept between two
//! answers, so a replica that starts in the middle of a changing hour gives the same ones. `docs/schedules.md` explains
//! this to operators.

mod crontab;
mod error;
#[cfg(test)]
mod tests;
mod wall_clock;

pub use error::{Field, ScheduleError};

use crate::time::Timestamp;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::{TZ_VARIANTS, Tz};
use std::fmt;

/// The longest expression that is accepted.
const MAX_EXPRESSION_BYTES: usize = 256;

/// A crontab expression with a time zone, due from 1970 to the end of 2100, the years that the `cron` crate knows.
/// Two are equal if they are written alike.
#[derive(Clone, PartialEq, Eq)]
pub struct Schedule {
    expression: String,
    zone: Tz,
    /// Due when any of them is.
    rules: Vec<cron::Schedule>,
}

impl Schedule {
    /// Reads five fields (minute, hour, day of month, month, day of week) or a shorthand such as `@daily`, and the name
    /// of an IANA time zone.
    ///
    /// # Errors
    /// Names the wrong field and what is expected there; also refuses an expression that is never due.
    pub fn parse(expression: &str, time_zone: &str) -> Result<Self, ScheduleError> {
        if expression.len() > MAX_EXPRESSION_BYTES {
            return Err(ScheduleError::TooLong { found: expression.len() });
        }
        let rules = crontab::rules(expression)?;
        let zone = time_zone.parse().map_err(|_| ScheduleError::TimeZone {
            found: error::excerpt(time_zone),
            suggestion: zone_in_other_case(time_zone),
        })?;
        let schedule = Self { expression: expression.to_owned(), zone, rules };
        // the years are not restricted: what is not due in any of them will never be
        if schedule.local_after(DateTime::UNIX_EPOCH.naive_utc()).is_none() {
            return Err(ScheduleError::NeverDue);
        }
        Ok(schedule)
    }

    /// The first due time after `after`, which itself is left out; none after the year 2100.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut local = wall_clock::shown(self.zone, after.to_chrono());
        // goes round more than once only while clocks repeat an hour: its times were due when first shown
        loop {
            local = self.local_after(local)?;
            let due = self.due_at(local)?;
            if due > after {
                return Some(due);
            }
        }
    }

    /// The due times after `after` up to and including `until`, in order, each worked out when it is asked for.
    pub fn between(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let mut last = after;
        std::iter::from_fn(move || {
            last = self.next_after(last).filter(|due| *due <= until)?;
            Some(last)
        })
    }

    /// The last due time after `after` up to and including `until`. Walks back from `until`, so its cost does not grow
    /// with the time between the two.
    pub fn latest_between(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        // the crate's walk back is only right from within its calendar
        let end = NaiveDate::from_ymd_opt(2101, 1, 1)?.and_time(NaiveTime::MIN);
        let reached = wall_clock::latest_reached(self.zone, until.to_chrono());
        let mut local = (reached + TimeDelta::seconds(1)).min(end);
        loop {
            local = self.local_before(local)?;
            let due = self.due_at(local)?;
            if due <= until {
                return (due > after).then_some(due);
            }
        }
    }

    /// The expression as it was written.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The name of the IANA time zone.
    pub fn time_zone(&self) -> &'static str {
        self.zone.name()
    }

    fn local_after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let next = |rule: &cron::Schedule| Some(rule.after(&local.and_utc()).next()?.naive_utc());
        self.rules.iter().filter_map(next).min()
    }

    fn local_before(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let previous = |rule: &cron::Schedule| Some(rule.after(&local.and_utc()).next_back()?.naive_utc());
        self.rules.iter().filter_map(previous).max()
    }

    fn due_at(&self, local: NaiveDateTime) -> Option<Timestamp> {
        Timestamp::from_chrono(wall_clock::instant(self.zone, local)?)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({:?} in {})", self.expression, self.zone)
    }
}

/// The zone that was meant if only the case of its letters is wrong.
fn zone_in_other_case(name: &str) -> Option<&'static str> {
    TZ_VARIANTS.iter().map(|zone| zone.name()).find(|known| known.eq_ignore_ascii_case(name))
}

//! Why a schedule of the configuration was not accepted. Each text names the field and what belongs into it, so that
//! the operator can mend it without reading this code.

use std::fmt;

/// What is wrong with an expression or its time zone, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression does not have five fields.
    #[error(
        "expression: {found} fields, expected five: minute, hour, day of month, month, day of week \
         (neither seconds nor a year)"
    )]
    FieldCount {
        /// How many there are.
        found: usize,
    },
    /// One field cannot be read, or its numbers are out of range.
    #[error("expression: {field} {found:?}, expected {}", field.expected())]
    Field {
        /// Which one.
        field: Field,
        /// What stands there, cut short.
        found: String,
    },
    /// A word with `@` that is none of the shorthands.
    #[error(
        "expression: {found:?}, expected @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually \
         or five fields"
    )]
    Shorthand {
        /// What stands there, cut short.
        found: String,
    },
    /// The expression is longer than any sensible one.
    #[error("expression: {found} bytes, expected at most {}", super::MAX_EXPRESSION_BYTES)]
    TooLong {
        /// How long it is.
        found: usize,
    },
    /// No calendar day fulfils the expression, as with 31 February.
    #[error("expression: never due, no year has such a day; check day of month and month")]
    NeverDue,
    /// There is no such time zone.
    #[error(
        "time_zone: {found:?}, expected {}",
        suggestion.unwrap_or("the name of an IANA time zone, such as Europe/Berlin or UTC")
    )]
    TimeZone {
        /// What stands there, cut short.
        found: String,
        /// The zone of that name in other letter case.
        suggestion: Option<&'static str>,
    },
}

/// A field of a crontab expression, in the order of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The first field.
    Minute,
    /// The second field.
    Hour,
    /// The third field.
    DayOfMonth,
    /// The fourth field.
    Month,
    /// The fifth field.
    DayOfWeek,
}

impl Field {
    /// Its lowest and its highest number in a crontab.
    pub(super) const fn limits(self) -> (usize, usize) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 7),
        }
    }

    /// The names of its numbers, beginning with the lowest.
    pub(super) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Minute | Self::Hour | Self::DayOfMonth => &[],
            Self::Month => {
                &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
            }
            Self::DayOfWeek => &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        }
    }

    /// What may stand in it.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Minute => "* or 0-59, with lists (0,30), ranges (0-29) and steps (*/5, 0-29/10)",
            Self::Hour => "* or 0-23, with lists (8,20), ranges (8-17) and steps (*/2, 8-17/3)",
            Self::DayOfMonth => "* or 1-31, with lists (1,15), ranges (1-7) and steps (*/2, 1-15/7)",
            Self::Month => "* or 1-12 or JAN-DEC, with lists (1,7), ranges (APR-SEP) and steps (*/3, 1-6/2)",
            Self::DayOfWeek => {
                "* or 0-7 (0 and 7 are Sunday) or MON-SUN, with lists (1,3), ranges (MON-FRI) and steps \
                 (*/2, 1-5/2)"
            }
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        })
    }
}

/// As much of a wrong text as an error needs to show.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;

    fn refusal(expression: &str, zone: &str) -> String {
        Schedule::parse(expression, zone).expect_err("the schedule is wrong").to_string()
    }

    #[test]
    fn refusals_name_the_field_and_what_belongs_there() {
        for (expression, field) in [
            ("60 * * * *", "minute \"60\""),
            ("*5 * * * *", "minute \"*5\""),
            ("5* * * * *", "minute \"5*\""),
            ("5/15 * * * *", "minute \"5/15\""),
            ("*/0 * * * *", "minute \"*/0\""),
            ("1,,2 * * * *", "minute \"1,,2\""),
            ("-1 * * * *", "minute \"-1\""),
            ("+1 * * * *", "minute \"+1\""),
            ("/5 * * * *", "minute \"/5\""),
            (",5 * * * *", "minute \",5\""),
            ("*/60 * * * *", "minute \"*/60\""),
            ("1-5-9 * * * *", "minute \"1-5-9\""),
            ("*/5/2 * * * *", "minute \"*/5/2\""),
            ("5- * * * *", "minute \"5-\""),
            ("99999999999 * * * *", "minute \"99999999999\""),
            ("0 24 * * *", "hour \"24\""),
            ("0 17-8 * * *", "hour \"17-8\""),
            ("0 MON * * *", "hour \"MON\""),
            ("0 0 0 * *", "day of month \"0\""),
            ("0 0 ? * *", "day of month \"?\""),
            ("0 0 L * *", "day of month \"L\""),
            ("0 0 1 13 *", "month \"13\""),
            ("0 0 1 Sept *", "month \"Sept\""),
            ("0 0 * * 8", "day of week \"8\""),
            ("0 0 * * MO", "day of week \"MO\""),
            ("0 0 * * 5-1", "day of week \"5-1\""),
            ("0 0 * * */8", "day of week \"*/8\""),
            ("0 0 * * 1#2", "day of week \"1#2\""),
            ("0 0 * * FRI-MON", "day of week \"FRI-MON\""),
            ("0 0 * * ?", "day of week \"?\""),
            ("0 0 * * MON*", "day of week \"MON*\""),
            ("0 0 * * möglich", "day of week \"möglich\""),
        ] {
            let text = refusal(expression, "UTC");
            assert!(
                text.starts_with(&format!("expression: {field}, expected * or ")),
                "{expression}: {text}"
            );
        }
        assert_eq!(
            refusal("0 0 9 * * MON", "UTC"),
            "expression: 6 fields, expected five: minute, hour, day of month, month, day of week (neither seconds nor \
             a year)"
        );
        assert!(refusal("", "UTC").starts_with("expression: 0 fields, expected five"));
        assert!(refusal("daily", "UTC").starts_with("expression: 1 fields, expected five"));
        assert!(refusal("@reboot", "UTC").starts_with("expression: \"@reboot\", expected @hourly, @daily"));
        assert!(refusal(&"*".repeat(257), "UTC").ends_with("257 bytes, expected at most 256"));
    }

    #[test]
    fn what_is_never_due_is_refused() {
        for expression in ["0 0 31 2 *", "0 0 30 FEB *", "0 0 31 4,6,9,11 *", "0 0 31 2 */2"] {
            assert_eq!(Schedule::parse(expression, "UTC"), Err(ScheduleError::NeverDue), "{expression}");
        }
        // either day is enough, so the Mondays of February remain
        assert!(Schedule::parse("0 0 31 2 MON", "UTC").is_ok());
    }

    #[test]
    fn unknown_zones_are_refused() {
        assert_eq!(
            refusal("@daily", "europe/berlin"),
            "time_zone: \"europe/berlin\", expected Europe/Berlin"
        );
        for name in ["Berlin", "+01:00", "", "Mars/Olympus"] {
            assert_eq!(
                refusal("@daily", name),
                format!(
                    "time_zone: {name:?}, expected the name of an IANA time zone, such as Europe/Berlin or UTC"
                )
            );
        }
    }
}

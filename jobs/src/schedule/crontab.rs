//! From crontab's five fields to rules of the `cron` crate, which differs from crontab: it wants seconds, counts Sunday
//! as 1, asks for day of month *and* day of week where crontab asks for either, and is lax about where a field ends
//! (`*5` passes as two, `0 -1` as one). So each field is read here, and the crate only sees lists of numbers.

use super::error::{Field, ScheduleError, excerpt};
use cron::Schedule as Rule;
use std::collections::BTreeSet;

/// Reads an expression. It is due when any of the rules is; there are two if both days are restricted.
pub(super) fn rules(expression: &str) -> Result<Vec<Rule>, ScheduleError> {
    let fields: Vec<&str> = expression.split_ascii_whitespace().collect();
    match fields[..] {
        [word] if word.starts_with('@') => rules(shorthand(word)?),
        [minute, hour, day_of_month, month, day_of_week] => {
            five_fields(minute, hour, day_of_month, month, day_of_week)
        }
        _ => Err(ScheduleError::FieldCount { found: fields.len() }),
    }
}

/// The five fields that a shorthand of crontab stands for.
fn shorthand(word: &str) -> Result<&'static str, ScheduleError> {
    Ok(match word {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => return Err(ScheduleError::Shorthand { found: excerpt(word) }),
    })
}

fn five_fields(
    minute: &str,
    hour: &str,
    day_of_month: &str,
    month: &str,
    day_of_week: &str,
) -> Result<Vec<Rule>, ScheduleError> {
    let minutes = read(Field::Minute, minute)?;
    let hours = read(Field::Hour, hour)?;
    let days = read(Field::DayOfMonth, day_of_month)?;
    let months = read(Field::Month, month)?;
    let weekdays = read(Field::DayOfWeek, day_of_week)?;

    let rule = |days: &str, weekdays: &str| {
        // every year is named, so that the crate cannot take a part of another field for it
        let whole = format!("0 {minutes} {hours} {days} {months} {weekdays} *");
        // what the crate refuses although every field was right has no better name than the field it reads last
        whole.parse::<Rule>().map_err(|_| wrong(Field::DayOfWeek, day_of_week))
    };
    // crontab's own test: a field is restricted unless it begins with a star, so `*/2` still is not
    if day_of_month.starts_with('*') || day_of_week.starts_with('*') {
        Ok(vec![rule(&days, &weekdays)?])
    } else {
        Ok(vec![rule(&days, "*")?, rule("*", &weekdays)?])
    }
}

/// One field as the crate's list of numbers.
fn read(field: Field, text: &str) -> Result<String, ScheduleError> {
    let mut numbers = BTreeSet::new();
    for item in text.split(',') {
        for number in item_numbers(field, item).ok_or_else(|| wrong(field, text))? {
            numbers.insert(if field == Field::DayOfWeek { number % 7 + 1 } else { number });
        }
    }
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    Ok(numbers.join(","))
}

fn wrong(field: Field, text: &str) -> ScheduleError {
    ScheduleError::Field { field, found: excerpt(text) }
}

/// `*`, `5`, `1-5`, `*/2` or `1-5/2` in crontab's numbers; none if it is something else or out of range. A step after a
/// single number is refused: `5/15` means "only 5" to some readers and "5, 20, 35, 50" to others.
fn item_numbers(field: Field, item: &str) -> Option<impl Iterator<Item = usize>> {
    let (lowest, highest) = field.limits();
    let (base, step) = match item.split_once('/') {
        Some((base, step)) => (base, Some(digits(step).filter(|n| (1..=highest).contains(n))?)),
        None => (item, None),
    };
    let (first, last) = match base.split_once('-') {
        Some((first, last)) => (point(field, first)?, range_end(field, last)?),
        None if base == "*" => (lowest, highest),
        None if step.is_none() => (point(field, base)?, point(field, base)?),
        None => return None,
    };
    (first <= last).then(|| (first..=last).step_by(step.unwrap_or(1)))
}

/// A number within the field's limits, or a name.
fn point(field: Field, text: &str) -> Option<usize> {
    let (lowest, highest) = field.limits();
    let named = field.names().iter().position(|name| text.eq_ignore_ascii_case(name)).map(|n| n + lowest);
    named.or_else(|| digits(text).filter(|n| (lowest..=highest).contains(n)))
}

/// The end of a range, where Sunday by name is the end of the week: `FRI-SUN` is `5-7`.
fn range_end(field: Field, text: &str) -> Option<usize> {
    if field == Field::DayOfWeek && text.eq_ignore_ascii_case("SUN") { Some(7) } else { point(field, text) }
}

/// A number of digits only: the standard parser would also take a sign.
fn digits(text: &str) -> Option<usize> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_those_of_crontab() {
        for (written, meant) in [
            ("*", "1,2,3,4,5,6,7"),
            ("0", "1"),
            ("7", "1"),
            ("0-7", "1,2,3,4,5,6,7"),
            ("1-5", "2,3,4,5,6"),
            ("MON-FRI", "2,3,4,5,6"),
            ("5-7", "1,6,7"),
            ("fri-SUN", "1,6,7"),
            ("SUN-Tue", "1,2,3"),
            ("0-6/2", "1,3,5,7"),
            ("*/3", "1,4,7"),
            ("*/7", "1"),
            ("1-7/2", "1,2,4,6"),
            ("SUN,3,sat", "1,4,7"),
        ] {
            assert_eq!(read(Field::DayOfWeek, written).as_deref(), Ok(meant), "{written}");
        }
    }

    #[test]
    fn lists_ranges_steps_and_names() {
        for (field, written, meant) in [
            (Field::Minute, "*/20", "0,20,40"),
            (Field::Minute, "45,0-10/5,59", "0,5,10,45,59"),
            (Field::Hour, "08-10", "8,9,10"),
            (Field::DayOfMonth, "*/15", "1,16,31"),
            (Field::Month, "JAN,jun-Aug,12", "1,6,7,8,12"),
        ] {
            assert_eq!(read(field, written).as_deref(), Ok(meant), "{written}");
        }
    }
}

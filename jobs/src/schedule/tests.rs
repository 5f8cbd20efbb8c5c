//! The evaluation against a table by hand, and against an oracle that knows neither crontab nor gaps: it looks at the
//! clock once a minute and calls a time due when the clock first shows it or a later one.

use super::*;
use crate::time::Span;
use chrono::{Datelike, Timelike, Utc};

fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("a time of the test")
}

fn schedule(expression: &str, zone: &str) -> Schedule {
    Schedule::parse(expression, zone).expect("a schedule of the test")
}

/// Three days around each change of the clocks, and three without one.
const WINDOWS: [(&str, &str); 11] = [
    ("Europe/Berlin", "2026-03-28T00:00:00Z"),
    ("Europe/Berlin", "2026-10-24T00:00:00Z"),
    ("America/New_York", "2026-03-07T00:00:00Z"),
    ("America/New_York", "2026-10-31T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-03T12:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-02T12:00:00Z"),
    // no midnight on the 4th of November, two hours before midnight on the 17th of February
    ("America/Sao_Paulo", "2018-11-03T00:00:00Z"),
    ("America/Sao_Paulo", "2018-02-16T12:00:00Z"),
    // no 30th of December
    ("Pacific/Apia", "2011-12-29T00:00:00Z"),
    ("Asia/Kathmandu", "2026-05-01T00:00:00Z"),
    ("UTC", "2026-03-28T00:00:00Z"),
];

type Due = fn(NaiveDateTime) -> bool;

/// Expressions and what they mean, said in another way.
const EXPRESSIONS: [(&str, Due); 8] = [
    ("* * * * *", |_| true),
    ("*/7 * * * *", |t| t.minute() % 7 == 0),
    ("0 * * * *", |t| t.minute() == 0),
    ("30 2 * * *", |t| (t.hour(), t.minute()) == (2, 30)),
    ("0 0 * * *", |t| (t.hour(), t.minute()) == (0, 0)),
    ("0,15,45 0-3 * * *", |t| t.hour() <= 3 && [0, 15, 45].contains(&t.minute())),
    ("0 9 30 * SUN", |t| {
        (t.hour(), t.minute()) == (9, 0) && (t.day() == 30 || t.weekday().num_days_from_sunday() == 0)
    }),
    ("59 23 */2 * 5-7", |t| {
        let weekend = t.weekday().num_days_from_monday() >= 4;
        (t.hour(), t.minute()) == (23, 59) && t.day() % 2 == 1 && weekend
    }),
];

/// The due times in the minutes after `from` up to `until`, by watching the clock.
fn watched(due: Due, zone: Tz, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let minute = TimeDelta::minutes(1);
    let show = |t: DateTime<Utc>| t.with_timezone(&zone).naive_local();
    let (mut now, mut found) = (from.to_chrono() - TimeDelta::days(2), Vec::new());
    let mut latest = show(now);
    while now < until.to_chrono() {
        now += minute;
        let mut rings = false;
        while latest < show(now) {
            latest += minute;
            rings |= due(latest);
        }
        if rings && now > from.to_chrono() {
            found.push(Timestamp::from_chrono(now).expect("a time of the test"));
        }
    }
    found
}

#[test]
fn agrees_with_watching_the_clock() {
    for (zone, from) in WINDOWS {
        let from = time(from);
        let until = from.plus(Span::days(3));
        for (expression, due) in EXPRESSIONS {
            let schedule = schedule(expression, zone);
            let expected = watched(due, schedule.zone, from, until);
            let found: Vec<_> = schedule.between(from, until).collect();
            assert_eq!(found, expected, "{schedule:?} after {from}");
            assert!(found.is_sorted_by(|a, b| a < b), "{schedule:?} after {from}");
        }
    }
}

#[test]
fn answers_do_not_depend_on_where_one_starts() {
    for (zone, start) in WINDOWS {
        let start = time(start);
        let until = start.plus(Span::days(3));
        for (expression, _) in EXPRESSIONS {
            let schedule = schedule(expression, zone);
            let all: Vec<_> = schedule.between(start, until).collect();
            for minutes in 0..3 * 24 * 60 {
                let now = start.plus(Span::minutes(minutes));
                let passed = all.partition_point(|due| *due <= now);
                let next = schedule.next_after(now).filter(|due| *due <= until);
                assert_eq!(next.as_ref(), all.get(passed), "next of {schedule:?} at {now}");
                let latest = schedule.latest_between(start, now);
                assert_eq!(latest.as_ref(), all[..passed].last(), "latest of {schedule:?} at {now}");
            }
            for (place, due) in all.iter().enumerate() {
                let rest: Vec<_> = schedule.between(*due, until).take(3).collect();
                assert_eq!(rest, all[place + 1..all.len().min(place + 4)], "{schedule:?} from {due}");
                assert_eq!(schedule.latest_between(start, *due), Some(*due), "{schedule:?} at {due}");
                assert_eq!(schedule.latest_between(*due, *due), None, "{schedule:?} at {due}");
                // a moment before and after
                let (before, after) = (due.minus(Span::micros(1)), due.plus(Span::micros(1)));
                assert_eq!(schedule.next_after(before), Some(*due), "{schedule:?} at {before}");
                assert_eq!(schedule.next_after(after), schedule.next_after(*due), "{schedule:?} at {after}");
                assert_eq!(schedule.latest_between(start, after), Some(*due), "{schedule:?} at {after}");
                let earlier = place.checked_sub(1).map(|place| all[place]);
                assert_eq!(schedule.latest_between(start, before), earlier, "{schedule:?} at {before}");
            }
        }
    }
}

#[test]
fn changes_of_the_clocks() {
    let table = [
        // 02:30 is skipped: at 03:00, which is 01:00 UTC
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:30:00Z"),
        // 02:30 is shown twice: the first time only
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z"),
        // two in the gap and one at its end: a single run
        (
            "0,30 2,3 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-03-29T01:00:00Z 2026-03-29T01:30:00Z",
        ),
        ("0 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z 2026-10-25T03:00:00Z"),
        (
            "30 2 * * *",
            "America/New_York",
            "2026-03-08T00:00:00Z",
            "2026-03-08T07:00:00Z 2026-03-09T06:30:00Z",
        ),
        (
            "30 1 * * *",
            "America/New_York",
            "2026-11-01T00:00:00Z",
            "2026-11-01T05:30:00Z 2026-11-02T06:30:00Z",
        ),
        // half an hour: 02:00 to 02:30 is skipped, 01:30 to 02:00 is shown twice
        (
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T12:00:00Z",
            "2026-10-03T15:30:00Z 2026-10-04T15:15:00Z",
        ),
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T12:00:00Z",
            "2026-04-04T14:45:00Z 2026-04-05T15:15:00Z",
        ),
        // no midnight: at 01:00
        (
            "0 0 * * *",
            "America/Sao_Paulo",
            "2018-11-03T12:00:00Z",
            "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z",
        ),
        // the whole 30th is skipped: at the first minute of the 31st, then as usual
        (
            "0 9 * * *",
            "Pacific/Apia",
            "2011-12-29T12:00:00Z",
            "2011-12-29T19:00:00Z 2011-12-30T10:00:00Z 2011-12-30T19:00:00Z",
        ),
        ("0 9 * * *", "UTC", "2026-03-28T09:00:00Z", "2026-03-29T09:00:00Z 2026-03-30T09:00:00Z"),
        ("@weekly", "UTC", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z 2026-12-06T00:00:00Z"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z 2032-02-29T00:00:00Z"),
    ];
    for (expression, zone, after, expected) in table {
        let expected: Vec<_> = expected.split(' ').map(time).collect();
        let schedule = schedule(expression, zone);
        let found: Vec<_> =
            schedule.between(time(after), time("2100-01-01T00:00:00Z")).take(expected.len()).collect();
        assert_eq!(found, expected, "{schedule:?} after {after}");
    }
}

#[test]
fn every_zone_keeps_the_order_of_local_times() {
    let (first, days) = (NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day"), 366 * 2);
    for zone in TZ_VARIANTS {
        let mut last = DateTime::<Utc>::MIN_UTC;
        for hours in (0..days * 24).step_by(3) {
            let local = first.and_time(NaiveTime::MIN) + TimeDelta::minutes(hours * 60 + 30);
            let instant = wall_clock::instant(zone, local).expect("every local time has an instant");
            assert!(last < instant, "{zone}: {local}");
            last = instant;
        }
    }
}

#[test]
fn the_calendar_ends_with_the_year_2100() {
    let yearly = schedule("@yearly", "Asia/Tokyo");
    let last = time("2100-01-01T00:00:00+09:00");
    assert_eq!(yearly.next_after(time("2099-06-01T00:00:00Z")), Some(last));
    assert_eq!(yearly.next_after(last), None);
    assert_eq!(yearly.latest_between(time("0001-01-01T00:00:00Z"), time("9999-12-31T23:59:59Z")), Some(last));
    assert_eq!(yearly.next_after(time("0001-01-01T00:00:00Z")), Some(time("1970-01-01T00:00:00+09:00")));
    let rare = schedule("59 23 31 12 *", "America/New_York");
    let last = time("2100-12-31T23:59:00-05:00");
    assert_eq!(rare.latest_between(time("2026-01-01T00:00:00Z"), time("9999-12-31T23:59:59Z")), Some(last));
    assert_eq!(rare.latest_between(last, time("9999-12-31T23:59:59Z")), None);
    assert_eq!(rare.latest_between(last, time("0001-01-01T00:00:00Z")), None);
}

#[test]
fn shorthands_mean_what_they_mean_in_a_crontab() {
    for (word, fields) in [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * SUN"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 JAN *"),
        ("@annually", "0 0 1 1 *"),
    ] {
        let (start, until) = (time("2026-01-01T12:00:00Z"), time("2028-02-01T00:00:00Z"));
        let meant: Vec<_> = schedule(fields, "UTC").between(start, until).take(50).collect();
        let found: Vec<_> = schedule(word, "UTC").between(start, until).take(50).collect();
        assert_eq!(found, meant, "{word}");
    }
}

#[test]
fn keeps_what_was_written() {
    let written = schedule("0  9 * * mon", "Europe/Berlin");
    assert_eq!((written.expression(), written.time_zone()), ("0  9 * * mon", "Europe/Berlin"));
    assert_eq!(format!("{written:?}"), r#"Schedule("0  9 * * mon" in Europe/Berlin)"#);
    assert_eq!(written, written.clone());
    assert_ne!(written, schedule("0  9 * * mon", "Europe/Paris"));
    assert_ne!(written, schedule("0  9 * * tue", "Europe/Berlin"));
}

//! Between wall clocks and instants. A local time is a plain calendar date and time; every one of them has exactly one
//! instant here, also those that clocks skip or show twice, and a later local time never has an earlier instant. The
//! evaluation of schedules rests on that order.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

/// When clocks in `zone` first show `local`; for a time that they skip, the first instant after the gap.
pub(super) fn instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => Some(time.with_timezone(&Utc)),
        MappedLocalTime::None => {
            // clocks jump at the instant at which they would have shown the first skipped time
            let (skipped, offset) = GapInfo::new(&local, &zone)?.begin?;
            Some(skipped.checked_sub_offset(offset.fix())?.and_utc())
        }
    }
}

/// What clocks in `zone` show at `time`.
pub(super) fn shown(zone: Tz, time: DateTime<Utc>) -> NaiveDateTime {
    time.with_timezone(&zone).naive_local()
}

/// A local time no earlier than any whose instant is at or before `time`. While clocks show an hour for the second
/// time, later times have had their instants already.
pub(super) fn latest_reached(zone: Tz, time: DateTime<Utc>) -> NaiveDateTime {
    let now = shown(zone, time);
    match zone.from_local_datetime(&now) {
        MappedLocalTime::Ambiguous(first, second) => now + (second - first),
        _ => now,
    }
}

//! Days of Vietnam's calendar and UTC times in the one written form that a record has.

use time::format_description::BorrowedFormatItem;
use time::macros::{date, format_description};
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, UtcOffset};

use crate::ambient::VIETNAM;

const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const EPOCH: Date = date!(1970 - 01 - 01);

/// Days since 1970-01-01 of the day that it is in Vietnam; 0 for the time before.
pub fn vietnam_day(at: OffsetDateTime) -> u32 {
    let days = (at.to_offset(VIETNAM).date() - EPOCH).whole_days();
    u32::try_from(days).unwrap_or(0)
}

/// That day, or nothing for one after the year 9999.
pub fn day_to_date(day: u32) -> Option<Date> {
    EPOCH.checked_add(Duration::days(i64::from(day))).filter(|date| date.year() <= 9999)
}

/// That day as `YYYY-MM-DD`, or nothing for one after the year 9999.
pub fn day_text(day: u32) -> Option<String> {
    day_to_date(day)?.format(DAY).ok()
}

/// Reads `YYYY-MM-DD` as days since 1970-01-01.
pub fn day_from_text(text: &str) -> Option<u32> {
    let day = u32::try_from((Date::parse(text, DAY).ok()? - EPOCH).whole_days()).ok()?;
    (day_text(day)? == text).then_some(day)
}

/// `2026-11-22T03:04:05Z`: UTC, whole seconds.
///
/// # Panics
/// For years outside 0 to 9999.
pub fn timestamp(at: OffsetDateTime) -> String {
    at.to_offset(UtcOffset::UTC).format(TIMESTAMP).expect("a year of four digits")
}

/// Reads exactly what [`timestamp`] writes.
pub fn parse_timestamp(text: &str) -> Option<OffsetDateTime> {
    let at = PrimitiveDateTime::parse(text, TIMESTAMP).ok()?.assume_utc();
    (timestamp(at) == text).then_some(at)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_day_is_vietnams() {
        assert_eq!(vietnam_day(datetime!(2026-12-31 16:59:59 UTC)), 20_818);
        assert_eq!(vietnam_day(datetime!(2026-12-31 17:00:00 UTC)), 20_819);
        assert_eq!(day_text(20_819).as_deref(), Some("2027-01-01"));
        assert_eq!(day_from_text("2027-01-01"), Some(20_819));
        assert_eq!(day_text(0).as_deref(), Some("1970-01-01"));
        assert_eq!(day_text(2_932_896).as_deref(), Some("9999-12-31"));
        assert_eq!(day_text(2_932_897), None);
        assert_eq!(day_text(u32::MAX), None);
    }

    #[test]
    fn one_written_form() {
        assert_eq!(timestamp(datetime!(2026-11-22 10:04:05 +7)), "2026-11-22T03:04:05Z");
        assert_eq!(parse_timestamp("2026-11-22T03:04:05Z"), Some(datetime!(2026-11-22 03:04:05 UTC)));
        for bad in [
            "2026-11-22T03:04:05+00:00",
            "2026-11-22t03:04:05Z",
            "2026-11-22 03:04:05Z",
            "2026-11-22T03:04:05.0Z",
            "2026-11-22T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-22T03:04:60Z",
            "+2026-11-22T03:04:05Z",
            "",
        ] {
            assert_eq!(parse_timestamp(bad), None, "{bad}");
        }
        for bad in ["2026-2-01", "2026-02-30", "1969-12-31", "20260201", "2026-02-01 "] {
            assert_eq!(day_from_text(bad), None, "{bad}");
        }
    }
}

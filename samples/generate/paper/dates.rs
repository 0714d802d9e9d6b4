//! Dates as Vietnamese papers print them: padded days and months, and in words.

use time::{Date, Duration, Month};

use super::dice::Dice;

/// `dd/mm/yyyy`, days 1 to 9 and months 1 and 2 with a leading zero, months 3 to 9 without.
pub(super) fn slashed(date: Date) -> String {
    format!("{}/{}/{}", day(date), month(date), date.year())
}

/// `ngày … tháng … năm …` with the same padding.
pub(super) fn spelled(date: Date) -> String {
    format!("ngày {} tháng {} năm {}", day(date), month(date), date.year())
}

/// How a region says numbers.
#[derive(Clone, Copy)]
pub(super) struct Speech {
    /// `ngàn` and `lẻ` rather than `nghìn` and `linh`.
    pub(super) southern: bool,
    /// Commas between day, month and year.
    pub(super) commas: bool,
}

/// `Ngày hai, tháng bảy, năm một nghìn chín trăm chín mươi`.
pub(super) fn in_words(date: Date, speech: Speech) -> String {
    let comma = if speech.commas { "," } else { "" };
    let month = match u8::from(date.month()) {
        4 => "tư".to_owned(),
        other => below_hundred(u32::from(other)),
    };
    format!(
        "Ngày {}{comma} tháng {month}{comma} năm {}",
        below_hundred(u32::from(date.day())),
        year(date.year() as u32, speech)
    )
}

/// A day from `first` to `last`.
pub(super) fn between(dice: &mut Dice, first: Date, last: Date) -> Date {
    first + Duration::days(dice.whole(0, (last - first).whole_days()))
}

/// A day of that calendar year.
pub(super) fn ymd(year: i32, month: Month, day: u8) -> Date {
    Date::from_calendar_date(year, month, day).expect("dates named here exist")
}

fn day(date: Date) -> String {
    format!("{:02}", date.day())
}

fn month(date: Date) -> String {
    match u8::from(date.month()) {
        month @ 1..=2 => format!("{month:02}"),
        month => month.to_string(),
    }
}

fn below_hundred(n: u32) -> String {
    const DIGITS: [&str; 10] = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"];
    let one = |n: u32| DIGITS[n as usize];
    match (n / 10, n % 10) {
        (0, unit) => one(unit).to_owned(),
        (1, 0) => "mười".to_owned(),
        (1, 5) => "mười lăm".to_owned(),
        (1, unit) => format!("mười {}", one(unit)),
        (ten, 0) => format!("{} mươi", one(ten)),
        (ten, 1) => format!("{} mươi mốt", one(ten)),
        (ten, 5) => format!("{} mươi lăm", one(ten)),
        (ten, unit) => format!("{} mươi {}", one(ten), one(unit)),
    }
}

fn year(n: u32, speech: Speech) -> String {
    let (thousand, odd) = if speech.southern { ("ngàn", "lẻ") } else { ("nghìn", "linh") };
    let head = format!("{} {thousand}", below_hundred(n / 1000));
    let hundreds = format!("{} trăm", below_hundred(n / 100 % 10));
    match n % 1000 {
        0 => head,
        rest if rest % 100 == 0 => format!("{head} {hundreds}"),
        rest if rest % 100 < 10 => format!("{head} {hundreds} {odd} {}", below_hundred(rest % 10)),
        rest => format!("{head} {hundreds} {}", below_hundred(rest % 100)),
    }
}

//! Words of one place → a value of the field's type. Nothing is repaired: what does not fit is flagged.

use serde_json::Value;

use super::lists::{Found, List};
use super::text;

/// What became of a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// Stable codes; each is a reason for review.
    pub(crate) problems: Vec<&'static str>,
}

impl Parsed {
    fn good(value: impl Into<String>) -> Self {
        Self { value: Value::String(value.into()), problems: Vec::new() }
    }

    fn flagged(value: Value, problem: &'static str) -> Self {
        Self { value, problems: vec![problem] }
    }
}

/// A text with the leaders, dashes and rules around it taken off; None where nothing is left.
pub(crate) fn trim(raw: &str) -> Option<String> {
    let text = text::nfc(raw);
    let kept = text.trim_matches(|c: char| !text::is_written(c) && !matches!(c, '(' | ')' | '%'));
    // A closing bracket belongs to an opening one only.
    let kept = if kept.contains('(') { kept } else { kept.trim_end_matches(')') };
    let kept = if kept.contains(')') { kept } else { kept.trim_start_matches('(') };
    let kept = kept.trim();
    if text::is_mark_only(kept) { None } else { Some(kept.to_owned()) }
}

pub(crate) fn name(raw: &str) -> Parsed {
    let Some(value) = trim(raw) else { return Parsed { value: Value::Null, problems: vec!["name-format"] } };
    let tokens: Vec<&str> = value.split(' ').collect();
    let mut problems = Vec::new();
    if !is_name(&value) || !(2..=6).contains(&tokens.len()) {
        problems.push("name-format");
    } else if !tokens.iter().all(|t| text::is_syllable(t)) {
        problems.push("syllable");
    } else if mixed_case(&tokens) {
        problems.push("name-case");
    }
    Parsed { value: Value::String(value), problems }
}

/// Whether a text has nothing but what a name is written with.
pub(crate) fn is_name(text: &str) -> bool {
    text::nfc(text).chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '\'' | '’' | '-'))
}

/// Capitals and small letters mixed as no printer does: a sign of misreading.
fn mixed_case(tokens: &[&str]) -> bool {
    let capitals = |t: &&str| t.chars().all(char::is_uppercase);
    let capital_first = |t: &&str| {
        let mut chars = t.chars();
        chars.next().is_some_and(char::is_uppercase) && chars.all(char::is_lowercase)
    };
    !(tokens.iter().all(capitals) || tokens.iter().all(capital_first))
}

/// A date as ISO 8601: `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
pub(crate) fn date(raw: &str) -> Parsed {
    match find_date(raw) {
        Some((iso, true)) => Parsed::good(iso),
        Some((iso, false)) => Parsed::flagged(Value::String(iso), "date-extra"),
        None => match strokes(raw).as_deref().and_then(find_date) {
            Some((iso, true)) => Parsed::flagged(Value::String(iso), "slash-read"),
            _ => Parsed::flagged(Value::Null, "date-format"),
        },
    }
}

/// `26I10l1986` with its strokes taken for slashes.
fn strokes(raw: &str) -> Option<String> {
    let d: Vec<char> = trim(raw)?.chars().filter(|c| !c.is_whitespace()).collect();
    let stroke = |c: char| matches!(c, 'I' | 'l' | 'i' | '!' | '|' | '/' | '1' | 'j' | 'J');
    let digits =
        |part: &[char]| part.iter().all(char::is_ascii_digit).then(|| part.iter().collect::<String>());
    (d.len() == 10 && stroke(d[2]) && stroke(d[5]))
        .then(|| Some(format!("{}/{}/{}", digits(&d[..2])?, digits(&d[3..5])?, digits(&d[6..])?)))?
}

/// Whether a text is `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, of a day that there was or will be.
pub(crate) fn is_iso_date(text: &str) -> bool {
    let turned: Vec<&str> = text.split('-').rev().collect();
    find_date(&turned.join("/")) == Some((text.to_owned(), true))
}

/// The date in a text, and whether nothing else is in it.
fn find_date(raw: &str) -> Option<(String, bool)> {
    let text = text::plain(&text::nfc(raw));
    let words: Vec<Part> = date_parts(&text)?;
    let numbers: Vec<&str> =
        words.iter().filter_map(|p| if let Part::Number(n) = p { Some(n.as_str()) } else { None }).collect();
    let clean = words.iter().all(|p| !matches!(p, Part::Other));
    let iso = match numbers.as_slice() {
        [d, m, y] => {
            let (d, m, y) = (small(d, 31)?, small(m, 12)?, year_number(y)?);
            let month = time::Month::try_from(u8::try_from(m).ok()?).ok()?;
            time::Date::from_calendar_date(y, month, u8::try_from(d).ok()?).ok()?;
            format!("{y:04}-{m:02}-{d:02}")
        }
        [m, y] => format!("{:04}-{:02}", year_number(y)?, small(m, 12)?),
        [y] => format!("{:04}", year_number(y)?),
        _ => return None,
    };
    Some((iso, clean))
}

enum Part {
    Number(String),
    Marker,
    Other,
}

/// Digits, the words ngày/tháng/năm, and the rest; None where a letter stands in a number (`l2/7`).
/// `0 9` inside `ngày 0 9 tháng` is one number printed apart.
fn date_parts(text: &str) -> Option<Vec<Part>> {
    let worded = text.contains("ng") && text.contains("th");
    let mut parts = Vec::new();
    let mut number = String::new();
    let mut word = String::new();
    let is_marker = |word: &str| matches!(word, "ngay" | "thang" | "nam" | "mung" | "mong");
    let flush_word = |word: &mut String, parts: &mut Vec<Part>| {
        if !word.is_empty() {
            let known = is_marker(word);
            parts.push(if known { Part::Marker } else { Part::Other });
            word.clear();
        }
    };
    let mut last = ' ';
    for c in text.chars() {
        let after_digit = last.is_ascii_digit();
        last = c;
        if c.is_ascii_digit() {
            if !word.is_empty() && !is_marker(&word) {
                return None;
            }
            flush_word(&mut word, &mut parts);
            number.push(c);
        } else if c == ' ' && worded && !number.is_empty() {
            // The marker behind it ends the number.
        } else {
            if !number.is_empty() {
                parts.push(Part::Number(std::mem::take(&mut number)));
            }
            if c.is_alphanumeric() {
                // A marker may be glued to its number, any other letter is a misread digit.
                if word.is_empty() && after_digit && !matches!(c, 't' | 'n') {
                    return None;
                }
                word.push(c);
            } else {
                flush_word(&mut word, &mut parts);
                if !(c == ' ' || matches!(c, '/' | '-' | '.' | ',' | ':' | ';' | '…' | '(' | ')' | '–')) {
                    parts.push(Part::Other);
                }
            }
        }
    }
    if !number.is_empty() {
        parts.push(Part::Number(number));
    }
    flush_word(&mut word, &mut parts);
    Some(parts)
}

fn small(digits: &str, max: u32) -> Option<u32> {
    let value: u32 = if digits.len() <= 2 { digits.parse().ok()? } else { return None };
    (1..=max).contains(&value).then_some(value)
}

fn year_number(digits: &str) -> Option<i32> {
    let year: i32 = if digits.len() == 4 { digits.parse().ok()? } else { return None };
    (1880..=2120).contains(&year).then_some(year)
}

/// A year; a whole date gives its year.
pub(crate) fn year(raw: &str) -> Parsed {
    match find_date(raw) {
        Some((iso, clean)) => {
            let year = iso[..4].to_owned();
            if clean { Parsed::good(year) } else { Parsed::flagged(Value::String(year), "year-extra") }
        }
        None => Parsed::flagged(Value::Null, "year-format"),
    }
}

pub(crate) fn sex(raw: &str) -> Parsed {
    let Some(text) = trim(raw) else { return Parsed::flagged(Value::Null, "sex-format") };
    match (text::key(&text).as_str(), text::fold(&text).as_str()) {
        (_, "nam") => Parsed::good("Nam"),
        (key, _) if key == text::key("Nữ") => Parsed::good("Nữ"),
        (_, "nu") => Parsed::flagged(Value::String("Nữ".to_owned()), "sex-accent"),
        _ => Parsed::flagged(Value::String(text), "sex-format"),
    }
}

/// Twelve digits; the white space between them is set aside.
pub(crate) fn pin(raw: &str) -> Parsed {
    let Some(text) = trim(raw) else { return Parsed::flagged(Value::Null, "pin-format") };
    let value: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let good = value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit());
    if good { Parsed::good(value) } else { Parsed::flagged(Value::String(value), "pin-format") }
}

/// A number or code: white space is set aside, nothing else.
pub(crate) fn number(raw: &str) -> Parsed {
    let Some(text) = trim(raw) else { return Parsed::flagged(Value::Null, "number-format") };
    let value: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let has_digit = value.bytes().any(|b| b.is_ascii_digit());
    // No register numbers with other signs, and none with letters of other languages.
    let written = text::plain(&value).chars().all(|c| c.is_ascii_alphanumeric() || "/-–.,()".contains(c));
    if has_digit && written {
        Parsed::good(value)
    } else {
        Parsed::flagged(Value::String(value), "number-format")
    }
}

/// A slash of a narrow face is often read as I, l, i or 1. Where one such reading alone fits the format that the number did not,
/// it is proposed, and goes to the officer.
pub(crate) fn slashes(parsed: &mut Parsed, format: &regex::Regex) {
    let Value::String(value) = &parsed.value else { return };
    if format.is_match(value) {
        return;
    }
    let chars: Vec<char> = value.chars().collect();
    let stroke = |c: &char| matches!(c, 'I' | 'l' | 'i' | '1' | '|' | 'í' | 'ì' | 'j' | 'J');
    let at: Vec<usize> = (1..chars.len()).filter(|&i| stroke(&chars[i])).collect();
    let with = |places: &[usize]| -> String {
        (0..chars.len()).map(|i| if places.contains(&i) { '/' } else { chars[i] }).collect()
    };
    let one = at.iter().map(|&i| with(&[i]));
    let two =
        at.iter().enumerate().flat_map(|(n, &i)| at[n + 1..].iter().map(move |&j| [i, j])).map(|p| with(&p));
    let mut fitting: Vec<String> = one.chain(two).filter(|v| format.is_match(v)).collect();
    fitting.dedup();
    if let [proposed] = fitting.as_slice() {
        parsed.value = Value::String(proposed.clone());
        parsed.problems.push("slash-read");
    }
}

/// A code: white space is set aside, nothing else.
pub(crate) fn code(raw: &str) -> Parsed {
    match trim(raw) {
        Some(text) => Parsed::good(text.chars().filter(|c| !c.is_whitespace()).collect::<String>()),
        None => Parsed { value: Value::Null, problems: Vec::new() },
    }
}

pub(crate) fn list(raw: &str, list: &List) -> Parsed {
    let Some(text) = trim(raw) else { return Parsed::flagged(Value::Null, "list-unknown") };
    match list.find(&text) {
        Found::Exact(value) => Parsed::good(value),
        Found::Near(value) => Parsed::flagged(Value::String(value), "list-near"),
        Found::Unknown => match inside(&text, list) {
            Some(value) => Parsed::flagged(Value::String(value), "list-near"),
            None => Parsed::flagged(Value::String(text), "list-unknown"),
        },
    }
}

/// The longest run of words at either end that is a value of the list: the rest is what stains and strokes were read as.
fn inside(text: &str, list: &List) -> Option<String> {
    let words: Vec<&str> = text.split(' ').collect();
    (1..words.len()).rev().find_map(|n| {
        [words[words.len() - n..].join(" "), words[..n].join(" ")].iter().find_map(|part| {
            match list.find(part) {
                Found::Exact(value) => Some(value),
                _ => None,
            }
        })
    })
}

pub(crate) fn free_text(raw: &str) -> Parsed {
    match trim(raw) {
        Some(text) => {
            let text = tidy(&text);
            Parsed { problems: oddities(&text), value: Value::String(text) }
        }
        None => Parsed { value: Value::Null, problems: Vec::new() },
    }
}

/// What no typist writes into an address or an office's name: signs of misreading that the engine itself is sure of.
fn oddities(text: &str) -> Vec<&'static str> {
    let mut problems = Vec::new();
    let words: Vec<&str> = text.split(' ').collect();
    for (i, word) in words.iter().enumerate() {
        let core =
            word.trim_matches(|c: char| matches!(c, ',' | ';' | '.' | '(' | ')' | ':' | '"' | '“' | '”'));
        let lone_mark = text::is_mark_only(word) && !matches!(*word, "-" | "–" | "/" | "&" | "+");
        let foreign_mark = word.chars().any(|c| !text::is_written(c) && !",.;:-–/()&'’+@%\"“”".contains(c));
        // A point ends a text or an abbreviation (`TP.`, `Q.`).
        let whole_word = core.chars().count() > 2 && text::is_syllable(core);
        let inner_point = word.ends_with('.') && i + 1 < words.len() && whole_word;
        let glued_dash =
            word.len() > 1 && (word.starts_with('-') || word.starts_with('.') || word.starts_with(','));
        let digits = core.chars().filter(char::is_ascii_digit).count();
        let between = core.trim_matches(|c: char| !c.is_ascii_digit()).chars().any(char::is_alphabetic);
        if digits > 0 && (between || core.chars().any(|c| c.is_alphabetic() && !c.is_ascii() && c != 'Đ')) {
            problems.push("letter-in-number");
        }
        // `tỷ-đồng`: a speck between two words of a sentence.
        let speck = core.split_once('-').is_some_and(|(a, b)| {
            [a, b].iter().all(|part| part.chars().all(char::is_lowercase) && text::is_syllable(part))
        });
        let glued_dash = glued_dash || speck || (word.len() > 1 && word.starts_with('\''));
        if lone_mark || foreign_mark || inner_point || glued_dash {
            problems.push("stray-mark");
        }
        if core.contains('/')
            && core.bytes().all(|b| b.is_ascii_digit() || b == b'/')
            && core.matches('/').count() == 2
        {
            let year = find_date(core).and_then(|(iso, _)| iso[..4].parse::<i32>().ok());
            if !year.is_some_and(|y| (1900..=2100).contains(&y)) {
                problems.push("date-inside");
            }
            continue;
        }
        let letters: Vec<&str> = core.split(|c: char| !c.is_alphabetic()).filter(|p| !p.is_empty()).collect();
        let abbreviation = core.chars().all(|c| !c.is_lowercase())
            && core.chars().count() <= 6
            && text::plain(core) == core.to_lowercase()
            && core.is_ascii();
        let coded = core.chars().any(|c| c.is_ascii_digit() || c == '/');
        let single = core.chars().count() == 1
            && core.chars().all(|c| c.is_uppercase() && !matches!(c, 'Y' | 'Ý' | 'Ô' | 'Ơ' | 'Ê' | 'Ó'));
        if single || (!abbreviation && !coded && !letters.iter().all(|p| text::is_known_word(p))) {
            problems.push("syllable");
        }
    }
    problems.sort_unstable();
    problems.dedup();
    problems
}

/// Whether every word is of a list, or a Vietnamese syllable as foreign texts write it, without accents.
pub(crate) fn known_words(value: &str, list: &List) -> bool {
    let words = value.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty());
    words.into_iter().all(|w| list.contains(w) || (w.is_ascii() && text::is_bare_syllable(w)))
}

/// Whether every name in an address is written with syllables that one of the lists has; words in small letters, figures and what
/// says of which kind a place is are no names.
pub(crate) fn known_places(value: &str, lists: &[&List]) -> bool {
    const KINDS: [&str; 27] = [
        "so", "ap", "thon", "to", "khu", "khom", "ban", "buon", "lang", "xom", "pho", "ngo", "hem", "ngach",
        "duong", "can", "toa", "nha", "chung", "lo", "khoi", "doi", "bon", "tieu", "dai", "cum", "uy",
    ];
    let words = value.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|w| !w.is_empty());
    words.into_iter().all(|word| {
        let name = word.starts_with(char::is_uppercase)
            && word.chars().all(char::is_alphabetic)
            && word.chars().skip(1).all(char::is_lowercase)
            && word.chars().count() > 1;
        !name || KINDS.contains(&text::fold(word).as_str()) || lists.iter().any(|l| l.contains(word))
    })
}

/// Dots of a leader that stand inside the text, and spaces before commas, are not of the text.
fn tidy(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').filter(|w| !is_leader(w)).collect();
    words.join(" ").replace(" ,", ",").replace(" ;", ";")
}

pub(crate) fn is_leader(word: &str) -> bool {
    word.len() > 1
        && text::is_mark_only(word)
        && word.chars().all(|c| matches!(c, '.' | '…' | '_' | ',' | '·' | '~' | '¬'))
}

pub(crate) fn items(lines: &[String]) -> Parsed {
    let values: Vec<Value> = lines
        .iter()
        .filter_map(|l| trim(l.trim_start_matches(['-', '–', '+', '*', ' '])))
        .map(|l| Value::String(tidy(&l)))
        .collect();
    let mut problems: Vec<&'static str> =
        values.iter().filter_map(Value::as_str).flat_map(oddities).collect();
    // Semicolons end items; inside one it is a comma with a speck over it.
    if values.iter().filter_map(Value::as_str).any(|item| item.contains(';')) {
        problems.push("stray-mark");
    }
    problems.sort_unstable();
    problems.dedup();
    let value = if values.is_empty() { Value::Null } else { Value::Array(values) };
    Parsed { value, problems }
}

/// An address: of two levels (commune, province) or of the old three. It ends with the name of a unit behind its kind
/// (`tỉnh …`), or with a province's name alone where the list of `provinces` has it; one that ends otherwise was cut off, and a name of
/// the list that is spelt with other accents was misread.
pub(crate) fn address(raw: &str, provinces: Option<&List>) -> Parsed {
    let mut parsed = free_text(raw);
    let Value::String(text) = &parsed.value else { return parsed };
    if text.contains(';') {
        parsed.problems.push("stray-mark");
    }
    let last = text.rsplit([',', ';', '-', '–']).next().unwrap_or(text).trim();
    let plain = text::plain(last);
    // With its kind; an old paper often names no more than the commune.
    let kinds = [
        "tinh ",
        "thanh pho ",
        "tp. ",
        "tp ",
        "tp.",
        "xa ",
        "phuong ",
        "thi tran ",
        "thi xa ",
        "huyen ",
        "quan ",
        "dac khu ",
    ];
    let kind = kinds.iter().position(|k| plain.starts_with(k));
    let name: String = last.chars().skip(kind.map_or(0, |k| kinds[k].chars().count())).collect();
    let name = name.trim();
    // Few places have a name of one syllable; the provinces' list has Huế.
    let whole = name.contains(' ') || name.starts_with(|c: char| c.is_ascii_digit());
    match provinces.filter(|_| kind.is_none_or(|k| k < 5)).map(|p| p.find(name)) {
        Some(Found::Exact(_)) => {}
        Some(Found::Near(_)) => parsed.problems.push("province-near"),
        _ if kind.is_none() || !whole => parsed.problems.push("address-incomplete"),
        _ => {}
    }
    parsed
}

/// Whether a text that names an office or a place ends with a district: its province stands on the line that was not read.
pub(crate) fn lacks_province(text: &str) -> bool {
    let (_, last) = text.rsplit_once(',').unwrap_or(("", ""));
    let plain = text::plain(last.trim());
    ["huyen ", "quan ", "thi xa "].iter().any(|kind| plain.starts_with(kind))
}

/// A date in words as ISO 8601: `Ngày hai, tháng bảy, năm một nghìn chín trăm chín mươi`.
pub(crate) fn date_in_words(raw: &str) -> Option<String> {
    let plain = text::plain(&text::nfc(raw));
    let words: Vec<&str> = plain.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let day_at = words.iter().position(|w| *w == "ngay")?;
    let month_at = day_at + 1 + words[day_at + 1..].iter().position(|w| *w == "thang")?;
    let day_words: Vec<&str> =
        words[day_at + 1..month_at].iter().copied().filter(|w| !matches!(*w, "mung" | "mong")).collect();
    let day = cardinal(&day_words)?;
    // `năm` is five and year: the month is the longest that leaves a `năm` behind it.
    let rest = &words[month_at + 1..];
    (1..=3.min(rest.len().saturating_sub(1))).rev().find_map(|n| {
        let month = match rest[..n] {
            ["gieng"] => 1,
            ["chap"] => 12,
            _ => cardinal(&rest[..n])?,
        };
        let year = (rest[n] == "nam").then(|| cardinal(&rest[n + 1..]))??;
        let (d, m) = (u8::try_from(day).ok()?, u8::try_from(month).ok()?);
        let date =
            time::Date::from_calendar_date(i32::try_from(year).ok()?, time::Month::try_from(m).ok()?, d)
                .ok()?;
        (1880..=2120).contains(&date.year()).then(|| format!("{year:04}-{m:02}-{d:02}"))
    })
}

/// A date in words. Its vocabulary is closed and no two of its words differ in accents alone, so a misread accent is set
/// right; any other difference is flagged.
pub(crate) fn date_words(raw: &str) -> Parsed {
    let mut parsed = free_text(raw);
    let Value::String(text) = &parsed.value else { return parsed };
    if date_in_words(text).is_none() {
        parsed.problems.insert(0, "date-words-format");
        return parsed;
    }
    // No date in words has a semicolon: it is a comma with a speck over it.
    parsed.value = Value::String(respelt(text).replace(';', ","));
    parsed.problems.retain(|p| *p != "syllable");
    parsed
}

/// A number in words: as [`date_words`], with what it counts behind it.
pub(crate) fn numerals(raw: &str) -> Parsed {
    let mut parsed = free_text(raw);
    let Value::String(text) = &parsed.value else { return parsed };
    if super::numerals::in_words(text).is_none() {
        parsed.problems.insert(0, "numerals-format");
        return parsed;
    }
    parsed.value = Value::String(respelt(text));
    parsed
}

/// The words of numbers and dates with their accents set right.
fn respelt(text: &str) -> String {
    let mut previous = String::new();
    let words: Vec<String> = text
        .split(' ')
        .map(|word| {
            let core = word.trim_matches(|c: char| !c.is_alphanumeric());
            let spelt = spelling(core, &previous);
            previous = text::fold(core);
            match spelt {
                Some(spelt) if !core.is_empty() => word.replacen(core, &with_case(spelt, core), 1),
                _ => word.to_owned(),
            }
        })
        .collect();
    words.join(" ")
}

/// How a word of a date in words is spelt, where it is not so already.
fn spelling(word: &str, previous: &str) -> Option<&'static str> {
    let ten = ["hai", "ba", "bon", "tu", "nam", "sau", "bay", "tam", "chin"].contains(&previous);
    let spellings: &[&str] = match text::fold(word).as_str() {
        "ngay" => &["ngày"],
        "thang" => &["tháng"],
        "mot" if previous == "muoi" => &["một", "mốt"],
        "mot" => &["một"],
        "hai" => &["hai"],
        "ba" => &["ba"],
        "bon" => &["bốn"],
        "tu" => &["tư"],
        "nam" => &["năm"],
        "lam" => &["lăm"],
        "nham" => &["nhăm"],
        "sau" => &["sáu"],
        "bay" => &["bảy", "bẩy"],
        "tam" => &["tám"],
        "chin" => &["chín"],
        "muoi" if ten => &["mươi"],
        "muoi" => &["mười"],
        "tram" => &["trăm"],
        "nghin" => &["nghìn"],
        "ngan" => &["ngàn"],
        "khong" => &["không"],
        "trieu" => &["triệu"],
        "ty" | "ti" => &["tỷ", "tỉ"],
        "phay" => &["phẩy"],
        "dong" => &["đồng"],
        "met" => &["mét"],
        "vuong" => &["vuông"],
        "linh" => &["linh"],
        "le" => &["lẻ", "lẽ"],
        _ => return None,
    };
    let known = spellings.iter().any(|s| text::same(s, word));
    if known || (text::fold(word) == "mot" && previous == "muoi") { None } else { spellings.first().copied() }
}

fn with_case(spelt: &str, like: &str) -> String {
    let mut letters = spelt.chars();
    match letters.next() {
        Some(first) if like.starts_with(char::is_uppercase) => first.to_uppercase().chain(letters).collect(),
        _ => spelt.to_owned(),
    }
}

/// A number from 1 to 9999 in folded words: nghìn and ngàn, linh and lẻ, tư and bốn, lăm and nhăm, mốt.
fn cardinal(words: &[&str]) -> Option<u32> {
    let (mut total, mut part, mut digit, mut any) = (0, 0, None::<u32>, false);
    for (i, word) in words.iter().enumerate() {
        any = true;
        let unit = match *word {
            "khong" => Some(0),
            "mot" => Some(1),
            "hai" => Some(2),
            "ba" => Some(3),
            "bon" | "tu" => Some(4),
            "nam" | "lam" | "nham" => Some(5),
            "sau" => Some(6),
            "bay" => Some(7),
            "tam" => Some(8),
            "chin" => Some(9),
            _ => None,
        };
        match (*word, unit) {
            (_, Some(unit)) => {
                // Two digits in a row are read out singly; no certificate does, and it would be ambiguous.
                if digit.replace(unit).is_some() {
                    return None;
                }
            }
            ("nghin" | "ngan", _) => {
                total += digit.take()? * 1000;
            }
            ("tram", _) => part += digit.take()? * 100,
            ("muoi", _) => part += digit.take().unwrap_or(1) * 10,
            ("linh" | "le", _) if digit.is_none() && i > 0 => {}
            (other, _) => {
                // Figures among the words.
                let value: u32 = other.parse().ok()?;
                part += value;
            }
        }
    }
    let value = total + part + digit.unwrap_or(0);
    (any && (1..=9999).contains(&value)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(parsed: Parsed) -> String {
        assert_eq!(parsed.problems, Vec::<&str>::new());
        parsed.value.as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn dates_in_figures() {
        for (raw, iso) in [
            ("02/7/1990", "1990-07-02"),
            ("19-8-1996", "1996-08-19"),
            ("1.12.2004 .", "2004-12-01"),
            ("ngày 0 9 tháng 6 năm 2023", "2023-06-09"),
            ("ngày09 tháng6 năm2023", "2023-06-09"),
            ("Ngày 15 tháng 02 năm 2 0 1 9", "2019-02-15"),
            ("1968", "1968"),
            ("năm 1968", "1968"),
            ("7/1968", "1968-07"),
            ("29/02/2020", "2020-02-29"),
        ] {
            assert_eq!(value(date(raw)), iso, "{raw}");
        }
        for raw in [
            "31/02/2020",
            "29/02/2019",
            "12/13/2000",
            "0/1/2000",
            "1/1/20000",
            "O2/7/1990",
            "l2/7/1990",
            "02/7/199o",
            "2S/7/1990",
            "",
            "....",
            "1/1/99",
        ] {
            let parsed = date(raw);
            assert_eq!((parsed.value, parsed.problems), (Value::Null, vec!["date-format"]), "{raw}");
        }
        assert_eq!(date("02/7/1990 Nhà").problems, ["date-extra"]);
    }

    #[test]
    fn dates_in_words() {
        for (raw, iso) in [
            ("Ngày một, tháng một, năm một ngàn chín trăm chín mươi", "1990-01-01"),
            ("Ngày hai, tháng bảy, năm một nghìn chín trăm chín mươi.", "1990-07-02"),
            ("ngày năm tháng năm năm hai nghìn không trăm linh năm", "2005-05-05"),
            ("Ngày hai mươi mốt, tháng mười một, năm hai nghìn lẻ tư", "2004-11-21"),
            ("Ngày ba mươi mốt tháng mười hai năm hai nghìn không trăm hai mươi lăm", "2025-12-31"),
            ("Ngày mười lăm, tháng tư, năm hai nghìn mười chín", "2019-04-15"),
            ("ngày mồng ba tháng giêng năm hai nghìn", "2000-01-03"),
            ("Ngày mười, tháng mười, năm một nghìn chín trăm sáu mươi tám", "1968-10-10"),
        ] {
            assert_eq!(date_in_words(raw).as_deref(), Some(iso), "{raw}");
        }
        for raw in [
            "",
            "Ngày",
            "ngày một tháng một",
            "ngày ba mươi hai tháng một năm hai nghìn",
            "ngày xx tháng một năm hai nghìn",
        ] {
            assert_eq!(date_in_words(raw), None, "{raw}");
        }
    }

    #[test]
    fn accents_of_number_words_are_set_right_and_nothing_else() {
        let read = "Ngày mười lắm, tháng bẩy năm hai ngan không trắm hai mười lăm";
        let spelt = "Ngày mười lăm, tháng bẩy năm hai ngàn không trăm hai mươi lăm";
        assert_eq!(value(date_words(read)), spelt);
        assert_eq!(
            date_words("Ngày mườj lăm tháng bảy năm hai nghìn").problems,
            ["date-words-format", "syllable"]
        );
    }

    #[test]
    fn names_are_kept_as_printed_and_flagged_when_odd() {
        assert_eq!(value(name(".. NGUYỄN THỊ ÁNH ..")), "NGUYỄN THỊ ÁNH");
        assert_eq!(name("NGUYỄN").problems, ["name-format"]);
        assert_eq!(name("NGUYỄN VĂN 4NH").problems, ["name-format"]);
        assert_eq!(name("NGUYỄN VĂN ANHH").problems, ["syllable"]);
        assert_eq!(name("NGUYỄN Văn ANH").problems, ["name-case"]);
        assert_eq!(name("NGUYỄN VĂN ANHH").value, "NGUYỄN VĂN ANHH");
    }

    #[test]
    fn numbers_lose_only_white_space() {
        assert_eq!(value(number(" 69 / GKS-BS.")), "69/GKS-BS");
        assert_eq!(value(pin("999 304 123456")), "999304123456");
        assert_eq!(pin("99930412345O").problems, ["pin-format"]);
        assert_eq!(pin("99930412345O").value, "99930412345O");
        assert_eq!(number("……").problems, ["number-format"]);
    }

    #[test]
    fn signs_that_no_typist_writes_are_flagged() {
        assert_eq!(number("CN@9429").problems, ["number-format"]);
        assert_eq!(value(number("CN 00420")), "CN00420");
        assert_eq!(value(number("12/QĐ-UBND")), "12/QĐ-UBND");
        assert_eq!(free_text("CŒCCD số 999187853396").problems, ["syllable"]);
        assert_eq!(free_text("CCCD số 999187853396").problems, Vec::<&str>::new());
        assert_eq!(items(&["- Lưu: VT; VP.".to_owned()]).problems, ["stray-mark"]);
        assert_eq!(items(&["- Lưu: VT, VP;".to_owned()]).problems, Vec::<&str>::new());
    }

    #[test]
    fn a_place_that_ends_with_its_district_lacks_the_province() {
        assert!(lacks_province("Ủy ban nhân dân phường Hoà Mây, huyện Yên"));
        assert!(!lacks_province("Ủy ban nhân dân phường Hoà Mây, tỉnh An Lĩnh"));
        assert!(!lacks_province("Ủy ban nhân dân huyện Sông Mây"));
    }

    #[test]
    fn sex_is_nam_or_nu() {
        assert_eq!(value(sex("nam.")), "Nam");
        assert_eq!(value(sex("NỮ")), "Nữ");
        assert_eq!(sex("Nu").problems, ["sex-accent"]);
        assert_eq!(sex("Nữa").problems, ["sex-format"]);
    }
}

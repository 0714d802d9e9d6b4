//! Rules between fields and check digits: what contradicts is flagged on every field that it touches, and never resolved.

use std::collections::BTreeMap;

use serde_json::Value;

use super::form::{CheckDigits, Rule, RuleKind};
use super::layout::Layout;
use super::{parse, text};
use crate::record::Field;

/// Begins the problem of a rule that failed; the other fields of the rule follow.
pub(crate) const CROSS_CHECK: &str = "cross-check: ";
/// Begins the problem of words that another field spells with other accents.
const SPELT: &str = "spelt-otherwise: ";
/// Begins a problem that is said but is no reason for review.
pub(crate) const NOTE: &str = "note: ";

/// The province codes of the pin (facts: vietnam.md 3.0). Others are noted, never refused: foreign countries of
/// birth have codes too, and the table is not confirmed to be complete.
const PROVINCES: [u16; 63] = [
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40,
    42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83,
    84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
];

/// What a rule says about two fields.
enum Verdict {
    Agree,
    Contradict,
    /// A value is missing or not readable: nothing can be said.
    Silent,
}

/// Applies all rules: contradictions become problems, agreement raises confidence.
pub(crate) fn cross_check(fields: &mut BTreeMap<String, Field>, rules: &[Rule]) {
    for field in fields.values_mut() {
        field.problems.retain(|p| !p.starts_with(CROSS_CHECK) && !p.starts_with(SPELT));
    }
    spellings(fields);
    for rule in rules {
        let names: Vec<&str> = rule.fields.iter().map(|f| f.get_ref().as_str()).collect();
        match (rule.kind, names.as_slice()) {
            (RuleKind::Pin, [pin, sex, date]) => {
                note_province(fields, pin);
                let told = value(fields, pin).and_then(|p| pin_tells(&p));
                let by_sex = told.as_ref().zip(value(fields, sex)).map(|((s, _), printed)| *s == printed);
                settle(fields, &[pin, sex], by_sex.into());
                let by_year = told.zip(year_of(fields, date)).map(|((_, y), printed)| y == printed);
                settle(fields, &[pin, date], by_year.into());
            }
            (RuleKind::Surname, [child, parents @ ..]) => {
                let first = |name: &str| value(fields, name).and_then(|v| v.split(' ').next().map(text::key));
                let theirs: Vec<String> = parents.iter().filter_map(|p| first(p)).collect();
                let shared =
                    first(child).filter(|_| theirs.len() == parents.len()).map(|own| theirs.contains(&own));
                // Sharing it says nothing about the other words of a name.
                if shared == Some(false) {
                    settle(fields, &names, Verdict::Contradict);
                }
            }
            (RuleKind::Together, [first, others @ ..]) if value(fields, first).is_some() => {
                for other in others {
                    let unread = |f: &&mut Field| f.value.is_null() && f.problems.is_empty();
                    if let Some(field) = fields.get_mut(*other).filter(unread) {
                        field.problems.push("missing".to_owned());
                    }
                }
            }
            (RuleKind::Mrz, [zone, others @ ..]) => check_zone(fields, zone, others),
            (RuleKind::Qr, [code, parts @ ..]) => check_code(fields, code, parts),
            (kind, [a, b]) => {
                let verdict = judge(kind, rule, fields, a, b);
                settle(fields, &[a, b], verdict);
            }
            _ => {}
        }
    }
    same_number(fields);
}

/// A number that a rule contradicts in one field is as doubtful in another that says the same: they were misread alike.
fn same_number(fields: &mut BTreeMap<String, Field>) {
    let contradicted = |f: &Field| f.problems.iter().any(|p| p.starts_with(CROSS_CHECK));
    let number = |f: &Field| {
        f.value.as_str().filter(|v| v.len() >= 9 && v.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
    };
    let doubtful: Vec<(String, String)> = fields
        .iter()
        .filter(|(_, field)| contradicted(field))
        .filter_map(|(name, field)| Some((name.clone(), number(field)?)))
        .collect();
    for (name, told) in doubtful {
        let alike = fields.values_mut().filter(|f| !contradicted(f) && number(f).as_ref() == Some(&told));
        alike.for_each(|field| field.problems.push(format!("{CROSS_CHECK}{name}")));
    }
}

/// Flags a text with two words of a name that the paper spells with other accents in another place: a place is named more than once
/// on most papers, and not all of them are fields.
pub(crate) fn spelt_twice(field: &mut Field, layout: &Layout) {
    let texts: Vec<&str> = match &field.value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let names: Vec<(String, String)> = texts.into_iter().flat_map(name_pairs).collect();
    if names.is_empty() {
        return;
    }
    let bare = |text: &str| text.trim_matches(|c: char| !text::is_written(c)).to_owned();
    let differs = layout.rows.iter().flat_map(|row| row.cells.iter()).any(|cell| {
        layout.tokens[cell.clone()].windows(2).any(|pair| {
            if pair.iter().any(|t| t.confidence < WITNESS) || pair[0].text.ends_with([',', '.', ';', ')']) {
                return false;
            }
            let joined = format!("{} {}", bare(&pair[0].text), bare(&pair[1].text));
            let fold = text::plain(&joined);
            names.iter().any(|(f, key)| *f == fold && *key != text::key(&joined))
        })
    });
    if differs {
        field.problems.push("spelt-twice".to_owned());
    }
}

/// Words read with less confidence say nothing about how others are spelt.
const WITNESS: f32 = 0.8;

/// Every two neighbouring words of a text that begin with a capital: bare of accents, and as [`text::key`] compares them.
fn name_pairs(value: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for part in value.split([',', '.', ';', '(', ')']) {
        let words: Vec<&str> = part.split(' ').filter(|w| !w.is_empty()).collect();
        for pair in words.windows(2) {
            let name = |w: &&str| w.starts_with(char::is_uppercase) && w.chars().all(char::is_alphabetic);
            if pair.iter().all(name) {
                let joined = pair.join(" ");
                pairs.push((text::plain(&joined), text::key(&joined)));
            }
        }
    }
    pairs
}

/// The same two words with other accents in two fields: one of them is misread, and neither says which. Places and
/// family names are repeated on a paper; that is its own check.
fn spellings(fields: &mut BTreeMap<String, Field>) {
    let mut seen: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (name, field) in fields.iter() {
        let Value::String(value) = &field.value else { continue };
        // A code, or another language.
        if value.contains('|') || value.is_ascii() {
            continue;
        }
        let words: Vec<&str> =
            value.split([' ', ',', '.', ';', '(', ')']).filter(|w| !w.is_empty()).collect();
        for pair in words.windows(2) {
            let joined = pair.join(" ");
            let fold = text::plain(&joined);
            // Of names; `trạm xá Phước Hòa` and `xã Phước Hòa` are two things.
            if !pair.iter().all(|w| w.starts_with(char::is_uppercase))
                || fold.chars().any(|c| c.is_ascii_digit())
            {
                continue;
            }
            seen.entry(fold).or_default().push((text::key(&joined), name.clone()));
        }
    }
    // One letter apart: of a place that is named twice, one was misread.
    let folds: Vec<&String> = seen.keys().filter(|f| f.len() >= 7).collect();
    let mut near: Vec<(String, String)> = Vec::new();
    for (i, a) in folds.iter().enumerate() {
        for b in folds[i + 1..].iter().filter(|b| b.len().abs_diff(a.len()) <= 1) {
            if strsim::levenshtein(a, b) == 1 {
                for (_, one) in &seen[*a] {
                    near.extend(
                        seen[*b]
                            .iter()
                            .filter(|(_, two)| two != one)
                            .flat_map(|(_, two)| [(one.clone(), two.clone()), (two.clone(), one.clone())]),
                    );
                }
            }
        }
    }
    for (name, other) in near {
        if let Some(field) = fields.get_mut(&name)
            && !field.problems.iter().any(|p| p.starts_with(SPELT))
        {
            field.problems.push(format!("{SPELT}{other}"));
        }
    }
    for spelt in seen.into_values() {
        for (key, name) in &spelt {
            let Some((_, other)) = spelt.iter().find(|(k, n)| k != key && n != name) else { continue };
            let Some(field) = fields.get_mut(name) else { continue };
            let problem = format!("{SPELT}{other}");
            if !field.problems.contains(&problem) {
                field.problems.push(problem);
            }
        }
    }
}

impl From<Option<bool>> for Verdict {
    fn from(agrees: Option<bool>) -> Self {
        match agrees {
            Some(true) => Self::Agree,
            Some(false) => Self::Contradict,
            None => Self::Silent,
        }
    }
}

fn judge(kind: RuleKind, rule: &Rule, fields: &BTreeMap<String, Field>, a: &str, b: &str) -> Verdict {
    let (va, vb) = (value(fields, a), value(fields, b));
    let agrees = match kind {
        // Partial dates are compared as far as both go; being in order proves little about either.
        RuleKind::Order => match va.zip(vb).filter(|(x, y)| parse::is_iso_date(x) && parse::is_iso_date(y)) {
            Some((x, y)) => {
                let n = x.len().min(y.len());
                if x[..n] <= y[..n] { None } else { Some(false) }
            }
            None => None,
        },
        RuleKind::DateWords => {
            va.zip(vb).map(|(figures, words)| parse::date_in_words(&words).is_some_and(|d| d == figures))
        }
        RuleKind::Age => match year_of(fields, a).zip(year_of(fields, b)) {
            Some((from, to)) => {
                let age = to - from;
                let inside = rule.min.is_none_or(|m| age >= m) && rule.max.is_none_or(|m| age <= m);
                if inside { None } else { Some(false) }
            }
            None => None,
        },
        RuleKind::YearSuffix => {
            let suffix = va.as_deref().and_then(|n| n.split('/').nth(1)).and_then(|y| y.parse::<i32>().ok());
            suffix.zip(year_of(fields, b)).map(|(x, y)| x == y)
        }
        RuleKind::Equal => va.zip(vb).map(|(x, y)| super::text::same(&x, &y)),
        RuleKind::NumberWords => va.zip(vb).map(|(figures, words)| {
            let told = super::numerals::in_words(&words);
            told.is_some() && told == super::numerals::in_figures(&figures)
        }),
        RuleKind::Pin | RuleKind::Surname | RuleKind::Together | RuleKind::Mrz | RuleKind::Qr => None,
    };
    agrees.into()
}

/// A machine-readable zone against pin, name, sex, birth date and expiry; one that fails its own check digits says nothing.
fn check_zone(fields: &mut BTreeMap<String, Field>, zone: &str, others: &[&str]) {
    complete_zone(fields, zone, others);
    let Some(told) = fields.get(zone).and_then(|f| super::mrz::told(&f.value)) else { return };
    let short = |date: String| date.replace('-', "").get(2..8).map(str::to_owned);
    let [pin, name, sex, dob, expiry] = others else { return };
    let agrees = [
        (pin, value(fields, pin).map(|v| v == told.pin)),
        // A long name is cut.
        (
            name,
            value(fields, name).map(|v| {
                let bare = text::fold(&v).to_uppercase();
                bare == told.name || (told.name.len() >= 26 && bare.starts_with(&told.name))
            }),
        ),
        (sex, value(fields, sex).map(|v| v == told.sex)),
        (dob, value(fields, dob).and_then(short).map(|v| v == told.born)),
        (
            expiry,
            value(fields, expiry).map(|v| match short(v) {
                Some(day) => day == told.expires,
                None => told.expires == "991231",
            }),
        ),
    ];
    for (other, agrees) in agrees {
        settle(fields, &[zone, other], agrees.into());
    }
}

/// A zone that was misread but says what the print says: where all that differs are look-alikes, the zone that the print gives is
/// what stands there; where a character contradicts, it is proposed and both go to the officer.
fn complete_zone(fields: &mut BTreeMap<String, Field>, zone: &str, others: &[&str]) {
    let [pin, name, sex, dob, expiry] = others else { return };
    // What two readings left open a zone with its check digits settles.
    let unsettled = |p: &str| matches!(p, "second-reading" | "readings-differ");
    let sound = |field: &str| {
        let odd = |p: &String| !p.starts_with(NOTE) && !p.starts_with(CROSS_CHECK) && !p.starts_with(SPELT);
        fields
            .get(field)
            .is_some_and(|f| !f.problems.iter().any(|p| odd(p) && !p.ends_with("-rare") && !unsettled(p)))
    };
    if !others.iter().all(|other| sound(other)) {
        return;
    }
    let text = |field: &str| value(fields, field);
    let short = |date: String| date.replace('-', "").get(2..8).map(str::to_owned);
    let (Some(pin), Some(name), Some(sex), Some(born)) =
        (text(pin), text(name), text(sex), text(dob).and_then(short))
    else {
        return;
    };
    let Some(expires) = text(expiry) else { return };
    let expires =
        short(expires).filter(|e| e.bytes().all(|b| b.is_ascii_digit())).unwrap_or("991231".to_owned());
    let printed = super::mrz::Printed { pin: &pin, name: &name, sex: &sex, born: &born, expires: &expires };
    let Some(composed) = super::mrz::composed(&printed) else { return };
    let Some(field) = fields.get_mut(zone) else { return };
    let Some(contradictions) = super::mrz::differences(&field.value, &composed) else { return };
    let whole = super::mrz::told(&field.value).is_some();
    if whole && contradictions > 0 {
        // A zone whose own check digits hold is not to be changed by the print.
        return;
    }
    let same = field.value == Value::from(composed.clone());
    field.value = Value::from(composed);
    if whole && contradictions == 0 {
        for other in others {
            if let Some(other) = fields.get_mut(*other) {
                other.problems.retain(|p| !unsettled(p));
            }
        }
    }
    let Some(field) = fields.get_mut(zone).filter(|_| !same) else { return };
    if contradictions == 0 {
        field.problems.retain(|p| p.starts_with(NOTE));
        field.problems.push(format!("{NOTE}from-print"));
        field.confidence = field.confidence.max(super::confidence::COMPOSED);
    } else if !field.problems.iter().any(|p| p == "mrz-print") {
        field.problems.push("mrz-print".to_owned());
    }
}

/// A code's parts against the fields that say the same; a part that is empty or that no field repeats says nothing. Dates stand in it
/// as `ddmmyyyy`.
///
/// A code corrects its own errors and keeps its accents, so what the print was misread as gives way to it: a print of which nothing
/// could be read, or that differs in accents alone, takes the code's words. Where the two say different things both the place
/// and the code go to the officer.
fn check_code(fields: &mut BTreeMap<String, Field>, code: &str, parts: &[&str]) {
    let Some(told) = value(fields, code) else { return };
    let said: Vec<&str> = told.split('|').collect();
    for (part, name) in said.iter().zip(parts).filter(|(part, name)| !part.is_empty() && !name.is_empty()) {
        let Some(field) = fields.get_mut(*name) else { continue };
        let packed = part.len() == 8 && part.bytes().all(|b| b.is_ascii_digit());
        let iso = packed.then(|| format!("{}-{}-{}", &part[4..], &part[2..4], &part[..2]));
        let meant = iso.filter(|d| parse::is_iso_date(d)).unwrap_or_else(|| (*part).to_owned());
        let printed = field.value.as_str().map(str::to_owned);
        let same_letters = |p: &String| text::fold(p) == text::fold(&meant);
        let same = printed.as_deref().is_some_and(|p| text::same(p, &meant));
        if !same && printed.as_ref().is_none_or(same_letters) {
            field.value = Value::String(meant);
            field.problems.retain(|p| p.starts_with(NOTE));
            field.problems.push(format!("{NOTE}from-code"));
            field.confidence = super::confidence::CODE;
            continue;
        }
        let garbled =
            !same && field.problems.iter().any(|p| !p.starts_with(NOTE) && !p.starts_with(CROSS_CHECK));
        if garbled && !packed {
            // Still for the officer, with the better of the two to begin with.
            field.value = Value::String(meant);
        }
        settle(fields, &[code, name], Some(same).into());
    }
}

fn settle(fields: &mut BTreeMap<String, Field>, names: &[&str], verdict: Verdict) {
    for name in names {
        let others: Vec<&str> = names.iter().copied().filter(|n| n != name).collect();
        let Some(field) = fields.get_mut(*name) else { continue };
        match verdict {
            // Who is contradicted by one witness is not made sure by another.
            Verdict::Agree if field.problems.iter().any(|p| p.starts_with(CROSS_CHECK)) => {}
            Verdict::Agree => field.confidence += (1.0 - field.confidence) * 0.5,
            Verdict::Contradict => {
                field.problems.push(format!("{CROSS_CHECK}{}", others.join(", ")));
            }
            Verdict::Silent => {}
        }
    }
}

/// Sex and birth year that a pin tells: digit 4 is century and sex, digits 5 and 6 the year.
fn pin_tells(pin: &str) -> Option<(&'static str, i32)> {
    let digits: Vec<i32> = pin.chars().map(|c| c.to_digit(10).map(|d| d as i32)).collect::<Option<_>>()?;
    if digits.len() != 12 {
        return None;
    }
    let sex = if digits[3] % 2 == 1 { "Nữ" } else { "Nam" };
    Some((sex, (19 + digits[3] / 2) * 100 + digits[4] * 10 + digits[5]))
}

fn note_province(fields: &mut BTreeMap<String, Field>, pin: &str) {
    let code = value(fields, pin).and_then(|p| p.get(..3).and_then(|c| c.parse::<u16>().ok()));
    let Some(field) = fields.get_mut(pin) else { return };
    let note = format!("{NOTE}province-code");
    field.problems.retain(|p| *p != note);
    if code.is_some_and(|c| !PROVINCES.contains(&c)) {
        field.problems.push(note);
    }
}

fn value(fields: &BTreeMap<String, Field>, name: &str) -> Option<String> {
    match &fields.get(name)?.value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn year_of(fields: &BTreeMap<String, Field>, name: &str) -> Option<i32> {
    value(fields, name)?.get(..4)?.parse().ok()
}

/// Whether a number's check digits are right.
pub(crate) fn check_digits(kind: CheckDigits, number: &str) -> bool {
    match kind {
        CheckDigits::TaxCode => {
            let digits: Option<Vec<u32>> = number.chars().map(|c| c.to_digit(10)).collect();
            let Some([head @ .., last]) = digits.as_deref() else { return false };
            let weights = [31, 29, 23, 19, 17, 13, 7, 5, 3];
            let sum: u32 = head.iter().zip(weights).map(|(d, w)| d * w).sum();
            head.len() == 9 && 10 - sum % 11 == *last
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_tells_sex_and_year() {
        assert_eq!(pin_tells("999090123456"), Some(("Nam", 1990)));
        assert_eq!(pin_tells("999319123456"), Some(("Nữ", 2019)));
        assert_eq!(pin_tells("99931912345"), None);
        assert_eq!(pin_tells("99931912345x"), None);
    }

    #[test]
    fn tax_codes_have_a_check_digit() {
        // Built by the formula from invented digits: 9·31 + 9·29 + 9·23 + 0 … = 747 = 67·11 + 10.
        assert!(check_digits(CheckDigits::TaxCode, "9990000000"));
        assert!(!check_digits(CheckDigits::TaxCode, "9990000001"));
        assert!(!check_digits(CheckDigits::TaxCode, "999000000"));
    }
}

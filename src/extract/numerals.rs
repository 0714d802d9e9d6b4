//! Numbers in words, as a check of the same numbers in figures: `một tỷ chín trăm triệu đồng`.

use super::text;

/// A number in words up to thousands of milliards; what is no numeral (`đồng`, `mét vuông`) ends it. With a decimal part (`phẩy`)
/// the digits behind it are given too.
pub(crate) fn in_words(raw: &str) -> Option<(u64, Option<u64>)> {
    let plain = text::plain(&text::nfc(raw));
    let words: Vec<&str> = plain.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let end = words.iter().position(|w| !is_numeral(w)).unwrap_or(words.len());
    let words = &words[..end];
    let comma = words.iter().position(|w| *w == "phay");
    let (whole, part) = match comma {
        Some(at) => (&words[..at], Some(&words[at + 1..])),
        None => (words, None),
    };
    let part = match part {
        Some(part) => Some(number(part)?),
        None => None,
    };
    Some((number(whole)?, part))
}

/// The same in figures: points part thousands, a comma the decimals.
pub(crate) fn in_figures(raw: &str) -> Option<(u64, Option<u64>)> {
    let digits: String = raw.chars().filter(|c| c.is_ascii_digit() || *c == ',').collect();
    let (whole, part) = match digits.split_once(',') {
        Some((whole, part)) => (whole, Some(part.trim_end_matches('0'))),
        None => (digits.as_str(), None),
    };
    let part = match part {
        None | Some("") => None,
        Some(part) => Some(part.parse().ok()?),
    };
    Some((whole.parse().ok()?, part))
}

fn is_numeral(word: &str) -> bool {
    digit(word).is_some()
        || matches!(word, "muoi" | "tram" | "nghin" | "ngan" | "trieu" | "ty" | "ti" | "linh" | "le" | "phay")
}

fn digit(word: &str) -> Option<u64> {
    Some(match word {
        "khong" => 0,
        "mot" => 1,
        "hai" => 2,
        "ba" => 3,
        "bon" | "tu" => 4,
        "nam" | "lam" | "nham" => 5,
        "sau" => 6,
        "bay" => 7,
        "tam" => 8,
        "chin" => 9,
        _ => return None,
    })
}

fn number(words: &[&str]) -> Option<u64> {
    if words.is_empty() {
        return None;
    }
    let (mut total, mut part, mut unit): (u64, u64, Option<u64>) = (0, 0, None);
    for word in words {
        match (*word, digit(word)) {
            (_, Some(d)) => {
                if unit.replace(d).is_some() {
                    return None;
                }
            }
            ("muoi", _) => part += unit.take().unwrap_or(1).checked_mul(10)?,
            ("tram", _) => part += unit.take()?.checked_mul(100)?,
            ("linh" | "le", _) => {}
            (scale, _) => {
                let size: u64 = match scale {
                    "nghin" | "ngan" => 1_000,
                    "trieu" => 1_000_000,
                    "ty" | "ti" => 1_000_000_000,
                    _ => return None,
                };
                part += unit.take().unwrap_or(0);
                // `một nghìn tỷ` multiplies all before it; `một tỷ hai nghìn` begins anew.
                if size == 1_000_000_000 && total > 0 && total < size {
                    total = (total + part).checked_mul(size)?;
                } else {
                    total = total.checked_add(part.checked_mul(size)?)?;
                }
                part = 0;
            }
        }
    }
    total.checked_add(part + unit.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_figures_meet() {
        for (words, figures) in [
            ("Một tỷ chín trăm triệu đồng", "1.900.000.000"),
            ("Chín tỷ chín trăm triệu đồng", "9.900.000.000 đồng"),
            ("Một nghìn tỷ đồng", "1.000.000.000.000"),
            ("Hai mươi lăm triệu không trăm linh năm nghìn", "25.005.000"),
            ("Một trăm hai mươi mốt phẩy năm mét vuông", "121,5"),
            ("Mười lăm", "15"),
        ] {
            assert_eq!(in_words(words), in_figures(figures), "{words}");
            assert!(in_words(words).is_some(), "{words}");
        }
        assert_ne!(in_words("Một tỷ chín trăm triệu"), in_figures("1.900.000"));
        assert_eq!(in_words("đồng"), None);
        assert_eq!(in_words("hai hai"), None);
    }
}

//! Numbers as papers print them in words.

/// `Một tỷ chín trăm triệu`, with a capital.
pub(super) fn in_words(n: u64) -> String {
    let text = cardinal(n);
    let mut letters = text.chars();
    letters.next().map_or(text.clone(), |first| first.to_uppercase().chain(letters).collect())
}

fn cardinal(n: u64) -> String {
    if n == 0 {
        return "không".to_owned();
    }
    let mut parts = Vec::new();
    let mut rest = n;
    for (size, name) in [(1_000_000_000, " tỷ"), (1_000_000, " triệu"), (1_000, " nghìn"), (1, "")] {
        let part = rest / size;
        rest %= size;
        if part > 0 {
            parts.push(format!("{}{name}", below_thousand(part, !parts.is_empty())));
        }
    }
    parts.join(" ")
}

/// With `full`, hundreds are said though there are none: `không trăm linh năm`.
fn below_thousand(n: u64, full: bool) -> String {
    const DIGITS: [&str; 10] = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"];
    let one = |n: u64| DIGITS[n as usize];
    let (hundreds, rest) = (n / 100, n % 100);
    let mut words = Vec::new();
    if hundreds > 0 || full {
        words.push(format!("{} trăm", one(hundreds)));
    }
    let spoken = !words.is_empty();
    match (rest / 10, rest % 10) {
        (0, 0) => {}
        (0, unit) if spoken => words.push(format!("linh {}", one(unit))),
        (0, unit) => words.push(one(unit).to_owned()),
        (1, 0) => words.push("mười".to_owned()),
        (1, 5) => words.push("mười lăm".to_owned()),
        (1, unit) => words.push(format!("mười {}", one(unit))),
        (ten, 0) => words.push(format!("{} mươi", one(ten))),
        (ten, 1) => words.push(format!("{} mươi mốt", one(ten))),
        (ten, 5) => words.push(format!("{} mươi lăm", one(ten))),
        (ten, unit) => words.push(format!("{} mươi {}", one(ten), one(unit))),
    }
    words.join(" ")
}

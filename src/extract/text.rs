//! Vietnamese text: normal form, folding for labels, equality of values, legal syllables.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// NFC with runs of white space made one space and the ends trimmed.
pub fn nfc(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lower case without diacritics, punctuation kept: what the patterns of form files are matched against.
pub fn plain(text: &str) -> String {
    let bare = text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    bare.map(|c| match c {
        // OCR gives the Icelandic and Croatian look-alikes for Vietnamese đ.
        'đ' | 'ð' => 'd',
        other => other,
    })
    .collect()
}

/// [`plain`] with letters and digits alone: what labels are compared by.
pub fn fold(text: &str) -> String {
    plain(text).chars().filter(|c| is_written(*c)).collect()
}

/// Whether two values are the same: NFC, with case, white space and tone placement set aside (`hoà` is `hòa`).
pub fn same(a: &str, b: &str) -> bool {
    key(a) == key(b)
}

/// A number as it is written in Vietnam: `1.234.567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

/// The key under which [`same`] compares.
pub fn key(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut tones: Vec<char> = Vec::new();
    let lower: String = text.nfc().collect::<String>().to_lowercase();
    for c in lower.nfd() {
        if is_tone(c) {
            tones.push(c);
        } else if is_combining_mark(c) || is_vowel(c) {
            out.push(c);
        } else {
            // The vowel cluster ends here; its tone stands behind it, wherever it was written.
            out.extend(tones.drain(..));
            if !c.is_whitespace() {
                out.push(c);
            }
        }
    }
    out.extend(tones);
    out
}

/// Whether a word carries any letter or digit; dotted leaders, slashes, dashes and rules do not.
pub fn is_mark_only(text: &str) -> bool {
    !text.chars().any(is_written)
}

/// Whether a character is a letter or a digit of print; `ˆ` and its like are letters to Unicode, and specks on paper.
pub fn is_written(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{02b0}'..='\u{02ff}' | 'ª' | 'º')
}

/// Whether one word is a legal Vietnamese syllable: onset, rime and tone that occur in the language.
/// A name of another language is not one; that is a reason to look, never to change it.
pub fn is_syllable(word: &str) -> bool {
    let mut tone = ' ';
    let mut letters = String::new();
    for c in word.to_lowercase().nfd() {
        if is_tone(c) {
            if tone != ' ' {
                return false;
            }
            tone = c;
        } else {
            letters.push(c);
        }
    }
    let letters: String = letters.nfc().collect();
    let onset_len = ONSETS.iter().filter(|o| letters.starts_with(**o)).map(|o| o.len());
    // `gi` and `qu` share their vowel with the rime (gì, gìn, giếng): every split is tried.
    onset_len.chain([0]).any(|n| {
        let (onset, rime) = letters.split_at(n);
        let short_gi = onset == "gi" && matches!(rime, "" | "n" | "ng" | "m");
        let rime_known = (RIMES.contains(&rime) && meets(onset, rime)) || short_gi;
        // A stopped syllable has only the sắc or nặng tone.
        let stopped = rime.ends_with(['c', 'p', 't']) || rime.ends_with("ch");
        rime_known && (!stopped || matches!(tone, '\u{301}' | '\u{323}'))
    })
}

/// Whether a word is a Vietnamese syllable as texts of other languages write it, without accents.
pub fn is_bare_syllable(word: &str) -> bool {
    let word = word.to_lowercase();
    let onsets = ONSETS.iter().filter(|o| word.starts_with(**o)).map(|o| o.len());
    onsets.chain([0]).any(|n| {
        let (onset, rime) = word.split_at(n);
        (onset == "gi" && rime.is_empty()) || RIMES.iter().any(|r| plain(r) == rime && meets(onset, r))
    })
}

/// Whether a word can stand in a Vietnamese address or sentence: a syllable, or a part of a place name of another
/// language that is common on papers.
pub fn is_known_word(word: &str) -> bool {
    is_syllable(word) || PLACE_WORDS.contains(&plain(word).as_str())
}

/// Folded parts of place names and loan words that are no syllables.
const PLACE_WORDS: &[&str] = &[
    "dak", "lak", "dac", "lac", "nong", "kon", "tum", "krong", "plei", "pleiku", "ku", "buk", "bukso",
    "drang", "ea", "ia", "chu", "prong", "sre", "pa", "phin", "ayun", "kbang", "kong", "chro", "dray", "sap",
    "bla", "plong", "glei", "mdrak", "cu", "kuin", "dlei", "rve", "glong", "rlap", "tuy", "duc", "hleo",
    "sup", "kar", "jut", "mil", "internet", "web", "email", "video",
];

/// Whether spelling lets a rime follow an onset: `k`, `gh`, `ngh` before e, ê, i, y and `c`, `g`, `ng` before the others.
fn meets(onset: &str, rime: &str) -> bool {
    let front = rime.starts_with(['e', 'ê', 'i', 'y']);
    match onset {
        "k" | "gh" | "ngh" => front,
        "c" | "g" | "ng" => !front,
        "" | "qu" => true,
        _ => !rime.starts_with("yê"),
    }
}

fn is_tone(c: char) -> bool {
    matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}')
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

const ONSETS: &[&str] = &[
    "b", "c", "ch", "d", "đ", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh", "p", "ph",
    "qu", "r", "s", "t", "th", "tr", "v", "x",
];

/// Rimes without tone.
const RIMES: &[&str] = &[
    "a", "ac", "ach", "ai", "am", "an", "ang", "anh", "ao", "ap", "at", "au", "ay", "ăc", "ăm", "ăn", "ăng",
    "ăp", "ăt", "âc", "âm", "ân", "âng", "âp", "ât", "âu", "ây", "e", "ec", "em", "en", "eng", "eo", "ep",
    "et", "ê", "êch", "êm", "ên", "ênh", "êp", "êt", "êu", "i", "ia", "ich", "iêc", "iêm", "iên", "iêng",
    "iêp", "iêt", "iêu", "im", "in", "inh", "ip", "it", "iu", "o", "oa", "oac", "oach", "oai", "oam", "oan",
    "oang", "oanh", "oao", "oap", "oat", "oay", "oăc", "oăm", "oăn", "oăng", "oăt", "oc", "oe", "oen", "oeo",
    "oet", "oi", "om", "on", "ong", "ooc", "oong", "op", "ot", "ô", "ôc", "ôi", "ôm", "ôn", "ông", "ôp",
    "ôt", "ơ", "ơi", "ơm", "ơn", "ơp", "ơt", "u", "ua", "uân", "uâng", "uât", "uây", "uc", "uê", "uêch",
    "uênh", "ui", "um", "un", "ung", "uôc", "uôi", "uôm", "uôn", "uông", "uôt", "uơ", "up", "ut", "uy",
    "uya", "uych", "uyên", "uyêt", "uynh", "uyt", "uyu", "ư", "ưa", "ưc", "ưi", "ưm", "ưn", "ưng", "ươc",
    "ươi", "ươm", "ươn", "ương", "ươp", "ươt", "ươu", "ưt", "ưu", "y", "ych", "yêm", "yên", "yêng", "yêt",
    "yêu", "ym", "yn", "ynh", "yt", "uyn", "uyp", "oem", "ơng", "êng",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_equal_with_case_space_and_tone_placement_set_aside() {
        assert!(same("HOÀNG THÚY  hoà", "Hoàng Thuý Hòa"));
        assert!(same("thuỷ\u{a0}", "Thủy"));
        assert!(same("Hoa\u{300} Bi\u{300}nh", "HòaBình"));
        assert!(!same("Hoa", "Hòa"));
        assert!(!same("Nguyễn Thị Lan", "Nguyễn Thi Lan"));
        assert!(!same("Dân", "Đân"));
        assert!(!same("già ân", "gia ần"));
    }

    #[test]
    fn folding_leaves_letters_and_digits() {
        assert_eq!(fold("Họ, chữ đệm, tên:"), "hochudemten");
        assert_eq!(plain("ĐỘC LẬP - Tự do"), "doc lap - tu do");
    }

    #[test]
    fn syllables_of_names_are_legal_and_damaged_ones_are_not() {
        for word in [
            "Nguyễn", "Thị", "Trang", "Giang", "Gìn", "Quỳnh", "Huyền", "Đặng", "Khuê", "Uyên", "Yến",
            "Quách",
        ] {
            assert!(is_syllable(word), "{word}");
        }
        for word in ["Nguyển1", "Ngyễn", "Thịj", "Trrang", "Phac", "Hien̂g", "Bắch", "wan"] {
            assert!(!is_syllable(word), "{word}");
        }
    }
}

//! The machine-readable zone of identity cards: three lines of thirty (ICAO 9303 part 5), with the Vietnamese use of line 1
//! (facts: vietnam.md 3.5).

use serde_json::Value;

use super::parse::Parsed;
use super::text;

/// The characters of a zone.
pub(crate) const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<";
/// Lines of a zone, and characters of a line.
pub(crate) const LINES: usize = 3;
const LENGTH: usize = 30;

/// The lines as a list; what has not their form, or fails a check digit, is flagged.
pub(crate) fn parse(lines: &[String]) -> Parsed {
    let lines: Vec<String> = lines.iter().map(|l| clean(l)).filter(|l| !l.is_empty()).collect();
    let lines = typed(lines);
    let mut problems = Vec::new();
    if lines.len() != LINES
        || lines.iter().any(|l| l.len() != LENGTH || !l.chars().all(|c| ALPHABET.contains(c)))
    {
        problems.push("mrz-format");
    } else if !checks(&lines) {
        problems.push("check-digit");
    }
    if lines.is_empty() {
        return Parsed { value: Value::Null, problems };
    }
    Parsed { value: Value::from(lines), problems }
}

/// White space out, fillers that were read as guillemets or brackets set right, and the tail of fillers at its length: how many
/// `<` an engine sees in a row says nothing.
fn clean(line: &str) -> String {
    let text = text::nfc(line).to_uppercase().replace(['«', '‹', '≪'], "<<").replace(['(', '{', '['], "<");
    let mut line: String = text.chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
    // Only the line of names ends with fillers; the others end with a digit.
    let names = !line.contains(|c: char| c.is_ascii_digit());
    if names && line.ends_with('<') && line.is_ascii() {
        let kept = line.trim_end_matches('<').len();
        if kept <= LENGTH {
            line.truncate(kept);
            line.extend(std::iter::repeat_n('<', LENGTH - kept));
        }
    }
    line
}

/// What stands in each place: d a digit, a a letter or filler, anything else itself.
const PLACES: [&str; LINES] =
    ["IDVNMddddddddddddddddddddddddd", "dddddddsdddddddVNM<<<<<<<<<<<d", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"];

/// Where a place can hold one kind of character alone, its look-alike of another kind is that one; check digits then say whether
/// it holds. Lines of another length are left as they are.
fn typed(lines: Vec<String>) -> Vec<String> {
    let whole = lines.len() == LINES && lines.iter().all(|l| l.chars().count() == LENGTH);
    if !whole {
        return lines;
    }
    let set = |(line, places): (String, &&str)| -> String {
        let one = |(at, (c, place)): (usize, (char, char))| match place {
            // The country's line holds two fillers behind the number.
            'd' if c == '<' && places.starts_with('I') && (27..29).contains(&at) => '<',
            'd' => match c {
                'O' | 'Ø' | 'Q' | 'D' => '0',
                'I' | 'L' | 'T' => '1',
                'Z' => '2',
                'S' => '5',
                'G' => '6',
                'B' => '8',
                other => other,
            },
            'a' => match c {
                '0' => 'O',
                '1' => 'I',
                '5' => 'S',
                '8' => 'B',
                other => other,
            },
            's' => c,
            fixed => fixed,
        };
        line.chars().zip(places.chars()).enumerate().map(one).collect()
    };
    lines.into_iter().zip(&PLACES).map(set).collect()
}

fn checks(lines: &[String]) -> bool {
    let (first, second) = (&lines[0], &lines[1]);
    let digit = |line: &str, at: usize| line[at..=at].parse::<u32>().ok();
    let composite = format!("{}{}{}{}", &first[5..], &second[..7], &second[8..15], &second[18..29]);
    digit(first, 14) == Some(check_digit(&first[5..14]))
        && digit(second, 6) == Some(check_digit(&second[..6]))
        && digit(second, 14) == Some(check_digit(&second[8..14]))
        && digit(second, 29) == Some(check_digit(&composite))
}

/// Weights 7, 3, 1; letters from 10, fillers 0.
fn check_digit(text: &str) -> u32 {
    let value = |c: char| c.to_digit(36).unwrap_or(0);
    text.chars().zip([7, 3, 1].into_iter().cycle()).map(|(c, w)| value(c) * w).sum::<u32>() % 10
}

/// What the print of a card says of the zone's contents.
pub(crate) struct Printed<'a> {
    pub(crate) pin: &'a str,
    pub(crate) name: &'a str,
    pub(crate) sex: &'a str,
    /// `YYMMDD`.
    pub(crate) born: &'a str,
    pub(crate) expires: &'a str,
}

/// The zone that a card with this print has: everything in it is said elsewhere on the card, or computed.
pub(crate) fn composed(printed: &Printed<'_>) -> Option<Vec<String>> {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let Printed { pin, name, sex, born, expires } = printed;
    if !digits(pin, 12) || !digits(born, 6) || !digits(expires, 6) {
        return None;
    }
    let sex = if *sex == "Nữ" { 'F' } else { 'M' };
    let (number, optional) = (&pin[3..], format!("{pin}<<"));
    let first = format!("IDVNM{number}{}{optional}{}", check_digit(number), check_digit(&optional));
    let (c, d) = (check_digit(born), check_digit(expires));
    let mut second = format!("{born}{c}{sex}{expires}{d}VNM<<<<<<<<<<<");
    let composite = format!("{}{}{}{}", &first[5..], &second[..7], &second[8..15], &second[18..29]);
    second.push_str(&check_digit(&composite).to_string());
    let mut words = name.split(' ').map(|w| text::fold(w).to_uppercase());
    let surname = words.next()?;
    let third = format!("{surname}<<{}", words.collect::<Vec<_>>().join("<"));
    let third: String = third.chars().chain(std::iter::repeat('<')).take(LENGTH).collect();
    Some(vec![first, second, third])
}

/// How lines as read differ from a zone: None where they are not the same zone, else how many characters stand in the place of
/// others that they are no look-alikes of.
pub(crate) fn differences(read: &Value, zone: &[String]) -> Option<usize> {
    /// So many of ninety characters may be misread, missing or too many.
    const MOST: u32 = 12;
    let read: Vec<char> = read.as_array()?.iter().filter_map(Value::as_str).flat_map(str::chars).collect();
    let zone: Vec<char> = zone.iter().flat_map(|l| l.chars()).collect();
    // Edits and contradictions of the best way from each beginning to each other; edits come first.
    let mut above: Vec<(u32, usize)> = (0..=zone.len() as u32).map(|n| (n, 0)).collect();
    for (i, &r) in read.iter().enumerate() {
        let mut row = vec![(i as u32 + 1, 0)];
        for (j, &z) in zone.iter().enumerate() {
            let (edit, contradiction) = if r == z { (0, 0) } else { (1, usize::from(!alike(r, z))) };
            let over = (above[j].0 + edit, above[j].1 + contradiction);
            let down = (above[j + 1].0 + 1, above[j + 1].1);
            let right = (row[j].0 + 1, row[j].1);
            // Of equal ways the one that contradicts more: doubt is the safe side.
            let least = over.0.min(down.0).min(right.0);
            let best = [over, down, right].into_iter().filter(|w| w.0 == least).max_by_key(|w| w.1);
            row.push(best.unwrap_or(over));
        }
        above = row;
    }
    let (edits, contradictions) = *above.last()?;
    (edits <= MOST).then_some(contradictions)
}

/// Whether one character is often read as the other: they share a group, or what was read is none of a zone's.
fn alike(read: char, there: char) -> bool {
    const GROUPS: [&str; 7] = ["O0QDØ", "I1TLJ|!Í", "S5$", "Z2", "B8", "G6", "<K«C("];
    !ALPHABET.contains(read) || GROUPS.iter().any(|g| g.contains(read) && g.contains(there))
}

/// What a zone says again.
pub(crate) struct Told {
    pub(crate) pin: String,
    /// Capitals without accents or spaces.
    pub(crate) name: String,
    pub(crate) sex: &'static str,
    /// `YYMMDD`.
    pub(crate) born: String,
    pub(crate) expires: String,
}

/// What a whole zone says; None where it has not the form.
pub(crate) fn told(value: &Value) -> Option<Told> {
    let lines: Vec<&str> = value.as_array()?.iter().filter_map(Value::as_str).collect();
    let whole = lines.len() == LINES && lines.iter().all(|l| l.len() == LENGTH && l.is_ascii());
    if !whole || !checks(&lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>()) {
        return None;
    }
    Some(Told {
        pin: lines[0][15..27].to_owned(),
        name: lines[2].replace('<', ""),
        sex: if &lines[1][7..8] == "F" { "Nữ" } else { "Nam" },
        born: lines[1][..6].to_owned(),
        expires: lines[1][8..14].to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Vec<String> {
        ["IDVNM1930699801999193069980<<0", "9309164F3309162VNM<<<<<<<<<<<6", "NGUYEN<<HONG<HA<<<<<<<<<<<<<<<"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn a_zone_says_again_what_the_card_says() {
        let parsed = parse(&zone());
        assert_eq!(parsed.problems, Vec::<&str>::new());
        let told = told(&parsed.value).expect("a whole zone");
        assert_eq!((told.pin.as_str(), told.name.as_str(), told.sex), ("999193069980", "NGUYENHONGHA", "Nữ"));
        assert_eq!((told.born.as_str(), told.expires.as_str()), ("930916", "330916"));
    }

    #[test]
    fn print_gives_the_zone_again_and_tells_look_alikes_from_contradictions() {
        let printed = Printed {
            pin: "999193069980",
            name: "Nguyễn Hồng Hà",
            sex: "Nữ",
            born: "930916",
            expires: "330916",
        };
        assert_eq!(composed(&printed), Some(zone()));
        assert_eq!(differences(&Value::from(zone()), &zone()), Some(0));
        let garbled = [
            "TDVNM193O699801999193069980<<0",
            "9309164F3309162VNM<<<<<<<<<6",
            "NGUYEN<<HONG<HA<<<<<<<<<<<<<<",
        ];
        assert_eq!(differences(&Value::from(garbled.to_vec()), &zone()), Some(0));
        let other = zone().iter().map(|l| l.replace("193069980", "193069981")).collect::<Vec<_>>();
        assert!(differences(&Value::from(other), &zone()).is_some_and(|n| n >= 2));
        assert_eq!(differences(&Value::from(vec!["x".to_owned()]), &zone()), None);
    }

    #[test]
    fn a_wrong_digit_and_a_short_line_are_flagged() {
        let mut wrong = zone();
        wrong[1] = wrong[1].replacen('9', "8", 1);
        assert_eq!(parse(&wrong).problems, ["check-digit"]);
        assert!(told(&parse(&wrong).value).is_none());
        let mut short = zone();
        short[0].pop();
        assert_eq!(parse(&short).problems, ["mrz-format"]);
        assert_eq!(parse(&zone()[..2]).problems, ["mrz-format"]);
        // A letter where only a digit can stand is its look-alike.
        let mut alike = zone();
        alike[0] = "TDVNM193O699801999I93069980<<0".to_owned();
        assert_eq!((parse(&alike).problems, parse(&alike).value), (Vec::new(), Value::from(zone())));
        // The tail of fillers is set to its length, and guillemets are fillers.
        let mut loose = zone();
        loose[2] = "NGUYEN«HONG<HA <<<<".to_owned();
        assert!(parse(&loose).problems.is_empty());
    }
}

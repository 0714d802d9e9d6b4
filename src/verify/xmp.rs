//! XMP packets (ISO 16684-1) as far as they must be compared: which property says what, however a program serialises it.

use std::collections::BTreeSet;

use super::additions::is_plain;
use super::fact::Text;

/// Namespace, name and text of one property.
pub(crate) type Property = (String, String, String);

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
/// What whoever writes a file anew says about that.
const TOOLS: [(&str, &str); 4] = [
    ("http://ns.adobe.com/xap/1.0/", "ModifyDate"),
    ("http://ns.adobe.com/xap/1.0/", "MetadataDate"),
    ("http://ns.adobe.com/pdf/1.3/", "Producer"),
    ("adobe:ns:meta/", "xmptk"),
];
/// What RDF itself is written with.
const SYNTAX: [&str; 9] = ["RDF", "Description", "Bag", "Seq", "Alt", "li", "about", "resource", "parseType"];
/// Deeper than any packet.
const MAX_DEPTH: usize = 64;
/// Characters of a prefix.
const MAX_PREFIX: usize = 20;

/// What a packet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Sorted, but for when and with which program it was written.
    says: Vec<Property>,
    /// When and with which program it was written.
    tools: Vec<Property>,
    /// Every name in it, whether or not it says something.
    names: BTreeSet<(String, String)>,
    /// What the prefixes stand for.
    declared: BTreeSet<String>,
    /// Whether nothing in it is written that no program would write.
    plain: bool,
}

impl Packet {
    /// Holds one that was written anew against this one: it may say otherwise when and with which program it was written, each once, and nothing
    /// more. Gives what it says otherwise.
    pub(crate) fn rewritten(&self, after: &Self) -> Result<(), Text> {
        let differs = |name: &str| {
            Err(Text::new(
                format!("siêu dữ liệu ghi khác ở {name}"),
                format!("its metadata differ in {name}"),
            ))
        };
        let missing = self.says.iter().find(|one| !after.says.contains(one));
        let surplus = after.says.iter().find(|one| !self.says.contains(one));
        if let Some((_, name, _)) = missing.or(surplus) {
            return differs(name);
        }
        if self.says != after.says {
            return differs("rdf:RDF");
        }
        let own = |(namespace, name): &(String, String)| {
            let (namespace, name) = (namespace.as_str(), name.as_str());
            (namespace == RDF && SYNTAX.contains(&name)) || TOOLS.contains(&(namespace, name))
        };
        if let Some((_, name)) = after.names.difference(&self.names).find(|name| !own(name)) {
            return differs(name);
        }
        let used = |uri: &String| after.names.iter().any(|(namespace, _)| namespace == uri);
        if !after.plain || !after.declared.iter().all(used) {
            return differs("xmpmeta");
        }
        for (at, (namespace, name, value)) in after.tools.iter().enumerate() {
            let once = !after.tools[..at].iter().any(|(n, l, _)| (n, l) == (namespace, name));
            let right = if name.ends_with("Date") { is_date(value) } else { is_plain(value) };
            if !once || !right {
                return differs(name);
            }
        }
        Ok(())
    }
}

/// A date of ISO 16684-1 section 8.2.1.2: a year, and as much more as is known.
fn is_date(text: &str) -> bool {
    let number = |part: &str, length: usize, range: std::ops::RangeInclusive<u32>| {
        part.len() == length
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.parse().is_ok_and(|n| range.contains(&n))
    };
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let parts: Vec<&str> = date.split('-').collect();
    let day = match parts[..] {
        [year] => time.is_none() && number(year, 4, 0..=9999),
        [year, month] => time.is_none() && number(year, 4, 0..=9999) && number(month, 2, 1..=12),
        [year, month, day] => number(year, 4, 0..=9999) && number(month, 2, 1..=12) && number(day, 2, 1..=31),
        _ => false,
    };
    let Some(time) = time else { return day };
    let clock = |text: &str, hours| {
        text.split_once(':').is_some_and(|(h, m)| number(h, 2, 0..=hours) && number(m, 2, 0..=59))
    };
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let zone = zone == "Z" || zone.strip_prefix(['+', '-']).is_some_and(|zone| clock(zone, 14));
    let seconds = time.get(5..).unwrap_or_default();
    let (whole, part) = seconds.split_once('.').map_or((seconds, None), |(whole, part)| (whole, Some(part)));
    let seconds = match whole.strip_prefix(':') {
        Some(whole) => {
            number(whole, 2, 0..=60)
                && part.is_none_or(|part| number(part, part.len().clamp(1, 9), 0..=u32::MAX))
        }
        None => seconds.is_empty(),
    };
    day && zone && seconds && time.get(..5).is_some_and(|time| clock(time, 23))
}

/// All that a packet says; none for what is not the plain XML that packets are.
pub(crate) fn packet(packet: &[u8]) -> Option<Packet> {
    let mut rest = std::str::from_utf8(packet).ok()?;
    let (mut names, mut declared, mut plain) = (BTreeSet::new(), BTreeSet::new(), true);
    let mut scope: Vec<(String, String)> = vec![("xml".into(), "xml".into())];
    // The open elements, and how many names were in scope before each.
    let mut open: Vec<(String, String, usize)> = Vec::new();
    let mut found = Vec::new();
    while let Some(at) = rest.find('<') {
        said(&mut found, &open, &rest[..at])?;
        rest = &rest[at + 1..];
        if let Some(instruction) = rest.strip_prefix('?') {
            let (says, after) = instruction.split_once("?>")?;
            plain &= is_wrapper(says);
            rest = after;
            continue;
        }
        let end = rest.find('>')?;
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let (namespace, local, before) = open.pop()?;
            if resolved(&scope, name.trim_end())? != (namespace, local) {
                return None;
            }
            scope.truncate(before);
            continue;
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let before = scope.len();
        let name_end = tag.find(|c: char| c.is_ascii_whitespace()).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_end);
        let attributes = attributes_of(attributes)?;
        for (name, value) in &attributes {
            if let Some(prefix) = name.strip_prefix("xmlns:") {
                plain &= prefix.len() <= MAX_PREFIX;
                declared.insert(value.clone());
                scope.push((prefix.to_owned(), value.clone()));
            }
        }
        let (namespace, local) = resolved(&scope, name)?;
        names.insert((namespace.clone(), local.clone()));
        open.push((namespace, local, before));
        if open.len() > MAX_DEPTH {
            return None;
        }
        for (name, value) in attributes {
            if name.starts_with("xmlns:") {
                continue;
            }
            let (namespace, local) = resolved(&scope, &name)?;
            names.insert((namespace.clone(), local.clone()));
            match (namespace.as_str(), local.as_str()) {
                (RDF, "about") if value.is_empty() => {}
                (RDF, "parseType") => plain &= value == "Resource",
                (RDF, "resource") => push(&mut found, &open, value),
                _ => found.push((namespace, local, value)),
            }
        }
        if empty {
            open.pop();
            scope.truncate(before);
        }
    }
    if !open.is_empty() || !rest.trim().is_empty() {
        return None;
    }
    let (tools, mut says): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(namespace, name, _): &Property| TOOLS.contains(&(namespace.as_str(), name.as_str())));
    says.sort_unstable();
    Some(Packet { says, tools, names, declared, plain })
}

/// The instruction before and behind a packet (ISO 16684-1 section 7.3.2), and no other.
fn is_wrapper(text: &str) -> bool {
    let text = text.trim().replace('\'', "\"");
    let begins = ["", "\u{feff}"];
    ["r", "w"].iter().any(|mode| text == format!("xpacket end=\"{mode}\""))
        || begins
            .iter()
            .any(|mark| text == format!("xpacket begin=\"{mark}\" id=\"W5M0MpCehiHzreSzNTczkc9d\""))
}

/// Text between tags is that of the innermost property.
fn said(found: &mut Vec<Property>, open: &[(String, String, usize)], text: &str) -> Option<()> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !text.is_empty() {
        open.last()?;
        push(found, open, plain(text)?);
    }
    Some(())
}

fn push(found: &mut Vec<Property>, open: &[(String, String, usize)], text: String) {
    let property = open.iter().rev().find(|(namespace, ..)| namespace != RDF);
    let (namespace, name) = property.map(|(n, l, _)| (n.clone(), l.clone())).unwrap_or_default();
    found.push((namespace, name, text));
}

/// `a:b` with the namespace that the prefix is bound to; a name without a prefix is none of a packet's.
fn resolved(scope: &[(String, String)], name: &str) -> Option<(String, String)> {
    let (prefix, local) = name.split_once(':')?;
    let (_, uri) = scope.iter().rev().find(|(bound, _)| bound == prefix)?;
    Some((uri.clone(), local.to_owned()))
}

fn attributes_of(mut text: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return Some(found);
        }
        let (name, rest) = text.split_once('=')?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, rest) = rest[1..].split_once(quote)?;
        let twice = found.iter().any(|(known, _)| known == name);
        if twice || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-')) {
            return None;
        }
        found.push((name.to_owned(), plain(value)?));
        text = rest;
    }
}

/// Without the entities that XML itself has; others are not expected.
fn plain(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('&');
    out.push_str(parts.next()?);
    for part in parts {
        let (entity, rest) = part.split_once(';')?;
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => return None,
        });
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACES: &str = "xmlns:x=\"adobe:ns:meta/\" xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
        xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:s=\"u:s\"";

    fn of(body: &str) -> Option<Vec<Property>> {
        read(body).map(|packet| packet.says)
    }

    fn read(body: &str) -> Option<Packet> {
        packet(
            format!("<?xpacket end=\"w\"?>\n<x:xmpmeta {SPACES}><rdf:RDF>{body}</rdf:RDF></x:xmpmeta>")
                .as_bytes(),
        )
    }

    #[test]
    fn what_is_written_anew_says_when_and_with_what_and_nothing_else() {
        let spaced = |more: &str| {
            let one = format!(
                "<rdf:Description s:a='1'/><dc:b>2</dc:b><xmp:CreateDate>2026</xmp:CreateDate>{more}"
            );
            read(&one).expect("plain XML")
        };
        let before = spaced("");
        for right in [
            "",
            "<xmp:ModifyDate>2026-11-23T10:51:08+00:00</xmp:ModifyDate>",
            "<rdf:Description xmp:MetadataDate='2026-11'/>",
        ] {
            assert_eq!(before.rewritten(&spaced(right)), Ok(()), "{right}");
        }
        for wrong in [
            "<xmp:ModifyDate>VALID</xmp:ModifyDate>",
            "<xmp:ModifyDate>2026-11-23T10:51:08Z</xmp:ModifyDate><xmp:ModifyDate>2026</xmp:ModifyDate>",
            "<rdf:Description xmp:MetadataDate='2026-11-23T10:51:08Z free text'/>",
            "<s:VALID></s:VALID>",
            "<rdf:VALID></rdf:VALID>",
            "<rdf:Description xmlns:VALID='http://example.vn/VALID'/>",
            "<rdf:li rdf:parseType='VALID'></rdf:li>",
            "<?VALID?>",
            "<?xpacket VALID?>",
            "<s:a>1</s:a>",
        ] {
            assert!(before.rewritten(&spaced(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn dates_are_those_of_the_grammar() {
        for date in [
            "2026",
            "2026-11",
            "2026-11-23",
            "2026-11-23T10:51Z",
            "2026-11-23T10:51:08+07:00",
            "2026-11-23T10:51:08.123-03:30",
        ] {
            assert!(is_date(date), "{date}");
        }
        for text in [
            "",
            "26",
            "20265",
            "2026-13",
            "2026-11-32",
            "2026-11T10:51Z",
            "2026T10:51Z",
            "2026-11-23T",
            "2026-11-23T10:51",
            "2026-11-23T10Z",
            "2026-11-23T24:00Z",
            "2026-11-23T10:51:08",
            "2026-11-23T10:51:08.Z",
            "2026-11-23T10:51:08.x+07:00",
            "2026-11-23T10:51:8Z",
            "2026-11-23T10:51:08Z ",
            "2026-11-23 VALID",
            "VALID",
            "２０２６",
            "2026-11-23T10:5１:08Z",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }

    #[test]
    fn two_ways_to_write_the_same_say_the_same() {
        let one = "<rdf:Description rdf:about=\"\"><s:CopyId>ab</s:CopyId><xmp:ModifyDate>1</xmp:ModifyDate>\
            <dc:title><rdf:Alt><rdf:li xml:lang=\"vi\">Bản sao &amp; khác</rdf:li></rdf:Alt></dc:title></rdf:Description>";
        let other = "<rdf:Description xmlns:n='u:s' n:CopyId='ab' xmp:ModifyDate='2'><dc:title><rdf:Alt>\n\
            <rdf:li xml:lang='vi'>Bản sao &amp; khác</rdf:li></rdf:Alt></dc:title></rdf:Description>";
        assert!(of(one).is_some_and(|found| found.len() == 3));
        assert_eq!(of(one), of(other));
        for changed in
            [one.replace("ab", "ac"), one.replace("dc:title", "dc:rights"), one.replace("u:s", "u:t")]
        {
            assert!(changed == one || of(&changed) != of(one), "{changed}");
        }
        assert_ne!(of(&other.replace("'u:s'", "'u:t'")), of(one));
        assert_ne!(of(&one.replace("<s:CopyId>", "<s:Other>x</s:Other><s:CopyId>")), of(one));
    }

    #[test]
    fn what_is_no_plain_xml_says_nothing() {
        for body in [
            "<a>",
            "<s:a>",
            "</s:a>",
            "<s:a></s:b>",
            "<!-- x -->",
            "<s:a b='1'/>",
            "<q:a/>",
            "&x;",
            "<s:a s:b='1' s:b='2'/>",
        ] {
            assert_eq!(of(body), None, "{body}");
        }
        assert_eq!(packet(b"\xff"), None);
        assert_eq!(packet(b"<x:a"), None);
    }
}

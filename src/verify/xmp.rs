//! XMP packets (ISO 16684-1) as far as they must be compared: which property says what, however a program serialises it.

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
/// Deeper than any packet.
const MAX_DEPTH: usize = 64;

/// All that a packet says, sorted, but for when and with which program it was written; none for what is not the plain XML that packets are.
pub(crate) fn properties(packet: &[u8]) -> Option<Vec<Property>> {
    let mut rest = std::str::from_utf8(packet).ok()?;
    let mut scope: Vec<(String, String)> = vec![("xml".into(), "xml".into())];
    // The open elements, and how many names were in scope before each.
    let mut open: Vec<(String, String, usize)> = Vec::new();
    let mut found = Vec::new();
    while let Some(at) = rest.find('<') {
        said(&mut found, &open, &rest[..at])?;
        rest = &rest[at + 1..];
        if let Some(instruction) = rest.strip_prefix('?') {
            rest = instruction.split_once("?>")?.1;
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
                scope.push((prefix.to_owned(), value.clone()));
            }
        }
        let (namespace, local) = resolved(&scope, name)?;
        open.push((namespace, local, before));
        if open.len() > MAX_DEPTH {
            return None;
        }
        for (name, value) in attributes {
            if name.starts_with("xmlns:") {
                continue;
            }
            let (namespace, local) = resolved(&scope, &name)?;
            match (namespace.as_str(), local.as_str()) {
                (RDF, "about") if value.is_empty() => {}
                (RDF, "parseType") => {}
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
    found.retain(|(namespace, name, _)| !TOOLS.contains(&(namespace.as_str(), name.as_str())));
    found.sort_unstable();
    Some(found)
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
        properties(
            format!("<?xpacket?>\n<x:xmpmeta {SPACES}><rdf:RDF>{body}</rdf:RDF></x:xmpmeta>").as_bytes(),
        )
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
        assert_eq!(properties(b"\xff"), None);
        assert_eq!(properties(b"<x:a"), None);
    }
}

//! Looks for what would cost more memory than allowed, before a parser that trusts its input sees it.

use std::collections::HashSet;

use memchr::memmem;
use pdf::primitive::{Dictionary, Primitive};

use super::super::{CcittParams, Limits, ScanError};
use super::super::{jpeg, limits::guarded};
use super::PageInfo;
use super::objects::{Objects, inflated_length};

/// Whether a trailer names an encryption dictionary. Trailers are never compressed.
pub(super) fn mentions_encryption(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"/Encrypt").any(|at| {
        let rest = bytes[at + 8..].trim_ascii_start();
        let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
        let reference = || {
            let number = digits(rest);
            let after = rest[number..].trim_ascii_start();
            let generation = digits(after);
            number > 0 && generation > 0 && after[generation..].trim_ascii_start().starts_with(b"R")
        };
        rest.starts_with(b"<<") || reference()
    })
}

/// Refuses the file if a stream that is not an image expands beyond the limit, or all of them together do. Images are
/// looked at when their page's turn comes.
pub(super) fn refuse_bombs(bytes: &[u8], limits: &Limits) -> Result<(), ScanError> {
    const LARGEST_DICTIONARY: usize = 8 << 10;
    let bomb = || ScanError::Bomb { limit: limits.max_decoded };
    let mut left = limits.max_decoded;
    let mut from = 0;
    while let Some(found) = memmem::find(&bytes[from..], b"stream") {
        let at = from + found;
        from = at + 6;
        if bytes[..at].ends_with(b"end") {
            continue;
        }
        let data = match &bytes[from..] {
            [b'\r', b'\n', rest @ ..] | [b'\n' | b'\r', rest @ ..] => rest,
            _ => continue,
        };
        let before = &bytes[at.saturating_sub(LARGEST_DICTIONARY)..at];
        let dictionary = &before[memmem::rfind(before, b" obj").map_or(0, |start| start + 4)..];
        let has = |word: &[u8]| memmem::find(dictionary, word).is_some();
        if has(b"/Image") && !has(b"/ObjStm") && !has(b"/XRef") {
            continue;
        }
        let end = memmem::find(data, b"endstream").unwrap_or(data.len());
        let data = &data[..end];
        let length = if has(b"/LZW") {
            // 12 bits give 4096 bytes at most.
            data.len() as u64 * 2731
        } else if has(b"/RunLength") {
            data.len() as u64 * 64
        } else {
            0
        };
        if length > left {
            return Err(bomb());
        }
        let zlib = data.trim_ascii_start();
        let text_coded = has(b"/ASCII85") || has(b"/A85") || has(b"/ASCIIHex") || has(b"/AHx");
        let nested = memmem::find_iter(dictionary, b"/Flate").count() > 1
            || memmem::find_iter(dictionary, b"/Fl ").count() > 1;
        let expanded = if nested && !has(b"/Image") {
            // Nothing but a bomb compresses text twice, and each time multiplies.
            return Err(bomb());
        } else if text_coded {
            let shorter =
                if has(b"/ASCII85") || has(b"/A85") { pdf::enc::decode_85 } else { pdf::enc::decode_hex };
            guarded(|| shorter(data).ok()).flatten().map_or(0, |inner| inflated_length(&inner, left))
        } else {
            inflated_length(zlib, left)
        };
        if expanded > left {
            return Err(bomb());
        }
        left -= expanded;
        from += end;
    }
    Ok(())
}

/// Refuses the page if an image that it reaches, drawn or not, is over the limit of pixels or bytes.
pub(super) fn refuse_images(
    objects: &Objects,
    page: &PageInfo,
    number: u32,
    limits: &Limits,
) -> Result<(), ScanError> {
    const MOST_OBJECTS: usize = 50_000;
    let mut seen = HashSet::new();
    let mut left: Vec<Primitive> =
        vec![page.resources.clone(), Primitive::Dictionary(page.dictionary.clone())];
    while let Some(next) = left.pop() {
        if let Primitive::Reference(reference) = next {
            if !seen.insert(reference.id) {
                continue;
            }
            if seen.len() > MOST_OBJECTS {
                return Err(ScanError::TooComplex { page: number, limit: MOST_OBJECTS as u64 });
            }
            left.push(objects.resolve(&Primitive::Reference(reference)));
            continue;
        }
        match next {
            Primitive::Array(items) => left.extend(items.into_iter().filter(worth_a_look)),
            Primitive::Dictionary(dictionary) => follow(&dictionary, &mut left),
            Primitive::Stream(stream) => {
                if objects.name(&stream.info, "Subtype").as_deref() == Some("Image") {
                    let side = |key, short| {
                        objects
                            .number(&stream.info, key)
                            .or_else(|| objects.number(&stream.info, short))
                            .unwrap_or(0.0)
                    };
                    // Saturates: negative is 0, too large is over any limit.
                    limits.pixels(side("Width", "W") as u64, side("Height", "H") as u64)?;
                    if let Some(raw) = objects.raw(&stream) {
                        coded_size(objects, &stream.info, &raw, limits)?;
                    }
                }
                follow(&stream.info, &mut left);
            }
            _ => {}
        }
    }
    Ok(())
}

fn worth_a_look(value: &Primitive) -> bool {
    matches!(value, Primitive::Reference(_) | Primitive::Array(_) | Primitive::Dictionary(_))
}

/// Entries that lead from a page to what it draws; not to its parents, neighbours or targets.
fn follow(dictionary: &Dictionary, left: &mut Vec<Primitive>) {
    const AWAY: [&str; 12] = [
        "Parent",
        "P",
        "Dest",
        "A",
        "AA",
        "B",
        "StructParents",
        "Popup",
        "IRT",
        "PieceInfo",
        "Metadata",
        "Next",
    ];
    for (key, value) in dictionary.iter() {
        if !AWAY.contains(&&**key) && worth_a_look(value) {
            left.push(value.clone());
        }
    }
}

/// The size that the coded data itself states, and what Flate makes of it.
fn coded_size(
    objects: &Objects,
    dictionary: &Dictionary,
    raw: &[u8],
    limits: &Limits,
) -> Result<(), ScanError> {
    let Some(filters) = objects.filters(dictionary) else { return Ok(()) };
    let Some((last, wrappers)) = filters.split_last() else { return Ok(()) };
    let inner;
    let data = if wrappers.is_empty() {
        raw
    } else {
        match objects.undo(raw.to_vec(), wrappers, limits)? {
            Some(undone) => {
                inner = undone;
                &inner
            }
            None => return Ok(()),
        }
    };
    match last.name.as_str() {
        "DCTDecode" | "DCT" => {
            if let Ok(header) = jpeg::Header::parse(data) {
                limits.pixels(u64::from(header.width), u64::from(header.height))?;
            }
        }
        "JPXDecode" => {
            let settings = hayro_jpeg2000::DecodeSettings::default();
            if let Some(Ok(size)) = guarded(|| {
                hayro_jpeg2000::Image::new(data, &settings).map(|image| (image.width(), image.height()))
            }) {
                limits.pixels(u64::from(size.0), u64::from(size.1))?;
            }
        }
        "JBIG2Decode" => {
            let settings = hayro_jbig2::DecodeSettings::default();
            if let Some(Ok(size)) = guarded(|| {
                hayro_jbig2::Page::new_embedded(data, None, &settings)
                    .map(|page| (page.width(), page.height()))
            }) {
                limits.pixels(u64::from(size.0), u64::from(size.1))?;
            }
        }
        "CCITTFaxDecode" | "CCF" => {
            let CcittParams { columns, rows, .. } = super::image::ccitt_params(objects, &last.parameters);
            limits.pixels(u64::from(columns), u64::from(rows))?;
        }
        "FlateDecode" | "Fl" if inflated_length(data, limits.max_decoded) > limits.max_decoded => {
            return Err(ScanError::Bomb { limit: limits.max_decoded });
        }
        "LZWDecode" | "LZW" | "RunLengthDecode" | "RL" => {
            objects.undo(data.to_vec(), std::slice::from_ref(last), limits)?;
        }
        _ => {}
    }
    Ok(())
}

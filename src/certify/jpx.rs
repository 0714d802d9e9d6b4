//! What PDF/A allows of JPEG 2000 (ISO 19005-3 section 6.2.8.3), read from the file's boxes.

use super::error::CertifyError;

/// Checks a JP2 file; `outside` says that the image dictionary has a colour space, which then counts instead of the file's.
///
/// # Errors
/// [`CertifyError::Image`] with the first rule that is broken.
pub(super) fn check(data: &[u8], outside: bool) -> Result<(), CertifyError> {
    let refuse = |why: &str| Err(CertifyError::Image { why: format!("JPEG 2000 that PDF/A forbids: {why}") });
    let Some(header) = boxes(data).find(|(kind, _)| *kind == b"jp2h").map(|(_, body)| body) else {
        return refuse("no JP2 header");
    };
    let Some(ihdr) =
        boxes(header).find(|(kind, _)| *kind == b"ihdr").map(|(_, body)| body).filter(|b| b.len() == 14)
    else {
        return refuse("no image header");
    };
    let channels = u16::from_be_bytes([ihdr[8], ihdr[9]]);
    if !matches!(channels, 1 | 3 | 4) {
        return refuse(&format!("{channels} channels"));
    }
    if ihdr[10] == 255 {
        return refuse("channels of different depth");
    }
    if (ihdr[10] & 0x7F) + 1 > 38 {
        return refuse("more than 38 bits");
    }
    if boxes(header).any(|(kind, _)| kind == b"cdef") && channels == 4 {
        return refuse("an alpha channel");
    }
    let colours: Vec<&[u8]> =
        boxes(header).filter(|(kind, _)| *kind == b"colr").map(|(_, body)| body).collect();
    if outside {
        return Ok(());
    }
    if colours.is_empty() {
        return refuse("no colour specification");
    }
    if colours.len() > 1 && colours.iter().filter(|colour| colour.get(2) == Some(&1)).count() != 1 {
        return refuse("several colour specifications, not exactly one of them exact");
    }
    for colour in colours {
        match colour {
            [1, _, _, a, b, c, d, ..] => {
                let space = u32::from_be_bytes([*a, *b, *c, *d]);
                // sRGB, grey, sYCC; CMYK (12) has no device-independent meaning here and CIEJab (19) is forbidden.
                if !matches!(space, 16..=18) {
                    return refuse(&format!("enumerated colour space {space}"));
                }
            }
            [2 | 3, ..] => {}
            _ => return refuse("an unknown way to specify colour"),
        }
    }
    Ok(())
}

/// The boxes of a JP2 file or of a superbox; stops at the first that does not fit.
fn boxes(mut data: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (size, body) = match u32::from_be_bytes(*length) {
            0 => (rest.len(), rest),
            1 => {
                let (long, rest) = rest.split_first_chunk::<8>()?;
                (usize::try_from(u64::from_be_bytes(*long)).ok()?.checked_sub(16)?, rest)
            }
            length => ((length as usize).checked_sub(8)?, rest),
        };
        let body = body.get(..size)?;
        let start = body.as_ptr() as usize - data.as_ptr() as usize;
        data = &data[start + size..];
        Some((kind, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut out = u32::try_from(body.len() + 8).expect("small").to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(body);
        out
    }

    fn jp2(channels: u8, bpc: u8, colours: &[&[u8]]) -> Vec<u8> {
        let mut header = a_box(b"ihdr", &[0, 0, 0, 9, 0, 0, 0, 9, 0, channels, bpc, 7, 0, 0]);
        for colour in colours {
            header.extend(a_box(b"colr", colour));
        }
        let mut out = a_box(b"jP  ", &[0x0D, 0x0A, 0x87, 0x0A]);
        out.extend(a_box(b"jp2h", &header));
        out.extend(a_box(b"jp2c", &[0xFF, 0x4F]));
        out
    }

    const SRGB: &[u8] = &[1, 0, 0, 0, 0, 0, 16];

    #[test]
    fn what_the_standard_allows_passes() {
        assert!(check(&jp2(3, 7, &[SRGB]), false).is_ok());
        assert!(check(&jp2(1, 7, &[&[1, 0, 0, 0, 0, 0, 17]]), false).is_ok());
        assert!(check(&jp2(3, 7, &[]), true).is_ok());
        assert!(check(&jp2(3, 7, &[SRGB, &[1, 0, 1, 0, 0, 0, 16]]), false).is_ok());
    }

    #[test]
    fn what_it_forbids_is_named() {
        let cases: [(Vec<u8>, &str); 8] = [
            (vec![0xFF, 0x4F, 0xFF, 0x51], "no JP2 header"),
            (jp2(2, 7, &[SRGB]), "2 channels"),
            (jp2(3, 255, &[SRGB]), "different depth"),
            (jp2(3, 0x7F, &[SRGB]), "38 bits"),
            (jp2(3, 7, &[]), "no colour"),
            (jp2(3, 7, &[SRGB, SRGB]), "several"),
            (jp2(4, 7, &[&[1, 0, 0, 0, 0, 0, 12]]), "space 12"),
            (jp2(3, 7, &[&[4, 0, 0]]), "unknown way"),
        ];
        for (file, why) in cases {
            let error = check(&file, false).expect_err(why).to_string();
            assert!(error.contains(why), "{error} / {why}");
        }
    }
}

//! ICC profiles: whether an embedded one can be kept.

/// Whether this is a profile that PDF/A takes (ICC.1:2010 section 7.2) for images of so many components.
pub(super) fn fits(profile: &[u8], components: u8) -> bool {
    let Some(header) = profile.get(..128) else { return false };
    let size = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
    let space: &[u8] = match components {
        1 => b"GRAY",
        3 => b"RGB ",
        4 => b"CMYK",
        _ => return false,
    };
    size as usize == profile.len()
        && &header[36..40] == b"acsp"
        && &header[16..20] == space
        && matches!(header[8], 2 | 4)
        && matches!(&header[12..16], b"scnr" | b"mntr" | b"prtr" | b"spac")
        && matches!(&header[20..24], b"XYZ " | b"Lab ")
}

//! ICC profiles: the output intent, the fallback for CMYK, and which of the scan's own may stay (ISO 19005-3, 6.2.3 and 6.2.4).

use std::sync::{Arc, LazyLock};

use moxcms::{
    ColorDateTime, ColorProfile, DataColorSpace, LocalizableString, LutMultidimensionalType, LutStore,
    LutWarehouse, Matrix3d, ProfileClass, ProfileText, ToneReprCurve, Vector3d,
};

/// Profiles say when they were made; ours are made here, always the same.
const MADE: ColorDateTime =
    ColorDateTime { year: 2026, month: 1, day_of_the_month: 1, hours: 0, minutes: 0, seconds: 0 };

/// sRGB, as moxcms builds it.
pub(super) static SRGB: LazyLock<Arc<[u8]>> = LazyLock::new(|| {
    let mut profile = ColorProfile::new_srgb();
    profile.creation_date_time = MADE;
    profile.encode().expect("moxcms encodes its own sRGB").into()
});

/// Points a side of the CMYK table.
const GRID: u8 = 9;

/// The ink overprints of coated offset printing (FOGRA39) as sRGB shows them, no black in them: white, C, M, CM, Y, CY, MY, CMY.
const OVERPRINTS: [[f64; 3]; 8] = [
    [255.0, 255.0, 255.0],
    [0.0, 158.0, 224.0],
    [230.0, 0.0, 126.0],
    [49.0, 39.0, 131.0],
    [255.0, 237.0, 0.0],
    [0.0, 150.0, 64.0],
    [227.0, 6.0, 19.0],
    [58.0, 54.0, 51.0],
];

/// Full black alone.
const BLACK: [f64; 3] = [29.0, 29.0, 27.0];

/// A CMYK profile for images that bring none. No package that we may use offers one, so it is computed: the eight
/// overprints mixed by area (Neugebauer), black as a filter over them. An input profile: it says how the numbers
/// look, which is all that a viewer asks. The image's own numbers stay as they are.
pub(super) static CMYK: LazyLock<Arc<[u8]>> = LazyLock::new(|| {
    let steps = f64::from(GRID - 1);
    let mut table = Vec::with_capacity(usize::from(GRID).pow(4) * 3);
    for point in 0..usize::from(GRID).pow(4) {
        let side = usize::from(GRID);
        let ink = |power: u32| (point / side.pow(power) % side) as f64 / steps; // the last ink varies fastest
        let (c, m, y, k) = (ink(3), ink(2), ink(1), ink(0));
        for channel in 0..3 {
            let mut mixed = 0.0;
            for (i, overprint) in OVERPRINTS.iter().enumerate() {
                let area = |bit: usize, ink: f64| if i >> bit & 1 == 1 { ink } else { 1.0 - ink };
                mixed += area(0, c) * area(1, m) * area(2, y) * overprint[channel];
            }
            let filtered = mixed * (1.0 - k + k * BLACK[channel] / 255.0);
            table.push(filtered.round() as u8);
        }
    }
    let srgb = ColorProfile::new_srgb();
    let linear = || ToneReprCurve::Lut(Vec::new());
    let curve = srgb.red_trc.clone().expect("sRGB has a curve");
    // XYZ in a table's output is scaled by 32768/65535 (ICC.1:2022 section 6.3.4.2).
    let scale = 32768.0 / 65535.0;
    let column = |x: moxcms::Xyzd| [x.x * scale, x.y * scale, x.z * scale];
    let (r, g, b) = (column(srgb.red_colorant), column(srgb.green_colorant), column(srgb.blue_colorant));
    let text = |text: &str| {
        Some(ProfileText::Localizable(vec![LocalizableString::new("en".into(), "US".into(), text.into())]))
    };
    let mut grid_points = [0; 16];
    grid_points[..4].fill(GRID);
    let mut profile = ColorProfile::default();
    profile.profile_class = ProfileClass::InputDevice;
    profile.color_space = DataColorSpace::Cmyk;
    profile.pcs = DataColorSpace::Xyz;
    profile.creation_date_time = MADE;
    profile.media_white_point = srgb.media_white_point;
    profile.description = text("Saoy CMYK, coated offset, approximate");
    profile.copyright = text("Public Domain");
    profile.lut_a_to_b_perceptual = Some(LutWarehouse::Multidimensional(LutMultidimensionalType {
        num_input_channels: 4,
        num_output_channels: 3,
        grid_points,
        clut: Some(LutStore::Store8(table)),
        a_curves: (0..4).map(|_| linear()).collect(),
        m_curves: vec![curve; 3],
        matrix: Matrix3d { v: [[r[0], g[0], b[0]], [r[1], g[1], b[1]], [r[2], g[2], b[2]]] },
        bias: Vector3d { v: [0.0; 3] },
        b_curves: (0..3).map(|_| linear()).collect(),
    }));
    profile.encode().expect("the profile has all parts that its kind needs").into()
});

/// Whether PDF/A takes this profile for an image with so many components: version below 5, a device class of a
/// single device, and the colour space that fits.
pub(super) fn usable(profile: &[u8], components: u8) -> bool {
    let Some(header) = profile.get(..128) else { return false };
    let space: &[u8] = match components {
        1 => b"GRAY",
        3 => b"RGB ",
        4 => b"CMYK",
        _ => return false,
    };
    let size = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
    size <= profile.len()
        && header[8] < 5
        && [b"scnr", b"mntr", b"prtr", b"spac"].iter().any(|class| header[12..16] == **class)
        && header[16..20] == *space
        && header[36..40] == *b"acsp"
}

#[cfg(test)]
mod tests {
    use super::*;
    use moxcms::{Layout, TransformOptions};

    #[test]
    fn the_cmyk_profile_shows_the_inks() {
        let cmyk = ColorProfile::new_from_slice(&CMYK).expect("our own profile reads back");
        let transform = cmyk
            .create_transform_8bit(
                Layout::Rgba,
                &ColorProfile::new_srgb(),
                Layout::Rgb,
                TransformOptions::default(),
            )
            .expect("CMYK to sRGB");
        let inks = [[0, 0, 0, 0], [0, 0, 0, 255], [255, 0, 0, 0], [0, 255, 255, 0]];
        let expected = [[255, 255, 255], [29, 29, 27], [0, 158, 224], [227, 6, 19]];
        for (ink, colour) in inks.iter().zip(expected) {
            let mut shown = [0u8; 3];
            transform.transform(ink, &mut shown).expect("four bytes in, three out");
            for (a, b) in shown.iter().zip(colour) {
                assert!(i32::from(*a).abs_diff(b) <= 3, "{ink:?} shows as {shown:?}, not {colour:?}");
            }
        }
    }

    #[test]
    fn profiles_are_judged_by_header() {
        assert!(usable(&SRGB, 3) && usable(&CMYK, 4));
        assert!(!usable(&SRGB, 4) && !usable(&SRGB[..100], 3) && !usable(b"", 1));
        let mut link = SRGB.to_vec();
        link[12..16].copy_from_slice(b"link");
        assert!(!usable(&link, 3));
    }

    #[test]
    fn profiles_are_always_the_same() {
        assert_eq!(crate::record::Digest::of(&SRGB).hex().len(), 64);
        assert_eq!(SRGB[24..36], [7, 234, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(CMYK[24..36], SRGB[24..36]);
    }
}

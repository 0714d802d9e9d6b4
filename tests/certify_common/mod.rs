//! Invented pages, an invented office, and a copy made of them.

use std::sync::Arc;

use ab_glyph::{Font as _, FontVec, PxScale, ScaleFont as _};
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use saoy::ambient::{FixedClock, SeededEntropy};
use saoy::certify::{self, Acts, Attachment, CopyPage, Fonts, Metadata, Relationship};
use saoy::geom::{Orientation, PixelBox};
use saoy::keys::{OfficeKeys, OfficeProfile};
use saoy::ocr::{Line, PageText, Word};
use saoy::record::{Act, BookNumber, Digest, OfficeName, Officer, Record, Role, SourcePage};
use saoy::scan::{CcittParams, ColorSpace, Filter, StoredImage};
use saoy::signature::{Algorithm, Signer as _, cms};
use time::OffsetDateTime;
use time::macros::datetime;

/// When everything here happens.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 13:18:10 UTC);

pub(crate) const LINES: [&str; 4] = [
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "Họ, chữ đệm, tên người được khai sinh: NGUYỄN THỊ THỬ NGHIỆM",
    "Nơi đăng ký: Ủy ban nhân dân xã Mẫu, huyện Ví Dụ, tỉnh 999",
];

pub(crate) fn font() -> FontVec {
    let path = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf";
    let bytes = std::fs::read(path)
        .unwrap_or_else(|_| panic!("install the Debian package fonts-dejavu-core: {path}"));
    FontVec::try_from_vec(bytes).expect("a font")
}

/// A page with [`LINES`], and where its words stand.
pub(crate) fn written_page(width: u32, height: u32, size: f32) -> (GrayImage, PageText) {
    let font = font();
    let mut image = GrayImage::from_pixel(width, height, Luma([250]));
    let mut text = PageText { width, height, ..PageText::default() };
    for (i, line) in LINES.iter().enumerate() {
        let top = (size * (1.0 + 2.0 * i as f32)) as u32;
        let first = text.words.len();
        let mut x = width / 16;
        for word in line.split(' ') {
            let w = draw(&mut image, &font, size, x as f32, top as f32, word).ceil() as u32;
            let bbox = PixelBox::new(x, top, x + w, top + size as u32);
            text.words.push(Word { text: word.to_owned(), confidence: 0.9, bbox });
            x += w + (size / 3.0) as u32;
        }
        let baseline = (top + (size * 0.8) as u32) as f32;
        text.lines.push(Line {
            words: first..text.words.len(),
            baseline: [(width / 16) as f32, baseline, x as f32, baseline],
            block: 0,
        });
    }
    (image, text)
}

/// Draws a word; the answer is its width.
fn draw(image: &mut GrayImage, font: &FontVec, size: f32, x: f32, top: f32, word: &str) -> f32 {
    let font = font.as_scaled(PxScale::from(size));
    let mut pen = x;
    for c in word.chars() {
        let glyph = font.scaled_glyph(c);
        let advance = font.h_advance(glyph.id);
        let placed = ab_glyph::Glyph { position: ab_glyph::point(pen, top + font.ascent()), ..glyph };
        if let Some(outline) = font.outline_glyph(placed) {
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, coverage| {
                let (px, py) = (bounds.min.x as u32 + dx, bounds.min.y as u32 + dy);
                if let Some(pixel) = image.get_pixel_mut_checked(px, py) {
                    pixel.0[0] = (f32::from(pixel.0[0]) * (1.0 - coverage)) as u8;
                }
            });
        }
        pen += advance;
    }
    pen - x
}

pub(crate) fn jpeg(image: &DynamicImage) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 85);
    image.write_with_encoder(encoder).expect("a JPEG");
    out
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

pub(crate) fn stored(
    data: Vec<u8>,
    filter: Filter,
    color_space: ColorSpace,
    width: u32,
    height: u32,
    bits: u8,
) -> StoredImage {
    StoredImage {
        data: data.into(),
        filter,
        color_space,
        width,
        height,
        bits,
        decode: None,
        orientation: Orientation::Upright,
        original: true,
    }
}

pub(crate) fn page(stored: StoredImage, dpi: f64) -> CopyPage {
    let (width, height) = match stored.orientation.swaps_axes() {
        true => (stored.height, stored.width),
        false => (stored.width, stored.height),
    };
    CopyPage { stored, width, height, dpi: [dpi, dpi], text: PageText::default() }
}

/// A grey JPEG with words.
pub(crate) fn text_page(width: u32, height: u32, dpi: f64, size: f32) -> CopyPage {
    let (image, text) = written_page(width, height, size);
    let data = jpeg(&DynamicImage::ImageLuma8(image));
    CopyPage { text, ..page(stored(data, Filter::Dct, ColorSpace::Gray, width, height, 8), dpi) }
}

/// Colour bands, so that a turned or mirrored image is seen to be.
pub(crate) fn rgb_page() -> CopyPage {
    let image = RgbImage::from_fn(400, 300, |x, y| match (x < 200, y < 150) {
        (true, true) => Rgb([220, 30, 30]),
        (false, true) => Rgb([30, 160, 30]),
        (true, false) => Rgb([30, 30, 220]),
        (false, false) => Rgb([240, 240, 60]),
    });
    let data = jpeg(&DynamicImage::ImageRgb8(image));
    page(stored(data, Filter::Dct, ColorSpace::Rgb, 400, 300, 8), 100.0)
}

/// One page of every kind of stream that can be made here.
pub(crate) fn every_kind() -> Vec<CopyPage> {
    let mut pages = vec![text_page(1240, 1754, 150.0, 32.0), rgb_page()];
    // All white in Group 4: each row repeats the white row above it (code V0, one bit), then the end of the block.
    let (width, height) = (64_u32, 80_u32);
    let mut bits = "1".repeat(height as usize);
    bits.push_str("000000000001000000000001");
    let ccitt = bits
        .as_bytes()
        .chunks(8)
        .map(|byte| (0..8).fold(0, |sum, i| sum << 1 | u8::from(byte.get(i) == Some(&b'1'))))
        .collect();
    let params = CcittParams {
        k: -1,
        end_of_line: false,
        encoded_byte_align: false,
        columns: width,
        rows: height,
        end_of_block: true,
        black_is_1: false,
    };
    pages.push(page(stored(ccitt, Filter::CcittFax(params), ColorSpace::Gray, width, height, 1), 72.0));
    let flate = |png_predictor| Filter::Flate { png_predictor };
    let cmyk: Vec<u8> =
        (0..64 * 64_u32).flat_map(|i| [(i % 64 * 4) as u8, (i / 64 * 4) as u8, 0, 20]).collect();
    let cmyk_space = ColorSpace::Cmyk { profile: None };
    pages.push(page(stored(deflate(&cmyk), flate(None), cmyk_space.clone(), 64, 64, 8), 72.0));
    let mut inverted = stored(deflate(&cmyk), flate(None), cmyk_space, 64, 64, 8);
    inverted.decode = Some(vec![1, 0, 1, 0, 1, 0, 1, 0]);
    pages.push(page(inverted, 72.0));
    let palette = ColorSpace::Indexed { table: Arc::from([255, 0, 0, 0, 0, 255]) };
    pages.push(page(stored(deflate(&[0b1010_0101; 16]), flate(None), palette, 8, 16, 1), 36.0));
    // PNG's predictor: each row begins with its filter's number.
    let rows: Vec<u8> = (0..32_u8)
        .flat_map(|y| std::iter::once(0).chain((0..32).flat_map(move |x| [x * 8, y * 8, 90])))
        .collect();
    pages.push(page(stored(deflate(&rows), flate(Some((3, 8, 32))), ColorSpace::Rgb, 32, 32, 8), 36.0));
    let sixteen: Vec<u8> = (0..32 * 32_u16).flat_map(|i| (i * 60).to_be_bytes()).collect();
    pages.push(page(stored(deflate(&sixteen), flate(None), ColorSpace::Gray, 32, 32, 16), 36.0));
    let mut srgb = moxcms::ColorProfile::new_srgb();
    srgb.creation_date_time =
        moxcms::ColorDateTime { year: 2000, month: 1, day_of_the_month: 1, hours: 0, minutes: 0, seconds: 0 };
    let srgb: Arc<[u8]> = srgb.encode().expect("sRGB").into();
    let icc = ColorSpace::Icc { components: 3, profile: srgb };
    pages.push(page(stored(deflate(&[128; 48 * 16]), flate(None), icc, 16, 16, 8), 36.0));
    pages
}

pub(crate) fn record(trial: bool, act: Act) -> Record {
    let officer = Officer {
        name: "Trần Thị Ví Dụ".into(), title: "Phó Chủ tịch Ủy ban nhân dân xã".into()
    };
    Record {
        version: saoy::record::VERSION,
        act,
        trial,
        office: OfficeName { code: "H99.01".into(), name: "Ủy ban nhân dân xã Mẫu".into() },
        officer: (!trial).then_some(officer),
        book: BookNumber { symbol: "SCT/BS".into(), year: 2026, number: 12 },
        date: "2026-11-22".into(),
        converted_at: "2026-11-22T13:15:00Z".into(),
        compared_at: "2026-11-22T13:16:00Z".into(),
        issued_at: "2026-11-22T13:18:10Z".into(),
        sources: vec![SourcePage { scan: Digest::of(b"scan"), page: 1 }],
        pages: Vec::new(),
        form: None,
        signers: Vec::new(),
        copies: 1,
        salt: "A".repeat(43),
        sd: Vec::new(),
        sd_alg: "sha-256".into(),
    }
}

/// As long as a seal may be.
pub(crate) fn seal_text() -> String {
    "SC1:".chars().chain("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".chars().cycle()).take(480).collect()
}

pub(crate) fn attachments() -> Vec<Attachment> {
    [
        ("record.json", "application/json", Relationship::Data, "{\"version\":1}"),
        ("fields.json", "application/json", Relationship::Data, "[]"),
        ("seal.cose", "application/cose", Relationship::Supplement, "\u{1}\u{0}seal"),
        ("receipt.tlog-proof", "text/plain", Relationship::Supplement, "c2sp.org/tlog-proof@v1\n"),
    ]
    .map(|(name, media_type, relationship, bytes)| Attachment {
        name: name.into(),
        media_type,
        relationship,
        description: format!("{name} của bản sao"),
        bytes: bytes.as_bytes().to_vec(),
        modified: NOW,
    })
    .to_vec()
}

pub(crate) fn metadata() -> Metadata {
    Metadata {
        title: "Bản sao".into(),
        conversion: "Chuyển đổi từ giấy".into(),
        office: "Ủy ban & <nhân dân>".into(),
        officer: None,
        converted_at: NOW,
        created: NOW,
        copy_id: [
            0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF,
        ],
        trial: false,
    }
}

/// An unsigned copy.
pub(crate) fn draft(pages: Vec<CopyPage>, act: Act, trial: bool, qr: Option<String>) -> certify::Draft {
    let record = record(trial, act);
    let acts = Acts::builtin().expect("the acts load");
    let act = acts.get(act).expect("an act that is issued");
    let copy_id = "00112233445566778899aabbccddeeff";
    let strip = act.strip(&record, copy_id, qr).expect("a strip");
    let meta = Metadata {
        title: act.title(&record, copy_id).expect("a title"),
        conversion: act.conversion(&record, copy_id).expect("a conversion mark"),
        office: record.office.name.clone(),
        officer: record.officer.as_ref().map(|officer| officer.name.clone()),
        converted_at: NOW,
        created: NOW,
        copy_id: data_encoding::HEXLOWER
            .decode(copy_id.as_bytes())
            .expect("hex")
            .try_into()
            .expect("16 bytes"),
        trial,
    };
    let fonts = Fonts::find().expect("fonts-liberation2 is installed");
    certify::compose(pages, &strip, &attachments(), &meta, &act.signers(trial), &fonts).expect("a draft")
}

pub(crate) fn office_keys(folder: &std::path::Path, trial: bool) -> OfficeKeys {
    let record = record(trial, Act::Certification);
    let profile = OfficeProfile {
        name: record.office.name,
        code: record.office.code,
        officer: record.officer,
        algorithm: Algorithm::EcdsaP256,
    };
    let entropy = SeededEntropy::new([7; 32]);
    OfficeKeys::create(&folder.join("keys"), &profile, &FixedClock(NOW), &entropy, None).expect("keys")
}

/// All signatures that the draft lacks.
pub(crate) fn sign(mut draft: certify::Draft, keys: &OfficeKeys) -> Vec<u8> {
    while let Some(role) = draft.next_signer() {
        let signer = keys.signer(role).expect("the office has this signer");
        let name =
            if role == Role::Office { "Ủy ban nhân dân xã Mẫu" } else { "Trần Thị Ví Dụ" };
        let prepared = draft.prepare(role, name, NOW).expect("its turn");
        let request = prepared.to_be_signed(signer.algorithm().digest());
        let signed_data = cms::sign(&request.digest, signer).expect("a signature");
        draft = prepared.finish(&signed_data).expect("it fits");
    }
    draft.into_copy().expect("all have signed")
}

//! Every format that comes in, made here; and one input for every refusal.

use std::io::{Cursor, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::codecs::jpeg::{JpegEncoder, PixelDensity};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use saoy::error::Failure;
use saoy::geom::Orientation;
use saoy::scan::{ColorSpace, DpiSource, Filter, Limits, Page, Scan, ScanError};

const WIDTH: u32 = 60;
const HEIGHT: u32 = 84;

/// A page that looks different in each of the eight orientations: dark at the top left, a bar at the left.
fn grey() -> GrayImage {
    GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
        Luma([if x < 20 && y < 20 || x < 6 { 16 } else { 200 - (x + y) as u8 / 2 }])
    })
}

fn colour() -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        if x < 20 && y < 20 { Rgb([200, 20, 30]) } else { Rgb([240, 240 - y as u8, 150 + x as u8]) }
    })
}

fn jpeg(image: &DynamicImage, dpi: Option<u16>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut out, 95);
    if let Some(dpi) = dpi {
        encoder.set_pixel_density(PixelDensity::dpi(dpi));
    }
    encoder.encode(image.as_bytes(), image.width(), image.height(), image.color().into()).unwrap();
    out
}

fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn open(bytes: impl Into<std::sync::Arc<[u8]>>) -> Result<Scan, ScanError> {
    Scan::from_bytes("test", bytes, &Limits::default())
}

fn only_page(bytes: impl Into<std::sync::Arc<[u8]>>) -> Page {
    let scan = open(bytes).unwrap();
    assert_eq!(scan.page_count(), 1);
    scan.page(1).unwrap()
}

/// The largest difference of a sample.
fn difference(a: &DynamicImage, b: &DynamicImage) -> u8 {
    let (a, b) = (a.to_rgb8(), b.to_rgb8());
    assert_eq!(a.dimensions(), b.dimensions());
    a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

fn assert_same(page: &Page, expected: impl Into<DynamicImage>) {
    assert_eq!(difference(&page.pixels, &expected.into()), 0);
}

fn one_bit() -> (Vec<u8>, GrayImage) {
    let image =
        GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([if (x / 5 + y / 7) % 3 == 0 { 0 } else { 255 }]));
    (packed(&image, 0), image)
}

/// Rows of bits, 1 where the pixel is not `zero`.
fn packed(image: &GrayImage, zero: u8) -> Vec<u8> {
    let row = |pixels: &[u8]| -> Vec<u8> {
        pixels
            .chunks(8)
            .map(|c| c.iter().enumerate().map(|(i, p)| u8::from(*p != zero) << (7 - i)).sum())
            .collect()
    };
    image.as_raw().chunks(image.width() as usize).flat_map(row).collect()
}

// JPEG

#[test]
fn jpeg_bytes_pass_through() {
    for image in [DynamicImage::from(grey()), DynamicImage::from(colour())] {
        let bytes = jpeg(&image, Some(200));
        let page = only_page(bytes.clone());
        assert!(*page.stored.data == *bytes && page.stored.original);
        assert_eq!(
            (page.stored.filter.clone(), page.stored.bits, page.stored.decode.clone()),
            (Filter::Dct, 8, None)
        );
        assert_eq!((page.dpi, page.dpi_source), ([200.0, 200.0], DpiSource::File));
        let expected = image::load_from_memory(&bytes).unwrap();
        assert!(difference(&page.pixels, &expected) <= 2);
        assert_eq!(page.pixels.color(), image.color());
    }
}

#[test]
fn a_jpeg_without_density_has_an_estimated_one() {
    let page = only_page(jpeg(&grey().into(), None));
    assert_eq!(page.dpi_source, DpiSource::Estimated);
    assert!((page.dpi[0] - f64::from(WIDTH) / (210.0 / 25.4)).abs() < 1e-9 && page.dpi[0] == page.dpi[1]);
}

/// An APP1 segment with Orientation and a resolution of 300 × 150.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x04".to_vec();
    let mut entry = |tag: u16, kind: u16, value: u32| {
        tiff.extend(tag.to_be_bytes());
        tiff.extend(kind.to_be_bytes());
        tiff.extend(1_u32.to_be_bytes());
        tiff.extend(value.to_be_bytes());
    };
    entry(0x112, 3, u32::from(orientation) << 16);
    entry(0x11a, 5, 62);
    entry(0x11b, 5, 70);
    entry(0x128, 3, 2 << 16);
    tiff.extend([0, 0, 0, 0]);
    for value in [300_u32, 1, 150, 1] {
        tiff.extend(value.to_be_bytes());
    }
    let mut segment = vec![0xff, 0xe1];
    segment.extend((tiff.len() as u16 + 8).to_be_bytes());
    segment.extend(b"Exif\0\0");
    segment.extend(tiff);
    segment
}

#[test]
fn exif_orientation_turns_the_pixels_and_not_the_bytes() {
    let plain = jpeg(&grey().into(), None);
    let upright = image::load_from_memory(&plain).unwrap();
    for tag in 1..=8 {
        let mut bytes = plain[..2].to_vec();
        bytes.extend(exif(tag));
        bytes.extend(&plain[2..]);
        let page = only_page(bytes.clone());
        assert!(*page.stored.data == *bytes);
        assert_eq!(page.stored.orientation, Orientation::from_tag(tag.into()));
        let mut expected = upright.clone();
        expected.apply_orientation(image::metadata::Orientation::from_exif(tag).unwrap());
        assert_same(&page, expected);
        let dpi = if tag >= 5 { [150.0, 300.0] } else { [300.0, 150.0] };
        assert_eq!((page.dpi, page.dpi_source), (dpi, DpiSource::File), "{tag}");
    }
}

/// A JPEG of four components, each a scan of its own, from four grey JPEGs; with Adobe's segment where `transform` is given.
fn four_components(planes: &[GrayImage; 4], transform: Option<u8>) -> Vec<u8> {
    let grey: Vec<Vec<u8>> = planes.iter().map(|plane| jpeg(&plane.clone().into(), None)).collect();
    let find = |bytes: &[u8], marker: u8| bytes.windows(2).position(|w| w == [0xff, marker]).unwrap();
    let length = |at: usize| usize::from(u16::from_be_bytes([grey[0][at + 2], grey[0][at + 3]]));
    let frame = find(&grey[0], 0xc0);
    let mut out = vec![0xff, 0xd8];
    if let Some(transform) = transform {
        out.extend(b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00");
        out.push(transform);
    }
    let start = find(&grey[0], 0xdb).min(find(&grey[0], 0xc4));
    let scan = find(&grey[0], 0xda);
    let mut at = start;
    while at < scan {
        if at != frame {
            out.extend(&grey[0][at..at + 2 + length(at)]);
        }
        at += 2 + length(at);
    }
    out.extend([0xff, 0xc0, 0, 20, 8, 0, HEIGHT as u8, 0, WIDTH as u8, 4]);
    (1..=4).for_each(|id| out.extend([id, 0x11, 0]));
    if start > frame {
        at = frame + 2 + length(frame);
    }
    let _ = at;
    for (id, plane) in (1..).zip(&grey) {
        let scan = find(plane, 0xda);
        let data = scan + 2 + usize::from(u16::from_be_bytes([plane[scan + 2], plane[scan + 3]]));
        out.extend([0xff, 0xda, 0, 8, 1, id, 0, 0, 63, 0]);
        out.extend(&plane[data..plane.len() - 2]);
    }
    out.extend([0xff, 0xd9]);
    out
}

#[test]
fn cmyk_jpegs_look_right_with_and_without_adobes_inversion() {
    let flat = |value: u8| GrayImage::from_pixel(WIDTH, HEIGHT, Luma([value]));
    // Full yellow, a little magenta: orange. As PDF takes it, and as Adobe writes it.
    let plain = four_components(&[flat(0), flat(90), flat(255), flat(0)], None);
    let adobe = four_components(&[flat(255), flat(165), flat(0), flat(255)], Some(0));
    for (bytes, decode) in [(plain, None), (adobe, Some(vec![1, 0, 1, 0, 1, 0, 1, 0]))] {
        let page = only_page(bytes.clone());
        assert_eq!((&*page.stored.data, &page.stored.decode), (&*bytes, &decode));
        assert_eq!(page.stored.color_space, ColorSpace::Cmyk { profile: None });
        let Rgb([r, g, b]) = *page.pixels.to_rgb8().get_pixel(30, 40);
        assert!(r > 250 && g.abs_diff(165) < 4 && b < 5, "{r} {g} {b}");
    }
}

#[test]
fn ycck_is_turned_into_cmyk_and_inverted() {
    let flat = |value: u8| GrayImage::from_pixel(WIDTH, HEIGHT, Luma([value]));
    // Adobe stores 255 − ink; YCC of the complement of that, so (Y, 128, 128) is grey ink of Y.
    let page = only_page(four_components(&[flat(60), flat(128), flat(128), flat(255)], Some(2)));
    let Rgb([r, g, b]) = *page.pixels.to_rgb8().get_pixel(30, 40);
    assert!([r, g, b].iter().all(|v| v.abs_diff(195) < 4), "{r} {g} {b}");
}

// PNG

#[test]
fn png_data_passes_through() {
    for image in [
        DynamicImage::from(grey()),
        DynamicImage::from(colour()),
        DynamicImage::from(colour()).to_rgb16().into(),
    ] {
        let bytes = written(&image, ImageFormat::Png);
        let page = only_page(bytes.clone());
        let expected =
            if image.color().channel_count() == 3 { image.to_rgb8().into() } else { image.clone() };
        assert_same(&page, expected);
        assert!(page.stored.original);
        assert!(bytes.windows(page.stored.data.len()).any(|window| *window == *page.stored.data));
        let Filter::Flate { png_predictor: Some((colors, bits, columns)) } = page.stored.filter else {
            panic!()
        };
        assert_eq!((colors, bits, columns), (image.color().channel_count(), page.stored.bits, WIDTH));
    }
}

/// A PNG chunk by chunk.
fn png(
    bits: u8,
    color: u8,
    interlace: u8,
    chunks: &[(&[u8; 4], Vec<u8>)],
    width: u32,
    height: u32,
) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([bits, color, 0, 0, interlace]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        out.extend((data.len() as u32).to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        out.extend(kind);
        out.extend(data);
        out.extend(crc.sum().to_be_bytes());
    };
    chunk(b"IHDR", &header);
    chunks.iter().for_each(|(kind, data)| chunk(kind, data));
    chunk(b"IEND", b"");
    out
}

fn unfiltered(rows: &[u8], stride: usize) -> Vec<u8> {
    deflate(&rows.chunks(stride).flat_map(|row| [&[0], row].concat()).collect::<Vec<u8>>())
}

#[test]
fn png_of_few_bits_with_palette_and_density() {
    let (rows, image) = one_bit();
    let data = unfiltered(&rows, 8);
    let density = [11811_u32.to_be_bytes(), 5906_u32.to_be_bytes()].concat();
    let bytes =
        png(1, 0, 0, &[(b"pHYs", [&density[..], &[1]].concat()), (b"IDAT", data.clone())], WIDTH, HEIGHT);
    let page = only_page(bytes);
    assert_same(&page, image);
    assert_eq!((&*page.stored.data, page.stored.bits), (&*data, 1));
    assert_eq!((page.dpi, page.dpi_source), ([300.0, 150.0], DpiSource::File));

    // Two data chunks, cut in the middle.
    let palette = vec![9, 8, 7, 250, 120, 3];
    let (first, second) = data.split_at(11);
    let chunks = [(b"PLTE", palette.clone()), (b"IDAT", first.to_vec()), (b"IDAT", second.to_vec())];
    let page = only_page(png(1, 3, 0, &chunks, WIDTH, HEIGHT));
    assert!(*page.stored.data == *data && page.stored.original);
    assert_eq!(page.stored.color_space, ColorSpace::Indexed { table: palette.into() });
    assert_eq!(page.pixels.to_rgb8().get_pixel(0, 0), &Rgb([9, 8, 7]));
    assert_eq!(page.pixels.to_rgb8().get_pixel(5, 0), &Rgb([250, 120, 3]));
}

#[test]
fn png_alpha_is_laid_on_white() {
    let image = RgbaImage::from_fn(WIDTH, HEIGHT, |x, _| Rgba([200, 0, 0, if x < 30 { 255 } else { 0 }]));
    let page = only_page(written(&image.into(), ImageFormat::Png));
    assert!(!page.stored.original);
    assert_eq!(page.pixels.to_rgb8().get_pixel(10, 10), &Rgb([200, 0, 0]));
    assert_eq!(page.pixels.to_rgb8().get_pixel(40, 10), &Rgb([255, 255, 255]));
}

#[test]
fn interlaced_png_is_coded_again() {
    // Of one pixel, where the seven passes are one.
    let bytes = png(8, 0, 1, &[(b"IDAT", deflate(&[0, 77]))], 1, 1);
    let page = only_page(bytes);
    assert_eq!((page.stored.original, page.pixels.to_luma8().get_pixel(0, 0)), (false, &Luma([77])));
}

// TIFF

struct TiffPage {
    tags: Vec<(u16, Vec<u32>)>,
    strips: Vec<Vec<u8>>,
}

/// A little-endian TIFF; a tag's values are SHORTs, LONGs for sizes and offsets, RATIONALs over 1 for resolutions.
fn tiff(pages: &[TiffPage], loops: bool) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    for (index, page) in pages.iter().enumerate() {
        let mut tags = page.tags.clone();
        tags.push((273, vec![0; page.strips.len()]));
        tags.push((279, page.strips.iter().map(|s| s.len() as u32).collect()));
        tags.sort_by_key(|(tag, _)| *tag);
        let mut data_at = out.len() + 2 + tags.len() * 12 + 4;
        let mut data = Vec::<u8>::new();
        let mut offsets = Vec::new();
        for strip in &page.strips {
            offsets.push((data_at + data.len()) as u32);
            data.extend(strip);
        }
        data_at += data.len();
        let mut values = Vec::new();
        out.extend((tags.len() as u16).to_le_bytes());
        for (tag, mut numbers) in tags {
            if tag == 273 {
                numbers.clone_from(&offsets);
            }
            let kind: u16 = match tag {
                254 | 256 | 257 | 273 | 278 | 279 => 4,
                282 | 283 => 5,
                _ => 3,
            };
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend((numbers.len() as u32).to_le_bytes());
            let coded: Vec<u8> = match kind {
                5 => numbers.iter().flat_map(|n| [n.to_le_bytes(), 1_u32.to_le_bytes()].concat()).collect(),
                3 => numbers.iter().flat_map(|n| (*n as u16).to_le_bytes()).collect(),
                _ => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
            };
            if coded.len() <= 4 {
                out.extend(&coded);
                out.resize(out.len() + 4 - coded.len(), 0);
            } else {
                out.extend(((data_at + values.len()) as u32).to_le_bytes());
                values.extend(coded);
            }
        }
        let next = data_at + values.len();
        let next = if index + 1 < pages.len() {
            next as u32
        } else if loops {
            8
        } else {
            0
        };
        out.extend(next.to_le_bytes());
        out.extend(data);
        out.extend(values);
    }
    out
}

fn tiff_page(bits: u32, samples: u32, photometric: u32, compression: u32, strips: Vec<Vec<u8>>) -> TiffPage {
    let rows = HEIGHT.div_ceil(strips.len() as u32);
    let tags = vec![
        (256, vec![WIDTH]),
        (257, vec![HEIGHT]),
        (258, vec![bits; samples as usize]),
        (259, vec![compression]),
        (262, vec![photometric]),
        (277, vec![samples]),
        (278, vec![rows]),
    ];
    TiffPage { tags, strips }
}

fn group_4(image: &GrayImage) -> Vec<u8> {
    let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
    for row in image.rows() {
        let bits = row.map(|p| if p.0[0] == 0 { fax::Color::Black } else { fax::Color::White });
        encoder.encode_line(bits, image.width() as u16).unwrap();
    }
    encoder.finish().unwrap().finish()
}

#[test]
fn group_4_strip_passes_through() {
    let (_, image) = one_bit();
    let data = group_4(&image);
    let mut page = tiff_page(1, 1, 0, 4, vec![data.clone()]);
    page.tags.extend([(282, vec![204]), (283, vec![98]), (296, vec![2])]);
    let found = only_page(tiff(&[page], false));
    assert_same(&found, image.clone());
    assert!(*found.stored.data == *data && found.stored.original);
    assert_eq!((found.dpi, found.dpi_source), ([204.0, 98.0], DpiSource::File));
    let Filter::CcittFax(params) = found.stored.filter else { panic!() };
    assert_eq!((params.k, params.columns, params.rows, params.black_is_1), (-1, WIDTH, HEIGHT, false));

    // The same bits meaning the opposite.
    let found = only_page(tiff(&[tiff_page(1, 1, 1, 4, vec![data.clone()])], false));
    let mut inverted = image.clone();
    image::imageops::invert(&mut inverted);
    assert_same(&found, inverted);

    // Bits the other way round in each byte: no longer the file's own bytes, the same picture.
    let mut page = tiff_page(1, 1, 0, 4, vec![data.iter().map(|b| b.reverse_bits()).collect()]);
    page.tags.push((266, vec![2]));
    let found = only_page(tiff(&[page], false));
    assert_same(&found, image.clone());
    assert!(*found.stored.data == *data && !found.stored.original);

    // Two strips are coded again.
    let half = HEIGHT / 2;
    let part = |top| group_4(&image::imageops::crop_imm(&image, 0, top, WIDTH, half).to_image());
    let found = only_page(tiff(&[tiff_page(1, 1, 0, 4, vec![part(0), part(half)])], false));
    assert_same(&found, image);
    assert!(!found.stored.original && matches!(found.stored.filter, Filter::Flate { .. }));
}

#[test]
fn tiff_as_another_encoder_writes_it() {
    use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
    for compression in [
        Compression::Uncompressed,
        Compression::Lzw,
        Compression::Packbits,
        Compression::Deflate(DeflateLevel::Balanced),
    ] {
        let mut out = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(compression);
        encoder.write_image::<colortype::RGB8>(WIDTH, HEIGHT, colour().as_raw()).unwrap();
        encoder.write_image::<colortype::Gray8>(WIDTH, HEIGHT, grey().as_raw()).unwrap();
        let deep: Vec<u16> = grey().as_raw().iter().map(|v| u16::from(*v) * 257).collect();
        encoder.write_image::<colortype::Gray16>(WIDTH, HEIGHT, &deep).unwrap();
        let cmyk: Vec<u8> =
            colour().pixels().flat_map(|p| [255 - p.0[0], 255 - p.0[1], 255 - p.0[2], 0]).collect();
        encoder.write_image::<colortype::CMYK8>(WIDTH, HEIGHT, &cmyk).unwrap();
        let scan = open(out.into_inner()).unwrap();
        assert_eq!((scan.page_count(), scan.media_type()), (4, "image/tiff"));
        assert_same(&scan.page(1).unwrap(), colour());
        assert_same(&scan.page(2).unwrap(), grey());
        assert_same(&scan.page(3).unwrap(), grey());
        assert_eq!(scan.page(3).unwrap().stored.bits, 16);
        assert_same(&scan.page(4).unwrap(), colour());
        assert_eq!(scan.page(4).unwrap().stored.color_space, ColorSpace::Cmyk { profile: None });
    }
}

#[test]
fn tiff_palette_predictor_alpha_orientation_and_thumbnails() {
    let (rows, image) = one_bit();
    let mut palette = tiff_page(1, 1, 3, 1, vec![rows]);
    palette.tags.push((320, vec![0, 65535, 0, 65535, 0, 65535]));
    palette.tags.push((274, vec![6]));
    let differences: Vec<u8> = colour()
        .rows()
        .flat_map(|row| {
            let mut before = [0; 3];
            row.flat_map(|p| {
                let step = std::array::from_fn::<u8, 3, _>(|i| p.0[i].wrapping_sub(before[i]));
                before = p.0;
                step
            })
            .collect::<Vec<u8>>()
        })
        .collect();
    let mut predicted = tiff_page(8, 3, 2, 8, vec![deflate(&differences)]);
    predicted.tags.push((317, vec![2]));
    let with_alpha = grey().pixels().flat_map(|p| [p.0[0], if p.0[0] < 50 { 255 } else { 0 }]).collect();
    let mut alpha = tiff_page(8, 2, 1, 1, vec![with_alpha]);
    alpha.tags.push((338, vec![2]));
    let mut thumbnail = tiff_page(8, 1, 1, 1, vec![grey().into_raw()]);
    thumbnail.tags.push((254, vec![1]));
    let white_is_zero = tiff_page(8, 1, 0, 1, vec![grey().as_raw().iter().map(|v| 255 - v).collect()]);
    let jpeg_strip = tiff_page(8, 1, 1, 7, vec![jpeg(&grey().into(), None)]);
    let scan = open(tiff(&[palette, thumbnail, predicted, alpha, white_is_zero, jpeg_strip], false)).unwrap();
    assert_eq!(scan.page_count(), 5);
    let first = scan.page(1).unwrap();
    assert_same(&first, DynamicImage::from(image).rotate90());
    assert_eq!(first.stored.orientation, Orientation::Rotate90);
    assert!(matches!(first.stored.color_space, ColorSpace::Indexed { .. }));
    assert_same(&scan.page(2).unwrap(), colour());
    let third = scan.page(3).unwrap().pixels.to_luma8();
    assert_eq!((third.get_pixel(0, 0), third.get_pixel(50, 50)), (&Luma([16]), &Luma([255])));
    assert_same(&scan.page(4).unwrap(), grey());
    let fifth = scan.page(5).unwrap();
    assert_eq!((fifth.stored.filter.clone(), fifth.stored.original), (Filter::Dct, true));
    assert!(*fifth.stored.data == *jpeg(&grey().into(), None));
}

// PDF

/// Objects from number 1; object 1 is the catalog.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (index, body) in objects.iter().enumerate() {
        offsets.push(out.len());
        writeln!(out, "{} 0 obj", index + 1).unwrap();
        out.extend(body);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    offsets.iter().for_each(|offset| writeln!(out, "{offset:010} 00000 n ").unwrap());
    write!(out, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1)
        .unwrap();
    out
}

fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
    out.extend(data);
    out.extend(b"\nendstream");
    out
}

/// One page of 144 × 201.6 points: the test picture at 30 dpi; `page` are more entries of its dictionary.
fn one_page(page: &str, content: &str, image: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 144 201.6] /Contents 4 0 R \
             /Resources << /XObject << /Im0 5 0 R /Fm0 6 0 R >> >> {page} >>"
        )
        .into_bytes(),
        stream("", content.as_bytes()),
        image,
    ];
    objects.extend_from_slice(more);
    pdf(&objects)
}

const DRAW: &str = "q 144 0 0 201.6 0 0 cm /Im0 Do Q";

fn image_object(entries: &str, data: &[u8]) -> Vec<u8> {
    stream(&format!("/Type /XObject /Subtype /Image /Width {WIDTH} /Height {HEIGHT} {entries}"), data)
}

fn jpeg_object(data: &[u8]) -> Vec<u8> {
    image_object("/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode", data)
}

#[test]
fn pdf_of_one_jpeg_keeps_it_and_honours_rotation() {
    let data = jpeg(&grey().into(), None);
    let upright = image::load_from_memory(&data).unwrap();
    for (rotate, expected) in [
        (0, upright.clone()),
        (90, upright.rotate90()),
        (180, upright.rotate180()),
        (-90, upright.rotate270()),
    ] {
        let page = only_page(one_page(&format!("/Rotate {rotate}"), DRAW, jpeg_object(&data), &[]));
        assert!(*page.stored.data == *data && page.stored.original);
        assert_same(&page, expected);
        assert_eq!((page.dpi, page.dpi_source), ([30.0, 30.0], DpiSource::File));
    }
}

#[test]
fn pdf_image_matrices_turn_and_mirror_as_a_renderer_does() {
    let data = jpeg(&grey().into(), None);
    let upright = image::load_from_memory(&data).unwrap();
    for (matrix, expected) in [
        ("-144 0 0 201.6 144 0", upright.fliph()),
        ("-144 0 0 -201.6 144 201.6", upright.rotate180()),
        ("144 0 0 -201.6 0 201.6", upright.flipv()),
    ] {
        let page = only_page(one_page("", &format!("q {matrix} cm /Im0 Do Q"), jpeg_object(&data), &[]));
        assert!(page.stored.original);
        assert_same(&page, expected);
    }
    // Lying pages: the box is as wide as the image is high. Compared with the renderer, which paints a dot over it.
    for matrix in
        ["0 144 201.6 0 0 0", "0 -144 201.6 0 0 144", "0 144 -201.6 0 201.6 0", "0 -144 -201.6 0 201.6 144"]
    {
        let draw = |more: &str| {
            let content = format!("q {matrix} cm /Im0 Do Q {more}");
            only_page(one_page(
                "/CropBox [0 0 201.6 144] /MediaBox [0 0 201.6 144]",
                &content,
                jpeg_object(&data),
                &[],
            ))
        };
        let (kept, rendered) = (draw(""), draw("1 g 200 142 0.1 0.1 re f"));
        assert_eq!((kept.stored.original, rendered.dpi_source), (true, DpiSource::Rendered), "{matrix}");
        let small = rendered.pixels.resize_exact(84, 60, image::imageops::FilterType::Triangle);
        for (x, y) in [(3, 3), (80, 3), (3, 56), (80, 56)] {
            let [a, b] = [&kept.pixels, &small].map(|image| image.to_luma8().get_pixel(x, y).0[0]);
            assert!(a.abs_diff(b) < 24, "{matrix} at {x} {y}: {a} {b}");
        }
    }
}

#[test]
fn pdf_bilevel_images_keep_their_coding() {
    let (_, image) = one_bit();
    let data = group_4(&image);
    let parameters =
        format!("/Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns {WIDTH} /Rows {HEIGHT} >>");
    let mut inverted = image.clone();
    image::imageops::invert(&mut inverted);
    for (entries, expected) in [
        ("/ColorSpace /DeviceGray /BitsPerComponent 1", &image),
        ("/ColorSpace /DeviceGray /BitsPerComponent 1 /Decode [1 0]", &inverted),
        ("/ImageMask true", &image),
        ("/ImageMask true /Decode [1 0]", &inverted),
    ] {
        let object = image_object(&format!("{entries} {parameters}"), &data);
        let page = only_page(one_page("", DRAW, object, &[]));
        assert!(*page.stored.data == *data && page.stored.original, "{entries}");
        assert_same(&page, expected.clone());
    }
}

#[test]
fn pdf_flate_passes_through_and_lzw_is_coded_again() {
    let rows = colour().into_raw();
    let plain = "/ColorSpace /DeviceRGB /BitsPerComponent 8";
    let data = deflate(&rows);
    let page =
        only_page(one_page("", DRAW, image_object(&format!("{plain} /Filter /FlateDecode"), &data), &[]));
    assert!(*page.stored.data == *data && page.stored.original);
    assert_same(&page, colour());

    let data = unfiltered(&rows, WIDTH as usize * 3);
    let entries = format!(
        "{plain} /Filter [/FlateDecode] /DecodeParms [<< /Predictor 15 /Colors 3 /Columns {WIDTH} >>]"
    );
    let page = only_page(one_page("", DRAW, image_object(&entries, &data), &[]));
    assert!(*page.stored.data == *data && page.stored.original);
    assert_same(&page, colour());

    let data = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&rows).unwrap();
    let page =
        only_page(one_page("", DRAW, image_object(&format!("{plain} /Filter /LZWDecode"), &data), &[]));
    assert!(!page.stored.original);
    assert_same(&page, colour());

    // A palette, in hexadecimal around Flate.
    let (bits, image) = one_bit();
    let hex: String = deflate(&bits).iter().map(|b| format!("{b:02x}")).collect();
    let entries = "/ColorSpace [/Indexed /DeviceRGB 1 <000000FFFFFF>] /BitsPerComponent 1 /Filter [/ASCIIHexDecode /FlateDecode]";
    let page = only_page(one_page("", DRAW, image_object(entries, format!("{hex}>").as_bytes()), &[]));
    assert_same(&page, image);
    assert!(matches!(page.stored.color_space, ColorSpace::Indexed { .. }));
}

#[test]
fn pdf_form_and_invisible_text_are_seen_through() {
    let data = jpeg(&grey().into(), None);
    let form = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 144 201.6] /Resources << /XObject << /Im0 5 0 R >> >>",
        DRAW.as_bytes(),
    );
    let content = "q 1 1 1 rg 0 0 144 201.6 re f Q q 0 0 144 201.6 re W n /Fm0 Do Q BT /F1 12 Tf 3 Tr 10 10 Td (word) Tj ET";
    let page = only_page(one_page("", content, jpeg_object(&data), &[form]));
    assert!(*page.stored.data == *data && page.stored.original);
}

#[test]
fn pdf_with_anything_else_to_see_is_rendered() {
    let data = jpeg(&grey().into(), None);
    let black = "0 g 20 20 100 50 re f";
    for (page, content) in [
        ("", format!("{DRAW} {black}")),
        ("", format!("{DRAW} {DRAW}")),
        ("", "q 100 0 0 100 0 0 cm /Im0 Do Q".to_owned()),
        ("", "q 100 20 -20 100 20 0 cm /Im0 Do Q".to_owned()),
        ("", format!("q 0 0 60 60 re W n {DRAW} Q")),
        ("/CropBox [10 10 100 150]", DRAW.to_owned()),
        ("/Annots [<< /Type /Annot /Subtype /Stamp /Rect [0 0 9 9] /AP << /N 6 0 R >> >>]", DRAW.to_owned()),
        ("", black.to_owned()),
    ] {
        let stamp = stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"0 0 9 9 re f");
        let found = only_page(one_page(page, &content, jpeg_object(&data), &[stamp]));
        assert_eq!(
            (found.dpi_source, found.stored.original),
            (DpiSource::Rendered, false),
            "{page} {content}"
        );
        assert_eq!(found.dpi.map(f64::round), [300.0, 300.0]);
        assert!(found.stored.color_space == ColorSpace::Gray);
    }
    // A mask of its own makes an image one that only a renderer can show.
    let mask = image_object("/ColorSpace /DeviceGray /BitsPerComponent 8", &grey().into_raw());
    let object =
        image_object("/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /SMask 6 0 R", &data);
    assert_eq!(only_page(one_page("", DRAW, object, &[mask])).dpi_source, DpiSource::Rendered);
}

#[test]
fn a_pdf_with_a_broken_table_is_mended_and_rendered() {
    let data = jpeg(&grey().into(), None);
    let mut bytes = one_page("", DRAW, jpeg_object(&data), &[]);
    let at = bytes.windows(9).rposition(|w| w == b"startxref").unwrap();
    bytes[at + 10..at + 13].fill(b'9');
    let page = only_page(bytes);
    assert_eq!(page.dpi_source, DpiSource::Rendered);
    assert!(page.pixels.to_luma8().get_pixel(20, 20).0[0] < 60);
}

#[test]
fn pages_can_be_had_from_several_threads() {
    let data = jpeg(&grey().into(), None);
    let scan = open(one_page("", DRAW, jpeg_object(&data), &[])).unwrap();
    std::thread::scope(|scope| {
        let pages: Vec<_> = (0..8).map(|_| scope.spawn(|| scan.page(1).unwrap().stored)).collect();
        assert!(pages.into_iter().all(|page| *page.join().unwrap().data == *data));
    });
}

// Refusals

fn refused(bytes: impl Into<std::sync::Arc<[u8]>>, limits: &Limits) -> ScanError {
    let error =
        Scan::from_bytes("test", bytes, limits).and_then(|scan| scan.page(1)).expect_err("it is refused");
    let failure = Failure::from(error.clone());
    assert!(
        !failure.code.is_empty() && failure.message == error.to_string() && failure.advice.ends_with('.')
    );
    error
}

#[test]
fn wrong_files_are_refused_by_what_they_are() {
    let limits = Limits::default();
    assert_eq!(refused(vec![], &limits), ScanError::Empty);
    for (bytes, found) in [
        (&b"PK\x03\x04rest of a docx"[..], "a ZIP archive or an office document (docx, xlsx, odt)"),
        (b"GIF89a", "a GIF image"),
        (b"\0\0\0\x18ftypheic", "a HEIC or AVIF photo or a video"),
        (b"Hello, world\n", "text"),
        (b"\x00\x01\x02", "of an unknown kind"),
    ] {
        assert_eq!(refused(bytes.to_vec(), &limits), ScanError::WrongType { found });
    }
    let missing = Scan::open(std::path::Path::new("/no/such/file.pdf"), &limits).unwrap_err();
    assert_eq!(Failure::from(missing).code, "file-not-found");
    let folder = Scan::open(&std::env::temp_dir(), &limits).unwrap_err();
    assert_eq!(Failure::from(folder).code, "unreadable-file");
}

#[test]
fn cut_and_damaged_files_are_refused() {
    let limits = Limits::default();
    let broken = |bytes: &[u8]| matches!(refused(bytes.to_vec(), &limits), ScanError::Broken { .. });
    let jpeg = jpeg(&colour().into(), None);
    let png = written(&colour().into(), ImageFormat::Png);
    let tiff = tiff(&[tiff_page(8, 3, 2, 1, vec![colour().into_raw()])], false);
    for file in [&jpeg, &png, &tiff] {
        for part in [file.len() / 3, file.len() - 3] {
            // TIFF's values lie behind the data: with three bytes cut they are what is missing.
            assert!(broken(&file[..part]), "{part} of {}", file.len());
        }
    }
    let mut flipped = png.clone();
    flipped[60] ^= 1;
    assert!(broken(&flipped));
    assert!(broken(b"%PDF-1.7\nnothing more"));
    let page = one_page("", DRAW, jpeg_object(&self::jpeg(&grey().into(), None)), &[]);
    assert!(broken(&page[..page.len() / 3]));
    assert!(broken(&page[..page.len() - 30]));
    // A TIFF whose pages come back to the first.
    let page = || tiff_page(8, 1, 1, 1, vec![grey().into_raw()]);
    assert!(broken(&self::tiff(&[page(), page()], true)));
}

#[test]
fn limits_are_kept() {
    let small = |change: &dyn Fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let png = written(&colour().into(), ImageFormat::Png);
    let size = png.len() as u64;
    let limits = small(&|l| l.max_bytes = size - 1);
    assert_eq!(refused(png.clone(), &limits), ScanError::TooManyBytes { bytes: size, limit: size - 1 });
    let limits = small(&|l| l.max_pixels = 5000);
    let too_large = ScanError::TooManyPixels { width: 60, height: 84, limit: 5000 };
    let data = jpeg(&colour().into(), None);
    assert_eq!(refused(png, &limits), too_large);
    assert_eq!(refused(data.clone(), &limits), too_large);
    let page = || tiff_page(8, 1, 1, 1, vec![grey().into_raw()]);
    assert_eq!(refused(tiff(&[page()], false), &limits), too_large);
    assert_eq!(
        refused(one_page("", DRAW, jpeg_object(&jpeg(&grey().into(), None)), &[]), &limits),
        too_large
    );
    let limits = small(&|l| l.max_pages = 2);
    let many = ScanError::TooManyPages { pages: 3, limit: 2 };
    assert_eq!(refused(tiff(&[page(), page(), page()], false), &limits), many);
    let three = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R 3 0 R 3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>".to_vec(),
    ];
    assert_eq!(refused(pdf(&three), &limits), many);
    // A page as large as a football field is too large at any resolution that can be read.
    let huge = one_page("/UserUnit 9000", "0 0 9 9 re f", jpeg_object(&data), &[]);
    assert!(matches!(refused(huge, &Limits::default()), ScanError::TooManyPixels { .. }));
    let scan = open(written(&grey().into(), ImageFormat::Png)).unwrap();
    for page in [0, 2] {
        assert_eq!(scan.page(page).unwrap_err(), ScanError::NoSuchPage { page, pages: 1 });
        assert_eq!(scan.page_cost(page), 0);
    }
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let limits = Limits { max_decoded: 1 << 20, ..Limits::default() };
    // Dimensions that would take gigabytes, in files of a few bytes.
    let wide = png(8, 2, 0, &[(b"IDAT", deflate(&[0; 99]))], 60_000, 60_000);
    assert!(matches!(refused(wide, &limits), ScanError::TooManyPixels { width: 60_000, height: 60_000, .. }));
    let mut wide = jpeg(&grey().into(), None);
    let frame = wide.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    wide[frame + 5..frame + 9].fill(0xff);
    assert!(matches!(refused(wide, &limits), ScanError::TooManyPixels { width: 65535, height: 65535, .. }));
    let mut page = tiff_page(8, 3, 2, 8, vec![deflate(&[0; 99])]);
    page.tags[0].1 = vec![1 << 30];
    assert!(matches!(refused(tiff(&[page], false), &limits), ScanError::TooManyPixels { .. }));
    // Streams that expand a thousandfold: the page's content, and an image of a page that has to be rendered.
    let zeros = deflate(&vec![b' '; 4 << 20]);
    let bomb = ScanError::Bomb { limit: 1 << 20 };
    let empty = image_object("/ColorSpace /DeviceGray /BitsPerComponent 8", &grey().into_raw());
    let content = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R >>".to_vec(),
        stream("/Filter /FlateDecode", &zeros),
    ]);
    assert_eq!(refused(content, &limits), bomb);
    let image = image_object("/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode", &zeros);
    assert_eq!(
        refused(one_page("", "q 9 0 0 9 0 0 cm /Im0 Do Q", image, std::slice::from_ref(&empty)), &limits),
        bomb
    );
    let twice = stream("/Filter [/FlateDecode /FlateDecode]", &deflate(&zeros));
    assert_eq!(refused(one_page("", DRAW, empty, &[twice]), &limits), bomb);
}

#[test]
fn loops_and_locks_are_refused() {
    let limits = Limits::default();
    let looped = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>".to_vec(),
    ]);
    assert_eq!(refused(looped, &limits), ScanError::PageTreeLoop { object: 2 });
    let empty = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
    ]);
    assert!(matches!(refused(empty, &limits), ScanError::NoPages { .. }));
    let data = jpeg(&grey().into(), None);
    let itself = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject << /Fm0 6 0 R >> >>",
        b"0 0 5 5 re f /Fm0 Do",
    );
    let page = one_page("", "/Fm0 Do", jpeg_object(&data), &[itself]);
    assert_eq!(refused(page, &limits), ScanError::FormLoop { page: 1, object: 6 });
    // Each form draws the next ten times, thirty deep.
    let forms: Vec<Vec<u8>> = (6..30)
        .map(|number| {
            let next = format!(
                "/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject << /F {} 0 R >> >>",
                number + 1
            );
            stream(&next, "/F Do ".repeat(10).as_bytes())
        })
        .collect();
    let page = one_page("", "/Fm0 Do", jpeg_object(&data), &forms);
    let limits = Limits { page_timeout: Duration::from_secs(2), ..limits };
    assert!(matches!(refused(page, &limits), ScanError::TooComplex { .. } | ScanError::TooSlow { .. }));
    let mut locked = one_page("", DRAW, jpeg_object(&data), &[]);
    let at = locked.windows(5).rposition(|w| w == b"/Root").unwrap();
    locked.splice(at..at, b"/Encrypt 9 0 R ".iter().copied());
    assert_eq!(refused(locked, &limits), ScanError::Encrypted);
}

#[test]
fn kinds_that_cannot_be_kept_are_named() {
    let mut lossless = jpeg(&grey().into(), None);
    let frame = lossless.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    lossless[frame + 1] = 0xc9;
    assert!(matches!(refused(lossless, &Limits::default()), ScanError::Unsupported { .. }));
    let lab = tiff(&[tiff_page(8, 3, 8, 1, vec![colour().into_raw()])], false);
    assert!(matches!(
        refused(lab, &Limits::default()),
        ScanError::Unsupported { .. } | ScanError::Broken { .. }
    ));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    /// Whatever a few wrong bytes do, the answer is a page or a refusal.
    #[test]
    fn damage_never_panics(kind in 0..4_usize, places in proptest::collection::vec((0.0..1.0_f64, 0..=255_u8), 1..6)) {
        let limits = Limits { max_pixels: 1 << 20, max_decoded: 8 << 20, ..Limits::default() };
        let mut bytes = match kind {
            0 => jpeg(&colour().into(), Some(300)),
            1 => written(&colour().into(), ImageFormat::Png),
            2 => tiff(&[tiff_page(1, 1, 0, 4, vec![group_4(&one_bit().1)])], false),
            _ => one_page("", DRAW, jpeg_object(&jpeg(&grey().into(), None)), &[]),
        };
        for (place, value) in places {
            let at = (place * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        if let Ok(scan) = Scan::from_bytes("damaged", bytes, &limits) {
            let _ = scan.page(1);
        }
    }
}

#[test]
fn a_scan_tells_what_it_is() {
    let bytes = jpeg(&grey().into(), None);
    let scan = open(bytes.clone()).unwrap();
    assert_eq!((scan.name(), scan.bytes(), scan.media_type()), ("test", &*bytes, "image/jpeg"));
    assert_eq!(scan.digest(), saoy::record::Digest::of(&bytes));
    assert_eq!(scan.page_cost(1), u64::from(WIDTH * HEIGHT));
}

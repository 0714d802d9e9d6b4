//! Scans that others made, where they lie beside the project: every file opens and gives every page.

use std::path::PathBuf;

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage};
use saoy::scan::{ColorSpace, DpiSource, Filter, Limits, Page, Scan};

/// The folder, beside the project or beside the folder that holds its worktrees; none where this checkout stands alone.
fn folder() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = ["../shared/scans", "../../shared/scans"]
        .iter()
        .map(|way| root.join(way))
        .find(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped: ../shared/scans is not there");
    }
    folder
}

fn page(name: &str, number: u32) -> Option<Page> {
    let scan = Scan::open(&folder()?.join(name), &Limits::default()).expect(name);
    Some(scan.page(number).expect(name))
}

/// Mean difference of two pages made small, 0 to 255.
fn difference(a: &DynamicImage, b: &DynamicImage) -> f64 {
    let small = |image: &DynamicImage| -> GrayImage {
        image.resize_exact(170, 220, FilterType::Triangle).into_luma8()
    };
    let (a, b) = (small(a), small(b));
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

#[test]
fn every_file_opens_and_gives_every_page() {
    let Some(folder) = folder() else { return };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut seen = 0;
    for file in files {
        let kind = file.extension().and_then(|e| e.to_str()).unwrap_or("");
        if !matches!(kind, "pdf" | "png") {
            continue;
        }
        let scan = Scan::open(&file, &Limits::default()).unwrap();
        for number in 1..=scan.page_count() {
            let page = scan.page(number).unwrap_or_else(|e| panic!("{} page {number}: {e}", scan.name()));
            let (stored, dpi, source) = scan.stored_page(number).unwrap();
            assert_eq!((&stored, dpi, source), (&page.stored, page.dpi, page.dpi_source));
            assert!(scan.page_cost(number) > 0);
            seen += 1;
        }
    }
    assert_eq!(seen, 20);
}

#[test]
fn one_image_pages_are_taken_as_they_are() {
    let Some(linn) = page("linn.png", 1) else { return };
    for (name, number) in [("ccitt.pdf", 1), ("jbig2.pdf", 1), ("cardinal.pdf", 1), ("cardinal.pdf", 2)] {
        let page = page(name, number).unwrap();
        assert!(page.stored.original, "{name}");
        assert!(matches!(page.stored.filter, Filter::CcittFax(_) | Filter::Jbig2 { .. }), "{name}");
        assert_eq!((page.dpi, page.dpi_source), ([300.0, 300.0], DpiSource::File), "{name}");
        let upright =
            if page.stored.orientation.swaps_axes() { page.pixels.rotate270() } else { page.pixels };
        assert!(difference(&upright, &linn.pixels) < 8.0, "{name}");
    }
    let raw = std::fs::read(folder().unwrap().join("francais.pdf")).unwrap();
    let stored = page("francais.pdf", 1).unwrap().stored;
    assert_eq!((stored.filter, stored.color_space), (Filter::Dct, ColorSpace::Gray));
    assert!(raw.windows(stored.data.len()).any(|window| *window == *stored.data));
}

#[test]
fn what_is_more_than_one_image_is_rendered() {
    // A soft mask, images clipped by text, an image turned by some degrees.
    for name in ["aspect.pdf", "cmyk.pdf", "rotated_skew.pdf"] {
        let Some(page) = page(name, 1) else { return };
        assert_eq!((page.dpi, page.dpi_source), ([300.0, 300.0], DpiSource::Rendered), "{name}");
        assert!(!page.stored.original);
    }
}

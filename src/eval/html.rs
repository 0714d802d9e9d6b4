//! The page to look at: the figures, and every wrong field with its crop.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use serde_json::Value;

use super::report::{Report, Wrong};
use crate::scan::{Limits, Scan};

/// So many crops at most: a page must open.
const MOST: usize = 600;
/// Pixels around a crop.
const MARGIN: u32 = 24;
/// Wider crops are made smaller.
const WIDEST: u32 = 900;

/// The report as one HTML file that needs nothing else: the figures, then the wrong fields, first those that passed without a flag. It shows
/// what stands on the papers.
pub fn html(report: &Report, limits: &Limits) -> String {
    let mut page = String::from(HEAD);
    page.push_str(&figures(&report.table()));
    let (flagged, silent): (Vec<&Wrong>, Vec<&Wrong>) = report.wrong.iter().partition(|wrong| wrong.flagged);
    page.push_str(&format!(
        "<h2>Wrong fields: {} not flagged, {} flagged</h2>\n",
        silent.len(),
        flagged.len()
    ));
    let mut open: Option<(std::path::PathBuf, Scan)> = None;
    for wrong in silent.into_iter().chain(flagged).take(MOST) {
        if open.as_ref().is_none_or(|(path, _)| *path != wrong.scan) {
            open = Scan::open(&wrong.scan, limits).ok().map(|scan| (wrong.scan.clone(), scan));
        }
        let crop = open.as_ref().and_then(|(_, scan)| crop(scan, wrong));
        page.push_str(&card(wrong, crop.as_deref()));
    }
    if report.wrong.len() > MOST {
        page.push_str(&format!("<p>{} more are not shown.</p>\n", report.wrong.len() - MOST));
    }
    page.push_str("</html>\n");
    page
}

/// The lines for people, their tables as tables; one too long for a glance is folded.
fn figures(lines: &[String]) -> String {
    const LONG: usize = 30;
    let is_row = |line: &String| line.starts_with('|');
    let mut page = String::new();
    for part in lines.chunk_by(|a, b| is_row(a) == is_row(b)) {
        if !is_row(&part[0]) {
            part.iter()
                .filter(|line| !line.is_empty())
                .for_each(|line| page.push_str(&format!("<p>{}</p>\n", escape(line))));
            continue;
        }
        let rows = part.iter().filter(|line| !line.starts_with("|---"));
        let rows: String =
            rows.enumerate().map(|(at, line)| row(line, if at == 0 { "th" } else { "td" })).collect();
        match part.len() > LONG {
            true => page
                .push_str(&format!("<details><summary>By field</summary><table>{rows}</table></details>\n")),
            false => page.push_str(&format!("<table>{rows}</table>\n")),
        }
    }
    page
}

fn row(line: &str, cell: &str) -> String {
    let cells =
        line.trim_matches('|').split('|').map(|text| format!("<{cell}>{}</{cell}>", escape(text.trim())));
    format!("<tr>{}</tr>", cells.collect::<String>())
}

const HEAD: &str = "<!doctype html><html lang=\"vi\"><meta charset=\"utf-8\"><title>saoy eval</title><style>\
body{font:15px/1.4 sans-serif;margin:2rem;max-width:70rem}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.1rem .8rem;text-align:left;border-bottom:1px solid #ddd}summary{cursor:pointer}\
article{border-left:4px solid #999;margin:1rem 0;padding:.2rem 1rem}article.silent{border-color:#c00}\
img{max-width:100%;border:1px solid #ccc}b{font-weight:600}small{color:#555}</style>\
<h1>saoy eval</h1>\n";

fn card(wrong: &Wrong, crop: Option<&str>) -> String {
    let name = wrong.scan.file_name().unwrap_or_default().to_string_lossy();
    let problems = wrong.found.as_ref().map(|f| f.problems.join(", ")).unwrap_or_default();
    let sure = wrong.found.as_ref().map_or_else(String::new, |f| format!("{:.2}", f.confidence));
    let image =
        crop.map(|data| format!("<img alt=\"\" src=\"data:image/png;base64,{data}\">")).unwrap_or_default();
    format!(
        "<article class=\"{}\"><b>{}</b> <small>{} · {} · {sure} {}</small><br>expected <b>{}</b><br>read <b>{}</b><br>{image}</article>\n",
        if wrong.flagged { "flagged" } else { "silent" },
        escape(&wrong.field),
        escape(&name),
        escape(&wrong.form),
        escape(&problems),
        escape(&shown(&wrong.expected)),
        escape(&shown(&wrong.read)),
    )
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The field's place as PNG in base 64.
fn crop(scan: &Scan, wrong: &Wrong) -> Option<String> {
    let found = wrong.found.as_ref()?;
    let (page, bbox) = (scan.page(found.page?).ok()?, found.bbox?);
    let (x, y) = (bbox.x0.saturating_sub(MARGIN), bbox.y0.saturating_sub(MARGIN));
    let image = page.pixels.crop_imm(x, y, bbox.x1 + MARGIN - x, bbox.y1 + MARGIN - y);
    let image = if image.width() > WIDEST { image.thumbnail(WIDEST, u32::MAX) } else { image };
    let mut bytes = Vec::new();
    DynamicImage::ImageRgb8(image.into_rgb8())
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .ok()?;
    Some(data_encoding::BASE64.encode(&bytes))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

//! A first draft of a form file from a blank form: its title, its labels, and what the labels' words say about the fields.
//!
//! It is a proposal for a person to mend: types are guessed from words, sections and columns are not found.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::layout::{Layout, Row};
use super::text;
use crate::ocr::PageText;

/// How low on the first page a title stands.
const TITLE: f32 = 0.45;
/// So many letters make a title.
const TITLE_LETTERS: usize = 8;
/// A label has at most so many words.
const LABEL_WORDS: usize = 12;

/// A form file for the blank form that these pages show: one label and one field for each printed text with a colon or a leader behind
/// it. None where there is neither title nor label.
pub fn learn(pages: &[PageText], id: &str) -> Option<String> {
    let layout = Layout::new(pages);
    let title = title(&layout)?;
    let labels = labels(&layout);
    if labels.is_empty() {
        return None;
    }
    let mut out = String::new();
    let quoted = |text: &str| format!("\"{}\"", text.replace(['"', '\\'], ""));
    let _ = writeln!(
        out,
        "# Proposed from a blank form: mend the types, add sections, anchors and samples. Schema: docs/forms.md."
    );
    let _ = writeln!(
        out,
        "id = {}\ntitle = {}\nsource = \"where the layout is laid down\"\nversion = 1\n",
        quoted(id),
        quoted(&sentence(&title))
    );
    let _ =
        writeln!(out, "[review]\nphrases = \"cum-tu\"\n\n[classify]\nrank = 10\nmin_score = 1.0\nanchor = [");
    let _ = writeln!(
        out,
        "    {{ text = [{}], capitals = true, whole = true, zone = [0.0, 0.0, 1.0, 0.5], page = 1 }},",
        quoted(&title)
    );
    for (printed, _) in labels.iter().filter(|(printed, _)| text::fold(printed).len() >= 12).take(3) {
        let _ = writeln!(out, "    {{ text = [{}], start = true, weight = 0.2 }},", quoted(printed));
    }
    let _ = writeln!(out, "]\n\n[label]");
    for (printed, name) in &labels {
        let _ = writeln!(out, "{name} = {{ text = [{}] }}", quoted(printed));
    }
    for (printed, name) in &labels {
        let (kind, more) = guess(printed);
        let lines = if matches!(kind, "text" | "address") { ", lines = 3" } else { "" };
        let _ = write!(
            out,
            "\n[[field]]\nname = \"{name}\"\ntitle = {}\ntype = \"{kind}\"\n{more}at = [{{ take = \"right\", label = \"{name}\"{lines} }}]\n",
            quoted(printed)
        );
    }
    Some(out)
}

/// The widest run of capitals high on the first page that is not the national heading.
fn title(layout: &Layout) -> Option<String> {
    let cells = layout.rows.iter().filter(|row| row.page == 0).flat_map(|row| row.cells.iter().cloned());
    let mut best: Option<(f32, String)> = None;
    for cell in cells {
        let tokens = &layout.tokens[cell.clone()];
        let words: Vec<&str> = tokens.iter().filter(|t| !t.is_mark()).map(|t| t.text.as_str()).collect();
        let line = words.join(" ");
        let letters = line.chars().filter(|c| c.is_alphabetic());
        let (small, large) =
            letters.fold((0, 0), |(s, l), c| if c.is_uppercase() { (s, l + 1) } else { (s + 1, l) });
        let fold = text::fold(&line);
        let (_, y) = layout.fraction(&layout.tokens[cell.start]);
        let heading = fold.contains("chunghiavietnam") || fold.starts_with("uyban") || fold.starts_with("so");
        if large < TITLE_LETTERS || small > 0 || y > TITLE || heading {
            continue;
        }
        let height = tokens.iter().map(|t| t.y1 - t.y0).fold(0.0, f32::max);
        if best.as_ref().is_none_or(|(h, _)| height > *h) {
            best = Some((height, line));
        }
    }
    best.map(|(_, line)| line)
}

/// The printed texts before a colon, or before a leader, with a name for each.
fn labels(layout: &Layout) -> Vec<(String, String)> {
    let mut names = BTreeSet::new();
    let mut found: Vec<(String, String)> = Vec::new();
    for row in &layout.rows {
        for printed in of_row(layout, row) {
            let words = printed.split(' ').count();
            let name = slug(&printed);
            if words > LABEL_WORDS || name.is_empty() || found.iter().any(|(p, _)| text::same(p, &printed)) {
                continue;
            }
            let mut unique = name.clone();
            let mut n = 2;
            while !names.insert(unique.clone()) {
                unique = format!("{name}_{n}");
                n += 1;
            }
            found.push((printed, unique));
        }
    }
    found
}

fn of_row(layout: &Layout, row: &Row) -> Vec<String> {
    let mut out = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for cell in &row.cells {
        words.clear();
        for token in &layout.tokens[cell.clone()] {
            let leader = super::parse::is_leader(&token.text);
            let colon = token.text.ends_with(':') || token.text.ends_with(';');
            let word = token.text.trim_end_matches([':', ';']);
            if !leader && !text::is_mark_only(word) {
                words.push(word);
            }
            if (leader || colon) && !words.is_empty() {
                let line = words.join(" ");
                let capitals = line.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
                if !capitals {
                    out.push(line);
                }
                words.clear();
            }
        }
    }
    out
}

/// A name for a field: its label's folded words by underscores, at most four of them.
fn slug(printed: &str) -> String {
    let words: Vec<String> = printed.split(' ').map(text::fold).filter(|w| !w.is_empty()).take(4).collect();
    words.join("_").trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned()
}

/// `Giấy khai sinh` of `GIẤY KHAI SINH`.
fn sentence(title: &str) -> String {
    let lower = title.to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The type that a label's words speak of, and what goes with it.
fn guess(printed: &str) -> (&'static str, &'static str) {
    let fold = text::fold(printed);
    let has = |words: &[&str]| words.iter().any(|w| fold.contains(w));
    if has(&["gioitinh"]) {
        ("sex", "")
    } else if has(&["dantoc"]) {
        ("list", "list = \"dan-toc\"\nsensitive = true\n")
    } else if has(&["quoctich"]) {
        ("list", "list = \"quoc-tich\"\n")
    } else if has(&["sodinhdanh"]) {
        ("pin", "")
    } else if has(&["namsinh", "namtotnghiep", "namsanxuat"]) && !has(&["ngay"]) {
        ("year", "")
    } else if has(&["bangchu"]) {
        ("text", "")
    } else if has(&["ngay"]) {
        ("date", "")
    } else if has(&["hovaten", "hochudem", "hoten"]) {
        ("name", "surnames = \"ho\"\ngiven_names = \"ten\"\n")
    } else if has(&["noicutru", "diachi", "thuongtru", "quequan", "choo"]) {
        ("address", "")
    } else if fold.starts_with("so") || fold.starts_with("ma") || fold.starts_with("quyenso") {
        ("number", "")
    } else {
        ("text", "")
    }
}

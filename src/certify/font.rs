//! The fonts of the certification text: Liberation Serif, as wide as Times New Roman, found where the system keeps it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use subsetter::GlyphRemapper;
use unicode_normalization::UnicodeNormalization;

use crate::record::Digest;

use super::error::CertifyError;
use super::file::{File, Ref, number};
use super::text::to_unicode;

/// Where Linux distributions put them; the second folder of Debian 12 has version 1, which lacks Vietnamese.
const FOLDERS: [&str; 5] = [
    "/usr/share/fonts/truetype/liberation2",
    "/usr/share/fonts/truetype/liberation",
    "/usr/share/fonts/liberation-serif",
    "/usr/share/fonts/liberation-serif-fonts",
    "/usr/share/fonts/liberation",
];

/// Letters that a font without Vietnamese lacks.
const PROBE: &str = "ĐđƠơƯưẠạẢảẶặỄễỐốỬửỸỹ";

/// Regular and bold.
#[derive(Clone)]
pub struct Fonts {
    faces: [Face; 2],
}

/// One face.
#[derive(Clone)]
pub(super) struct Face {
    name: &'static str,
    path: PathBuf,
    data: Arc<[u8]>,
    /// Units an em.
    units: f64,
}

impl Fonts {
    /// Finds and reads them: in `SAOY_FONT_DIR` if that is set, else in the system's folders.
    ///
    /// # Errors
    /// [`CertifyError::FontMissing`] names the folders; [`CertifyError::Font`] a file that is no font.
    pub fn find() -> Result<Self, CertifyError> {
        match std::env::var_os("SAOY_FONT_DIR") {
            Some(folder) => Self::find_in(&[folder.into()]),
            None => Self::find_in(&FOLDERS.map(PathBuf::from)),
        }
    }

    /// Finds and reads them in the first of these folders that has them.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_in(folders: &[PathBuf]) -> Result<Self, CertifyError> {
        let load = |name: &'static str, file: &'static str| {
            let mut problem = CertifyError::FontMissing { file, folders: folders.to_vec() };
            for path in folders.iter().map(|folder| folder.join(file)).filter(|path| path.is_file()) {
                match Face::read(name, &path) {
                    Ok(face) => return Ok(face),
                    Err(why) => problem = CertifyError::Font { path, why },
                }
            }
            Err(problem)
        };
        Ok(Self {
            faces: [
                load("LiberationSerif", "LiberationSerif-Regular.ttf")?,
                load("LiberationSerif-Bold", "LiberationSerif-Bold.ttf")?,
            ],
        })
    }

    /// Refuses a text that cannot be printed.
    ///
    /// # Errors
    /// [`CertifyError::Glyph`] names the first character without a glyph.
    pub fn check(&self, text: &str) -> Result<(), CertifyError> {
        self.faces.iter().try_for_each(|face| face.width(text, 1.0).map(drop))
    }

    pub(super) fn face(&self, bold: bool) -> &Face {
        &self.faces[usize::from(bold)]
    }
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.faces.iter().map(|face| &face.path)).finish()
    }
}

impl Face {
    /// Reads one face; the answer to a file that will not do is why.
    fn read(name: &'static str, path: &Path) -> Result<Self, String> {
        let data: Arc<[u8]> = std::fs::read(path).map_err(|error| error.to_string())?.into();
        let face = ttf_parser::Face::parse(&data, 0).map_err(|error| error.to_string())?;
        if let Some(c) = PROBE.chars().find(|&c| face.glyph_index(c).is_none_or(|glyph| glyph.0 == 0)) {
            return Err(format!("it lacks the Vietnamese letter {c}"));
        }
        let units = f64::from(face.units_per_em());
        Ok(Self { name, path: path.to_owned(), data, units })
    }

    fn parsed(&self) -> ttf_parser::Face<'_> {
        ttf_parser::Face::parse(&self.data, 0).expect("it was parsed when it was loaded")
    }

    /// The text's width in points.
    pub(super) fn width(&self, text: &str, size: f64) -> Result<f64, CertifyError> {
        let face = self.parsed();
        let mut units = 0.0;
        for c in text.nfc() {
            units += f64::from(face.glyph_hor_advance(self.glyph(&face, c)?).unwrap_or(0));
        }
        Ok(units * size / self.units)
    }

    fn glyph(&self, face: &ttf_parser::Face<'_>, c: char) -> Result<ttf_parser::GlyphId, CertifyError> {
        face.glyph_index(c)
            .filter(|glyph| glyph.0 != 0)
            .ok_or_else(|| CertifyError::Glyph { font: self.name.to_owned(), code: c.into() })
    }

    /// An empty set of used characters.
    pub(super) fn set(&self) -> Set<'_> {
        Set { face: self, parsed: self.parsed(), remapper: GlyphRemapper::new(), used: BTreeMap::new() }
    }
}

/// The characters of one face that a copy uses.
pub(super) struct Set<'a> {
    face: &'a Face,
    parsed: ttf_parser::Face<'a>,
    remapper: GlyphRemapper,
    /// Code in the subset → character and width.
    used: BTreeMap<u16, (char, f64)>,
}

impl Set<'_> {
    /// A text as codes of the subset.
    pub(super) fn codes(&mut self, text: &str) -> Result<Vec<u16>, CertifyError> {
        text.nfc()
            .map(|c| {
                let glyph = self.face.glyph(&self.parsed, c)?;
                let code = self.remapper.remap(glyph.0);
                let advance = f64::from(self.parsed.glyph_hor_advance(glyph).unwrap_or(0));
                self.used.entry(code).or_insert((c, advance * 1000.0 / self.face.units));
                Ok(code)
            })
            .collect()
    }

    /// Writes the font with the glyphs used; none if there are none.
    pub(super) fn write(self, file: &mut File) -> Result<Option<Ref>, CertifyError> {
        if self.used.is_empty() {
            return Ok(None);
        }
        let subset = subsetter::subset(&self.face.data, 0, &self.remapper)
            .map_err(|error| CertifyError::Font { path: self.face.path.clone(), why: error.to_string() })?;
        // Six letters name the subset (ISO 32000-1 section 9.6.4): the same glyphs, the same name.
        let tag: String =
            Digest::of(&subset).0[..6].iter().map(|byte| char::from(b'A' + byte % 26)).collect();
        let name = format!("{tag}+{}", self.face.name);
        let scaled = |units: i16| number(f64::from(units) * 1000.0 / self.face.units);
        let bounds = self.parsed.global_bounding_box();
        let program = file.add_deflated(format_args!("/Length1 {}", subset.len()), &subset);
        let descriptor = file.add(format_args!(
            "<< /Type /FontDescriptor /FontName /{name} /Flags 6 /FontBBox [{} {} {} {}] /ItalicAngle 0 \
             /Ascent {} /Descent {} /CapHeight {} /StemV {} /FontFile2 {program} >>",
            scaled(bounds.x_min),
            scaled(bounds.y_min),
            scaled(bounds.x_max),
            scaled(bounds.y_max),
            scaled(self.parsed.ascender()),
            scaled(self.parsed.descender()),
            scaled(self.parsed.capital_height().unwrap_or(self.parsed.ascender())),
            if self.parsed.is_bold() { 140 } else { 80 },
        ));
        let widths: Vec<String> =
            self.used.iter().map(|(code, (_, width))| format!("{code} [{}]", number(*width))).collect();
        let descendant = file.add(format_args!(
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} \
             /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> \
             /FontDescriptor {descriptor} /DW 0 /W [{}] /CIDToGIDMap /Identity >>",
            widths.join(" ")
        ));
        let map = to_unicode(self.used.iter().map(|(&code, &(c, _))| (code, c)));
        let unicode = file.add_deflated("", map.as_bytes());
        Ok(Some(file.add(format_args!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts [{descendant}] \
             /ToUnicode {unicode} >>"
        ))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_font_names_the_package() {
        let error = Fonts::find_in(&[PathBuf::from("/nowhere")]).expect_err("no such folder");
        let failure = crate::error::Failure::from(error);
        assert!(
            failure.message.contains("LiberationSerif-Regular.ttf") && failure.message.contains("/nowhere")
        );
        assert!(failure.advice.contains("fonts-liberation") && failure.advice.contains("SAOY_FONT_DIR"));
    }

    #[test]
    fn a_file_that_is_no_font_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for file in ["LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf"] {
            std::fs::write(folder.path().join(file), b"no font").expect("it can be written");
        }
        let error = Fonts::find_in(&[folder.path().to_owned()]).expect_err("no font");
        assert!(matches!(error, CertifyError::Font { .. }), "{error}");
    }

    #[test]
    fn a_font_without_vietnamese_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for weight in ["Regular", "Bold"] {
            // A subset with the one glyph that every font has stands in for version 1.
            let path =
                Fonts::find().expect("fonts-liberation2 is installed").face(weight == "Bold").path.clone();
            let data = std::fs::read(path).expect("it was read before");
            let subset = subsetter::subset(&data, 0, &GlyphRemapper::new()).expect("a subset");
            std::fs::write(folder.path().join(format!("LiberationSerif-{weight}.ttf")), subset)
                .expect("it can be written");
        }
        let error = Fonts::find_in(&[folder.path().to_owned()]).expect_err("no Vietnamese").to_string();
        assert!(error.contains("lacks the Vietnamese letter"), "{error}");
    }

    #[test]
    fn the_font_has_every_vietnamese_letter() {
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let letters = "AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXY";
        let tones = ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"];
        for letter in letters.chars().filter(|c| "AĂÂEÊIOÔƠUƯY".contains(*c)) {
            for tone in tones {
                let text = format!("{letter}{tone}");
                for text in [text.clone(), text.to_lowercase()] {
                    assert!(fonts.face(false).width(&text, 10.0).is_ok(), "{text}");
                    assert!(fonts.face(true).width(&text, 10.0).is_ok(), "{text}");
                }
            }
        }
        assert!(fonts.face(false).width(letters, 10.0).is_ok());
    }
}

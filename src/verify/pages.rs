//! What a page shows: the scan's image over all of it, invisible text, and the act's strip below.
//!
//! The digests of the images are computed again from the file in the form that the record has them. Not its business:
//! whether they are the record's.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::geom::Orientation;
use crate::record::{Digest, PageDigest};

use super::document::{Document, dictionary, only, resolve, structure, target};
use super::pdf::{Dictionary, File, Indirect, Lexer, Object, PdfError, Problem, Token, decoded};

/// Decoded bytes of one content stream.
const MAX_CONTENT: usize = 32 << 20;
/// Decoded bytes of an ICC profile, a palette or JBIG2 globals.
const MAX_AUXILIARY: usize = 16 << 20;
/// Decoded bytes of all streams of a small file; a larger one may have twenty times its own length more.
const BUDGET: usize = 64 << 20;
/// Operands of one operator.
const MAX_OPERANDS: usize = 33;
/// Points by which written coordinates may differ: numbers have few decimals.
const TOLERANCE: f64 = 0.01;

/// One page's image as it stands in a copy, for showing what was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct PageImage<'a> {
    /// The stored stream.
    pub data: &'a [u8],
    /// Its filter, colour space, size and parameters, and the digest that the record has of them.
    pub digest: PageDigest,
    /// The colour table of an indexed colour space.
    pub palette: Option<Vec<u8>>,
    /// The segments that a JBIG2 image shares.
    pub globals: Option<Vec<u8>>,
    /// How it is turned to stand upright.
    pub orientation: Orientation,
}

/// Checks one page after another; what pages may share is hashed once.
#[derive(Debug)]
pub(crate) struct Pages<'f, 'a> {
    file: &'f File<'a>,
    /// Decoded profiles, palettes and JBIG2 globals.
    auxiliary: BTreeMap<u32, Digest>,
    /// Images and content streams that a page has; no other page may have them too.
    taken: BTreeSet<u32>,
    /// Bytes that may still be decoded: a small file does not make for hours of work.
    budget: usize,
}

impl<'f, 'a> Pages<'f, 'a> {
    pub(crate) fn new(file: &'f File<'a>) -> Self {
        let budget = BUDGET.saturating_add(file.bytes.len().saturating_mul(20));
        Self { file, auxiliary: BTreeMap::new(), taken: BTreeSet::new(), budget }
    }

    /// Checks how page `index` (from 0) is drawn, and gives the digest of its image.
    pub(crate) fn check(
        &mut self,
        document: &Document<'f, 'a>,
        index: usize,
    ) -> Result<PageDigest, PdfError> {
        let (object, page) = document.pages[index];
        let last = index + 1 == document.pages.len();
        let (image, _) = self.drawing(document, object, page, last)?;
        self.image(image)
    }

    /// The same with what shows the image.
    pub(crate) fn picture(
        &mut self,
        document: &Document<'f, 'a>,
        index: usize,
    ) -> Result<PageImage<'a>, PdfError> {
        let (object, page) = document.pages[index];
        let last = index + 1 == document.pages.len();
        let (image, orientation) = self.drawing(document, object, page, last)?;
        let digest = self.image(image)?;
        let entries = image.value.as_dictionary().expect("its digest was taken");
        let palette = match entries.get("ColorSpace").map(|space| resolve(self.file, space).as_array()) {
            Some(Some([name, _, _, table])) if name.as_name() == Some("Indexed") => Some(match table {
                Object::String(text) => text.bytes.to_vec(),
                reference => self.shared(image, reference)?,
            }),
            _ => None,
        };
        let parms = entries.get("DecodeParms").and_then(Object::as_dictionary);
        let globals = parms.and_then(|parms| parms.get("JBIG2Globals"));
        let globals = globals.map(|reference| self.shared(image, reference)).transpose()?;
        let data = image.stream.expect("its digest was taken");
        Ok(PageImage { data, digest, palette, globals, orientation })
    }

    /// The decoded bytes of a stream that pages may share.
    fn shared(&mut self, owner: &'f Indirect<'a>, reference: &'f Object<'a>) -> Result<Vec<u8>, PdfError> {
        let (stream, _) = target(self.file, owner, Some(reference), "a stream of the image")?;
        Ok(self.decode(stream, MAX_AUXILIARY)?.into_owned())
    }

    fn decode(&mut self, stream: &Indirect<'a>, limit: usize) -> Result<Cow<'a, [u8]>, PdfError> {
        let bytes = decoded(stream, limit.min(self.budget))?;
        self.budget -= bytes.len();
        Ok(bytes)
    }

    /// The digest of a stream that pages may share, decoded.
    fn auxiliary(&mut self, stream: &Indirect<'a>) -> Result<Digest, PdfError> {
        if let Some(digest) = self.auxiliary.get(&stream.number) {
            return Ok(*digest);
        }
        let digest = Digest::of(&self.decode(stream, MAX_AUXILIARY)?);
        self.auxiliary.insert(stream.number, digest);
        Ok(digest)
    }

    /// Claims an object for one page.
    fn take(&mut self, object: &Indirect<'_>) -> Result<(), PdfError> {
        if self.taken.insert(object.number) {
            Ok(())
        } else {
            Err(structure(object, "two pages share a stream"))
        }
    }

    /// The page's dictionary and content; gives the image that covers it, and how it is turned.
    fn drawing(
        &mut self,
        document: &Document<'f, 'a>,
        object: &'f Indirect<'a>,
        page: &'f Dictionary<'a>,
        last: bool,
    ) -> Result<(&'f Indirect<'a>, Orientation), PdfError> {
        let file = self.file;
        let keys = ["Type", "Parent", "MediaBox", "Resources", "Contents", "Annots", "UserUnit"];
        only(object, page, "a page", &keys)?;
        let media =
            numbers::<4>(page.get("MediaBox")).ok_or_else(|| structure(object, "/MediaBox is wrong"))?;
        let [left, bottom, width, height] = media;
        let strip = -bottom;
        if left != 0.0 || width <= 0.0 || height <= 0.0 || strip < 0.0 || (strip > 0.0 && !last) {
            return Err(structure(object, format!("/MediaBox {media:?} is not that of a copy's page")));
        }
        if page.get("UserUnit").is_some() {
            let unit = page.get("UserUnit").and_then(Object::as_number).unwrap_or(0.0);
            let needed = unit > 1.0 && unit * width.max(height + strip) > 14_400.0;
            if !needed {
                return Err(structure(object, "/UserUnit without need"));
            }
        }
        annotations(document, file, object, page, last)?;

        let (owner, resources) = dictionary(file, object, page.get("Resources"), "/Resources")?;
        only(owner, resources, "the page's /Resources", &["XObject", "Font"])?;
        let (owner, drawn) = dictionary(file, owner, resources.get("XObject"), "/XObject")?;
        let allowed: &[&str] = if strip > 0.0 { &["Im0", "Strip"] } else { &["Im0"] };
        only(owner, drawn, "the page's /XObject", allowed)?;
        let (image, _) = target(file, owner, drawn.get("Im0"), "/Im0")?;
        let fonts = fonts(file, object, resources)?;

        let (stream, entries) = target(file, object, page.get("Contents"), "/Contents")?;
        only(stream, entries, "a content stream", &["Length", "Filter"])?;
        self.take(stream)?;
        self.take(image)?;
        let content = self.decode(stream, MAX_CONTENT)?;
        let place = format!("the content stream in object {}", stream.number);
        let shown = content_stream(&content, &fonts, strip).map_err(|e| e.inside(&place))?;
        let covers = (shown.height - height).abs() <= TOLERANCE && (shown.width - width).abs() <= TOLERANCE
            || (shown.height - height).abs() <= TOLERANCE && strip > 0.0 && shown.width < width;
        if !covers {
            let (w, h) = (shown.width, shown.height);
            return Err(structure(
                object,
                format!("the image covers {w} × {h} of a page of {width} × {height}"),
            ));
        }
        if strip > 0.0 {
            let (stream, form) = target(file, owner, drawn.get("Strip"), "/Strip")?;
            self::strip(file, stream, form, [width, strip])?;
        }
        Ok((image, shown.orientation))
    }

    /// The digest of an image XObject, refusing whatever the digest would not see.
    fn image(&mut self, object: &'f Indirect<'a>) -> Result<PageDigest, PdfError> {
        let file = self.file;
        let fail = |what: &str| structure(object, format!("the image's {what} is wrong"));
        let (Some(stream), Some(image)) = (object.stream, object.value.as_dictionary()) else {
            return Err(fail("object"));
        };
        let keys = [
            "Type",
            "Subtype",
            "Width",
            "Height",
            "ColorSpace",
            "BitsPerComponent",
            "Filter",
            "DecodeParms",
            "Decode",
            "Length",
            "Interpolate",
        ];
        only(object, image, "the image", &keys)?;
        if !image.is_name("Subtype", "Image")
            || image.get("Type").is_some_and(|t| t.as_name() != Some("XObject"))
        {
            return Err(fail("type"));
        }
        if image.get("Interpolate").is_some_and(|value| *value != Object::Boolean(false)) {
            return Err(fail("/Interpolate"));
        }
        let filter = image.get("Filter").and_then(Object::as_name).ok_or_else(|| fail("/Filter"))?;
        let known = ["DCTDecode", "JPXDecode", "JBIG2Decode", "CCITTFaxDecode", "FlateDecode"];
        if !known.contains(&filter) {
            return Err(fail("/Filter"));
        }
        let side = |key: &str| {
            let value = image.get(key).and_then(Object::as_integer).and_then(|n| u32::try_from(n).ok());
            value.filter(|n| *n > 0).ok_or_else(|| fail(&format!("/{key}")))
        };
        let bits = match image.get("BitsPerComponent").map(Object::as_integer) {
            None => 0,
            Some(Some(bits @ (1 | 2 | 4 | 8 | 16))) => u8::try_from(bits).expect("at most 16"),
            Some(_) => return Err(fail("/BitsPerComponent")),
        };
        let color_space = match image.get("ColorSpace") {
            None => String::new(),
            Some(space) => self.color_space(object, resolve(file, space), true)?,
        };
        if filter != "JPXDecode" && (bits == 0 || color_space.is_empty()) {
            return Err(fail("/ColorSpace or /BitsPerComponent"));
        }
        let decode = match image.get("Decode") {
            None => None,
            Some(list) => {
                let list: Option<Vec<i64>> =
                    list.as_array().and_then(|items| items.iter().map(Object::as_integer).collect());
                Some(list.ok_or_else(|| fail("/Decode"))?)
            }
        };
        let mut globals = None;
        let mut decode_parms = None;
        if let Some(parms) = image.get("DecodeParms") {
            let parms = parms.as_dictionary().ok_or_else(|| fail("/DecodeParms"))?;
            let mut written = BTreeMap::new();
            for (key, value) in parms.iter() {
                if key == "JBIG2Globals" {
                    let (stream, entries) = target(file, object, Some(value), "/JBIG2Globals")?;
                    only(stream, entries, "a globals stream", &["Length", "Filter"])?;
                    globals = Some(self.auxiliary(stream)?);
                } else {
                    let value = plain(value).ok_or_else(|| fail("/DecodeParms"))?;
                    written.insert(key.to_owned(), value);
                }
            }
            decode_parms = Some(written).filter(|w| !w.is_empty());
        }
        Ok(PageDigest {
            stream: Digest(Sha256::digest(stream).into()),
            filter: filter.to_owned(),
            color_space,
            width: side("Width")?,
            height: side("Height")?,
            bits,
            decode,
            decode_parms,
            globals,
        })
    }

    fn color_space(
        &mut self,
        owner: &'f Indirect<'a>,
        space: &'f Object<'a>,
        indexed: bool,
    ) -> Result<String, PdfError> {
        let fail = || structure(owner, "the image's /ColorSpace is not one of a copy");
        if let Some(name @ ("DeviceGray" | "DeviceRGB")) = space.as_name() {
            return Ok(name.to_owned());
        }
        let items = space.as_array().ok_or_else(fail)?;
        match (items.first().and_then(Object::as_name), items) {
            (Some("ICCBased"), [_, profile]) => {
                let (stream, entries) = target(self.file, owner, Some(profile), "a profile")?;
                only(stream, entries, "a profile", &["N", "Alternate", "Length", "Filter"])?;
                let components = entries.get("N").and_then(Object::as_integer);
                let components = components.filter(|n| [1, 3, 4].contains(n)).ok_or_else(fail)?;
                let digest = self.auxiliary(stream)?;
                Ok(format!("ICCBased:{components}:{digest}"))
            }
            (Some("Indexed"), [_, base, hival, table]) if indexed => {
                let base = self.color_space(owner, resolve(self.file, base), false)?;
                let hival = hival.as_integer().filter(|n| (0..=255).contains(n)).ok_or_else(fail)?;
                let digest = match table {
                    Object::String(text) => Digest::of(&text.bytes),
                    reference => {
                        let (stream, entries) = target(self.file, owner, Some(reference), "a palette")?;
                        only(stream, entries, "a palette", &["Length", "Filter"])?;
                        self.auxiliary(stream)?
                    }
                };
                Ok(format!("Indexed:{base}:{hival}:{digest}"))
            }
            _ => Err(fail()),
        }
    }
}

/// A number, boolean or name as PDF text.
fn plain(value: &Object<'_>) -> Option<String> {
    match value {
        Object::Integer(n) => Some(n.to_string()),
        Object::Real(_, text) => Some((*text).to_owned()),
        Object::Boolean(b) => Some(b.to_string()),
        Object::Name(name) => Some(format!("/{name}")),
        _ => None,
    }
}

fn numbers<const N: usize>(value: Option<&Object<'_>>) -> Option<[f64; N]> {
    let items = value?.as_array()?;
    let list: Option<Vec<f64>> = items.iter().map(Object::as_number).collect();
    list?.try_into().ok()
}

/// The widgets of the signature fields, on the last page; on the others nothing.
fn annotations(
    document: &Document<'_, '_>,
    file: &File<'_>,
    object: &Indirect<'_>,
    page: &Dictionary<'_>,
    last: bool,
) -> Result<(), PdfError> {
    let list = match page.get("Annots") {
        None => &[],
        Some(list) => {
            resolve(file, list).as_array().ok_or_else(|| structure(object, "/Annots is no array"))?
        }
    };
    let shown: Vec<Option<u32>> = list.iter().map(Object::as_reference).collect();
    let widgets: Vec<Option<u32>> = document.fields.iter().map(|field| Some(field.number)).collect();
    if shown != if last { widgets } else { Vec::new() } {
        return Err(structure(object, "an annotation that is no signature field of the copy"));
    }
    Ok(())
}

/// Names of the fonts in `/Font`; composite fonts only, since a Type 3 font could draw anything.
fn fonts<'f, 'a>(
    file: &'f File<'a>,
    owner: &'f Indirect<'a>,
    resources: &'f Dictionary<'a>,
) -> Result<Vec<&'f str>, PdfError> {
    let Some(list) = resources.get("Font") else { return Ok(Vec::new()) };
    let (owner, list) = dictionary(file, owner, Some(list), "/Font")?;
    let mut names = Vec::new();
    for (name, value) in list.iter() {
        let (object, font) = target(file, owner, Some(value), "a font")?;
        if !font.is_name("Type", "Font") || !font.is_name("Subtype", "Type0") {
            return Err(structure(object, "a font that is not composite"));
        }
        names.push(name);
    }
    Ok(names)
}

/// The size at which the image is drawn, in user space, and how it is turned.
struct Shown {
    width: f64,
    height: f64,
    orientation: Orientation,
}

/// `q … cm /Im0 Do Q`, then text in render mode 3, then the strip.
fn content_stream(content: &[u8], fonts: &[&str], strip: f64) -> Result<Shown, PdfError> {
    let mut script = Script { lexer: Lexer::content(content), operands: Vec::new(), start: 0 };
    script.expect("q", 0)?;
    script.expect("cm", 6)?;
    let shown = script.unit_square()?;
    script.draw("Im0")?;
    script.expect("Q", 0)?;

    let mut next = script.operator()?;
    let mut wrapped = false;
    let mut strip_open = false;
    if next == Some("q") {
        // Either the text's own state or the strip's.
        next = script.operator()?;
        wrapped = next == Some("BT");
        strip_open = !wrapped;
    }
    if next == Some("BT") {
        script.operands_are(0)?;
        invisible_text(&mut script, fonts)?;
        if wrapped {
            script.expect("Q", 0)?;
        }
        next = script.operator()?;
    }
    if strip > 0.0 {
        if !strip_open {
            if next != Some("q") {
                return Err(script.wrong());
            }
            script.operands_are(0)?;
            next = script.operator()?;
        }
        if next != Some("cm") {
            return Err(script.wrong());
        }
        script.operands_are(6)?;
        let matrix = script.matrix()?;
        let expected = [1.0, 0.0, 0.0, 1.0, 0.0, -strip];
        if matrix.iter().zip(expected).any(|(is, should)| (is - should).abs() > TOLERANCE) {
            return Err(script.wrong());
        }
        script.draw("Strip")?;
        script.expect("Q", 0)?;
        next = script.operator()?;
    } else if strip_open {
        return Err(script.wrong());
    }
    if next.is_some() || !script.operands.is_empty() {
        return Err(script.wrong());
    }
    Ok(shown)
}

/// Between `BT` and `ET`: nothing is drawn, since every string is shown in render mode 3.
fn invisible_text(script: &mut Script<'_>, fonts: &[&str]) -> Result<(), PdfError> {
    let mut invisible = false;
    loop {
        match script.operator()? {
            Some("Tr") => {
                script.operands_are(1)?;
                invisible = script.operands[0] == Object::Integer(3);
                if !invisible {
                    return Err(script.wrong());
                }
            }
            Some("Tf") => {
                script.operands_are(2)?;
                let font = script.operands[0].as_name().filter(|name| fonts.contains(name));
                if font.is_none() || script.operands[1].as_number().is_none() {
                    return Err(script.wrong());
                }
            }
            Some("Tm") => {
                script.operands_are(6)?;
                script.matrix()?;
            }
            Some("Tz") => {
                script.operands_are(1)?;
                if script.operands[0].as_number().is_none() {
                    return Err(script.wrong());
                }
            }
            Some("Tj") if invisible => {
                script.operands_are(1)?;
                if !script.operands[0].as_text().is_some_and(|text| text.hex) {
                    return Err(script.wrong());
                }
            }
            Some("ET") => return script.operands_are(0),
            _ => return Err(script.wrong()),
        }
    }
}

/// The strip: a form of its own size that draws text and filled rectangles, clipped to its box by the viewer.
fn strip(
    file: &File<'_>,
    object: &Indirect<'_>,
    form: &Dictionary<'_>,
    size: [f64; 2],
) -> Result<(), PdfError> {
    let keys = ["Type", "Subtype", "FormType", "BBox", "Resources", "Length", "Filter"];
    only(object, form, "/Strip", &keys)?;
    let wrong = || structure(object, "/Strip is not a form of the strip's size");
    let bbox = numbers::<4>(form.get("BBox")).ok_or_else(wrong)?;
    let expected = [0.0, 0.0, size[0], size[1]];
    let fits = bbox.iter().zip(expected).all(|(is, should)| (is - should).abs() <= TOLERANCE);
    if !form.is_name("Subtype", "Form") || !fits {
        return Err(wrong());
    }
    if form.get("Resources").is_some() {
        let (owner, resources) = match form.get("Resources") {
            Some(Object::Dictionary(direct)) => (object, direct),
            other => target(file, object, other, "/Resources")?,
        };
        only(owner, resources, "the strip's /Resources", &["Font"])?;
        fonts(file, owner, resources)?;
    }
    let content = decoded(object, MAX_CONTENT)?;
    let place = format!("the strip in object {}", object.number);
    let mut script = Script { lexer: Lexer::content(&content), operands: Vec::new(), start: 0 };
    strip_script(&mut script).map_err(|e| e.inside(&place))
}

fn strip_script(script: &mut Script<'_>) -> Result<(), PdfError> {
    let mut depth = 0i32;
    while let Some(operator) = script.skim()? {
        depth += match operator {
            "q" => 1,
            "Q" => -1,
            "cm" | "g" | "rg" | "G" | "RG" | "re" | "f" | "f*" | "w" | "m" | "l" | "h" | "S" | "s" | "BT"
            | "ET" | "Tf" | "Tm" | "Td" | "TD" | "T*" | "TL" | "Tc" | "Tw" | "Tz" | "Ts" | "Tr" | "Tj"
            | "TJ" => 0,
            _ => return Err(script.wrong()),
        };
        if depth < 0 {
            return Err(script.wrong());
        }
    }
    if depth == 0 { Ok(()) } else { Err(script.wrong()) }
}

/// A content stream, one operator with its operands after another.
struct Script<'c> {
    lexer: Lexer<'c>,
    operands: Vec<Object<'c>>,
    start: usize,
}

impl<'c> Script<'c> {
    /// The next operator; its operands stand in `operands`. None at the end.
    fn operator(&mut self) -> Result<Option<&'c str>, PdfError> {
        self.operands.clear();
        self.lexer.skip_space();
        self.start = self.lexer.position();
        loop {
            match self.lexer.token()? {
                None => return Ok(None),
                Some(Token::Operator(name)) => return Ok(Some(name)),
                Some(Token::Operand(_)) if self.operands.len() == MAX_OPERANDS => return Err(self.wrong()),
                Some(Token::Operand(object)) => self.operands.push(object),
            }
        }
    }

    /// The next operator where its operands do not matter: they are read and not kept. None at the end, where none may be left.
    fn skim(&mut self) -> Result<Option<&'c str>, PdfError> {
        self.lexer.skip_space();
        self.start = self.lexer.position();
        let mut operands = 0;
        loop {
            if !self.lexer.skip_number()? {
                match self.lexer.token()? {
                    None if operands > 0 => return Err(self.wrong()),
                    None => return Ok(None),
                    Some(Token::Operator(name)) => return Ok(Some(name)),
                    Some(Token::Operand(_)) => {}
                }
            }
            operands += 1;
            if operands > MAX_OPERANDS {
                return Err(self.wrong());
            }
        }
    }

    fn expect(&mut self, operator: &str, operands: usize) -> Result<(), PdfError> {
        if self.operator()? != Some(operator) {
            return Err(self.wrong());
        }
        self.operands_are(operands)
    }

    fn operands_are(&self, count: usize) -> Result<(), PdfError> {
        if self.operands.len() == count { Ok(()) } else { Err(self.wrong()) }
    }

    fn matrix(&self) -> Result<[f64; 6], PdfError> {
        let list: Option<Vec<f64>> = self.operands.iter().map(Object::as_number).collect();
        list.and_then(|list| list.try_into().ok()).ok_or_else(|| self.wrong())
    }

    fn draw(&mut self, name: &str) -> Result<(), PdfError> {
        self.expect("Do", 1)?;
        if self.operands[0].as_name() == Some(name) { Ok(()) } else { Err(self.wrong()) }
    }

    /// Where the matrix puts the unit square: upright or turned by right angles, mirrored or not, its corner at the origin.
    fn unit_square(&self) -> Result<Shown, PdfError> {
        let [a, b, c, d, e, f] = self.matrix()?;
        let straight = b == 0.0 && c == 0.0 && a != 0.0 && d != 0.0;
        let turned = a == 0.0 && d == 0.0 && b != 0.0 && c != 0.0;
        let left = e + a.min(0.0) + c.min(0.0);
        let bottom = f + b.min(0.0) + d.min(0.0);
        if !(straight || turned) || left.abs() > TOLERANCE || bottom.abs() > TOLERANCE {
            return Err(self.wrong());
        }
        let orientation = match [a > 0.0, b > 0.0, c > 0.0, d > 0.0] {
            [true, _, _, true] if straight => Orientation::Upright,
            [false, _, _, true] if straight => Orientation::MirrorHorizontal,
            [false, _, _, false] if straight => Orientation::Rotate180,
            _ if straight => Orientation::MirrorVertical,
            [_, false, false, _] => Orientation::Transpose,
            [_, false, true, _] => Orientation::Rotate90,
            [_, true, true, _] => Orientation::Transverse,
            _ => Orientation::Rotate270,
        };
        Ok(Shown { width: a.abs() + c.abs(), height: b.abs() + d.abs(), orientation })
    }

    fn wrong(&self) -> PdfError {
        let what = "an operator that has no place here";
        PdfError::at(self.start, Problem::Structure(what.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::testing::Draft;

    fn run(draft: &Draft) -> Result<PageDigest, String> {
        let bytes = draft.bytes();
        let file = File::parse(&bytes).map_err(|e| e.to_string())?;
        let document = Document::read(&file).map_err(|e| e.to_string())?;
        Pages::new(&file).check(&document, 0).map_err(|e| e.to_string())
    }

    fn content(text: &str) -> Draft {
        let mut draft = Draft::new();
        draft.first[4].1 = crate::verify::testing::stream("", text);
        draft
    }

    const IMAGE: &str = "q 100 0 0 200 0 0 cm /Im0 Do Q\n";
    const STRIP: &str = "q 1 0 0 1 0 -50 cm /Strip Do Q";

    #[test]
    fn digests_what_is_drawn() {
        let digest = run(&Draft::new()).expect("the draft's page is a copy's");
        assert_eq!(digest.stream, Digest::of(b"jpeg bytes"));
        assert_eq!((digest.width, digest.height, digest.bits), (10, 20, 8));
        assert_eq!((digest.filter.as_str(), digest.color_space.as_str()), ("DCTDecode", "DeviceGray"));
        assert_eq!((digest.decode, digest.decode_parms, digest.globals), (None, None, None));
    }

    #[test]
    fn whatever_changes_the_look_changes_the_digest_or_is_refused() {
        let good = run(&Draft::new()).expect("the draft's page is a copy's");
        for (from, to) in [
            ("/BitsPerComponent 8", "/BitsPerComponent 8 /Decode [1 0]"),
            ("/BitsPerComponent 8", "/BitsPerComponent 4"),
            ("/DeviceGray", "/DeviceRGB"),
            ("/Width 10", "/Width 11"),
            ("/Height 20", "/Height 10"),
            ("/DCTDecode", "/FlateDecode"),
            ("/DCTDecode", "/CCITTFaxDecode /DecodeParms << /K -1 >>"),
            ("jpeg bytes", "jpeg bits"),
            ("/DeviceGray", "[/Indexed /DeviceRGB 1 <000000FFFFFF>]"),
        ] {
            let changed = run(&Draft::new().edit(4, from, to)).expect("still an image");
            assert_ne!(changed, good, "{to}");
        }
        for (from, to) in [
            ("/BitsPerComponent 8", "/BitsPerComponent 8 /ImageMask true"),
            ("/BitsPerComponent 8", "/BitsPerComponent 8 /Interpolate true"),
            ("/BitsPerComponent 8", "/BitsPerComponent 8 /Intent /Perceptual"),
            ("/BitsPerComponent 8", "/BitsPerComponent 8 /Decode [0.5 1]"),
            ("/BitsPerComponent 8", "/BitsPerComponent 3"),
            ("/BitsPerComponent 8", ""),
            ("/DCTDecode", "/RunLengthDecode"),
            ("/DCTDecode", "[/FlateDecode /DCTDecode]"),
            ("/DeviceGray", "/DeviceCMYK"),
            ("/DeviceGray", "[/Indexed [/Indexed /DeviceRGB 1 <00>] 1 <00>]"),
            ("/DeviceGray", "[/Separation /All /DeviceGray 9 0 R]"),
        ] {
            assert!(run(&Draft::new().edit(4, from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn takes_each_orientation() {
        // In the order of the tag's values.
        let matrices = [
            "100 0 0 200 0 0",
            "-100 0 0 200 100 0",
            "-100 0 0 -200 100 200",
            "100 0 0 -200 0 200",
            "0 -200 -100 0 100 200",
            "0 -200 100 0 0 200",
            "0 200 100 0 0 0",
            "0 200 -100 0 100 0",
        ];
        for (tag, matrix) in (1..).zip(matrices) {
            let draft = content(&format!("q {matrix} cm /Im0 Do Q {STRIP}"));
            let digest = run(&draft).expect(matrix);
            let bytes = draft.bytes();
            let file = File::parse(&bytes).expect("it was parsed before");
            let document = Document::read(&file).expect("it was read before");
            let picture = Pages::new(&file).picture(&document, 0).expect("it was checked before");
            assert_eq!(picture.orientation, Orientation::from_tag(tag), "{matrix}");
            assert_eq!((picture.data, &picture.digest), (b"jpeg bytes".as_slice(), &digest));
        }
    }

    #[test]
    fn a_picture_has_its_colour_table() {
        let table = "[/Indexed /DeviceRGB 1 <000000FFFFFF>]";
        let bytes = Draft::new().edit(4, "/DeviceGray", table).bytes();
        let file = File::parse(&bytes).expect("the draft is in the grammar");
        let document = Document::read(&file).expect("the draft is a copy's frame");
        let picture = Pages::new(&file).picture(&document, 0).expect("still an image");
        assert_eq!(picture.palette.as_deref(), Some([0, 0, 0, 255, 255, 255].as_slice()));
    }

    #[test]
    fn refuses_an_image_that_does_not_cover_the_page() {
        for matrix in [
            "100 0 0 199 0 0",
            "101 0 0 200 0 0",
            "100 0 0 200 1 0",
            "100 0 0 200 0 -1",
            "100 1 0 200 0 0",
            "50 0 0 100 0 0",
            "0 0 0 0 0 0",
            "100 0 0 0 0 0",
            "100 0 0 200 0",
            "100 0 0 200 0 0 0",
        ] {
            assert!(run(&content(&format!("q {matrix} cm /Im0 Do Q {STRIP}"))).is_err(), "{matrix}");
        }
    }

    #[test]
    fn refuses_whatever_else_draws() {
        for text in [
            IMAGE.to_owned(),
            format!("{STRIP} {IMAGE}"),
            format!("{IMAGE}{STRIP} {STRIP}"),
            format!("{IMAGE}{IMAGE}{STRIP}"),
            format!("{IMAGE}0 0 9 9 re f {STRIP}"),
            format!("{IMAGE}BT /F0 12 Tf <0041> Tj ET {STRIP}"),
            format!("{IMAGE}BT 0 Tr <0041> Tj ET {STRIP}"),
            format!("{IMAGE}BT 3 Tr 0 Tr <0041> Tj ET {STRIP}"),
            format!("{IMAGE}BT 3.0 Tr <0041> Tj ET {STRIP}"),
            format!("{IMAGE}BT 3 Tr (a) Tj ET {STRIP}"),
            format!("{IMAGE}BT 3 Tr /F9 12 Tf <0041> Tj ET {STRIP}"),
            format!("{IMAGE}BT 3 Tr [<0041>] TJ ET {STRIP}"),
            format!("{IMAGE}BT 3 Tr /Im0 Do ET {STRIP}"),
            format!("{IMAGE}BT 3 Tr <0041> Tj {STRIP}"),
            format!("{IMAGE}q 1 0 0 1 0 0 cm /Strip Do Q"),
            format!("{IMAGE}q 2 0 0 1 0 -50 cm /Strip Do Q"),
            format!("{IMAGE}q 1 0 0 1 0 -50 cm /Im0 Do Q"),
            format!("/GS gs {IMAGE}{STRIP}"),
            format!("{IMAGE}{STRIP} % comment"),
            format!("{IMAGE}{STRIP} 1"),
            format!("{IMAGE}BI /W 1 ID x EI {STRIP}"),
            format!("{IMAGE}/OC /P BDC EMC {STRIP}"),
        ] {
            assert!(run(&content(&text)).is_err(), "{text}");
        }
        run(&content(&format!("{IMAGE}q BT 3 Tr /F0 1 Tf 90 Tz 1 0 0 1 0 0 Tm <0041> Tj ET Q {STRIP}")))
            .expect("text in a state of its own");
    }

    #[test]
    fn refuses_other_pages() {
        for (from, to) in [
            ("[0 -50 100 200]", "[0 50 100 200]"),
            ("[0 -50 100 200]", "[1 -50 100 200]"),
            ("[0 -50 100 200]", "[0 0 100 200]"),
            ("[0 -50 100 200]", "[0 -50 100 201]"),
            ("/Type /Page", "/Type /Page /Rotate 90"),
            ("/Type /Page", "/Type /Page /CropBox [0 0 9 9]"),
            ("/Type /Page", "/Type /Page /UserUnit 2"),
            ("/Type /Page", "/Type /Page /Group << >>"),
            ("/Annots [7 0 R 8 0 R]", "/Annots [7 0 R 8 0 R << /Subtype /Link >>]"),
            ("/Annots [7 0 R 8 0 R]", "/Annots [7 0 R]"),
            ("/Annots [7 0 R 8 0 R]", "/Annots [7 0 R 8 0 R 11 0 R]"),
            ("/Font <<", "/ExtGState << >> /Font <<"),
            ("/Im0 4 0 R", "/Im0 4 0 R /Im1 4 0 R"),
            ("/Contents 5 0 R", "/Contents [5 0 R]"),
        ] {
            assert!(run(&Draft::new().edit(3, from, to)).is_err(), "{to}");
        }
        assert!(run(&Draft::new().edit(13, "/Type0", "/Type3")).is_err());
    }

    #[test]
    fn refuses_another_strip() {
        for (from, to) in [
            ("[0 0 100 50]", "[0 0 100 250]"),
            ("/Subtype /Form", "/Subtype /Form /Matrix [1 0 0 1 0 99]"),
            ("/Subtype /Form", "/Subtype /Form /Group << >>"),
            ("/Font <<", "/XObject << /X 4 0 R >> /Font <<"),
            ("q 0 g", "/X Do q 0 g"),
            ("q 0 g", "Q q 0 g"),
            ("q 0 g", "0 g"),
            ("ET", "ET q"),
            ("ET", "ET 5"),
            ("ET", "ET /OC /x BDC"),
        ] {
            assert!(run(&Draft::new().edit(6, from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn pages_share_nothing_and_decoding_is_bounded() {
        let bytes = Draft::new().bytes();
        let file = File::parse(&bytes).expect("the draft is in the grammar");
        let document = Document::read(&file).expect("the draft is a copy's frame");
        let mut pages = Pages::new(&file);
        pages.check(&document, 0).expect("once");
        let again = pages.check(&document, 0).expect_err("the same streams for another page");
        assert!(again.to_string().contains("share"), "{again}");
        let mut pages = Pages { budget: 10, ..Pages::new(&file) };
        let bomb = pages.check(&document, 0).expect_err("more than the budget");
        assert!(bomb.to_string().contains("limit"), "{bomb}");
    }
}

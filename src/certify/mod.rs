//! Pages, text, certification text and evidence → the certified copy, a PDF/A-3u file with PAdES signatures.
//!
//! In come the pages' stored images with their words, the act's strip, the files to attach and what the metadata says; out goes a
//! [`Draft`], which becomes the copy signature by signature. The same input gives the same bytes. Not its business: numbers,
//! times and keys, which are handed in; whether the copy is true, which the verifier judges without knowing this room.
//!
//! ```text
//! compose → Draft → prepare → ToBeSigned → (a key signs) → finish → Draft → … → into_copy
//! ```
//!
//! What PDF/A asks and where it is answered in `docs/pdfa.md`. Beside copies, [`table`] makes PDF/A of lists.

mod act;
mod color;
mod error;
mod file;
mod font;
mod jpx;
mod page;
mod pdfa;
mod sign;
mod strip;
pub mod table;
mod text;

pub use act::{Act, Acts};
pub use error::CertifyError;
pub use font::Fonts;
pub use page::{page_digest, page_digests};
pub use sign::{Draft, Prepared, ToBeSigned, field_name};
pub use strip::{Align, Strip, StripLine};

use time::OffsetDateTime;

use crate::ocr::PageText;
use crate::record::Role;
use crate::scan::StoredImage;

use file::{File, Ref, number};
use strip::Layout;

/// The longest side of a PDF page in its own units (ISO 19005-3 section 6.1.13).
const MAX_SIDE: f64 = 14_400.0;
/// The shortest.
const MIN_SIDE: f64 = 3.0;

/// One page of the copy.
#[derive(Clone, Debug)]
pub struct CopyPage {
    /// The image; its bytes go into the file unchanged.
    pub stored: StoredImage,
    /// Width of the upright page in pixels.
    pub width: u32,
    /// Height of the upright page in pixels.
    pub height: u32,
    /// Pixels an inch of the upright page, horizontal and vertical.
    pub dpi: [f64; 2],
    /// What it says.
    pub text: PageText,
}

/// How an attached file belongs to the copy (`/AFRelationship`, ISO 19005-3 annex E).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relationship {
    /// The data that the copy shows.
    Data,
    /// Further evidence.
    Supplement,
}

impl Relationship {
    const fn name(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Supplement => "Supplement",
        }
    }
}

/// A file inside the copy.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// `application/json` and the like.
    pub media_type: &'static str,
    /// How it belongs to the copy.
    pub relationship: Relationship,
    /// One sentence for people.
    pub description: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// When it was made.
    pub modified: OffsetDateTime,
}

/// What the file says about itself.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The title, from [`Act::title`].
    pub title: String,
    /// The conversion mark, from [`Act::conversion`].
    pub conversion: String,
    /// The converting office.
    pub office: String,
    /// The converting person.
    pub officer: Option<String>,
    /// When the paper was converted.
    pub converted_at: OffsetDateTime,
    /// When the copy was issued.
    pub created: OffsetDateTime,
    /// The first 16 bytes of SHA-256(R); also the file's `/ID`.
    pub copy_id: [u8; 16],
    /// Whether it is a trial.
    pub trial: bool,
}

/// Makes revision 1 of a copy: all pages, the strip under the last, all attachments, a field for each signer.
///
/// The pages are consumed one after another; each image's bytes go from there into the file.
///
/// # Errors
/// A page that PDF/A cannot hold, a strip that cannot be set, no page, no signer.
pub fn compose(
    pages: Vec<CopyPage>,
    strip: &Strip,
    attachments: &[Attachment],
    meta: &Metadata,
    signers: &[Role],
    fonts: &Fonts,
) -> Result<Draft, CertifyError> {
    let images: usize = pages.iter().map(|page| page.stored.data.len()).sum();
    let texts: usize = pages.iter().map(|page| 64 * page.text.words.len()).sum();
    let attached: usize = attachments.iter().map(|attachment| attachment.bytes.len()).sum();
    let mut composer = Composer::new(images + texts + attached + 256 * 1024);
    for page in pages {
        composer.add(page)?;
    }
    composer.finish(strip, attachments, meta, signers, fonts)
}

/// [`compose`] page by page, for documents whose pages should not all be in memory twice.
pub struct Composer {
    file: File,
    root: Ref,
    tree: Ref,
    font: Ref,
    text: text::TextFont,
    shared: page::Shared,
    kids: Vec<Ref>,
    /// The page that came last: it may be the one with the strip.
    held: Option<CopyPage>,
}

/// What the last page has more than the others.
struct LastPage<'a> {
    layout: &'a Layout,
    fonts: &'a Fonts,
    fields: &'a [(Role, Ref)],
}

impl Composer {
    /// An empty copy that will have about so many bytes.
    pub fn new(capacity: usize) -> Self {
        let mut file = File::new(capacity);
        let (root, tree, font) = (file.reserve(), file.reserve(), file.reserve());
        Self {
            file,
            root,
            tree,
            font,
            text: text::TextFont::default(),
            shared: page::Shared::default(),
            kids: Vec::new(),
            held: None,
        }
    }

    /// Adds the next page.
    ///
    /// # Errors
    /// The page before it cannot be written.
    pub fn add(&mut self, page: CopyPage) -> Result<(), CertifyError> {
        if let Some(page) = self.held.replace(page) {
            self.write_page(&page, None)?;
        }
        Ok(())
    }

    /// Adds what belongs to the whole.
    ///
    /// # Errors
    /// As [`compose`].
    pub fn finish(
        mut self,
        strip: &Strip,
        attachments: &[Attachment],
        meta: &Metadata,
        signers: &[Role],
        fonts: &Fonts,
    ) -> Result<Draft, CertifyError> {
        if signers.is_empty() {
            return Err(CertifyError::NoSigner);
        }
        let page = self.held.take().ok_or(CertifyError::NoPage)?;
        let [width, _] = self.size(&page)?;
        let layout = strip::layout(strip, width, fonts)?;
        let fields: Vec<(Role, Ref)> = signers.iter().map(|&role| (role, self.file.reserve())).collect();
        let last = self.write_page(&page, Some(LastPage { layout: &layout, fonts, fields: &fields }))?;
        drop(page);
        let kids: Vec<String> = self.kids.iter().map(Ref::to_string).collect();
        self.file.put(
            self.tree,
            format_args!("<< /Type /Pages /Count {} /Kids [{}] >>", kids.len(), kids.join(" ")),
        );
        self.text.write(&mut self.file, self.font);
        let specs = pdfa::attach(&mut self.file, attachments);
        let widgets: Vec<Ref> = fields.iter().map(|&(_, object)| object).collect();
        let packet = pdfa::copy_xmp(meta);
        pdfa::catalog(&mut self.file, self.root, self.tree, &packet, &widgets, &specs);
        Ok(Draft::new(self.file, self.root, meta.copy_id, &fields, last))
    }

    /// The page's size in points.
    fn size(&self, page: &CopyPage) -> Result<[f64; 2], CertifyError> {
        let [width, height] =
            [f64::from(page.width) * 72.0 / page.dpi[0], f64::from(page.height) * 72.0 / page.dpi[1]];
        // A resolution of 0 or NaN is in no range, so it is refused too.
        let sides = MIN_SIDE..=MAX_SIDE * MAX_SIDE;
        if sides.contains(&width) && sides.contains(&height) {
            Ok([width, height])
        } else {
            Err(CertifyError::PageSize { page: self.kids.len() + 1, width, height })
        }
    }

    fn write_page(&mut self, page: &CopyPage, last: Option<LastPage<'_>>) -> Result<Ref, CertifyError> {
        let [width, height] = self.size(page)?;
        let (box_width, strip_height) =
            last.as_ref().map_or((width, 0.0), |last| (last.layout.width, last.layout.height));
        let longest = f64::max(box_width, height + strip_height);
        let unit = if longest > MAX_SIDE { (longest / MAX_SIDE).ceil() } else { 1.0 };
        let [width, height, box_width] = [width, height, box_width].map(|side| side / unit);
        let strip_height = number(strip_height / unit);

        let image = page::write_image(&mut self.file, &mut self.shared, &page.stored)?;
        let mut content = page::place(page.stored.orientation, width, height);
        if page.text.width > 0 && page.text.height > 0 {
            let scale = [width / f64::from(page.text.width), height / f64::from(page.text.height)];
            content.push_str(&text::operators(&page.text, scale, height, &mut self.text));
        }
        let mut strip = String::new();
        let mut annotations = String::new();
        if let Some(last) = last {
            let form = last.layout.write(&mut self.file, last.fonts, unit)?;
            strip = format!(" /Strip {form}");
            content.push_str(&format!("q 1 0 0 1 0 -{strip_height} cm /Strip Do Q\n"));
            let widgets: Vec<String> = last.fields.iter().map(|(_, object)| object.to_string()).collect();
            annotations = format!(" /Annots [{}]", widgets.join(" "));
        }
        let contents = self.file.add_deflated("", content.as_bytes());
        let bottom = if strip_height == "0" { strip_height } else { format!("-{strip_height}") };
        let unit = if unit == 1.0 { String::new() } else { format!(" /UserUnit {}", number(unit)) };
        let object = self.file.add(format_args!(
            "<< /Type /Page /Parent {} /MediaBox [0 {bottom} {} {}]{unit} \
             /Resources << /XObject << /Im0 {image}{strip} >> /Font << /F0 {} >> >> /Contents {contents}{annotations} >>",
            self.tree,
            number(box_width),
            number(height),
            self.font,
        ));
        self.kids.push(object);
        Ok(object)
    }
}

//! PDF (ISO 32000). A page that is exactly one image is taken as that image, its stream byte for byte where PDF/A
//! allows the filter; every other page is rendered.
//!
//! The `pdf` crate reads the structure. A file that it cannot read, but the more forgiving reader inside `hayro` can, is
//! rendered throughout. Before either sees the file, `sweep` refuses streams that would expand beyond the limit.

mod content;
mod image;
mod objects;
mod render;
mod sweep;

use std::sync::Arc;

use ::pdf::primitive::{Dictionary, Primitive};

use self::content::Matrix;
use self::objects::Objects;
use super::limits::timed;
use super::{Format, Kept, Limits, ScanError, resolution};
use crate::geom::Orientation;

/// A PDF file that came in.
pub(super) struct Pdf {
    bytes: Arc<[u8]>,
    /// None where only the renderer can read the file.
    objects: Option<Arc<Objects>>,
    pages: Vec<Arc<PageInfo>>,
}

/// A leaf of the page tree with what it inherits.
#[derive(Debug)]
struct PageInfo {
    /// Number and generation of the page's object; none where the tree holds the dictionary itself.
    object: Option<(u64, u64)>,
    dictionary: Dictionary,
    resources: Primitive,
    /// Crop box within the media box: x0, y0, x1, y1 in user space.
    view: [f64; 4],
    /// Quarter turns clockwise.
    turns: u8,
    /// Points in a unit of user space.
    user_unit: f64,
}

impl Pdf {
    pub(super) fn open(bytes: &Arc<[u8]>, limits: &Limits) -> Result<Self, ScanError> {
        let (bytes, limits) = (Arc::clone(bytes), *limits);
        let broken = || ScanError::broken(Format::Pdf, "its structure cannot be read");
        timed(limits.page_timeout, 0, move || Self::read(bytes, &limits))?.unwrap_or_else(|| Err(broken()))
    }

    fn read(bytes: Arc<[u8]>, limits: &Limits) -> Result<Self, ScanError> {
        if sweep::mentions_encryption(&bytes) {
            return Err(ScanError::Encrypted);
        }
        sweep::refuse_bombs(&bytes, limits)?;
        let objects = Objects::read(&bytes);
        let tree = match &objects {
            Some(objects) if objects.encrypted() => return Err(ScanError::Encrypted),
            Some(objects) => page_tree(objects, limits)?,
            None => None,
        };
        let pages = match tree {
            Some(pages) => pages,
            None => {
                // A file cut off in transfer can be mended too, to pages with holes.
                let end = &bytes[bytes.len().saturating_sub(2048)..];
                if !end.windows(5).any(|window| window == b"%%EOF") {
                    return Err(ScanError::broken(Format::Pdf, "it ends early"));
                }
                let count = render::count(&bytes)?;
                limits.pages(count)?;
                return Self {
                    bytes,
                    objects: None,
                    pages: (0..count).map(|_| Arc::new(PageInfo::unknown())).collect(),
                }
                .not_empty();
            }
        };
        Self { bytes, objects: objects.map(Arc::new), pages }.not_empty()
    }

    fn not_empty(self) -> Result<Self, ScanError> {
        if self.pages.is_empty() {
            return Err(ScanError::NoPages { format: Format::Pdf });
        }
        Ok(self)
    }

    pub(super) fn page_count(&self) -> u32 {
        // `Limits::max_pages` is a u32.
        self.pages.len() as u32
    }

    /// Most scans have pages of one kind: an even share, and the content's size is not looked up for it.
    pub(super) fn cost(&self, _number: u32) -> u64 {
        (self.bytes.len() / self.pages.len()).max(1) as u64
    }

    pub(super) fn keep(&self, number: u32, limits: &Limits) -> Result<Kept, ScanError> {
        let page = &self.pages[number as usize - 1];
        if let Some(objects) = &self.objects {
            let (reader, info, bounds) = (Arc::clone(objects), Arc::clone(page), *limits);
            let found = timed(limits.page_timeout, number, move || {
                content::one_image(&reader, &info, number, &bounds)
            })?;
            // A panic in the reader leaves the page to the renderer, which has a reader of its own.
            if let Some(drawn) = found.transpose()?.flatten()
                && let Some(kept) = self.one_image(objects, page, &drawn, limits)?
            {
                return Ok(kept);
            }
            let (reader, info, bounds) = (Arc::clone(objects), Arc::clone(page), *limits);
            timed(limits.page_timeout, number, move || {
                sweep::refuse_images(&reader, &info, number, &bounds)
            })?
            .unwrap_or(Ok(()))?;
        }
        render::keep(&self.bytes, number, page.object, page.user_unit, limits)
    }

    /// The page as its one image, if image and page coincide and the image is of a kind that can be kept.
    fn one_image(
        &self,
        objects: &Objects,
        page: &PageInfo,
        drawn: &content::Drawn,
        limits: &Limits,
    ) -> Result<Option<Kept>, ScanError> {
        let Some((orientation, across, down)) = placement(&drawn.matrix, page) else { return Ok(None) };
        let Some((mut stored, pixels)) = image::keep(objects, drawn, &page.resources, limits)? else {
            return Ok(None);
        };
        stored.orientation = orientation;
        let inches = |units: f64| units * page.user_unit / 72.0;
        let stored_dpi = [f64::from(stored.width) / inches(across), f64::from(stored.height) / inches(down)];
        let (width, height, said) = if orientation.swaps_axes() {
            (stored.height, stored.width, [stored_dpi[1], stored_dpi[0]])
        } else {
            (stored.width, stored.height, stored_dpi)
        };
        // Boxes are given to a hundredth of a point at best: 299.99 was 300.
        let said = said.map(|dpi| if (dpi - dpi.round()).abs() < dpi * 0.001 { dpi.round() } else { dpi });
        let (dpi, dpi_source) = resolution(Some(said), width, height);
        let pixels = pixels.map(|pixels| super::decode::turn(pixels, orientation));
        Ok(Some(Kept { stored, dpi, dpi_source, pixels }))
    }
}

impl PageInfo {
    fn unknown() -> Self {
        Self {
            object: None,
            dictionary: Dictionary::new(),
            resources: Primitive::Null,
            view: [0.0; 4],
            turns: 0,
            user_unit: 1.0,
        }
    }
}

/// How an image that covers exactly the page's view lies on it: its orientation with the page's rotation, and the
/// lengths of its stored width and height in user space. None where it does not cover exactly that.
fn placement(matrix: &Matrix, page: &PageInfo) -> Option<(Orientation, f64, f64)> {
    // Producers round boxes to whole points; two points are 0.7 mm.
    const TOLERANCE: f64 = 2.0;
    let [a, b, c, d, e, f] = *matrix;
    let slack = 1e-4 * (a.abs() + b.abs() + c.abs() + d.abs());
    let (straight, crossed) = (b.abs() <= slack && c.abs() <= slack, a.abs() <= slack && d.abs() <= slack);
    if straight == crossed {
        return None;
    }
    let (x, y) = ([e, e + a + c], [f, f + b + d]);
    let edges = [x[0].min(x[1]), y[0].min(y[1]), x[0].max(x[1]), y[0].max(y[1])];
    if edges.iter().zip(&page.view).any(|(edge, view)| (edge - view).abs() > TOLERANCE) {
        return None;
    }
    // Where the image's right and up point on the page, each quarter turn of which is (x, y) → (y, −x).
    let sign = |v: f64| {
        if v.abs() <= slack {
            0
        } else if v > 0.0 {
            1
        } else {
            -1
        }
    };
    let mut right = (sign(a), sign(b));
    let mut up = (sign(c), sign(d));
    for _ in 0..page.turns {
        right = (right.1, -right.0);
        up = (up.1, -up.0);
    }
    let orientation = match (right, up) {
        ((1, 0), (0, 1)) => Orientation::Upright,
        ((-1, 0), (0, 1)) => Orientation::MirrorHorizontal,
        ((-1, 0), (0, -1)) => Orientation::Rotate180,
        ((1, 0), (0, -1)) => Orientation::MirrorVertical,
        ((0, -1), (-1, 0)) => Orientation::Transpose,
        ((0, -1), (1, 0)) => Orientation::Rotate90,
        ((0, 1), (1, 0)) => Orientation::Transverse,
        ((0, 1), (-1, 0)) => Orientation::Rotate270,
        _ => return None,
    };
    Some((orientation, a.hypot(b), c.hypot(d)))
}

/// The leaves of the page tree in order. `Ok(None)` where the tree is broken in a way that the renderer may mend.
fn page_tree(objects: &Objects, limits: &Limits) -> Result<Option<Vec<Arc<PageInfo>>>, ScanError> {
    const DEEPEST: usize = 64;
    #[derive(Clone)]
    struct Inherited {
        resources: Primitive,
        media: Option<[f64; 4]>,
        crop: Option<[f64; 4]>,
        rotate: i64,
    }
    struct Node {
        object: Option<(u64, u64)>,
        kids: std::vec::IntoIter<Primitive>,
        inherited: Inherited,
    }
    let merge = |dictionary: &Dictionary, from: &Inherited| Inherited {
        resources: match objects.get(dictionary, "Resources") {
            Primitive::Null => from.resources.clone(),
            resources => resources,
        },
        media: objects.rectangle(dictionary, "MediaBox").or(from.media),
        crop: objects.rectangle(dictionary, "CropBox").or(from.crop),
        rotate: objects.number(dictionary, "Rotate").map_or(from.rotate, |turn| turn as i64),
    };
    let Some(root) = objects.root() else { return Ok(None) };
    let nothing = Inherited { resources: Primitive::Null, media: None, crop: None, rotate: 0 };
    let top = root.get("Pages").cloned().unwrap_or(Primitive::Null);
    let mut stack = vec![Node { object: None, kids: vec![top].into_iter(), inherited: nothing }];
    let mut pages = Vec::new();
    while let Some(node) = stack.last_mut() {
        let Some(kid) = node.kids.next() else {
            stack.pop();
            continue;
        };
        let inherited = node.inherited.clone();
        let object = match &kid {
            Primitive::Reference(reference) => Some((reference.id, reference.r#gen)),
            _ => None,
        };
        if let Some(id) = object
            && stack.iter().any(|ancestor| ancestor.object == Some(id))
        {
            return Err(ScanError::PageTreeLoop { object: id.0 });
        }
        let Primitive::Dictionary(dictionary) = objects.resolve(&kid) else { return Ok(None) };
        let merged = merge(&dictionary, &inherited);
        if let Primitive::Array(kids) = objects.get(&dictionary, "Kids") {
            if stack.len() > DEEPEST {
                return Ok(None);
            }
            stack.push(Node { object, kids: kids.into_iter(), inherited: merged });
            continue;
        }
        const A4: [f64; 4] = [0.0, 0.0, 595.276, 841.89];
        let media = merged.media.unwrap_or(A4);
        let crop = merged.crop.unwrap_or(media);
        let view =
            [crop[0].max(media[0]), crop[1].max(media[1]), crop[2].min(media[2]), crop[3].min(media[3])];
        pages.push(Arc::new(PageInfo {
            object,
            user_unit: objects.number(&dictionary, "UserUnit").filter(|unit| *unit >= 0.01).unwrap_or(1.0),
            dictionary,
            resources: merged.resources,
            view,
            // 0 to 3 quarter turns: fits.
            turns: (merged.rotate.rem_euclid(360) / 90) as u8,
        }));
        limits.pages(pages.len())?;
    }
    Ok(Some(pages))
}

//! What to make: the committed set by name, or papers drawn by chance.

use super::dice::Dice;
use super::font;
use super::output::{self, Expected, Files, PageText};
use super::scan::{self, Glass};
use super::{birth, cards, civil, deeds, office};

/// The forms that can be set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `giay-khai-sinh`.
    Birth,
    /// `van-ban`.
    Office,
    /// `giay-chung-nhan-ket-hon`.
    Marriage,
    /// `trich-luc-khai-tu`.
    Death,
    /// `giay-xac-nhan-tinh-trang-hon-nhan`.
    Marital,
    /// `bang-tot-nghiep`.
    Diploma,
    /// `dang-ky-doanh-nghiep`.
    Business,
    /// `dang-ky-xe`.
    Vehicle,
    /// `giay-phep-lai-xe`.
    Licence,
    /// `can-cuoc`.
    Identity,
    /// `cccd`.
    OldIdentity,
    /// `giay-chung-nhan-qsdd`.
    Land,
}

impl Form {
    /// All, in the order in which a split takes turns.
    pub(crate) const ALL: [Self; 12] = [
        Self::Birth,
        Self::Office,
        Self::Marriage,
        Self::Death,
        Self::Marital,
        Self::Diploma,
        Self::Business,
        Self::Vehicle,
        Self::Licence,
        Self::Identity,
        Self::OldIdentity,
        Self::Land,
    ];

    /// The form's id.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Birth => "giay-khai-sinh",
            Self::Office => "van-ban",
            Self::Marriage => "giay-chung-nhan-ket-hon",
            Self::Death => "trich-luc-khai-tu",
            Self::Marital => "giay-xac-nhan-tinh-trang-hon-nhan",
            Self::Diploma => "bang-tot-nghiep",
            Self::Business => "dang-ky-doanh-nghiep",
            Self::Vehicle => "dang-ky-xe",
            Self::Licence => "giay-phep-lai-xe",
            Self::Identity => "can-cuoc",
            Self::OldIdentity => "cccd",
            Self::Land => "giay-chung-nhan-qsdd",
        }
    }

    /// How its samples' names begin.
    fn stem(self) -> &'static str {
        match self {
            Self::Birth => "khai-sinh",
            Self::Marriage => "ket-hon",
            Self::Death => "khai-tu",
            Self::Marital => "hon-nhan",
            other => other.id(),
        }
    }
}

/// How tired paper and scanner are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wear {
    /// Straight from the press.
    Clean,
    /// A good scan.
    Scan,
    /// An old paper, badly laid on the glass.
    Old,
    /// The measured column: a seal over text, 2° askew, 200 dpi, noise, JPEG of quality 60.
    Worn,
    /// The measured column: photographed aslant on a table, partly in shadow.
    Phone,
}

/// Which papers a tuning may see: no font, arrangement or seed is in two of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    /// For tuning.
    Tune,
    /// For calibrating confidence.
    Calibrate,
    /// For the one look at the end.
    Test,
}

impl Split {
    /// Added to every seed.
    fn salt(self) -> u64 {
        match self {
            Self::Tune => 0x7475_6e65 << 32,
            Self::Calibrate => 0x6361_6c69 << 32,
            Self::Test => 0x7465_7374 << 32,
        }
    }

    /// The two arrangements of every form that are its own, of six.
    fn plans(self) -> [u8; 2] {
        match self {
            Self::Tune => [0, 3],
            Self::Calibrate => [1, 4],
            Self::Test => [2, 5],
        }
    }
}

/// What the scanner keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// Colour.
    Rgb,
    /// Grey.
    Gray,
    /// Black and white.
    Bilevel,
}

/// The file's kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Jpg,
    Png,
    Tif,
    Pdf,
}

/// How papers drawn by chance are scanned; `None` is mixed.
#[derive(Clone, Copy)]
pub(crate) struct Scans {
    /// Pixels an inch.
    pub(crate) dpi: Option<u32>,
    /// Wear.
    pub(crate) wear: Option<Wear>,
    /// Colour.
    pub(crate) color: Option<Color>,
    /// Fonts, arrangements and seeds of one split alone.
    pub(crate) split: Option<Split>,
}

/// Which birth certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// Bản chính.
    Original,
    /// Bản sao.
    Copy,
    /// Trích lục.
    Extract,
}

impl Variant {
    /// The field's value.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Original => "ban_chinh",
            Self::Copy => "ban_sao",
            Self::Extract => "trich_luc",
        }
    }
}

/// How a birth certificate is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Agency left, nation right, number under the title.
    Standard,
    /// Number and book number under the agency, values at a tab stop, registration before the declarant.
    Book,
    /// No agency, nation in the middle, number at the right.
    Bare,
}

/// Everything about a paper's looks that is not its words.
pub(super) struct Look {
    labels: &'static str,
    values: &'static str,
    pub(super) bold_values: bool,
    pub(super) red_title: bool,
    pub(super) red_number: bool,
    pub(super) leaders: bool,
    pub(super) old_tones: bool,
    pub(super) southern: bool,
    pub(super) no_father: bool,
    pub(super) seal_on_signer: bool,
    pub(super) seal_on_child: bool,
    pub(super) variant: Variant,
    pub(super) layout: Layout,
    pub(super) kind: Option<usize>,
    pub(super) two_pages: bool,
    pub(super) dense: bool,
    /// Which of a form's arrangements: 0 to 5, two for each split; 6 is that of the kept birth certificates.
    pub(super) plan: u8,
}

/// The measures of an arrangement, in points.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    /// Left margin.
    pub(super) left: f32,
    /// Right margin.
    pub(super) right: f32,
    /// Size of type.
    pub(super) size: f32,
    /// Pitch of rows, as a share of the usual.
    pub(super) pitch: f32,
}

impl Look {
    /// The measures of the plan.
    pub(super) fn measure(&self) -> Measure {
        let (left, right, size, pitch) = [
            (64.0, 46.0, 12.0, 1.02),
            (78.0, 54.0, 12.4, 0.99),
            (70.0, 44.0, 11.8, 1.04),
            (80.0, 58.0, 11.7, 0.97),
            (62.0, 42.0, 12.5, 1.0),
            (75.0, 48.0, 12.1, 1.03),
            (72.0, 50.0, 12.2, 1.0),
        ][usize::from(self.plan)];
        Measure { left, right, size, pitch }
    }
}

const PLAIN: Look = Look {
    labels: "Liberation Serif",
    values: "Liberation Serif",
    bold_values: false,
    red_title: false,
    red_number: false,
    leaders: true,
    old_tones: false,
    southern: false,
    no_father: false,
    seal_on_signer: false,
    seal_on_child: false,
    variant: Variant::Original,
    layout: Layout::Standard,
    kind: None,
    two_pages: false,
    dense: false,
    plan: 6,
};

/// One paper to make.
pub(crate) struct Recipe {
    name: String,
    seed: u64,
    number: u64,
    form: Form,
    dpi: u32,
    wear: Wear,
    color: Color,
    ending: Ending,
    look: Look,
}

/// The set that the repository keeps.
pub(crate) fn committed() -> Vec<Recipe> {
    use {Color::*, Ending::*, Form::*, Wear::*};
    let paper = |name: &str, form, dpi, wear, color, ending, look| Recipe {
        name: name.to_owned(),
        seed: 1,
        number: 0,
        form,
        dpi,
        wear,
        color,
        ending,
        look,
    };
    let mut all = vec![
        paper("khai-sinh-01-ban-chinh", Birth, 300, Scan, Rgb, Jpg, Look { red_title: true, ..PLAIN }),
        paper(
            "khai-sinh-02-dau-tren-ten",
            Birth,
            300,
            Scan,
            Rgb,
            Jpg,
            Look {
                seal_on_child: true,
                seal_on_signer: true,
                red_title: true,
                labels: "TeX Gyre Termes",
                values: "TeX Gyre Termes",
                ..PLAIN
            },
        ),
        paper(
            "khai-sinh-03-so-do",
            Birth,
            300,
            Old,
            Rgb,
            Jpg,
            Look {
                seal_on_signer: true,
                red_title: true,
                red_number: true,
                old_tones: true,
                layout: Layout::Book,
                values: "Liberation Sans",
                ..PLAIN
            },
        ),
        paper(
            "khai-sinh-04-ban-sao",
            Birth,
            200,
            Scan,
            Rgb,
            Jpg,
            Look {
                variant: Variant::Copy,
                southern: true,
                seal_on_signer: true,
                labels: "FreeSerif",
                values: "FreeSerif",
                ..PLAIN
            },
        ),
        paper(
            "khai-sinh-05-ban-sao-cu",
            Birth,
            200,
            Old,
            Rgb,
            Jpg,
            Look {
                variant: Variant::Copy,
                layout: Layout::Bare,
                southern: true,
                old_tones: true,
                red_number: true,
                seal_on_signer: true,
                ..PLAIN
            },
        ),
        paper(
            "khai-sinh-06-trich-luc",
            Birth,
            200,
            Scan,
            Rgb,
            Jpg,
            Look {
                variant: Variant::Extract,
                layout: Layout::Book,
                leaders: false,
                bold_values: true,
                seal_on_child: true,
                ..PLAIN
            },
        ),
        paper(
            "khai-sinh-07-xam",
            Birth,
            300,
            Scan,
            Gray,
            Jpg,
            Look { labels: "Noto Serif", values: "Noto Serif", seal_on_signer: true, ..PLAIN },
        ),
        paper("khai-sinh-08-den-trang", Birth, 300, Scan, Bilevel, Tif, Look { bold_values: true, ..PLAIN }),
        paper(
            "khai-sinh-09-khuyet-cha",
            Birth,
            200,
            Scan,
            Rgb,
            Jpg,
            Look {
                no_father: true,
                layout: Layout::Bare,
                red_title: true,
                labels: "Liberation Sans",
                values: "Liberation Sans",
                ..PLAIN
            },
        ),
        paper(
            "khai-sinh-10-dau-de-ten",
            Birth,
            200,
            Old,
            Rgb,
            Jpg,
            Look {
                seal_on_child: true,
                seal_on_signer: true,
                old_tones: true,
                labels: "DejaVu Serif Condensed",
                values: "DejaVu Serif Condensed",
                ..PLAIN
            },
        ),
        paper(
            "khai-sinh-11-den-trang",
            Birth,
            200,
            Scan,
            Bilevel,
            Png,
            Look { variant: Variant::Copy, labels: "TeX Gyre Termes", values: "TeX Gyre Termes", ..PLAIN },
        ),
        paper(
            "khai-sinh-12-sach",
            Birth,
            200,
            Clean,
            Rgb,
            Png,
            Look { seal_on_signer: true, red_title: true, values: "Liberation Mono", ..PLAIN },
        ),
        paper(
            "van-ban-01-quyet-dinh",
            Office,
            300,
            Scan,
            Rgb,
            Jpg,
            Look { kind: Some(0), seal_on_signer: true, ..PLAIN },
        ),
        paper(
            "van-ban-02-thong-bao",
            Office,
            200,
            Scan,
            Rgb,
            Jpg,
            Look {
                kind: Some(1),
                red_number: true,
                red_title: true,
                seal_on_signer: true,
                labels: "TeX Gyre Termes",
                ..PLAIN
            },
        ),
        paper(
            "van-ban-03-cong-van",
            Office,
            200,
            Old,
            Rgb,
            Jpg,
            Look { kind: Some(5), labels: "FreeSerif", ..PLAIN },
        ),
        paper(
            "van-ban-04-bao-cao-hai-trang",
            Office,
            300,
            Scan,
            Bilevel,
            Tif,
            Look { kind: Some(3), two_pages: true, ..PLAIN },
        ),
        paper(
            "van-ban-05-ke-hoach-hai-trang",
            Office,
            200,
            Scan,
            Rgb,
            Pdf,
            Look { kind: Some(2), two_pages: true, seal_on_signer: true, labels: "Liberation Sans", ..PLAIN },
        ),
        paper(
            "van-ban-06-to-trinh",
            Office,
            200,
            Scan,
            Gray,
            Jpg,
            Look { kind: Some(4), labels: "Noto Serif", ..PLAIN },
        ),
        paper("ket-hon-01", Marriage, 200, Scan, Rgb, Jpg, Look { red_number: true, ..PLAIN }),
        paper("khai-tu-01", Death, 200, Scan, Gray, Jpg, PLAIN),
        paper("hon-nhan-01", Marital, 200, Scan, Rgb, Jpg, Look { labels: "TeX Gyre Termes", ..PLAIN }),
        paper("bang-tot-nghiep-01", Diploma, 200, Scan, Rgb, Jpg, Look { red_title: true, ..PLAIN }),
        paper("doanh-nghiep-01", Business, 200, Scan, Gray, Jpg, PLAIN),
        paper("dang-ky-xe-01", Vehicle, 200, Scan, Rgb, Jpg, PLAIN),
        paper("giay-phep-lai-xe-01", Licence, 200, Scan, Rgb, Jpg, PLAIN),
        paper("can-cuoc-01", Identity, 200, Scan, Rgb, Jpg, PLAIN),
        paper("cccd-01", OldIdentity, 200, Scan, Rgb, Jpg, PLAIN),
        paper("quyen-su-dung-dat-01", Land, 200, Scan, Gray, Pdf, PLAIN),
    ];
    for (recipe, number) in all.iter_mut().zip(1..) {
        recipe.number = number;
    }
    all
}

/// `count` papers drawn by chance; `form` and parts of `scans` that are `None` are mixed. `dense` asks for office pages
/// full of text.
pub(crate) fn drawn(
    seed: u64,
    count: u64,
    form: Option<Form>,
    scans: Scans,
    dense: bool,
) -> Result<Vec<Recipe>, String> {
    let (families, official) = match scans.split {
        Some(split) => font::of_split(split),
        None => (font::available()?, 3),
    };
    if families.is_empty() {
        return Err("none of the split's fonts is installed: apt-get install fonts-liberation2".into());
    }
    let official = official.clamp(1, families.len());
    Ok((1..=count).map(|number| draw(seed, number, form, scans, dense, &families, official)).collect())
}

fn draw(
    seed: u64,
    number: u64,
    form: Option<Form>,
    scans: Scans,
    dense: bool,
    families: &[&'static str],
    official: usize,
) -> Recipe {
    // Another stream than the paper's own words, so that asking for another look keeps the words.
    let seed = scans.split.map_or(seed, |split| seed.wrapping_add(split.salt()));
    let dice = &mut Dice::new(seed, number | 1 << 63);
    let mixed = if dice.chance(0.65) { Form::Birth } else { Form::Office };
    let in_turn = Form::ALL[(number - 1) as usize % Form::ALL.len()];
    let form = form.unwrap_or(if scans.split.is_some() { in_turn } else { mixed });
    let dpi = if dice.chance(0.6) { 300 } else { 200 };
    let dpi = scans.dpi.unwrap_or(match scans.wear {
        Some(Wear::Worn) => 200,
        Some(Wear::Clean | Wear::Phone) if scans.split.is_some() => 300,
        _ => dpi,
    });
    let wear = match dice.whole(0, 9) {
        0 => Wear::Clean,
        1..=6 => Wear::Scan,
        _ => Wear::Old,
    };
    let wear = scans.wear.unwrap_or(wear);
    let color = match dice.whole(0, 9) {
        0..=6 => Color::Rgb,
        7..=8 => Color::Gray,
        _ => Color::Bilevel,
    };
    let measured = matches!(wear, Wear::Worn | Wear::Phone) || scans.split.is_some();
    let color = scans.color.unwrap_or(if measured { Color::Rgb } else { color });
    let labels = if dice.chance(0.6) { dice.pick(&families[..official]) } else { dice.pick(families) };
    let labels = if labels.contains("Mono") { families[0] } else { labels };
    let values = if dice.chance(0.7) { labels } else { dice.pick(families) };
    let two_pages = !dense && form == Form::Office && dice.chance(0.2);
    let two_pages = two_pages || form == Form::Land;
    let plan = match scans.split {
        Some(split) => split.plans()[usize::from(dice.chance(0.5))],
        None => 6,
    };
    let mut look = Look {
        labels,
        values,
        bold_values: dice.chance(0.3),
        red_title: dice.chance(0.4),
        red_number: dice.chance(0.25),
        leaders: dice.chance(0.8),
        old_tones: dice.chance(0.25),
        southern: dice.chance(0.4),
        no_father: dice.chance(0.07),
        seal_on_signer: color != Color::Bilevel && dice.chance(0.6),
        seal_on_child: color != Color::Bilevel && dice.chance(0.2),
        variant: match dice.whole(0, 9) {
            0..=4 => Variant::Original,
            5..=7 => Variant::Copy,
            _ => Variant::Extract,
        },
        layout: match dice.whole(0, 9) {
            0..=4 => Layout::Standard,
            5..=7 => Layout::Book,
            _ => Layout::Bare,
        },
        kind: None,
        two_pages: two_pages && (wear != Wear::Phone || form == Form::Land),
        dense,
        plan,
    };
    if wear == Wear::Worn {
        look.seal_on_signer = true;
        look.seal_on_child = dice.chance(0.5);
    }
    if plan < 6 {
        look.layout =
            [Layout::Standard, Layout::Book, Layout::Bare, Layout::Book, Layout::Bare, Layout::Standard]
                [usize::from(plan)];
    }
    let two_pages = look.two_pages;
    let ending = match (color, two_pages) {
        (Color::Bilevel, true) => Ending::Tif,
        (_, true) => Ending::Pdf,
        (Color::Bilevel, false) if dice.chance(0.5) => Ending::Tif,
        (Color::Bilevel, false) => Ending::Png,
        _ if wear == Wear::Clean => Ending::Png,
        _ => Ending::Jpg,
    };
    let name = format!("{}-{number:04}", form.stem());
    // JPEG is what the benchmark wants whatever the wear.
    let ending = if dense && color != Color::Bilevel { Ending::Jpg } else { ending };
    Recipe { name, seed, number, form, dpi, wear, color, ending, look }
}

/// Sets, scans and codes one paper. The error names a missing font and its package.
pub(crate) fn make(recipe: &Recipe) -> Result<Files, String> {
    let dice = &mut Dice::new(recipe.seed, recipe.number);
    let labels = font::family(recipe.look.labels)?;
    let values = font::family(recipe.look.values)?;
    let (look, dpi, faces) = (&recipe.look, recipe.dpi, (&labels, &values));
    let (sheets, fields) = match recipe.form {
        Form::Birth => {
            let (sheet, fields) = birth::set(dice, look, dpi, faces);
            (vec![sheet], fields)
        }
        Form::Office => office::set(dice, look, dpi, &labels),
        Form::Marriage => civil::marriage(dice, look, dpi, faces),
        Form::Death => civil::death(dice, look, dpi, faces),
        Form::Marital => civil::marital(dice, look, dpi, faces),
        Form::Diploma => deeds::diploma(dice, look, dpi, faces),
        Form::Business => deeds::business(dice, look, dpi, faces),
        Form::Vehicle => cards::vehicle(dice, look, dpi, faces)?,
        Form::Licence => cards::licence(dice, look, dpi, faces)?,
        Form::Identity => cards::identity(dice, look, dpi, faces, true)?,
        Form::OldIdentity => cards::identity(dice, look, dpi, faces, false)?,
        Form::Land => deeds::land(dice, look, dpi, faces),
    };
    let pages = sheets.iter().map(|sheet| PageText { text: sheet.lines.join("\n") }).collect();
    let expected = Expected { form: Some(recipe.form.id()), pages, fields };

    let glass: Vec<_> = sheets.iter().map(|_| Glass::new(recipe.wear, dice)).collect();
    let scans: Vec<_> = sheets.iter().zip(&glass).map(|(sheet, glass)| glass.pass(&sheet.pixels)).collect();
    // A telephone does not know the page's size, and says 72.
    let dpi = if recipe.wear == Wear::Phone { 72 } else { recipe.dpi };
    let mut jpegs = Vec::new();
    if matches!(recipe.ending, Ending::Jpg | Ending::Pdf) {
        for (page, glass) in scans.iter().zip(&glass) {
            jpegs.push(match recipe.color {
                Color::Rgb => output::jpeg_rgb(page, dpi, glass.quality),
                _ => output::jpeg_gray(&scan::gray(page), dpi, glass.quality),
            });
        }
    }
    let (ending, bytes) = match (recipe.ending, recipe.color) {
        (Ending::Jpg, _) => ("jpg", jpegs[0].bytes.clone()),
        (Ending::Pdf, _) => ("pdf", output::pdf(&jpegs).map_err(|error| error.to_string())?),
        (Ending::Tif, _) => {
            ("tif", output::tiff_g4(&scans.iter().map(scan::bilevel).collect::<Vec<_>>(), dpi))
        }
        (Ending::Png, Color::Bilevel) => ("png", output::png_bilevel(&scan::bilevel(&scans[0]), dpi)),
        (Ending::Png, Color::Gray) => ("png", output::png_gray(&scan::gray(&scans[0]), dpi)),
        (Ending::Png, Color::Rgb) => ("png", output::png_rgb(&scans[0], dpi)),
    };
    Ok(Files { name: recipe.name.clone(), ending, bytes, expected, jpegs })
}

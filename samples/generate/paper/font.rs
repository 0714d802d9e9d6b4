//! Fonts of Debian's packages that have every Vietnamese letter.

use std::path::PathBuf;

use ab_glyph::{Font, FontVec};

use super::recipe::Split;

const FOLDERS: [&str; 18] = [
    "/usr/share/fonts/truetype/liberation2",
    "/usr/share/fonts/truetype/liberation",
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/truetype/freefont",
    "/usr/share/fonts/truetype/noto",
    "/usr/share/fonts/truetype/crosextra",
    "/usr/share/texmf/fonts/opentype/public/tex-gyre",
    "/usr/share/fonts/opentype/tex-gyre",
    "/usr/share/fonts/opentype/linux-libertine",
    "/usr/share/fonts/truetype/andika",
    "/usr/share/fonts/truetype/charis",
    "/usr/share/fonts/truetype/gentiumplus",
    "/usr/share/fonts/truetype/lato",
    "/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF",
    "/usr/share/fonts/truetype/vollkorn",
    "/usr/share/fonts/opentype/cantarell",
    "/usr/share/fonts/opentype/inter",
    "/usr/share/fonts/opentype/junicode",
];

/// Name, Debian package, and the files of regular, bold, italic, bold italic.
const FAMILIES: [(&str, &str, [&str; 4]); 29] = [
    (
        "Liberation Serif",
        "fonts-liberation2 (or fonts-liberation from Debian 13)",
        [
            "LiberationSerif-Regular.ttf",
            "LiberationSerif-Bold.ttf",
            "LiberationSerif-Italic.ttf",
            "LiberationSerif-BoldItalic.ttf",
        ],
    ),
    (
        "TeX Gyre Termes",
        "fonts-texgyre",
        [
            "texgyretermes-regular.otf",
            "texgyretermes-bold.otf",
            "texgyretermes-italic.otf",
            "texgyretermes-bolditalic.otf",
        ],
    ),
    (
        "FreeSerif",
        "fonts-freefont-ttf",
        ["FreeSerif.ttf", "FreeSerifBold.ttf", "FreeSerifItalic.ttf", "FreeSerifBoldItalic.ttf"],
    ),
    (
        "DejaVu Serif Condensed",
        "fonts-dejavu-extra",
        [
            "DejaVuSerifCondensed.ttf",
            "DejaVuSerifCondensed-Bold.ttf",
            "DejaVuSerifCondensed-Italic.ttf",
            "DejaVuSerifCondensed-BoldItalic.ttf",
        ],
    ),
    (
        "Noto Serif",
        "fonts-noto-core",
        ["NotoSerif-Regular.ttf", "NotoSerif-Bold.ttf", "NotoSerif-Italic.ttf", "NotoSerif-BoldItalic.ttf"],
    ),
    (
        "Liberation Sans",
        "fonts-liberation2 (or fonts-liberation from Debian 13)",
        [
            "LiberationSans-Regular.ttf",
            "LiberationSans-Bold.ttf",
            "LiberationSans-Italic.ttf",
            "LiberationSans-BoldItalic.ttf",
        ],
    ),
    (
        "Noto Sans",
        "fonts-noto-core",
        ["NotoSans-Regular.ttf", "NotoSans-Bold.ttf", "NotoSans-Italic.ttf", "NotoSans-BoldItalic.ttf"],
    ),
    (
        "Carlito",
        "fonts-crosextra-carlito",
        ["Carlito-Regular.ttf", "Carlito-Bold.ttf", "Carlito-Italic.ttf", "Carlito-BoldItalic.ttf"],
    ),
    (
        "TeX Gyre Heros",
        "fonts-texgyre",
        [
            "texgyreheros-regular.otf",
            "texgyreheros-bold.otf",
            "texgyreheros-italic.otf",
            "texgyreheros-bolditalic.otf",
        ],
    ),
    (
        "Liberation Mono",
        "fonts-liberation2 (or fonts-liberation from Debian 13)",
        [
            "LiberationMono-Regular.ttf",
            "LiberationMono-Bold.ttf",
            "LiberationMono-Italic.ttf",
            "LiberationMono-BoldItalic.ttf",
        ],
    ),
    (
        "Linux Libertine",
        "fonts-linuxlibertine",
        // Its bold italic has no ơ and no ư; nothing here is set in one but one word of an administrative document.
        ["LinLibertine_R.otf", "LinLibertine_RB.otf", "LinLibertine_RI.otf", "LinLibertine_RB.otf"],
    ),
    (
        "TeX Gyre Pagella",
        "fonts-texgyre",
        [
            "texgyrepagella-regular.otf",
            "texgyrepagella-bold.otf",
            "texgyrepagella-italic.otf",
            "texgyrepagella-bolditalic.otf",
        ],
    ),
    (
        "TeX Gyre Schola",
        "fonts-texgyre",
        [
            "texgyreschola-regular.otf",
            "texgyreschola-bold.otf",
            "texgyreschola-italic.otf",
            "texgyreschola-bolditalic.otf",
        ],
    ),
    (
        "Linux Biolinum",
        "fonts-linuxlibertine",
        // It has no bold italic; nothing here is set in one but one word of an administrative document.
        ["LinBiolinum_R.otf", "LinBiolinum_RB.otf", "LinBiolinum_RI.otf", "LinBiolinum_RB.otf"],
    ),
    (
        "TeX Gyre Bonum",
        "fonts-texgyre",
        [
            "texgyrebonum-regular.otf",
            "texgyrebonum-bold.otf",
            "texgyrebonum-italic.otf",
            "texgyrebonum-bolditalic.otf",
        ],
    ),
    (
        "TeX Gyre Adventor",
        "fonts-texgyre",
        [
            "texgyreadventor-regular.otf",
            "texgyreadventor-bold.otf",
            "texgyreadventor-italic.otf",
            "texgyreadventor-bolditalic.otf",
        ],
    ),
    (
        "DejaVu Serif",
        "fonts-dejavu-extra",
        ["DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSerif-Italic.ttf", "DejaVuSerif-BoldItalic.ttf"],
    ),
    (
        "DejaVu Sans",
        "fonts-dejavu-extra",
        ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf", "DejaVuSans-BoldOblique.ttf"],
    ),
    (
        "DejaVu Sans Condensed",
        "fonts-dejavu-extra",
        [
            "DejaVuSansCondensed.ttf",
            "DejaVuSansCondensed-Bold.ttf",
            "DejaVuSansCondensed-Oblique.ttf",
            "DejaVuSansCondensed-BoldOblique.ttf",
        ],
    ),
    (
        "FreeSans",
        "fonts-freefont-ttf",
        ["FreeSans.ttf", "FreeSansBold.ttf", "FreeSansOblique.ttf", "FreeSansBoldOblique.ttf"],
    ),
    (
        "Andika",
        "fonts-sil-andika",
        ["Andika-Regular.ttf", "Andika-Bold.ttf", "Andika-Italic.ttf", "Andika-BoldItalic.ttf"],
    ),
    (
        "Vollkorn",
        "fonts-vollkorn",
        ["Vollkorn-Regular.ttf", "Vollkorn-Bold.ttf", "Vollkorn-Italic.ttf", "Vollkorn-BoldItalic.ttf"],
    ),
    (
        "Inter",
        "fonts-inter",
        ["Inter-Regular.otf", "Inter-Bold.otf", "Inter-Italic.otf", "Inter-BoldItalic.otf"],
    ),
    (
        "Cantarell",
        "fonts-cantarell",
        // It has no italic.
        ["Cantarell-Regular.otf", "Cantarell-Bold.otf", "Cantarell-Regular.otf", "Cantarell-Bold.otf"],
    ),
    (
        "Junicode",
        "fonts-junicode",
        [
            "JunicodeTwoBeta-Regular.otf",
            "JunicodeTwoBeta-Bold.otf",
            "JunicodeTwoBeta-Italic.otf",
            "JunicodeTwoBeta-BoldItalic.otf",
        ],
    ),
    (
        "Charis SIL",
        "fonts-sil-charis",
        ["CharisSIL-Regular.ttf", "CharisSIL-Bold.ttf", "CharisSIL-Italic.ttf", "CharisSIL-BoldItalic.ttf"],
    ),
    (
        "Gentium Book Plus",
        "fonts-sil-gentiumplus",
        [
            "GentiumBookPlus-Regular.ttf",
            "GentiumBookPlus-Bold.ttf",
            "GentiumBookPlus-Italic.ttf",
            "GentiumBookPlus-BoldItalic.ttf",
        ],
    ),
    (
        "Roboto",
        "fonts-roboto-unhinted",
        ["Roboto-Regular.ttf", "Roboto-Bold.ttf", "Roboto-Italic.ttf", "Roboto-BoldItalic.ttf"],
    ),
    ("Lato", "fonts-lato", ["Lato-Regular.ttf", "Lato-Bold.ttf", "Lato-Italic.ttf", "Lato-BoldItalic.ttf"]),
];

/// The families that papers of no split are drawn from: the first so many.
const MIXED: usize = 10;

/// The families of a split, none of them in two: first those that official papers are mostly set in, and how many these are. What is
/// tuned and trained on is to be as unlike itself as the papers of the world: of its families those that are installed.
pub(super) fn of_split(split: Split) -> (Vec<&'static str>, usize) {
    match split {
        Split::Tune => {
            let installed = |names: &[&'static str]| -> Vec<&'static str> {
                names.iter().copied().filter(|name| family(name).is_ok()).collect()
            };
            let (official, others) = TUNE.split_at(TUNE_OFFICIAL);
            let official = installed(official);
            let count = official.len();
            ([official, installed(others)].concat(), count)
        }
        Split::Calibrate => (vec!["FreeSerif", "TeX Gyre Termes", "Noto Serif", "Noto Sans"], 3),
        Split::Test => (vec!["Charis SIL", "Gentium Book Plus", "Roboto", "Lato"], 3),
    }
}

const TUNE_OFFICIAL: usize = 12;
const TUNE: [&str; 21] = [
    "Liberation Serif",
    "DejaVu Serif Condensed",
    "Liberation Sans",
    "Linux Libertine",
    "TeX Gyre Pagella",
    "TeX Gyre Schola",
    "TeX Gyre Bonum",
    "Vollkorn",
    "Junicode",
    "TeX Gyre Heros",
    "Carlito",
    "DejaVu Serif",
    "Linux Biolinum",
    "FreeSans",
    "TeX Gyre Adventor",
    "DejaVu Sans",
    "DejaVu Sans Condensed",
    "Andika",
    "Inter",
    "Cantarell",
    "Liberation Mono",
];

/// Every letter with a Vietnamese sign, lower case; the capitals are asked for too.
const LETTERS: &str = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệđìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ";

/// The four faces of a family.
pub(super) struct Family {
    /// Upright.
    pub(super) regular: FontVec,
    /// Bold.
    pub(super) bold: FontVec,
    /// Italic.
    pub(super) italic: FontVec,
    /// Bold italic.
    pub(super) bold_italic: FontVec,
}

/// The family called `name`; the error says which Debian package brings it.
pub(super) fn family(name: &str) -> Result<Family, String> {
    let (_, package, files) = FAMILIES
        .iter()
        .find(|entry| entry.0 == name)
        .ok_or_else(|| format!("no font family {name:?} is known"))?;
    let [regular, bold, italic, bold_italic] = files.map(face);
    match (regular, bold, italic, bold_italic) {
        (Some(regular), Some(bold), Some(italic), Some(bold_italic)) => {
            Ok(Family { regular, bold, italic, bold_italic })
        }
        _ => Err(format!("font {name} with Vietnamese letters is missing: apt-get install {package}")),
    }
}

/// A typewriter's face for machine-readable lines, another one for each split.
pub(super) fn typewriter(plan: u8) -> Result<FontVec, String> {
    let (file, package) = [
        ("LiberationMono-Regular.ttf", "fonts-liberation2"),
        ("DejaVuSansMono.ttf", "fonts-dejavu-core"),
        ("texgyrecursor-bold.otf", "fonts-texgyre"),
    ][usize::from(plan % 3)];
    let face = FOLDERS
        .iter()
        .find_map(|folder| FontVec::try_from_vec(std::fs::read(PathBuf::from(folder).join(file)).ok()?).ok());
    face.ok_or_else(|| format!("font {file} is missing: apt-get install {package}"))
}

/// The names of the families that can be set with here, in a fixed order; Times-like ones first.
pub(super) fn available() -> Result<Vec<&'static str>, String> {
    let names: Vec<_> = FAMILIES[..MIXED]
        .iter()
        .filter(|entry| entry.2.iter().all(|file| face(file).is_some()))
        .map(|entry| entry.0)
        .collect();
    if names.is_empty() {
        return Err(
            "no font with Vietnamese letters found: apt-get install fonts-liberation2 fonts-texgyre".into()
        );
    }
    Ok(names)
}

fn face(file: &str) -> Option<FontVec> {
    FOLDERS
        .iter()
        .map(|folder| PathBuf::from(folder).join(file))
        .filter_map(|path| FontVec::try_from_vec(std::fs::read(path).ok()?).ok())
        .find(|font| {
            LETTERS.chars().flat_map(|c| c.to_uppercase().chain([c])).all(|c| font.glyph_id(c).0 != 0)
        })
}

impl Family {
    /// How wide the upright face runs, Liberation Serif being about 1.
    pub(super) fn regular_width(&self) -> f32 {
        let style = super::sheet::Style::new(&self.regular, 1.0);
        style.width("Ủy ban nhân dân xã có trách nhiệm thông báo") / 19.2
    }
}

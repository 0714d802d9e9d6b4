//! Tesseract 5, in this process.
//!
//! The one file that calls C. Neither `tesseract` nor `tesseract-plumbing` hands out words with their boxes or
//! takes a deadline, and their handle is private, so the handle here is our own over `tesseract-sys`; from them
//! come the page modes and the owned string.
#![allow(unsafe_code)] // C is called here and nowhere else; each block names what makes it sound.

use std::cell::Cell;
use std::collections::HashSet;
use std::ffi::{CStr, CString, c_char, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Once;
use std::time::{Duration, Instant};

use image::GrayImage;
use tesseract::PageSegMode;
use tesseract::plumbing::leptonica_plumbing::leptonica_sys;
use tesseract::plumbing::{self, Text};
use tesseract_sys as sys;

use super::{OcrError, RawLine, RawWord, Recognizer};
use crate::geom::PixelBox;

/// Variables set once after the start.
const VARIABLES: &[(&CStr, &CStr)] = &[
    // Scanned papers are dark on light, so no line is read a second time inverted. Measured: no gain and no loss on our pages
    // (1.16 against 1.15 s), a tenth on others' (facts: ocr.md 3).
    (c"tessedit_do_invert", c"0"),
];

/// One Tesseract with its languages loaded: about 0.1 s and 40 MB each.
pub struct Tesseract {
    api: Api,
    languages: String,
}

impl Tesseract {
    /// Starts Tesseract with these languages, joined by `+` as Tesseract writes them (`vie`, `vie+eng`). Models
    /// come from `TESSDATA_PREFIX` or, without it, from the system's folder.
    ///
    /// # Errors
    /// When a language has no data, or Tesseract does not start.
    pub fn new(languages: &str) -> Result<Self, OcrError> {
        Self::with_variables(languages, &[])
    }

    /// As [`Tesseract::new`], with further variables set: for measuring.
    ///
    /// # Errors
    /// As [`Tesseract::new`]; when a variable is unknown.
    pub fn with_variables(languages: &str, variables: &[(&str, &str)]) -> Result<Self, OcrError> {
        let wanted: Vec<&str> = languages.split('+').collect();
        let well_formed =
            |l: &&str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/".contains(&b));
        if !wanted.iter().all(well_formed) {
            return Err(OcrError::LanguageName(languages.to_owned()));
        }
        let name = CString::new(languages).expect("letters, digits and signs hold no NUL");

        silence_leptonica();
        let mut api = Api::create();
        // Before the start, which already chatters; it belongs to the process, so the start keeps it.
        api.set(c"debug_file", c"/dev/null");
        let mut settings: Vec<(CString, CString)> =
            VARIABLES.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        for (variable, value) in variables {
            let setting = CString::new(*variable).ok().zip(CString::new(*value).ok());
            settings.push(setting.ok_or_else(|| unknown_variable(variable))?);
        }
        let started = api.init(&name, &settings);
        let folder = api.data_folder();
        let loaded = if started { api.loaded_languages() } else { HashSet::new() };
        for language in &wanted {
            let file = std::path::Path::new(&folder).join(format!("{language}.traineddata"));
            if !loaded.contains(*language) && !file.exists() {
                return Err(OcrError::LanguageMissing { language: (*language).to_owned(), folder });
            }
        }
        if !started {
            return Err(OcrError::Start(languages.to_owned()));
        }
        // The start takes some variables only at the start, and passes over those that it does not know.
        for (name, value) in &settings {
            if !api.set(name, value) {
                return Err(unknown_variable(&name.to_string_lossy()));
            }
        }
        Ok(Self { api, languages: languages.to_owned() })
    }

    /// The library's version: `5.3.0`.
    pub fn version() -> String {
        plumbing::version().to_string_lossy().into_owned()
    }

    /// The bytes of a language's model, `vie.traineddata`.
    ///
    /// # Errors
    /// [`OcrError::LanguageMissing`] when it cannot be read.
    pub(super) fn model(&self, language: &str) -> Result<Vec<u8>, OcrError> {
        std::fs::read(self.model_file(language)).map_err(|_| OcrError::LanguageMissing {
            language: language.to_owned(),
            folder: self.api.data_folder(),
        })
    }

    /// Where the model of a language lies, or would.
    pub(super) fn model_file(&self, language: &str) -> std::path::PathBuf {
        std::path::Path::new(&self.api.data_folder()).join(format!("{language}.traineddata"))
    }

    /// As asked for.
    pub fn languages(&self) -> &str {
        &self.languages
    }

    /// Reads with a page mode of choice: for measuring; [`Recognizer::read_page`] uses the automatic one.
    ///
    /// # Errors
    /// As [`Recognizer::read_page`].
    pub fn read_with_mode(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        deadline: Duration,
        mode: PageSegMode,
    ) -> Result<Vec<RawLine>, OcrError> {
        one_thread();
        self.api.set_image(image, ppi, mode)?;
        let lines = self.api.recognize(deadline, image.dimensions()).map(|()| self.api.lines());
        self.api.clear();
        lines
    }
}

/// Tesseract's analysis of a page's layout, without its reading: it needs no language.
pub(super) struct Analysis {
    api: Api,
}

/// A line of print that is not read yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TextLine {
    /// Blobs of ink with gaps between them, from left to right: words or parts of them.
    pub(super) words: Vec<PixelBox>,
    /// `[x0, y0, x1, y1]`.
    pub(super) baseline: [f32; 4],
    /// Counts the blocks of text in reading order, from 0.
    pub(super) block: u32,
    /// How many quarters it must be turned clockwise to stand upright.
    pub(super) quarters: u8,
}

impl Analysis {
    pub(super) fn new() -> Self {
        silence_leptonica();
        let mut api = Api::create();
        api.set(c"debug_file", c"/dev/null");
        api.init_for_layout();
        Self { api }
    }

    /// The lines of print of an image, block after block in reading order.
    ///
    /// # Errors
    /// [`OcrError::ImageSize`].
    pub(super) fn lines(&mut self, image: &GrayImage, ppi: u32) -> Result<Vec<TextLine>, OcrError> {
        one_thread();
        self.api.set_image(image, ppi, PageSegMode::PsmAuto)?;
        let mut lines = self.api.layout();
        self.api.clear();
        // A word whose ink was all rejected as dirt has the whole image for its box.
        let (width, height) = image.dimensions();
        for line in &mut lines {
            line.words.retain(|word| word.width() < width || word.height() < height);
        }
        lines.retain(|line| !line.words.is_empty());
        Ok(lines)
    }
}

impl Recognizer for Tesseract {
    fn read_page(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        deadline: Duration,
    ) -> Result<Vec<RawLine>, OcrError> {
        self.read_with_mode(image, ppi, deadline, PageSegMode::PsmAuto)
    }

    fn read_line(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        allowed: Option<&str>,
    ) -> Result<(String, f32), OcrError> {
        let allowed = allowed.and_then(|a| CString::new(a).ok());
        if let Some(allowed) = &allowed {
            self.api.set(c"tessedit_char_whitelist", allowed);
        }
        let lines = self.read_with_mode(image, ppi, LINE_DEADLINE, PageSegMode::PsmSingleLine);
        if allowed.is_some() {
            self.api.set(c"tessedit_char_whitelist", c"");
        }
        let words: Vec<RawWord> = lines?.into_iter().flat_map(|l| l.words).collect();
        let confidence = super::mean_confidence(words.iter().map(|w| (w.text.as_str(), w.confidence)));
        let text: Vec<String> = words.into_iter().map(|w| w.text).collect();
        Ok((text.join(" "), confidence))
    }
}

/// A line takes milliseconds; this only keeps a broken image from holding a worker.
const LINE_DEADLINE: Duration = Duration::from_secs(10);

fn unknown_variable(variable: &str) -> OcrError {
    OcrError::Variable { variable: variable.to_owned(), version: Tesseract::version() }
}

/// An owned `TessBaseAPI`. The pointer is never null and never shared: every call goes through `&self` or
/// `&mut self` of the only owner.
struct Api(NonNull<sys::TessBaseAPI>);

// SAFETY: a TessBaseAPI holds no thread-local state and independent instances may run in different threads
// (Tesseract's release notes, 3.01); the type is not Sync, so one thread at a time uses it.
unsafe impl Send for Api {}

impl Api {
    fn create() -> Self {
        // SAFETY: takes nothing; gives a new instance made by C++ `new`, which throws (aborts) instead of giving null.
        let raw = unsafe { sys::TessBaseAPICreate() };
        Self(NonNull::new(raw).expect("C++ new never gives null"))
    }

    fn init(&mut self, languages: &CStr, variables: &[(CString, CString)]) -> bool {
        let mut names: Vec<*mut c_char> = variables.iter().map(|(n, _)| n.as_ptr().cast_mut()).collect();
        let mut values: Vec<*mut c_char> = variables.iter().map(|(_, v)| v.as_ptr().cast_mut()).collect();
        // SAFETY: the instance lives; all strings are NUL-terminated, outlive the call, are copied by it and not
        // written to; both arrays have the length that is given; a null data path is allowed and means
        // TESSDATA_PREFIX or the folder compiled in; no configuration files are named.
        unsafe {
            sys::TessBaseAPIInit4(
                self.0.as_ptr(),
                ptr::null(),
                languages.as_ptr(),
                sys::TessOcrEngineMode_OEM_LSTM_ONLY,
                ptr::null_mut(),
                0,
                names.as_mut_ptr(),
                values.as_mut_ptr(),
                variables.len(),
                0,
            ) == 0
        }
    }

    fn init_for_layout(&mut self) {
        // SAFETY: the instance lives.
        unsafe { sys::TessBaseAPIInitForAnalysePage(self.0.as_ptr()) }
    }

    fn set(&mut self, name: &CStr, value: &CStr) -> bool {
        // SAFETY: the instance lives; both strings are NUL-terminated and copied.
        unsafe { sys::TessBaseAPISetVariable(self.0.as_ptr(), name.as_ptr(), value.as_ptr()) == 1 }
    }

    /// Where models are looked for.
    fn data_folder(&self) -> String {
        if let Some(folder) = std::env::var_os("TESSDATA_PREFIX").filter(|f| !f.is_empty()) {
            return folder.to_string_lossy().into_owned();
        }
        // SAFETY: the instance lives; the string is its own, NUL-terminated, and copied before any other call.
        unsafe {
            let path = sys::TessBaseAPIGetDatapath(self.0.as_ptr());
            if path.is_null() { String::new() } else { CStr::from_ptr(path).to_string_lossy().into_owned() }
        }
    }

    fn loaded_languages(&self) -> HashSet<String> {
        let mut loaded = HashSet::new();
        // SAFETY: the instance lives; the array ends with a null pointer, each string before it is
        // NUL-terminated; all are copied before TessDeleteTextArray, which made them, frees them.
        unsafe {
            let array = sys::TessBaseAPIGetLoadedLanguagesAsVector(self.0.as_ptr());
            if !array.is_null() {
                let mut entry = array;
                while !(*entry).is_null() {
                    loaded.insert(CStr::from_ptr(*entry).to_string_lossy().into_owned());
                    entry = entry.add(1);
                }
                sys::TessDeleteTextArray(array);
            }
        }
        loaded
    }

    fn set_image(&mut self, image: &GrayImage, ppi: u32, mode: PageSegMode) -> Result<(), OcrError> {
        let (width, height) = image.dimensions();
        let size = OcrError::ImageSize { width, height };
        // Tesseract's coordinates are 16 bits.
        let fits = |n: u32| (1..=i16::MAX as u32).contains(&n);
        if !fits(width) || !fits(height) {
            return Err(size);
        }
        let (w, h) = (width as c_int, height as c_int);
        // SAFETY: the instance lives and is initialised; a GrayImage holds width × height bytes in rows without
        // padding (its constructors check that), and SetImage copies them.
        unsafe {
            sys::TessBaseAPISetPageSegMode(self.0.as_ptr(), mode.as_tess_page_seg_mode());
            sys::TessBaseAPISetImage(self.0.as_ptr(), image.as_raw().as_ptr(), w, h, 1, w);
            sys::TessBaseAPISetSourceResolution(self.0.as_ptr(), ppi.clamp(70, 2400) as c_int);
        }
        Ok(())
    }

    fn recognize(&mut self, deadline: Duration, (width, height): (u32, u32)) -> Result<(), OcrError> {
        let millis = deadline.as_millis().clamp(1, i32::MAX as u128) as c_int;
        let began = Instant::now();
        // SAFETY: the instance lives and has an image; the monitor is made here, used by this one call and
        // deleted after it; it holds no callback into Rust, so nothing can unwind through C++.
        let status = unsafe {
            let monitor = sys::TessMonitorCreate();
            sys::TessMonitorSetDeadlineMSecs(monitor, millis);
            let status = sys::TessBaseAPIRecognize(self.0.as_ptr(), monitor);
            sys::TessMonitorDelete(monitor);
            status
        };
        match status {
            // A page cut short by the deadline may still report success with words missing.
            _ if began.elapsed() >= deadline => Err(OcrError::Deadline(deadline)),
            0 => Ok(()),
            _ => Err(OcrError::Recognize { width, height }),
        }
    }

    /// The words of the last recognition. Words without text (pictures, rulings) are left out.
    fn lines(&mut self) -> Vec<RawLine> {
        let mut lines: Vec<RawLine> = Vec::new();
        // SAFETY: the instance lives and has just recognised; null means that there is nothing.
        let Some(words) = NonNull::new(unsafe { sys::TessBaseAPIGetIterator(self.0.as_ptr()) }) else {
            return lines;
        };
        let words = Words(words);
        let mut block = 0;
        let mut next_is_new_line = true;
        loop {
            let boxes = words.boxes();
            if boxes.begins(sys::TessPageIteratorLevel_RIL_BLOCK) && !lines.is_empty() {
                block = lines.last().map_or(0, |l| l.block) + 1;
            }
            next_is_new_line |= boxes.begins(sys::TessPageIteratorLevel_RIL_TEXTLINE);
            if let Some(word) = words.word() {
                match lines.last_mut() {
                    Some(line) if !next_is_new_line => line.words.push(word),
                    _ => {
                        let baseline = boxes.baseline().unwrap_or_else(|| underline(&word.bbox));
                        lines.push(RawLine { words: vec![word], baseline, block });
                    }
                }
                next_is_new_line = false;
            }
            if !words.advance() {
                return lines;
            }
        }
    }

    /// Where the print is, unread.
    fn layout(&mut self) -> Vec<TextLine> {
        let mut lines: Vec<TextLine> = Vec::new();
        // SAFETY: the instance lives and has an image; null means that there is nothing.
        let Some(iterator) = NonNull::new(unsafe { sys::TessBaseAPIAnalyseLayout(self.0.as_ptr()) }) else {
            return lines;
        };
        let mut layout = Layout(iterator);
        let mut block = 0;
        let mut next_is_new_line = true;
        loop {
            let boxes = layout.boxes();
            if boxes.begins(sys::TessPageIteratorLevel_RIL_BLOCK) && !lines.is_empty() {
                block = lines.last().map_or(0, |l| l.block) + 1;
            }
            next_is_new_line |= boxes.begins(sys::TessPageIteratorLevel_RIL_TEXTLINE);
            if boxes.is_text()
                && let Some(word) = boxes.bbox(Words::WORD)
            {
                match lines.last_mut() {
                    Some(line) if !next_is_new_line => line.words.push(word),
                    _ => {
                        let baseline = boxes.baseline().unwrap_or_else(|| underline(&word));
                        lines.push(TextLine {
                            words: vec![word],
                            baseline,
                            block,
                            quarters: boxes.quarters(),
                        });
                    }
                }
                next_is_new_line = false;
            }
            if !layout.advance() {
                return lines;
            }
        }
    }

    /// Frees the page and its words; the languages stay loaded.
    fn clear(&mut self) {
        // SAFETY: the instance lives; no iterator of it does, since `lines` drops its own.
        unsafe { sys::TessBaseAPIClear(self.0.as_ptr()) }
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // SAFETY: made by TessBaseAPICreate, deleted once, and not used afterwards.
        unsafe { sys::TessBaseAPIDelete(self.0.as_ptr()) }
    }
}

/// The result iterator, on one word at a time. It does not outlive the recognition that it walks: only
/// `Api::lines` makes one, and drops it.
struct Words(NonNull<sys::TessResultIterator>);

impl Words {
    const WORD: sys::TessPageIteratorLevel = sys::TessPageIteratorLevel_RIL_WORD;

    fn boxes(&self) -> Boxes<'_> {
        // SAFETY: the iterator lives; the result is the same object as its base class and lives as long.
        let page = unsafe { sys::TessResultIteratorGetPageIterator(self.0.as_ptr()) };
        Boxes(NonNull::new(page).expect("a base class is no null"), PhantomData)
    }

    fn advance(&self) -> bool {
        // SAFETY: the iterator lives and no other call on it runs.
        unsafe { sys::TessResultIteratorNext(self.0.as_ptr(), Self::WORD) != 0 }
    }

    fn word(&self) -> Option<RawWord> {
        // SAFETY: the iterator lives; a text that is not null is NUL-terminated and ours to free, which Text does.
        let text = unsafe {
            let raw = sys::TessResultIteratorGetUTF8Text(self.0.as_ptr(), Self::WORD);
            if raw.is_null() {
                return None;
            }
            Text::new(raw)
        };
        let text = text.as_ref().to_string_lossy().trim().to_owned();
        if text.is_empty() {
            return None;
        }
        // SAFETY: the iterator lives.
        let confidence = unsafe { sys::TessResultIteratorConfidence(self.0.as_ptr(), Self::WORD) };
        let bbox = self.boxes().bbox(Self::WORD)?;
        Some(RawWord { text, confidence: (confidence / 100.0).clamp(0.0, 1.0), bbox })
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: made by TessBaseAPIGetIterator, deleted once, and not used afterwards.
        unsafe { sys::TessResultIteratorDelete(self.0.as_ptr()) }
    }
}

/// Where the layout's iterator stands: on a word, and on the line and block that it is in.
struct Boxes<'a>(NonNull<sys::TessPageIterator>, PhantomData<&'a ()>);

impl Boxes<'_> {
    /// Whether this word is the first of its block or line.
    fn begins(&self, level: sys::TessPageIteratorLevel) -> bool {
        // SAFETY: the iterator lives as long as what this borrows from.
        unsafe { sys::TessPageIteratorIsAtBeginningOf(self.0.as_ptr(), level) != 0 }
    }

    fn bbox(&self, level: sys::TessPageIteratorLevel) -> Option<PixelBox> {
        let (mut x0, mut y0, mut x1, mut y1) = (0, 0, 0, 0);
        // SAFETY: the iterator lives; the four pointers are to locals.
        let found = unsafe {
            sys::TessPageIteratorBoundingBox(self.0.as_ptr(), level, &mut x0, &mut y0, &mut x1, &mut y1) != 0
        };
        let edge = |v: c_int| v.max(0) as u32;
        found.then(|| PixelBox::new(edge(x0), edge(y0), edge(x1), edge(y1)))
    }

    /// Of the line that this word is in.
    fn baseline(&self) -> Option<[f32; 4]> {
        let (mut x0, mut y0, mut x1, mut y1) = (0, 0, 0, 0);
        let level = sys::TessPageIteratorLevel_RIL_TEXTLINE;
        // SAFETY: the iterator lives; the four pointers are to locals.
        let found = unsafe {
            sys::TessPageIteratorBaseline(self.0.as_ptr(), level, &mut x0, &mut y0, &mut x1, &mut y1) != 0
        };
        found.then_some([x0 as f32, y0 as f32, x1 as f32, y1 as f32])
    }

    /// Whether this is print, not a picture or a ruling.
    fn is_text(&self) -> bool {
        // SAFETY: the iterator lives.
        let kind = unsafe { sys::TessPageIteratorBlockType(self.0.as_ptr()) };
        !matches!(
            kind,
            sys::TessPolyBlockType_PT_FLOWING_IMAGE
                | sys::TessPolyBlockType_PT_HEADING_IMAGE
                | sys::TessPolyBlockType_PT_PULLOUT_IMAGE
                | sys::TessPolyBlockType_PT_HORZ_LINE
                | sys::TessPolyBlockType_PT_VERT_LINE
                | sys::TessPolyBlockType_PT_NOISE
        )
    }

    /// How far the print here must be turned clockwise to stand upright, in quarters.
    fn quarters(&self) -> u8 {
        let (mut orientation, mut writing, mut order, mut skew) = (0, 0, 0, 0.0);
        // SAFETY: the iterator lives; the four pointers are to locals.
        unsafe {
            sys::TessPageIteratorOrientation(
                self.0.as_ptr(),
                &mut orientation,
                &mut writing,
                &mut order,
                &mut skew,
            );
        }
        // The names say where the page's top lies.
        match orientation {
            sys::TessOrientation_ORIENTATION_PAGE_RIGHT => 3,
            sys::TessOrientation_ORIENTATION_PAGE_DOWN => 2,
            sys::TessOrientation_ORIENTATION_PAGE_LEFT => 1,
            _ => 0,
        }
    }
}

/// An iterator over a layout, ours to delete; it does not outlive the image: only `Api::layout` makes one, and drops it.
struct Layout(NonNull<sys::TessPageIterator>);

impl Layout {
    fn boxes(&self) -> Boxes<'_> {
        Boxes(self.0, PhantomData)
    }

    fn advance(&mut self) -> bool {
        // SAFETY: the iterator lives and no other call on it runs.
        unsafe { sys::TessPageIteratorNext(self.0.as_ptr(), Words::WORD) != 0 }
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: made by TessBaseAPIAnalyseLayout, deleted once, and not used afterwards.
        unsafe { sys::TessPageIteratorDelete(self.0.as_ptr()) }
    }
}

fn underline(word: &PixelBox) -> [f32; 4] {
    [word.x0 as f32, word.y1 as f32, word.x1 as f32, word.y1 as f32]
}

/// Leptonica writes its warnings to stderr; a batch over strange scans would be full of them.
fn silence_leptonica() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: sets a process-wide number, once, before any engine exists.
        unsafe { leptonica_sys::setMsgSeverity(leptonica_sys::L_SEVERITY_NONE as _) };
    });
}

/// Keeps OpenMP inside Tesseract from starting threads of its own on this thread: the pool already has one
/// worker a core, and with more threads than cores a page takes seven times as long (measured). Its settings
/// belong to the calling thread, and OMP_THREAD_LIMIT is read before `main`, so each worker says it here.
fn one_thread() {
    thread_local!(static SAID: Cell<bool> = const { Cell::new(false) });
    if SAID.replace(true) {
        return;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::ffi::c_void;
        use std::mem::transmute;

        unsafe extern "C" {
            /// POSIX.1-2001.
            fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
        }
        for (symbol, value) in [(c"omp_set_num_threads", 1), (c"omp_set_max_active_levels", 0)] {
            // SAFETY: a null handle is RTLD_DEFAULT on Linux; a symbol found under these names is OpenMP's
            // `void f(int)` (OpenMP 5.2, sections 18.2.1 and 18.2.15); null means a Tesseract built without it.
            unsafe {
                let found = dlsym(ptr::null_mut(), symbol.as_ptr());
                if !found.is_null() {
                    transmute::<*mut c_void, unsafe extern "C" fn(c_int)>(found)(value);
                }
            }
        }
    }
}

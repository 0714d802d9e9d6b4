//! The verifier for the browser and for Node: `saoy::verify` behind a memory and a few functions.
//!
//! In come bytes through [`abi`], out goes JSON; the bytes of a page image beside it. Not its business: what a report says (`saoy::verify`) and how
//! it is shown (`page/`). There is no network, clock or storage here: a WebAssembly module has none unless it is given one, and this one
//! imports nothing.

pub mod abi;
mod picture;

use serde_json::{Value, json};
use time::OffsetDateTime;

use saoy::error::Failure;
use saoy::registry::note::NoteVerifier;
use saoy::verify::status::StatusLists;
use saoy::verify::trust::SignedList;
use saoy::verify::{self, Options, TrustList};

use picture::Picture;

/// What is kept between two calls.
#[derive(Debug, Default)]
pub struct Verifier {
    root: Option<NoteVerifier>,
    signed: Option<SignedList>,
    trust: Option<TrustList>,
    status: StatusLists,
    asked: bool,
    copy: Vec<u8>,
}

impl Verifier {
    /// Pins the root whose signature a signed trust list must bear: its public key as C2SP signed-note writes it.
    pub fn root(&mut self, key: &str) -> Value {
        match key.trim().parse::<NoteVerifier>() {
            Ok(root) => {
                let said = json!({"root": root.name()});
                *self = Self { root: Some(root), ..Self::default() };
                said
            }
            Err(error) => refusal(error.into()),
        }
    }

    /// Takes a trust list in the place of any before; status lists that were given are forgotten with it. A signed list must be the root's, and
    /// neither older than the signed one before nor another of the same edition; one that is not signed (`trust.json`) is taken as it is.
    pub fn trust(&mut self, list: &[u8]) -> Value {
        let signed = if SignedList::is_signed(list) {
            let Some(root) = &self.root else {
                let advice = "Pin the root's key, or load a list that is not signed.";
                return refusal(Failure::new("no-root", "the list is signed, and no root is pinned", advice));
            };
            let opened = SignedList::open(list, root).and_then(|signed| {
                self.signed.as_ref().map_or(Ok(()), |before| signed.follows(before)).map(|()| signed)
            });
            match opened {
                Ok(signed) => Some(signed),
                Err(error) => return refusal(error.into()),
            }
        } else {
            None
        };
        let read = signed.as_ref().map_or_else(|| TrustList::parse(list), |signed| Ok(signed.list().clone()));
        match read {
            Ok(list) => {
                let offices = list.offices().iter();
                let offices: Vec<_> =
                    offices.map(|office| json!({"code": office.code, "name": office.name})).collect();
                let by = signed.as_ref().and(self.root.as_ref()).map(NoteVerifier::name);
                let expires = list.expires().unix_timestamp();
                let sequence = list.sequence();
                let said = json!({"trust": {"sequence": sequence, "expires": expires, "signed_by": by, "offices": offices}});
                let signed = signed.or_else(|| self.signed.take());
                *self = Self { root: self.root.take(), signed, trust: Some(list), ..Self::default() };
                said
            }
            Err(error) => refusal(error.into()),
        }
    }

    /// Adds an office's signed status list.
    pub fn status(&mut self, list: &[u8]) -> Value {
        let Some(trust) = &self.trust else { return no_trust() };
        match self.status.add(list, trust) {
            Ok(()) => {
                self.asked = true;
                json!({"status": true})
            }
            Err(error) => refusal(error.into()),
        }
    }

    /// Verifies a copy and keeps it, for [`page`](Self::page).
    pub fn verify(&mut self, copy: Vec<u8>, now: i64) -> Value {
        let (Some(trust), Ok(now)) = (&self.trust, OffsetDateTime::from_unix_timestamp(now)) else {
            return no_trust();
        };
        let options = Options { now, status: self.asked.then_some(&self.status as _) };
        let report = verify::verify(&copy, trust, &options);
        let told = match report {
            Ok(report) => json!({"report": report}),
            Err(error) => {
                let (failure, signatures) = error.told(&copy);
                let mut told = refusal(failure);
                if !signatures.is_empty() {
                    told["error"]["signatures"] = json!(signatures);
                }
                told
            }
        };
        self.copy = copy;
        told
    }

    /// Verifies a seal by its QR code's text.
    pub fn seal(&self, text: &str, now: i64) -> Value {
        let (Some(trust), Ok(now)) = (&self.trust, OffsetDateTime::from_unix_timestamp(now)) else {
            return no_trust();
        };
        let options = Options { now, status: self.asked.then_some(&self.status as _) };
        match verify::verify_seal(text, trust, &options) {
            Ok(report) => json!({"report": report}),
            Err(error) => refusal(error.into()),
        }
    }

    /// A page's image, from 0, of the copy that was verified last: JPEG as it is stored, anything else as PNG.
    pub fn page(&self, index: usize) -> (Value, Vec<u8>) {
        let failure = |message: String| {
            let advice = "Open the file in a PDF reader to see its pages.";
            (refusal(Failure::new("no-picture", message, advice)), Vec::new())
        };
        let pages = match verify::pictures(&self.copy) {
            Ok(pages) => pages,
            Err(error) => return failure(error.to_string()),
        };
        let Some(image) = pages.get(index) else { return failure("there is no such page".into()) };
        match Picture::of(image) {
            Some(Picture { kind, bytes }) => {
                let orientation = image.orientation as u8;
                let (width, height) = (image.digest.width, image.digest.height);
                let said = json!({"page": {"type": kind, "orientation": orientation, "width": width, "height": height}});
                (said, bytes)
            }
            None => failure("the page's image cannot be decoded here".into()),
        }
    }
}

/// The texts of the QR codes in a picture of RGBA pixels, four bytes each, rows without padding.
pub fn codes(rgba: &[u8], width: usize, height: usize) -> Value {
    if width == 0
        || height == 0
        || width.checked_mul(height).and_then(|n| n.checked_mul(4)) != Some(rgba.len())
    {
        return json!({"codes": []});
    }
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        let [r, g, b] = [0, 1, 2].map(|channel| u32::from(rgba[4 * (y * width + x) + channel]));
        // ITU-R BT.601, in 256ths.
        ((77 * r + 150 * g + 29 * b) >> 8) as u8
    });
    let grids = picture.detect_grids();
    let texts: Vec<String> = grids.iter().filter_map(|grid| Some(grid.decode().ok()?.1)).collect();
    json!({"codes": texts})
}

/// What people call forms and their fields, by their ids.
pub const TITLES: &str = include_str!(concat!(env!("OUT_DIR"), "/titles.json"));

fn refusal(failure: Failure) -> Value {
    json!({"error": {"code": failure.code, "message": failure.message, "advice": failure.advice}})
}

fn no_trust() -> Value {
    refusal(Failure::new("no-trust", "nothing says which offices are trusted", "Load a trust list first."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_verified_without_a_trust_list() {
        let mut verifier = Verifier::default();
        assert_eq!(verifier.verify(b"%PDF-1.7".to_vec(), 0)["error"]["code"], "no-trust");
        assert_eq!(verifier.seal("SC1:AAAA", 0)["error"]["code"], "no-trust");
        assert_eq!(verifier.status(b"")["error"]["code"], "no-trust");
        assert_eq!(verifier.trust(b"{}")["error"]["code"], "bad-trust-list");
        assert_eq!(verifier.trust("{}\n\n\u{2014} x y\n".as_bytes())["error"]["code"], "no-root");
        assert!(verifier.root("not a key")["error"]["code"].is_string());
        assert_eq!(verifier.page(0).0["error"]["code"], "no-picture");
    }

    #[test]
    fn forms_have_titles() {
        let titles: Value = serde_json::from_str(TITLES).expect("JSON");
        assert_eq!(titles["giay-khai-sinh"]["title"], "Giấy khai sinh");
        let fields = titles["giay-khai-sinh"]["fields"].as_object().expect("an object");
        assert!(fields.values().all(Value::is_string) && fields.len() > 5, "{fields:?}");
    }

    #[test]
    fn reads_codes_from_pixels() {
        let text = "SC1:2CCEHIQBE5TAKQSIR4FBK3LX";
        let code = qrcode::QrCode::new(text).expect("it fits");
        let (modules, scale, quiet) = (code.width(), 4, 4);
        let side = (modules + 2 * quiet) * scale;
        let mut rgba = vec![255; 4 * side * side];
        for (index, color) in code.to_colors().iter().enumerate() {
            let (x, y) = ((index % modules + quiet) * scale, (index / modules + quiet) * scale);
            for (dx, dy) in (0..scale).flat_map(|dx| (0..scale).map(move |dy| (dx, dy))) {
                if *color == qrcode::Color::Dark {
                    rgba[4 * ((y + dy) * side + x + dx)..][..3].fill(0);
                }
            }
        }
        assert_eq!(codes(&rgba, side, side), json!({"codes": [text]}));
        assert_eq!(codes(&rgba, side, side + 1), json!({"codes": []}));
        assert_eq!(codes(&[255; 400], 10, 10), json!({"codes": []}));
    }
}

//! Offices that make small real copies, right ones and wrong ones.

use std::sync::Arc;

use saoy::ambient::{Entropy as _, FixedClock, SeededEntropy};
use saoy::certify::{self, Align, Attachment, CopyPage, Fonts, Metadata, Relationship, Strip, StripLine};
use saoy::geom::{Orientation, PixelBox};
use saoy::keys::{OfficeKeys, OfficeProfile};
use saoy::ocr::{Line, PageText, Word};
use saoy::record::{
    Act, BookNumber, ConfirmedFields, Digest, Disclosure, Field, Fields, OfficeName, Officer, Record,
    RequiredSigner, Role, SD_ALG, SourcePage, VERSION, commitment, day_text, digests, disclose,
    fields_to_bytes, timestamp, vietnam_day,
};
use saoy::registry::merkle;
use saoy::registry::note::NoteSigner;
use saoy::registry::{Checkpoint, Entry, EntryKind, Receipt, RegistryError, origin};
use saoy::scan::{ColorSpace, Filter, StoredImage};
use saoy::seal::{self, Seal};
use saoy::signature::{Algorithm, Signer as _, cms};
use saoy::verify::trust::{IndexRange, Log, LogKey, Office, SealKey};
use saoy::verify::{Options, Report, Silence, Status, StatusAnswer, StatusSource, TrustList};
use serde_json::json;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// When the offices were made and the copies signed.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 03:04:05 UTC);
/// The index of every copy.
pub(crate) const INDEX: u64 = 3;

/// A registry that calls every copy good: no forgery may fail for want of a status alone.
pub(crate) struct AllGood;

impl StatusSource for AllGood {
    fn status(&self, _: &str, _: u64) -> Result<StatusAnswer, Silence> {
        Ok(StatusAnswer {
            entry: None,
            status: Status::Good,
            since: None,
            replacement: None,
            as_of: NOW,
            until: None,
        })
    }
}

/// An office with its keys.
pub(crate) struct House {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) officer: Officer,
    pub(crate) keys: OfficeKeys,
    pub(crate) log: NoteSigner,
    _home: tempfile::TempDir,
}

impl House {
    pub(crate) fn new(code: &str, seed: u8) -> Self {
        Self::with(code, seed, Algorithm::EcdsaP256)
    }

    pub(crate) fn with(code: &str, seed: u8, algorithm: Algorithm) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let officer = Officer { name: "Lê Văn Mẫu".into(), title: "Phó Chủ tịch".into() };
        let name = format!("Ủy ban nhân dân phường {code}");
        let profile = OfficeProfile {
            name: name.clone(),
            code: code.into(),
            officer: Some(officer.clone()),
            algorithm,
        };
        let entropy = SeededEntropy::new([seed; 32]);
        let clock = FixedClock(NOW - Duration::days(30));
        let keys = OfficeKeys::create(&home.path().join("keys"), &profile, &clock, &entropy, None)
            .expect("an office's keys");
        let log = NoteSigner::new(&origin(code, None), keys.log_key().clone()).expect("a log's name");
        Self { code: code.into(), name, officer, keys, log, _home: home }
    }

    /// What a trust list says about it.
    pub(crate) fn trusted(&self) -> Office {
        let always = IndexRange { from: 0, until: None };
        Office {
            code: self.code.clone(),
            name: self.name.clone(),
            root: self.keys.root_certificate().clone(),
            seal_keys: vec![SealKey { key: self.keys.seal_key().verifying_key(), valid: always }],
            log: Log {
                origin: self.log.verifier().name().to_owned(),
                keys: vec![LogKey { key: self.log.verifier().clone(), valid: always }],
                url: None,
            },
        }
    }

    pub(crate) fn certificate(&self, role: Role) -> Digest {
        Digest::of(&self.keys.signer(role).expect("the house has both").certificates()[0])
    }
}

pub(crate) fn trust(houses: &[&House]) -> TrustList {
    let offices = houses.iter().map(|house| house.trusted()).collect();
    TrustList::new(7, NOW + Duration::days(365), offices).expect("a trust list")
}

pub(crate) fn options() -> Options<'static> {
    Options { now: NOW + Duration::hours(1), status: None }
}

pub(crate) fn verify(copy: &[u8], trust: &TrustList) -> Report {
    saoy::verify::verify(copy, trust, &options()).expect("a copy, whatever its worth")
}

/// Everything that goes into a copy, before it is composed; tests change it.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) record: Record,
    pub(crate) disclosures: Vec<Disclosure>,
    pub(crate) seal: Seal,
    pub(crate) entry: Entry,
    pub(crate) pages: Vec<CopyPage>,
    pub(crate) roles: Vec<Role>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) copy_id: Option<[u8; 16]>,
    pub(crate) title: String,
    pub(crate) signed_at: OffsetDateTime,
}

pub(crate) fn image(seed: u8, length: usize) -> StoredImage {
    let mut data = vec![0; length];
    SeededEntropy::new([seed; 32]).fill(&mut data);
    StoredImage {
        data: Arc::from(data),
        filter: Filter::Dct,
        color_space: ColorSpace::Rgb,
        width: 300,
        height: 400,
        bits: 8,
        decode: None,
        orientation: Orientation::Upright,
        original: true,
    }
}

pub(crate) fn page(stored: StoredImage) -> CopyPage {
    let words = vec![
        Word { text: "Giấy".into(), confidence: 0.9, bbox: PixelBox::new(20, 20, 80, 40) },
        Word { text: "khai".into(), confidence: 0.9, bbox: PixelBox::new(90, 20, 150, 40) },
    ];
    let lines = vec![Line { words: 0..2, baseline: [20.0, 40.0, 150.0, 40.0], block: 0 }];
    let text = PageText { width: 300, height: 400, words, lines, ..PageText::default() };
    CopyPage { stored, width: 300, height: 400, dpi: [150.0, 150.0], text }
}

fn fields(extra: &str) -> ConfirmedFields {
    let mut read = Fields { form: Some("giay-khai-sinh".into()), ..Fields::default() };
    for (name, value) in [
        ("child_name", json!(format!("Trần Thị Mẫu{extra}"))),
        ("child_dob", json!("2020-02-29")),
        ("child_ethnicity", json!(["Kinh"])),
        ("father_name", json!(null)),
    ] {
        let field = Field {
            raw: None,
            value,
            confidence: 0.9,
            page: Some(1),
            bbox: Some(PixelBox::new(20, 20, 150, 40)),
            review: false,
            problems: vec![],
        };
        read.fields.insert(name.into(), field);
    }
    ConfirmedFields::by_officer(&read, &read)
}

impl House {
    /// The parts of a right copy; `seed` makes one copy differ from another.
    pub(crate) fn parts(&self, seed: u8, images: Vec<StoredImage>) -> Parts {
        let entropy = SeededEntropy::new([seed; 32]);
        let disclosures = disclose(&fields(&format!(" {seed}")), &entropy).expect("fields");
        let mut salt = [0; 32];
        entropy.fill(&mut salt);
        let roles = vec![Role::Officer, Role::Office];
        let record = Record {
            version: VERSION,
            act: Act::Certification,
            trial: false,
            office: OfficeName { code: self.code.clone(), name: self.name.clone() },
            officer: Some(self.officer.clone()),
            book: BookNumber { symbol: "SCT/BS".into(), year: 2026, number: u64::from(seed) },
            date: day_text(vietnam_day(NOW)).expect("a day"),
            converted_at: timestamp(NOW),
            compared_at: timestamp(NOW),
            issued_at: timestamp(NOW),
            sources: (1..)
                .take(images.len())
                .map(|page| SourcePage { scan: Digest::of(b"scan"), page })
                .collect(),
            pages: certify::page_digests(&images).expect("images for PDF/A"),
            form: Some("giay-khai-sinh".into()),
            signers: roles
                .iter()
                .map(|&role| RequiredSigner { role, certificate: self.certificate(role) })
                .collect(),
            copies: 1,
            salt: data_encoding::BASE64URL_NOPAD.encode(&salt),
            sd: digests(&disclosures),
            sd_alg: SD_ALG.into(),
        };
        let mut parts = Parts {
            disclosures,
            seal: Seal::of(&record, Digest::of(b""), INDEX, &self.keys.seal_key().verifying_key())
                .expect("a dated record"),
            entry: Entry {
                index: INDEX,
                prev: Digest([7; 32]),
                day: vietnam_day(NOW),
                key_id: seal::key_id(&self.keys.seal_key().verifying_key()),
                kind: EntryKind::Issue { commitment: Digest::of(b"") },
            },
            record,
            pages: images.into_iter().map(page).collect(),
            roles,
            files: Vec::new(),
            copy_id: None,
            title: "Bản sao".into(),
            signed_at: NOW,
        };
        parts.seal.values.insert("child_name".into(), format!("Trần Thị Mẫu {seed}"));
        self.attach(&mut parts);
        parts
    }

    /// Makes the attachments anew from what the parts say now.
    pub(crate) fn attach(&self, parts: &mut Parts) {
        let record = parts.record.to_bytes().expect("a valid record");
        parts.seal.record = Digest::of(&record);
        parts.seal.trial = parts.record.trial;
        parts.seal.pages = u32::try_from(parts.record.pages.len()).expect("few pages");
        if matches!(parts.entry.kind, EntryKind::Issue { .. }) {
            parts.entry.kind = EntryKind::Issue { commitment: commitment(&record) };
        }
        let cose = seal::sign(&parts.seal, self.keys.seal_key()).expect("a seal");
        let receipt = self.receipt(&parts.entry);
        parts.files = vec![
            ("record.json".into(), record),
            ("fields.json".into(), fields_to_bytes(&parts.disclosures)),
            ("seal.cose".into(), cose),
            ("receipt.tlog-proof".into(), receipt.to_bytes()),
        ];
    }

    /// A receipt for this entry in a tree of five.
    pub(crate) fn receipt(&self, entry: &Entry) -> Receipt {
        let leaves = self.leaves(entry);
        let node = |level: u8, index: u64| -> Result<Digest, RegistryError> {
            let width = 1usize << level;
            let start = index as usize * width;
            Ok(merkle::root(&leaves[start..start + width]))
        };
        let proof = merkle::inclusion_proof(entry.index, leaves.len() as u64, node).expect("a proof");
        let checkpoint =
            Checkpoint::new(self.log.verifier().name(), leaves.len() as u64, merkle::root(&leaves));
        Receipt { entry: entry.clone(), proof, checkpoint: checkpoint.sign(&self.log).expect("a checkpoint") }
    }

    pub(crate) fn leaves(&self, entry: &Entry) -> Vec<Digest> {
        let mut leaves: Vec<Digest> = (0..5u8).map(|i| merkle::leaf_hash(&[i])).collect();
        leaves[entry.index as usize] = entry.leaf_hash();
        leaves
    }

    /// Composes and signs whatever the parts are.
    pub(crate) fn issue(&self, parts: &Parts) -> Vec<u8> {
        self.issue_with(parts, |role| (self, role))
    }

    /// The same, with the signer of each role taken from some office and role.
    pub(crate) fn issue_with<'h>(
        &'h self,
        parts: &Parts,
        who: impl Fn(Role) -> (&'h House, Role),
    ) -> Vec<u8> {
        let text = |text: &str| StripLine {
            text: text.into(),
            size: 10.0,
            color: [0, 0, 0],
            bold: false,
            align: Align::Left,
        };
        let strip = Strip {
            lines: vec![text("Chứng thực bản sao đúng với bản chính"), text("Số chứng thực 1/2026")],
            qr: Some(format!("SC1:{}", "A7".repeat(120))),
            trial: parts.record.trial,
        };
        let record =
            &parts.files.iter().find(|(name, _)| name == "record.json").map(|(_, bytes)| bytes.clone());
        let id = Digest::of(record.as_deref().unwrap_or_default());
        let meta = Metadata {
            title: parts.title.clone(),
            conversion: "chuyển đổi từ văn bản giấy".into(),
            office: self.name.clone(),
            officer: Some(self.officer.name.clone()),
            converted_at: NOW,
            created: NOW,
            copy_id: parts.copy_id.unwrap_or(*id.0.first_chunk().expect("32 bytes")),
            trial: parts.record.trial,
        };
        let attachments: Vec<Attachment> = parts
            .files
            .iter()
            .map(|(name, bytes)| Attachment {
                name: name.clone(),
                media_type: "application/octet-stream",
                relationship: Relationship::Data,
                description: name.clone(),
                bytes: bytes.clone(),
                modified: NOW,
            })
            .collect();
        let fonts = Fonts::find().expect("fonts-liberation2 is installed");
        let mut draft =
            certify::compose(parts.pages.clone(), &strip, &attachments, &meta, &parts.roles, &fonts)
                .expect("a draft");
        for &role in &parts.roles {
            let (house, as_role) = who(role);
            let signer = house.keys.signer(as_role).expect("the house has both");
            let prepared = draft.prepare(role, "signer", parts.signed_at).expect("its turn");
            let digest = prepared.to_be_signed(signer.algorithm().digest()).digest;
            draft = prepared.finish(&cms::sign(&digest, signer).expect("a signature")).expect("it fits");
        }
        draft.into_copy().expect("all have signed")
    }

    /// A right copy of one page.
    pub(crate) fn copy(&self, seed: u8) -> Vec<u8> {
        self.issue(&self.parts(seed, vec![image(seed, 600)]))
    }
}

pub(crate) fn file<'p>(parts: &'p mut Parts, name: &str) -> &'p mut Vec<u8> {
    &mut parts.files.iter_mut().find(|(n, _)| n == name).expect("it is attached").1
}

/// Refuses a Vietnamese sentence with English in it. Names of files, keys of PDF, subjects of certificates and digests are no words.
#[track_caller]
pub(crate) fn in_vietnamese(sentence: &str) {
    const ENGLISH: [&str; 57] = [
        "the",
        "is",
        "are",
        "was",
        "were",
        "not",
        "of",
        "and",
        "or",
        "has",
        "have",
        "with",
        "does",
        "cannot",
        "at",
        "by",
        "for",
        "from",
        "that",
        "this",
        "it",
        "its",
        "wrong",
        "missing",
        "unknown",
        "malformed",
        "expired",
        "key",
        "signature",
        "certificate",
        "record",
        "entry",
        "index",
        "checkpoint",
        "seal",
        "file",
        "page",
        "pages",
        "digest",
        "root",
        "path",
        "field",
        "fields",
        "copy",
        "object",
        "stream",
        "revision",
        "office",
        "officer",
        "issued",
        "issue",
        "true",
        "false",
        "number",
        "act",
        "revoked",
        "error",
    ];
    let words = sentence.split(|c: char| c.is_whitespace() || "(),;:“”\"'–".contains(c));
    let english: Vec<&str> = words.filter(|word| ENGLISH.contains(&word.to_lowercase().as_str())).collect();
    assert!(english.is_empty(), "{english:?} in: {sentence}");
}

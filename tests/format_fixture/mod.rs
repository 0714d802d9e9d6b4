//! The worked example of `docs/format.md`, section 9: an invented office, an invented person, a fixed clock and seed.

use ed25519_dalek::SigningKey;
use saoy::ambient::{Clock, Entropy, FixedClock, SeededEntropy};
use saoy::geom::PixelBox;
use saoy::record::{
    Act, BookNumber, ConfirmedFields, Digest, Disclosure, Field, Fields, OfficeName, Officer, PageDigest,
    Record, RequiredSigner, Role, SD_ALG, SourcePage, VERSION, commitment, day_text, digests, disclose,
    timestamp, vietnam_day,
};
use saoy::registry::entry::NO_PREDECESSOR;
use saoy::registry::merkle::{self, CompactRange};
use saoy::registry::note::NoteSigner;
use saoy::registry::{Checkpoint, Entry, EntryKind, Receipt, RegistryError, VoidCause, origin};
use saoy::seal::{self, Seal};
use serde_json::{Value, json};
use time::macros::datetime;

/// Everything that the example shows.
pub(crate) struct Example {
    pub(crate) seal_key: SigningKey,
    pub(crate) log_key: NoteSigner,
    pub(crate) origin: String,
    pub(crate) record: Record,
    pub(crate) record_bytes: Vec<u8>,
    pub(crate) disclosures: Vec<Disclosure>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) receipt: Receipt,
    pub(crate) seal: Seal,
    pub(crate) cose: Vec<u8>,
}

pub(crate) fn seed(entropy: &dyn Entropy) -> [u8; 32] {
    let mut seed = [0; 32];
    entropy.fill(&mut seed);
    seed
}

pub(crate) fn field(value: Value, page: u32, bbox: PixelBox) -> Field {
    let raw = value.as_str().map(str::to_owned);
    Field {
        raw,
        value,
        confidence: 0.9,
        page: Some(page),
        bbox: Some(bbox),
        review: false,
        problems: Vec::new(),
    }
}

/// What the machine read, and what the officer made of it: he corrected the date of birth.
pub(crate) fn fields() -> ConfirmedFields {
    let mut read = Fields { form: Some("giay-khai-sinh".into()), ..Fields::default() };
    for (name, value, bbox) in [
        ("child_name", json!("Trần Thị Mẫu"), PixelBox::new(620, 810, 1430, 872)),
        ("child_dob", json!("2020-02-20"), PixelBox::new(620, 905, 1010, 960)),
        ("child_ethnicity", json!(["Kinh"]), PixelBox::new(620, 1100, 760, 1150)),
        ("child_pin", json!("999320000012"), PixelBox::new(620, 1200, 1100, 1250)),
    ] {
        read.fields.insert(name.into(), field(value, 1, bbox));
    }
    let absent = Field {
        raw: None,
        value: Value::Null,
        confidence: 0.0,
        page: None,
        bbox: None,
        review: true,
        problems: vec![],
    };
    read.fields.insert("father_name".into(), absent);
    let mut officer = read.clone();
    officer.fields.get_mut("child_dob").expect("a field of the example").value = json!("2020-02-29");
    ConfirmedFields::by_officer(&read, &officer)
}

pub(crate) fn record(disclosures: &[Disclosure], salt: &[u8; 32]) -> Record {
    let now = FixedClock(datetime!(2026-11-22 03:04:05 UTC)).now();
    Record {
        version: VERSION,
        act: Act::Certification,
        trial: false,
        office: OfficeName { code: "999".into(), name: "Ủy ban nhân dân phường Ví Dụ".into() },
        officer: Some(Officer { name: "Lê Văn Mẫu".into(), title: "Phó Chủ tịch".into() }),
        book: BookNumber { symbol: "SCT/BS".into(), year: 2026, number: 12 },
        date: day_text(vietnam_day(now)).expect("a day of this century"),
        converted_at: timestamp(now),
        compared_at: timestamp(now),
        issued_at: timestamp(now),
        sources: vec![SourcePage { scan: Digest::of(b"the example's scan"), page: 1 }],
        pages: vec![PageDigest {
            stream: Digest::of(b"the example's image stream"),
            filter: "DCTDecode".into(),
            color_space: "DeviceRGB".into(),
            width: 2480,
            height: 3508,
            bits: 8,
            decode: None,
            decode_parms: None,
            globals: None,
        }],
        form: Some("giay-khai-sinh".into()),
        signers: vec![
            RequiredSigner {
                role: Role::Officer,
                certificate: Digest::of(b"the example's officer certificate"),
            },
            RequiredSigner {
                role: Role::Office,
                certificate: Digest::of(b"the example's office certificate"),
            },
        ],
        copies: 2,
        salt: data_encoding::BASE64URL_NOPAD.encode(salt),
        sd: digests(disclosures),
        sd_alg: SD_ALG.into(),
    }
}

/// The log's first five entries: two other issues, a void, ours, and one more.
pub(crate) fn entries(record: &[u8], key_id: [u8; 8], day: u32) -> Vec<Entry> {
    let issue = |commitment| EntryKind::Issue { commitment };
    let mut entries: Vec<Entry> = Vec::new();
    for index in 0..5 {
        let kind = match index {
            2 => {
                EntryKind::Void { target: 1, target_leaf: entries[1].leaf_hash(), cause: VoidCause::Failure }
            }
            3 => issue(commitment(record)),
            _ => issue(commitment(format!("the example's other record {index}").as_bytes())),
        };
        let prev = entries.last().map_or(NO_PREDECESSOR, Entry::leaf_hash);
        entries.push(Entry { index, prev, day, key_id, kind });
    }
    entries
}

pub(crate) fn example() -> Example {
    let entropy = SeededEntropy::new([0x2a; 32]);
    let seal_key = SigningKey::from_bytes(&seed(&entropy));
    let origin = origin("999", None);
    let log_key = NoteSigner::new(&origin, SigningKey::from_bytes(&seed(&entropy))).expect("a key's name");
    let salt = seed(&entropy);
    let disclosures = disclose(&fields(), &entropy).expect("fields that can be certified");
    let record = record(&disclosures, &salt);
    let record_bytes = record.to_bytes().expect("a record");
    let key_id = seal::key_id(&seal_key.verifying_key());
    let day = vietnam_day(datetime!(2026-11-22 03:04:05 UTC));
    let entries = entries(&record_bytes, key_id, day);

    let mut nodes = std::collections::HashMap::new();
    let mut tree = CompactRange::default();
    for entry in &entries {
        tree.push_with(entry.leaf_hash(), |level, index, hash| {
            nodes.insert((level, index), *hash);
        });
    }
    let proof = merkle::inclusion_proof(3, 5, |level, index| Ok::<_, RegistryError>(nodes[&(level, index)]));
    let receipt = Receipt {
        entry: entries[3].clone(),
        proof: proof.expect("a leaf of the tree"),
        checkpoint: Checkpoint::new(origin.clone(), 5, tree.root()).sign(&log_key).expect("a checkpoint"),
    };

    let wanted: Vec<(String, String)> = ["child_name", "child_dob", "child_pin"]
        .into_iter()
        .map(|name| {
            let disclosure = disclosures.iter().find(|d| d.name() == name).expect("a field of the example");
            (name.to_owned(), disclosure.field().value.as_str().expect("a text").to_owned())
        })
        .collect();
    let seal = Seal::of(&record, Digest::of(&record_bytes), 3, &seal_key.verifying_key()).expect("a seal");
    let (seal, cose) = seal::sign_to_fit(seal, &wanted, &seal_key, None).expect("a seal that fits");
    Example { seal_key, log_key, origin, record, record_bytes, disclosures, entries, receipt, seal, cose }
}

//! Verification on one core: `cargo bench --bench verify`. Copies of one page of 0.7 MB, one by one and as a service sees them (paths of
//! certificates remembered), a copy of 20 MB, and the seals of prints, all against a trust list and a signed status list. What the disk and the process
//! cost is not in it; hashing the file and its page images once each is measured beside it, as the floor, and so is the office itself, which asks its
//! database for the status.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::atomic::AtomicBool;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::{Rgb, RgbImage};
use saoy::certify::{Acts, Fonts};
use saoy::extract::Forms;
use saoy::ocr::{EnginePool, FakeRecognizer};
use saoy::office::{Ambient, NewOffice, Office};
use saoy::pipeline::{self, Outcome, Request, Tools};
use saoy::record::{Act, Digest, Officer};
use saoy::registry::Receipt;
use saoy::scan::Limits;
use saoy::seal::qr_text;
use saoy::signature::Algorithm;
use saoy::verify::status::StatusLists;
use saoy::verify::{Options, Paths, SealVerdict, Verdict, Verifier, verify, verify_seal};

/// One copy of that many such pages, and its office.
fn copy(pages: u32) -> (Vec<u8>, Office, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scans: Vec<_> = (0..pages)
        .map(|page| {
            let scan = folder.path().join(format!("scan-{page:03}.jpg"));
            noise(page).save(&scan).expect("the scan is written");
            scan
        })
        .collect();
    let ambient = Ambient {
        clock: Box::new(saoy::ambient::SystemClock),
        entropy: Box::new(saoy::ambient::SystemEntropy),
        passphrase: None,
        anchor: None,
    };
    let new = NewOffice {
        name: "Ủy ban nhân dân phường Bến Mẫu".into(),
        code: "H99.01".into(),
        officer: Some(Officer { name: "Trần Thị Mẫu".into(), title: "Phó Chủ tịch".into() }),
        verify_url: Some("https://xacminh.example.vn".into()),
        book_symbol: "SCT/BS".into(),
        first_number: 1,
        algorithm: Algorithm::EcdsaP256,
    };
    let office = Office::create(&folder.path().join("office"), &new, None, ambient).expect("an office");
    let (forms, acts) = (Forms::builtin().expect("forms"), Acts::builtin().expect("acts"));
    let fonts = Fonts::find().expect("fonts");
    let engines = EnginePool::with(1, || Ok(Box::new(FakeRecognizer)));
    let tools = Tools { forms: &forms, acts: &acts, fonts: &fonts, engines: &engines };
    let request = Request {
        act: Act::Certification,
        form: None,
        officer_fields: HashMap::new(),
        join: true,
        copies: 1,
        requester: None,
        out: folder.path().to_owned(),
        again: false,
        allow_blank: false,
        limits: Limits::default(),
    };
    let outcomes = pipeline::certify(&office, &tools, &scans, &request, &AtomicBool::new(false), &|_| {});
    let outcomes = outcomes.expect("a batch");
    let [Outcome::Certified(done)] = outcomes.as_slice() else { panic!("it was refused: {outcomes:?}") };
    (std::fs::read(&done.output).expect("the copy"), office, folder)
}

/// Noise, so that the JPEG has the size of a scan.
fn noise(page: u32) -> RgbImage {
    RgbImage::from_fn(1330, 1880, |x, y| {
        let mut noise = x.wrapping_mul(0x9E37_79B1) ^ (y + 1880 * page).wrapping_mul(0x85EB_CA6B);
        noise = (noise ^ (noise >> 15)).wrapping_mul(0x2C1B_3C6D);
        Rgb([200 + (noise >> 27) as u8, 200 + (noise >> 26) as u8 % 48, 210])
    })
}

/// What is attached to a copy under that name.
fn attached(copy: &[u8], name: &str) -> Vec<u8> {
    let file = lopdf::Document::load_mem(copy).expect("a PDF");
    let name: Vec<u8> = [0xFEFF].into_iter().chain(name.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let specification = file.objects.values().filter_map(|object| object.as_dict().ok()).find(|dictionary| {
        dictionary.get(b"F").and_then(lopdf::Object::as_str).is_ok_and(|text| text == name)
    });
    let embedded = specification.and_then(|of| of.get(b"EF").and_then(lopdf::Object::as_dict).ok());
    let stream = embedded
        .and_then(|of| file.get_object(of.get(b"F").and_then(lopdf::Object::as_reference).ok()?).ok());
    let stream = stream.and_then(|object| object.as_stream().ok()).expect("it is attached");
    stream.decompressed_content().unwrap_or_else(|_| stream.content.clone())
}

/// The pages' images, as they stand in the file.
fn images(copy: &[u8]) -> Vec<Vec<u8>> {
    let file = lopdf::Document::load_mem(copy).expect("a PDF");
    let streams = file.objects.values().filter_map(|object| object.as_stream().ok());
    let images = streams.filter(|stream| {
        stream.dict.get(b"Subtype").and_then(lopdf::Object::as_name).is_ok_and(|name| name == b"Image")
    });
    images.map(|stream| stream.content.clone()).collect()
}

fn bench(c: &mut Criterion) {
    for pages in [1, 29] {
        copies(c, pages);
    }
    prints(c);
}

fn copies(c: &mut Criterion, pages: u32) {
    let (copy, office, _folder) = copy(pages);
    let trust = office.trust().expect("the trust list");
    let now = time::OffsetDateTime::now_utc();
    office.publish_status(now + time::Duration::DAY).expect("a status list");
    let (_, list) = office.store.log().status_list().expect("readable").expect("published");
    let mut lists = StatusLists::default();
    lists.add(&list, &trust).expect("signed by the office's log");
    let options = Options { now, status: Some(&lists) };
    let paths = Paths::default();
    let verifier =
        Verifier { trust: &trust, status: Some(&lists), witnesses: None, national: None, paths: &paths };
    let at_home = Verifier { status: Some(&office), ..verifier };
    assert_eq!(verify(&copy, &trust, &options).expect("a copy").verdict, Verdict::Valid);
    let images = images(&copy);
    let mut group = c.benchmark_group(format!("{pages} pages, {} kB", copy.len() / 1000));
    group.throughput(Throughput::Elements(1));
    group.bench_function("verify", |b| b.iter(|| verify(black_box(&copy), &trust, &options)));
    group.bench_function("verify, paths remembered", |b| {
        b.iter(|| verifier.copy(black_box(&copy), options.now));
    });
    group.bench_function("verify, paths remembered, the office's own database asked", |b| {
        b.iter(|| at_home.copy(black_box(&copy), options.now));
    });
    group.bench_function("hash file and images", |b| {
        b.iter(|| {
            (Digest::of(black_box(&copy)), images.iter().map(|image| Digest::of(image)).collect::<Vec<_>>())
        });
    });
    group.finish();
}

/// The seal of a print's QR code, and the receipt of its entry with it.
fn prints(c: &mut Criterion) {
    let (copy, office, _folder) = copy(1);
    let trust = office.trust().expect("the trust list");
    let options = Options { now: time::OffsetDateTime::now_utc(), status: None };
    let text = qr_text(&attached(&copy, "seal.cose"), None).expect("a QR code's text");
    assert_eq!(verify_seal(&text, &trust, &options).expect("a seal").verdict, SealVerdict::Sealed);
    let receipt = attached(&copy, "receipt.tlog-proof");
    let log = &trust.offices()[0].log;
    let keys: Vec<_> = log.keys.iter().map(|key| key.key.clone()).collect();
    let included =
        |bytes: &[u8]| Receipt::parse(bytes).and_then(|receipt| receipt.verify(&log.origin, &keys));
    included(&receipt).expect("the entry is in the log");
    let mut group = c.benchmark_group("print");
    group.throughput(Throughput::Elements(1));
    group.bench_function("seal", |b| b.iter(|| verify_seal(black_box(&text), &trust, &options)));
    group.bench_function("seal and receipt", |b| {
        b.iter(|| (verify_seal(black_box(&text), &trust, &options), included(black_box(&receipt))));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

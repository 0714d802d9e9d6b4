//! Verification of one-page copies of about 0.7 MB on one core: `cargo bench --bench verify`. What the disk and the process cost is
//! not in it; hashing the same bytes once is measured beside it, as the floor.

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
use saoy::scan::Limits;
use saoy::signature::Algorithm;
use saoy::verify::{Options, Verdict, verify};

/// One copy and its office.
fn copy() -> (Vec<u8>, Office, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Noise, so that the JPEG has the size of a scan.
    let image = RgbImage::from_fn(1240, 1754, |x, y| {
        let mut noise = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA6B);
        noise = (noise ^ (noise >> 15)).wrapping_mul(0x2C1B_3C6D);
        Rgb([200 + (noise >> 27) as u8, 200 + (noise >> 26) as u8 % 48, 210])
    });
    let scan = folder.path().join("scan.jpg");
    image.save(&scan).expect("the scan is written");
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
        join: false,
        copies: 1,
        requester: None,
        out: folder.path().to_owned(),
        again: false,
        allow_blank: false,
        limits: Limits::default(),
    };
    let outcomes = pipeline::certify(&office, &tools, &[scan], &request, &AtomicBool::new(false), &|_| {});
    let outcomes = outcomes.expect("a batch");
    let [Outcome::Certified(done)] = outcomes.as_slice() else { panic!("it was refused: {outcomes:?}") };
    (std::fs::read(&done.output).expect("the copy"), office, folder)
}

fn bench(c: &mut Criterion) {
    let (copy, office, _folder) = copy();
    let trust = office.trust().expect("the trust list");
    let options = Options { now: time::OffsetDateTime::now_utc(), status: Some(&office) };
    assert_eq!(verify(&copy, &trust, &options).expect("a copy").verdict, Verdict::Valid);
    let mut group = c.benchmark_group(format!("one page, {} kB", copy.len() / 1000));
    group.throughput(Throughput::Elements(1));
    group.bench_function("verify", |b| b.iter(|| verify(black_box(&copy), &trust, &options)));
    group.bench_function("hash once", |b| b.iter(|| Digest::of(black_box(&copy))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

//! The pool of engines, with engines that read nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use image::{DynamicImage, GrayImage};
use saoy::geom::Orientation;
use saoy::ocr::{EnginePool, FakeRecognizer, OcrError, PageError, PageJob, RawLine, Recognizer};
use saoy::scan::{ColorSpace, DpiSource, Filter, Page, StoredImage};

fn page(number: u32, width: u32, height: u32) -> Page {
    let stored = StoredImage {
        data: Arc::from([]),
        filter: Filter::Flate { png_predictor: None },
        color_space: ColorSpace::Gray,
        width,
        height,
        bits: 8,
        decode: None,
        orientation: Orientation::Upright,
        original: true,
    };
    let pixels = DynamicImage::ImageLuma8(GrayImage::from_pixel(width, height, image::Luma([255])));
    Page { number, stored, pixels, dpi: [200.0; 2], dpi_source: DpiSource::File }
}

fn jobs(costs: &[u64]) -> Vec<PageJob> {
    costs.iter().enumerate().map(|(i, &cost)| PageJob { document: i, page: 1, cost }).collect()
}

fn fake_pool(jobs: usize) -> EnginePool {
    EnginePool::with(jobs, || Ok(Box::new(FakeRecognizer)))
}

/// A fake that does something first.
struct With<F>(F);

impl<F: FnMut() -> Result<(), OcrError>> Recognizer for With<F> {
    fn read_page(&mut self, image: &GrayImage, ppi: u32, d: Duration) -> Result<Vec<RawLine>, OcrError> {
        (self.0)()?;
        FakeRecognizer.read_page(image, ppi, d)
    }
    fn read_line(
        &mut self,
        image: &GrayImage,
        ppi: u32,
        allowed: Option<&str>,
    ) -> Result<(String, f32), OcrError> {
        FakeRecognizer.read_line(image, ppi, allowed)
    }
}

#[test]
fn every_page_is_read_once_and_says_whose_it_is() {
    let work = (0..7)
        .flat_map(|document| (1..=3).map(move |page| PageJob { document, page, cost: u64::from(page) }))
        .collect();
    let seen = Mutex::new(BTreeMap::new());
    let left = fake_pool(3).read_all(
        work,
        |document, number| Ok::<_, OcrError>(page(number, 300 + 2 * document as u32, 400 + 2 * number)),
        &AtomicBool::new(false),
        |document, number, result| {
            let text = result.expect("the fake reads").text;
            assert_eq!((text.width, text.height), (300 + 2 * document as u32, 400 + 2 * number));
            *seen.lock().unwrap().entry((document, number)).or_insert(0) += 1;
        },
    );
    assert_eq!(left, 0);
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 21);
    assert!(seen.values().all(|&times| times == 1));
}

#[test]
fn the_dearest_pages_come_first_and_equal_ones_in_order() {
    let order = Mutex::new(Vec::new());
    fake_pool(1).read_all(
        jobs(&[5, 9, 5, 1, 9]),
        |document, number| {
            order.lock().unwrap().push(document);
            Ok::<_, OcrError>(page(number, 100, 100))
        },
        &AtomicBool::new(false),
        |_, _, _| {},
    );
    assert_eq!(order.into_inner().unwrap(), [1, 4, 0, 2, 3]);
}

#[test]
fn so_many_pages_are_in_memory_as_there_are_workers() {
    const JOBS: usize = 3;
    let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // The first pages wait for each other, so that all workers are seen at once.
    let all_begin = Barrier::new(JOBS);
    let begun = AtomicUsize::new(0);
    fake_pool(JOBS).read_all(
        jobs(&[1; 20]),
        |_, number| {
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if begun.fetch_add(1, Ordering::SeqCst) < JOBS {
                all_begin.wait();
            }
            Ok::<_, OcrError>(page(number, 100, 100))
        },
        &AtomicBool::new(false),
        |_, _, _| {
            inside.fetch_sub(1, Ordering::SeqCst);
        },
    );
    assert_eq!(most.into_inner(), JOBS);
}

#[test]
fn engines_are_made_once_a_worker_and_dropped_with_the_pool() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let (alive, made) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (a, m) = (alive.clone(), made.clone());
    let pool = EnginePool::with(2, move || {
        a.fetch_add(1, Ordering::SeqCst);
        m.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(a.clone());
        Ok(Box::new(With(move || {
            let _alive = &counted;
            Ok(())
        })))
    });
    assert_eq!(made.load(Ordering::SeqCst), 0, "lazily");
    for _ in 0..3 {
        let load = |_, number| Ok::<_, OcrError>(page(number, 100, 100));
        pool.read_all(jobs(&[1; 10]), load, &AtomicBool::new(false), |_, _, r| assert!(r.is_ok()));
    }
    assert!(made.load(Ordering::SeqCst) <= 2);
    drop(pool);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn no_page_is_begun_after_cancelling() {
    let cancelled = AtomicBool::new(false);
    let done = AtomicUsize::new(0);
    let left = fake_pool(1).read_all(
        jobs(&[1; 10]),
        |_, number| Ok::<_, OcrError>(page(number, 100, 100)),
        &cancelled,
        |_, _, _| {
            if done.fetch_add(1, Ordering::SeqCst) == 2 {
                cancelled.store(true, Ordering::SeqCst);
            }
        },
    );
    assert_eq!((left, done.into_inner()), (7, 3));
}

#[test]
fn a_panic_is_an_error_of_its_page_and_costs_its_engine() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let pool = EnginePool::with(1, move || {
        count.fetch_add(1, Ordering::SeqCst);
        let mut page = 0;
        Ok(Box::new(With(move || {
            page += 1;
            assert!(page != 2, "text of a paper");
            Ok(())
        })))
    });
    let results = Mutex::new(Vec::new());
    pool.read_all(
        jobs(&[3, 2, 1]),
        |_, number| Ok::<_, OcrError>(page(number, 100, 100)),
        &AtomicBool::new(false),
        |document, _, result| results.lock().unwrap().push((document, result.map(|_| ()))),
    );
    assert_eq!(results.into_inner().unwrap(), [(0, Ok(())), (1, Err(PageError::Panicked)), (2, Ok(()))]);
    assert_eq!(made.load(Ordering::SeqCst), 2);
    // What a panic says may be text of the paper.
    let failure = saoy::error::Failure::from(PageError::<OcrError>::Panicked);
    assert!(!failure.message.contains("paper"));
}

#[test]
fn a_page_that_cannot_be_loaded_or_read_fails_alone() {
    let pool = EnginePool::with(2, || Ok(Box::new(With(|| Err(OcrError::Deadline(Duration::from_secs(1)))))));
    let results = Mutex::new(BTreeMap::new());
    pool.read_all(
        jobs(&[1, 1]),
        |document, number| if document == 0 { Err("torn") } else { Ok(page(number, 100, 100)) },
        &AtomicBool::new(false),
        |document, _, result| {
            results.lock().unwrap().insert(document, result.map(|_| ()));
        },
    );
    let results = results.into_inner().unwrap();
    assert_eq!(results[&0], Err(PageError::Load("torn")));
    assert_eq!(results[&1], Err(PageError::Ocr(OcrError::Deadline(Duration::from_secs(1)))));
}

#[test]
fn an_engine_is_free_when_its_page_is_done() {
    let pool = fake_pool(1);
    let reread = Mutex::new(None);
    pool.read_all(
        jobs(&[1]),
        |_, number| Ok::<_, OcrError>(page(number, 100, 100)),
        &AtomicBool::new(false),
        |_, _, _| {
            let line = GrayImage::new(40, 10);
            let read = pool.with_engine(|engine| engine.read_line(&line, 300, Some("0123456789")));
            *reread.lock().unwrap() = Some(read);
        },
    );
    assert_eq!(reread.into_inner().unwrap(), Some(Ok(("4010".to_owned(), 0.9))));
}

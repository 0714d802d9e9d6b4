//! Many pages at once: one engine a worker, the longest pages first.

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{
    LineModel, OWN_MODEL, OcrError, PAGE_DEADLINE, PageError, PageText, Recognizer, Tesseract, read_page,
};
use crate::scan::{DpiSource, Page, StoredImage};

type Engine = Box<dyn Recognizer + Send>;
type Factory = Box<dyn Fn() -> Result<Engine, OcrError> + Send + Sync>;

/// One page to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageJob {
    /// The caller's number for the document.
    pub document: usize,
    /// From 1, in its document.
    pub page: u32,
    /// A guess of how long it takes, in any unit: the dearest are read first, so that none is left alone at the end.
    pub cost: u64,
}

/// A page that was read: what a copy needs of it. Its decoded pixels are gone.
#[derive(Clone, Debug)]
pub struct PageRead {
    /// The image as kept.
    pub stored: StoredImage,
    /// Pixels an inch of the upright page.
    pub dpi: [f64; 2],
    /// How they are known.
    pub dpi_source: DpiSource,
    /// What the page says, and its size in upright pixels.
    pub text: PageText,
}

/// Workers that read pages, each with an engine of its own. Engines are made when first needed and end with the
/// pool: a thread-local would never be dropped when the process ends.
pub struct EnginePool {
    workers: ThreadPool,
    engines: Vec<Mutex<Option<Engine>>>,
    factory: Factory,
    deadline: Duration,
}

impl EnginePool {
    /// `jobs` workers (at least one) with Saoy's own model.
    ///
    /// # Errors
    /// As [`LineModel::own`].
    pub fn own(jobs: usize) -> Result<Self, OcrError> {
        Ok(Self::of_model(LineModel::own()?, jobs))
    }

    fn of_model(model: LineModel, jobs: usize) -> Self {
        Self::with(jobs, move || Ok(Box::new(model.engine())))
    }

    /// `jobs` workers (at least one) with these languages: [`OWN_MODEL`], or as Tesseract names them, then line engines where the model
    /// allows it, else Tesseract alone. A missing language is known before any page.
    ///
    /// # Errors
    /// As [`Tesseract::new`].
    pub fn of_language(languages: &str, jobs: usize) -> Result<Self, OcrError> {
        if languages == OWN_MODEL {
            return Self::own(jobs);
        }
        let first = Tesseract::new(languages)?;
        if let Some(model) = LineModel::of(&first)? {
            return Ok(Self::of_model(model, jobs));
        }
        let languages = languages.to_owned();
        let pool = Self::with(jobs, move || Ok(Box::new(Tesseract::new(&languages)?) as Engine));
        *lock(&pool.engines[0]) = Some(Box::new(first));
        Ok(pool)
    }

    /// `jobs` workers (at least one) with the engines that `factory` makes.
    pub fn with(
        jobs: usize,
        factory: impl Fn() -> Result<Box<dyn Recognizer + Send>, OcrError> + Send + Sync + 'static,
    ) -> Self {
        let jobs = jobs.max(1);
        let workers = ThreadPoolBuilder::new()
            .num_threads(jobs)
            .thread_name(|i| format!("ocr-{i}"))
            .build()
            .expect("the system gives a few threads");
        Self {
            workers,
            engines: (0..jobs).map(|_| Mutex::new(None)).collect(),
            factory: Box::new(factory),
            deadline: PAGE_DEADLINE,
        }
    }

    /// With another limit for one page.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// One more engine of the same kind, for whoever must read while the workers are busy.
    ///
    /// # Errors
    /// As the factory's.
    pub fn spare(&self) -> Result<Box<dyn Recognizer + Send>, OcrError> {
        (self.factory)()
    }

    /// How many pages are read at once.
    pub fn jobs(&self) -> usize {
        self.engines.len()
    }

    /// Reads all pages of all documents, the dearest first, `jobs` at once; at most so many are in memory. `load`
    /// gives a page, `done` gets each result as `(document, page, result)` when it is there; both are called from
    /// the workers, `done` in any order. A page that fails, even by a panic, is an error of that page only.
    ///
    /// Once `cancelled` is set no further page is begun. Gives the number of pages that were not begun, for which
    /// `done` is not called.
    pub fn read_all<E: Send>(
        &self,
        mut work: Vec<PageJob>,
        load: impl Fn(usize, u32) -> Result<Page, E> + Sync,
        cancelled: &AtomicBool,
        done: impl Fn(usize, u32, Result<PageRead, PageError<E>>) + Sync,
    ) -> usize {
        // Equal costs keep the caller's order.
        work.sort_by_key(|job| Reverse(job.cost));
        let next = AtomicUsize::new(0);
        self.workers.broadcast(|worker| {
            let slot = &self.engines[worker.index()];
            while !cancelled.load(Ordering::Relaxed) {
                let Some(job) = work.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let read = || self.read_one(&mut lock(slot), job, &load);
                let result = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
                    // Whatever the engine was doing, it is not trusted again. What the panic says may hold
                    // text of the page and goes nowhere.
                    *lock(slot) = None;
                    Err(PageError::Panicked)
                });
                // The engine is free by now: `done` may use it.
                done(job.document, job.page, result);
            }
        });
        work.len().saturating_sub(next.into_inner())
    }

    /// Runs `task` with an engine on one of the workers: to read a line again.
    ///
    /// # Errors
    /// Those of `task`; when an engine cannot be made.
    pub fn with_engine<T: Send>(
        &self,
        task: impl FnOnce(&mut dyn Recognizer) -> Result<T, OcrError> + Send,
    ) -> Result<T, OcrError> {
        self.workers.install(|| {
            let worker = rayon::current_thread_index().unwrap_or(0);
            let mut slot = lock(&self.engines[worker]);
            task(self.engine(&mut slot)?)
        })
    }

    fn read_one<E>(
        &self,
        slot: &mut Option<Engine>,
        job: &PageJob,
        load: impl Fn(usize, u32) -> Result<Page, E>,
    ) -> Result<PageRead, PageError<E>> {
        let page = load(job.document, job.page).map_err(PageError::Load)?;
        let engine = self.engine(slot)?;
        let text = read_page(&page, engine, self.deadline)?;
        Ok(PageRead { stored: page.stored, dpi: page.dpi, dpi_source: page.dpi_source, text })
    }

    fn engine<'a>(&self, slot: &'a mut Option<Engine>) -> Result<&'a mut dyn Recognizer, OcrError> {
        if slot.is_none() {
            *slot = Some((self.factory)()?);
        }
        let engine = slot.as_mut().expect("an engine was put there");
        Ok(engine.as_mut())
    }
}

impl std::fmt::Debug for EnginePool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnginePool").field("jobs", &self.jobs()).field("deadline", &self.deadline).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic while holding it already emptied the slot or never touched it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A witness over HTTP: C2SP tlog-witness, for the logs of a trust list.
//!
//! One folder a witness: its key, and for each log the last checkpoint that it cosigned. Looking at that, deciding and making the
//! new one durable happen under one lock, and before the answer; so no two answers can contradict each other, whatever crashes.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::ambient::Clock;
use crate::error::Failure;
use crate::record::Digest;
use crate::registry::Checkpoint;
use crate::registry::check::LogTrust;
use crate::registry::check::Place as _;
use crate::registry::cosignature::Cosigner;
use crate::registry::note::{Note, NoteSignature};
use crate::registry::tiles::{CHECKPOINT_PATH, Tile};
use crate::registry::witness::{self, AddCheckpoint, Refusal};
use crate::store::{CheckpointLog, LogFolder, StoreError, replace_durably};

/// The folder of the national log in a witness's own.
pub const NATIONAL: &str = "log";

/// A witness with its state.
pub struct Witness {
    folder: PathBuf,
    cosigner: Cosigner,
    logs: Vec<LogTrust>,
    clock: Box<dyn Clock>,
    /// The last cosigned checkpoint of each log, by origin.
    last: Mutex<HashMap<String, Note>>,
    /// Where every cosigned checkpoint is logged, if it is.
    national: Option<Mutex<CheckpointLog>>,
    _lock: File,
}

/// Why a checkpoint is not cosigned.
#[derive(Debug)]
pub enum Declined {
    /// It may not be.
    Refused(Refusal),
    /// It could not be kept, so it was not cosigned.
    Failed(Failure),
}

impl Witness {
    /// Opens a witness's folder, which only one process may have open.
    ///
    /// # Errors
    /// `witness-locked`; state that is damaged: a witness that forgets would cosign two histories.
    pub fn open(
        folder: &Path,
        cosigner: Cosigner,
        logs: Vec<LogTrust>,
        clock: Box<dyn Clock>,
    ) -> Result<Self, Failure> {
        let io = |path: &Path, source| Failure::from(StoreError::Io { path: path.to_owned(), source });
        fs::create_dir_all(folder).map_err(|e| io(folder, e))?;
        let path = folder.join("lock");
        let lock =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(|e| io(&path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(
                    "witness-locked",
                    format!("{} is in use by another saoy that witnesses", folder.display()),
                    "a witness has one memory: stop the other one",
                ));
            }
            Err(TryLockError::Error(source)) => return Err(io(&path, source)),
        }
        let mut last = HashMap::new();
        for log in &logs {
            let path = state_path(folder, &log.origin);
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(source) => return Err(io(&path, source)),
            };
            let own = |note: &Note| cosigner.verifier().verify(note).ok().flatten().is_some();
            let note = Note::parse(&bytes).ok().filter(own).filter(|note| {
                Checkpoint::parse(note.text()).is_ok_and(|checkpoint| checkpoint.origin == log.origin)
            });
            let Some(note) = note else {
                return Err(Failure::new(
                    "witness-damaged",
                    format!(
                        "{} is not a checkpoint of {} that this witness cosigned",
                        path.display(),
                        log.origin
                    ),
                    "bring back the newest one: a witness that forgets could cosign a second history",
                ));
            };
            last.insert(log.origin.clone(), note);
        }
        Ok(Self {
            folder: folder.to_owned(),
            cosigner,
            logs,
            clock,
            last: Mutex::new(last),
            national: None,
            _lock: lock,
        })
    }

    /// Logs each checkpoint that it cosigns in a log of its own, before it answers: a national log of the offices' checkpoints.
    #[must_use]
    pub fn with_log(self, log: CheckpointLog) -> Self {
        Self { national: Some(Mutex::new(log)), ..self }
    }

    /// Cosigns the checkpoint of a request, if it follows the last one. When this returns, that is durable.
    ///
    /// # Errors
    /// [`Declined`].
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<NoteSignature, Declined> {
        let refused = Declined::Refused;
        let request = AddCheckpoint::parse(body).map_err(|e| refused(Refusal::Malformed(e)))?;
        let origin = witness::origin_of(&request).map_err(refused)?;
        let log = self.logs.iter().find(|log| log.origin == origin);
        let log = log.ok_or(refused(Refusal::UnknownLog))?;
        let claimed = Checkpoint::parse(request.checkpoint.text());
        let claimed = claimed.map_err(|e| refused(Refusal::Malformed(e)))?;
        let keys = log.keys_at(claimed.size.saturating_sub(1));

        let mut last = self.last.lock().expect("no holder of this lock panics");
        let known = last.get(&origin).and_then(|note| Checkpoint::parse(note.text()).ok());
        let known = known.map(|checkpoint| (checkpoint.size, checkpoint.root));
        witness::judge(&request, &origin, &keys, known).map_err(refused)?;
        let now = u64::try_from(self.clock.now().unix_timestamp()).unwrap_or(0);
        let cosignature = self.cosigner.cosign(request.checkpoint.text(), now);
        // Of the others' signatures only the log's are kept: nobody else's were verified.
        let mut kept = Note::unsigned(request.checkpoint.text());
        for line in request.checkpoint.signatures() {
            if keys.iter().any(|key| key.name() == line.name && key.id() == line.id) {
                kept = kept.with(line.clone()).map_err(|e| refused(Refusal::Malformed(e)))?;
            }
        }
        let kept = kept.with(cosignature.clone()).map_err(|e| refused(Refusal::Malformed(e)))?;
        let path = state_path(&self.folder, &origin);
        replace_durably(&path, kept.to_string().as_bytes())
            .map_err(|source| Declined::Failed(StoreError::Io { path, source }.into()))?;
        if let Some(log) = &self.national {
            let mut log = log.lock().expect("no holder of this lock panics");
            log.append(&kept).map_err(Declined::Failed)?;
        }
        last.insert(origin, kept);
        Ok(cosignature)
    }

    /// The proof that a checkpoint is in the national log, by the hash of its leaf in hexadecimal.
    fn logged(&self, leaf: &str) -> Option<String> {
        let leaf = Digest::from_hex(leaf)?;
        let log = self.national.as_ref()?.lock().expect("no holder of this lock panics");
        Some(log.proof(&leaf).ok()??.to_string())
    }

    /// A file of the national log.
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.national.as_ref()?;
        if path != CHECKPOINT_PATH && path.parse::<Tile>().is_err() {
            return None;
        }
        LogFolder::new(&self.folder.join(NATIONAL)).read(path).ok()?
    }

    /// The last cosigned checkpoint of the log whose origin has this SHA-256, in hexadecimal.
    fn monitored(&self, hash: &str) -> Option<String> {
        let last = self.last.lock().expect("no holder of this lock panics");
        last.iter()
            .find(|(origin, _)| Digest::of(origin.as_bytes()).hex() == hash)
            .map(|(_, note)| note.to_string())
    }
}

fn state_path(folder: &Path, origin: &str) -> PathBuf {
    folder.join(format!("{}.checkpoint", Digest::of(origin.as_bytes()).hex()))
}

/// Serves a witness until `stop` is done. `listening` is told the address.
///
/// # Errors
/// An address that cannot be had.
pub fn serve(
    witness: Witness,
    listen: SocketAddr,
    stop: impl Future<Output = ()> + Send + 'static,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let router = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{hash}/checkpoint", get(monitor))
        .route("/checkpoint", get(national_checkpoint))
        .route("/tile/{*path}", get(national_tile))
        .route("/proof/{leaf}", get(national_proof))
        .layer(DefaultBodyLimit::max(witness::MAX_BYTES))
        .with_state(Arc::new(witness));
    super::run(listen, router, stop, listening)
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    let answer = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await;
    match answer {
        Ok(Ok(cosignature)) => witness::answer_to_text(&[cosignature]).into_response(),
        Ok(Err(Declined::Refused(refusal))) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let kind = match refusal {
                Refusal::Conflict(_) => witness::SIZE_TYPE,
                _ => "text/plain; charset=utf-8",
            };
            (status, [(header::CONTENT_TYPE, kind)], format!("{refusal}\n")).into_response()
        }
        Ok(Err(Declined::Failed(_))) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn monitor(State(witness): State<Arc<Witness>>, UrlPath(hash): UrlPath<String>) -> Response {
    match witness.monitored(&hash) {
        Some(note) => ([(header::CACHE_CONTROL, "no-cache")], note).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn national_checkpoint(State(witness): State<Arc<Witness>>) -> Response {
    file(witness, CHECKPOINT_PATH.to_owned(), "text/plain; charset=utf-8", "no-cache").await
}

async fn national_tile(State(witness): State<Arc<Witness>>, UrlPath(path): UrlPath<String>) -> Response {
    file(witness, format!("tile/{path}"), "application/octet-stream", "public, max-age=31536000, immutable")
        .await
}

async fn file(witness: Arc<Witness>, path: String, kind: &'static str, caching: &'static str) -> Response {
    match tokio::task::spawn_blocking(move || witness.file(&path)).await {
        Ok(Some(bytes)) => {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, caching)], bytes).into_response()
        }
        _ => (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-cache")]).into_response(),
    }
}

async fn national_proof(State(witness): State<Arc<Witness>>, UrlPath(leaf): UrlPath<String>) -> Response {
    match tokio::task::spawn_blocking(move || witness.logged(&leaf)).await {
        Ok(Some(proof)) => ([(header::CACHE_CONTROL, "no-cache")], proof).into_response(),
        _ => (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-cache")]).into_response(),
    }
}

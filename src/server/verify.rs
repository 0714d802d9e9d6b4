//! Verification over HTTP: a copy, the text of a seal or a copy's id in, a report out. `docs/openapi.json` says it to programs.
//!
//! What comes in is neither kept nor logged. Refused is in this order: route, method, kind, declared length, room; a byte of a body
//! is read only for a request that has its place. Every refusal is a problem (RFC 9457).

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Path as UrlPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt as _;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::problem::Problem;
use crate::ambient::Clock;
use crate::error::Failure;
use crate::verify::{Status, StatusAnswer, Verifier};

/// What it offers, for programs (OpenAPI 3.1).
pub const OPENAPI: &str = include_str!("../../docs/openapi.json");
/// The JSON schema of its reports.
pub const REPORT_SCHEMA: &str = include_str!("../../docs/report.schema.json");

const COPY: &str = "/v1/copy";
const SEAL: &str = "/v1/seal";
const BY_ID: &str = "/v1/copy/{id}";
const API: &str = "/openapi.json";
const SCHEMA: &str = "/report.schema.json";

/// Bytes that the text of a seal may have; a QR code holds fewer.
const MAX_SEAL: u64 = 8 << 10;
/// Memory for bodies is given out in pieces of so many bytes.
const PIECE: u64 = 1 << 10;

/// What is verified against, for as long as it holds.
pub trait Ground: Send + Sync {
    /// The trust list and what else the reader asks for.
    fn verifier(&self) -> Verifier<'_>;

    /// The entry of the copy with this id (32 lower-case hexadecimal digits), and what the registry says about it.
    ///
    /// # Errors
    /// `no-register` where nobody is there who knows ids; what keeps the register from being read.
    fn by_id(&self, id: &str) -> Result<Option<(u64, StatusAnswer)>, Failure>;
}

/// How much the service takes upon itself.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that a copy may have.
    pub copy: u64,
    /// Bytes of bodies in memory at once; at least `copy`.
    pub memory: u64,
    /// Requests that are worked on at once; the next is refused.
    pub requests: usize,
    /// Connections that are open at once; the next is refused.
    pub connections: usize,
    /// How long the head of a request may take, and how long its body.
    pub wait: Duration,
    /// How often the ground is made anew.
    pub refresh: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            copy: 64 << 20,
            memory: 96 << 20,
            requests: 64,
            connections: 1024,
            wait: Duration::from_secs(30),
            refresh: Duration::from_secs(60),
        }
    }
}

/// Serves verification until `stop` is done, then finishes what it has accepted. `ground` makes what is verified against, at the
/// start and again and again; where that fails later, the last one stays. `log` gets one line a request: method, route, status,
/// milliseconds; and one for each ground that could not be made. `listening` is told the address.
///
/// # Errors
/// The first ground's; an address that cannot be had.
pub fn serve(
    listen: SocketAddr,
    ground: impl Fn() -> Result<Box<dyn Ground>, Failure> + Send,
    clock: Box<dyn Clock>,
    limits: Limits,
    log: impl Fn(&str) + Send + Sync + 'static,
    stop: impl Future<Output = ()> + Send,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let memory = limits.memory.max(limits.copy);
    // A ground may hold a runtime of its own, which must not end inside of another: the last to let go is this function.
    let service = Arc::new(Service {
        ground: RwLock::new(Arc::from(ground()?)),
        clock,
        limits,
        places: Arc::new(Semaphore::new(limits.requests)),
        memory: Arc::new(Semaphore::new(usize::try_from(memory.div_ceil(PIECE)).unwrap_or(usize::MAX >> 4))),
        log: Box::new(log),
    });
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(threads)
        .thread_name("saoy-verify")
        .enable_all()
        .build()
        .map_err(|error| super::cannot_listen(listen, &error))?;
    let (ended, ending) = mpsc::channel::<()>();
    let done = std::thread::scope(|scope| {
        let kept = Arc::clone(&service);
        scope.spawn(move || {
            while ending.recv_timeout(limits.refresh) == Err(mpsc::RecvTimeoutError::Timeout) {
                match ground() {
                    Ok(ground) => {
                        *kept.ground.write().unwrap_or_else(PoisonError::into_inner) = Arc::from(ground);
                    }
                    Err(failure) => (kept.log)(&format!("refresh {}", failure.code)),
                }
            }
        });
        let done = runtime.block_on(accept(listen, &service, stop, listening));
        drop(ended);
        done
    });
    drop(runtime);
    drop(service);
    done
}

struct Service {
    ground: RwLock<Arc<dyn Ground>>,
    clock: Box<dyn Clock>,
    limits: Limits,
    places: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    log: Box<dyn Fn(&str) + Send + Sync>,
}

/// Takes connections until `stop` is done, then lets those that are there finish their request.
async fn accept(
    listen: SocketAddr,
    service: &Arc<Service>,
    stop: impl Future<Output = ()> + Send,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let failed = |error| super::cannot_listen(listen, &error);
    let socket = TcpListener::bind(listen).await.map_err(failed)?;
    listening(socket.local_addr().map_err(failed)?);
    let limits = service.limits;
    let router = router(Arc::clone(service));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.wait);
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Too many open files, or a caller who went away: those that are there go on meanwhile.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
        };
        if connections.len() >= limits.connections {
            tokio::spawn(turn_away(stream));
            continue;
        }
        // It only makes answers quicker.
        let _ = stream.set_nodelay(true);
        let connection =
            http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let mut stopped = stopped.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let stopped = async {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            // A connection that breaks is the caller's affair.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = stopped => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
    }
    drop(socket);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Refuses a connection without reading from it.
async fn turn_away(mut stream: TcpStream) {
    let body = Problem::busy().json();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {}\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        Problem::KIND,
        body.len()
    );
    let write = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), write).await;
}

fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route(COPY, post(copy))
        .route(SEAL, post(seal))
        .route(BY_ID, get(by_id))
        .route(API, get(|| async { document(OPENAPI) }))
        .route(SCHEMA, get(|| async { document(REPORT_SCHEMA) }))
        .fallback(|| async {
            Problem::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this address")
                .advise("ask /openapi.json which addresses there are")
        })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "no-method",
                "this address has other methods: see Allow",
            )
            .advise("ask /openapi.json which methods it has")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&service), logged))
        .with_state(service)
}

/// One line a request; of the address only the route, since an id stands in it, or whatever a caller writes.
async fn logged(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "-",
    };
    let route = match request.uri().path() {
        COPY => COPY,
        SEAL => SEAL,
        API => API,
        SCHEMA => SCHEMA,
        path if path.strip_prefix(COPY).is_some_and(|rest| rest.starts_with('/')) => BY_ID,
        _ => "-",
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let (status, took) = (response.status().as_u16(), begun.elapsed().as_millis());
    (service.log)(&format!("{method} {route} {status} {took} ms"));
    response
}

async fn copy(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Problem> {
    let limit = service.limits.copy;
    is_of(request.headers(), &["application/pdf", "application/octet-stream"])?;
    let declared = declared(request.body(), limit)?;
    let place = service.place()?;
    let pieces = u32::try_from(declared.unwrap_or(limit).div_ceil(PIECE)).unwrap_or(u32::MAX);
    let room = Arc::clone(&service.memory).try_acquire_many_owned(pieces).map_err(|_| Problem::busy())?;
    let pdf = read(request.into_body(), declared, limit, service.limits.wait).await?;
    service
        .work((place, Some(room)), move |ground, clock| {
            let report = ground.verifier().copy(&pdf, clock.now());
            report.map(|report| json(&report)).map_err(|error| {
                let (failure, signatures) = error.told(&pdf);
                refused(failure).signed(signatures)
            })
        })
        .await
}

async fn seal(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Problem> {
    is_of(request.headers(), &["text/plain"])?;
    let declared = declared(request.body(), MAX_SEAL)?;
    let place = service.place()?;
    let text = read(request.into_body(), declared, MAX_SEAL, service.limits.wait).await?;
    service
        .work((place, None), move |ground, clock| {
            let text = String::from_utf8(text).map_err(|_| {
                Problem::new(StatusCode::BAD_REQUEST, "no-text", "the body is not UTF-8")
                    .advise("send the text of the QR code, or the link in it")
            })?;
            let report = ground.verifier().seal(&text, clock.now());
            report.map(|report| json(&report)).map_err(|error| refused(error.into()))
        })
        .await
}

async fn by_id(
    State(service): State<Arc<Service>>,
    UrlPath(id): UrlPath<String>,
) -> Result<Response, Problem> {
    if id.len() != 32 || !id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        let problem =
            Problem::new(StatusCode::BAD_REQUEST, "no-id", "a copy's id is 32 lower-case hexadecimal digits");
        return Err(problem.advise("give the id that stands in the report of a copy"));
    }
    let place = service.place()?;
    service
        .work((place, None), move |ground, _| {
            let unable = |failure: Failure| {
                let status = match failure.code {
                    "no-register" => StatusCode::NOT_IMPLEMENTED,
                    _ => StatusCode::SERVICE_UNAVAILABLE,
                };
                // What keeps a register from being read is the office's affair: a path may stand in it.
                Problem::new(status, failure.code, "the register of copies cannot be asked here").advise(
                    match failure.code {
                        "no-register" => failure.advice.as_str(),
                        _ => "ask again later; if that does not help, tell whoever runs the service",
                    },
                )
            };
            let Some((index, answer)) = ground.by_id(&id).map_err(unable)? else {
                return Err(Problem::new(
                    StatusCode::NOT_FOUND,
                    "no-copy",
                    "the office has no copy with this id",
                )
                .advise("check the id; a copy whose document was erased is not known by it any more"));
            };
            Ok(json(&CopyStatus {
                copy_id: &id,
                index,
                status: answer.status,
                since: answer.since.as_ref().map(|since| since.day.as_str()),
                cause: answer.since.as_ref().and_then(|since| since.cause),
                as_of: answer.as_of.format(&Rfc3339).unwrap_or_default(),
            }))
        })
        .await
}

/// What is said of a copy that is known by its id alone: nothing that stands in it.
#[derive(Serialize)]
struct CopyStatus<'a> {
    copy_id: &'a str,
    index: u64,
    status: Status,
    since: Option<&'a str>,
    cause: Option<&'a str>,
    as_of: String,
}

impl Service {
    /// A place among the requests that are worked on.
    fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Problem::busy())
    }

    /// Works on a thread of its own; the place is held until the work is done, whether or not somebody still waits for it.
    async fn work(
        self: Arc<Self>,
        held: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
        work: impl FnOnce(&dyn Ground, &dyn Clock) -> Result<Response, Problem> + Send + 'static,
    ) -> Result<Response, Problem> {
        let done = tokio::task::spawn_blocking(move || {
            let ground = Arc::clone(&self.ground.read().unwrap_or_else(PoisonError::into_inner));
            let done = work(ground.as_ref(), self.clock.as_ref());
            drop(held);
            done
        });
        done.await.map_err(|_| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the work broke off")
                .advise("send it again; if that does not help, tell whoever runs the service")
        })?
    }
}

/// The kind of a body, which must be one of these.
fn is_of(headers: &HeaderMap, kinds: &[&'static str]) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim();
    if kinds.iter().any(|kind| given.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    let detail = format!("the body must be {}", kinds.join(" or "));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "other-kind", detail)
        .advise("say so in Content-Type"))
}

/// The length that a body says it has, if it does.
fn declared(body: &Body, limit: u64) -> Result<Option<u64>, Problem> {
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length > limit) { Err(Problem::too_large(limit)) } else { Ok(length) }
}

/// A whole body.
async fn read(mut body: Body, declared: Option<u64>, limit: u64, wait: Duration) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(usize::try_from(declared.unwrap_or(0)).unwrap_or(0));
    let all = async {
        while let Some(frame) = body.frame().await {
            let broken = |_| {
                Problem::new(StatusCode::BAD_REQUEST, "broken-off", "the body broke off")
                    .advise("send it again")
            };
            if let Ok(data) = frame.map_err(broken)?.into_data() {
                if (bytes.len() + data.len()) as u64 > limit {
                    return Err(Problem::too_large(limit));
                }
                bytes.extend_from_slice(&data);
            }
        }
        Ok(())
    };
    let late = |_| {
        let detail = format!("the body took longer than {} s", wait.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail)
            .advise("send it again over a better line")
    };
    tokio::time::timeout(wait, all).await.map_err(late)??;
    Ok(bytes)
}

/// What cannot be verified at all.
fn refused(failure: Failure) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, failure.code, failure.message).advise(failure.advice)
}

fn json(value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("a report is plain data");
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn document(text: &'static str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, text).into_response()
}

//! A log over HTTP, read-only: C2SP tlog-tiles, with the status list beside the checkpoint.
//!
//! Everything comes from the database as it is at the moment of asking. A tile never changes once it is there, a partial one is
//! cut out of what is there now; checkpoint and status change, and have to be asked for again each time.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::error::Failure;
use crate::record::Digest;
use crate::registry::tiles::{self, Content, Tile};
use crate::store::{FRESH, IMMUTABLE, LogDb, StoreError};

/// Serves a log until `stop` is done; needs no key. `listening` is told the address.
///
/// # Errors
/// An address that cannot be had.
pub fn serve(
    log: LogDb,
    listen: SocketAddr,
    stop: impl Future<Output = ()> + Send + 'static,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    // The database has a runtime of its own, which must not end inside of another: the last to let go is this function.
    let log = Arc::new(log);
    let router = Router::new()
        .route("/checkpoint", get(checkpoint))
        .route("/status", get(status))
        .route("/tile/{*path}", get(tile))
        .with_state(Arc::clone(&log));
    let done = super::run(listen, router, stop, listening);
    drop(log);
    done
}

async fn checkpoint(State(log): State<Arc<LogDb>>, headers: HeaderMap) -> Response {
    let found = blocking(move || Ok(log.published_checkpoint()?.map(|(_, note)| note))).await;
    answer(&headers, found, "text/plain; charset=utf-8", FRESH)
}

async fn status(State(log): State<Arc<LogDb>>, headers: HeaderMap) -> Response {
    let found = blocking(move || Ok(log.status_list()?.map(|(_, note)| note))).await;
    answer(&headers, found, "text/plain; charset=utf-8", FRESH)
}

async fn tile(State(log): State<Arc<LogDb>>, UrlPath(path): UrlPath<String>, headers: HeaderMap) -> Response {
    let Ok(tile) = format!("tile/{path}").parse::<Tile>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let found = blocking(move || {
        // Only what a signed checkpoint covers.
        let size = log.last_checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
        let there = match tile.content {
            Content::Entries => Tile::entries(tile.index, size),
            Content::Hashes(level) => Tile::hashes(level, tile.index, size),
        };
        if there.is_none_or(|there| there.width < tile.width) {
            return Ok(None);
        }
        Ok(Some(match tile.content {
            Content::Entries => log.bundle(tile)?,
            Content::Hashes(_) => tiles::hashes_to_bytes(&log.tile(tile)?),
        }))
    })
    .await;
    answer(&headers, found, "application/octet-stream", IMMUTABLE)
}

/// The database is asked on a thread of its own.
async fn blocking(
    work: impl FnOnce() -> Result<Option<Vec<u8>>, StoreError> + Send + 'static,
) -> Result<Option<Vec<u8>>, StoreError> {
    let ended = |_| StoreError::Corrupt { what: "the thread that read ended early".into() };
    tokio::task::spawn_blocking(work).await.map_err(ended)?
}

/// 200 with the bytes, 304 where the reader has them, 404 where there are none, 503 where they cannot be read.
fn answer(
    asked: &HeaderMap,
    found: Result<Option<Vec<u8>>, StoreError>,
    kind: &'static str,
    caching: &'static str,
) -> Response {
    let bytes = match found {
        Ok(Some(bytes)) => bytes,
        // What is not there now may be there in a moment.
        Ok(None) => return (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, FRESH)]).into_response(),
        Err(_) => return (StatusCode::SERVICE_UNAVAILABLE, [(header::CACHE_CONTROL, FRESH)]).into_response(),
    };
    let tag = format!("\"{}\"", &Digest::of(&bytes).hex()[..32]);
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| {
        known.split(',').map(|t| t.trim().trim_start_matches("W/")).any(|t| t == "*" || t == tag)
    });
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A verifier in a browser may read a public log.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    *response.body_mut() = Body::from(bytes);
    response
}

//! HTTP: what an office serves, and what a witness does.
//!
//! In come a home and an address; out go files that anyone may read, and reports on what a reader sends. One file a resource. Not its
//! business: TLS, names and limits on each reader, which a proxy in front of it has; writing: nothing here changes a log, and a
//! witness changes only what it remembers.

mod log;
mod problem;
mod verify;
mod witness;

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;

use crate::error::Failure;

pub use log::serve as serve_log;
pub use verify::{Ground, Limits as VerifyLimits, OPENAPI, REPORT_SCHEMA, serve as serve_verify};
pub use witness::{Declined, NATIONAL, Witness, serve as serve_witness};

/// Listens on an address and answers until `stop` is done; `listening` is told the address, with the port that was taken.
fn run(
    listen: SocketAddr,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| cannot_listen(listen, &error);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("saoy-http")
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let socket = tokio::net::TcpListener::bind(listen).await.map_err(failed)?;
        listening(socket.local_addr().map_err(failed)?);
        axum::serve(socket, router).with_graceful_shutdown(stop).await.map_err(failed)
    })
}

fn cannot_listen(listen: SocketAddr, error: &std::io::Error) -> Failure {
    Failure::new(
        "listen",
        format!("cannot listen on {listen}: {error}"),
        "choose another address; below 1024 a port needs rights",
    )
}

/// Done when the process is asked to end (Ctrl-C, SIGTERM).
pub async fn until_asked_to_end() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}

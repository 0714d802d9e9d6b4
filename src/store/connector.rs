//! What carries object_store's requests: `ureq`, which asks everything else that Saoy asks of others.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{
    ClientConfigKey, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpService,
};
use ureq::Agent;
use ureq::http::{Request, Response};

/// Bytes that an answer may have: a page of a list, or a bundle of 256 entries of 65,535 bytes.
const MAX_BYTES: u64 = 32 << 20;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one request may take, its answer included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes the clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let plain = options.get_config_value(&ClientConfigKey::AllowHttp).as_deref() == Some("true");
        let agent = Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            // A redirect says that the region is wrong; object_store says so.
            .max_redirects(0)
            .https_only(!plain)
            .user_agent(concat!("saoy/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(HttpClient::new(Service { agent }))
    }
}

#[derive(Debug)]
struct Service {
    agent: Agent,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let agent = self.agent.clone();
        let ask = move || {
            let response = match body.is_empty() {
                true => agent.run(Request::from_parts(parts, ())),
                false => agent.run(Request::from_parts(parts, &body[..])),
            };
            let (parts, mut body) = response?.into_parts();
            let bytes = body.with_config().limit(MAX_BYTES).read_to_vec()?;
            Ok(Response::from_parts(parts, bytes.into()))
        };
        let ended = |error| HttpError::new(HttpErrorKind::Unknown, error);
        tokio::task::spawn_blocking(ask).await.map_err(ended)?.map_err(failed)
    }
}

/// The kind decides whether object_store asks again.
fn failed(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::ConnectionFailed => HttpErrorKind::Connect,
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => HttpErrorKind::Connect,
        ureq::Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}

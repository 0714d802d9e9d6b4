//! Other people's servers: a log's files over HTTP.

use std::time::Duration;

use ureq::Agent;

use crate::error::Failure;
use crate::registry::check::Place;

/// Bytes that an answer may have: a bundle of 256 entries of 65,535 bytes fits.
const MAX_BYTES: u64 = 32 << 20;
/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A log at an address.
#[derive(Debug)]
pub struct HttpPlace {
    agent: Agent,
    prefix: String,
}

impl HttpPlace {
    /// The log whose checkpoint is at `<prefix>/checkpoint`.
    pub fn new(prefix: &str) -> Self {
        Self { agent: agent(TIMEOUT), prefix: prefix.trim_end_matches('/').to_owned() }
    }
}

impl Place for HttpPlace {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let address = format!("{}/{path}", self.prefix);
        let failed = |error: &ureq::Error| {
            Failure::new(
                "unreachable",
                format!("{address}: {error}"),
                "check the address and the network, then run again",
            )
        };
        let mut response = self.agent.get(&address).call().map_err(|error| failed(&error))?;
        match response.status().as_u16() {
            200 => {
                let body = response.body_mut().with_config().limit(MAX_BYTES).read_to_vec();
                body.map(Some).map_err(|error| failed(&error))
            }
            404 | 410 => Ok(None),
            status => Err(Failure::new(
                "unreachable",
                format!("{address}: the server answers {status}"),
                "check the address, or run again later",
            )),
        }
    }
}

/// A client that takes every status for an answer.
pub(crate) fn agent(timeout: Duration) -> Agent {
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .user_agent(concat!("saoy/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

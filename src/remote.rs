//! Other people's servers: a log's files over HTTP, and witnesses.
//!
//! In come addresses and what is sent there, out come bytes, within a time and a size. Not its business: believing them.

use std::time::Duration;

use ureq::Agent;

use crate::error::Failure;
use crate::registry::RegistryError;
use crate::registry::check::Place;
use crate::registry::merkle;
use crate::registry::note::{Note, NoteSignature};
use crate::registry::witness::{self, AddCheckpoint};

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
    /// Whether that is an address, and no path.
    pub fn is_address(place: &str) -> bool {
        place.starts_with("https://") || place.starts_with("http://")
    }

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

/// What a witness answers to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// Its signature lines; nothing is verified yet.
    Cosigned(Vec<NoteSignature>),
    /// It cosigned this size last.
    Has(u64),
    /// It does not cosign: the HTTP status.
    Refused(u16),
}

/// A witness at its submission prefix.
#[derive(Debug)]
pub struct WitnessClient {
    agent: Agent,
    prefix: String,
}

impl WitnessClient {
    /// A witness that has so long for an answer.
    pub fn new(prefix: &str, timeout: Duration) -> Self {
        Self { agent: agent(timeout), prefix: prefix.trim_end_matches('/').to_owned() }
    }

    /// Sends a checkpoint.
    ///
    /// # Errors
    /// `witness-unreachable`; `witness-answer` for one that is not of the protocol.
    pub fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<WitnessAnswer, Failure> {
        let address = format!("{}/{}", self.prefix, witness::ADD_CHECKPOINT);
        let failed = |error: ureq::Error| unreachable(&address, &error);
        let mut response = self.agent.post(&address).send(request.to_string()).map_err(failed)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(witness::MAX_BYTES as u64).read_to_string();
        let body = body.map_err(failed)?;
        let strange = |error: RegistryError| {
            Failure::new("witness-answer", format!("{address}: {error}"), "ask who runs this witness")
        };
        match status {
            200 => witness::answer_from_text(&body).map(WitnessAnswer::Cosigned).map_err(strange),
            409 => witness::size_from_text(&body).map(WitnessAnswer::Has).map_err(strange),
            status => Ok(WitnessAnswer::Refused(status)),
        }
    }

    /// The proof that a checkpoint is in the witness's own log of checkpoints; `None` where it is not. Nothing is verified yet.
    ///
    /// # Errors
    /// As [`WitnessClient::add_checkpoint`].
    pub fn logged(&self, checkpoint: &Note) -> Result<Option<Vec<u8>>, Failure> {
        self.get(&format!("proof/{}", merkle::leaf_hash(checkpoint.text().as_bytes()).hex()))
    }

    /// The last checkpoint of a log that the witness cosigned; `None` where it has none. Nothing is verified yet.
    ///
    /// # Errors
    /// As [`WitnessClient::add_checkpoint`].
    pub fn last(&self, origin: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.get(&witness::monitor_path(origin))
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let address = format!("{}/{path}", self.prefix);
        let failed = |error: ureq::Error| unreachable(&address, &error);
        let mut response = self.agent.get(&address).call().map_err(failed)?;
        if response.status().as_u16() != 200 {
            return Ok(None);
        }
        response.body_mut().with_config().limit(1 << 20).read_to_vec().map(Some).map_err(failed)
    }
}

fn unreachable(address: &str, error: &ureq::Error) -> Failure {
    Failure::new(
        "witness-unreachable",
        format!("{address}: {error}"),
        "issuing goes on without this cosignature; it can be added later",
    )
}

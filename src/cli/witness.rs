//! `saoy witness`: cosigning other offices' checkpoints.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::trust::read_trust;
use super::{Outcome, output};
use crate::ambient::SystemClock;
use crate::keys::NoteKey;
use crate::office::Ambient;
use crate::registry::cosignature::Cosigner;
use crate::registry::note::NoteSigner;
use crate::server::{self, Witness as Server};
use crate::store::CheckpointLog;

/// Witness other offices' logs: cosign each checkpoint that follows the last one (C2SP tlog-witness)
#[derive(Debug, Args)]
pub(super) struct Witness {
    /// The witness's folder: its key, made on the first run, and what it cosigned last
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The name of its key: an address without https://, which need not be reachable
    #[arg(long)]
    name: String,
    /// The offices whose logs it witnesses
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Keep a national log too: every checkpoint that it cosigns, under this origin, with a key of its own
    #[arg(long, value_name = "ORIGIN")]
    national: Option<String>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

impl Witness {
    pub(super) fn run(self) -> Outcome {
        let ambient = Ambient::system()?;
        let logs = read_trust(&self.trust)?.offices().iter().map(|office| office.log_trust()).collect();
        let key =
            NoteKey::open(&self.state, "witness", ambient.passphrase.as_deref(), ambient.entropy.as_ref())?;
        let cosigner = Cosigner::new(&self.name, key.0)?;
        let vkey = cosigner.verifier().to_string();
        let mut witness = Server::open(&self.state, cosigner, logs, Box::new(SystemClock))?;
        output::line(&vkey);
        if let Some(origin) = &self.national {
            let (pass, entropy) = (ambient.passphrase.as_deref(), ambient.entropy.as_ref());
            let key = NoteKey::open(&self.state, "national", pass, entropy)?;
            let key = NoteSigner::new(origin, key.0)?;
            output::line(&key.verifier().to_string());
            witness = witness.with_log(CheckpointLog::open(&self.state.join(server::NATIONAL), key)?);
        }
        let say = |address| output::note(&format!("listening on http://{address}"));
        server::serve_witness(witness, self.listen, server::until_asked_to_end(), say)?;
        Ok(ExitCode::SUCCESS)
    }
}

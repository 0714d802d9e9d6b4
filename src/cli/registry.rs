//! `saoy registry`: the office's log.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Home, Outcome, output};
use crate::office::{Ambient, Office, audit, book};
use crate::pipeline;
use crate::registry::entry::VoidCause;
use crate::store::Mode;

/// The office's append-only log
#[derive(Debug, Subcommand)]
pub(super) enum Registry {
    /// Re-derive everything from the entries; name the first thing that is wrong (exit 1)
    Check {
        #[command(flatten)]
        home: Home,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the receipt of an entry: a C2SP tlog-proof
    Proof {
        #[command(flatten)]
        home: Home,
        /// The entry's index
        index: u64,
    },
    /// Void a number: its entry stays, the book says why
    Void {
        #[command(flatten)]
        home: Home,
        /// Which: the number as the book has it (3/2026; 3/SCT/BS/2026 where two books have it), the index of its entry, or the
        /// copy's id
        #[arg(value_name = "NUMBER")]
        number: String,
        /// Why: failure, withdrawn or duplicate, or a few words of your own, which go into the book and not into the log
        /// (there: withdrawn)
        #[arg(long, value_name = "TEXT")]
        cause: String,
    },
    /// After the anchor was lost for good: check everything, then remember the present state again
    Recover {
        #[command(flatten)]
        home: Home,
    },
}

impl Registry {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Check { home, json } => {
                let audit = audit::check(&home.home, &Ambient::system()?)?;
                if json {
                    output::json(&audit);
                } else {
                    output::line(&audit.to_string());
                }
                Ok(if audit.wrong.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Self::Proof { home, index } => {
                let office = Office::open(&home.home, Ambient::system()?, Mode::Read)?;
                output::line(pipeline::receipt(&office, index)?.to_string().trim_end());
                Ok(ExitCode::SUCCESS)
            }
            Self::Void { home, number, cause } => {
                let office = Office::open(&home.home, Ambient::system()?, Mode::Write)?;
                let index = book::entry_of(&office, &number)?;
                let code = cause.parse().unwrap_or(VoidCause::Withdrawn);
                let entry = pipeline::void(&office, index, code, &cause)?;
                output::line(&format!("entry {index} is void by entry {entry}; its number stays used"));
                Ok(ExitCode::SUCCESS)
            }
            Self::Recover { home } => {
                let office = Office::recover(&home.home, Ambient::system()?)?;
                output::line(&format!("the anchor remembers {} entries again", office.registry.size()));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

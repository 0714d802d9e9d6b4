//! The command line: one file a subcommand, each parses, calls, prints.
//!
//! In come arguments, out go lines for people or JSON for scripts, and an exit code. Results go to standard output,
//! everything else to standard error. Not its business: any decision about a document.

mod book;
mod certify;
mod eval;
mod forms;
mod init;
mod limits;
mod output;
mod read;
mod registry;
mod trust;
mod verify;
mod witness;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::error::Failure;
use crate::office::{Ambient, Office};
use crate::store::Mode;

/// Paper in, certified electronic copy out: signed by the office, chained into its public log, verifiable by anyone.
#[derive(Debug, Parser)]
#[command(name = "saoy", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(Box<init::Init>),
    Read(read::Read),
    Certify(Box<certify::Certify>),
    Verify(verify::Verify),
    #[command(subcommand)]
    Registry(registry::Registry),
    Witness(witness::Witness),
    #[command(subcommand)]
    Trust(trust::Trust),
    #[command(subcommand)]
    Book(book::Book),
    #[command(subcommand)]
    Forms(forms::Forms),
    Eval(eval::Eval),
}

/// Which office.
#[derive(Debug, Args)]
struct Home {
    /// The office's folder, made by `saoy init`
    #[arg(long, value_name = "DIR", env = "SAOY_HOME")]
    home: PathBuf,
}

/// Reads the arguments, runs the command, gives the exit code: 0 done, 1 something was refused or is wrong,
/// 2 could not read or wrong usage or the result could not be written, 3 authentic but status unknown, 130 interrupted, 141 nobody
/// read on.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Init(command) => command.run(),
        Command::Read(command) => command.run(),
        Command::Certify(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Registry(command) => command.run(),
        Command::Witness(command) => command.run(),
        Command::Trust(command) => command.run(),
        Command::Book(command) => command.run(),
        Command::Forms(command) => command.run(),
        Command::Eval(command) => command.run(),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            output::failure(&failure);
            ExitCode::from(2)
        }
    }
}

/// What a subcommand gives back.
type Outcome = Result<ExitCode, Failure>;

/// Opens an office to write, and says once where its home may be a copy: with nobody to ask, only a person can know.
fn open_to_write(home: &Path) -> Result<Office, Failure> {
    let office = Office::open(home, Ambient::system()?, Mode::Write)?;
    if office.is_moved() {
        output::note(
            "the database is another file than the last time: if this home was brought back from a backup, numbers that were given since \
             would be given again; compare the last number in `saoy book show` with the copies handed out last. After a move all is well",
        );
    }
    Ok(office)
}

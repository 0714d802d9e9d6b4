//! The command line's entry: dispatch and exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    saoy::cli::main()
}

//! `saoy book`: the certification book (sổ chứng thực).

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::{Home, Outcome, output};
use crate::error::Failure;
use crate::office::{Ambient, Office, book};
use crate::store::Mode;

/// The certification book (sổ chứng thực)
#[derive(Debug, Subcommand)]
pub(super) enum Book {
    /// Show the books and their lines
    Show {
        #[command(flatten)]
        home: Home,
        /// Only this year
        #[arg(long)]
        year: Option<u16>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Export a year's book as CSV or PDF/A
    Export {
        #[command(flatten)]
        home: Home,
        /// The year
        #[arg(long)]
        year: Option<u16>,
        /// The format
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
        /// The file to write; an existing one is an error
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Close a year's book: it gives no more numbers
    Close {
        #[command(flatten)]
        home: Home,
        /// The year
        #[arg(long)]
        year: u16,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    /// RFC 4180, UTF-8
    Csv,
    /// PDF/A-3u
    Pdf,
}

impl Book {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Show { home, year, json } => {
                let office = Office::open(&home.home, Ambient::system()?, Mode::Read)?;
                let lines = book::lines(&office, year)?;
                if json {
                    output::json(&lines);
                } else {
                    for b in office.store.books()?.iter().filter(|b| year.is_none_or(|y| y == b.year)) {
                        let state = b
                            .closed_at
                            .as_ref()
                            .map_or_else(|| "open".to_owned(), |at| format!("closed {at}"));
                        output::line(&format!("{} {}: {} to {}, {state}", b.symbol, b.year, b.first, b.last));
                    }
                    lines.iter().for_each(|line| output::line(&line.to_string()));
                }
            }
            Self::Export { home, year, format, out } => {
                let office = Office::open(&home.home, Ambient::system()?, Mode::Read)?;
                let lines = book::lines(&office, year)?;
                let bytes = match format {
                    Format::Csv => book::to_csv(&lines).into_bytes(),
                    Format::Pdf => book::to_pdf(&office, &lines, year)?,
                };
                crate::store::create_durably(&out, "book", &bytes).map_err(|e| {
                    Failure::new(
                        "out",
                        format!("{}: {e}", out.display()),
                        "choose a new file name in a folder that can be written",
                    )
                })?;
                output::line(&format!("{}: {} lines", out.display(), lines.len()));
            }
            Self::Close { home, year } => {
                let office = super::open_to_write(&home.home)?;
                book::close(&office, year)?;
                output::line(&format!("the book of {year} is closed"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

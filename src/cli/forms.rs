//! `saoy forms`: the kinds of paper that Saoy knows.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Outcome, output};
use crate::error::Failure;
use crate::extract;

/// The kinds of paper that Saoy knows
#[derive(Debug, Subcommand)]
pub(super) enum Forms {
    /// List the forms
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Check form files: a mistake is named with its file and line
    Check {
        /// A folder of form files; without it, the built-in ones
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

impl Forms {
    pub(super) fn run(self) -> Outcome {
        let folder = match &self {
            Self::Check { folder } => folder.as_ref(),
            Self::List { .. } => None,
        };
        let forms = match folder {
            Some(folder) => extract::Forms::load(folder)?,
            None => extract::Forms::builtin()?,
        };
        match self {
            Self::List { json: true } => {
                let list: Vec<_> = forms
                    .iter()
                    .map(|f| serde_json::json!({"id": f.id(), "title": f.title(), "fields": f.field_names().collect::<Vec<_>>()}))
                    .collect();
                output::json(&list);
            }
            Self::List { json: false } => {
                for form in forms.iter() {
                    output::line(&format!(
                        "{:<28} {} ({} fields)",
                        form.id(),
                        form.title(),
                        form.field_names().count()
                    ));
                }
            }
            Self::Check { folder: Some(folder) } if forms.iter().next().is_none() => {
                return Err(Failure::new(
                    "no-forms",
                    format!("{} has no form files", folder.display()),
                    "give the folder in which the *.toml files of the forms lie",
                ));
            }
            Self::Check { .. } => output::line(&format!("{} forms, no mistake found", forms.iter().count())),
        }
        Ok(ExitCode::SUCCESS)
    }
}

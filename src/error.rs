//! What went wrong, in the form that reaches a person: a stable code, one sentence, and what to do.
//!
//! Each room has its own small error; at the edge it becomes a [`Failure`]. No personal data is in one:
//! it names files, pages and numbers, never what is written on a paper.

use std::fmt;
use std::path::Path;

/// A refusal or failure as a person or a script meets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable, lower case with dashes, for scripts: `encrypted-pdf`.
    pub code: &'static str,
    /// One sentence: what is wrong, with the values.
    pub message: String,
    /// One sentence: what to do about it.
    pub advice: String,
    /// Both in Vietnamese, where they are told to people who read that.
    pub vietnamese: Option<Box<(String, String)>>,
}

impl Failure {
    /// A failure from its three parts.
    pub fn new(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { code, message: message.into(), advice: advice.into(), vietnamese: None }
    }

    /// The same with message and advice in Vietnamese too.
    #[must_use]
    pub fn in_vietnamese(self, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { vietnamese: Some(Box::new((message.into(), advice.into()))), ..self }
    }

    /// The same with the file that it is about before its sentence.
    #[must_use]
    pub fn named(self, file: &Path) -> Self {
        let file = file.display();
        let vietnamese = self.vietnamese.map(|told| Box::new((format!("{file}: {}", told.0), told.1)));
        Self { message: format!("{file}: {}", self.message), vietnamese, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)
    }
}

impl std::error::Error for Failure {}

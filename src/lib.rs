//! Saoy turns paper into certified electronic copies that anyone can verify and every office can reuse.
//!
//! The rooms stand in the order in which a document passes them:
//!
//! ```text
//! scan → pages → words → fields → (officer confirms) → record → entry + receipt → seal → copy → signature → store → verify
//! ```
//!
//! A room uses the rooms before it; only [`pipeline`] knows all of them, and `certify` and `verify` never
//! import each other: they meet in [`record`], [`registry`], [`seal`] and [`signature`]. The rooms marked
//! *core* build with `--no-default-features`, on wasm32 too; the others need the feature `issue`.
//!
//! Whoever only verifies takes the core (`cargo add saoy --no-default-features`; `docs/core-dependencies.txt` lists what comes with
//! it) and hands in bytes, a trust list and the time:
//!
//! ```no_run
//! use saoy::verify::{self, Language, Options, TrustList, Verdict};
//! use time::OffsetDateTime;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // From where the reader trusts it; keys inside a copy are never trust.
//! let trust = TrustList::parse(&std::fs::read("trust.json")?)?;
//! let copy = std::fs::read("giay-khai-sinh.certified.pdf")?;
//!
//! // Without a source of status, an authentic copy is `authentic-status-unknown`, never `valid`.
//! let report = verify::verify(&copy, &trust, &Options { now: OffsetDateTime::now_utc(), status: None })?;
//! println!("{}", report.text(Language::English));
//! if let (Verdict::AuthenticStatusUnknown, Some(copy)) = (report.verdict, &report.copy) {
//!     println!("{} of {}", copy.number, copy.office_name);
//! }
//! for fact in &report.facts {
//!     println!("{:?}: {:?}", fact.id, fact.state);
//! }
//! # Ok(())
//! # }
//! ```

pub mod ambient;
pub mod error;
pub mod geom;
pub mod predictor;

#[cfg(feature = "issue")]
pub mod scan;

#[cfg(feature = "issue")]
pub mod ocr;

pub mod record;

#[cfg(feature = "issue")]
pub mod extract;

pub mod registry;
pub mod seal;
pub mod signature;

#[cfg(feature = "issue")]
pub mod certify;

pub mod verify;

#[cfg(feature = "issue")]
pub mod keys;

#[cfg(feature = "issue")]
pub mod store;

#[cfg(feature = "issue")]
pub mod remote;

#[cfg(feature = "issue")]
pub mod office;

#[cfg(feature = "issue")]
pub mod pipeline;

#[cfg(feature = "issue")]
pub mod server;

#[cfg(feature = "issue")]
pub mod eval;

#[cfg(feature = "cli")]
pub mod cli;

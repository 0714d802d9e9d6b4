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

pub mod ambient;
pub mod error;
pub mod geom;

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

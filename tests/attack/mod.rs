//! Makes forgeries of any copy: the published families and changes by chance. `tests/attacks.rs` shows that none passes,
//! `cargo run --example attack` writes them to files for other people's verifiers.

pub(crate) mod der;
mod families;
pub(crate) mod mutate;
pub(crate) mod pdf;
mod signature;

pub(crate) use families::{all, validation_data};

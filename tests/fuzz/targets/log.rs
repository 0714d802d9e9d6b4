//! The readers of the log's formats.
#![no_main]

#[path = "../../log_parsers/mod.rs"]
mod log_parsers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| log_parsers::feed(data));

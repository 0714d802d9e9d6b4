//! All tests from outside, one program: the tests of one noun are a module, what they share stands beside them.
//!
//! `cargo test --test suite log::` runs one module's. One program, since linking each module by itself took minutes and gigabytes.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]
#![allow(clippy::print_stdout, reason = "what a test measured is worth a line")]

mod attack;
mod certify_common;
mod extract_support;
mod format_fixture;
mod ocr_support;
mod office_support;
mod readers;
mod signature_support;
mod tools_support;
mod verify_support;

mod attacks;
mod book;
mod bucket;
mod certify;
mod certify_tools;
mod cli;
mod cli_registry;
mod crash;
mod eval;
mod extract;
mod extract_forms;
mod extract_samples;
mod faults;
mod format_example;
mod format_record;
mod format_registry;
mod format_seal;
mod honest;
mod keys;
mod log;
mod log_formats;
mod ocr_pool;
mod ocr_prepare;
mod ocr_tesseract;
mod office;
mod parsers;
mod pipeline;
mod reading;
mod samples;
mod scan;
mod scan_real;
mod serve;
mod signature_byte_range;
mod signature_chain;
mod signature_cms;
mod trust;
mod verify;
mod verify_additions;
mod verify_batch;
mod verify_foreign;
mod verify_policy;
mod verify_print;
mod verify_rescan;
mod verify_told;
mod witness;

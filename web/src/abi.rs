//! The calls that WebAssembly exports, without any generated glue: bytes go in through one buffer, JSON and bytes come out through two.
//!
//! `saoy_buffer(n)` makes the buffer and says where it lies; the caller writes there, then calls. The answer lies at `saoy_json()`, as many bytes as
//! the call returned; a page's image at `saoy_blob()`, `saoy_blob_length()`. Each holds until the next call. Rust never follows a pointer here.

#![allow(
    unsafe_code,
    reason = "a name that is exported as it stands must be marked so; nothing else here is"
)]

use std::cell::RefCell;

use serde_json::Value;

use crate::{TITLES, Verifier, codes};

#[derive(Default)]
struct State {
    verifier: Verifier,
    buffer: Vec<u8>,
    json: Vec<u8>,
    blob: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Runs a call on what is kept, with the buffer's bytes; gives the length of its JSON.
fn call(run: impl FnOnce(&mut State, Vec<u8>) -> Value) -> usize {
    STATE.with_borrow_mut(|state| {
        let bytes = std::mem::take(&mut state.buffer);
        state.json = run(state, bytes).to_string().into_bytes();
        state.json.len()
    })
}

/// Makes the buffer for `length` bytes and says where it lies.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_buffer(length: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        state.buffer = vec![0; length];
        state.buffer.as_mut_ptr()
    })
}

/// Where the JSON of the last call lies.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_json() -> *const u8 {
    STATE.with_borrow(|state| state.json.as_ptr())
}

/// Where the bytes of the last page's image lie.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_blob() -> *const u8 {
    STATE.with_borrow(|state| state.blob.as_ptr())
}

/// How many they are.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_blob_length() -> usize {
    STATE.with_borrow(|state| state.blob.len())
}

/// Pins the buffer's text as the root's key.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_root() -> usize {
    call(|state, bytes| state.verifier.root(&String::from_utf8_lossy(&bytes)))
}

/// Takes the buffer as the trust list.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_trust() -> usize {
    call(|state, bytes| state.verifier.trust(&bytes))
}

/// Takes the buffer as one more status list.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_status() -> usize {
    call(|state, bytes| state.verifier.status(&bytes))
}

/// Verifies the buffer as a copy; `now` in seconds since 1970.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_verify(now: f64) -> usize {
    call(|state, bytes| state.verifier.verify(bytes, now as i64))
}

/// Verifies the buffer as a seal's text.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_seal(now: f64) -> usize {
    call(|state, bytes| state.verifier.seal(&String::from_utf8_lossy(&bytes), now as i64))
}

/// Gives a page of the copy that was verified last.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_page(index: usize) -> usize {
    call(|state, _| {
        let (said, blob) = state.verifier.page(index);
        state.blob = blob;
        said
    })
}

/// Reads the QR codes of the buffer's RGBA pixels.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_codes(width: usize, height: usize) -> usize {
    call(|_, bytes| codes(&bytes, width, height))
}

/// What people call forms and fields.
#[unsafe(no_mangle)]
pub extern "C" fn saoy_titles() -> usize {
    STATE.with_borrow_mut(|state| {
        state.json = TITLES.as_bytes().to_vec();
        state.json.len()
    })
}

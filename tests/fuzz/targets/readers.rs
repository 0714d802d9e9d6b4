//! One reader under libFuzzer: the one that `SAOY_FUZZ_TARGET` names.
#![no_main]

#[path = "../../readers/mod.rs"]
mod readers;

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};

static FEED: OnceLock<readers::Feed> = OnceLock::new();

fuzz_target!(
    init: {
        let wanted = std::env::var("SAOY_FUZZ_TARGET").unwrap_or_default();
        let found = readers::TARGETS.iter().find(|(name, _)| *name == wanted);
        let (_, feed) = found.expect("SAOY_FUZZ_TARGET names a target of tests/readers/mod.rs");
        assert!(FEED.set(*feed).is_ok());
    },
    |data: &[u8]| -> Corpus {
        FEED.get().expect("init ran")(data);
        Corpus::Keep
    }
);

//! Paths that were found before: under one certificate a service sees many signatures, and its path's signatures are checked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::chain::{self, ChainError, Path};

/// Paths that are remembered. Only those that lead to a trusted root are, so that nobody else can fill it.
const MOST: usize = 1024;

/// Paths by certificate, root and what else stood in the signature; what fails is not remembered.
#[derive(Debug, Default)]
pub struct Paths {
    known: Mutex<HashMap<[u8; 32], Arc<Known>>>,
}

/// A path with the time in which every certificate of it is valid; all else about it is the same at any moment.
#[derive(Debug)]
struct Known {
    path: Arc<Path>,
    from: OffsetDateTime,
    until: OffsetDateTime,
}

impl Paths {
    /// As [`chain::verify`], out of memory where the same was asked for another moment at which the path is valid too.
    ///
    /// # Errors
    /// As [`chain::verify`].
    pub fn verify(
        &self,
        leaf: &[u8],
        intermediates: &[Vec<u8>],
        root: &[u8],
        at: OffsetDateTime,
    ) -> Result<Arc<Path>, ChainError> {
        let key = key(leaf, intermediates, root);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone);
        if let Some(known) = known.filter(|known| (known.from..=known.until).contains(&at)) {
            return Ok(Arc::clone(&known.path));
        }
        let path = Arc::new(chain::verify(leaf, intermediates, root, at)?);
        let certificates = path.certificates();
        let from = certificates.iter().map(|one| one.not_before()).max();
        let until = certificates.iter().map(|one| one.not_after()).min();
        if let (Some(from), Some(until)) = (from, until) {
            let known = Known { path: Arc::clone(&path), from, until };
            let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= MOST {
                all.clear();
            }
            all.insert(key, Arc::new(known));
        }
        Ok(path)
    }
}

/// One digest over all that decides, each with its length.
fn key(leaf: &[u8], intermediates: &[Vec<u8>], root: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [leaf, root].into_iter().chain(intermediates.iter().map(Vec::as_slice)) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

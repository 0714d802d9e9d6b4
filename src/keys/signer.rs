//! A key from a file that signs.

use std::error::Error;
use std::path::Path;

use super::file;
use super::{KeyError, PrivateKey};
use crate::signature::certificate::Certificate;
use crate::signature::{Algorithm, Signer};

/// A private key in memory with its certificates.
#[derive(Clone, Debug)]
pub struct FileSigner {
    key: PrivateKey,
    certificates: Vec<Vec<u8>>,
    certificate: Certificate,
}

impl FileSigner {
    /// A key with its certificates, the signer's own first.
    ///
    /// `path` is only what errors call it.
    ///
    /// # Errors
    /// When there is no certificate, or the first one is not the key's.
    pub fn new(path: &Path, key: PrivateKey, chain: Vec<Certificate>) -> Result<Self, KeyError> {
        let mismatch = || KeyError::KeyMismatch(path.to_path_buf());
        let certificate = chain.first().ok_or_else(mismatch)?.clone();
        let info = der::Encode::to_der(certificate.x509().tbs_certificate().subject_public_key_info());
        if info.map_err(|_| mismatch())? != key.public_key_info() {
            return Err(mismatch());
        }
        let certificates = chain.iter().map(|c| c.der().to_vec()).collect();
        Ok(Self { key, certificates, certificate })
    }

    /// A key and certificates that the office brings: PEM, the signer's own certificate first, the root may be left out.
    ///
    /// # Errors
    /// When either cannot be read, they do not belong together, or the key is RSA.
    pub fn import(chain_pem: &str, key_pem: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        let path = Path::new("the imported key");
        let chain = Certificate::chain_from_pem(chain_pem)
            .map_err(|source| KeyError::Certificate { path: "the imported chain".into(), source })?;
        Self::new(path, file::key_from_pem(path, key_pem, passphrase)?, chain)
    }

    /// The signer's own certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) const fn key(&self) -> &PrivateKey {
        &self.key
    }

    pub(super) fn chain_pem(&self) -> Result<String, KeyError> {
        let mut text = String::new();
        for der in &self.certificates {
            let certificate = Certificate::from_der(der)
                .map_err(|source| KeyError::Certificate { path: "the chain".into(), source })?;
            text.push_str(&certificate.pem());
        }
        Ok(text)
    }
}

impl Signer for FileSigner {
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(self.key.sign(message))
    }
}

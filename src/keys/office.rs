//! All keys of one office in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::pki::{self, Office};
use super::private_key::{ed25519_key, p256_key};
use super::{FileSigner, KeyError, KeyWarning, PrivateKey, file};
use crate::ambient::{Clock, Entropy};
use crate::record::{Officer, Role};
use crate::signature::certificate::{Certificate, CertificateError};
use crate::signature::{Algorithm, Signer as _, chain, cms};

const ROOT: &str = "root";
const OFFICE: &str = "office";
const OFFICER: &str = "officer";
const SEAL: &str = "seal";
const LOG: &str = "log";
const VAULT: &str = "vault";

/// What certificates say about an office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeProfile {
    /// Its name as printed.
    pub name: String,
    /// Its code: `H99.01`.
    pub code: String,
    /// The officer who certifies; without one copies are trial copies.
    pub officer: Option<Officer>,
    /// The algorithm of the office's and the officer's key.
    pub algorithm: Algorithm,
}

/// Certificates that an office brings instead of having them made; PEM.
#[derive(Clone, Copy, Debug)]
pub struct Brought<'a> {
    /// The root under which both were issued.
    pub root: &'a str,
    /// The office's.
    pub office: BroughtSigner<'a>,
    /// The officer's, if there is one.
    pub officer: Option<BroughtSigner<'a>>,
}

/// One signer's certificates and key.
#[derive(Clone, Copy)]
pub struct BroughtSigner<'a> {
    /// PEM, the signer's own certificate first, then those between it and the root.
    pub chain: &'a str,
    /// PKCS#8 PEM.
    pub key: &'a [u8],
    /// What opens the key, if it is encrypted.
    pub passphrase: Option<&'a [u8]>,
}

impl std::fmt::Debug for BroughtSigner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BroughtSigner").field("chain", &self.chain).finish_non_exhaustive()
    }
}

/// The keys and certificates with which an office works.
pub struct OfficeKeys {
    root: Certificate,
    office: FileSigner,
    officer: Option<FileSigner>,
    seal: ed25519_dalek::SigningKey,
    log: ed25519_dalek::SigningKey,
    vault: Zeroizing<[u8; 32]>,
    warnings: Vec<KeyWarning>,
}

impl std::fmt::Debug for OfficeKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfficeKeys").field("root", &self.root.fingerprint()).finish_non_exhaustive()
    }
}

impl OfficeKeys {
    /// Makes all keys and certificates of an office in a new folder, which appears whole or not at all.
    ///
    /// The same profile, time and entropy give the same files. With a passphrase every key is encrypted.
    ///
    /// # Errors
    /// When the folder exists, a name does not fit into a certificate, RSA is asked for, or the disk refuses.
    pub fn create(
        dir: &Path,
        profile: &OfficeProfile,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
        passphrase: Option<&[u8]>,
    ) -> Result<Self, KeyError> {
        let now = clock.now();
        let names = Office { name: &profile.name, code: &profile.code };
        let root_key = p256_key(entropy);
        let root = pki::root(&names, &root_key, now, entropy)?;
        let issue = |officer: Option<&Officer>| {
            let key = PrivateKey::generate(profile.algorithm, entropy).ok_or(KeyError::RsaAsked)?;
            let certificate = pki::signer(&names, officer, &key, (&root, &root_key), now, entropy)?;
            FileSigner::new(dir, key, vec![certificate])
        };
        let office = issue(None)?;
        let officer = profile.officer.as_ref().map(|officer| issue(Some(officer))).transpose()?;
        let root_key = PrivateKey::EcdsaP256(root_key);
        Self::write(dir, (root, Some(&root_key)), office, officer, entropy, passphrase)
    }

    /// Like [`OfficeKeys::create`] with certificates from elsewhere; seal, log and vault keys are made.
    ///
    /// # Errors
    /// As there, and when a key is not that of its certificate, is RSA, officer and office have one key, or the certificate does not lead to the root now.
    pub fn import(
        dir: &Path,
        brought: &Brought<'_>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
        passphrase: Option<&[u8]>,
    ) -> Result<Self, KeyError> {
        let now = clock.now();
        let root = Certificate::from_pem(brought.root)
            .map_err(|source| KeyError::Certificate { path: "the imported root".into(), source })?;
        let take = |signer: &BroughtSigner<'_>| {
            let signer = FileSigner::import(signer.chain, signer.key, signer.passphrase)?;
            let (leaf, between) = signer.certificates().split_first().expect("a signer has a certificate");
            chain::verify(leaf, between, root.der(), now)
                .map_err(|source| KeyError::Chain { path: "the imported chain".into(), source })?;
            Ok::<_, KeyError>(signer)
        };
        let office = take(&brought.office)?;
        let officer = brought.officer.as_ref().map(take).transpose()?;
        let key = |signer: &FileSigner| {
            Certificate::from_der(&signer.certificates()[0])
                .map(|certificate| certificate.public_key().to_vec())
                .map_err(|source| KeyError::Certificate { path: "the imported chain".into(), source })
        };
        if let Some(officer) = &officer
            && key(officer)? == key(&office)?
        {
            return Err(KeyError::OneSigner);
        }
        Self::write(dir, (root, None), office, officer, entropy, passphrase)
    }

    /// Reads the keys of an office; the root's own key is not touched.
    ///
    /// # Errors
    /// When a file is missing or damaged, the passphrase is missing or wrong, or a key is not that of its certificate.
    pub fn open(dir: &Path, passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        let mut warnings = Vec::new();
        let root = load_chain(&public(dir, ROOT))?;
        let [root] = <[_; 1]>::try_from(root)
            .map_err(|_| KeyError::Certificate { path: public(dir, ROOT), source: CertificateError::Pem })?;
        let mut signer = |stem: &str| {
            let chain = load_chain(&public(dir, stem))?;
            let path = secret(dir, stem);
            let (key, more) = file::load_key(&path, passphrase)?;
            warnings.extend(more);
            FileSigner::new(&path, key, chain)
        };
        let office = signer(OFFICE)?;
        let with_officer = [public(dir, OFFICER), secret(dir, OFFICER)].iter().any(|path| path.exists());
        let officer = if with_officer { Some(signer(OFFICER)?) } else { None };
        let mut ed25519 = |stem: &str| {
            let path = secret(dir, stem);
            let (key, more) = file::load_key(&path, passphrase)?;
            warnings.extend(more);
            match key {
                PrivateKey::Ed25519(key) => Ok(key),
                PrivateKey::EcdsaP256(_) => Err(KeyError::Algorithm(path)),
            }
        };
        let seal = ed25519(SEAL)?;
        let log = ed25519(LOG)?;
        let (vault, more) = file::load_vault_key(&secret(dir, VAULT), passphrase)?;
        warnings.extend(more);
        Ok(Self { root, office, officer, seal, log, vault, warnings })
    }

    /// The key that is to follow the seal or log key (`seal`, `log`): the one that lies there from an attempt before, else a new one.
    ///
    /// # Errors
    /// As [`store_key`](super::store_key) and [`load_key`](super::load_key).
    pub fn prepare_next(
        dir: &Path,
        stem: &str,
        passphrase: Option<&[u8]>,
        entropy: &dyn Entropy,
    ) -> Result<ed25519_dalek::SigningKey, KeyError> {
        if let Some(key) = Self::next(dir, stem, passphrase)? {
            return Ok(key);
        }
        let key = ed25519_key(entropy);
        file::store_key(&next(dir, stem), &PrivateKey::Ed25519(key.clone()), passphrase, entropy)?;
        file::sync_folder(dir)?;
        Ok(key)
    }

    /// The key that is to follow, if one was prepared.
    ///
    /// # Errors
    /// As [`load_key`](super::load_key).
    pub fn next(
        dir: &Path,
        stem: &str,
        passphrase: Option<&[u8]>,
    ) -> Result<Option<ed25519_dalek::SigningKey>, KeyError> {
        let path = next(dir, stem);
        match file::load_key(&path, passphrase) {
            Ok((PrivateKey::Ed25519(key), _)) => Ok(Some(key)),
            Ok((PrivateKey::EcdsaP256(_), _)) => Err(KeyError::Algorithm(path)),
            Err(KeyError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts the prepared key in the place of the old one, whose secret is gone then.
    ///
    /// # Errors
    /// The file system's.
    pub fn adopt_next(dir: &Path, stem: &str) -> Result<(), KeyError> {
        fs::rename(next(dir, stem), secret(dir, stem)).map_err(|source| file::io(dir, source))?;
        file::sync_folder(dir)
    }

    /// The key that seals.
    pub const fn seal_key(&self) -> &ed25519_dalek::SigningKey {
        &self.seal
    }

    /// The key that signs checkpoints.
    pub const fn log_key(&self) -> &ed25519_dalek::SigningKey {
        &self.log
    }

    /// The key of the vault.
    pub fn vault_key(&self) -> &[u8; 32] {
        &self.vault
    }

    /// The root certificate, with its DER and PEM.
    pub const fn root_certificate(&self) -> &Certificate {
        &self.root
    }

    /// Who signs in this role, if the office has one.
    pub const fn signer(&self, role: Role) -> Option<&FileSigner> {
        match role {
            Role::Office => Some(&self.office),
            Role::Officer => self.officer.as_ref(),
        }
    }

    /// Whether all signers could sign at this moment: their certificates lead to the root, and a trial signature of each
    /// verifies. What can fail fails here, before a number is taken.
    ///
    /// # Errors
    /// Which signer cannot, and why.
    pub fn check(&self, at: OffsetDateTime) -> Result<(), KeyError> {
        for (role, signer) in [(OFFICE, Some(&self.office)), (OFFICER, self.officer.as_ref())] {
            let Some(signer) = signer else { continue };
            let (leaf, between) = signer.certificates().split_first().expect("a signer has a certificate");
            chain::verify(leaf, between, self.root.der(), at)
                .map_err(|source| KeyError::Chain { path: format!("{role}.pem").into(), source })?;
            let digest = vec![0; signer.algorithm().digest().length()];
            cms::sign(&digest, signer)
                .map_err(|source| KeyError::Trial { path: format!("{role}.key").into(), source })?;
        }
        Ok(())
    }

    /// What should be otherwise: keys without encryption, files that others may read.
    pub fn warnings(&self) -> &[KeyWarning] {
        &self.warnings
    }

    fn write(
        dir: &Path,
        (root, root_key): (Certificate, Option<&PrivateKey>),
        office: FileSigner,
        officer: Option<FileSigner>,
        entropy: &dyn Entropy,
        passphrase: Option<&[u8]>,
    ) -> Result<Self, KeyError> {
        if dir.exists() {
            return Err(KeyError::Exists(dir.to_path_buf()));
        }
        let seal = ed25519_key(entropy);
        let log = ed25519_key(entropy);
        let mut vault = Zeroizing::new([0; 32]);
        entropy.fill(vault.as_mut());

        // Everything is written aside first and moved in one step: a crash leaves no half office.
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let aside = tempfile::Builder::new()
            .prefix(".keys-")
            .tempdir_in(parent)
            .map_err(|source| file::io(parent, source))?;
        let to = aside.path();
        let mut warnings = Vec::new();
        let mut store = |stem: &str, key: &PrivateKey| {
            let warning = file::store_key(&secret(to, stem), key, passphrase, entropy)?;
            warnings.extend(warning.map(|_| KeyWarning::Unencrypted(secret(dir, stem))));
            Ok::<_, KeyError>(())
        };
        file::store_public(&public(to, ROOT), &root.pem())?;
        if let Some(key) = root_key {
            store(ROOT, key)?;
        }
        for (stem, signer) in [(OFFICE, Some(&office)), (OFFICER, officer.as_ref())] {
            if let Some(signer) = signer {
                file::store_public(&public(to, stem), &signer.chain_pem()?)?;
                store(stem, signer.key())?;
            }
        }
        store(SEAL, &PrivateKey::Ed25519(seal.clone()))?;
        store(LOG, &PrivateKey::Ed25519(log.clone()))?;
        let warning = file::store_vault_key(&secret(to, VAULT), &vault, passphrase, entropy)?;
        warnings.extend(warning.map(|_| KeyWarning::Unencrypted(secret(dir, VAULT))));
        file::sync_folder(to)?;
        fs::rename(to, dir).map_err(|source| file::io(dir, source))?;
        // The folder has its final name; there is nothing left to clean up.
        let _ = aside.keep();
        file::sync_folder(parent)?;
        Ok(Self { root, office, officer, seal, log, vault, warnings })
    }
}

fn load_chain(path: &Path) -> Result<Vec<Certificate>, KeyError> {
    Certificate::chain_from_pem(&file::load_public(path)?)
        .map_err(|source| KeyError::Certificate { path: path.to_path_buf(), source })
}

fn public(dir: &Path, stem: &str) -> PathBuf {
    dir.join(format!("{stem}.pem"))
}

fn secret(dir: &Path, stem: &str) -> PathBuf {
    dir.join(format!("{stem}.key"))
}

fn next(dir: &Path, stem: &str) -> PathBuf {
    dir.join(format!("{stem}.next.key"))
}

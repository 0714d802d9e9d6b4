//! Key files: PEM, mode 0600, made only where nothing was, encrypted with PBES2 when there is a passphrase.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use der::{Decode as _, Encode as _, asn1::OctetStringRef, pem::LineEnding};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use zeroize::Zeroizing;

use super::private_key::{NotUsable, PrivateKey};
use super::{KeyError, KeyWarning};
use crate::ambient::Entropy;

const PLAIN: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const VAULT_PLAIN: &str = "SAOY VAULT KEY";
const VAULT_ENCRYPTED: &str = "ENCRYPTED SAOY VAULT KEY";

/// The most that a key file can have, bytes.
const MAX_FILE: u64 = 64 * 1024;

/// The permissions of a key file.
const MODE: u32 = 0o600;

/// Writes a key as PKCS#8 PEM into a new file with mode 0600, on disk before this returns.
///
/// With a passphrase it is encrypted (scrypt, AES-256-CBC; salt from `entropy`); without one it is plain, and the warning says so.
///
/// # Errors
/// When the file exists, the passphrase is empty, or the disk refuses.
pub fn store_key(
    path: &Path,
    key: &PrivateKey,
    passphrase: Option<&[u8]>,
    entropy: &dyn Entropy,
) -> Result<Option<KeyWarning>, KeyError> {
    store(path, key.to_pkcs8().as_bytes(), [PLAIN, ENCRYPTED], passphrase, entropy)
}

/// Reads a P-256 or Ed25519 key from PKCS#8 PEM, with what should be otherwise about the file.
///
/// # Errors
/// When the file is missing, not such a key, or the passphrase is missing or wrong.
pub fn load_key(path: &Path, passphrase: Option<&[u8]>) -> Result<(PrivateKey, Vec<KeyWarning>), KeyError> {
    let (pem, mut warnings) = read(path)?;
    let (der, encrypted) = open(path, &pem, [PLAIN, ENCRYPTED], passphrase)?;
    if !encrypted {
        warnings.push(KeyWarning::Unencrypted(path.to_path_buf()));
    }
    Ok((usable(path, &der)?, warnings))
}

/// A key from PEM that is in memory; `path` is only what errors call it.
pub(super) fn key_from_pem(
    path: &Path,
    pem: &[u8],
    passphrase: Option<&[u8]>,
) -> Result<PrivateKey, KeyError> {
    let (der, _) = open(path, pem, [PLAIN, ENCRYPTED], passphrase)?;
    usable(path, &der)
}

/// Writes the vault's 32 bytes as a DER OCTET STRING in PEM, otherwise like [`store_key`].
pub(super) fn store_vault_key(
    path: &Path,
    key: &[u8; 32],
    passphrase: Option<&[u8]>,
    entropy: &dyn Entropy,
) -> Result<Option<KeyWarning>, KeyError> {
    let der = OctetStringRef::new(key).and_then(|octets| octets.to_der()).map_err(encoding)?;
    let der = Zeroizing::new(der);
    store(path, &der, [VAULT_PLAIN, VAULT_ENCRYPTED], passphrase, entropy)
}

/// Reads what [`store_vault_key`] wrote.
pub(super) fn load_vault_key(
    path: &Path,
    passphrase: Option<&[u8]>,
) -> Result<(Zeroizing<[u8; 32]>, Vec<KeyWarning>), KeyError> {
    let (pem, mut warnings) = read(path)?;
    let (der, encrypted) = open(path, &pem, [VAULT_PLAIN, VAULT_ENCRYPTED], passphrase)?;
    if !encrypted {
        warnings.push(KeyWarning::Unencrypted(path.to_path_buf()));
    }
    let octets = <&OctetStringRef>::from_der(&der).map_err(|_| damaged(path, encrypted))?;
    let key = octets.as_bytes().try_into().map_err(|_| damaged(path, encrypted))?;
    Ok((Zeroizing::new(key), warnings))
}

/// Writes a public file that must not exist yet, mode 0644, on disk before this returns.
pub(super) fn store_public(path: &Path, text: &str) -> Result<(), KeyError> {
    create(path, text.as_bytes(), 0o644)
}

/// Reads a public text file.
pub(super) fn load_public(path: &Path) -> Result<String, KeyError> {
    let bytes = read_limited(path)?;
    let not_text = |_| KeyError::Certificate {
        path: path.to_path_buf(),
        source: crate::signature::certificate::CertificateError::Pem,
    };
    String::from_utf8(bytes.to_vec()).map_err(not_text)
}

/// Makes a folder's entries last.
pub(super) fn sync_folder(path: &Path) -> Result<(), KeyError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|source| io(path, source))
}

pub(super) fn io(path: &Path, source: std::io::Error) -> KeyError {
    match source.kind() {
        ErrorKind::NotFound => KeyError::Missing(path.to_path_buf()),
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => KeyError::Exists(path.to_path_buf()),
        _ => KeyError::Io { path: path.to_path_buf(), source },
    }
}

fn store(
    path: &Path,
    der: &[u8],
    [plain, encrypted]: [&str; 2],
    passphrase: Option<&[u8]>,
    entropy: &dyn Entropy,
) -> Result<Option<KeyWarning>, KeyError> {
    let (label, der) = match passphrase {
        Some([]) => return Err(KeyError::EmptyPassphrase),
        Some(passphrase) => (encrypted, encrypt(der, passphrase, entropy)?),
        None => (plain, Zeroizing::new(der.to_vec())),
    };
    let pem = Zeroizing::new(der::pem::encode_string(label, LineEnding::LF, &der).map_err(pem_encoding)?);
    create(path, pem.as_bytes(), MODE)?;
    Ok(passphrase.is_none().then(|| KeyWarning::Unencrypted(path.to_path_buf())))
}

fn encrypt(der: &[u8], passphrase: &[u8], entropy: &dyn Entropy) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    entropy.fill(&mut salt);
    entropy.fill(&mut iv);
    let failed = |_| KeyError::Encoding("scrypt or AES refused its parameters".to_owned());
    let cost = scrypt::Params::new(14, 8, 1).expect("2^14, 8, 1 are parameters of scrypt");
    let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).map_err(failed)?;
    let secret = scheme.encrypt(passphrase, der).map_err(failed)?;
    let info = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: EncryptionScheme::from(scheme),
        encrypted_data: OctetStringRef::new(&secret).map_err(encoding)?,
    };
    Ok(Zeroizing::new(info.to_der().map_err(encoding)?))
}

/// The DER in a PEM, decrypted where it is encrypted, and whether it was.
fn open(
    path: &Path,
    pem: &[u8],
    [plain, encrypted]: [&str; 2],
    passphrase: Option<&[u8]>,
) -> Result<(Zeroizing<Vec<u8>>, bool), KeyError> {
    let malformed = || KeyError::NotAKey(path.to_path_buf());
    let (label, der) = der::pem::decode_vec(pem).map_err(|_| malformed())?;
    let der = Zeroizing::new(der);
    if label == plain {
        return Ok((der, false));
    }
    if label == "RSA PRIVATE KEY" {
        return Err(KeyError::Rsa(path.to_path_buf()));
    }
    if label != encrypted {
        return Err(malformed());
    }
    let passphrase = passphrase.ok_or_else(|| KeyError::PassphraseNeeded(path.to_path_buf()))?;
    let info = EncryptedPrivateKeyInfoRef::from_der(&der).map_err(|_| malformed())?;
    let secret = info
        .encryption_algorithm
        .decrypt(passphrase, info.encrypted_data.as_bytes())
        .map_err(|_| KeyError::WrongPassphrase(path.to_path_buf()))?;
    let secret = Zeroizing::new(secret);
    // A wrong passphrase passes the padding once in 256 times; what comes out is then no DER.
    der::AnyRef::from_der(&secret).map_err(|_| KeyError::WrongPassphrase(path.to_path_buf()))?;
    Ok((secret, true))
}

fn usable(path: &Path, der: &[u8]) -> Result<PrivateKey, KeyError> {
    PrivateKey::from_pkcs8(der).map_err(|reason| match reason {
        NotUsable::Malformed => KeyError::NotAKey(path.to_path_buf()),
        NotUsable::Rsa => KeyError::Rsa(path.to_path_buf()),
        NotUsable::Algorithm => KeyError::Algorithm(path.to_path_buf()),
    })
}

fn damaged(path: &Path, encrypted: bool) -> KeyError {
    if encrypted {
        KeyError::WrongPassphrase(path.to_path_buf())
    } else {
        KeyError::NotAKey(path.to_path_buf())
    }
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path).map_err(|source| io(path, source)).and_then(|mut file| {
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|source| {
            // Half a key is worse than none; the first error is the one to tell.
            let _ = fs::remove_file(path);
            io(path, source)
        })
    })
}

fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Vec<KeyWarning>), KeyError> {
    let bytes = read_limited(path)?;
    let mut warnings = Vec::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(|source| io(path, source))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            warnings.push(KeyWarning::OpenPermissions(path.to_path_buf(), mode));
        }
    }
    Ok((bytes, warnings))
}

fn read_limited(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let file = File::open(path).map_err(|source| io(path, source))?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|source| io(path, source))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(KeyError::NotAKey(path.to_path_buf()));
    }
    Ok(bytes)
}

fn encoding(error: der::Error) -> KeyError {
    KeyError::Encoding(error.to_string())
}

fn pem_encoding(error: der::pem::Error) -> KeyError {
    KeyError::Encoding(error.to_string())
}

//! `saoy init`: makes an office.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{Outcome, output};
use crate::error::Failure;
use crate::keys::{Brought, BroughtSigner};
use crate::office::{Ambient, NewOffice, Office};
use crate::record::Officer;
use crate::signature;

/// Make an office: keys, certificates, an empty book and registry, and trust.json for those who verify
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The new folder that holds everything the office must keep
    #[arg(long, value_name = "DIR", env = "SAOY_HOME")]
    home: PathBuf,
    /// The office's name as printed on copies
    #[arg(long)]
    name: String,
    /// The office's code, as in QĐ 20/2020/QĐ-TTg: H99.01
    #[arg(long)]
    code: String,
    /// The officer who certifies; without one, copies are marked THỬ NGHIỆM (trial)
    #[arg(long, requires = "title", value_name = "NAME")]
    officer: Option<String>,
    /// The officer's title as printed
    #[arg(long, requires = "officer")]
    title: Option<String>,
    /// Where people verify; goes into the QR code. Without it the code holds the bare seal
    #[arg(long, value_name = "URL")]
    verify_url: Option<String>,
    /// The symbol on the certification book's cover
    #[arg(long, default_value = "SCT/BS", value_name = "SYMBOL")]
    book_symbol: String,
    /// The first number, where a paper book of this year is continued
    #[arg(long, default_value_t = 1, value_name = "N")]
    first_number: u64,
    /// The algorithm of the office's and the officer's certificates
    #[arg(long, value_enum, default_value_t = Algorithm::P256)]
    algorithm: Algorithm,
    /// The office's own root certificate (PEM), instead of one made here
    #[arg(long, value_name = "PEM", requires_all = ["office_cert", "office_key"])]
    root_cert: Option<PathBuf>,
    /// The office's own certificate (PEM), then those between it and the root
    #[arg(long, value_name = "PEM", requires = "root_cert")]
    office_cert: Option<PathBuf>,
    /// Its key (PKCS#8 PEM)
    #[arg(long, value_name = "PEM", requires = "root_cert")]
    office_key: Option<PathBuf>,
    /// The officer's own certificate (PEM), then those between it and the root
    #[arg(long, value_name = "PEM", requires_all = ["root_cert", "officer_key", "officer"])]
    officer_cert: Option<PathBuf>,
    /// Its key (PKCS#8 PEM)
    #[arg(long, value_name = "PEM", requires = "officer_cert")]
    officer_key: Option<PathBuf>,
}

/// Certificates and keys as read from their files.
struct Files {
    root: String,
    office: (String, Vec<u8>),
    officer: Option<(String, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Algorithm {
    /// ECDSA on P-256: what the readers that people have accept
    P256,
    /// Ed25519: pyHanko and OpenSSL 3.5 accept it; Acrobat and poppler do not
    Ed25519,
}

impl Init {
    pub(super) fn run(self) -> Outcome {
        let files = self.files()?;
        if files.as_ref().is_some_and(|f| f.officer.is_none()) && self.officer.is_some() {
            return Err(Failure::new(
                "officer-cert",
                "--officer is given with the office's own certificates, but not --officer-cert and --officer-key",
                "give the officer's certificate and key too, or leave --officer out for trial copies",
            ));
        }
        let ambient = Ambient::system()?;
        let passphrase = ambient.passphrase.clone();
        let brought = files.as_ref().map(|files| Brought {
            root: &files.root,
            office: signer(&files.office, passphrase.as_deref()),
            officer: files.officer.as_ref().map(|officer| signer(officer, passphrase.as_deref())),
        });
        let officer = self.officer.zip(self.title).map(|(name, title)| Officer { name, title });
        let new = NewOffice {
            name: self.name,
            code: self.code,
            officer,
            verify_url: self.verify_url,
            book_symbol: self.book_symbol,
            first_number: self.first_number,
            algorithm: match self.algorithm {
                Algorithm::P256 => signature::Algorithm::EcdsaP256,
                Algorithm::Ed25519 => signature::Algorithm::Ed25519,
            },
        };
        let office = Office::create(&self.home, &new, brought.as_ref(), ambient)?;
        let name = &office.config.office;
        output::line(&format!("{}: {} ({})", self.home.display(), name.name, name.code));
        output::line(&format!("  public, for those who verify: {}", self.home.join("trust.json").display()));
        if passphrase.is_none() {
            output::note(
                "warning: the keys lie unencrypted in keys/ (mode 0600); SAOY_PASSPHRASE_FILE at `saoy init` encrypts them",
            );
        }
        if office.is_trial() {
            output::note(
                "warning: no --officer: certifications are marked THỬ NGHIỆM (trial) and never valid",
            );
        }
        Ok(ExitCode::SUCCESS)
    }

    fn files(&self) -> Result<Option<Files>, Failure> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|e| {
                Failure::new(
                    "unreadable",
                    format!("{}: {e}", path.display()),
                    "check the name and the permissions",
                )
            })
        };
        let text = |path: &PathBuf| {
            String::from_utf8(read(path)?).map_err(|_| {
                Failure::new("not-pem", format!("{} is not PEM", path.display()), "give certificates as PEM")
            })
        };
        let pair = |cert: &Option<PathBuf>, key: &Option<PathBuf>| match (cert, key) {
            (Some(cert), Some(key)) => Ok::<_, Failure>(Some((text(cert)?, read(key)?))),
            _ => Ok(None),
        };
        let (Some(root), Some(office)) = (&self.root_cert, pair(&self.office_cert, &self.office_key)?) else {
            return Ok(None);
        };
        Ok(Some(Files { root: text(root)?, office, officer: pair(&self.officer_cert, &self.officer_key)? }))
    }
}

fn signer<'a>((chain, key): &'a (String, Vec<u8>), passphrase: Option<&'a [u8]>) -> BroughtSigner<'a> {
    BroughtSigner { chain, key, passphrase }
}

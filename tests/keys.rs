//! Key files and an office's own certificates.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::signature_support;
use saoy::ambient::{FixedClock, SeededEntropy};
use saoy::error::Failure;
use saoy::keys::{
    Brought, BroughtSigner, FileSigner, KeyError, KeyWarning, OfficeKeys, OfficeProfile, PrivateKey,
    load_key, store_key,
};
use saoy::record::{Officer, Role};
use saoy::signature::chain::ChainError;
use saoy::signature::{Algorithm, Signer as _};
use signature_support::{NOW, Template, office, openssl, profile};
use time::Duration;

const CLOCK: FixedClock = FixedClock(NOW);

fn entropy() -> SeededEntropy {
    SeededEntropy::new([9; 32])
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .expect("the folder is there")
        .map(|entry| {
            let entry = entry.expect("the folder can be listed");
            (
                entry.file_name().into_string().expect("our names are ASCII"),
                fs::read(entry.path()).expect("a file"),
            )
        })
        .collect();
    found.sort();
    found
}

#[test]
fn the_same_seed_gives_the_same_files_and_another_seed_others() {
    for passphrase in [None, Some(&b"m\xe1\xba\xadt kh\xe1\xba\xa9u"[..])] {
        let make = |seed: u8| {
            let dir = tempfile::tempdir().expect("a folder");
            let to = dir.path().join("keys");
            let entropy = SeededEntropy::new([seed; 32]);
            OfficeKeys::create(&to, &profile(Algorithm::EcdsaP256), &CLOCK, &entropy, passphrase)
                .expect("an office");
            files(&to)
        };
        let one = make(1);
        let names: Vec<_> = one.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "log.key",
                "office.key",
                "office.pem",
                "officer.key",
                "officer.pem",
                "root.key",
                "root.pem",
                "seal.key",
                "vault.key"
            ]
        );
        assert!(one == make(1));
        assert!(one.iter().zip(make(2)).all(|(a, b)| a.1 != b.1));
    }
}

#[test]
fn what_is_created_opens_again() {
    for (algorithm, passphrase) in [
        (Algorithm::EcdsaP256, None),
        (Algorithm::Ed25519, None),
        (Algorithm::EcdsaP256, Some(&b"secret"[..])),
    ] {
        let dir = tempfile::tempdir().expect("a folder");
        let to = dir.path().join("keys");
        let made =
            OfficeKeys::create(&to, &profile(algorithm), &CLOCK, &entropy(), passphrase).expect("an office");
        let opened = OfficeKeys::open(&to, passphrase).expect("it opens");
        assert_eq!(opened.seal_key(), made.seal_key());
        assert_eq!(opened.log_key(), made.log_key());
        assert_eq!(opened.vault_key(), made.vault_key());
        assert_eq!(opened.root_certificate(), made.root_certificate());
        assert_ne!(opened.seal_key(), opened.log_key());
        for role in [Role::Office, Role::Officer] {
            let (a, b) = (made.signer(role).expect("a signer"), opened.signer(role).expect("a signer"));
            assert_eq!(a.certificates(), b.certificates());
            assert_eq!(a.algorithm(), algorithm);
            assert_eq!(a.sign(b"x").expect("it signs"), b.sign(b"x").expect("it signs"));
        }
        let plain = passphrase.is_none();
        assert_eq!(opened.warnings().len(), if plain { 5 } else { 0 });
        assert_eq!(made.warnings().len(), if plain { 6 } else { 0 }, "the root's key too");
        for (name, bytes) in files(&to) {
            let mode = fs::metadata(to.join(&name)).expect("a file").permissions().mode() & 0o777;
            let text = String::from_utf8(bytes).expect("PEM");
            if name.ends_with(".key") {
                assert_eq!(mode, 0o600, "{name}");
                assert_eq!(text.contains("ENCRYPTED"), !plain, "{name}");
            }
        }
    }
}

#[test]
fn certificates_say_who_the_office_and_the_officer_are() {
    let (_dir, keys) = office(Algorithm::EcdsaP256, 3);
    let root = keys.root_certificate();
    let office = keys.signer(Role::Office).expect("an office").certificate();
    let officer = keys.signer(Role::Officer).expect("an officer").certificate();
    for certificate in [root, office, officer] {
        assert_eq!(certificate.organization().as_deref(), Some("Ủy ban nhân dân xã Đông Hải"));
        assert_eq!(certificate.organization_identifier().as_deref(), Some("H99.01"));
        let subject = certificate.subject();
        assert!(subject.contains("organizationIdentifier=H99.01") && !subject.contains('#'), "{subject}");
        assert_eq!(certificate.not_before(), NOW);
        assert_eq!(certificate.issuer(), root.subject());
    }
    assert_eq!(root.not_after(), NOW.replace_year(2046).expect("a day"));
    assert_eq!(office.not_after(), NOW.replace_year(2031).expect("a day"));
    assert_eq!(office.common_name().as_deref(), Some("Ủy ban nhân dân xã Đông Hải"));
    assert_eq!(officer.common_name().as_deref(), Some("Nguyễn Thị Thử"));
    assert_eq!(officer.title().as_deref(), Some("Phó Chủ tịch"));
    assert_eq!(office.title(), None);
    assert_eq!(root.authority().expect("readable").map(|a| a.path_length), Some(Some(0)));
    let usage = officer.key_usage().expect("readable").expect("present");
    assert!(usage.digital_signature() && usage.non_repudiation() && !usage.key_cert_sign());
}

#[test]
fn openssl_accepts_the_certificates_and_the_keys() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let (dir, _keys) = office(algorithm, 4);
        let at = dir.path().join("keys");
        let moment = (NOW.unix_timestamp() + 1).to_string();
        for leaf in ["office.pem", "officer.pem"] {
            openssl(&at, &["verify", "-x509_strict", "-attime", &moment, "-CAfile", "root.pem", leaf])
                .expect("a path");
        }
        for key in ["root.key", "office.key", "seal.key"] {
            openssl(&at, &["pkey", "-in", key, "-noout", "-check"]).expect("a key");
        }
        let text = openssl(
            &at,
            &["x509", "-in", "officer.pem", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"],
        )
        .expect("a certificate");
        let text = String::from_utf8(text).expect("UTF-8");
        for expected in [
            "C=VN",
            "title=Phó Chủ tịch",
            "CN=Nguyễn Thị Thử",
            "Digital Signature, Non Repudiation",
            "1.3.6.1.5.5.7.3.36",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }
}

#[test]
fn openssl_opens_an_encrypted_key() {
    let dir = tempfile::tempdir().expect("a folder");
    let key = PrivateKey::generate(Algorithm::EcdsaP256, &entropy()).expect("a key");
    assert_eq!(store_key(&dir.path().join("k"), &key, Some(b"secret"), &entropy()).expect("stored"), None);
    openssl(dir.path(), &["pkey", "-in", "k", "-passin", "pass:secret", "-noout", "-check"])
        .expect("it opens");
    openssl(dir.path(), &["pkey", "-in", "k", "-passin", "pass:other", "-noout"])
        .expect_err("another passphrase");
}

#[test]
fn an_office_without_an_officer_has_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let to = dir.path().join("keys");
    let profile = OfficeProfile { officer: None, ..profile(Algorithm::EcdsaP256) };
    let made = OfficeKeys::create(&to, &profile, &CLOCK, &entropy(), None).expect("an office");
    assert!(made.signer(Role::Officer).is_none());
    assert!(OfficeKeys::open(&to, None).expect("it opens").signer(Role::Officer).is_none());
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_half_made() {
    let (dir, _keys) = office(Algorithm::EcdsaP256, 5);
    let to = dir.path().join("keys");
    let before = files(&to);
    let again = OfficeKeys::create(&to, &profile(Algorithm::EcdsaP256), &CLOCK, &entropy(), None);
    assert!(matches!(again, Err(KeyError::Exists(path)) if path == to));
    assert!(files(&to) == before);
    let key = PrivateKey::generate(Algorithm::Ed25519, &entropy()).expect("a key");
    let path = to.join("seal.key");
    assert!(matches!(store_key(&path, &key, None, &entropy()), Err(KeyError::Exists(_))));
    assert!(files(&to) == before);

    let missing = dir.path().join("no").join("keys");
    let failed = OfficeKeys::create(&missing, &profile(Algorithm::EcdsaP256), &CLOCK, &entropy(), None);
    assert!(matches!(failed, Err(KeyError::Missing(_))));
    let left: Vec<_> = files_in(dir.path());
    assert_eq!(left, ["keys"]);
}

fn files_in(dir: &Path) -> Vec<String> {
    fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("ASCII"))
        .collect()
}

#[test]
fn names_that_a_certificate_cannot_carry_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let to = dir.path().join("keys");
    let good = profile(Algorithm::EcdsaP256);
    let officer = |name: &str, title: &str| Some(Officer { name: name.to_owned(), title: title.to_owned() });
    for (bad, what) in [
        (OfficeProfile { name: String::new(), ..good.clone() }, "office's name"),
        (OfficeProfile { name: "x".repeat(201), ..good.clone() }, "office's name"),
        (OfficeProfile { name: "a\nb".to_owned(), ..good.clone() }, "office's name"),
        (OfficeProfile { code: " ".to_owned(), ..good.clone() }, "office's code"),
        (OfficeProfile { officer: officer("", "x"), ..good.clone() }, "officer's name"),
        (OfficeProfile { officer: officer("x", "\u{7f}"), ..good.clone() }, "officer's title"),
    ] {
        let made = OfficeKeys::create(&to, &bad, &CLOCK, &entropy(), None);
        assert!(matches!(made, Err(KeyError::Name { what: w, .. }) if w == what), "{what}");
    }
    let rsa = OfficeProfile { algorithm: Algorithm::RsaPkcs1, ..good };
    assert!(matches!(OfficeKeys::create(&to, &rsa, &CLOCK, &entropy(), None), Err(KeyError::RsaAsked)));
    assert!(files_in(dir.path()).is_empty());
}

#[test]
fn a_name_of_an_office_longer_than_64_characters_is_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let to = dir.path().join("keys");
    let name = "Ủy ban nhân dân phường Thử Nghiệm Thứ Nhất, thành phố Bến Mẫu, tỉnh Không Có Thật";
    assert!(name.chars().count() > 64);
    let profile = OfficeProfile { name: name.to_owned(), ..profile(Algorithm::EcdsaP256) };
    let keys = OfficeKeys::create(&to, &profile, &CLOCK, &entropy(), None).expect("an office");
    assert_eq!(keys.root_certificate().organization().as_deref(), Some(name));
    let moment = NOW.unix_timestamp().to_string();
    openssl(&to, &["verify", "-x509_strict", "-attime", &moment, "-CAfile", "root.pem", "office.pem"])
        .expect("a path");
}

#[test]
fn a_missing_file_is_named() {
    let (dir, _keys) = office(Algorithm::EcdsaP256, 6);
    let keys = dir.path().join("keys");
    for name in [
        "root.pem",
        "office.pem",
        "office.key",
        "officer.pem",
        "officer.key",
        "seal.key",
        "log.key",
        "vault.key",
    ] {
        let path = keys.join(name);
        let bytes = fs::read(&path).expect("a file");
        fs::remove_file(&path).expect("it goes");
        assert!(matches!(OfficeKeys::open(&keys, None), Err(KeyError::Missing(p)) if p == path), "{name}");
        fs::write(&path, bytes).expect("it comes back");
    }
    fs::remove_file(keys.join("root.key")).expect("it goes");
    assert!(OfficeKeys::open(&keys, None).is_ok(), "the root's key may be elsewhere");
    assert!(matches!(OfficeKeys::open(&dir.path().join("nowhere"), None), Err(KeyError::Missing(_))));
}

#[test]
fn passphrases_missing_wrong_and_empty_are_told_apart() {
    let dir = tempfile::tempdir().expect("a folder");
    let to = dir.path().join("keys");
    let profile = profile(Algorithm::EcdsaP256);
    let empty = OfficeKeys::create(&to, &profile, &CLOCK, &entropy(), Some(b""));
    assert!(matches!(empty, Err(KeyError::EmptyPassphrase)));
    assert!(files_in(dir.path()).is_empty());
    OfficeKeys::create(&to, &profile, &CLOCK, &entropy(), Some(b"secret")).expect("an office");
    assert!(matches!(OfficeKeys::open(&to, None), Err(KeyError::PassphraseNeeded(_))));
    assert!(matches!(OfficeKeys::open(&to, Some(b"Secret")), Err(KeyError::WrongPassphrase(_))));
    let (plain_dir, _keys) = office(Algorithm::EcdsaP256, 7);
    let opened = OfficeKeys::open(&plain_dir.path().join("keys"), Some(b"secret"))
        .expect("a passphrase does not hurt");
    assert!(opened.warnings().iter().any(|warning| matches!(warning, KeyWarning::Unencrypted(_))));
}

#[test]
fn no_wrong_passphrase_passes_by_luck() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("k");
    let key = PrivateKey::generate(Algorithm::Ed25519, &entropy()).expect("a key");
    store_key(&path, &key, Some(b"secret"), &entropy()).expect("stored");
    // Bad padding passes once in 256 times: enough tries to meet it would be slow, so the last block is changed instead.
    let text = fs::read_to_string(&path).expect("PEM");
    let (_, der) = der::pem::decode_vec(text.as_bytes()).expect("PEM");
    for change in 1..=255_u8 {
        let mut der = der.clone();
        let at = der.len() - 17;
        der[at] ^= change;
        let pem =
            der::pem::encode_string("ENCRYPTED PRIVATE KEY", der::pem::LineEnding::LF, &der).expect("PEM");
        if change % 16 == 1 || change < 4 {
            fs::write(&path, pem).expect("written");
            assert!(load_key(&path, Some(b"secret")).is_err(), "{change}");
        }
    }
}

#[test]
fn open_permissions_are_a_warning() {
    let (dir, _keys) = office(Algorithm::EcdsaP256, 8);
    let keys = dir.path().join("keys");
    let path = keys.join("seal.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("our own file");
    let opened = OfficeKeys::open(&keys, None).expect("it opens");
    assert!(opened.warnings().contains(&KeyWarning::OpenPermissions(path.clone(), 0o644)));
    let (_, warnings) = load_key(&path, None).expect("it loads");
    assert_eq!(warnings.len(), 2);
}

#[test]
fn what_is_no_key_or_not_the_right_one_is_refused() {
    let (dir, _keys) = office(Algorithm::EcdsaP256, 10);
    let keys = dir.path().join("keys");
    let swap = |name: &str, bytes: &[u8]| {
        let path = keys.join(name);
        let before = fs::read(&path).expect("a file");
        fs::write(&path, bytes).expect("written");
        let opened = OfficeKeys::open(&keys, None).expect_err("it must not open");
        fs::write(&path, before).expect("restored");
        opened
    };
    let read = |name: &str| fs::read(keys.join(name)).expect("a file");
    assert!(matches!(swap("office.key", b"nothing"), KeyError::NotAKey(_)));
    assert!(matches!(swap("office.key", &vec![b'x'; 70_000]), KeyError::NotAKey(_)));
    assert!(matches!(swap("office.key", &read("officer.key")), KeyError::KeyMismatch(_)));
    assert!(matches!(swap("office.key", &read("seal.key")), KeyError::KeyMismatch(_)));
    assert!(matches!(swap("office.key", &read("vault.key")), KeyError::NotAKey(_)));
    assert!(matches!(swap("seal.key", &read("office.key")), KeyError::Algorithm(_)));
    assert!(matches!(swap("vault.key", &read("seal.key")), KeyError::NotAKey(_)));
    assert!(matches!(swap("office.pem", b"nothing"), KeyError::Certificate { .. }));
    let both = [read("root.pem"), read("office.pem")].concat();
    assert!(matches!(swap("root.pem", &both), KeyError::Certificate { .. }));
}

#[test]
fn certificates_from_elsewhere_are_taken() {
    let root = Template::authority("elsewhere", None).root();
    let between = Template::authority("between", None).under(&root);
    let leaf = Template::signer("signer").under(&between);
    let pem =
        |der: &[u8]| der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, der).expect("PEM");
    let dir = tempfile::tempdir().expect("a folder");
    let key = |name: &str, made: &signature_support::Made| {
        let path = dir.path().join(name);
        let key = PrivateKey::EcdsaP256(made.key.clone());
        store_key(&path, &key, Some(b"theirs"), &entropy()).expect("stored");
        fs::read(path).expect("PEM")
    };
    let (root_pem, other_root) = (pem(&root.der), pem(&Template::authority("other", None).root().der));
    let chain = format!("subject=signer\n{}\nsubject=between\n{}", pem(&leaf.der), pem(&between.der));
    let key_pem = key("leaf.key", &leaf);
    let signer = BroughtSigner { chain: &chain, key: &key_pem, passphrase: Some(b"theirs") };
    let brought = Brought { root: &root_pem, office: signer, officer: None };
    let to = dir.path().join("keys");

    let untrusted = Brought { root: &other_root, ..brought };
    let refused = OfficeKeys::import(&to, &untrusted, &CLOCK, &entropy(), None);
    assert!(matches!(refused, Err(KeyError::Chain { source: ChainError::UnknownIssuer, .. })));
    let late = FixedClock(NOW + Duration::days(365 * 20));
    assert!(matches!(
        OfficeKeys::import(&to, &brought, &late, &entropy(), None),
        Err(KeyError::Chain { source: ChainError::Expired(_), .. })
    ));
    let wrong = key("other.key", &between);
    let wrong = Brought { office: BroughtSigner { key: &wrong, ..signer }, ..brought };
    assert!(matches!(
        OfficeKeys::import(&to, &wrong, &CLOCK, &entropy(), None),
        Err(KeyError::KeyMismatch(_))
    ));
    let twice = Brought { officer: Some(signer), ..brought };
    assert!(matches!(OfficeKeys::import(&to, &twice, &CLOCK, &entropy(), None), Err(KeyError::OneSigner)));
    assert!(!to.exists());

    OfficeKeys::import(&to, &brought, &CLOCK, &entropy(), Some(b"ours")).expect("an office");
    let opened = OfficeKeys::open(&to, Some(b"ours")).expect("it opens");
    let office = opened.signer(Role::Office).expect("an office");
    assert_eq!(office.certificates(), [leaf.der.clone(), between.der.clone()]);
    assert_eq!(opened.root_certificate().der(), root.der);
    assert!(!to.join("root.key").exists());
}

#[test]
fn rsa_and_foreign_keys_are_refused_with_advice() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |line: &str| openssl(dir.path(), &line.split(' ').collect::<Vec<_>>()).expect("openssl");
    run("req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout rsa.key -out rsa.pem");
    run("rsa -in rsa.key -traditional -out rsa1.key");
    run(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj /CN=x -keyout p384.key -out p384.pem",
    );
    run(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout p256.key -out p256.pem",
    );
    run("req -x509 -newkey ed25519 -nodes -subj /CN=x -keyout ed.key -out ed.pem");
    let import = |certificate: &str, key: &str| {
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).expect("openssl wrote it");
        FileSigner::import(&read(certificate), read(key).as_bytes(), None)
    };
    assert_eq!(import("p256.pem", "p256.key").expect("P-256").algorithm(), Algorithm::EcdsaP256);
    assert_eq!(import("ed.pem", "ed.key").expect("Ed25519").algorithm(), Algorithm::Ed25519);
    assert!(matches!(import("p384.pem", "p384.key"), Err(KeyError::Algorithm(_))));
    for key in ["rsa.key", "rsa1.key"] {
        let failure = Failure::from(import("rsa.pem", key).expect_err("RSA"));
        assert_eq!(failure.code, "key-rsa");
        assert!(failure.advice.contains("P-256"));
    }
}

#[test]
fn an_office_knows_beforehand_whether_it_can_sign() {
    let (dir, keys) = office(Algorithm::Ed25519, 12);
    keys.check(NOW).expect("both sign");
    let years = |n: i32| NOW.replace_year(NOW.year() + n).expect("a day");
    keys.check(years(5)).expect("to the last second");
    for at in [NOW - Duration::seconds(1), years(5) + Duration::seconds(1), years(20) + Duration::seconds(1)]
    {
        assert!(matches!(keys.check(at), Err(KeyError::Chain { .. })), "{at}");
    }
    let (other, _keys) = office(Algorithm::Ed25519, 13);
    fs::copy(other.path().join("keys/root.pem"), dir.path().join("keys/root.pem")).expect("copied");
    let mixed = OfficeKeys::open(&dir.path().join("keys"), None).expect("it opens");
    let refused = mixed.check(NOW).expect_err("another office's root");
    assert!(matches!(refused, KeyError::Chain { source: ChainError::BadSignature, .. }));
    assert_eq!(Failure::from(refused).code, "certificate-path");
}

#[test]
fn secrets_do_not_show() {
    let (_dir, keys) = office(Algorithm::EcdsaP256, 11);
    let shown = format!("{keys:?} {:?}", keys.signer(Role::Office));
    assert!(!shown.contains(&format!("{:?}", keys.vault_key())));
    assert!(shown.contains("PrivateKey(EcdsaP256)"));
}

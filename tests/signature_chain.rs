//! Whether a signer's certificate leads to the root that is trusted.

use crate::signature_support;
use der::asn1::ObjectIdentifier;
use saoy::record::Role;
use saoy::signature::chain::{self, ChainError};
use saoy::signature::{Algorithm, Signer as _};
use signature_support::{Made, NOW, Template, office, openssl};
use time::macros::datetime;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};

fn verify(leaf: &Made, between: &[&Made], root: &Made) -> Result<usize, ChainError> {
    let between: Vec<_> = between.iter().map(|made| made.der.clone()).collect();
    chain::verify(&leaf.der, &between, &root.der, NOW).map(|path| path.certificates().len())
}

#[test]
fn the_offices_own_certificates_lead_to_its_root() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let (_dir, keys) = office(algorithm, 1);
        for role in [Role::Office, Role::Officer] {
            let signer = keys.signer(role).expect("the office has both");
            let path = chain::verify(
                signer.certificate().der(),
                signer.certificates(),
                keys.root_certificate().der(),
                NOW,
            )
            .expect("a path");
            assert_eq!(path.certificates().len(), 2);
            assert_eq!(path.signer(), signer.certificate());
            assert_eq!(path.certificates()[1].fingerprint(), keys.root_certificate().fingerprint());
        }
    }
}

#[test]
fn a_path_may_have_four_certificates_and_not_five() {
    let root = Template::authority("root", None).root();
    let first = Template::authority("first", None).under(&root);
    let second = Template::authority("second authority", None).under(&first);
    let third = Template::authority("the third authority", None).under(&second);
    let short = Template::signer("signer").under(&second);
    assert_eq!(verify(&short, &[&second, &first], &root), Ok(4));
    assert_eq!(verify(&short, &[&first, &second], &root), Ok(4), "in any order");
    let long = Template::signer("signer").under(&third);
    assert_eq!(verify(&long, &[&third, &second, &first], &root), Err(ChainError::TooLong));
}

#[test]
fn what_is_not_needed_in_between_is_ignored() {
    let root = Template::authority("root", None).root();
    let stranger = Template::authority("stranger", None).root();
    let leaf = Template::signer("signer").under(&root);
    assert_eq!(verify(&leaf, &[&stranger, &leaf, &root], &root), Ok(2));
}

#[test]
fn another_root_is_refused() {
    let root = Template::authority("root", None).root();
    let other = Template::authority("other", None).root();
    let leaf = Template::signer("signer").under(&other);
    assert_eq!(verify(&leaf, &[], &root), Err(ChainError::UnknownIssuer));
    assert_eq!(verify(&leaf, &[&other], &root), Err(ChainError::UnknownIssuer), "its own root does not help");
    assert_eq!(verify(&leaf, &[], &other), Ok(2));
}

#[test]
fn a_root_of_the_same_name_with_another_key_is_refused() {
    let root = Template::authority("root", None).root();
    let forger =
        Made { key: signature_support::key_of("forger"), ..Template::authority("root", None).root() };
    let leaf = Template::signer("signer").under(&forger);
    assert_eq!(verify(&leaf, &[], &root), Err(ChainError::BadSignature));
}

#[test]
fn a_changed_certificate_is_refused() {
    let root = Template::authority("root", None).root();
    let mut leaf = Template::signer("signer").under(&root);
    let at = leaf.der.windows(6).position(|w| w == b"signer").expect("the name is in it");
    leaf.der[at] = b'S';
    assert_eq!(verify(&leaf, &[], &root), Err(ChainError::BadSignature));
}

#[test]
fn each_certificate_must_be_valid_at_the_moment() {
    let ended = datetime!(2026-02-01 0:00 UTC);
    let begins = datetime!(2026-04-01 0:00 UTC);
    let root = || Template::authority("root", None);
    let between = || Template::authority("between", None);
    let leaf = || Template::signer("signer");
    for (times, error) in [
        (|t: Template| Template { until: datetime!(2026-02-01 0:00 UTC), ..t }, ChainError::Expired(ended)),
        (
            |t: Template| Template { from: datetime!(2026-04-01 0:00 UTC), ..t },
            ChainError::NotYetValid(begins),
        ),
    ] as [(fn(Template) -> Template, ChainError); 2]
    {
        for wrong in 0..3 {
            let change = |which: usize, t: Template| if which == wrong { times(t) } else { t };
            let root = change(0, root()).root();
            let between = change(1, between()).under(&root);
            let leaf = change(2, leaf()).under(&between);
            assert_eq!(verify(&leaf, &[&between], &root), Err(error.clone()), "certificate {wrong}");
        }
    }
    let root = root().root();
    let leaf = leaf().under(&root);
    let check = |at| chain::verify(&leaf.der, &[], &root.der, at).map(|path| path.certificates().len());
    assert_eq!(check(datetime!(2026-01-01 0:00 UTC)), Ok(2), "from the first second");
    assert_eq!(check(datetime!(2036-01-01 0:00 UTC)), Ok(2), "to the last");
    assert!(matches!(check(datetime!(2036-01-01 0:00:01 UTC)), Err(ChainError::Expired(_))));
    assert!(matches!(check(datetime!(1969-01-01 0:00 UTC)), Err(ChainError::Time(_))));
}

#[test]
fn an_issuer_that_is_no_authority_is_refused() {
    let root = Template::authority("root", None).root();
    let flawed = [
        Template { constraints: None, ..Template::authority("between", None) },
        Template {
            constraints: Some(BasicConstraints { ca: false, path_len_constraint: None }),
            ..Template::authority("between", None)
        },
        Template { usage: None, ..Template::authority("between", None) },
        Template {
            usage: Some(KeyUsage(KeyUsages::DigitalSignature.into())),
            ..Template::authority("between", None)
        },
        Template::signer("between"),
    ];
    for (i, template) in flawed.into_iter().enumerate() {
        let between = template.clone().under(&root);
        let leaf = Template::signer("signer").under(&between);
        assert_eq!(verify(&leaf, &[&between], &root), Err(ChainError::NotAnAuthority), "between, {i}");
        let as_root = template.root();
        let leaf = Template::signer("signer").under(&as_root);
        assert_eq!(verify(&leaf, &[], &as_root), Err(ChainError::NotAnAuthority), "root, {i}");
    }
}

#[test]
fn path_length_is_kept_at_the_root_and_below() {
    let root = Template::authority("root", Some(0)).root();
    let between = Template::authority("between", None).under(&root);
    let leaf = Template::signer("signer").under(&between);
    assert_eq!(verify(&leaf, &[&between], &root), Err(ChainError::TooLong));

    let root = Template::authority("root", None).root();
    let first = Template::authority("first", Some(0)).under(&root);
    let second = Template::authority("second authority", None).under(&first);
    let leaf = Template::signer("signer").under(&second);
    assert_eq!(verify(&leaf, &[&first, &second], &root), Err(ChainError::TooLong));
    let leaf = Template::signer("signer").under(&first);
    assert_eq!(verify(&leaf, &[&first], &root), Ok(3));
}

#[test]
fn a_critical_extension_that_nobody_understands_is_refused() {
    let odd = Some(ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1"));
    for wrong in 0..3 {
        let change =
            |which: usize, t: Template| if which == wrong { Template { critical: odd, ..t } } else { t };
        let root = change(0, Template::authority("root", None)).root();
        let between = change(1, Template::authority("between", None)).under(&root);
        let leaf = change(2, Template::signer("signer")).under(&between);
        assert_eq!(
            verify(&leaf, &[&between], &root),
            Err(ChainError::CriticalExtension),
            "certificate {wrong}"
        );
    }
}

#[test]
fn the_signers_certificate_must_be_for_signing_documents() {
    let root = Template::authority("root", None).root();
    let oid = ObjectIdentifier::new_unwrap;
    let check = |template: Template| verify(&template.under(&root), &[], &root);
    let base = || Template::signer("signer");
    let plain = Some(BasicConstraints { ca: false, path_len_constraint: None });
    for usage in [None, Some(KeyUsage(KeyUsages::KeyAgreement.into()))] {
        assert_eq!(check(Template { usage, constraints: plain.clone(), ..base() }), Err(ChainError::Purpose));
    }
    let tls = oid("1.3.6.1.5.5.7.3.1");
    assert_eq!(check(Template { purposes: vec![tls], ..base() }), Err(ChainError::Purpose));
    for good in [
        "1.3.6.1.5.5.7.3.36",
        "1.3.6.1.5.5.7.3.4",
        "1.3.6.1.4.1.311.10.3.12",
        "1.2.840.113583.1.1.5",
        "2.5.29.37.0",
    ] {
        assert_eq!(check(Template { purposes: vec![tls, oid(good)], ..base() }), Ok(2), "{good}");
    }
    assert_eq!(check(Template::authority("signer", None)), Err(ChainError::SignerIsAuthority));
    assert_eq!(verify(&root, &[], &root), Err(ChainError::SignerIsAuthority));
}

#[test]
fn bytes_that_are_no_certificate_are_refused() {
    let root = Template::authority("root", None).root();
    let leaf = Template::signer("signer").under(&root);
    let mut longer = leaf.der.clone();
    longer.push(0);
    for bad in [&[][..], b"certificate", &leaf.der[..leaf.der.len() - 1], &longer] {
        assert!(matches!(chain::verify(bad, &[], &root.der, NOW), Err(ChainError::Certificate(_))));
        assert!(matches!(chain::verify(&leaf.der, &[], bad, NOW), Err(ChainError::Certificate(_))));
    }
    let between = [b"not a certificate".to_vec()];
    assert!(chain::verify(&leaf.der, &between, &root.der, NOW).is_ok(), "not needed, not looked at");
}

#[test]
fn rsa_authorities_and_openssls_certificates_are_understood() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |line: &str| {
        let arguments: Vec<_> = line.split(' ').collect();
        openssl(dir.path(), &arguments).unwrap_or_else(|error| panic!("{line}: {error}"))
    };
    let read = |name: &str| {
        let text = std::fs::read_to_string(dir.path().join(name)).expect("openssl wrote it");
        saoy::signature::certificate::Certificate::from_pem(&text).expect("a certificate")
    };
    std::fs::write(dir.path().join("ext"), "keyUsage=critical,digitalSignature\nbasicConstraints=CA:FALSE\n")
        .expect("the folder is writable");
    for (bits, digest) in [("2048", "sha256"), ("3072", "sha384"), ("2048", "sha512")] {
        run(&format!(
            "req -x509 -newkey rsa:{bits} -nodes -{digest} -days 3650 -subj /CN=root -keyout root.key -out root.pem \
             -addext keyUsage=critical,keyCertSign"
        ));
        run(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=signer -keyout leaf.key -out leaf.csr",
        );
        run(&format!(
            "x509 -req -in leaf.csr -CA root.pem -CAkey root.key -{digest} -days 365 -extfile ext -out leaf.pem"
        ));
        let (leaf, root) = (read("leaf.pem"), read("root.pem"));
        let at = leaf.not_before();
        assert!(chain::verify(leaf.der(), &[], root.der(), at).is_ok(), "{digest}");
    }
    run(
        "req -x509 -newkey rsa:1024 -nodes -sha256 -days 3650 -subj /CN=root -keyout root.key -out root.pem \
         -addext keyUsage=critical,keyCertSign",
    );
    run("x509 -req -in leaf.csr -CA root.pem -CAkey root.key -sha256 -days 365 -extfile ext -out leaf.pem");
    let (leaf, root) = (read("leaf.pem"), read("root.pem"));
    assert_eq!(
        chain::verify(leaf.der(), &[], root.der(), leaf.not_before()),
        Err(ChainError::BadSignature),
        "1024 bits"
    );
}

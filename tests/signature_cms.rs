//! SignedData for PAdES B-B: made, read strictly, and refused when anything is otherwise.

use crate::signature_support;
use proptest::prelude::*;
use saoy::keys::FileSigner;
use saoy::record::Role;
use saoy::signature::certificate::Certificate;
use saoy::signature::cms::{self, CmsError, SignedData, ToBeSigned};
use saoy::signature::{Algorithm, DigestAlgorithm, Hasher, SignatureError, Signer, chain};
use signature_support::{Template, group, issuer_and_serial, office, oid, openssl, set_of, tlv};

const CONTENT: &[u8] = "Bản sao có chứng thực".as_bytes();

fn digest(algorithm: DigestAlgorithm) -> Vec<u8> {
    let mut hash = Hasher::new(algorithm);
    hash.update(CONTENT);
    hash.finish()
}

fn signer(algorithm: Algorithm) -> FileSigner {
    let (_dir, keys) = office(algorithm, 1);
    keys.signer(Role::Office).expect("an office signs").clone()
}

#[test]
fn what_is_signed_verifies() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let signer = signer(algorithm);
        let digest = digest(algorithm.digest());
        let der = cms::sign(&digest, &signer).expect("it signs");
        assert_eq!(der, cms::sign(&digest, &signer).expect("it signs"), "the same bytes each time");
        for zeros in [0, 1, 10_000] {
            let gap = [der.clone(), vec![0; zeros]].concat();
            let signed = SignedData::parse(&gap).expect("it parses");
            assert_eq!(signed.algorithm(), algorithm);
            assert_eq!(signed.digest_algorithm(), algorithm.digest());
            assert_eq!(signed.message_digest(), digest);
            assert_eq!(signed.certificates(), signer.certificates());
            assert_eq!(signed.verify(&digest).expect("it verifies"), signer.certificate());
        }
    }
}

#[test]
fn another_file_is_told_from_a_wrong_signature() {
    let signer = signer(Algorithm::EcdsaP256);
    let der = cms::sign(&digest(DigestAlgorithm::Sha256), &signer).expect("it signs");
    let signed = SignedData::parse(&der).expect("it parses");
    assert!(matches!(signed.verify(&[0; 32]), Err(CmsError::DigestMismatch)));
    assert!(matches!(signed.verify(&[]), Err(CmsError::DigestMismatch)));
    signed.check_signature().expect("the signature itself is right");
}

#[test]
fn the_key_may_live_elsewhere() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let signer = signer(algorithm);
        let digest = digest(algorithm.digest());
        let prepared = cms::prepare(&digest, signer.certificates(), algorithm).expect("prepared");
        let json = serde_json::to_string(&prepared).expect("JSON");
        let there: ToBeSigned = serde_json::from_str(&json).expect("JSON");
        assert_eq!(there, prepared);
        let signature = signer.sign(&there.message).expect("it signs");
        let der = there.finish(&signature).expect("finished");
        assert_eq!(der, cms::sign(&digest, &signer).expect("it signs"));
    }
}

#[test]
fn the_chain_travels_with_the_signature() {
    let root = Template::authority("root", None).root();
    let between = Template::authority("between", None).under(&root);
    let leaf = Template::signer("signer").under(&between);
    let chain = [leaf.der.clone(), between.der.clone(), leaf.der.clone()];
    let digest = digest(DigestAlgorithm::Sha256);
    let prepared = cms::prepare(&digest, &chain, Algorithm::EcdsaP256).expect("prepared");
    let signature: p256::ecdsa::Signature =
        p256::ecdsa::signature::Signer::sign(&leaf.key, &prepared.message);
    let der = prepared.finish(signature.to_der().as_bytes()).expect("finished");
    let signed = SignedData::parse(&der).expect("it parses");
    assert_eq!(signed.certificates().len(), 2, "each certificate once");
    assert_eq!(signed.signer().der(), leaf.der);
    chain::verify(signed.signer().der(), signed.certificates(), &root.der, signature_support::NOW)
        .expect("a path");
}

#[test]
fn a_token_that_gives_high_s_is_brought_to_low_s() {
    let signer = signer(Algorithm::EcdsaP256);
    let prepared =
        cms::prepare(&digest(DigestAlgorithm::Sha256), signer.certificates(), Algorithm::EcdsaP256)
            .expect("prepared");
    let low = signer.sign(&prepared.message).expect("it signs");
    assert_eq!(prepared.finish(&high_s(&low)).expect("finished"), prepared.finish(&low).expect("finished"));
}

#[test]
fn what_cannot_be_signed_is_refused_before_it_is_signed() {
    let p256 = signer(Algorithm::EcdsaP256);
    let good = digest(DigestAlgorithm::Sha256);
    let prepare = |digest: &[u8], algorithm| cms::prepare(digest, p256.certificates(), algorithm);
    assert!(matches!(prepare(&good[1..], Algorithm::EcdsaP256), Err(CmsError::DigestLength(31))));
    assert!(matches!(prepare(&good, Algorithm::Ed25519), Err(CmsError::DigestLength(32))));
    assert!(matches!(prepare(&[0; 64], Algorithm::Ed25519), Err(CmsError::Key)));
    assert!(matches!(prepare(&good, Algorithm::RsaPkcs1), Err(CmsError::Key)));
    assert!(matches!(cms::prepare(&good, &[], Algorithm::EcdsaP256), Err(CmsError::NoSignerCertificate)));
    let broken = [b"no certificate".to_vec()];
    assert!(matches!(cms::prepare(&good, &broken, Algorithm::EcdsaP256), Err(CmsError::Certificate(_))));

    let prepared = prepare(&good, Algorithm::EcdsaP256).expect("prepared");
    assert!(matches!(prepared.finish(b"no signature"), Err(CmsError::Signature(SignatureError::Encoding))));
    let other = signer(Algorithm::Ed25519).sign(&prepared.message).expect("it signs");
    assert!(matches!(prepared.finish(&other), Err(CmsError::Signature(SignatureError::Encoding))));
    let elsewhere = p256.sign(b"something else").expect("it signs");
    assert!(matches!(prepared.finish(&elsewhere), Err(CmsError::Signature(SignatureError::Mismatch))));
}

struct Refusing(FileSigner);

impl Signer for Refusing {
    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }
    fn certificates(&self) -> &[Vec<u8>] {
        self.0.certificates()
    }
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        Err("the token was pulled out".into())
    }
}

#[test]
fn what_the_token_says_is_passed_on() {
    let refused = cms::sign(&digest(DigestAlgorithm::Sha256), &Refusing(signer(Algorithm::EcdsaP256)));
    assert_eq!(
        refused.expect_err("it refuses").to_string(),
        "the key could not sign: the token was pulled out"
    );
}

/// SignedData put together by hand; each field can be made wrong.
#[derive(Clone)]
struct Parts {
    signer: FileSigner,
    version: u8,
    digest_algorithms: Vec<Vec<u8>>,
    content_type: Vec<u8>,
    content: Option<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
    crls: Option<Vec<u8>>,
    info_version: u8,
    sid: Vec<u8>,
    digest_algorithm: Vec<u8>,
    attributes: Vec<Vec<u8>>,
    signature_algorithm: Vec<u8>,
    unsigned: Option<Vec<u8>>,
    infos: usize,
    sort: bool,
    alter: fn(Vec<u8>) -> Vec<u8>,
}

fn attribute(kind: &str, value: Vec<u8>) -> Vec<u8> {
    group(0x30, &[oid(kind), tlv(0x31, &value)])
}

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.47";
const DATA: &str = "1.2.840.113549.1.7.1";

fn signing_certificate(certificate: &[u8]) -> Vec<u8> {
    let hash = saoy::record::Digest::of(certificate).0;
    attribute(SIGNING_CERTIFICATE, tlv(0x30, &tlv(0x30, &tlv(0x30, &tlv(0x04, &hash)))))
}

impl Parts {
    fn good() -> Self {
        let signer = signer(Algorithm::EcdsaP256);
        let certificate = signer.certificate().der().to_vec();
        let sha256 = tlv(0x30, &oid("2.16.840.1.101.3.4.2.1"));
        Self {
            version: 1,
            digest_algorithms: vec![sha256.clone()],
            content_type: oid(DATA),
            content: None,
            certificates: vec![certificate.clone()],
            crls: None,
            info_version: 1,
            sid: issuer_and_serial(&certificate),
            digest_algorithm: sha256,
            attributes: vec![
                attribute(CONTENT_TYPE, oid(DATA)),
                attribute(MESSAGE_DIGEST, tlv(0x04, &digest(DigestAlgorithm::Sha256))),
                signing_certificate(&certificate),
            ],
            signature_algorithm: tlv(0x30, &oid("1.2.840.10045.4.3.2")),
            unsigned: None,
            infos: 1,
            sort: true,
            alter: |signature| signature,
            signer,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let set = |tag, parts: &[Vec<u8>]| {
            if self.sort { set_of(tag, parts.to_vec()) } else { group(tag, parts) }
        };
        let message = set(0x31, &self.attributes);
        let signature = (self.alter)(self.signer.sign(&message).expect("it signs"));
        let mut info = vec![
            tlv(0x02, &[self.info_version]),
            self.sid.clone(),
            self.digest_algorithm.clone(),
            set(0xa0, &self.attributes),
            self.signature_algorithm.clone(),
            tlv(0x04, &signature),
        ];
        info.extend(self.unsigned.as_ref().map(|attribute| tlv(0xa1, attribute)));
        let infos: Vec<_> = (0..self.infos)
            .map(|i| {
                let mut info = info.clone();
                if i > 0 {
                    info[5] = tlv(0x04, &[i as u8]);
                }
                group(0x30, &info)
            })
            .collect();
        let mut encapsulated = vec![self.content_type.clone()];
        encapsulated.extend(self.content.as_ref().map(|content| tlv(0xa0, &tlv(0x04, content))));
        let mut content = vec![
            tlv(0x02, &[self.version]),
            set_of(0x31, self.digest_algorithms.clone()),
            group(0x30, &encapsulated),
            set_of(0xa0, self.certificates.clone()),
        ];
        content.extend(self.crls.as_ref().map(|crl| tlv(0xa1, crl)));
        content.push(set_of(0x31, infos));
        group(0x30, &[oid("1.2.840.113549.1.7.2"), tlv(0xa0, &group(0x30, &content))])
    }

    fn refused(change: impl FnOnce(&mut Self)) -> CmsError {
        let mut parts = Self::good();
        change(&mut parts);
        let digest = digest(DigestAlgorithm::Sha256);
        match SignedData::parse(&parts.encode()).and_then(|signed| signed.verify(&digest).map(|_| ())) {
            Ok(()) => panic!("it must not verify"),
            Err(error) => error,
        }
    }
}

/// The other signature that ECDSA allows.
fn high_s(signature: &[u8]) -> Vec<u8> {
    let signature = p256::ecdsa::Signature::from_der(signature).expect("a signature");
    let (r, s) = signature.split_scalars();
    let s = -s.as_ref();
    let other = p256::ecdsa::Signature::from_scalars(r.to_bytes(), s.to_bytes()).expect("a signature");
    other.to_der().as_bytes().to_vec()
}

#[test]
fn by_hand_it_is_the_same_bytes() {
    let parts = Parts::good();
    assert_eq!(parts.encode(), cms::sign(&digest(DigestAlgorithm::Sha256), &parts.signer).expect("it signs"));
}

#[test]
fn signers_must_be_one() {
    assert!(matches!(Parts::refused(|p| p.infos = 2), CmsError::SignerCount(2)));
    assert!(matches!(Parts::refused(|p| p.infos = 0), CmsError::SignerCount(0)));
}

#[test]
fn content_of_its_own_is_refused() {
    assert!(matches!(Parts::refused(|p| p.content = Some(CONTENT.to_vec())), CmsError::HasContent));
    assert!(matches!(Parts::refused(|p| p.content = Some(Vec::new())), CmsError::HasContent));
    let timestamp = oid("1.2.840.113549.1.9.16.1.4");
    assert!(matches!(Parts::refused(|p| p.content_type = timestamp), CmsError::ContentType(_)));
}

#[test]
fn versions_lists_and_unsigned_attributes_are_refused() {
    assert!(matches!(Parts::refused(|p| p.version = 3), CmsError::Version));
    assert!(matches!(Parts::refused(|p| p.info_version = 3), CmsError::Version));
    assert!(matches!(Parts::refused(|p| p.crls = Some(tlv(0x30, &[]))), CmsError::RevocationLists));
    let time = attribute("1.2.840.113549.1.9.16.2.14", tlv(0x30, &[]));
    assert!(matches!(Parts::refused(|p| p.unsigned = Some(time)), CmsError::UnsignedAttributes));
    assert!(matches!(Parts::refused(|p| p.unsigned = Some(Vec::new())), CmsError::UnsignedAttributes));
}

#[test]
fn algorithms_must_be_those_of_the_certificate() {
    let sha512 = tlv(0x30, &oid("2.16.840.1.101.3.4.2.3"));
    let with_null = group(0x30, &[oid("2.16.840.1.101.3.4.2.1"), tlv(0x05, &[])]);
    for wrong in [sha512, with_null] {
        let both = Parts::refused(|p| {
            p.digest_algorithms = vec![wrong.clone()];
            p.digest_algorithm = wrong.clone();
        });
        assert!(matches!(both, CmsError::DigestAlgorithm));
        assert!(matches!(Parts::refused(|p| p.digest_algorithm = wrong.clone()), CmsError::DigestAlgorithm));
        assert!(matches!(Parts::refused(|p| p.digest_algorithms.push(wrong)), CmsError::DigestAlgorithm));
    }
    assert!(matches!(Parts::refused(|p| p.digest_algorithms.clear()), CmsError::DigestAlgorithm));
    for wrong in [
        tlv(0x30, &oid("1.3.101.112")),
        tlv(0x30, &oid("1.2.840.10045.4.3.4")),
        tlv(0x30, &oid("1.2.840.10045.2.1")),
        group(0x30, &[oid("1.2.840.10045.4.3.2"), tlv(0x05, &[])]),
        group(0x30, &[oid("1.2.840.113549.1.1.11"), tlv(0x05, &[])]),
    ] {
        assert!(matches!(Parts::refused(|p| p.signature_algorithm = wrong), CmsError::SignatureAlgorithm));
    }
}

#[test]
fn the_certificate_must_be_the_signers() {
    let (_dir, keys) = office(Algorithm::EcdsaP256, 1);
    let officer = keys.signer(Role::Officer).expect("an officer").certificate().der().to_vec();
    let root = keys.root_certificate().der().to_vec();
    assert!(matches!(
        Parts::refused(|p| p.certificates = vec![officer.clone()]),
        CmsError::NoSignerCertificate
    ));
    assert!(matches!(Parts::refused(|p| p.certificates.clear()), CmsError::NoSignerCertificate));
    assert!(matches!(Parts::refused(|p| p.sid = issuer_and_serial(&officer)), CmsError::NoSignerCertificate));
    assert!(matches!(Parts::refused(|p| p.certificates.push(tlv(0x30, b"x"))), CmsError::Certificate(_)));
    let twice = Parts::refused(|p| p.certificates.push(p.certificates[0].clone()));
    assert!(matches!(twice, CmsError::RepeatedCertificate));
    let substituted = Parts::refused(|p| {
        p.certificates = vec![officer.clone()];
        p.sid = issuer_and_serial(&officer);
    });
    assert!(matches!(substituted, CmsError::Attribute(_)), "signing-certificate-v2 names another");
    let claimed = Parts::refused(|p| {
        p.certificates = vec![officer.clone()];
        p.sid = issuer_and_serial(&officer);
        p.attributes[2] = signing_certificate(&officer);
    });
    assert!(matches!(claimed, CmsError::Signature(SignatureError::Mismatch)), "the key is not the officer's");
    assert!(matches!(
        Parts::refused(|p| p.attributes[2] = signing_certificate(&root)),
        CmsError::Attribute(_)
    ));
}

#[test]
fn attributes_must_be_the_three() {
    for missing in 0..3 {
        assert!(matches!(
            Parts::refused(|p| {
                p.attributes.remove(missing);
            }),
            CmsError::Attribute(_)
        ));
    }
    assert!(matches!(Parts::refused(|p| p.attributes.clear()), CmsError::Attribute(_)));
    let time = attribute("1.2.840.113549.1.9.5", tlv(0x17, b"260302010203Z"));
    assert!(matches!(Parts::refused(|p| p.attributes.push(time)), CmsError::Attribute(_)), "signing-time");
    let again = attribute(MESSAGE_DIGEST, tlv(0x04, &[7; 32]));
    assert!(matches!(Parts::refused(|p| p.attributes.push(again)), CmsError::Attribute(_)), "two digests");
    let both = [tlv(0x04, &[7; 32]), tlv(0x04, &[8; 32])].concat();
    assert!(matches!(
        Parts::refused(|p| p.attributes[1] = attribute(MESSAGE_DIGEST, both)),
        CmsError::Attribute(_)
    ));
    let short = attribute(MESSAGE_DIGEST, tlv(0x04, &[7; 20]));
    assert!(matches!(Parts::refused(|p| p.attributes[1] = short), CmsError::Attribute(_)));
    let text = attribute(MESSAGE_DIGEST, tlv(0x0c, &[b'7'; 32]));
    assert!(matches!(Parts::refused(|p| p.attributes[1] = text), CmsError::Attribute(_)));
    let other = attribute(CONTENT_TYPE, oid("1.2.840.113549.1.9.16.1.4"));
    assert!(matches!(Parts::refused(|p| p.attributes[0] = other), CmsError::Attribute(_)));
    let nothing = attribute(SIGNING_CERTIFICATE, tlv(0x30, &tlv(0x30, &[])));
    assert!(matches!(Parts::refused(|p| p.attributes[2] = nothing), CmsError::Attribute(_)));
}

#[test]
fn the_other_ecdsa_signature_is_refused() {
    assert!(matches!(
        Parts::refused(|p| p.alter = |s| high_s(&s)),
        CmsError::Signature(SignatureError::HighS)
    ));
    assert!(matches!(
        Parts::refused(|p| p.alter = |_| Vec::new()),
        CmsError::Signature(SignatureError::Encoding)
    ));
    let cut = |mut s: Vec<u8>| {
        s.pop();
        s
    };
    assert!(matches!(Parts::refused(|p| p.alter = cut), CmsError::Signature(SignatureError::Encoding)));
}

#[test]
fn only_canonical_der_and_zeros_after_it_are_accepted() {
    let good = Parts::good().encode();
    let parse = |bytes: &[u8]| SignedData::parse(bytes).map(|_| ());
    for (tail, at) in [(&[1][..], 0), (&[0, 0, 1], 2), (b"0", 0), (&[0x30, 0x00], 0)] {
        let bytes = [&good, tail].concat();
        assert!(matches!(parse(&bytes), Err(CmsError::TrailingBytes(p)) if p == good.len() + at), "{tail:?}");
    }
    for bytes in [&[][..], &[0; 100], b"<</Type/Sig>>", &good[..good.len() - 1], &good[..3]] {
        assert!(matches!(parse(bytes), Err(CmsError::Malformed)), "{} bytes", bytes.len());
    }
    // The same length in more bytes than DER allows, and without a length at all (BER).
    let length = (good.len() - 4) as u16;
    let [high, low] = length.to_be_bytes();
    assert_eq!(good[..4], [0x30, 0x82, high, low]);
    let long = [&[0x30, 0x83, 0, high, low], &good[4..]].concat();
    let open = [&[0x30, 0x80], &good[4..], &[0, 0]].concat();
    for ber in [long, open] {
        assert!(matches!(parse(&ber), Err(CmsError::Malformed | CmsError::NotCanonical)));
    }
    let unsorted = Parts::refused(|p| {
        p.sort = false;
        p.attributes.reverse();
    });
    assert!(matches!(unsorted, CmsError::Malformed | CmsError::NotCanonical), "{unsorted}");
}

#[test]
fn errors_name_no_person() {
    let (_dir, keys) = office(Algorithm::EcdsaP256, 1);
    let officer = keys.signer(Role::Officer).expect("an officer").certificate().der().to_vec();
    let error = Parts::refused(|p| p.certificates = vec![officer]);
    assert!(!error.to_string().contains("Thử"));
}

#[test]
fn openssl_accepts_our_signature() {
    let (dir, keys) = office(Algorithm::EcdsaP256, 1);
    for role in [Role::Office, Role::Officer] {
        let der = cms::sign(&digest(DigestAlgorithm::Sha256), keys.signer(role).expect("a signer"))
            .expect("it signs");
        let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).expect("written");
        write("signature", &der);
        write("content", CONTENT);
        write("other", b"another file");
        write("root.pem", keys.root_certificate().pem().as_bytes());
        let moment = signature_support::NOW.unix_timestamp().to_string();
        let verify = |content: &str| {
            openssl(
                dir.path(),
                &[
                    "cms",
                    "-verify",
                    "-binary",
                    "-inform",
                    "DER",
                    "-in",
                    "signature",
                    "-content",
                    content,
                    "-CAfile",
                    "root.pem",
                    "-purpose",
                    "any",
                    "-attime",
                    &moment,
                    "-cades",
                    "-out",
                    "verified",
                ],
            )
        };
        verify("content").expect("OpenSSL verifies it, the signing certificate's digest too");
        verify("other").expect_err("another file");
    }
}

#[test]
fn rsa_from_elsewhere_verifies() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |line: &str| openssl(dir.path(), &line.split(' ').collect::<Vec<_>>()).expect("openssl");
    run(
        "req -x509 -newkey rsa:2048 -nodes -sha256 -subj /CN=signer -keyout k -out c -addext basicConstraints=CA:FALSE",
    );
    let pem = std::fs::read_to_string(dir.path().join("c")).expect("openssl wrote it");
    let certificate = Certificate::from_pem(&pem).expect("a certificate");
    assert_eq!(certificate.algorithm(), Some(Algorithm::RsaPkcs1));
    let digest = digest(DigestAlgorithm::Sha256);
    let prepared =
        cms::prepare(&digest, &[certificate.der().to_vec()], Algorithm::RsaPkcs1).expect("prepared");
    std::fs::write(dir.path().join("m"), &prepared.message).expect("written");
    run("dgst -sha256 -sign k -out s m");
    let signature = std::fs::read(dir.path().join("s")).expect("openssl wrote it");
    let der = prepared.finish(&signature).expect("finished");
    SignedData::parse(&der).expect("it parses").verify(&digest).expect("it verifies");

    run("dgst -sha512 -sign k -out s512 m");
    let other = std::fs::read(dir.path().join("s512")).expect("openssl wrote it");
    assert!(matches!(prepared.finish(&other), Err(CmsError::Signature(SignatureError::Mismatch))));
    let mut changed = signature;
    changed[100] ^= 1;
    assert!(matches!(prepared.finish(&changed), Err(CmsError::Signature(SignatureError::Mismatch))));
}

#[test]
fn ed25519_is_verified_strictly() {
    // A key and R of small order: the plain equation holds for any message, `verify_strict` refuses (speccheck, case 0).
    let key = data_encoding::HEXLOWER
        .decode(b"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
        .expect("hexadecimal");
    let signature = [key.clone(), vec![0; 32]].concat();
    assert_eq!(Algorithm::Ed25519.verify(&key, b"anything", &signature), Err(SignatureError::Mismatch));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_changed_byte_goes_unnoticed(at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let parts = Parts::good();
        let mut der = parts.encode();
        let at = at.index(der.len());
        der[at] ^= change;
        let digest = digest(DigestAlgorithm::Sha256);
        let verified = SignedData::parse(&der).and_then(|signed| signed.verify(&digest).map(|c| c.der().to_vec()));
        prop_assert!(verified.is_err(), "byte {at}");
    }

    #[test]
    fn noise_is_refused_without_panic(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(SignedData::parse(&noise).is_err());
    }
}

#[test]
fn der_of_the_certificates_is_kept() {
    let signer = signer(Algorithm::EcdsaP256);
    let again = Certificate::from_der(signer.certificate().der()).expect("a certificate");
    assert_eq!(again.der().to_vec(), signer.certificates()[0]);
    assert_eq!(Certificate::from_pem(&again.pem()).expect("PEM"), again);
}

/// Ours says what `p256` says, whoever computes the equation: of any key, message and signature.
fn both(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use p256::ecdsa::signature::Verifier as _;
    let parts = p256::ecdsa::VerifyingKey::from_sec1_bytes(key)
        .ok()
        .zip(p256::ecdsa::Signature::from_der(signature).ok());
    let theirs = parts.is_some_and(|(key, signature)| {
        signature.normalize_s() == signature && key.verify(message, &signature).is_ok()
    });
    let ours = Algorithm::EcdsaP256.verify(key, message, signature).is_ok();
    assert_eq!(ours, theirs, "{key:02x?} {message:02x?} {signature:02x?}");
    ours
}

proptest! {
    #[test]
    fn one_verdict_on_ecdsa(seed in 1u8..200, message in prop::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), bit in 0u8..8, compressed in any::<bool>()) {
        use p256::ecdsa::signature::Signer as _;
        let secret = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("below the order");
        let key = secret.verifying_key().to_sec1_point(compressed).as_bytes().to_vec();
        let signature: p256::ecdsa::Signature = secret.sign(&message);
        let signature = signature.normalize_s();
        let der = signature.to_der().as_bytes().to_vec();
        prop_assert!(both(&key, &message, &der));
        let flipped = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            bytes
        };
        prop_assert!(!both(&key, &message, &flipped(&der)));
        prop_assert!(!both(&flipped(&key), &message, &der));
        prop_assert!(message.is_empty() || !both(&key, &flipped(&message), &der));
        let high = p256::ecdsa::Signature::from_scalars(signature.r(), -signature.s()).expect("not zero");
        prop_assert!(!both(&key, &message, high.to_der().as_bytes()));
    }
}

/// A point whose x is beyond the group's order: r is x less the order, which a verifier must not forget.
#[test]
fn ecdsa_where_x_is_larger_than_the_order() {
    use p256::elliptic_curve::PrimeField as _;
    use p256::{ProjectivePoint, PublicKey, Scalar};
    use sha2::{Digest as _, Sha256};
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut found = 0;
    for small in 1u8..=0xff - ORDER[31] {
        let mut point = [&[2][..], &ORDER].concat();
        point[32] += small;
        let Ok(point) = PublicKey::from_sec1_bytes(&point) else { continue };
        let (r, s) = (Scalar::from(u64::from(small)), Scalar::from(7u64));
        let z = Scalar::from_repr(Sha256::digest(CONTENT)).expect("below the order");
        let inverse = r.invert().expect("not zero");
        let key = (ProjectivePoint::from(*point.as_affine()) * s - ProjectivePoint::GENERATOR * z) * inverse;
        let key = PublicKey::from_affine(key.to_affine()).expect("a point");
        let key = p256::ecdsa::VerifyingKey::from(key).to_sec1_point(false).as_bytes().to_vec();
        let signature = p256::ecdsa::Signature::from_scalars(r.to_repr(), s.to_repr()).expect("not zero");
        let der = signature.to_der().as_bytes().to_vec();
        assert!(both(&key, CONTENT, &der), "{small}");
        assert!(!both(&key, b"something else", &der));
        found += 1;
    }
    assert!(found > 10, "{found}");
}

//! Attacks on the SignedData in the last gap, which no signature covers.

use super::der::Node;
use super::families::Attack;
use super::pdf::Copy;

/// Where things stand in a ContentInfo (RFC 5652).
const DATA: [usize; 2] = [1, 0];
const SIGNERS: [usize; 3] = [1, 0, 4];
const SIGNER: [usize; 4] = [1, 0, 4, 0];

const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const TIMESTAMP_ATTRIBUTE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];

/// The order of P-256, big-endian (FIPS 186-4, D.1.2.3).
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The order of edwards25519's base point, little-endian (RFC 8032, 5.1).
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(super) fn attacks(copy: &Copy<'_>, other: &Copy<'_>) -> Vec<Attack> {
    let mut found = Vec::new();
    let cms = copy.cms();
    let tree = Node::read(&cms).0;
    let mut with = |family: &'static str, name: &str, change: &dyn Fn(&mut Node)| {
        let mut changed = tree.clone();
        change(&mut changed);
        assert_ne!(changed, tree, "{name} changes something");
        found.push(Attack::new(family, name, copy.with_cms(&changed.write())));
    };

    with("signer-info", "double", &|t| {
        let again = t.at(&SIGNER).clone();
        t.at(&SIGNERS).list().push(again);
    });
    let foreign = Node::read(&other.cms()).0.at(&SIGNER).clone();
    with("signer-info", "of-another-office-beside", &|t| t.at(&SIGNERS).list().insert(0, foreign.clone()));
    with("signer-info", "none", &|t| t.at(&SIGNERS).list().clear());
    with("signer-info", "version-3", &|t| *t.at(&SIGNER).list()[0].content() = vec![3]);
    with("signer-info", "other-serial", &|t| {
        *t.at(&SIGNER).at(&[1, 1]).content().last_mut().expect("a serial") ^= 1
    });
    with("unsigned-attribute", "timestamp", &|t| {
        let value = Node::nodes(0x31, vec![Node::bytes(0x04, b"no token")]);
        let attribute = Node::nodes(0x30, vec![Node::bytes(0x06, TIMESTAMP_ATTRIBUTE), value]);
        t.at(&SIGNER).list().push(Node::nodes(0xa1, vec![attribute]));
    });
    let ed25519 = tree.clone().at(&SIGNER).at(&[4, 0]).content() == ED25519;
    let other_digest = if ed25519 { ("sha256", SHA256) } else { ("sha512", SHA512) };
    for (name, oid) in [("sha1", SHA1), other_digest] {
        with("digest-algorithm", name, &|t| *t.at(&SIGNER).at(&[2, 0]).content() = oid.to_vec());
        with("digest-algorithm", &format!("{name}-listed"), &|t| {
            *t.at(&DATA).at(&[1, 0, 0]).content() = oid.to_vec();
        });
    }
    with("algorithm-confusion", "rsa", &|t| *t.at(&SIGNER).at(&[4, 0]).content() = RSA.to_vec());
    let confused = if ed25519 { ECDSA_SHA256 } else { ED25519 };
    with("algorithm-confusion", "the-other-curve", &|t| {
        *t.at(&SIGNER).at(&[4, 0]).content() = confused.to_vec();
    });
    with("algorithm-confusion", "null-parameters", &|t| {
        let algorithm = t.at(&SIGNER).at(&[4]).list();
        algorithm.push(Node::bytes(0x05, &[]));
    });
    with("signed-attributes", "none", &|t| {
        t.at(&SIGNER).list().remove(3);
    });
    with("signed-attributes", "reversed", &|t| t.at(&SIGNER).at(&[3]).list().reverse());
    with("signed-attributes", "doubled", &|t| {
        let first = t.at(&SIGNER).at(&[3]).list()[0].clone();
        t.at(&SIGNER).at(&[3]).list().push(first);
    });
    with("signed-attributes", "one-dropped", &|t| {
        t.at(&SIGNER).at(&[3]).list().pop();
    });
    with("content", "enclosed", &|t| {
        let content = Node::nodes(0xa0, vec![Node::bytes(0x04, b"enclosed")]);
        t.at(&DATA).at(&[2]).list().push(content);
    });
    with("content", "other-type", &|t| *t.at(&DATA).at(&[2, 0]).content().last_mut().expect("an OID") = 2);
    with("certificates", "none", &|t| t.at(&DATA).at(&[3]).list().clear());
    with("certificates", "doubled", &|t| {
        let first = t.at(&DATA).at(&[3]).list()[0].clone();
        t.at(&DATA).at(&[3]).list().push(first);
    });
    let strangers = Node::read(&other.cms()).0.at(&DATA).at(&[3]).list().clone();
    with("certificates", "another-office's-added", &|t| {
        t.at(&DATA).at(&[3]).list().extend(strangers.clone())
    });
    with("certificates", "another-office's-instead", &|t| *t.at(&DATA).at(&[3]).list() = strangers.clone());

    let path: Vec<usize> = SIGNER.iter().copied().chain([5]).collect();
    if ed25519 {
        with("malleable", "s-plus-order", &|t| plus_order(&mut t.at(&path).content()[32..]));
        with("small-order", "identity-and-zero", &|t| {
            let signature = t.at(&path).content();
            signature.fill(0);
            signature[0] = 1;
        });
        with("small-order", "r-of-order-two", &|t| {
            let signature = t.at(&path).content();
            signature[..32].fill(0xff);
            (signature[0], signature[31]) = (0xec, 0x7f);
        });
    } else {
        with("malleable", "r-and-n-minus-s", &|t| {
            let (mut pair, _) = Node::read(t.at(&path).content());
            let s = pair.list()[1].content();
            *s = integer(&order_minus(s));
            *t.at(&path).content() = pair.write();
        });
        with("malleable", "zero-and-zero", &|t| {
            let zero = Node::bytes(0x02, &[0]);
            *t.at(&path).content() = Node::nodes(0x30, vec![zero.clone(), zero]).write();
        });
        with("malleable", "a-leading-zero", &|t| {
            let (mut pair, _) = Node::read(t.at(&path).content());
            pair.list()[0].content().insert(0, 0);
            *t.at(&path).content() = pair.write();
        });
    }

    // Not only the tree, its bytes.
    let mut raw = |name: &str, bytes: Vec<u8>| {
        found.push(Attack::new("encoding", name, copy.with_cms(&bytes)));
    };
    raw("bytes-behind", [&cms[..], b"\x01"].concat());
    raw("two-in-a-row", [&cms[..], &cms[..]].concat());
    let mut indefinite = cms.clone();
    indefinite[1] = 0x80;
    indefinite.drain(2..4);
    indefinite.extend([0, 0]);
    raw("indefinite-length", indefinite);
    let mut long = cms.clone();
    long.splice(1..4, [0x83, 0, cms[2], cms[3]]);
    raw("long-length", long);
    raw("empty", Vec::new());
    raw("of-another-copy", other.cms());
    found
}

/// `n - s`, both big-endian.
fn order_minus(s: &[u8]) -> [u8; 32] {
    let mut padded = [0; 32];
    let s = if s.len() > 32 { &s[s.len() - 32..] } else { s };
    padded[32 - s.len()..].copy_from_slice(s);
    let mut borrow = 0;
    let mut out = [0; 32];
    for i in (0..32).rev() {
        let value = i16::from(P256_ORDER[i]) - i16::from(padded[i]) - borrow;
        borrow = i16::from(value < 0);
        out[i] = value.rem_euclid(256) as u8;
    }
    out
}

/// A positive INTEGER's content.
fn integer(bytes: &[u8; 32]) -> Vec<u8> {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(31);
    let mut out = bytes[start..].to_vec();
    if out[0] >= 0x80 {
        out.insert(0, 0);
    }
    out
}

/// `s + L`, little-endian, in place.
fn plus_order(s: &mut [u8]) {
    let mut carry = 0;
    for (digit, order) in s.iter_mut().zip(ED25519_ORDER) {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        (*digit, carry) = (sum as u8, sum >> 8);
    }
}

//! The log's formats from outside: known vectors, an independent tree, and one input a refusal.

use std::collections::HashMap;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{SigningKey, VerifyingKey};
use proptest::prelude::*;
use saoy::record::Digest;
use saoy::registry::entry::{KeyRole, NO_PREDECESSOR};
use saoy::registry::merkle::{self, CompactRange};
use saoy::registry::note::{Note, NoteSigner, NoteVerifier};
use saoy::registry::{Checkpoint, Entry, EntryKind, Receipt, RegistryError, RevokeCause, VoidCause, origin};
use sha2::Sha256;

type Oracle = ct_merkle::mem_backed_tree::MemoryBackedTree<Sha256, Vec<u8>>;

/// A tree in memory: every node that appending completed.
#[derive(Default)]
struct Tree {
    range: CompactRange,
    nodes: HashMap<(u8, u64), Digest>,
}

impl Tree {
    fn of(leaves: &[Vec<u8>]) -> Self {
        let mut tree = Self::default();
        for leaf in leaves {
            tree.push(merkle::leaf_hash(leaf));
        }
        tree
    }

    fn push(&mut self, leaf: Digest) {
        let nodes = &mut self.nodes;
        self.range.push_with(leaf, |level, index, hash| {
            assert!(nodes.insert((level, index), *hash).is_none(), "a node is completed once");
        });
    }

    fn node(&self, level: u8, index: u64) -> Result<Digest, RegistryError> {
        Ok(self.nodes[&(level, index)])
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Digest> {
        merkle::inclusion_proof(index, size, |l, i| self.node(l, i)).expect("a leaf of the tree")
    }

    fn consistency(&self, older: u64, newer: u64) -> Vec<Digest> {
        merkle::consistency_proof(older, newer, |l, i| self.node(l, i)).expect("sizes in order")
    }
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).expect("hexadecimal")
}

fn digest(text: &str) -> Digest {
    Digest::from_hex(text).expect("a digest")
}

/// The eight leaves of Google's Certificate Transparency tests (`merkle/testonly`).
fn eight_leaves() -> Vec<Vec<u8>> {
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        .map(hex)
        .to_vec()
}

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn known_roots_and_proofs() {
    let leaves = eight_leaves();
    for (size, expected) in ROOTS.iter().enumerate() {
        let hashes: Vec<_> = leaves[..size].iter().map(|leaf| merkle::leaf_hash(leaf)).collect();
        assert_eq!(merkle::root(&hashes), digest(expected), "size {size}");
    }
    let tree = Tree::of(&leaves);
    let proof: Vec<_> = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    .map(digest)
    .to_vec();
    assert_eq!(tree.inclusion(5, 8), proof);
    let proof: Vec<_> = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    .map(digest)
    .to_vec();
    assert_eq!(tree.consistency(1, 8), proof);
    let proof: Vec<_> = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    .map(digest)
    .to_vec();
    assert_eq!(tree.consistency(6, 8), proof);
}

#[test]
fn every_small_tree_agrees_with_ct_merkle() {
    let mut oracle = Oracle::new();
    let mut tree = Tree::default();
    let mut roots = vec![merkle::empty_root()];
    for size in 1..=70_u64 {
        let leaf = size.to_be_bytes().repeat(usize::try_from(size % 5).expect("small"));
        tree.push(merkle::leaf_hash(&leaf));
        oracle.push(leaf);
        let root = tree.range.root();
        assert_eq!(root.0.as_slice(), oracle.root().as_bytes().as_slice());
        roots.push(root);
        for index in 0..size {
            let proof = tree.inclusion(index, size);
            let theirs = oracle.prove_inclusion(usize::try_from(index).expect("small"));
            assert_eq!(proof.iter().flat_map(|h| h.0).collect::<Vec<_>>(), theirs.as_bytes());
            let leaf = tree.nodes[&(0, index)];
            merkle::verify_inclusion(&leaf, index, size, &proof, &root).expect("included");
        }
        for older in 0..=size {
            let proof = tree.consistency(older, size);
            if older > 0 && older < size {
                let theirs = oracle.prove_consistency(usize::try_from(size - older).expect("small"));
                assert_eq!(
                    proof.iter().flat_map(|h| h.0).collect::<Vec<_>>(),
                    theirs.as_bytes(),
                    "{older} {size}"
                );
            }
            let old_root = roots[usize::try_from(older).expect("small")];
            merkle::verify_consistency(older, &old_root, size, &root, &proof).expect("consistent");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn larger_trees_agree_with_ct_merkle(
        leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..600),
        at in any::<prop::sample::Index>(),
        older in any::<prop::sample::Index>(),
    ) {
        let size = leaves.len() as u64;
        let tree = Tree::of(&leaves);
        let mut oracle = Oracle::new();
        leaves.iter().for_each(|leaf| oracle.push(leaf.clone()));
        let (ours, theirs) = (tree.range.root(), oracle.root());
        prop_assert_eq!(ours.0.as_slice(), theirs.as_bytes().as_slice());
        let index = at.index(leaves.len());
        let proof = tree.inclusion(index as u64, size);
        let theirs = oracle.prove_inclusion(index);
        prop_assert_eq!(proof.iter().flat_map(|h| h.0).collect::<Vec<_>>(), theirs.as_bytes());
        let older = older.index(leaves.len()) as u64;
        let proof = tree.consistency(older, size);
        if older > 0 {
            let theirs = oracle.prove_consistency((size - older) as usize);
            prop_assert_eq!(proof.iter().flat_map(|h| h.0).collect::<Vec<_>>(), theirs.as_bytes());
        }
    }

    #[test]
    fn a_changed_proof_proves_nothing(
        size in 1_u64..300, index in any::<u64>(), older in any::<u64>(), bit in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
    ) {
        let tree = Tree::of(&(0..size).map(|i| i.to_be_bytes().to_vec()).collect::<Vec<_>>());
        let (index, root) = (index % size, tree.range.root());
        let leaf = tree.nodes[&(0, index)];
        let proof = tree.inclusion(index, size);
        let check = |leaf: &Digest, index, size, proof: &[Digest], root: &Digest| {
            merkle::verify_inclusion(leaf, index, size, proof, root).is_ok()
        };
        prop_assert!(check(&leaf, index, size, &proof, &root));
        let flip = |hash: &Digest| {
            let mut hash = *hash;
            let bit = bit.index(256);
            hash.0[bit / 8] ^= 1 << (bit % 8);
            hash
        };
        prop_assert!(!check(&flip(&leaf), index, size, &proof, &root));
        prop_assert!(!check(&leaf, index, size, &proof, &flip(&root)));
        prop_assert!(!check(&leaf, size, size, &proof, &root));
        prop_assert!(!check(&leaf, index, size, &[proof.as_slice(), &[root]].concat(), &root));
        for other in (0..size).filter(|i| *i != index) {
            prop_assert!(!check(&leaf, other, size, &proof, &root));
        }
        if !proof.is_empty() {
            prop_assert!(!check(&leaf, index, size, &proof[1..], &root));
            let mut changed = proof.clone();
            let i = place.index(changed.len());
            changed[i] = flip(&changed[i]);
            prop_assert!(!check(&leaf, index, size, &changed, &root));
        }

        let older = 1 + older % size;
        let old_root = merkle::root(&(0..older).map(|i| tree.nodes[&(0, i)]).collect::<Vec<_>>());
        let proof = tree.consistency(older, size);
        let check = |old_root: &Digest, proof: &[Digest], root: &Digest| {
            merkle::verify_consistency(older, old_root, size, root, proof).is_ok()
        };
        prop_assert!(check(&old_root, &proof, &root));
        prop_assert!(!check(&flip(&old_root), &proof, &root));
        prop_assert!(!check(&old_root, &proof, &flip(&root)));
        prop_assert!(!check(&old_root, &[proof.as_slice(), &[root]].concat(), &root));
        if !proof.is_empty() {
            prop_assert!(!check(&old_root, &proof[1..], &root));
            let mut changed = proof.clone();
            let i = place.index(changed.len());
            changed[i] = flip(&changed[i]);
            prop_assert!(!check(&old_root, &changed, &root));
        }
    }
}

#[test]
fn trees_refuse_what_is_outside() {
    let tree = Tree::of(&eight_leaves());
    let root = digest(ROOTS[8]);
    let index = RegistryError::Index { index: 8, size: 8 };
    assert_eq!(merkle::inclusion_proof(8, 8, |l, i| tree.node(l, i)), Err(index.clone()));
    assert_eq!(merkle::verify_inclusion(&root, 8, 8, &[], &root), Err(index));
    let sizes = RegistryError::Sizes { older: 9, newer: 8 };
    assert_eq!(merkle::consistency_proof(9, 8, |l, i| tree.node(l, i)), Err(sizes.clone()));
    assert_eq!(merkle::verify_consistency(9, &root, 8, &root, &[]), Err(sizes));
    // Nothing is consistent with the empty tree but by the empty proof, and only its own root is its root.
    assert_eq!(merkle::verify_consistency(0, &merkle::empty_root(), 8, &root, &[]), Ok(()));
    assert_eq!(merkle::verify_consistency(0, &root, 8, &root, &[]), Err(RegistryError::Root));
    let length = RegistryError::ProofLength { found: 1 };
    assert_eq!(merkle::verify_consistency(0, &merkle::empty_root(), 8, &root, &[root]), Err(length.clone()));
    assert_eq!(merkle::verify_consistency(8, &root, 8, &root, &[root]), Err(length));
    assert_eq!(
        merkle::verify_consistency(6, &digest(ROOTS[6]), 8, &root, &[]),
        Err(RegistryError::ProofLength { found: 0 })
    );
    assert_eq!(merkle::verify_consistency(8, &digest(ROOTS[7]), 8, &root, &[]), Err(RegistryError::Root));
    // The largest tree there can be.
    let proof = vec![root; 64];
    assert!(merkle::verify_inclusion(&root, u64::MAX - 1, u64::MAX, &proof, &root).is_err());
    assert!(merkle::verify_consistency(u64::MAX - 1, &root, u64::MAX, &root, &proof).is_err());
    let any = |_: u8, _: u64| Ok::<_, RegistryError>(root);
    assert_eq!(merkle::inclusion_proof(0, u64::MAX, any).map(|p| p.len()), Ok(64));

    let edge = CompactRange::from_parts(8, tree.range.hashes().to_vec()).expect("one full subtree");
    assert_eq!(edge.root(), root);
    assert_eq!(CompactRange::from_parts(7, vec![root]), Err(RegistryError::Edge { size: 7, found: 1 }));
}

fn issue(index: u64) -> Entry {
    Entry {
        index,
        prev: if index == 0 { NO_PREDECESSOR } else { Digest([7; 32]) },
        day: 20_779,
        key_id: *b"key 0001",
        kind: EntryKind::Issue { commitment: Digest([9; 32]) },
    }
}

fn kinds() -> impl Strategy<Value = EntryKind> {
    let hash = any::<[u8; 32]>().prop_map(Digest);
    let pair = (0_u64..1000, hash.clone(), 1000_u64..2000, hash.clone(), any::<bool>());
    prop_oneof![
        hash.clone().prop_map(|commitment| EntryKind::Issue { commitment }),
        (0_u64..1000, hash.clone(), prop::sample::select(VoidCause::ALL.to_vec()))
            .prop_map(|(target, target_leaf, cause)| EntryKind::Void { target, target_leaf, cause }),
        (0_u64..1000, hash.clone(), prop::sample::select(RevokeCause::ALL.to_vec()))
            .prop_map(|(target, target_leaf, cause)| EntryKind::Revoke { target, target_leaf, cause }),
        hash.clone().prop_map(|hash| EntryKind::StatusList { hash }),
        (any::<[u8; 32]>(), prop::sample::select(KeyRole::ALL.to_vec())).prop_map(|(seed, role)| {
            let key = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
            EntryKind::Key { role, key }
        }),
        pair.prop_map(|(target, target_leaf, replacement, replacement_leaf, newer)| {
            if newer {
                EntryKind::Supersede { target, target_leaf, replacement, replacement_leaf }
            } else {
                EntryKind::Correct { target, target_leaf, replacement, replacement_leaf }
            }
        }),
    ]
}

proptest! {
    #[test]
    fn entries_read_back_and_one_bit_makes_another(
        index in 2000_u64..(1 << 53), prev in any::<[u8; 32]>(), day in 0_u32..2_932_897, key_id in any::<[u8; 8]>(),
        kind in kinds(),
    ) {
        prop_assume!(prev != [0; 32]);
        let entry = Entry { index, prev: Digest(prev), day, key_id, kind };
        let bytes = entry.to_bytes();
        prop_assert!(bytes.len() <= 200);
        prop_assert_eq!(Entry::parse(&bytes), Ok(entry.clone()));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Entry::parse(&changed) {
                prop_assert_eq!(other.to_bytes(), changed, "a reading that is not injective at bit {}", bit);
                prop_assert_ne!(other.leaf_hash(), entry.leaf_hash());
            }
        }
        for length in 0..bytes.len() {
            prop_assert!(Entry::parse(&bytes[..length]).is_err());
        }
        prop_assert!(Entry::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn no_bytes_make_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Entry::parse(&bytes);
        let _ = Note::parse(&bytes);
        let _ = Receipt::parse(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = Checkpoint::parse(&text);
        let _ = text.parse::<NoteVerifier>();
    }
}

#[test]
fn entries_refuse() {
    let refused = |entry: &Entry| match Entry::parse(&entry.to_bytes()) {
        Err(RegistryError::Entry(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let (leaf, other) = (Digest([3; 32]), Digest([4; 32]));
    let with = |index, kind| Entry { kind, ..issue(index) };
    assert_eq!(refused(&issue(1 << 53)), "the index is beyond 2^53 - 1");
    assert_eq!(refused(&Entry { prev: leaf, ..issue(0) }), "the predecessor does not fit the index");
    assert_eq!(
        refused(&Entry { prev: NO_PREDECESSOR, ..issue(1) }),
        "the predecessor does not fit the index"
    );
    assert_eq!(refused(&Entry { day: 2_932_897, ..issue(1) }), "the day is after the year 9999");
    let void = EntryKind::Void { target: 5, target_leaf: leaf, cause: VoidCause::Failure };
    assert_eq!(refused(&with(5, void)), "the target does not come before the entry");
    let revoke = EntryKind::Revoke { target: 6, target_leaf: leaf, cause: RevokeCause::Annulled };
    assert_eq!(refused(&with(5, revoke)), "the target does not come before the entry");
    let pair = |target, replacement| EntryKind::Correct {
        target,
        target_leaf: leaf,
        replacement,
        replacement_leaf: other,
    };
    assert_eq!(refused(&with(5, pair(5, 4))), "the target does not come before the entry");
    assert_eq!(refused(&with(5, pair(4, 5))), "the replacement does not come before the entry");
    assert_eq!(refused(&with(5, pair(4, 4))), "the replacement is the target");
    for key in [[2; 32], {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        neutral
    }] {
        assert_eq!(refused(&with(5, EntryKind::Key { role: KeyRole::Log, key })), "the new key is none");
    }

    let change = |at: usize, byte: u8| {
        let mut bytes =
            with(9, EntryKind::Void { target: 5, target_leaf: leaf, cause: VoidCause::Withdrawn }).to_bytes();
        bytes[at] = byte;
        Entry::parse(&bytes).expect_err("refused")
    };
    assert_eq!(change(0, 2), RegistryError::Entry("unknown version"));
    assert_eq!(change(1, 0), RegistryError::Entry("unknown type"));
    assert_eq!(change(1, 8), RegistryError::Entry("unknown type"));
    assert_eq!(change(1, 6), RegistryError::Entry("too long"));
    assert_eq!(change(1, 7), RegistryError::Entry("unknown cause"));
    assert_eq!(change(1, 1), RegistryError::Entry("too long"));
    assert_eq!(change(1, 4), RegistryError::Entry("too short"));
    assert_eq!(change(94, 0), RegistryError::Entry("unknown cause"));
    assert_eq!(change(94, 4), RegistryError::Entry("unknown cause"));
    for cause in VoidCause::ALL {
        assert_eq!(cause.name().parse(), Ok(*cause));
        assert_eq!(VoidCause::from_code(cause.code()), Some(*cause));
    }
    assert_eq!("because".parse::<RevokeCause>(), Err(RegistryError::Entry("unknown cause")));
}

/// The example of Go's `golang.org/x/mod/sumdb/note`.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signer(name: &str, seed: u8) -> NoteSigner {
    NoteSigner::new(name, SigningKey::from_bytes(&[seed; 32])).expect("a key's name")
}

#[test]
fn the_note_of_go_verifies_and_is_made_again() {
    let peter: NoteVerifier = PETER.parse().expect("a verifier key");
    assert_eq!(peter.to_string(), PETER);
    let note = Note::parse(PETER_NOTE.as_bytes()).expect("a note");
    assert_eq!(note.to_string(), PETER_NOTE);
    assert_eq!(note.verify(std::slice::from_ref(&peter)), Ok(vec![&peter]));

    let seed = BASE64.decode(PETER_SEED.as_bytes()).expect("base64");
    let key = SigningKey::from_bytes(seed[1..].try_into().expect("32 bytes"));
    let key = NoteSigner::new("PeterNeumann", key).expect("a name");
    assert_eq!(key.verifier(), &peter);
    assert_eq!(Note::sign(note.text(), &[&key]).expect("a note").to_string(), PETER_NOTE);
}

#[test]
fn notes_ignore_unknown_keys_and_refuse_broken_known_ones() {
    let (log, witness, other) =
        (signer("example.com/log", 1), signer("witness.example", 2), signer("other.example", 3));
    let note = Note::sign("a\n\nb\n", &[&log, &witness]).expect("a note");
    assert_eq!(note.text(), "a\n\nb\n");
    assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note.clone()));
    let known = [log.verifier().clone(), other.verifier().clone()];
    assert_eq!(note.verify(&known), Ok(vec![&known[0]]));
    assert_eq!(note.verify(&known[1..]), Err(RegistryError::Unsigned));
    assert_eq!(note.verify(&[]), Err(RegistryError::Unsigned));
    // The same name with another key has another id, so it is unknown.
    assert_eq!(note.verify(&[signer("example.com/log", 9).verifier().clone()]), Err(RegistryError::Unsigned));

    let line = |note: &Note| note.to_string().split("\n\n").last().expect("lines").to_owned();
    let foreign = Note::sign("c\n", &[&log]).expect("a note");
    let mixed = format!("a\n\nb\n\n{}{}", line(&note), line(&foreign));
    let mixed = Note::parse(mixed.as_bytes()).expect("a note");
    assert_eq!(mixed.verify(&known), Err(RegistryError::Signature { name: "example.com/log".into() }));
    // Signatures that are too short are by a known key, and broken.
    let short =
        format!("a\n\n\u{2014} example.com/log {}\n", BASE64.encode(&[&known[0].id()[..], &[1]].concat()));
    let short = Note::parse(short.as_bytes()).expect("a note");
    assert_eq!(short.verify(&known), Err(RegistryError::Signature { name: "example.com/log".into() }));

    for bit in 0..note.to_string().len() * 8 {
        let mut changed = note.to_string().into_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(read) = Note::parse(&changed) else { continue };
        assert_eq!(read.to_string().as_bytes(), changed, "a reading that is not injective at bit {bit}");
        if let Ok(by) = read.verify(&known) {
            assert_eq!((read.text(), by), (note.text(), vec![&known[0]]), "bit {bit}");
        }
    }
}

#[test]
fn notes_and_keys_refuse() {
    let refused = |note: &[u8]| match Note::parse(note) {
        Err(RegistryError::Note(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let line = "\u{2014} n AAAAAAA=\n";
    let note = |text: &str, lines: &str| format!("{text}\n{lines}").into_bytes();
    assert!(Note::parse(&note("t\n", line)).is_ok());
    assert_eq!(refused(&note("t", line)), "no blank line");
    assert_eq!(refused(b"t\n\n"), "no newline at the end");
    assert_eq!(refused(&note("t\n", line.trim_end())), "no newline at the end");
    assert_eq!(refused(b"t\n\xff\n"), "not UTF-8");
    assert_eq!(refused(&note("t\r\n", line)), "a control character");
    assert_eq!(refused(&note("t\n", &line.repeat(65))), "no signature, or too many");
    assert_eq!(refused(&[b'a'; (1 << 20) + 1]), "too long");
    for bad in [
        "- n AAAAAAA=\n",
        "\u{2014} n\n",
        "\u{2014} n  AAAAAAA=\n",
        "\u{2014}  AAAAAAA=\n",
        "\u{2014} n+ AAAAAAA=\n",
        "\u{2014} n AAAAAAA\n",
        "\u{2014} n AAAAAB==\n",
        "\u{2014} n AAAAAA==\n",
        "\u{2014} n AAAAAAA= \n",
        "\u{2014} n\u{a0} AAAAAAA=\n",
        "\u{2014} n AAAAAAA=\nx\n",
        "\u{2014} n AAAA_AA=\n",
    ] {
        assert_eq!(refused(&note("t\n", bad)), "a signature line that is not one", "{bad:?}");
    }
    let key = signer("n", 1);
    assert_eq!(Note::sign("t", &[&key]), Err(RegistryError::Note("the text does not end in a newline")));
    assert_eq!(Note::sign("\u{1}\n", &[&key]), Err(RegistryError::Note("a control character")));
    assert_eq!(Note::sign("t\n", &[]), Err(RegistryError::Note("no signature, or too many")));

    let typed = |kind: u8, key: &[u8]| BASE64.encode(&[&[kind], key].concat());
    let good = key.verifier().to_string();
    let public = *key.verifier().key().as_bytes();
    for (vkey, problem) in [
        ("n+00000000".to_owned(), "not name+id+key"),
        ("n+00000000+!".to_owned(), "the key is not base64"),
        (format!("n+00000000+{}", typed(4, &public)), "not of type Ed25519"),
        ("n+00000000+".to_owned(), "not of type Ed25519"),
        (format!("n+00000000+{}", typed(1, &public[1..])), "the key is not 32 bytes"),
        (format!("n+00000000+{}", typed(1, &[2; 32])), "the key is no point"),
        (format!("n+00000000+{}", typed(1, &public)), "the id does not belong to name and key"),
        (format!("m{}", &good[1..]), "the id does not belong to name and key"),
        (good.replace(&good[2..10], &good[2..10].to_uppercase()), "the id does not belong to name and key"),
        (good[1..].to_owned(), "the name is empty or has white space, a control character or +"),
        (format!(" {good}"), "the name is empty or has white space, a control character or +"),
        // The neutral element: every signature of it verifies without the strict check.
        (
            format!(
                "n+00000000+{}",
                typed(1, &{
                    let mut k = [0; 32];
                    k[0] = 1;
                    k
                })
            ),
            "the key has small order",
        ),
    ] {
        assert_eq!(vkey.parse::<NoteVerifier>(), Err(RegistryError::Key(problem)), "{vkey}");
    }
    assert!(VerifyingKey::from_bytes(&public).is_ok());
    assert!(NoteSigner::new("", SigningKey::from_bytes(&[1; 32])).is_err());
}

#[test]
fn a_checkpoint_is_one_logs() {
    let log = signer("999.saoy.invalid/log", 1);
    assert_eq!(origin("999", None), "999.saoy.invalid/log");
    assert_eq!(origin("H99.01", None), "h99.01.saoy.invalid/log");
    assert_eq!(origin("H99.01", Some("so.example.vn")), "so.example.vn/H99.01");
    let checkpoint = Checkpoint::new("999.saoy.invalid/log", 8, digest(ROOTS[8]));
    let note = checkpoint.sign(&log).expect("signed");
    assert_eq!(note.text(), "999.saoy.invalid/log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n");
    let known = [log.verifier().clone(), signer("witness.example", 2).verifier().clone()];
    assert_eq!(Checkpoint::open(&note, "999.saoy.invalid/log", &known), Ok(checkpoint.clone()));
    assert_eq!(
        Checkpoint::open(&note, "998.saoy.invalid/log", &known),
        Err(RegistryError::Origin {
            found: "999.saoy.invalid/log".into(),
            expected: "998.saoy.invalid/log".into()
        })
    );
    assert_eq!(Checkpoint::open(&note, "999.saoy.invalid/log", &known[1..]), Err(RegistryError::Unsigned));
    // A witness alone is no log.
    let witnessed = Note::sign(note.text(), &[&signer("witness.example", 2)]).expect("signed");
    assert_eq!(Checkpoint::open(&witnessed, "999.saoy.invalid/log", &known), Err(RegistryError::Unsigned));
    assert!(matches!(checkpoint.sign(&signer("998.saoy.invalid/log", 1)), Err(RegistryError::Origin { .. })));

    let mut extended = checkpoint.clone();
    extended.extensions = vec!["more".into()];
    let note = extended.sign(&log).expect("signed");
    assert_eq!(Checkpoint::open(&note, "999.saoy.invalid/log", &known), Ok(extended.clone()));
    for line in ["", "a\nb", "a\n"] {
        extended.extensions = vec![line.into()];
        assert!(extended.sign(&log).is_err(), "{line:?}");
    }
}

#[test]
fn checkpoints_refuse() {
    let root = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=";
    for (text, problem) in [
        (format!("o\n8\n{root}"), "the text does not end in a newline"),
        (format!("\n8\n{root}\n"), "no origin"),
        (format!("o\n08\n{root}\n"), "no size"),
        (format!("o\n+8\n{root}\n"), "no size"),
        (format!("o\n\n{root}\n"), "no size"),
        (format!("o\n18446744073709551616\n{root}\n"), "no size"),
        ("o\n8\n".to_owned(), "no root hash"),
        (format!("o\n8\n{}\n", &root[..43]), "no root hash"),
        ("o\n8\nAAAA\n".to_owned(), "no root hash"),
        (format!("o\n8\n{}h=\n", &root[..42]), "no root hash"),
        (format!("o\n8\n{root}\n\n"), "an empty line"),
        (format!("o\n0\n{root}\n"), "an empty tree with another root than its own"),
    ] {
        assert_eq!(Checkpoint::parse(&text), Err(RegistryError::Checkpoint(problem)), "{text:?}");
    }
    assert!(Checkpoint::parse("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").is_ok());
}

/// A log of eleven entries, and the receipt of entry 6.
fn receipt() -> (NoteSigner, Receipt) {
    let log = signer("999.saoy.invalid/log", 1);
    let mut tree = Tree::default();
    let mut entries: Vec<Entry> = Vec::new();
    for index in 0..11 {
        let prev = entries.last().map_or(NO_PREDECESSOR, Entry::leaf_hash);
        let entry = Entry { prev, ..issue(index) };
        tree.push(entry.leaf_hash());
        entries.push(entry);
    }
    let checkpoint =
        Checkpoint::new("999.saoy.invalid/log", 11, tree.range.root()).sign(&log).expect("signed");
    let receipt = Receipt { entry: entries[6].clone(), proof: tree.inclusion(6, 11), checkpoint };
    (log, receipt)
}

#[test]
fn a_receipt_proves_its_entry_and_nothing_else() {
    let (log, receipt) = receipt();
    let known = [log.verifier().clone()];
    let bytes = receipt.to_bytes();
    assert_eq!(Receipt::parse(&bytes), Ok(receipt.clone()));
    assert_eq!(receipt.verify("999.saoy.invalid/log", &known).map(|c| c.size), Ok(11));
    assert!(receipt.verify("998.saoy.invalid/log", &known).is_err());
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(read) = Receipt::parse(&changed) else { continue };
        assert!(read.verify("999.saoy.invalid/log", &known).is_err(), "bit {bit} of {}", bytes.len() * 8);
    }
}

proptest! {
    #[test]
    fn notes_checkpoints_and_receipts_read_back(
        text in "([^\\x00-\\x1f]{0,20}\n){1,6}", name in "[^\\p{White_Space}\\p{Cc}+]{1,20}", size in 1_u64..200, at in any::<u64>(),
        seeds in prop::collection::vec(any::<u8>(), 1..5),
    ) {
        let keys: Vec<_> = seeds.iter().map(|seed| signer(&name, *seed)).collect();
        let note = Note::sign(&text, &keys.iter().collect::<Vec<_>>()).expect("a note");
        prop_assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note.clone()));
        let known: Vec<_> = keys.iter().map(|key| key.verifier().clone()).collect();
        prop_assert!(note.verify(&known).is_ok());
        for key in &known {
            prop_assert_eq!(key.to_string().parse(), Ok(key.clone()));
        }

        let index = at % size;
        let mut tree = Tree::default();
        (0..size).for_each(|i| tree.push(issue(i).leaf_hash()));
        let checkpoint = Checkpoint::new(name.clone(), size, tree.range.root());
        prop_assert_eq!(Checkpoint::parse(&checkpoint.text()), Ok(checkpoint.clone()));
        let signed = checkpoint.sign(&keys[0]).expect("signed");
        let receipt = Receipt { entry: issue(index), proof: tree.inclusion(index, size), checkpoint: signed };
        prop_assert_eq!(Receipt::parse(&receipt.to_bytes()), Ok(receipt.clone()));
        prop_assert_eq!(receipt.verify(&name, &known), Ok(checkpoint));
        // The entry's neighbour has no receipt in this one.
        let other = Receipt { entry: issue((index + 1) % size), ..receipt };
        prop_assert_eq!(other.verify(&name, &known).is_ok(), size == 1);
    }
}

#[test]
fn receipts_refuse() {
    let (_, receipt) = receipt();
    let text = receipt.to_string();
    let refused = |text: &str| Receipt::parse(text.as_bytes()).expect_err("refused");
    let error = RegistryError::Receipt;
    let extra = text.lines().nth(1).expect("the extra line");
    let hash = text.lines().nth(3).expect("a proof line");
    assert_eq!(refused(&text.replacen("@v1", "@v2", 1)), error("not c2sp.org/tlog-proof@v1"));
    assert_eq!(refused(&text.replacen(&format!("{extra}\n"), "", 1)), error("no extra line"));
    assert_eq!(refused(&text.replacen(extra, "extra !", 1)), error("the extra line is not base64"));
    assert_eq!(refused(&text.replacen(extra, "extra AAAA", 1)), RegistryError::Entry("unknown version"));
    assert_eq!(refused(&text.replacen("index 6", "index 06", 1)), error("no index line"));
    assert_eq!(refused(&text.replacen("index 6\n", "", 1)), error("no index line"));
    assert_eq!(refused(&text.replacen("index 6", "index 7", 1)), error("the index is not the entry's"));
    assert_eq!(refused(&text.replacen(hash, "AAAA", 1)), error("a proof line that is no hash"));
    assert_eq!(refused(&text.replacen(hash, &[hash; 64].join("\n"), 1)), error("more than 63 hashes"));
    assert_eq!(refused("c2sp.org/tlog-proof@v1\n"), error("no blank line"));
    assert_eq!(Receipt::parse(b"\xff"), Err(error("not UTF-8")));
    assert_eq!(Receipt::parse(&[b'a'; (1 << 20) + 1]), Err(error("too long")));
    assert_eq!(
        refused(&text.replace('\u{2014}', "-")),
        RegistryError::Note("a signature line that is not one")
    );
}

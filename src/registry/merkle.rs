//! RFC 6962 (Certificate Transparency, June 2013), <https://www.rfc-editor.org/rfc/rfc6962>, section 2.1; the
//! verification of RFC 9162 (December 2021), sections 2.1.3.2 and 2.1.4.2. The tree hash is the same in both.
//!
//! A *node* (level, index) is the root over the 2^level leaves from index · 2^level on, all present. Nodes never
//! change while the tree grows; a proof needs O(log n) of them.

use super::error::RegistryError;
use crate::record::Digest;

/// SHA-256(00 ‖ entry).
pub fn leaf_hash(entry: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], entry])
}

/// SHA-256(01 ‖ left ‖ right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], &left.0, &right.0])
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(&[])
}

/// The root over these leaf hashes.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut range = CompactRange::default();
    for leaf in leaves {
        range.push(*leaf);
    }
    range.root()
}

/// The right edge of a tree: the roots of its full subtrees, largest first. Appending takes O(log n) hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    hashes: Vec<Digest>,
}

impl CompactRange {
    /// The edge that was kept as its size and hashes.
    ///
    /// # Errors
    /// [`RegistryError::Edge`] unless there is one hash for each bit that is set in `size`.
    pub fn from_parts(size: u64, hashes: Vec<Digest>) -> Result<Self, RegistryError> {
        if hashes.len() != size.count_ones() as usize {
            return Err(RegistryError::Edge { size, found: hashes.len() });
        }
        Ok(Self { size, hashes })
    }

    /// Leaves in the tree.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the full subtrees, largest first.
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        self.push_with(leaf, |_, _, _| {});
    }

    /// Appends a leaf by its hash and names each node that it completes, the leaf itself first.
    pub fn push_with(&mut self, leaf: Digest, mut node: impl FnMut(u8, u64, &Digest)) {
        let mut hash = leaf;
        let mut index = self.size;
        let mut level = 0;
        node(level, index, &hash);
        while index & 1 == 1 {
            let left = self.hashes.pop().expect("each bit that is set in the size has its subtree");
            hash = node_hash(&left, &hash);
            index >>= 1;
            level += 1;
            node(level, index, &hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The tree's root.
    pub fn root(&self) -> Digest {
        let mut hashes = self.hashes.iter().rev();
        let Some(last) = hashes.next() else { return empty_root() };
        hashes.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The proof that leaf `index` is in the tree of `size`: PATH(m, D\[n\]) of section 2.1.1, from the leaf's sibling to
/// the root's child. `node` gives the hash of a node (level, index).
///
/// # Errors
/// [`RegistryError::Index`], and whatever `node` says.
pub fn inclusion_proof<E: From<RegistryError>>(
    index: u64,
    size: u64,
    mut node: impl FnMut(u8, u64) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    if index >= size {
        return Err(RegistryError::Index { index, size }.into());
    }
    let mut proof = Vec::new();
    let (mut start, mut count) = (0, size);
    // From the root downwards; the order of the proof is the other one.
    while count > 1 {
        let left = split(count);
        if index < start + left {
            proof.push(subtree(start + left, count - left, &mut node)?);
            count = left;
        } else {
            proof.push(subtree(start, left, &mut node)?);
            start += left;
            count -= left;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the leaf with this hash is at `index` in the tree of `size` with this root.
///
/// # Errors
/// [`RegistryError::Index`], [`RegistryError::ProofLength`], [`RegistryError::Root`].
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), RegistryError> {
    if index >= size {
        return Err(RegistryError::Index { index, size });
    }
    let wrong_length = RegistryError::ProofLength { found: proof.len() };
    let mut climb = Climb { place: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match climb.step().ok_or_else(|| wrong_length.clone())? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    if !climb.at_root() {
        return Err(wrong_length);
    }
    if hash == *root { Ok(()) } else { Err(RegistryError::Root) }
}

/// The proof that the tree of `older` leaves is the beginning of the tree of `newer`: PROOF(m, D\[n\]) of section
/// 2.1.2; empty where one of the two is empty or both are the same. `node` gives the hash of a node (level, index).
///
/// # Errors
/// [`RegistryError::Sizes`], and whatever `node` says.
pub fn consistency_proof<E: From<RegistryError>>(
    older: u64,
    newer: u64,
    mut node: impl FnMut(u8, u64) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    if older > newer {
        return Err(RegistryError::Sizes { older, newer }.into());
    }
    let mut proof = Vec::new();
    if older == 0 || older == newer {
        return Ok(proof);
    }
    let (mut start, mut count) = (0, newer);
    while older - start != count {
        let left = split(count);
        if older - start <= left {
            proof.push(subtree(start + left, count - left, &mut node)?);
            count = left;
        } else {
            proof.push(subtree(start, left, &mut node)?);
            start += left;
            count -= left;
        }
    }
    // The verifier has the older root already where the older tree is one full subtree from the first leaf on.
    if start != 0 {
        proof.push(subtree(start, count, &mut node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the tree of `older` leaves with `older_root` is the beginning of the tree of `newer` with `newer_root`.
///
/// # Errors
/// [`RegistryError::Sizes`], [`RegistryError::ProofLength`], [`RegistryError::Root`].
pub fn verify_consistency(
    older: u64,
    older_root: &Digest,
    newer: u64,
    newer_root: &Digest,
    proof: &[Digest],
) -> Result<(), RegistryError> {
    if older > newer {
        return Err(RegistryError::Sizes { older, newer });
    }
    let wrong_length = RegistryError::ProofLength { found: proof.len() };
    let same = |a: &Digest, b: &Digest| if a == b { Ok(()) } else { Err(RegistryError::Root) };
    if older == 0 || older == newer {
        if !proof.is_empty() {
            return Err(wrong_length);
        }
        return if older == newer { same(older_root, newer_root) } else { same(older_root, &empty_root()) };
    }
    let (seed, path) = if older.is_power_of_two() {
        (older_root, proof)
    } else {
        proof.split_first().ok_or_else(|| wrong_length.clone())?
    };
    let mut climb = Climb { place: older - 1, last: newer - 1 };
    // From the root of the largest full subtree that ends where the older tree does.
    while climb.place & 1 == 1 {
        climb.up();
    }
    let (mut old_hash, mut new_hash) = (*seed, *seed);
    for hash in path {
        match climb.step().ok_or_else(|| wrong_length.clone())? {
            Side::Left => {
                old_hash = node_hash(hash, &old_hash);
                new_hash = node_hash(hash, &new_hash);
            }
            // What came later is no part of the older tree.
            Side::Right => new_hash = node_hash(&new_hash, hash),
        }
    }
    if !climb.at_root() {
        return Err(wrong_length);
    }
    same(&old_hash, older_root)?;
    same(&new_hash, newer_root)
}

/// The way from a node to the root of a tree, one hash of a proof a step (RFC 9162 sections 2.1.3.2 and 2.1.4.2, which
/// write it down for the same tree).
struct Climb {
    /// The node's place on its level.
    place: u64,
    /// The last place on that level.
    last: u64,
}

/// On which side of the node its sibling stands.
enum Side {
    Left,
    Right,
}

impl Climb {
    const fn at_root(&self) -> bool {
        self.last == 0
    }

    /// The side of the next sibling, and up to the parent; none from the root.
    const fn step(&mut self) -> Option<Side> {
        if self.at_root() {
            return None;
        }
        let left = self.place & 1 == 1 || self.place == self.last;
        if left {
            // A last node without a sibling is its own parent.
            while self.place & 1 == 0 && self.place != 0 {
                self.up();
            }
        }
        self.up();
        Some(if left { Side::Left } else { Side::Right })
    }

    const fn up(&mut self) {
        self.place >>= 1;
        self.last >>= 1;
    }
}

/// The largest power of two smaller than `count`, which is at least 2.
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The root over `count` leaves from `start` on, where `start` is a multiple of the next power of two.
fn subtree<E>(
    start: u64,
    count: u64,
    node: &mut impl FnMut(u8, u64) -> Result<Digest, E>,
) -> Result<Digest, E> {
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return node(u8::try_from(level).expect("a u64 has 64 bits"), start >> level);
    }
    let left = split(count);
    let left_hash = subtree(start, left, node)?;
    Ok(node_hash(&left_hash, &subtree(start + left, count - left, node)?))
}

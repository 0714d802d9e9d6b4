//! C2SP tlog-tiles v0.1.0, <https://c2sp.org/tlog-tiles@v0.1.0> (read at commit 0ad71eb): the log as static files.
//!
//! A tile is 256 consecutive hashes of one height: at level 0 those of leaves, at level l the roots of full tiles of level
//! l − 1. The rightmost tile of a level may be partial, and is a strict prefix of the full one. A bundle holds the entries of
//! one tile of level 0.

use std::fmt;
use std::str::FromStr;

use super::error::RegistryError;
use super::merkle::{self, empty_root, node_hash};
use crate::record::Digest;

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;
/// The same as a length.
const FULL: usize = 256;
/// The levels of merkle nodes that one tile spans.
const HEIGHT: u8 = 8;
/// Levels of tiles in a tree of less than 2^64 leaves.
const LEVELS: u8 = 8;
/// Bytes that an entry may have in a bundle.
pub const MAX_ENTRY: usize = 65_535;
/// Where the checkpoint lies, relative to the prefix.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// What a file of the layout holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// Entries: `tile/entries/…`.
    Entries,
    /// Hashes of this level, below 64: `tile/<L>/…`.
    Hashes(u8),
}

/// One tile or bundle: `tile/<L>/<N>[.p/<W>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Hashes or entries.
    pub content: Content,
    /// Its place in its level, from 0.
    pub index: u64,
    /// Hashes or entries in it, 1 to 256; 256 is a full one.
    pub width: u16,
}

impl Tile {
    /// The tile of hashes in a tree of `size`; `None` where that tree has none at this place.
    pub fn hashes(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level) * u32::from(HEIGHT)).unwrap_or(0);
        let width = hashes.checked_sub(index.checked_mul(WIDTH)?)?.min(WIDTH);
        let width = u16::try_from(width).ok().filter(|width| *width > 0)?;
        Some(Self { content: Content::Hashes(level), index, width })
    }

    /// The bundle of entries in a log of `size`.
    pub fn entries(index: u64, size: u64) -> Option<Self> {
        Self::hashes(0, index, size).map(|tile| Self { content: Content::Entries, ..tile })
    }

    /// Whether it has all 256.
    pub const fn is_full(&self) -> bool {
        self.width as u64 == WIDTH
    }

    /// The full one at the same place.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: 256, ..self }
    }

    /// Every tile and bundle of a log of `size`, entries first, then hashes by level, left to right.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        Self::since(0, size)
    }

    /// As [`Tile::all`], without what was full in a log of `older` already.
    pub fn since(older: u64, size: u64) -> impl Iterator<Item = Self> {
        let level = move |level: u8| {
            let full = older.checked_shr((u32::from(level) + 1) * u32::from(HEIGHT)).unwrap_or(0);
            (full..).map_while(move |index| Self::hashes(level, index, size))
        };
        level(0).map(|tile| Self { content: Content::Entries, ..tile }).chain((0..LEVELS).flat_map(level))
    }
}

/// The path, relative to the prefix.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            Content::Entries => f.write_str("tile/entries")?,
            Content::Hashes(level) => write!(f, "tile/{level}")?,
        }
        let mut groups = 1;
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups += 1;
            rest /= 1000;
        }
        for group in (0..groups).rev() {
            let digits = self.index / 1000_u64.pow(group) % 1000;
            write!(f, "/{}{digits:03}", if group > 0 { "x" } else { "" })?;
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for Tile {
    type Err = RegistryError;

    /// Reads a path; every tile has exactly one.
    fn from_str(path: &str) -> Result<Self, RegistryError> {
        let error = RegistryError::Tile("not a tile's path");
        let rest = path.strip_prefix("tile/").ok_or(error.clone())?;
        let (level, rest) = rest.split_once('/').ok_or(error.clone())?;
        let content = match level {
            "entries" => Content::Entries,
            level => {
                let level = super::decimal(level).and_then(|level| u8::try_from(level).ok());
                Content::Hashes(level.filter(|level| *level < 64).ok_or(error.clone())?)
            }
        };
        let (number, width) = match rest.split_once(".p/") {
            None => (rest, WIDTH),
            Some((number, width)) => {
                let width = super::decimal(width).filter(|width| (1..WIDTH).contains(width));
                (number, width.ok_or(error.clone())?)
            }
        };
        let mut index = 0_u64;
        let groups: Vec<&str> = number.split('/').collect();
        for (place, group) in groups.iter().enumerate() {
            let digits = match place + 1 == groups.len() {
                true => Some(*group),
                false => group.strip_prefix('x'),
            };
            let digits = digits.filter(|d| d.len() == 3 && d.bytes().all(|b| b.is_ascii_digit()));
            let digits: u64 = digits.and_then(|d| d.parse().ok()).ok_or(error.clone())?;
            index = index.checked_mul(1000).and_then(|i| i.checked_add(digits)).ok_or(error.clone())?;
        }
        let width = u16::try_from(width).expect("at most 256");
        let tile = Self { content, index, width };
        // More groups than needed, the first of them x000.
        if tile.to_string() == path { Ok(tile) } else { Err(error) }
    }
}

/// A tile's bytes: its hashes one after another.
pub fn hashes_to_bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Reads the bytes of a tile of this width.
///
/// # Errors
/// [`RegistryError::Tile`] for another length.
pub fn hashes_from_bytes(bytes: &[u8], width: u16) -> Result<Vec<Digest>, RegistryError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() != usize::from(width) {
        return Err(RegistryError::Tile("not as many hashes as its path says"));
    }
    Ok(hashes.iter().copied().map(Digest).collect())
}

/// A bundle's bytes: each entry after its length, 16 bits big-endian.
///
/// # Errors
/// [`RegistryError::Tile`] for an entry longer than [`MAX_ENTRY`].
pub fn bundle_to_bytes<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, RegistryError> {
    let mut bytes = Vec::new();
    for entry in entries.iter().map(AsRef::as_ref) {
        let length = u16::try_from(entry.len())
            .map_err(|_| RegistryError::Tile("an entry of more than 65535 bytes"))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Reads the entries of a bundle of this width.
///
/// # Errors
/// [`RegistryError::Tile`] where an entry is cut or there are more or fewer.
pub fn bundle_from_bytes(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, RegistryError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bytes;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        if tail.len() < length {
            return Err(RegistryError::Tile("an entry is cut off"));
        }
        let (entry, tail) = tail.split_at(length);
        entries.push(entry);
        rest = tail;
    }
    if !rest.is_empty() {
        return Err(RegistryError::Tile("an entry is cut off"));
    }
    if entries.len() != usize::from(width) {
        return Err(RegistryError::Tile("not as many entries as its path says"));
    }
    Ok(entries)
}

/// Where a merkle node (level, index) comes from: the tile's level and index, and which of its hashes are under the node.
pub fn tile_of_node(level: u8, index: u64) -> (u8, u64, std::ops::Range<usize>) {
    let below = level % HEIGHT;
    // In hashes of the tile's level.
    let start = index << below;
    let offset = usize::try_from(start % WIDTH).expect("below 256");
    (level / HEIGHT, start / WIDTH, offset..offset + (1 << below))
}

/// A merkle node out of the tiles of a tree of `size`, for [`merkle::inclusion_proof`] and [`merkle::consistency_proof`].
/// `read` gives the hashes of a tile that this tree has, at least as many as its width.
///
/// # Errors
/// [`RegistryError::Index`] for a node that the tree does not have, and whatever `read` says.
pub fn node<E: From<RegistryError>>(
    level: u8,
    index: u64,
    size: u64,
    read: &mut impl FnMut(Tile) -> Result<Vec<Digest>, E>,
) -> Result<Digest, E> {
    let (tile_level, tile_index, range) = tile_of_node(level, index);
    let none = RegistryError::Index { index, size };
    let tile = Tile::hashes(tile_level, tile_index, size).ok_or_else(|| none.clone())?;
    if range.end > usize::from(tile.width) {
        return Err(none.into());
    }
    let hashes = read(tile)?;
    Ok(perfect_root(hashes.get(range).ok_or(none)?))
}

/// The root over a power of two of hashes.
pub fn perfect_root(hashes: &[Digest]) -> Digest {
    debug_assert!(hashes.len().is_power_of_two(), "a node has a full subtree");
    let mut layer = hashes.to_vec();
    while layer.len() > 1 {
        layer = layer.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    layer[0]
}

/// The partial tiles of a tree: what has to be known of it to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Digest>>,
}

impl Edge {
    /// The edge of a tree of `size`; `read` gives the hashes of each partial tile, lowest level first.
    ///
    /// # Errors
    /// Whatever `read` says, and [`RegistryError::Edge`] where it gives another number of hashes.
    pub fn load<E: From<RegistryError>>(
        size: u64,
        mut read: impl FnMut(Tile) -> Result<Vec<Digest>, E>,
    ) -> Result<Self, E> {
        let mut levels = Vec::new();
        for level in 0..LEVELS {
            let hashes = size >> (u32::from(level) * u32::from(HEIGHT));
            if hashes == 0 {
                break;
            }
            let partial = Tile::hashes(level, hashes / WIDTH, size);
            let found = partial.map(&mut read).transpose()?.unwrap_or_default();
            if found.len() as u64 != hashes % WIDTH {
                return Err(RegistryError::Edge { size, found: found.len() }.into());
            }
            levels.push(found);
        }
        Ok(Self { size, levels })
    }

    /// Leaves in the tree.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the partial tile of a level; none where the last tile is full.
    pub fn partial(&self, level: u8) -> &[Digest] {
        self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// Appends a leaf by its hash and hands out each tile that it fills: level, index and hashes.
    pub fn push_with(&mut self, leaf: Digest, mut filled: impl FnMut(u8, u64, &[Digest])) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..LEVELS {
            let place = usize::from(level);
            if self.levels.len() == place {
                self.levels.push(Vec::with_capacity(FULL));
            }
            self.levels[place].push(hash);
            if self.levels[place].len() < FULL {
                return;
            }
            let index = (self.size >> ((u32::from(level) + 1) * u32::from(HEIGHT)).min(63)) - 1;
            filled(level, index, &self.levels[place]);
            hash = perfect_root(&self.levels[place]);
            self.levels[place].clear();
        }
    }

    /// The roots of the full subtrees, largest first: what [`merkle::CompactRange`] keeps.
    pub fn subtrees(&self) -> Vec<Digest> {
        let mut roots = Vec::new();
        for hashes in self.levels.iter().rev() {
            // One for each bit of the width, largest first.
            let mut start = 0;
            for bit in (0..HEIGHT).rev().map(|bit| 1 << bit).filter(|bit| hashes.len() & bit != 0) {
                roots.push(perfect_root(&hashes[start..start + bit]));
                start += bit;
            }
        }
        roots
    }

    /// The tree's root, from the tiles alone.
    pub fn root(&self) -> Digest {
        let mut subtrees = self.subtrees().into_iter().rev();
        let Some(last) = subtrees.next() else { return empty_root() };
        subtrees.fold(last, |right, left| node_hash(&left, &right))
    }
}

/// The proof that entry `index` is in the tree of `size`, from tiles.
///
/// # Errors
/// As [`merkle::inclusion_proof`] and [`node`].
pub fn inclusion_proof<E: From<RegistryError>>(
    index: u64,
    size: u64,
    mut read: impl FnMut(Tile) -> Result<Vec<Digest>, E>,
) -> Result<Vec<Digest>, E> {
    merkle::inclusion_proof(index, size, |level, at| node(level, at, size, &mut read))
}

/// The proof that the tree of `older` begins the tree of `newer`, from tiles.
///
/// # Errors
/// As [`merkle::consistency_proof`] and [`node`].
pub fn consistency_proof<E: From<RegistryError>>(
    older: u64,
    newer: u64,
    mut read: impl FnMut(Tile) -> Result<Vec<Digest>, E>,
) -> Result<Vec<Digest>, E> {
    merkle::consistency_proof(older, newer, |level, at| node(level, at, newer, &mut read))
}

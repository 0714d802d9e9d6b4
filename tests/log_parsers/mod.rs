//! Every reader of the log's formats under bytes from anywhere: none panics, and what it takes has one form only.

use saoy::registry::cosignature::CosignatureVerifier;
use saoy::registry::note::{NoteSignature, NoteVerifier};
use saoy::registry::policy::Policy;
use saoy::registry::proof::Proof;
use saoy::registry::replay::Replay;
use saoy::registry::status::StatusList;
use saoy::registry::tiles::{self, Tile};
use saoy::registry::witness::{self, AddCheckpoint};
use saoy::registry::{Checkpoint, Entry, Note, Receipt, RegistryError};

/// Readers that [`feed`] knows; the first byte of its input names one.
pub(crate) const READERS: u8 = 14;

/// Feeds one reader: the first byte says which, the rest is what it reads.
pub(crate) fn feed(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else { return };
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    match which % READERS {
        0 => Entry::parse(bytes).map_or((), |entry| assert_eq!(entry.to_bytes(), bytes)),
        1 => Note::parse(bytes).map_or((), |note| assert_eq!(note.to_string(), text)),
        2 => Proof::parse(bytes).map_or((), |proof| assert_eq!(proof.to_string(), text)),
        3 => Receipt::parse(bytes).map_or((), |receipt| assert_eq!(receipt.to_bytes(), bytes)),
        4 => Checkpoint::parse(text).map_or((), |checkpoint| assert_eq!(checkpoint.text(), text)),
        // Packed rows have several forms; the list that they give has one.
        5 => StatusList::parse(text)
            .map_or((), |list| assert_eq!(StatusList::parse(&list.text()).as_ref(), Ok(&list))),
        6 => text.parse::<Tile>().map_or((), |tile| assert_eq!(tile.to_string(), text)),
        7 => {
            let Some((width, rest)) = bytes.split_first() else { return };
            let width = u16::from(*width) + 1;
            if let Ok(entries) = tiles::bundle_from_bytes(rest, width) {
                assert_eq!(tiles::bundle_to_bytes(&entries).as_deref(), Ok(rest));
            }
            let _ = tiles::hashes_from_bytes(rest, width);
        }
        8 => AddCheckpoint::parse(bytes).map_or((), |request| assert_eq!(request.to_string(), text)),
        9 => {
            if let Ok(lines) = witness::answer_from_text(text) {
                assert_eq!(witness::answer_to_text(&lines), text);
            }
            let _ = witness::size_from_text(text);
        }
        10 => drop(Policy::parse(bytes)),
        11 => text.parse::<NoteVerifier>().map_or((), |key| assert_eq!(key.to_string(), text)),
        12 => {
            if let Ok(key) = text.parse::<CosignatureVerifier>() {
                assert_eq!(key.to_string(), text);
            }
            if let Ok(line) = text.parse::<NoteSignature>() {
                assert_eq!(line.to_string(), text);
            }
        }
        _ => {
            // A whole log: entries one after another, each after its length.
            let mut replay = Replay::new(None);
            let mut leaves = Vec::new();
            let mut rest = bytes;
            while let Some((length, tail)) = rest.split_first() {
                let (entry, tail) = tail.split_at(usize::from(*length).min(tail.len()));
                let leaf_of = |index: u64| {
                    let place = usize::try_from(index).expect("an issue before it");
                    Ok::<_, RegistryError>(leaves[place])
                };
                if replay.push(entry, leaf_of, |_, _, _| {}).is_err() {
                    return;
                }
                leaves.push(replay.last_leaf());
                assert_eq!(replay.root(), replay.edge().root());
                rest = tail;
            }
        }
    }
}

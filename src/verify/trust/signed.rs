//! A trust list in a signed note (C2SP signed-note v1.0.0, <https://c2sp.org/signed-note@v1.0.0>).
//!
//! The note's text is the list's JSON, which begins with `{` and so is no checkpoint. Its key, the root, is told out of band
//! and pinned; the name of a list's key is the root's own. What was pinned is the note itself: an older list, or another with
//! the same sequence, is refused from then on.

use crate::registry::note::{Note, NoteSigner, NoteVerifier};

use super::{MAX_BYTES, TrustError, TrustList};

/// What the signature lines of a note add to a list at most: 64 of them.
const MAX_LINES: usize = 1 << 16;

/// A trust list whose signature by the root was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedList {
    note: Note,
    list: TrustList,
}

impl SignedList {
    /// Signs a list.
    ///
    /// # Errors
    /// [`TrustError::Note`] where the list is too long for a note.
    pub fn sign(list: TrustList, root: &NoteSigner) -> Result<Self, TrustError> {
        let note =
            Note::sign(&list.to_json(), &[root]).map_err(|error| TrustError::Note(error.to_string()))?;
        Ok(Self { note, list })
    }

    /// Reads a signed list and checks the root's signature over it.
    ///
    /// # Errors
    /// [`TrustError::Note`] for what is no note, or not signed by the root; as [`TrustList::parse`].
    pub fn open(bytes: &[u8], root: &NoteVerifier) -> Result<Self, TrustError> {
        let note = Note::parse_at_most(MAX_BYTES + MAX_LINES, bytes)
            .map_err(|error| TrustError::Note(error.to_string()))?;
        note.verify(std::slice::from_ref(root))
            .map_err(|error| TrustError::Note(format!("{error}; it must be {}'s", root.name())))?;
        let list = TrustList::parse(note.text().as_bytes())?;
        Ok(Self { note, list })
    }

    /// Whether these bytes are meant to be a note, before anything of them is believed.
    pub fn is_signed(bytes: &[u8]) -> bool {
        bytes.windows(6).any(|six| six == "\n\n\u{2014} ".as_bytes())
    }

    /// The list.
    pub const fn list(&self) -> &TrustList {
        &self.list
    }

    /// Its note, as it is handed out.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Whether this list may take the place of the one before it under the same root.
    ///
    /// # Errors
    /// [`TrustError::Older`], [`TrustError::Forked`].
    pub fn follows(&self, before: &Self) -> Result<(), TrustError> {
        let (pinned, offered) = (before.list.sequence, self.list.sequence);
        match offered.cmp(&pinned) {
            std::cmp::Ordering::Less => Err(TrustError::Older { pinned, offered }),
            std::cmp::Ordering::Equal if self.note.text() != before.note.text() => {
                Err(TrustError::Forked(offered))
            }
            _ => Ok(()),
        }
    }
}

//! What a verifier pinned: the root of the trust lists, told out of band, and the newest list under it.
//!
//! ```text
//! DIR/root.vkey   the root's public key, one line        DIR/trust.note   the newest signed list
//! ```
//!
//! The list is replaced whole or not at all, by one process at a time, and only by one that follows it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::anchor::replace_durably;
use crate::error::Failure;
use crate::registry::note::NoteVerifier;
use crate::verify::trust::SignedList;

/// A folder with what was pinned.
#[derive(Clone, Debug)]
pub struct Pins {
    dir: PathBuf,
}

impl Pins {
    /// What is pinned in this folder, which need not be there yet.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The pinned root.
    ///
    /// # Errors
    /// `pins` where the file is there and cannot be read, or holds no key.
    pub fn root(&self) -> Result<Option<NoteVerifier>, Failure> {
        let path = self.dir.join("root.vkey");
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes);
        let root = text.trim_end().parse().map_err(|error| damaged(&path, &error))?;
        Ok(Some(root))
    }

    /// The pinned list; none where nothing is pinned.
    ///
    /// # Errors
    /// `pins` for a list that is not its root's any more: somebody changed the folder.
    pub fn list(&self) -> Result<Option<SignedList>, Failure> {
        self.root()?.map_or(Ok(None), |root| self.list_of(&root))
    }

    /// The pinned list of this root, which is the pinned one.
    fn list_of(&self, root: &NoteVerifier) -> Result<Option<SignedList>, Failure> {
        let path = self.dir.join("trust.note");
        let Some(bytes) = read(&path)? else { return Ok(None) };
        Ok(Some(SignedList::open(&bytes, root).map_err(|error| damaged(&path, &error))?))
    }

    /// Checks a signed list against what is pinned, which stays as it is.
    ///
    /// # Errors
    /// `no-root` where no root is pinned; a list that is not the root's or does not follow the pinned one.
    pub fn open(&self, bytes: &[u8]) -> Result<SignedList, Failure> {
        let Some(root) = self.root()? else {
            return Err(Failure::new(
                "no-root",
                format!("the trust list is signed, and no root is pinned in {}", self.dir.display()),
                "Pin the root that you were told out of band: saoy trust pin --root KEY FILE.",
            ));
        };
        follow(bytes, &root, self.list_of(&root)?)
    }

    /// Pins a list, and with it the root where none is pinned yet.
    ///
    /// # Errors
    /// As [`open`](Self::open); `other-root` where another root is pinned; the file system's.
    pub fn pin(&self, root: Option<&NoteVerifier>, bytes: &[u8]) -> Result<SignedList, Failure> {
        let failed = |source: std::io::Error| io(&self.dir, &source);
        fs::create_dir_all(&self.dir).map_err(failed)?;
        let lock = File::create(self.dir.join(".lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let pinned = self.root()?;
        let root = match (pinned.as_ref(), root) {
            (Some(pinned), Some(told)) if pinned != told => {
                return Err(Failure::new(
                    "other-root",
                    format!("the root {pinned} is pinned, not {told}"),
                    format!(
                        "If the root has really changed, as you were told out of band, remove {} and pin the new one.",
                        self.dir.display()
                    ),
                ));
            }
            (Some(pinned), _) => pinned,
            (None, Some(told)) => told,
            (None, None) => return self.open(bytes),
        };
        // Without a pinned root there is no pinned list either, whatever lies there.
        let before = if pinned.is_some() { self.list_of(root)? } else { None };
        let list = follow(bytes, root, before)?;
        // The root first: a list without its root is no pin, a root without a list believes none yet.
        if pinned.is_none() {
            replace_durably(&self.dir.join("root.vkey"), format!("{root}\n").as_bytes()).map_err(failed)?;
        }
        replace_durably(&self.dir.join("trust.note"), list.note().to_string().as_bytes()).map_err(failed)?;
        Ok(list)
    }
}

/// A signed list of this root that follows the one before.
fn follow(bytes: &[u8], root: &NoteVerifier, before: Option<SignedList>) -> Result<SignedList, Failure> {
    let list = SignedList::open(bytes, root)?;
    if let Some(before) = before {
        list.follows(&before)?;
    }
    Ok(list)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io(path, &error)),
    }
}

fn io(path: &Path, source: &std::io::Error) -> Failure {
    Failure::new("pins", format!("{}: {source}", path.display()), "check the folder and its permissions")
}

fn damaged(path: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        "pins",
        format!("{}: {problem}", path.display()),
        "Somebody changed what was pinned. Find out who, then pin the root again from what you were told out of band.",
    )
}

//! Sealed files of a document: its scans, its reading, its copy. Written once, never changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, path::Path as Location};

use super::StoreError;

/// Objects under `<home>/blobs/<folder>/<name>`.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    objects: Arc<dyn ObjectStore>,
    root: PathBuf,
}

impl Blobs {
    /// The folder, which is there.
    pub(super) fn local(folder: &Path) -> Result<Self, StoreError> {
        // A released copy must survive a power cut: file and folder are synced before `put` returns.
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { objects: Arc::new(objects), root: folder.to_owned() })
    }

    /// Creates an object; one that is there already is kept, because a resumed job writes the same thing again.
    pub(super) async fn create(&self, folder: &str, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.objects.put_opts(&location(folder, name), bytes.into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn read(&self, folder: &str, name: &str) -> Result<Vec<u8>, StoreError> {
        match self.objects.get(&location(folder, name)).await {
            Ok(found) => Ok(Vec::from(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => {
                Err(StoreError::Lost { what: format!("the sealed file {folder}/{name}") })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is such an object.
    pub(super) async fn holds(&self, folder: &str, name: &str) -> Result<bool, StoreError> {
        match self.objects.head(&location(folder, name)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a folder with all that is in it: half-written uploads, which the object store does not list, too.
    pub(super) fn remove_folder(&self, folder: &str) -> Result<(), StoreError> {
        let path = self.root.join(folder);
        std::fs::remove_dir_all(&path).map_err(|source| StoreError::Io { path, source })
    }

    /// Removes what a crash left of half-written files in a folder; nobody may be writing there.
    pub(super) fn sweep(&self, folder: &str) -> Result<(), StoreError> {
        let path = self.root.join(folder);
        let sweep = || -> std::io::Result<()> {
            for entry in std::fs::read_dir(&path)? {
                let entry = entry?;
                // The object store writes `<name>#<n>` first.
                if entry.file_name().to_string_lossy().contains('#') {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        match sweep() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            swept => swept.map_err(|source| StoreError::Io { path, source }),
        }
    }

    /// The folders that hold anything.
    pub(super) async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let list = self.objects.list_with_delimiter(None).await?;
        Ok(list.common_prefixes.iter().filter_map(|p| p.filename().map(str::to_owned)).collect())
    }
}

fn location(folder: &str, name: &str) -> Location {
    Location::from_iter([folder, name])
}
